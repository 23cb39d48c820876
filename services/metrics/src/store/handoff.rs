//! Handoffs with their stories, and what they have given to the sums.

use std::collections::BTreeMap;

use chassis::Tx;
use kernel::{Result, Timestamp};
use sqlx::types::Json;

use super::{Generation, decode, encode};
use crate::domain::{Day, HandoffId, Story, Sums, measure::Open};

/// What a handoff has given to the sums: by cohort and day.
pub(crate) type Given = Vec<(i64, Day, Sums)>;
/// What lasts of a handoff, by cohort.
pub(crate) type Lasts = Vec<(i64, Open)>;

/// A handoff as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) revision: i64,
    pub(crate) clocks_revision: i64,
    pub(crate) story: Story,
    pub(crate) given: Given,
    pub(crate) lasts: Lasts,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) first_decided_at: Option<Timestamp>,
    pub(crate) first_accepted_at: Option<Timestamp>,
    pub(crate) last_at: Timestamp,
    pub(crate) heard_at: Timestamp,
}

struct Row {
    id: HandoffId,
    revision: i64,
    clocks_revision: i64,
    story: Json<Story>,
    given: Vec<u8>,
    created_at: Option<Timestamp>,
    first_decided_at: Option<Timestamp>,
    first_accepted_at: Option<Timestamp>,
    last_at: Timestamp,
    heard_at: Timestamp,
}

impl Row {
    fn kept(self) -> Result<(HandoffId, Kept)> {
        let kept = Kept {
            revision: self.revision,
            clocks_revision: self.clocks_revision,
            story: self.story.0,
            given: decode("given", &self.given)?,
            // Always made anew before it is saved.
            lasts: vec![],
            created_at: self.created_at,
            first_decided_at: self.first_decided_at,
            first_accepted_at: self.first_accepted_at,
            last_at: self.last_at,
            heard_at: self.heard_at,
        };
        Ok((self.id, kept))
    }
}

/// These handoffs.
pub(crate) async fn load(tx: &mut Tx, generation: Generation, ids: &[HandoffId]) -> Result<BTreeMap<HandoffId, Kept>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: HandoffId", revision, clocks_revision, story AS "story: Json<Story>", given,
               created_at AS "created_at: Timestamp", first_decided_at AS "first_decided_at: Timestamp",
               first_accepted_at AS "first_accepted_at: Timestamp", last_at AS "last_at: Timestamp",
               heard_at AS "heard_at: Timestamp"
        FROM metrics.handoff WHERE generation = $1 AND id = ANY ($2)
        "#,
        generation.0,
        ids as &[HandoffId],
    );
    rows.fetch_all(tx.connection()).await?.into_iter().map(Row::kept).collect()
}

/// Some handoffs that a calendar has changed for since they were measured.
pub(crate) async fn stale(tx: &mut Tx, generation: Generation, limit: i64) -> Result<BTreeMap<HandoffId, Kept>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: HandoffId", revision, clocks_revision, story AS "story: Json<Story>", given,
               created_at AS "created_at: Timestamp", first_decided_at AS "first_decided_at: Timestamp",
               first_accepted_at AS "first_accepted_at: Timestamp", last_at AS "last_at: Timestamp",
               heard_at AS "heard_at: Timestamp"
        FROM metrics.handoff WHERE generation = $1 AND is_stale ORDER BY id LIMIT $2
        "#,
        generation.0,
        limit,
    );
    rows.fetch_all(tx.connection()).await?.into_iter().map(Row::kept).collect()
}

