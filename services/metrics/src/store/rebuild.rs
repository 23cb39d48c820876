//! A second generation of rows beside the one in use: its limits, the comparison, the swap.

use std::collections::BTreeMap;

use chassis::Tx;
use kernel::Result;
use sqlx::{PgConnection, PgPool};

use super::Generation;
use crate::domain::HandoffId;

/// Holds the right to rebuild until the connection is closed; false where another one has it.
pub(crate) async fn lock(store: &mut PgConnection) -> Result<bool> {
    let lock = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtextextended('baton metrics rebuild', 0)) AS "locked!""#
    );
    Ok(lock.fetch_one(store).await?)
}

/// The generation in use.
pub(crate) async fn current(pool: &PgPool) -> Result<Generation> {
    Ok(Generation(sqlx::query_scalar!("SELECT current FROM metrics.generation").fetch_one(pool).await?))
}

/// How far a generation has come with the facts of handoffs, and of their clocks.
pub(crate) async fn heard_until(
    tx: &mut Tx,
    generation: Generation,
    ids: &[HandoffId],
) -> Result<BTreeMap<HandoffId, (i64, i64)>> {
    let rows = sqlx::query!(
        r#"
        SELECT id AS "id: HandoffId", revision, clocks_revision FROM metrics.handoff
        WHERE generation = $1 AND id = ANY ($2)
        "#,
        generation.0,
        ids as &[HandoffId],
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id, (row.revision, row.clocks_revision))).collect())
}

/// What differs between two generations.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) handoffs: i64,
    pub(crate) days: i64,
    /// Handoffs of which one has heard more than the other.
    pub(crate) apart: Vec<HandoffId>,
    /// Days whose sums are not the same.
    pub(crate) differing: i64,
}

/// Compares a generation with the one in use.
pub(crate) async fn compare(tx: &mut Tx, next: Generation, in_use: Generation) -> Result<Difference> {
    Ok(sqlx::query_as!(
        Difference,
        r#"
        SELECT (SELECT count(*) FROM metrics.handoff WHERE generation = $1) AS "handoffs!",
               (SELECT count(*) FROM metrics.day WHERE generation = $1) AS "days!",
               ARRAY(SELECT id
                FROM (SELECT id, revision, clocks_revision FROM metrics.handoff WHERE generation = $1) AS mine
                FULL JOIN (SELECT id, revision, clocks_revision FROM metrics.handoff WHERE generation = $2) AS used USING (id)
                WHERE (mine.revision, mine.clocks_revision) IS DISTINCT FROM (used.revision, used.clocks_revision))
                   AS "apart!: Vec<HandoffId>",
               (SELECT count(*)
                FROM (SELECT cohort_id, day, sums FROM metrics.day WHERE generation = $1) AS mine
                FULL JOIN (SELECT cohort_id, day, sums FROM metrics.day WHERE generation = $2) AS used USING (cohort_id, day)
                WHERE mine.sums IS DISTINCT FROM used.sums) AS "differing!"
        "#,
        next.0,
        in_use.0,
    )
    .fetch_one(tx.connection())
    .await?)
}

/// Puts a generation in use.
pub(crate) async fn swap_in(tx: &mut Tx, generation: Generation) -> Result<()> {
    sqlx::query!("UPDATE metrics.generation SET current = $1", generation.0).execute(tx.connection()).await?;
    Ok(())
}

/// Deletes some of the rows that belong to no generation but these; returns whether there may be more.
pub(crate) async fn delete_others(pool: &PgPool, keep: Generation) -> Result<bool> {
    const BATCH: i64 = 10_000;
    let days = sqlx::query!(
        "DELETE FROM metrics.day
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM metrics.day WHERE generation <> $1 LIMIT $2))",
        keep.0,
        BATCH
    );
    let months = sqlx::query!(
        "DELETE FROM metrics.month
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM metrics.month WHERE generation <> $1 LIMIT $2))",
        keep.0,
        BATCH
    );
    let changed = sqlx::query!(
        "DELETE FROM metrics.month_changed
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM metrics.month_changed WHERE generation <> $1 LIMIT $2))",
        keep.0,
        BATCH
    );
    let ties = sqlx::query!(
        "DELETE FROM metrics.tie
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM metrics.tie WHERE generation <> $1 LIMIT $2))",
        keep.0,
        BATCH
    );
    let handoffs = sqlx::query!(
        "DELETE FROM metrics.handoff
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM metrics.handoff WHERE generation <> $1 LIMIT $2))",
        keep.0,
        BATCH
    );
    let mut deleted = days.execute(pool).await?.rows_affected();
    deleted += months.execute(pool).await?.rows_affected();
    deleted += changed.execute(pool).await?.rows_affected();
    deleted += ties.execute(pool).await?.rows_affected();
    deleted += handoffs.execute(pool).await?.rows_affected();
    Ok(deleted > 0)
}
