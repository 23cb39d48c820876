//! A read replica: reports are read from it, and say how far it had come.

use api::metrics::v1::{GetReportRequest, Query, Report, Window, report_service_client::ReportServiceClient};
use baton_metrics::Metrics;
use handoff::HandoffService;
use sla_monitor::SlaMonitor;
use sqlx::{Connection as _, PgConnection};
use testkit::{Database, Options, People, Postgres, Program, Scratch, Setting, Tether, eventually};
use url::Url;

use crate::story::Story;

async fn report(metrics: &Program) -> Report {
    let window = Window { from: "2026-01-01".into(), until: "2046-01-01".into() };
    let request = GetReportRequest { query: Some(Query { window: Some(window), ..Default::default() }) };
    let mut reports = ReportServiceClient::new(metrics.caller(People::Admin));
    reports.get_report(request).await.expect("a report").into_inner().report.expect("it is in the answer")
}

fn created(report: &Report) -> i64 {
    report.volume.as_ref().expect("a volume").created
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_read_from_the_replica_and_say_how_far_it_had_come() {
    let (tether, scratch) = (Tether::from_env().expect("run: cargo dev test"), Scratch::new().expect("a folder"));
    let options = |name: &str| Options { folder: scratch.path().join(name), durable: false };
    let primary = Postgres::start(&tether, &options("primary")).expect("PostgreSQL starts");
    let on_primary = Database::on::<Metrics>(&primary.superuser_url()).await;
    let replica = Postgres::standby_of(&primary, &options("replica")).expect("a replica starts");

    let story = Story::begin_on(Setting::new::<HandoffService>().await, Database::new::<SlaMonitor>().await, &[]).await;
    story.map().await;
    let setting = Setting { database: on_primary, ..story.handoff_setting.clone() };
    let mut read_url: Url = setting.database.url().parse().expect("a URL");
    let replica_url: Url = replica.superuser_url().parse().expect("a URL");
    read_url.set_port(replica_url.port()).expect("a port");
    let handoff_url = story.handoff().await.url();
    let knobs = [
        ("DATABASE__READ_URL", read_url.to_string()),
        ("SERVICE__HANDOFF_URL", handoff_url),
        ("SERVICE__SLA_URL", story.knobs()[0].1.clone()),
        ("SERVICE__CHECKLIST_URL", "http://127.0.0.1:1".to_owned()),
    ];
    let metrics = Program::start::<Metrics>(&setting, &knobs).await;

    story.submit("one").await;
    eventually("the replica has it", async || (created(&report(&metrics).await) == 1).then_some(())).await;
    let mut follower = PgConnection::connect(replica_url.as_str()).await.expect("the replica answers");
    sqlx::raw_sql("SELECT pg_wal_replay_pause()").execute(&mut follower).await.expect("it is asked to stand still");
    eventually("it stands still", async || {
        let state = sqlx::query_scalar("SELECT pg_get_wal_replay_pause_state()");
        let state: String = state.fetch_one(&mut follower).await.ok()?;
        (state == "paused").then_some(())
    })
    .await;
    let first = report(&metrics).await;
    story.submit("two").await;
    let mut store = setting.database.connect().await;
    let heard = "SELECT count(*) FROM metrics.handoff";
    eventually("the store has it", async || {
        let handoffs: i64 = sqlx::query_scalar(heard).fetch_one(&mut store).await.ok()?;
        (handoffs == 2).then_some(())
    })
    .await;
    let still = report(&metrics).await;
    assert_eq!(created(&still), 1, "it is read from the replica");
    let through = |report: &Report| report.basis.as_ref().expect("a basis").data_through.clone();
    assert_eq!(through(&still), through(&first), "and says that it has come no further");
    sqlx::raw_sql("SELECT pg_wal_replay_resume()").execute(&mut follower).await.expect("it goes on");
    let last = eventually("the replica has caught up", async || {
        Some(report(&metrics).await).filter(|report| created(report) == 2)
    })
    .await;
    assert_ne!(through(&last), through(&first));

    let (_, said) = metrics.run(&["doctor"]).await;
    assert!(said.contains("its read replica") && said.contains("the last change that it has is"), "{said}");
}
