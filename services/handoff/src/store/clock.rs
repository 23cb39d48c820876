//! Clocks and the facts about them, as the SLA monitor tells of them.

use chassis::Tx;
use kernel::{Result, Timestamp};
use sqlx::PgPool;

use crate::domain::{
    HandoffId,
    clock::{ClockId, SlaFact, Told},
    side,
};

/// An answer ends before so many bytes of clocks: a handoff that is as large as it may be still fits beside them.
const CLOCKS_MAX_BYTES: i64 = 1024 * 1024;

fn column<T>(told: &[&Told], of: impl Fn(&Told) -> T) -> Vec<T> {
    told.iter().map(|told| of(told)).collect()
}

/// The clocks as they now are, each once; what is stored of a later fact stays. Those of no handoff here are left out.
pub(crate) async fn save(tx: &mut Tx, told: &[&Told]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO handoff.sla_clock (id, handoff_id, sla_seq, side, started_at, due_at, is_open, is_breached, clock)
         SELECT told.id, told.handoff_id, told.sla_seq, told.side, told.started_at, told.due_at, told.is_open,
                told.is_breached, told.clock
         FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                     $7::boolean[], $8::boolean[], $9::bytea[])
              AS told (id, handoff_id, sla_seq, side, started_at, due_at, is_open, is_breached, clock)
              JOIN handoff.handoff h ON h.id = told.handoff_id
         ON CONFLICT (id) DO UPDATE SET
             sla_seq = excluded.sla_seq, side = excluded.side, started_at = excluded.started_at,
             due_at = excluded.due_at, is_open = excluded.is_open, is_breached = excluded.is_breached,
             clock = excluded.clock
         WHERE handoff.sla_clock.sla_seq < excluded.sla_seq",
        &column(told, |it| it.clock.id) as &[ClockId],
        &column(told, |it| it.handoff) as &[HandoffId],
        &column(told, |it| it.fact.sla_seq),
        &column(told, |it| side::name(it.clock.side).to_owned()),
        &column(told, |it| it.clock.started_at) as &[Timestamp],
        &column(told, |it| it.clock.due_at) as &[Option<Timestamp>],
        &column(told, |it| it.clock.is_open),
        &column(told, |it| it.clock.is_breached),
        &column(told, |it| it.clock.whole.clone()),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Facts for the timeline; one that is there already stays as it is. Those of no handoff here are left out.
pub(crate) async fn record(tx: &mut Tx, told: &[&Told]) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO handoff.sla_fact (handoff_id, after_revision, sla_seq, type, actor, occurred_at, recorded_at, historic,
                                       payload)
         SELECT told.handoff_id, told.after_revision, told.sla_seq, told.type, told.actor, told.occurred_at,
                told.recorded_at, told.historic, told.payload
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[], $8::boolean[], $9::bytea[])
              AS told (handoff_id, after_revision, sla_seq, type, actor, occurred_at, recorded_at, historic, payload)
              JOIN handoff.handoff h ON h.id = told.handoff_id
         ON CONFLICT DO NOTHING",
        &column(told, |it| it.handoff) as &[HandoffId],
        &column(told, |it| it.fact.after_revision),
        &column(told, |it| it.fact.sla_seq),
        &column(told, |it| it.fact.name.clone()),
        &column(told, |it| it.fact.actor.clone()),
        &column(told, |it| it.fact.occurred_at) as &[Timestamp],
        &column(told, |it| it.fact.recorded_at) as &[Timestamp],
        &column(told, |it| it.fact.historic),
        &column(told, |it| it.fact.whole.clone()),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Brings due times and breaches of these handoffs' rows to what their open clocks say, where they differ. The rows are locked in
