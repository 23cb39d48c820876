//! Many messages at once, beside a receiver that never answers; only lost or doubled ones fail. It runs over few; by hand over as many
//! as are named: `BATON_SCALE=1000 cargo dev test -p baton-notifier --release --test service -- --nocapture load`

use std::collections::BTreeSet;

use api::notify::v1::recipient::Recipient as Who;
use baton_notifier::Notifier;
use kernel::Timestamp;
use sqlx::{Connection as _, PgConnection};
use testkit::{Program, eventually};
use tokio::time::Instant;

use crate::{
    person::{events, webhook},
    receiver::{Answer, Receiver},
    world::World,
};

/// So many subscriptions of healthy receivers hear each fact.
const RECEIVERS: usize = 20;

async fn number(store: &mut PgConnection, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(store).await.expect("a number")
}

/// Resident memory of a process, in MiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1_024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_goes_out_once_each_and_a_dead_receiver_keeps_nobody_waiting() {
    let facts: usize = std::env::var("BATON_SCALE").ok().and_then(|it| it.parse().ok()).unwrap_or(5);
    let world = World::new().await;
    let healthy: Vec<Receiver> = futures::future::join_all((0..RECEIVERS).map(|_| Receiver::start())).await;
    let dead = Receiver::answering(Answer::Silence).await;
    let subscribe = async |receiver: &Receiver| {
        let who = Who::Service("desk".into());
        world.desk.subscribe_to(who, events(&["handoff_created"]), webhook(&receiver.url())).await
    };
    for receiver in &healthy {
        subscribe(receiver).await;
    }
    let silent = subscribe(&dead).await;

    let World { handoff, monitor, metrics, notifier, sam, folder: _folder, .. } = world;
    let setting = notifier.setting.clone();
    notifier.stop().await;
    let mut store = setting.database.connect_as_owner().await;
    // The program goes by the store's clock; facts are to be of now.
    let now: Timestamp = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut store).await.unwrap();
    setting.clock.advance_seconds((now.as_micros() - setting.clock.now().as_micros()) / 1_000_000);
    for number in 0..facts {
        sam.draft(&format!("work {number}")).await;
    }
    let knobs = [
        ("SERVICE__HANDOFF_URL", handoff.url()),
        ("SERVICE__SLA_URL", monitor.url()),
        ("SERVICE__METRICS_URL", metrics.url()),
        ("SERVICE__ALLOWED_NETWORKS", "[\"127.0.0.0/8\"]".to_owned()),
    ];
    let began = Instant::now();
    let program = Program::start::<Notifier>(&setting, &knobs).await;
    let many = i64::try_from(facts * RECEIVERS).expect("a number");
    let mut sent = 0;
    while sent < many {
        sent = eventually("it goes on sending", async || {
            let now = number(&mut store, "SELECT count(*) FROM notifier.delivery WHERE state = 'DELIVERED'").await;
            (now > sent).then_some(now)
        })
        .await;
    }
    let took = began.elapsed();
    for receiver in &healthy {
        let got = receiver.got();
        let ids: BTreeSet<String> = got.iter().map(|got| got.id().to_owned()).collect();
        assert_eq!((got.len(), ids.len()), (facts, facts));
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = many as f64 / took.as_secs_f64();
    println!("{many} messages in {took:.1?}, {rate:.0}/s; resident {} MiB", memory(program.process.id()));

    // One more fact, while the dead receiver has all of its own before it.
    sam.draft("one more").await;
    let all = many + i64::try_from(RECEIVERS).expect("a number");
    eventually("the last ones arrive", async || {
        let sent = number(&mut store, "SELECT count(*) FROM notifier.delivery WHERE state = 'DELIVERED'").await;
        (sent == all).then_some(())
    })
    .await;
    let latest = "SELECT coalesce(max(extract(epoch FROM ended_at - d.created_at) * 1000), 0)::bigint
                  FROM notifier.delivery d JOIN notifier.notification n ON n.delivery_id = d.id JOIN notifier.fact f ON f.id = n.fact_id
                  WHERE state = 'DELIVERED' AND headline LIKE 'one more%'";
    let worst = number(&mut store, latest).await;
    println!("  the worst delay of a healthy receiver beside a dead one: {worst} ms");
    assert!(!dead.got().is_empty());
    let pending = "SELECT count(*) FROM notifier.delivery WHERE state = 'PENDING'";
    assert_eq!(number(&mut store, pending).await, i64::try_from(facts + 1).expect("a number"), "{}", silent.id);
    store.close().await.expect("the connection closes");
}
