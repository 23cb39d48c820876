//! Which handoffs are one piece of work: those that follow each other or share an outside record.

use std::collections::BTreeSet;

use chassis::Tx;
use kernel::Result;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{Generation, report::parts};
use crate::domain::{HandoffId, Query, Story, heard::Tie};

/// So many handoffs are looked at for the ways that work took: the latest.
const PATHS_OF: i64 = 5_000;

/// Ties handoffs: those that have one in common with others are in one thread from now on. A tie that is taken away again leaves them
/// there; what the report tells of it is settled by their stories.
pub(crate) async fn tie(tx: &mut Tx, generation: Generation, ties: &BTreeSet<(String, HandoffId)>) -> Result<()> {
    let (names, ids): (Vec<String>, Vec<HandoffId>) = ties.iter().cloned().unzip();
    sqlx::query!(
        "INSERT INTO metrics.tie (generation, tie, handoff_id) SELECT $1, * FROM unnest($2::text[], $3::uuid[])
         ON CONFLICT DO NOTHING",
        generation.0,
        &names,
        &ids as &[HandoffId],
    )
    .execute(tx.connection())
    .await?;
    let shared = sqlx::query!(
        r#"
        SELECT tie, array_agg(DISTINCT thread) AS "threads!"
        FROM metrics.tie AS mine JOIN metrics.handoff AS theirs ON theirs.generation = mine.generation AND id = handoff_id
        WHERE mine.generation = $1 AND tie = ANY ($2)
        GROUP BY tie HAVING count(DISTINCT handoff_id) > 1
        "#,
        generation.0,
        &names,
    );
    let shared = shared.fetch_all(tx.connection()).await?;
    for threads in joined(shared.into_iter().map(|row| row.threads)) {
        let first = threads.first().copied().unwrap_or_default();
        sqlx::query!(
            "UPDATE metrics.handoff SET thread = $3, is_linked = true WHERE generation = $1 AND thread = ANY ($2)",
            generation.0,
            &threads,
            first,
        )
        .execute(tx.connection())
        .await?;
    }
    Ok(())
}

/// Sets that overlap made one.
fn joined(sets: impl Iterator<Item = Vec<Uuid>>) -> Vec<Vec<Uuid>> {
    let mut joined: Vec<BTreeSet<Uuid>> = vec![];
    for set in sets {
        let mut set: BTreeSet<Uuid> = set.into_iter().collect();
        joined.retain(|other| {
            let overlaps = !other.is_disjoint(&set);
            if overlaps {
                set.extend(other);
            }
            !overlaps
        });
        joined.push(set);
    }
    joined.into_iter().map(|set| set.into_iter().collect()).collect()
}

/// The name of a tie, as it is stored.
pub(crate) fn name(tie: &Tie) -> String {
    match tie {
        Tie::Follows(id) => format!("follows {id}"),
        Tie::Record(record) => format!("record {record}"),
    }
}

/// The stories of linked handoffs of which one is asked for and was created on the days asked for: all of each thread, the latest.
pub(crate) async fn linked(store: &mut PgConnection, query: &Query) -> Result<Vec<Story>> {
    let (routes, from, to, either) = parts(&query.scope);
    let rows = sqlx::query_scalar!(
        r#"
        SELECT story AS "story: Json<Story>" FROM metrics.handoff
        WHERE generation = metrics.current() AND is_linked AND thread IN (
            SELECT thread FROM metrics.handoff
            WHERE generation = metrics.current() AND is_linked AND created_at >= $1 AND created_at < $2
              AND ($3::text[] IS NULL OR route_id = ANY ($3)) AND ($4::text IS NULL OR from_team = $4)
              AND ($5::text IS NULL OR to_team = $5) AND ($6::text IS NULL OR from_team = $6 OR to_team = $6)
            ORDER BY created_at DESC LIMIT $7
        )
        ORDER BY created_at DESC LIMIT $7
        "#,
        query.from.start() as kernel::Timestamp,
        query.until.start() as kernel::Timestamp,
        routes.as_deref(),
        from,
        to,
        either,
        PATHS_OF,
    );
    Ok(rows.fetch_all(store).await?.into_iter().map(|story| story.0).collect())
}