/// the order of their ids, as commands lock them, so that none waits for another in a circle.
pub(crate) async fn show_due(tx: &mut Tx, handoffs: &[HandoffId]) -> Result<()> {
    sqlx::query!(
        "WITH due AS (
             SELECT handoff_id,
                    min(due_at) FILTER (WHERE side = 'UPSTREAM') AS upstream_due_at,
                    min(due_at) FILTER (WHERE side = 'DOWNSTREAM') AS downstream_due_at,
                    count(*) FILTER (WHERE side = 'UPSTREAM' AND is_breached)::integer AS upstream_breaches,
                    count(*) FILTER (WHERE side = 'DOWNSTREAM' AND is_breached)::integer AS downstream_breaches
             FROM (
                 -- Also of handoffs whose clocks have all stopped.
                 SELECT handoff_id, side, CASE WHEN is_open THEN due_at END AS due_at, is_open AND is_breached AS is_breached
                 FROM handoff.sla_clock
                 WHERE handoff_id = ANY ($1)
             ) clock
             GROUP BY handoff_id
         ), locked AS (
             SELECT h.id
             FROM handoff.handoff h JOIN due ON due.handoff_id = h.id
             WHERE (h.upstream_due_at, h.downstream_due_at, h.upstream_breaches, h.downstream_breaches) IS DISTINCT FROM
                   (due.upstream_due_at, due.downstream_due_at, due.upstream_breaches, due.downstream_breaches)
             ORDER BY h.id
             FOR NO KEY UPDATE OF h
         )
         UPDATE handoff.handoff h
         SET upstream_due_at = due.upstream_due_at, downstream_due_at = due.downstream_due_at,
             upstream_breaches = due.upstream_breaches, downstream_breaches = due.downstream_breaches
         FROM due JOIN locked ON locked.id = due.handoff_id
         WHERE h.id = locked.id",
        handoffs as &[HandoffId],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The clocks of a handoff, each whole, in the order in which they started: the latest, at most so many.
pub(crate) async fn of_handoff(pool: &PgPool, handoff: HandoffId, limit: i64) -> Result<Vec<Vec<u8>>> {
    let clocks = sqlx::query_scalar!(
        "SELECT clock
         FROM (
             SELECT started_at, id, clock,
                    sum(octet_length(clock)) OVER (ORDER BY started_at DESC, id DESC) AS bytes
             FROM (
                 SELECT started_at, id, clock FROM handoff.sla_clock
                 WHERE handoff_id = $1
                 ORDER BY started_at DESC, id DESC
                 LIMIT $2
             ) latest
         ) counted
         WHERE bytes <= $3
         ORDER BY started_at, id",
        handoff as HandoffId,
        limit,
        CLOCKS_MAX_BYTES,
    );
    Ok(clocks.fetch_all(pool).await?)
}

/// What the timeline of a handoff shows of its clocks after a place in it: a sequence of the handoff's own, and a place in the
/// history of its clocks. At most `limit`, and one fact more than so many bytes take.
pub(crate) async fn facts(
    pool: &PgPool,
    handoff: HandoffId,
    after: (i64, i64),
    limit: i64,
    max_bytes: i64,
) -> Result<Vec<SlaFact>> {
    let facts = sqlx::query_as!(
        SlaFact,
        r#"
        SELECT after_revision, sla_seq, type AS name, actor, occurred_at AS "occurred_at: Timestamp",
               recorded_at AS "recorded_at: Timestamp", historic, payload AS whole
        FROM (
            SELECT page.*, coalesce(sum(octet_length(payload)) OVER (ORDER BY after_revision, sla_seq
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING), 0) AS bytes_before_last
            FROM (
                SELECT after_revision, sla_seq, type, actor, occurred_at, recorded_at, historic, payload
                FROM handoff.sla_fact
                WHERE handoff_id = $1 AND (after_revision, sla_seq) > ($2, $3)
                ORDER BY after_revision, sla_seq
                LIMIT $4
            ) page
        ) counted
        WHERE bytes_before_last < $5
        ORDER BY after_revision, sla_seq
        "#,
        handoff as HandoffId,
        after.0,
        after.1,
        limit,
        max_bytes,
    );
    Ok(facts.fetch_all(pool).await?)
}
