//! What is done to workflows.

use chassis::Tx;
use kernel::{Actor, Result};

use crate::{
    domain::{
        Expected, Refused, RouteId, Workflow, WorkflowId,
        workflow::{Create, Edit, must_be_admin},
    },
    store,
};

/// A new workflow.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, create: Create) -> Result<Workflow> {
    must_be_admin(by)?;
    if store::workflow::lock(tx, &create.id).await?.is_some() {
        return Err(Refused::WorkflowExists(create.id).into());
    }
    let routes = store::route::some(tx.connection(), &create.routes).await?;
    let (mut workflow, facts) = Workflow::create(by, create, &routes.iter().collect(), tx.now())?;
    tx.emit(&mut workflow, by, &facts)?;
    store::workflow::insert(tx, &[&workflow]).await?;
    Ok(workflow)
}

/// A workflow changed.
pub(crate) async fn update(
    tx: &mut Tx,
    by: &Actor,
    id: &WorkflowId,
    expected: Expected,
    edits: Vec<Edit>,
) -> Result<Workflow> {
    must_be_admin(by)?;
    let unknown = || Refused::NotFound { kind: "workflow", id: id.to_string() };
    let mut workflow = store::workflow::lock(tx, id).await?.ok_or_else(unknown)?;
    expected.must_match(workflow.head.revision)?;
    let named: Vec<RouteId> =
        edits.iter().flat_map(|edit| if let Edit::Routes(routes) = edit { routes.clone() } else { vec![] }).collect();
    let routes = store::route::some(tx.connection(), &named).await?;
    let facts = workflow.update(by, edits, &routes.iter().collect())?;
    if !facts.is_empty() {
        tx.emit(&mut workflow, by, &facts)?;
        store::workflow::save(tx, &[&workflow]).await?;
    }
    Ok(workflow)
}
