//! The generations of rows.

use std::{collections::BTreeMap, ops::RangeInclusive};

use chassis::Tx;
use kernel::Result;
use sqlx::{PgConnection, PgPool};

use crate::domain::HandoffId;

/// The generation in use.
pub(crate) async fn current(pool: &PgPool) -> Result<i64> {
    Ok(sqlx::query_scalar!("SELECT current FROM sla.generation").fetch_one(pool).await?)
}

/// Whether this is the only rebuild, from now on until the connection is closed.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<bool> {
    let locked =
        sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock(hashtextextended('baton sla rebuild', 0)) AS "locked!""#);
    Ok(locked.fetch_one(connection).await?)
}

/// Waits until nobody writes to the generation in use any more, and keeps all from doing so until the transaction ends.
pub(crate) async fn stop_all(tx: &mut Tx) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('baton sla generation', 0))")
        .fetch_one(tx.connection())
        .await?;
    Ok(())
}

/// How far the generation in use has come with the facts of handoffs.
pub(crate) async fn heard_until(tx: &mut Tx, ids: &[HandoffId]) -> Result<BTreeMap<HandoffId, i64>> {
    let rows = sqlx::query!(
        r#"
        SELECT id AS "id: HandoffId", handoff_revision FROM sla.handoff
        WHERE generation = sla.current() AND id = ANY ($1)
        "#,
        ids as &[HandoffId]
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.handoff_revision)).collect())
}

/// Which places of the histories of handoffs were given up.
pub(crate) async fn given_up(tx: &mut Tx, ids: &[HandoffId]) -> Result<BTreeMap<HandoffId, Vec<RangeInclusive<i64>>>> {
    let rows = sqlx::query!(
        r#"
        SELECT handoff_id AS "id: HandoffId", first_revision, last_revision FROM sla.given_up
        WHERE handoff_id = ANY ($1)
        "#,
        ids as &[HandoffId]
    );
    let mut given_up = BTreeMap::<_, Vec<_>>::new();
    for row in rows.fetch_all(tx.connection()).await? {
        given_up.entry(row.id).or_default().push(row.first_revision..=row.last_revision);
    }
    Ok(given_up)
}

/// Handoffs of which the rows of a generation know less than those in use.
pub(crate) async fn behind(tx: &mut Tx, generation: i64) -> Result<Vec<HandoffId>> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT used.id AS "id: HandoffId"
        FROM sla.handoff used LEFT JOIN sla.handoff mine ON mine.generation = $1 AND mine.id = used.id
        WHERE used.generation = sla.current()
          AND (used.revision, used.handoff_revision) IS DISTINCT FROM (mine.revision, mine.handoff_revision)
        ORDER BY used.id
        "#,
        generation
    );
    Ok(ids.fetch_all(tx.connection()).await?)
}

/// What differs between a generation and the one in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference {
    pub(crate) handoffs: i64,
    pub(crate) clocks: i64,
    pub(crate) differing: i64,
}

/// Compares a generation with the one in use.
pub(crate) async fn compare(tx: &mut Tx, generation: i64) -> Result<Difference> {
    Ok(sqlx::query_as!(
        Difference,
        r#"
        SELECT (SELECT count(*) FROM sla.handoff WHERE generation = $1) AS "handoffs!",
               (SELECT count(*) FROM sla.clock WHERE generation = $1) AS "clocks!",
               (SELECT count(*)
                FROM (SELECT * FROM sla.clock WHERE generation = $1) AS mine
                FULL JOIN (SELECT * FROM sla.clock WHERE generation = sla.current()) AS used USING (id)
                WHERE mine.body IS DISTINCT FROM used.body OR mine.state IS DISTINCT FROM used.state) AS "differing!"
        "#,
        generation
    )
    .fetch_one(tx.connection())
    .await?)
}

/// Puts a generation in use; what is parked stays so.
pub(crate) async fn swap_in(tx: &mut Tx, generation: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE sla.handoff mine SET parked = true FROM sla.handoff used
         WHERE mine.generation = $1 AND used.generation = sla.current() AND used.id = mine.id AND used.parked",
        generation
    )
    .execute(tx.connection())
    .await?;
    sqlx::query!("UPDATE sla.generation SET current = $1", generation).execute(tx.connection()).await?;
    Ok(())
}

/// Deletes some of the rows that belong to no generation in use; returns whether there may be more.
pub(crate) async fn delete_others(pool: &PgPool, keep: [i64; 2]) -> Result<bool> {
    const BATCH: i64 = 10_000;
    let clocks = sqlx::query!(
        "DELETE FROM sla.clock WHERE ctid = ANY (ARRAY(SELECT ctid FROM sla.clock WHERE generation <> ALL ($1) LIMIT $2))",
        &keep[..],
        BATCH
    );
    if clocks.execute(pool).await?.rows_affected() > 0 {
        return Ok(true);
    }
    let handoffs = sqlx::query!(
        "DELETE FROM sla.handoff
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM sla.handoff WHERE generation <> ALL ($1) LIMIT $2))",
        &keep[..],
        BATCH
    );
    Ok(handoffs.execute(pool).await?.rows_affected() > 0)
}
