//! Reading what reports are made of: all of it in one snapshot.

use std::collections::{BTreeMap, HashSet};

use chassis::consumer::{self, Through};
use futures::TryStreamExt;
use kernel::{Result, Timestamp};
use sqlx::{PgConnection, PgPool, Postgres, Transaction, types::Json};

use super::{
    book::Shelf,
    decode,
    handoff::{Given, Lasts},
    sums::cohorts_of,
};
use crate::domain::{Book, Day, HandoffId, Query, Story, Sums, Total, measure, query::Scope, sums::Cohort};

/// A snapshot: whatever is read of it was there at one instant.
pub(crate) async fn snapshot(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    Ok(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
}

/// How far every producer was heard.
pub(crate) async fn through(store: &mut PgConnection) -> Result<Vec<Through>> {
    consumer::through(store).await
}

/// A scope as arguments of statements: routes, the team that hands over, the one that receives, a team on either side.
pub(super) type Parts<'s> = (Option<Vec<String>>, Option<&'s str>, Option<&'s str>, Option<&'s str>);

/// A scope as arguments of statements; what is none does not narrow.
pub(super) fn parts(scope: &Scope) -> Parts<'_> {
    use crate::domain::Side;
    match scope {
        Scope::All => (None, None, None, None),
        Scope::Routes(routes) => (Some(routes.iter().map(ToString::to_string).collect()), None, None, None),
        Scope::Pair(from, to) => (None, Some(from.as_str()), Some(to.as_str()), None),
        Scope::Team(team, Some(Side::Upstream)) => (None, Some(team.as_str()), None, None),
        Scope::Team(team, Some(Side::Downstream)) => (None, None, Some(team.as_str()), None),
        Scope::Team(team, None) => (None, None, None, Some(team.as_str())),
    }
}

/// Fills totals that ask for the same `as_of` and days of return, within a scope that holds all of theirs. The days are read from the
/// sums; handoffs of which something was heard after `as_of`, and those on the edge of being old enough, are measured one by one.
pub(crate) async fn fill(store: &mut PgConnection, shelf: &Shelf, scope: &Scope, totals: &mut [Total]) -> Result<()> {
    let book = shelf.book(store, None).await?;
    let cohorts = cohorts_of(store, scope).await?;
    add_days(store, &cohorts, totals).await?;
    let measured = replace(store, &book, scope, &cohorts, totals).await?;
    add_lasting(store, &book, scope, &cohorts, &measured, totals).await
}

async fn add_days(store: &mut PgConnection, cohorts: &BTreeMap<i64, Cohort>, totals: &mut [Total]) -> Result<()> {
    let wanted = |cohort: &Cohort| totals.iter().any(|total| total.query().has(cohort));
    let ids: Vec<i64> = cohorts.iter().filter(|(_, cohort)| wanted(cohort)).map(|(id, _)| *id).collect();
    let from = totals.iter().map(|total| total.query().from.0).min().unwrap_or_default();
    let until = totals.iter().map(|total| total.query().until.0).max().unwrap_or_default();
    let months: Vec<i32> =
        Query::whole_months(totals.iter().map(Total::query)).into_iter().map(|month| month.0).collect();
    let mut rows = sqlx::query!(
        r#"
        SELECT cohort_id AS "cohort_id!", month AS "day!", sums AS "sums!"
        FROM metrics.month m
        WHERE generation = metrics.current() AND cohort_id = ANY ($1) AND month = ANY ($4)
          AND NOT EXISTS (
              SELECT FROM metrics.month_changed c
              WHERE c.generation = m.generation AND c.cohort_id = m.cohort_id AND c.month = m.month
          )
        UNION ALL
        SELECT cohort_id, day, sums FROM metrics.day
        WHERE generation = metrics.current() AND cohort_id = ANY ($1) AND day >= $2 AND day < $3 AND month <> ALL ($4)
        UNION ALL
        SELECT d.cohort_id, d.day, d.sums
        FROM metrics.month_changed c JOIN metrics.day d
            ON d.generation = c.generation AND d.cohort_id = c.cohort_id AND d.month = c.month
        WHERE c.generation = metrics.current() AND c.cohort_id = ANY ($1) AND c.month = ANY ($4)
          AND d.day >= $2 AND d.day < $3
        "#,
        &ids,
        from,
        until,
        &months,
    )
    .fetch(store);
    while let Some(row) = rows.try_next().await? {
        let sums: Sums = decode("sums", &row.sums)?;
        let Some(cohort) = cohorts.get(&row.cohort_id) else { continue };
        for total in totals.iter_mut() {
            total.add(cohort, Day(row.day), &sums);
        }
    }
    Ok(())
}