/// Handoffs of these teams, of which something happened at an instant or after it, are to be measured anew.
pub(crate) async fn make_stale(tx: &mut Tx, generation: Generation, teams: &[String], since: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE metrics.handoff SET is_stale = true
         WHERE generation = $1 AND last_at >= $3 AND (from_team = ANY ($2) OR to_team = ANY ($2))",
        generation.0,
        teams,
        since as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Handoffs as they are now.
pub(crate) async fn save(tx: &mut Tx, generation: Generation, handoffs: &BTreeMap<HandoffId, Kept>) -> Result<()> {
    let all = || handoffs.values();
    let about = || all().map(|kept| &kept.story.about);
    let given = all().map(|kept| encode(&kept.given)).collect::<Result<Vec<_>>>()?;
    let lasts = all().map(|kept| (!kept.lasts.is_empty()).then(|| encode(&kept.lasts)).transpose());
    let lasts = lasts.collect::<Result<Vec<_>>>()?;
    sqlx::query!(
        "INSERT INTO metrics.handoff (generation, id, revision, clocks_revision, route_id, from_team, to_team, confidential,
                                      created_at, first_decided_at, first_accepted_at, last_at, heard_at, story, given, lasts,
                                      thread, is_linked, is_stale)
         SELECT $1, id, revision, clocks_revision, route_id, from_team, to_team, confidential, created_at, first_decided_at,
                first_accepted_at, last_at, heard_at, story, given, lasts, id, false, false
         FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::boolean[],
                     $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
                     $14::jsonb[], $15::bytea[], $16::bytea[])
              AS new (id, revision, clocks_revision, route_id, from_team, to_team, confidential, created_at, first_decided_at,
                      first_accepted_at, last_at, heard_at, story, given, lasts)
         ON CONFLICT (generation, id) DO UPDATE
         SET revision = excluded.revision, clocks_revision = excluded.clocks_revision, route_id = excluded.route_id,
             from_team = excluded.from_team, to_team = excluded.to_team, confidential = excluded.confidential,
             created_at = excluded.created_at, first_decided_at = excluded.first_decided_at,
             first_accepted_at = excluded.first_accepted_at, last_at = excluded.last_at, heard_at = excluded.heard_at,
             story = excluded.story, given = excluded.given, lasts = excluded.lasts, is_stale = false",
        generation.0,
        &handoffs.keys().copied().collect::<Vec<_>>() as &[HandoffId],
        &all().map(|kept| kept.revision).collect::<Vec<_>>(),
        &all().map(|kept| kept.clocks_revision).collect::<Vec<_>>(),
        &about().map(|about| about.route_id.to_string()).collect::<Vec<_>>(),
        &about().map(|about| about.from_team.to_string()).collect::<Vec<_>>(),
        &about().map(|about| about.to_team.to_string()).collect::<Vec<_>>(),
        &about().map(|about| about.confidential).collect::<Vec<_>>(),
        &all().map(|kept| kept.created_at).collect::<Vec<_>>() as &[Option<Timestamp>],
        &all().map(|kept| kept.first_decided_at).collect::<Vec<_>>() as &[Option<Timestamp>],
        &all().map(|kept| kept.first_accepted_at).collect::<Vec<_>>() as &[Option<Timestamp>],
        &all().map(|kept| kept.last_at).collect::<Vec<_>>() as &[Timestamp],
        &all().map(|kept| kept.heard_at).collect::<Vec<_>>() as &[Timestamp],
        &all().map(|kept| Json(&kept.story)).collect::<Vec<_>>() as &[Json<&Story>],
        &given,
        &lasts as &[Option<Vec<u8>>],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Which places of the histories of aggregates were given up.
pub(crate) async fn given_up(tx: &mut Tx, aggregates: &[String]) -> Result<BTreeMap<String, Vec<(i64, i64)>>> {
    let rows = sqlx::query!(
        "SELECT aggregate, first_revision, last_revision FROM metrics.given_up WHERE aggregate = ANY ($1)
         ORDER BY aggregate, first_revision",
        aggregates
    );
    let mut given_up = BTreeMap::<String, Vec<_>>::new();
    for row in rows.fetch_all(tx.connection()).await? {
        given_up.entry(row.aggregate).or_default().push((row.first_revision, row.last_revision));
    }
    Ok(given_up)
}

/// Notes which places of an aggregate's history are given up.
pub(crate) async fn give_up(tx: &mut Tx, aggregate: &str, first: i64, last: i64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.given_up (aggregate, first_revision, last_revision) VALUES ($1, $2, $3)",
        aggregate,
        first,
        last
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
