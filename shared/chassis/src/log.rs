//! Reading the event log: by position for the stream and for repair, by aggregate for timelines.

use std::time::Duration;

use kernel::{Result, Timestamp};
use sqlx::{PgExecutor, PgPool};

use crate::Context;

/// An answer ends before so much payload, well below what a client takes as one message.
pub const PAGE_BYTES: i64 = 3 * 1024 * 1024;

/// A fact with its place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place among all facts of the service.
    pub position: i64,
    /// Its own number in the log.
    pub event_id: i64,
    /// What it is about.
    pub aggregate: String,
    /// Its place in the aggregate's history.
    pub aggregate_seq: i64,
    /// The full name.
    pub r#type: String,
    /// The two teams of its subject.
    pub routing: String,
    /// The event message, encoded.
    pub payload: Vec<u8>,
    /// Its chained hash.
    pub hash: Vec<u8>,
    /// Who caused it.
    pub actor: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
    /// The trace context of the request that caused it; may be empty.
    pub traceparent: String,
}

/// The facts after a position, in order: at most `limit`, and no further fact once `max_bytes` of payload are passed.
pub(crate) async fn after(pool: &PgPool, position: i64, limit: i64, max_bytes: i64) -> Result<Vec<Logged>> {
    Ok(sqlx::query_as!(
        Logged,
        r#"
        SELECT position, event_id, aggregate, aggregate_seq, type AS "type", routing, payload, hash, actor,
               occurred_at AS "occurred_at: Timestamp", recorded_at AS "recorded_at: Timestamp", historic, traceparent
        FROM (
            SELECT page.*, sum(octet_length(payload)) OVER (ORDER BY position) - octet_length(payload) AS bytes_before
            FROM (
                SELECT o.position, o.event_id, e.aggregate, e.aggregate_seq, e.type, e.routing, e.payload, e.hash, e.actor,
                       e.occurred_at, e.recorded_at, e.historic, e.traceparent
                FROM event_order o JOIN event_log e ON e.id = o.event_id
                WHERE o.position > $1
                ORDER BY o.position
                LIMIT $2
            ) page
        ) counted
        WHERE bytes_before < $3
        ORDER BY position
        "#,
        position,
        limit,
        max_bytes,
    )
    .fetch_all(pool)
    .await?)
}

/// The first position whose fact was written down after an instant; one past the last where there is none.
pub(crate) async fn first_since(pool: &PgPool, instant: Timestamp) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"
        SELECT coalesce(min(o.position), (SELECT position + 1 FROM sequencer)) AS "position!"
        FROM event_order o JOIN event_log e ON e.id = o.event_id
        WHERE e.recorded_at >= $1
        "#,
        instant as Timestamp,
    )
    .fetch_one(pool)
    .await?)
}

/// How long the oldest fact after a position has waited, in seconds; 0 where there is none.
pub(crate) async fn age_seconds_after(context: &Context, position: i64) -> Result<f64> {
    let recorded_at = sqlx::query_scalar!(
        r#"
        SELECT e.recorded_at AS "recorded_at: Timestamp"
        FROM event_order o JOIN event_log e ON e.id = o.event_id
        WHERE o.position > $1 ORDER BY o.position LIMIT 1
        "#,
        position
    )
    .fetch_optional(context.pool())
    .await?;
    let Some(recorded_at) = recorded_at else { return Ok(0.0) };
    let age_micros = context.now().await?.as_micros() - recorded_at.as_micros();
    Ok(Duration::from_micros(u64::try_from(age_micros).unwrap_or(0)).as_secs_f64())
}

/// A fact in the history of its aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its place in the history.
    pub aggregate_seq: i64,
    /// The full name.
    pub r#type: String,
    /// The event message, encoded.
    pub payload: Vec<u8>,
    /// Who caused it.
    pub actor: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
}

/// A page of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Its facts, first to last.
    pub facts: Vec<Told>,
    /// Whether further facts follow.
    pub has_more: bool,
}

/// The history of an aggregate after a sequence, each fact whole, also where the log withholds words of it: at most `limit`
/// facts, and no further fact once a message's worth of payload is passed.
pub async fn history(store: impl PgExecutor<'_>, aggregate: &str, after: i64, limit: u32) -> Result<History> {
    let rows = sqlx::query!(
        r#"
        SELECT aggregate_seq, type AS "type", payload AS "payload!", actor, occurred_at AS "occurred_at: Timestamp",
               recorded_at AS "recorded_at: Timestamp", historic, found AS "found!"
        FROM (
            SELECT page.*, count(*) OVER () AS found,
                   sum(octet_length(payload)) OVER (ORDER BY aggregate_seq) - octet_length(payload) AS bytes_before
            FROM (
                SELECT aggregate_seq, e.type, coalesce(w.payload, e.payload) AS payload, e.actor, e.occurred_at,
                       e.recorded_at, e.historic
                FROM event_log e LEFT JOIN event_withheld w USING (aggregate, aggregate_seq)
                WHERE aggregate = $1 AND aggregate_seq > $2
                ORDER BY aggregate_seq
                LIMIT $3
            ) page
        ) counted
        WHERE bytes_before < $4
        ORDER BY aggregate_seq
        LIMIT $3 - 1
        "#,
        aggregate,
        after,
        i64::from(limit) + 1,
        PAGE_BYTES,
    )
    .fetch_all(store)
    .await?;
    let has_more = rows.first().is_some_and(|row| usize::try_from(row.found).is_ok_and(|found| found > rows.len()));
    let facts = rows.into_iter().map(|row| Told {
        aggregate_seq: row.aggregate_seq,
        r#type: row.r#type,
        payload: row.payload,
        actor: row.actor,
        occurred_at: row.occurred_at,
        recorded_at: row.recorded_at,
        historic: row.historic,
    });
    Ok(History { facts: facts.collect(), has_more })
}

/// What a fact was, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What it is about.
    pub aggregate: String,
    /// The full name.
    pub r#type: String,
    /// Who caused it.
    pub actor: String,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// The histories of several aggregates, each first to last, without payloads.
pub async fn outlines(store: impl PgExecutor<'_>, aggregates: &[String]) -> Result<Vec<Outline>> {
    Ok(sqlx::query_as!(
        Outline,
        r#"
        SELECT aggregate, type AS "type", actor, occurred_at AS "occurred_at: Timestamp"
        FROM event_log
        WHERE aggregate = ANY ($1)
        ORDER BY aggregate, aggregate_seq
        "#,
        aggregates,
    )
    .fetch_all(store)
    .await?)
}

/// A fact in the history of an aggregate, with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// What it is about.
    pub aggregate: String,
    /// Its place in the history.
    pub aggregate_seq: i64,
    /// The event message, encoded: the whole of it, also where the log withholds words.
    pub payload: Vec<u8>,
    /// Its chained hash.
    pub hash: Vec<u8>,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// The whole histories of several aggregates, each first to last.
pub async fn whole(store: impl PgExecutor<'_>, aggregates: &[String]) -> Result<Vec<Whole>> {
    Ok(sqlx::query_as!(
        Whole,
        r#"
        SELECT aggregate, aggregate_seq, coalesce(w.payload, e.payload) AS "payload!", e.hash,
               e.occurred_at AS "occurred_at: Timestamp"
        FROM event_log e LEFT JOIN event_withheld w USING (aggregate, aggregate_seq)
        WHERE aggregate = ANY ($1)
        ORDER BY aggregate, aggregate_seq
        "#,
        aggregates,
    )
    .fetch_all(store)
    .await?)
}