/// Measures one by one what the sums cannot tell; answers which handoffs that was.
async fn replace(
    store: &mut PgConnection,
    book: &Book,
    scope: &Scope,
    cohorts: &BTreeMap<i64, Cohort>,
    totals: &mut [Total],
) -> Result<HashSet<HandoffId>> {
    let Some(query) = totals.first().map(Total::query) else { return Ok(HashSet::new()) };
    let (as_of, edge) = (query.as_of, Day::of(query.mature_until()));
    let (routes, from, to, either) = parts(scope);
    let mut rows = sqlx::query!(
        r#"
        SELECT id AS "id: HandoffId", story AS "story: Json<Story>", given FROM metrics.handoff
        WHERE generation = metrics.current()
          AND (heard_at > $1 OR first_decided_at >= $2 AND first_decided_at < $3
               OR first_accepted_at >= $2 AND first_accepted_at < $3)
          AND ($4::text[] IS NULL OR route_id = ANY ($4)) AND ($5::text IS NULL OR from_team = $5)
          AND ($6::text IS NULL OR to_team = $6) AND ($7::text IS NULL OR from_team = $7 OR to_team = $7)
        "#,
        as_of as Timestamp,
        edge.start() as Timestamp,
        edge.plus(1).start() as Timestamp,
        routes.as_deref(),
        from,
        to,
        either,
    )
    .fetch(store);
    let mut replaced = HashSet::new();
    while let Some(row) = rows.try_next().await? {
        let given: Given = decode("given", &row.given)?;
        let of_cohort = |(id, day, sums): (i64, Day, Sums)| Some(((cohorts.get(&id)?.clone(), day), sums));
        let given: BTreeMap<(Cohort, Day), Sums> = given.into_iter().filter_map(of_cohort).collect();
        let story = row.story.0;
        let then = measure(&story.until(as_of), book);
        for total in totals.iter_mut() {
            total.replace(&given, &then, book);
            total.late_facts += story.late(as_of);
        }
        replaced.insert(row.id);
    }
    Ok(replaced)
}

async fn add_lasting(
    store: &mut PgConnection,
    book: &Book,
    scope: &Scope,
    cohorts: &BTreeMap<i64, Cohort>,
    but: &HashSet<HandoffId>,
    totals: &mut [Total],
) -> Result<()> {
    let (routes, from, to, either) = parts(scope);
    let mut rows = sqlx::query!(
        r#"
        SELECT id AS "id: HandoffId", lasts AS "lasts!" FROM metrics.handoff
        WHERE generation = metrics.current() AND lasts IS NOT NULL
          AND ($1::text[] IS NULL OR route_id = ANY ($1)) AND ($2::text IS NULL OR from_team = $2)
          AND ($3::text IS NULL OR to_team = $3) AND ($4::text IS NULL OR from_team = $4 OR to_team = $4)
        "#,
        routes.as_deref(),
        from,
        to,
        either,
    )
    .fetch(store);
    while let Some(row) = rows.try_next().await? {
        if but.contains(&row.id) {
            continue;
        }
        let lasts: Lasts = decode("lasts", &row.lasts)?;
        for (id, open) in &lasts {
            let Some(cohort) = cohorts.get(id) else { continue };
            for total in totals.iter_mut() {
                total.add_open(cohort, open, book);
            }
        }
    }
    Ok(())
}

/// The stories of the handoffs of a scope that are open now.
pub(crate) async fn open(store: &mut PgConnection, scope: &Scope) -> Result<Vec<Story>> {
    let (routes, from, to, either) = parts(scope);
    let rows = sqlx::query_scalar!(
        r#"
        SELECT story AS "story: Json<Story>" FROM metrics.handoff
        WHERE generation = metrics.current() AND lasts IS NOT NULL
          AND ($1::text[] IS NULL OR route_id = ANY ($1)) AND ($2::text IS NULL OR from_team = $2)
          AND ($3::text IS NULL OR to_team = $3) AND ($4::text IS NULL OR from_team = $4 OR to_team = $4)
        "#,
        routes.as_deref(),
        from,
        to,
        either,
    );
    Ok(rows.fetch_all(store).await?.into_iter().map(|story| story.0).collect())
}

/// A page of the stories of handoffs of a scope that were created on the days from one to before another, the oldest first; after the
/// last of the page before.
pub(crate) async fn created(
    pool: &PgPool,
    scope: &Scope,
    days: (Day, Day),
    after: (Timestamp, HandoffId),
) -> Result<Vec<(Timestamp, Story)>> {
    const PAGE: i64 = 500;
    let (routes, from, to, either) = parts(scope);
    let rows = sqlx::query!(
        r#"
        SELECT created_at AS "created_at!: Timestamp", story AS "story: Json<Story>" FROM metrics.handoff
        WHERE generation = metrics.current() AND created_at >= $1 AND created_at < $2 AND (created_at, id) > ($3, $4)
          AND ($5::text[] IS NULL OR route_id = ANY ($5)) AND ($6::text IS NULL OR from_team = $6)
          AND ($7::text IS NULL OR to_team = $7) AND ($8::text IS NULL OR from_team = $8 OR to_team = $8)
        ORDER BY created_at, id LIMIT $9
        "#,
        days.0.start() as Timestamp,
        days.1.start() as Timestamp,
        after.0 as Timestamp,
        after.1 as HandoffId,
        routes.as_deref(),
        from,
        to,
        either,
        PAGE,
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.created_at, row.story.0)).collect())
}
