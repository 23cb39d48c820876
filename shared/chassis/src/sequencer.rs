//! Gives every committed fact its position: a gap-free order, decided in Postgres.
//!
//! Ids of the event log are given before the commit, so `id > cursor` would lose facts. Instead each pass takes the facts that
//! its snapshot sees and the snapshot of the pass before did not. A row lock decides between replicas.

use kernel::{Error, Result, Timestamp};
use sqlx::{AssertSqlSafe, PgPool};

use crate::{
    Context,
    clock::Clock,
    context::{SILENT_AFTER, bounded},
};

/// Whether facts wait for a position, and whether the last snapshot is of this cluster. Reads only, so that an idle service writes
/// nothing.
const WAITING: &str = "
    SELECT EXISTS (
        SELECT FROM event_log
        WHERE xid >= (SELECT pg_snapshot_xmin(snapshot) FROM sequencer)
          AND NOT pg_visible_in_snapshot(xid, (SELECT snapshot FROM sequencer))),
        (SELECT pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot()) FROM sequencer)";

/// One pass, one round trip. The lock is taken by a statement of its own, so that the snapshot of the next one is younger than
/// whatever the lock waited for. No parameters, so that all of it may travel at once.
const PASS: &str = "
    BEGIN;
    SET LOCAL lock_timeout = '5s';
    SELECT FROM sequencer FOR UPDATE;
    WITH before AS MATERIALIZED (
        SELECT snapshot, position FROM sequencer
    ), fresh AS (
        SELECT id FROM event_log, before
        WHERE xid >= (SELECT pg_snapshot_xmin(snapshot) FROM sequencer)
          AND NOT pg_visible_in_snapshot(xid, before.snapshot)
          AND pg_visible_in_snapshot(xid, pg_current_snapshot())
    ), placed AS (
        INSERT INTO event_order (position, event_id)
        SELECT before.position + row_number() OVER (ORDER BY id), id FROM fresh, before
        RETURNING position
    )
    UPDATE sequencer
    SET snapshot = pg_current_snapshot(),
        position = before.position + (SELECT count(*) FROM placed)
    FROM before;
    COMMIT";

/// Gives positions to all facts committed so far; returns whether there were any.
pub(crate) async fn sequence(pool: &PgPool) -> Result<bool> {
    let (is_waiting, is_foreign): (bool, bool) =
        bounded(SILENT_AFTER, async { Ok(sqlx::query_as(WAITING).fetch_one(pool).await?) }).await?;
    if is_foreign {
        // Positions of another cluster: whatever is committed here would look as if it had its place already.
        return Err(Error::fault(
            "STORE_RESTORED: the sequencer's snapshot is from a cluster that was further than this one: the store was restored; \
             run `events rebase`",
        ));
    }
    if is_waiting {
        let mut connection = pool.acquire().await?;
        let pass = async { Ok(sqlx::raw_sql(AssertSqlSafe(PASS)).execute(&mut *connection).await?) };
        if let Err(error) = bounded(SILENT_AFTER, pass).await {
            // The transaction may be open still: the connection must not be used again.
            connection.close_on_drop();
            return Err(error);
        }
    }
    Ok(is_waiting)
}

/// How far the order is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watermark {
    /// The last position given.
    pub(crate) position: i64,
    /// Which generation of the order that is.
    pub(crate) generation: i64,
    /// Every live fact that occurred before this instant is at or below `position`.
    pub(crate) complete_until: Timestamp,
}

/// Sequences, and says how far the order is complete.
///
/// A transaction dates its facts by a clock read in its first statement, when it shows in `pg_stat_activity` already. So one
/// that the look below does not find either has committed, and the pass after it sees its facts, or will read its clock later
/// than the look began.
pub(crate) async fn watermark(context: &Context) -> Result<Watermark> {
    let look = sqlx::query!(
        r#"
        SELECT statement_timestamp() AS "now!: Timestamp", min(xact_start) AS "oldest: Timestamp"
        FROM pg_stat_activity
        WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
        "#
    )
    .fetch_one(context.pool())
    .await?;
    let complete_until = match (context.clock(), look.oldest) {
        (Clock::Database, oldest) => oldest.unwrap_or(look.now).min(look.now),
        (Clock::Test(clock), None) => clock.now(),
        // A test's clock says nothing about transactions that are open.
        (Clock::Test(_), Some(_)) => Timestamp::EPOCH,
    };
    sequence(context.pool()).await?;
    let Standing { position, generation } = standing(context.pool()).await?;
    Ok(Watermark { position, generation, complete_until })
}

/// Where the order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The last position given.
    pub(crate) position: i64,
    /// Raised whenever positions begin to mean other facts than before.
    pub(crate) generation: i64,
}

/// Where the order stands.
pub(crate) async fn standing(pool: &PgPool) -> Result<Standing> {
    Ok(sqlx::query_as!(Standing, "SELECT position, generation FROM sequencer").fetch_one(pool).await?)
}
