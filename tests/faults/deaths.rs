//! Replicas that are killed or stand still at any moment, and the handoff service killed beside them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use nix::sys::signal::Signal;
use testkit::{People, eventually};

use crate::{
    scale,
    stage::{Stage, pass},
    truth::assert_each_breached_once,
    work::hand_over,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_deadline_breaches_once_though_replicas_are_killed_at_any_moment() {
    let mut stage = Stage::new(2).await;
    stage.map().await;
    let (handoffs, kills, done) = (scale(160, 4_000), scale(5, 120), AtomicUsize::new(0));
    let work = hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), handoffs, &done);
    let mut monitors = std::mem::take(&mut stage.monitors);
    let killing = async {
        for kill in 1..=kills {
            let part = handoffs * kill / (kills + 1);
            eventually("the work goes on", async || (done.load(Ordering::SeqCst) >= part).then_some(())).await;
            monitors[kill % 2].kill_and_start_again().await;
        }
    };
    tokio::join!(work, killing);
    stage.monitors = monitors;
    assert_each_breached_once(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stood_still_and_wakes_up_late_does_no_harm() {
    let mut stage = Stage::new(2).await;
    stage.map().await;
    let (handoffs, still, done) = (scale(80, 1_200), Duration::from_secs(scale(3, 60)), AtomicUsize::new(0));
    let work = hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), handoffs, &done);
    let mut monitors = std::mem::take(&mut stage.monitors);
    let stopping = async {
        for (n, monitor) in monitors.iter_mut().enumerate() {
            eventually("the work goes on", async || (done.load(Ordering::SeqCst) > 8 * (n + 1)).then_some(())).await;
            monitor.process.signal(Signal::SIGSTOP);
            pass(still).await;
            monitor.process.signal(Signal::SIGCONT);
        }
    };
    tokio::join!(work, stopping);
    stage.monitors = monitors;
    assert_each_breached_once(&stage).await;
}
