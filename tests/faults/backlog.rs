//! Many clocks overdue at the start: all fire, oldest first, each once, and what falls due now does not wait for them.

use sqlx::Row;
use testkit::People;

use crate::{
    copies, scale,
    stage::{Stage, grown},
    truth::breaches,
    work::hand_over,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_fires_oldest_first_and_starves_nothing_new() {
    let mut stage = Stage::new(1).await;
    stage.map().await;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let original = copies::original(&stage, &done).await;
    stage.monitors[0].process.kill();
    let backlog = scale(2_000_i64, 200_000);
    let five_days = 5 * 86_400;
    copies::make(&stage, &original, backlog, -five_days, 1.0).await;
    stage.monitors[0].start_again().await;
    let started = tokio::time::Instant::now();
    // Urgent work that falls due while the backlog fires.
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), 24, &done).await;
    let mut store = stage.monitor_setting.database.connect().await;
    let all = grown("the backlog fires", backlog, async || {
        let breached = sqlx::query_scalar("SELECT count(*) FROM event_log WHERE type = 'baton.sla.v1.breached'");
        breached.fetch_one(&mut store).await.ok()
    });
    let all = all.await;
    println!("{all} breaches, {backlog} of them overdue at the start: {:.1} s", started.elapsed().as_secs_f64());
    let rows = sqlx::query(
        "SELECT count(*) AS facts, count(DISTINCT aggregate) AS handoffs,
                count(*) FILTER (WHERE occurred_at < e.recorded_at) AS dated
         FROM event_log e WHERE type = 'baton.sla.v1.breached'",
    );
    let row = rows.fetch_one(&mut store).await.expect("the log is read");
    assert_eq!(row.get::<i64, _>("facts"), row.get::<i64, _>("handoffs"), "each once");
    // Of the backlog an older one never fired after one that is more than a batch younger.
    let disordered: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (
             SELECT row_number() OVER (ORDER BY e.id) AS fired, row_number() OVER (ORDER BY c.breached_at) AS due
             FROM event_log e JOIN sla.clock c ON c.handoff_id::text = split_part(e.aggregate, '/', 2)
             WHERE e.type = 'baton.sla.v1.breached' AND c.breached_at < now() - interval '1 hour'
         ) places WHERE abs(fired - due) > 500",
    )
    .fetch_one(&mut store)
    .await
    .expect("the log is read");
    assert_eq!(disordered, 0);
    if scale(true, false) {
        assert!(breaches(&stage).await > 0);
    }
}
