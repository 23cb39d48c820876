//! Workflows' rows.

use chassis::Tx;
use kernel::{Error, Result, Timestamp};
use sqlx::PgExecutor;

use super::{constraint, head};
use crate::domain::{RouteId, Workflow, WorkflowId};

struct Row {
    id: WorkflowId,
    name: String,
    routes: Vec<RouteId>,
    created_at: Timestamp,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl Row {
    fn into_workflow(self) -> Result<Workflow> {
        Ok(Workflow {
            head: head(self.revision, &self.head_hash, self.head_at)?,
            id: self.id,
            name: self.name,
            routes: self.routes,
            created_at: self.created_at,
        })
    }
}

/// Workflows, by what follows `FROM`.
macro_rules! workflows {
    ($where:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            SELECT id AS "id: WorkflowId", name, routes AS "routes: Vec<RouteId>", created_at AS "created_at: Timestamp",
                   revision, head_hash, head_at AS "head_at: Timestamp"
            FROM handoff.workflow
            "# + $where,
            $($argument),+
        )
    };
}

/// A workflow.
pub(crate) async fn get(store: impl PgExecutor<'_>, id: &WorkflowId) -> Result<Option<Workflow>> {
    workflows!("WHERE id = $1", id.as_str()).fetch_optional(store).await?.map(Row::into_workflow).transpose()
}

/// A workflow, its row locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &WorkflowId) -> Result<Option<Workflow>> {
    workflows!("WHERE id = $1 FOR NO KEY UPDATE", id.as_str())
        .fetch_optional(tx.connection())
        .await?
        .map(Row::into_workflow)
        .transpose()
}

/// Every workflow.
pub(crate) async fn all(store: impl PgExecutor<'_>) -> Result<Vec<Workflow>> {
    workflows!("WHERE id > $1 ORDER BY id", "").fetch_all(store).await?.into_iter().map(Row::into_workflow).collect()
}

/// Locks the rows of these workflows until the transaction ends, in one order for all.
pub(crate) async fn lock_many(tx: &mut Tx, ids: &[WorkflowId]) -> Result<()> {
    sqlx::query!(
        "SELECT id FROM handoff.workflow WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE",
        ids as &[WorkflowId]
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(())
}

/// Workflows by id after one, over a route or all.
pub(crate) async fn list(
    store: impl PgExecutor<'_>,
    route: Option<&RouteId>,
    after: &str,
    limit: i64,
) -> Result<Vec<Workflow>> {
    workflows!(
        "WHERE id > $1 AND ($2::text IS NULL OR $2 = ANY (routes)) ORDER BY id LIMIT $3",
        after,
        route.map(RouteId::as_str),
        limit
    )
    .fetch_all(store)
    .await?
    .into_iter()
    .map(Row::into_workflow)
    .collect()
}

/// New workflows' rows. Whether an id is taken was asked before; one taken since then is Busy.
pub(crate) async fn insert(tx: &mut Tx, workflows: &[&Workflow]) -> Result<()> {
    // PostgreSQL has no arrays of lists of different lengths: each list goes as one JSON value.
    sqlx::query!(
        "INSERT INTO handoff.workflow (id, name, routes, created_at, revision, head_hash, head_at)
         SELECT n.id, n.name, ARRAY (SELECT jsonb_array_elements_text(n.routes)), n.created_at, n.revision, n.head_hash,
                n.head_at
         FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::bigint[], $6::bytea[], $7::timestamptz[])
              AS n (id, name, routes, created_at, revision, head_hash, head_at)",
        &workflows.iter().map(|workflow| workflow.id.to_string()).collect::<Vec<_>>(),
        &workflows.iter().map(|workflow| workflow.name.clone()).collect::<Vec<_>>(),
        &routes(workflows)?,
        &workflows.iter().map(|workflow| workflow.created_at).collect::<Vec<_>>() as &[Timestamp],
        &workflows.iter().map(|workflow| workflow.head.revision).collect::<Vec<_>>(),
        &workflows.iter().map(|workflow| workflow.head.hash.to_vec()).collect::<Vec<_>>(),
        &workflows.iter().map(|workflow| workflow.head.at).collect::<Vec<_>>() as &[Timestamp],
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match constraint(&error) {
        // Another transaction made it: run again, it is found.
        Some("workflow_pkey") => Error::Busy(error.into()),
        _ => Error::from(error),
    })?;
    Ok(())
}

/// Workflows' rows as they now are.
pub(crate) async fn save(tx: &mut Tx, workflows: &[&Workflow]) -> Result<()> {
    sqlx::query!(
        "UPDATE handoff.workflow w
         SET name = n.name, routes = ARRAY (SELECT jsonb_array_elements_text(n.routes)), revision = n.revision,
             head_hash = n.head_hash, head_at = n.head_at
         FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::bigint[], $5::bytea[], $6::timestamptz[])
              AS n (id, name, routes, revision, head_hash, head_at)
         WHERE w.id = n.id",
        &workflows.iter().map(|workflow| workflow.id.to_string()).collect::<Vec<_>>(),
        &workflows.iter().map(|workflow| workflow.name.clone()).collect::<Vec<_>>(),
        &routes(workflows)?,
        &workflows.iter().map(|workflow| workflow.head.revision).collect::<Vec<_>>(),
        &workflows.iter().map(|workflow| workflow.head.hash.to_vec()).collect::<Vec<_>>(),
        &workflows.iter().map(|workflow| workflow.head.at).collect::<Vec<_>>() as &[Timestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn routes(workflows: &[&Workflow]) -> Result<Vec<serde_json::Value>> {
    workflows
        .iter()
        .map(|workflow| serde_json::to_value(&workflow.routes))
        .collect::<Result<_, _>>()
        .map_err(Error::fault)
}
