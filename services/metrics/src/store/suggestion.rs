//! Suggestions, and which routes are looked at for them.

use std::collections::BTreeMap;

use chassis::{Tx, page::Page};
use kernel::{Head, Result, Timestamp};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::broken;
use crate::domain::{
    RouteId, TeamId, TemplateId,
    heard::Terms,
    improvement::ImprovementId,
    interval::Proportion,
    suggestion::{Finding, Kind, Known, Promised, State, Suggestion, SuggestionId},
};

/// Where a page of suggestions goes on: how much is behind the last one, and its id.
pub(crate) type Cursor = (i64, Uuid);

/// Notes that something was heard of routes.
pub(crate) async fn mark(tx: &mut Tx, routes: &[String]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.look (route_id, marked, looked, looked_at) SELECT route_id, 1, 0, 'epoch'
         FROM unnest($1::text[]) AS route_id ORDER BY route_id
         ON CONFLICT (route_id) DO UPDATE SET marked = look.marked + 1",
        routes
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes that something was heard of a template, which routes work by.
pub(crate) async fn mark_template(tx: &mut Tx, template: &TemplateId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.look (route_id, marked, looked, looked_at) SELECT id, 1, 0, 'epoch'
         FROM metrics.route WHERE terms ->> 'template_id' = $1 ORDER BY id
         ON CONFLICT (route_id) DO UPDATE SET marked = look.marked + 1",
        template.as_str(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A route that is to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct ToLook {
    pub(crate) id: RouteId,
    pub(crate) known: Known,
    marked: i64,
}

/// Some routes that are to be looked at, but for these, those first that were not for longest.
pub(crate) async fn to_look(pool: &PgPool, now: Timestamp, but: &[String]) -> Result<Vec<ToLook>> {
    const BATCH: i64 = 50;
    let rows = sqlx::query!(
        r#"
        SELECT l.route_id AS "id: RouteId", marked, owner, retired, terms AS "terms: Json<Terms>",
               (SELECT criteria FROM metrics.template_version t WHERE t.template_id = r.terms ->> 'template_id'
                ORDER BY version DESC LIMIT 1) AS criteria
        FROM metrics.look l JOIN metrics.route r ON r.id = l.route_id
        WHERE (marked > looked OR looked_at < $1) AND l.route_id <> ALL ($2) ORDER BY looked_at, l.route_id LIMIT $3
        "#,
        now.plus_seconds(-crate::domain::DAY_SECONDS) as Timestamp,
        but,
        BATCH,
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    let read = rows.map(|row| {
        let has_template = row.terms.is_some_and(|terms| !terms.template_id.is_empty());
        let known = Known { owner: row.owner, retired: row.retired, criteria: row.criteria.filter(|_| has_template) };
        ToLook { id: row.id, known, marked: row.marked }
    });
    Ok(read.collect())
}

/// Notes that a route was looked at; false where another one has seen more of it meanwhile.
pub(crate) async fn looked(tx: &mut Tx, route: &ToLook) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query!(
        "UPDATE metrics.look SET looked = $2, looked_at = $3 WHERE route_id = $1 AND looked <= $2",
        route.id.as_str(),
        route.marked,
        now as Timestamp,
    );
    Ok(done.execute(tx.connection()).await?.rows_affected() > 0)
}

struct Row {
    id: SuggestionId,
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    kind: String,
    subject: String,
    finding: String,
    proposal: String,
    numerator: i64,
    denominator: i64,
    promise: Option<Json<Promised>>,
    raised_at: Timestamp,
    looked_at: Timestamp,
    state: String,
    improvement_id: Option<ImprovementId>,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl Row {
    fn suggestion(self) -> Result<Suggestion> {
        Ok(Suggestion {
            head: Head::from_row(self.revision, &self.head_hash, self.head_at).ok_or_else(|| broken("head_hash"))?,
            id: self.id,
            route_id: self.route_id,
            from_team: self.from_team,
            to_team: self.to_team,
            finding: Finding {
                kind: Kind::from_name(&self.kind).ok_or_else(|| broken("kind"))?,
                subject: self.subject,
                found: self.finding,
                proposal: self.proposal,
                evidence: Proportion::new(self.numerator, self.denominator),
                promise: self.promise.map(|promise| promise.0),
            },
            raised_at: self.raised_at,
            looked_at: self.looked_at,
            state: State::from_name(&self.state).ok_or_else(|| broken("state"))?,
            improvement_id: self.improvement_id,
        })
    }
}

/// The suggestions on a route, locked.
pub(crate) async fn lock(tx: &mut Tx, route: &RouteId) -> Result<BTreeMap<SuggestionId, Suggestion>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SuggestionId", route_id AS "route_id: RouteId", from_team AS "from_team: TeamId",
               to_team AS "to_team: TeamId", kind, subject, finding, proposal, numerator, denominator,
               promise AS "promise: Json<Promised>", raised_at AS "raised_at: Timestamp", looked_at AS "looked_at: Timestamp",
               state, improvement_id AS "improvement_id: ImprovementId", revision, head_hash, head_at AS "head_at: Timestamp"
        FROM metrics.suggestion WHERE route_id = $1 ORDER BY id FOR UPDATE
        "#,
        route.as_str(),
    );
    let rows = rows.fetch_all(tx.connection()).await?;
    rows.into_iter().map(|row| row.suggestion().map(|it| (it.id, it))).collect()
}

/// Keeps a suggestion as it stands.
pub(crate) async fn save(tx: &mut Tx, it: &Suggestion) -> Result<()> {
    let finding = &it.finding;
    sqlx::query!(
        "INSERT INTO metrics.suggestion (id, route_id, from_team, to_team, kind, subject, finding, proposal, numerator, denominator,
                                         promise, raised_at, looked_at, state, improvement_id, revision, head_hash, head_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT (id) DO UPDATE
         SET finding = excluded.finding, proposal = excluded.proposal, numerator = excluded.numerator,
             denominator = excluded.denominator, promise = excluded.promise, raised_at = excluded.raised_at,
             looked_at = excluded.looked_at, state = excluded.state, improvement_id = excluded.improvement_id,
             revision = excluded.revision, head_hash = excluded.head_hash, head_at = excluded.head_at",
        it.id as SuggestionId,
        it.route_id.as_str(),
        it.from_team.as_str(),
        it.to_team.as_str(),
        finding.kind.name(),
        finding.subject,
        finding.found,
        finding.proposal,
        finding.evidence.numerator,
        finding.evidence.denominator,
        finding.promise.as_ref().map(Json) as Option<Json<&Promised>>,
        it.raised_at as Timestamp,
        it.looked_at as Timestamp,
        it.state.name(),
        it.improvement_id as Option<ImprovementId>,
        it.head.revision,
        &it.head.hash[..],
        it.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Which suggestions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) route_id: Option<RouteId>,
    pub(crate) team_id: Option<TeamId>,
    /// Also those that are closed.
    pub(crate) all: bool,
}

/// A page of suggestions, those with most behind them first.
pub(crate) async fn list(pool: &PgPool, filter: &Filter, page: &Page<Cursor>) -> Result<Vec<Suggestion>> {
    let (after, after_id) = page.after().copied().unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SuggestionId", route_id AS "route_id: RouteId", from_team AS "from_team: TeamId",
               to_team AS "to_team: TeamId", kind, subject, finding, proposal, numerator, denominator,
               promise AS "promise: Json<Promised>", raised_at AS "raised_at: Timestamp", looked_at AS "looked_at: Timestamp",
               state, improvement_id AS "improvement_id: ImprovementId", revision, head_hash, head_at AS "head_at: Timestamp"
        FROM metrics.suggestion
        WHERE state <> 'GONE' AND ($1::text IS NULL OR route_id = $1)
          AND ($2::text IS NULL OR from_team = $2 OR to_team = $2) AND ($3 OR state = 'OPEN')
          AND ($4::bigint IS NULL OR (denominator, id) < ($4, $5))
        ORDER BY denominator DESC, id DESC LIMIT $6
        "#,
        filter.route_id.as_ref().map(RouteId::as_str),
        filter.team_id.as_ref().map(TeamId::as_str),
        filter.all,
        after,
        after_id,
        page.limit(),
    );
    rows.fetch_all(pool).await?.into_iter().map(Row::suggestion).collect()
}

/// How many suggestions are open, by route.
pub(crate) async fn count(pool: &PgPool, routes: &[String]) -> Result<BTreeMap<String, i64>> {
    let rows = sqlx::query!(
        r#"SELECT route_id, count(*) AS "count!" FROM metrics.suggestion WHERE state = 'OPEN' AND route_id = ANY ($1)
           GROUP BY route_id"#,
        routes
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.route_id, row.count)).collect())
}
