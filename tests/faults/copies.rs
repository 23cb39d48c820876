//! Many clocks made from one, where handing so much over would take too long.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::Connection;
use testkit::{People, eventually};

use crate::{stage::Stage, work::hand_over};

/// Hands eight over, of which one has an hour and is never accepted: the id of its clock, to be copied.
pub(crate) async fn original(stage: &Stage, done: &AtomicUsize) -> String {
    hand_over(stage.handoffs(People::Crm), stage.handoffs(People::Desk), 8, done).await;
    eventually("it is heard", async || {
        let mut store = stage.monitor_setting.database.connect().await;
        let waiting: Option<String> = sqlx::query_scalar(
            "SELECT c.id::text FROM sla.handoff h JOIN sla.clock c ON c.handoff_id = h.id
             WHERE c.state = 'RUNNING' AND h.standing -> 'about' ->> 'priority' = 'LOW' AND h.handoff_revision = 2",
        )
        .fetch_optional(&mut store)
        .await
        .ok()?;
        store.close().await.ok()?;
        waiting.filter(|_| done.load(Ordering::SeqCst) == 8)
    })
    .await
}

/// So many copies of it: the first due so many seconds from now, each next one so many seconds later.
pub(crate) async fn make(stage: &Stage, original: &str, copies: i64, first_seconds: i64, step_seconds: f64) {
    let mut store = stage.monitor_setting.database.connect_as_owner().await;
    sqlx::query(
        "WITH it AS (
             SELECT h.*, c.id AS clock_id FROM sla.handoff h JOIN sla.clock c ON c.handoff_id = h.id
             WHERE c.generation = 1 AND h.generation = 1 AND c.id = $4::uuid
         ), copy AS (
             SELECT gen_random_uuid() AS id, gen_random_uuid() AS clock_id,
                    now() + ($2 + n * $3) * interval '1 second' AS due
             FROM generate_series(1, $1) AS n
         ), handoffs AS (
             INSERT INTO sla.handoff (generation, id, handoff_revision, route_id, from_team, to_team, confidential, parked,
                                      next_at, standing, revision, head_hash, head_at)
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
         FROM it, copy, sla.clock c WHERE c.generation = 1 AND c.id = it.clock_id",
    )
    .bind(copies)
    .bind(first_seconds)
    .bind(step_seconds)
    .bind(original)
    .execute(&mut store)
    .await
    .expect("they are copied");
}
