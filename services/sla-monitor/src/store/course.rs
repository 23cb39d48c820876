//! The courses' rows: handoffs with their clocks, locked by whoever changes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use chassis::Tx;
use kernel::{Result, Timestamp};
use sqlx::{PgExecutor, PgPool, types::Json};

use super::head;
use crate::domain::{Book, Clock, ClockId, Course, HandoffId, course::Standing, policy::Kind};

/// Which generation of rows is meant: the one in use, or one that a rebuild makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Generation(pub(crate) Option<i64>);

impl Generation {
    /// The one in use.
    pub(crate) const CURRENT: Self = Self(None);
}

/// Whoever writes to the generation in use keeps it in use until its transaction ends; a rebuild waits for them, and they for it.
pub(crate) async fn enter(tx: &mut Tx) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock_shared(hashtextextended('baton sla generation', 0))")
        .fetch_one(tx.connection())
        .await?;
    Ok(())
}

/// Changed courses, and which of their clocks changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) courses: BTreeMap<HandoffId, Course>,
    pub(crate) clocks: BTreeSet<ClockId>,
}

struct Row {
    id: HandoffId,
    handoff_revision: i64,
    parked: bool,
    standing: Json<Standing>,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl Row {
    fn course(self) -> Result<Course> {
        Ok(Course {
            head: head(self.revision, &self.head_hash, self.head_at)?,
            id: self.id,
            revision: self.handoff_revision,
            parked: self.parked,
            standing: self.standing.0,
            clocks: vec![],
        })
    }
}

/// Courses with the clocks that a fact may touch, locked until the transaction ends, in the order of their ids.
pub(crate) async fn lock(
    tx: &mut Tx,
    generation: Generation,
    ids: &[HandoffId],
) -> Result<BTreeMap<HandoffId, Course>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: HandoffId", handoff_revision, parked, standing AS "standing: Json<Standing>", revision, head_hash,
               head_at AS "head_at: Timestamp"
        FROM sla.handoff WHERE generation = coalesce($2, sla.current()) AND id = ANY ($1) ORDER BY id FOR UPDATE
        "#,
        ids as &[HandoffId],
        generation.0,
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    with_clocks(tx, generation, rows, None).await
}

/// The course of a clock, with that clock though it may have stopped, locked until the transaction ends.
pub(crate) async fn lock_of(tx: &mut Tx, id: ClockId) -> Result<Option<Course>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: HandoffId", handoff_revision, parked, standing AS "standing: Json<Standing>", revision, head_hash,
               head_at AS "head_at: Timestamp"
        FROM sla.handoff
        WHERE generation = sla.current()
          AND id = (SELECT handoff_id FROM sla.clock WHERE generation = sla.current() AND id = $1)
        FOR UPDATE
        "#,
        id as ClockId,
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    Ok(with_clocks(tx, Generation::CURRENT, rows, Some(id)).await?.into_values().next())
}

/// Courses whose next mark comes before an instant, locked: the ones that have waited longest, and of those that come due just
/// now some in any case, so that a backlog keeps nothing new waiting. Those of whose imports there may be more beyond a position
/// wait, and so do some that could not be done; what others hold is left to them.
pub(crate) async fn claim(
    tx: &mut Tx,
    until: Timestamp,
    position: i64,
    fresh_since: Timestamp,
    but: &[HandoffId],
    limit: i64,
) -> Result<BTreeMap<HandoffId, Course>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        WITH oldest AS (
            SELECT id, handoff_revision, parked, standing, revision, head_hash, head_at
            FROM sla.handoff WHERE generation = sla.current() AND next_at < $1 AND NOT parked
              AND coalesce(imported_position, 0) <= $4 AND id <> ALL ($5)
            ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
        ), fresh AS (
            SELECT id, handoff_revision, parked, standing, revision, head_hash, head_at
            FROM sla.handoff
            WHERE generation = sla.current() AND next_at >= $2 AND next_at < $1 AND NOT parked
              AND coalesce(imported_position, 0) <= $4 AND id <> ALL ($5) AND id NOT IN (SELECT id FROM oldest)
            ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        SELECT id AS "id!: HandoffId", handoff_revision AS "handoff_revision!", parked AS "parked!",
               standing AS "standing!: Json<Standing>", revision AS "revision!", head_hash AS "head_hash!",
               head_at AS "head_at!: Timestamp"
        FROM (SELECT * FROM oldest UNION ALL SELECT * FROM fresh) AS claimed
        "#,
        until as Timestamp,
        fresh_since as Timestamp,
        limit,
        position,
        but as &[HandoffId],
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    with_clocks(tx, Generation::CURRENT, rows, None).await
}

/// The handoffs whose next mark comes before an instant, the ones that have waited longest first.
pub(crate) async fn due(pool: &PgPool, until: Timestamp, but: &[HandoffId], limit: i64) -> Result<Vec<HandoffId>> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT id AS "id: HandoffId" FROM sla.handoff
        WHERE generation = sla.current() AND next_at < $1 AND NOT parked AND id <> ALL ($2)
        ORDER BY next_at, id LIMIT $3
        "#,
        until as Timestamp,
        but as &[HandoffId],
        limit,
    );
    Ok(found.fetch_all(pool).await?)
}

