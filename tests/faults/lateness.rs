//! How late breaches are found, with many clocks pending beside those that come due: told, not judged.

use sqlx::Row;

use crate::{
    copies, scale,
    stage::{Stage, grown},
};

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_that_come_due_by_the_second_breaches_once() {
    let stage = Stage::new(1).await;
    stage.map().await;
    let done = std::sync::atomic::AtomicUsize::new(0);
    let original = copies::original(&stage, &done).await;
    let (pending, seconds) = (scale(500, 1_000_000), scale(2, 20));
    for part in 0..10 {
        copies::make(&stage, &original, pending / 10, 30 * 86_400 + part, 1.0).await;
    }
    let mut store = stage.monitor_setting.database.connect_as_owner().await;
    sqlx::query("ANALYZE").execute(&mut store).await.expect("the tables are looked at");
    let started = tokio::time::Instant::now();
    for _ in 0..1_000 {
        sqlx::query(
            "SELECT next_at FROM sla.handoff WHERE generation = sla.current() AND next_at IS NOT NULL AND NOT parked
                     ORDER BY next_at, id LIMIT 1",
        )
        .fetch_optional(&mut store)
        .await
        .expect("the next is found");
    }
    println!("{pending} pending: an idle look takes {:.2} ms", started.elapsed().as_secs_f64());
    let rates: &[i32] = scale(&[20], &[100, 1_000]);
    let mut fired = 0;
    for rate in rates {
        let first: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM event_log")
            .fetch_one(&mut store)
            .await
            .expect("an id");
        let many = i64::from(rate * seconds);
        // Some seconds from now, so that all of them are there before the first is due.
        copies::make(&stage, &original, many, scale(2, 5), 1.0 / f64::from(*rate)).await;
        fired += many;
        grown("all of them breach", many, async || {
            let fired =
                sqlx::query_scalar("SELECT count(*) FROM event_log WHERE id > $1 AND type = 'baton.sla.v1.breached'");
            fired.bind(first).fetch_one(&mut store).await.ok()
        })
        .await;
        let row = sqlx::query(
            "SELECT count(*) AS fired, count(DISTINCT e.aggregate) AS handoffs,
                    percentile_disc(ARRAY[0.5, 0.99, 1.0]) WITHIN GROUP
                        (ORDER BY extract(epoch FROM e.recorded_at - c.breached_at) * 1000)::float8[] AS late_ms
             FROM (SELECT * FROM sla.clock WHERE generation = 1 AND due_at BETWEEN now() - interval '5 minutes' AND now()) c
             JOIN event_log e ON e.aggregate = 'clocks/' || c.handoff_id
             WHERE e.type = 'baton.sla.v1.breached' AND e.id > $1",
        );
        let row = row.bind(first).fetch_one(&mut store).await.expect("the log is read");
        assert_eq!(row.get::<i64, _>("fired"), row.get::<i64, _>("handoffs"), "each once");
        let late_ms: Vec<f64> = row.get("late_ms");
        println!(
            "{rate} due a second: late by p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            late_ms[0], late_ms[1], late_ms[2]
        );
    }
    let breached: i64 = sqlx::query_scalar("SELECT count(*) FROM sla.clock WHERE breached_at IS NOT NULL")
        .fetch_one(&mut store)
        .await
        .expect("they are counted");
    assert!(breached >= fired);
}
