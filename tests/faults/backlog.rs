//! Many clocks overdue at the start: all fire, oldest first, each once, and what falls due now does not wait for them.

use sqlx::{Connection, Row};
use testkit::{People, eventually};

use crate::{
    scale,
    stage::Stage,
    truth::{breaches, expected},
    work::hand_over,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_fires_oldest_first_and_starves_nothing_new() {
    let mut stage = Stage::new(1).await;
    stage.map().await;
    // One of an hour that is never accepted, which is cloned: so many handoffs that wait, all of them overdue.
    let done = std::sync::atomic::AtomicUsize::new(0);
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), 8, &done).await;
    eventually("it is heard", async || {
        let mut store = stage.monitor_setting.database.connect().await;
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sla.handoff h JOIN sla.clock c ON c.handoff_id = h.id
             WHERE c.state = 'RUNNING' AND h.standing -> 'about' ->> 'priority' = 'LOW' AND h.handoff_revision = 2",
        )
        .fetch_one(&mut store)
        .await
        .ok()?;
        store.close().await.ok()?;
        (waiting == 1 && expected(&stage).await.len() == 8).then_some(())
    })
    .await;
    stage.monitors[0].process.kill();
    let backlog = scale(2_000_i64, 200_000);
    clone_overdue(&stage, backlog).await;
    stage.monitors[0].start_again().await;
    let started = tokio::time::Instant::now();
    // Urgent work that falls due while the backlog fires.
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), 24, &done).await;
    let mut store = stage.monitor_setting.database.connect().await;
    let all = eventually("the backlog has fired", async || {
        let breached: i64 = sqlx::query_scalar("SELECT count(*) FROM sla.clock WHERE breached_at IS NOT NULL")
            .fetch_one(&mut store)
            .await
            .ok()?;
        (breached >= backlog).then_some(breached)
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

/// So many copies of the clock of an hour, each overdue by another second, some days ago.
async fn clone_overdue(stage: &Stage, copies: i64) {
    let mut store = stage.monitor_setting.database.connect_as_owner().await;
    sqlx::query(
        "WITH it AS (
             SELECT h.*, c.id AS clock_id FROM sla.handoff h JOIN sla.clock c ON c.handoff_id = h.id
             WHERE c.state = 'RUNNING' AND h.standing -> 'about' ->> 'priority' = 'LOW' LIMIT 1
         ), copy AS (
             SELECT gen_random_uuid() AS id, gen_random_uuid() AS clock_id, now() - interval '5 days' + n * interval '1 second' AS due
             FROM generate_series(1, $1) AS n
         ), handoffs AS (
             INSERT INTO sla.handoff (generation, id, handoff_revision, route_id, from_team, to_team, confidential, parked, next_at,
                                      standing, revision, head_hash, head_at)
             SELECT generation, copy.id, handoff_revision, route_id, from_team, to_team, confidential, parked, copy.due,
                    standing, 0, decode(repeat('00', 32), 'hex'), copy.due
             FROM it, copy
         )
         INSERT INTO sla.clock (generation, id, handoff_id, kind, state, team, other_team, route_id, confidential, started_at,
                                due_at, excused, historic, policy_id, policy_version, body)
         SELECT c.generation, copy.clock_id, copy.id, c.kind, c.state, c.team, c.other_team, c.route_id, c.confidential,
                copy.due - interval '1 hour', copy.due, false, false, c.policy_id, c.policy_version,
                c.body || jsonb_build_object('id', copy.clock_id, 'due_at', copy.due, 'started_at', copy.due - interval '1 hour',
                    'ledger', jsonb_build_array(c.body -> 'ledger' -> 0
                        || jsonb_build_object('from', copy.due - interval '1 hour')))
         FROM it, copy, sla.clock c WHERE c.id = it.clock_id",
    )
    .bind(copies)
    .execute(&mut store)
    .await
    .expect("they are copied");
}
