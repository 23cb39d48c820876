//! PostgreSQL, NATS and the handoff service away while due times pass.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use handoff::HandoffService;
use sla_monitor::SlaMonitor;
use testkit::{Access, Database, Nats, Options, People, Postgres, Scratch, Setting, Tether, eventually};

use crate::{
    scale,
    stage::{Stage, pass},
    truth::assert_each_breached_once,
    work::hand_over,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_deadline_breaches_once_though_everything_beside_it_goes_away_for_a_while() {
    let (tether, scratch) = (Tether::from_env().expect("cargo dev test"), Scratch::new().expect("a folder"));
    let options = |name: &str| Options { folder: scratch.path().join(name), durable: false };
    let mut nats = Nats::start(&tether, &options("nats"), Access::Open).expect("NATS starts");
    let mut postgres = Postgres::start(&tether, &options("postgres")).expect("PostgreSQL starts");
    let superuser = postgres.superuser_url();
    let handoffs_database = Database::on::<HandoffService>(&superuser).await;
    let setting = Setting::with::<HandoffService>(handoffs_database, nats.url());
    let mut stage = Stage::with(setting, Database::on::<SlaMonitor>(&superuser).await, 2, &[]).await;
    stage.map().await;

    let (handoffs, rounds, done) = (scale(160, 2_400), scale(1, 8), AtomicUsize::new(0));
    let away = Duration::from_secs(scale(2, 10));
    let work = hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), handoffs, &done);
    let handoff = &mut stage.handoff;
    let trouble = async {
        for round in 0..rounds {
            let part = |part: usize| handoffs * (3 * round + part) / (3 * rounds + 1);
            let reached = |part: usize| {
                let done = &done;
                async move {
                    eventually("the work goes on", async || (done.load(Ordering::SeqCst) >= part).then_some(())).await;
                }
            };
            reached(part(0)).await;
            nats.stop();
            pass(away).await;
            nats.start_again().expect("NATS starts again");
            reached(part(1)).await;
            handoff.process.kill();
            pass(away).await;
            handoff.start_again().await;
            reached(part(2)).await;
            postgres.kill();
            pass(away / 2).await;
            postgres.start_again().expect("PostgreSQL starts again");
        }
    };
    tokio::join!(work, trouble);
    assert_each_breached_once(&stage).await;
}