async fn with_clocks(
    tx: &mut Tx,
    generation: Generation,
    rows: Vec<Row>,
    also: Option<ClockId>,
) -> Result<BTreeMap<HandoffId, Course>> {
    let ids: Vec<HandoffId> = rows.iter().map(|row| row.id).collect();
    let mut courses = BTreeMap::new();
    for row in rows {
        courses.insert(row.id, row.course()?);
    }
    let clocks = sqlx::query!(
        r#"
        SELECT handoff_id AS "handoff_id: HandoffId", body AS "body: Json<Clock>" FROM sla.clock
        WHERE generation = coalesce($4, sla.current()) AND handoff_id = ANY ($1) AND (is_open OR kind = $2 OR id = $3)
        ORDER BY handoff_id, started_at, id
        "#,
        &ids as &[HandoffId],
        Kind::Completion.name(),
        also as Option<ClockId>,
        generation.0,
    );
    for row in clocks.fetch_all(tx.connection()).await? {
        if let Some(course) = courses.get_mut(&row.handoff_id) {
            course.clocks.push(row.body.0);
        }
    }
    Ok(courses)
}

/// When the next mark of any clock comes, but those of some handoffs.
pub(crate) async fn next_at(pool: &PgPool, but: &[HandoffId]) -> Result<Option<Timestamp>> {
    let next = sqlx::query_scalar!(
        r#"SELECT next_at AS "next_at: Timestamp" FROM sla.handoff
           WHERE generation = sla.current() AND next_at IS NOT NULL AND NOT parked AND id <> ALL ($1)
           ORDER BY next_at, id LIMIT 1"#,
        but as &[HandoffId],
    );
    Ok(next.fetch_optional(pool).await?.flatten())
}

/// Courses of which open clocks were set by a version of a policy, after one, in order; of one route alone, where it is given.
pub(crate) async fn of_policy(
    store: impl PgExecutor<'_>,
    policy: &str,
    route: Option<&str>,
    clock: Option<ClockId>,
    after: HandoffId,
    limit: i64,
) -> Result<Vec<HandoffId>> {
    let found = sqlx::query_scalar!(
        r#"
        SELECT DISTINCT handoff_id AS "id: HandoffId" FROM sla.clock
        WHERE generation = sla.current() AND policy_id = $1 AND is_open AND ($2::text IS NULL OR route_id = $2) AND ($3::uuid IS NULL OR id = $3)
          AND handoff_id > $4
        ORDER BY handoff_id
        LIMIT $5
        "#,
        policy,
        route,
        clock as Option<ClockId>,
        after as HandoffId,
        limit,
    );
    Ok(found.fetch_all(store).await?)
}

/// Notes that the facts of a handoff are put aside.
pub(crate) async fn park(tx: &mut Tx, id: HandoffId) -> Result<()> {
    sqlx::query!("UPDATE sla.handoff SET parked = true WHERE generation = sla.current() AND id = $1", id as HandoffId)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Notes that they are no longer.
pub(crate) async fn unpark(tx: &mut Tx, id: HandoffId) -> Result<()> {
    sqlx::query!("UPDATE sla.handoff SET parked = false WHERE generation = sla.current() AND id = $1", id as HandoffId)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Notes that facts at these places of a handoff's history are never taken in.
pub(crate) async fn give_up(tx: &mut Tx, id: HandoffId, places: &RangeInclusive<i64>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.given_up (handoff_id, first_revision, last_revision) VALUES ($1, $2, $3)",
        id as HandoffId,
        places.start(),
        places.end()
    )
    .execute(tx.connection())
    .await?;
    // Where there is no row yet, the next fact of the handoff makes it.
    sqlx::query!(
        "UPDATE sla.handoff SET handoff_revision = $2 WHERE generation = sla.current() AND id = $1",
        id as HandoffId,
        places.end()
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Courses as they stand, and their changed clocks.
pub(crate) async fn save(tx: &mut Tx, generation: Generation, changed: &Changed, book: &Book) -> Result<()> {
    let courses: Vec<&Course> = changed.courses.values().collect();
    sqlx::query!(
        "
        INSERT INTO sla.handoff (generation, id, handoff_revision, route_id, from_team, to_team, confidential, parked, next_at,
                                 imported_position, standing, revision, head_hash, head_at)
        SELECT coalesce($13, sla.current()), course.*
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[],
                             $8::timestamptz[], $14::bigint[], $9::jsonb[], $10::bigint[], $11::bytea[], $12::timestamptz[]) AS course
        ON CONFLICT (generation, id) DO UPDATE
        SET handoff_revision = excluded.handoff_revision, confidential = excluded.confidential, next_at = excluded.next_at,
            imported_position = excluded.imported_position,
            standing = excluded.standing, revision = excluded.revision, head_hash = excluded.head_hash,
            head_at = excluded.head_at
        ",
        &courses.iter().map(|it| it.id).collect::<Vec<_>>() as &[HandoffId],
        &courses.iter().map(|it| it.revision).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.standing.about.route_id.to_string()).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.standing.about.from_team.to_string()).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.standing.about.to_team.to_string()).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.standing.about.confidential).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.parked).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.next_at(book)).collect::<Vec<_>>() as &[Option<Timestamp>],
        &courses.iter().map(|it| Json(&it.standing)).collect::<Vec<_>>() as &[Json<&Standing>],
        &courses.iter().map(|it| it.head.revision).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.head.hash.to_vec()).collect::<Vec<_>>(),
        &courses.iter().map(|it| it.head.at).collect::<Vec<_>>() as &[Timestamp],
        generation.0,
        &courses.iter().map(|it| it.standing.imported_position).collect::<Vec<_>>() as &[Option<i64>],
    )
    .execute(tx.connection())
    .await?;
    save_clocks(tx, generation, changed).await
}

