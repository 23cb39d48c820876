//! What a feed reads: where the order ends, and the facts after a position.

use kernel::{Result, Timestamp};
use sqlx::PgPool;

use crate::Context;

/// Where the order ended at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// The last position given.
    pub(super) position: i64,
    /// Which order it is a position of.
    pub(super) generation: i64,
    /// The instant.
    pub(super) at: Timestamp,
}

pub(super) async fn end(context: &Context) -> Result<End> {
    let row = sqlx::query!(r#"SELECT position, generation, clock_timestamp() AS "at!: Timestamp" FROM sequencer"#)
        .fetch_one(context.pool())
        .await?;
    Ok(End { position: row.position, generation: row.generation, at: context.now_or(row.at) })
}

pub(super) async fn key(pool: &PgPool) -> Result<Vec<u8>> {
    Ok(sqlx::query_scalar!("SELECT key FROM token_key").fetch_one(pool).await?)
}

/// A fact with its place in the order, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) position: i64,
    pub(super) aggregate: String,
    pub(super) aggregate_seq: i64,
    pub(super) r#type: String,
    pub(super) actor: String,
    pub(super) occurred_at: Timestamp,
    /// Whether only the parties may see the aggregate from this fact on, and everybody might before.
    pub(super) hides: bool,
}

/// The facts after a position, in order, at most `limit`.
pub(super) async fn after(pool: &PgPool, position: i64, limit: i64) -> Result<Vec<Placed>> {
    Ok(sqlx::query_as!(
        Placed,
        r#"
        SELECT o.position, e.aggregate, e.aggregate_seq, e.type AS "type", e.actor, e.occurred_at AS "occurred_at: Timestamp",
               e.confidential AND EXISTS (
                   SELECT FROM event_log b
                   WHERE b.aggregate = e.aggregate AND b.aggregate_seq = e.aggregate_seq - 1 AND NOT b.confidential
               ) AS "hides!"
        FROM event_order o JOIN event_log e ON e.id = o.event_id
        WHERE o.position > $1
        ORDER BY o.position
        LIMIT $2
        "#,
        position,
        limit,
    )
    .fetch_all(pool)
    .await?)
}
