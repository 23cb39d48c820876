//! Routes, workflows and templates, as their services say they stand.

use chassis::Tx;
use kernel::Result;
use sqlx::{PgExecutor, types::Json};

use crate::domain::{
    RouteId, TeamId, TemplateId, WorkflowId,
    heard::{Route, Terms},
};

/// Keeps a route as it stands; what is older than what is known changes nothing.
pub(crate) async fn save_route(tx: &mut Tx, route: &Route, sequence: i64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.route (id, heard_revision, from_team, to_team, owner, review_every_seconds, discovered, retired,
                                    created_at, terms, reviewed_at, revision, head_hash, head_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, false, $8, $9, $8, 0, decode(repeat('00', 32), 'hex'), 'epoch')
         ON CONFLICT (id) DO UPDATE
         SET heard_revision = excluded.heard_revision, from_team = excluded.from_team, to_team = excluded.to_team,
             owner = excluded.owner, review_every_seconds = excluded.review_every_seconds,
             discovered = excluded.discovered, terms = excluded.terms
         WHERE route.heard_revision < excluded.heard_revision",
        route.id.as_str(),
        sequence,
        route.from_team.as_str(),
        route.to_team.as_str(),
        route.owner,
        route.review_every_seconds,
        route.discovered,
        route.created_at as kernel::Timestamp,
        route.terms.as_ref().map(Json) as Option<Json<&Terms>>,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps the terms of a route.
pub(crate) async fn save_terms(tx: &mut Tx, route: &RouteId, terms: &Terms, sequence: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE metrics.route SET terms = $2, heard_revision = $3 WHERE id = $1 AND heard_revision < $3",
        route.as_str(),
        Json(terms) as Json<&Terms>,
        sequence,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes that a route takes no new handoffs.
pub(crate) async fn retire_route(tx: &mut Tx, route: &RouteId, sequence: i64) -> Result<()> {
    sqlx::query!(
        "UPDATE metrics.route SET retired = true, heard_revision = $2 WHERE id = $1 AND heard_revision < $2",
        route.as_str(),
        sequence,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps a workflow as it stands.
pub(crate) async fn save_workflow(tx: &mut Tx, id: &WorkflowId, routes: &[RouteId], sequence: i64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.workflow (id, heard_revision, routes) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET heard_revision = excluded.heard_revision, routes = excluded.routes
         WHERE workflow.heard_revision < excluded.heard_revision",
        id.as_str(),
        sequence,
        &routes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps the criteria of a version of a template.
pub(crate) async fn save_template(tx: &mut Tx, id: &TemplateId, version: i32, criteria: &[String]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.template_version (template_id, version, criteria) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        id.as_str(),
        version,
        criteria,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps who has acted as a service.
pub(crate) async fn save_services(tx: &mut Tx, names: &[String]) -> Result<()> {
    sqlx::query!("INSERT INTO metrics.service_name (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", names)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The routes of a workflow, in order.
pub(crate) async fn workflow(store: impl PgExecutor<'_>, id: &WorkflowId) -> Result<Option<Vec<RouteId>>> {
    let routes = sqlx::query_scalar!(
        r#"SELECT routes AS "routes: Vec<RouteId>" FROM metrics.workflow WHERE id = $1"#,
        id.as_str()
    );
    Ok(routes.fetch_optional(store).await?)
}

/// Whether a route was heard of.
pub(crate) async fn has_route(store: impl PgExecutor<'_>, id: &RouteId) -> Result<bool> {
    let found =
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM metrics.route WHERE id = $1) AS "found!""#, id.as_str());
    Ok(found.fetch_one(store).await?)
}

/// Whether a team was heard of.
pub(crate) async fn has_team(store: impl PgExecutor<'_>, id: &TeamId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM metrics.team_calendar WHERE team_id = $1) AS "found!""#,
        id.as_str()
    );
    Ok(found.fetch_one(store).await?)
}
