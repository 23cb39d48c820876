//! Three replicas whose clocks are ten minutes apart: the handoff service's store decides what time it is.

use std::{path::Path, sync::atomic::AtomicUsize};

use handoff::HandoffService;
use sla_monitor::SlaMonitor;
use testkit::{Database, People, Setting};

use crate::{scale, stage::Stage, truth::assert_each_breached_once, work::hand_over};

/// Where Debian's package `faketime` has it.
const FAKE_TIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_of_replicas_do_not_matter() {
    if !Path::new(FAKE_TIME).exists() {
        println!("skipped: there is no {FAKE_TIME}; apt-get install faketime");
        return;
    }
    let offset = |offset: &str| {
        vec![
            ("LD_PRELOAD", FAKE_TIME.to_owned()),
            ("FAKETIME", offset.to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
        ]
    };
    let setting = Setting::new::<HandoffService>().await;
    let database = Database::new::<SlaMonitor>().await;
    // Policies are made at the first, whose clock is right, so that tokens are good there.
    let environments = [vec![], offset("+10m"), offset("-10m")];
    let stage = Stage::with(setting, database, 3, &environments).await;
    stage.map().await;
    let done = AtomicUsize::new(0);
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), scale(80, 2_000), &done).await;
    assert_each_breached_once(&stage).await;
}
