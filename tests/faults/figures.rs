//! Figures: the same whatever dies while they are made, whoever was away, and in whatever order facts of different handoffs come.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use api::metrics::v1::{GetReportRequest, Query, Report, report_service_client::ReportServiceClient};
use baton_metrics::Metrics;
use sqlx::Connection as _;
use testkit::{Database, People, Program, Setting, eventually};

use crate::{
    order::{Told, recorded, shuffled},
    scale,
    stage::Stage,
    work::hand_over,
};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// A metrics service of its own that hears the services of the stage.
async fn metrics(stage: &Stage, setting: &Setting) -> Program {
    let knobs = [
        ("SERVICE__HANDOFF_URL", stage.handoff.url()),
        ("SERVICE__SLA_URL", stage.monitors[0].url()),
        ("SERVICE__CHECKLIST_URL", NOBODY.to_owned()),
    ];
    Program::start::<Metrics>(setting, &knobs).await
}

async fn setting(stage: &Stage) -> Setting {
    Setting { database: Database::new::<Metrics>().await, ..stage.handoff_setting.clone() }
}

/// How many facts a service has said.
async fn facts(setting: &Setting) -> i64 {
    let mut store = setting.database.connect().await;
    let facts = sqlx::query_scalar("SELECT count(*) FROM event_log").fetch_one(&mut store).await.expect("a count");
    store.close().await.expect("the connection closes");
    facts
}

/// The figures once so many facts of each package have been taken in, as of an instant.
async fn figures(program: &Program, heard: &[(&str, i64)], as_of: Option<prost_types::Timestamp>) -> Report {
    let mut reports = ReportServiceClient::new(program.caller(People::Admin));
    eventually("all is in the figures", async || {
        let query = Some(Query { as_of, ..Default::default() });
        let report = reports.get_report(GetReportRequest { query }).await.ok()?.into_inner().report?;
        let basis = report.basis.clone().unwrap_or_default();
        let has = |package: &str, position: i64| {
            basis.data_through.iter().any(|it| it.package == package && it.position >= position)
        };
        let is_all = heard.iter().all(|(package, position)| has(package, *position)) && basis.put_aside == 0;
        is_all.then_some(Report { basis: None, ..report })
    })
    .await
}

/// How far the stage's services have said something, once nothing more comes; and the instant.
async fn said(stage: &Stage) -> (Vec<(&'static str, i64)>, Option<prost_types::Timestamp>) {
    let mut store = stage.handoff_setting.database.connect().await;
    let now: i64 = sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        .fetch_one(&mut store)
        .await
        .expect("the time");
    store.close().await.expect("the connection closes");
    let said = vec![
        ("baton.handoff.v1", facts(&stage.handoff_setting).await),
        ("baton.sla.v1", facts(&stage.monitor_setting).await),
    ];
    (said, Some(api::timestamp(kernel::Timestamp::from_micros(now))))
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_come_out_the_same_though_replicas_and_rebuilds_are_killed_amid_the_work() {
    let stage = Stage::new(1).await;
    stage.map().await;
    let own = setting(&stage).await;
    let mut replicas = [metrics(&stage, &own).await, metrics(&stage, &own).await];
    let (handoffs, kills, done) = (scale(96, 2_000), scale(4, 60), AtomicUsize::new(0));
    let work = hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), handoffs, &done);
    let killing = async {
        for kill in 1..=kills {
            let part = handoffs * kill / (kills + 1);
            eventually("the work goes on", async || (done.load(Ordering::SeqCst) >= part).then_some(())).await;
            replicas[kill % 2].kill_and_start_again().await;
            // A rebuild that is killed at some moment of its way; what it leaves is nobody's.
            let a_while = Duration::from_millis(u64::try_from(60 * kill % 500).expect("small"));
            let _ = tokio::time::timeout(a_while, replicas[kill % 2].run(&["rebuild"])).await;
        }
    };
    tokio::join!(work, killing);
    let (said, now) = said(&stage).await;
    let told = figures(&replicas[0], &said, now).await;
    assert_eq!(told.volume.as_ref().map(|volume| volume.created), i64::try_from(handoffs).ok());

    let (is_done, printed) = replicas[1].run(&["rebuild"]).await;
    assert!(is_done && printed.contains("; 0 differ from those before"), "{printed}");
    assert_eq!(figures(&replicas[1], &said, now).await, told, "after a rebuild");
    let late = metrics(&stage, &setting(&stage).await).await;
    assert_eq!(figures(&late, &said, now).await, told, "who was away all the time says the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_the_same_in_another_order_between_handoffs_and_with_doubles() {
    let stage = Stage::new(1).await;
    stage.map().await;
    let done = AtomicUsize::new(0);
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), scale(48, 1_000), &done).await;
    let (_, now) = said(&stage).await;
    let knobs = |url: String| {
        let nobody = NOBODY.to_owned();
        [("SERVICE__HANDOFF_URL", url), ("SERVICE__SLA_URL", nobody.clone()), ("SERVICE__CHECKLIST_URL", nobody)]
    };
    let apart = |n: usize, setting: Setting| {
        let prefix = format!("{}{n}", setting.prefix.chars().take(20).collect::<String>());
        Setting { prefix, ..setting }
    };
    let mut recorded = recorded(&stage).await;
    for (position, event) in (1..).zip(&mut recorded) {
        event.position = position;
    }
    let mut told = vec![];
    for (n, facts) in [recorded.clone(), shuffled(&recorded, 1), shuffled(&recorded, 2)].into_iter().enumerate() {
        let heard = [("baton.handoff.v1", i64::try_from(facts.len()).expect("few"))];
        let url = Told(facts).serve().await;
        // Its broker's subjects differ, so that it hears this order alone.
        let program = Program::start::<Metrics>(&apart(n, setting(&stage).await), &knobs(url)).await;
        told.push(figures(&program, &heard, now).await);
    }
    assert!(told[0].volume.as_ref().is_some_and(|volume| volume.created > 0));
    assert_eq!(told[1], told[0]);
    assert_eq!(told[2], told[0]);
}