async fn save_clocks(tx: &mut Tx, generation: Generation, changed: &Changed) -> Result<()> {
    let is_changed = |clock: &Clock| changed.clocks.contains(&clock.id);
    let clocks: Vec<(&Course, &Clock)> = changed
        .courses
        .values()
        .flat_map(|course| course.clocks.iter().filter(|clock| is_changed(clock)).map(move |clock| (course, clock)))
        .collect();
    if clocks.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "
        INSERT INTO sla.clock (generation, id, handoff_id, kind, state, team, other_team, route_id, confidential, started_at, due_at,
                               breached_at, excused, historic, policy_id, policy_version, body)
        SELECT coalesce($17, sla.current()), id, handoff_id, kind, state, team, other_team, route_id, confidential, started_at,
               coalesce(due_at, 'infinity'), breached_at, excused, historic, policy_id, policy_version, body
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
                    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::boolean[], $13::boolean[], $14::text[],
                    $15::integer[], $16::jsonb[])
            AS clock (id, handoff_id, kind, state, team, other_team, route_id, confidential, started_at, due_at, breached_at,
                      excused, historic, policy_id, policy_version, body)
        ON CONFLICT (generation, id) DO UPDATE
        SET state = excluded.state, confidential = excluded.confidential, due_at = excluded.due_at,
            breached_at = excluded.breached_at, excused = excluded.excused, policy_version = excluded.policy_version,
            body = excluded.body
        ",
        &clocks.iter().map(|(_, it)| it.id).collect::<Vec<_>>() as &[ClockId],
        &clocks.iter().map(|(course, _)| course.id).collect::<Vec<_>>() as &[HandoffId],
        &clocks.iter().map(|(_, it)| it.kind.name().to_owned()).collect::<Vec<_>>(),
        &clocks.iter().map(|(_, it)| it.state().name().to_owned()).collect::<Vec<_>>(),
        &clocks.iter().map(|(course, it)| course.team(it.side).to_string()).collect::<Vec<_>>(),
        &clocks.iter().map(|(course, it)| course.team(it.side.other()).to_string()).collect::<Vec<_>>(),
        &clocks.iter().map(|(course, _)| course.standing.about.route_id.to_string()).collect::<Vec<_>>(),
        &clocks.iter().map(|(course, _)| course.standing.about.confidential).collect::<Vec<_>>(),
        &clocks.iter().map(|(_, it)| it.started_at).collect::<Vec<_>>() as &[Timestamp],
        &clocks.iter().map(|(_, it)| breached_at(it).or(it.due_at)).collect::<Vec<_>>() as &[Option<Timestamp>],
        &clocks.iter().map(|(_, it)| breached_at(it)).collect::<Vec<_>>() as &[Option<Timestamp>],
        &clocks.iter().map(|(_, it)| it.excused.is_some()).collect::<Vec<_>>(),
        &clocks.iter().map(|(_, it)| it.historic).collect::<Vec<_>>(),
        &clocks.iter().map(|(_, it)| it.policy.as_ref().map(|pin| pin.id.to_string())).collect::<Vec<_>>()
            as &[Option<String>],
        &clocks.iter().map(|(_, it)| it.policy.as_ref().map(|pin| pin.version)).collect::<Vec<_>>() as &[Option<i32>],
        &clocks.iter().map(|(_, it)| Json(*it)).collect::<Vec<_>>() as &[Json<&Clock>],
        generation.0,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn breached_at(clock: &Clock) -> Option<Timestamp> {
    clock.breach.as_ref().map(|breach| breach.due_at)
}

/// Hides the clocks of a handoff that has become confidential, or shows them again.
pub(crate) async fn set_confidential(
    tx: &mut Tx,
    generation: Generation,
    id: HandoffId,
    confidential: bool,
) -> Result<()> {
    sqlx::query!(
        "UPDATE sla.clock SET confidential = $2
         WHERE generation = coalesce($3, sla.current()) AND handoff_id = $1 AND confidential <> $2",
        id as HandoffId,
        confidential,
        generation.0,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
