//! Improvements, and routes that are to be looked at.

use std::collections::BTreeSet;

use chassis::{Tx, page::Page};
use kernel::{Head, Result, Timestamp};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::broken;
use crate::domain::{
    Day, RouteId, TeamId,
    improvement::{Decision, Improvement, ImprovementId, Outcome, Route},
    query::Version,
    suggestion::SuggestionId,
};

/// Where a page of improvements goes on: when the last one was recorded, and its id.
pub(crate) type Cursor = (Timestamp, Uuid);
/// So many reviews come due in one transaction.
const BATCH: i64 = 100;

struct RouteRow {
    id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    owner: String,
    review_due_at: Option<Timestamp>,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl RouteRow {
    fn route(self) -> Result<Route> {
        Ok(Route {
            head: Head::from_row(self.revision, &self.head_hash, self.head_at).ok_or_else(|| broken("head_hash"))?,
            id: self.id,
            from_team: self.from_team,
            to_team: self.to_team,
            owner: self.owner,
            review_due_at: self.review_due_at,
        })
    }
}

/// A route, locked.
pub(crate) async fn lock_route(tx: &mut Tx, id: &RouteId) -> Result<Option<Route>> {
    let row = sqlx::query_as!(
        RouteRow,
        r#"
        SELECT id AS "id: RouteId", from_team AS "from_team: TeamId", to_team AS "to_team: TeamId", owner,
               review_due_at AS "review_due_at: Timestamp", revision, head_hash, head_at AS "head_at: Timestamp"
        FROM metrics.route WHERE id = $1 FOR UPDATE
        "#,
        id.as_str(),
    );
    row.fetch_optional(tx.connection()).await?.map(RouteRow::route).transpose()
}

/// Routes whose review has come due and that nobody was told of; locked, what others hold is left to them.
pub(crate) async fn due_routes(tx: &mut Tx) -> Result<Vec<(Route, Timestamp)>> {
    let now = tx.now();
    let rows = sqlx::query!(
        r#"
        SELECT id AS "id: RouteId", from_team AS "from_team: TeamId", to_team AS "to_team: TeamId", owner, revision, head_hash,
               head_at AS "head_at: Timestamp",
               reviewed_at + review_every_seconds * interval '1 second' AS "due_at!: Timestamp"
        FROM metrics.route
        WHERE review_due_at IS NULL AND NOT retired
          AND reviewed_at + review_every_seconds * interval '1 second' <= $1
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        "#,
        now as Timestamp,
        BATCH,
    );
    let rows = rows.fetch_all(tx.connection()).await?.into_iter();
    let read = rows.map(|row| {
        let (id, from_team, to_team, owner) = (row.id, row.from_team, row.to_team, row.owner);
        let (revision, head_hash, head_at) = (row.revision, row.head_hash, row.head_at);
        let row_of = RouteRow { id, from_team, to_team, owner, review_due_at: None, revision, head_hash, head_at };
        Ok((row_of.route()?, row.due_at))
    });
    read.collect()
}

/// Keeps since when a route is to be looked at, and the end of what was said of it; a route that was looked at now is due no more.
pub(crate) async fn save_route(tx: &mut Tx, route: &Route, reviewed_at: Option<Timestamp>) -> Result<()> {
    sqlx::query!(
        "UPDATE metrics.route SET review_due_at = $2, reviewed_at = coalesce($3, reviewed_at), revision = $4, head_hash = $5,
                                  head_at = $6
         WHERE id = $1",
        route.id.as_str(),
        route.review_due_at as Option<Timestamp>,
        reviewed_at as Option<Timestamp>,
        route.head.revision,
        &route.head.hash[..],
        route.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

struct Row {
    id: ImprovementId,
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    outcome: String,
    suggestion_id: Option<SuggestionId>,
    body: String,
    version: Option<Json<Version>>,
    decided_by: Vec<String>,
    review_on: Option<i32>,
    recorded_by: String,
    recorded_at: Timestamp,
    review_due_at: Option<Timestamp>,
    reviewed: bool,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl Row {
    fn improvement(self) -> Result<Improvement> {
        Ok(Improvement {
            head: Head::from_row(self.revision, &self.head_hash, self.head_at).ok_or_else(|| broken("head_hash"))?,
            id: self.id,
            route_id: self.route_id,
            from_team: self.from_team,
            to_team: self.to_team,
            decision: Decision {
                outcome: Outcome::from_name(&self.outcome).ok_or_else(|| broken("outcome"))?,
                suggestion_id: self.suggestion_id,
                text: self.body,
                version: self.version.map(|version| version.0),
                decided_by: self.decided_by,
                review_on: self.review_on.map(Day),
            },
            recorded_by: self.recorded_by,
            recorded_at: self.recorded_at,
            review_due_at: self.review_due_at,
            reviewed: self.reviewed,
        })
    }
}

/// Keeps a new improvement.
pub(crate) async fn insert(tx: &mut Tx, it: &Improvement) -> Result<()> {
    let decision = &it.decision;
    sqlx::query!(
        "INSERT INTO metrics.improvement (id, route_id, from_team, to_team, outcome, suggestion_id, body, version, decided_by,
                                          review_on, recorded_by, recorded_at, reviewed, revision, head_hash, head_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        it.id as ImprovementId,
        it.route_id.as_str(),
        it.from_team.as_str(),
        it.to_team.as_str(),
        decision.outcome.name(),
        decision.suggestion_id as Option<SuggestionId>,
        decision.text,
        decision.version.as_ref().map(Json) as Option<Json<&Version>>,
        &decision.decided_by,
        decision.review_on.map(|day| day.0),
        it.recorded_by,
        it.recorded_at as Timestamp,
        it.reviewed,
        it.head.revision,
        &it.head.hash[..],
        it.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes that the reviews of a route's improvements that are due were held.
pub(crate) async fn review(tx: &mut Tx, route: &RouteId) -> Result<()> {
    sqlx::query!(
        "UPDATE metrics.improvement SET reviewed = true WHERE route_id = $1 AND review_due_at IS NOT NULL AND NOT reviewed",
        route.as_str(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The improvements that closed suggestions of a route, and whose review was held.
pub(crate) async fn reviewed(tx: &mut Tx, route: &RouteId) -> Result<BTreeSet<ImprovementId>> {
    let ids = sqlx::query_scalar!(
        r#"
        SELECT i.id AS "id: ImprovementId" FROM metrics.suggestion s JOIN metrics.improvement i ON i.id = s.improvement_id
        WHERE s.route_id = $1 AND s.state = 'CLOSED' AND i.reviewed
        "#,
        route.as_str(),
    );
    Ok(ids.fetch_all(tx.connection()).await?.into_iter().collect())
}

/// Improvements whose review has come due and that nobody was told of; locked, what others hold is left to them.
pub(crate) async fn due(tx: &mut Tx) -> Result<Vec<Improvement>> {
    let today = Day::of(tx.now());
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: ImprovementId", route_id AS "route_id: RouteId", from_team AS "from_team: TeamId",
               to_team AS "to_team: TeamId", outcome, suggestion_id AS "suggestion_id: SuggestionId", body,
               version AS "version: Json<Version>", decided_by, review_on, recorded_by, recorded_at AS "recorded_at: Timestamp",
               review_due_at AS "review_due_at: Timestamp", reviewed, revision, head_hash, head_at AS "head_at: Timestamp"
        FROM metrics.improvement WHERE review_on <= $1 AND review_due_at IS NULL AND NOT reviewed
        ORDER BY review_on, id LIMIT $2 FOR UPDATE SKIP LOCKED
        "#,
        today.0,
        BATCH,
    );
    rows.fetch_all(tx.connection()).await?.into_iter().map(Row::improvement).collect()
}

/// Notes that the review of an improvement is due.
pub(crate) async fn save_due(tx: &mut Tx, it: &Improvement) -> Result<()> {
    sqlx::query!(
        "UPDATE metrics.improvement SET review_due_at = $2, revision = $3, head_hash = $4, head_at = $5 WHERE id = $1",
        it.id as ImprovementId,
        it.review_due_at as Option<Timestamp>,
        it.head.revision,
        &it.head.hash[..],
        it.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// An improvement.
pub(crate) async fn get(pool: &PgPool, id: ImprovementId) -> Result<Option<Improvement>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: ImprovementId", route_id AS "route_id: RouteId", from_team AS "from_team: TeamId",
               to_team AS "to_team: TeamId", outcome, suggestion_id AS "suggestion_id: SuggestionId", body,
               version AS "version: Json<Version>", decided_by, review_on, recorded_by, recorded_at AS "recorded_at: Timestamp",
               review_due_at AS "review_due_at: Timestamp", reviewed, revision, head_hash, head_at AS "head_at: Timestamp"
        FROM metrics.improvement WHERE id = $1
        "#,
        id as ImprovementId,
    );
    row.fetch_optional(pool).await?.map(Row::improvement).transpose()
}

/// A page of improvements, the latest first.
pub(crate) async fn list(pool: &PgPool, route: Option<&RouteId>, page: &Page<Cursor>) -> Result<Vec<Improvement>> {
    let (after_at, after_id) = page.after().copied().unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: ImprovementId", route_id AS "route_id: RouteId", from_team AS "from_team: TeamId",
               to_team AS "to_team: TeamId", outcome, suggestion_id AS "suggestion_id: SuggestionId", body,
               version AS "version: Json<Version>", decided_by, review_on, recorded_by, recorded_at AS "recorded_at: Timestamp",
               review_due_at AS "review_due_at: Timestamp", reviewed, revision, head_hash, head_at AS "head_at: Timestamp"
        FROM metrics.improvement
        WHERE ($1::text IS NULL OR route_id = $1)
          AND ($2::timestamptz IS NULL OR (recorded_at, id) < ($2, $3))
        ORDER BY recorded_at DESC, id DESC LIMIT $4
        "#,
        route.map(RouteId::as_str),
        after_at as Option<Timestamp>,
        after_id,
        page.limit(),
    );
    rows.fetch_all(pool).await?.into_iter().map(Row::improvement).collect()
}

/// A route, or an improvement on it, that is to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) route_id: RouteId,
    pub(crate) since: Timestamp,
    pub(crate) improvement_id: Option<ImprovementId>,
    /// How many there are in all.
    pub(crate) total: i64,
}

/// What is to be looked at, the longest due first.
pub(crate) async fn reviews(pool: &PgPool, team: Option<&TeamId>, limit: i64) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"
        SELECT route_id AS "route_id!: RouteId", due_at AS "since!: Timestamp", improvement_id AS "improvement_id: ImprovementId",
               count(*) OVER () AS "total!"
        FROM (
            SELECT id AS route_id, review_due_at AS due_at, NULL::uuid AS improvement_id FROM metrics.route
            WHERE review_due_at IS NOT NULL AND NOT retired AND ($1::text IS NULL OR from_team = $1 OR to_team = $1)
            UNION ALL
            SELECT route_id, review_due_at, id FROM metrics.improvement
            WHERE review_due_at IS NOT NULL AND NOT reviewed AND ($1::text IS NULL OR from_team = $1 OR to_team = $1)
        ) AS due
        ORDER BY due_at, route_id, improvement_id LIMIT $2
        "#,
        team.map(TeamId::as_str),
        limit,
    )
    .fetch_all(pool)
    .await?)
}
