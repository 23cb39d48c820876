//! Bringing a whole map in: decided in memory, written at once.

use chassis::{Aggregate, Tx};
use kernel::{Actor, Result};

use crate::{
    domain::{
        Refused, Route, Team, Workflow,
        map::{self, Document, Map, Plan, Planned, Templates},
        route, team, workflow,
    },
    store,
};

/// A text's map brought in, whole or not at all. `templates` are those that were looked up for it; where terms name another one by
/// now, the map has moved.
pub(crate) async fn import(tx: &mut Tx, by: &Actor, document: &Document, templates: &Templates) -> Result<Plan> {
    map::must_be_admin(by)?;
    // Locked before they are read; teams, then routes, then workflows, each by id: two imports never wait for each other.
    store::team::lock_many(tx, &document.teams.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>()).await?;
    store::route::lock_many(tx, &document.routes.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>()).await?;
    store::workflow::lock_many(tx, &document.workflows.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>())
        .await?;
    let stands = stored(tx).await?;
    let plan = map::plan(by, &stands, document, Some(templates), tx.now())?;
    if plan.templates.iter().any(|choice| !templates.contains_key(choice)) {
        return Err(Refused::MapMoved.into());
    }
    teams(tx, by, plan.teams.clone()).await?;
    routes(tx, by, plan.routes.clone()).await?;
    workflows(tx, by, plan.workflows.clone()).await?;
    Ok(plan)
}

/// The map as it is stored. Who refers to something is read before it, and nothing is ever deleted: so all that is referred to
/// is there.
pub(crate) async fn stored(tx: &mut Tx) -> Result<Map> {
    let workflows = store::workflow::all(tx.connection()).await?;
    let routes = store::route::all(tx.connection()).await?;
    let teams = store::team::all(tx.connection()).await?;
    Ok(Map::new(teams, routes, workflows))
}

async fn teams(tx: &mut Tx, by: &Actor, planned: Vec<Planned<Team, team::Fact>>) -> Result<()> {
    let (new, changed) = said(tx, by, planned)?;
    if !new.is_empty() {
        store::team::insert(tx, &new.iter().map(|(team, _)| team).collect::<Vec<_>>()).await?;
    }
    if !changed.is_empty() {
        store::team::save(tx, &changed.iter().map(|(team, _)| team).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

async fn routes(tx: &mut Tx, by: &Actor, planned: Vec<Planned<Route, route::Fact>>) -> Result<()> {
    let (new, changed) = said(tx, by, planned)?;
    if !new.is_empty() {
        store::route::insert(tx, &new.iter().map(|(route, _)| route).collect::<Vec<_>>()).await?;
    }
    let all: Vec<_> = new.iter().chain(&changed).map(|(route, facts)| (route, facts.clone())).collect();
    super::route::write_beside(tx, &all).await?;
    if !changed.is_empty() {
        store::route::save(tx, &changed.iter().map(|(route, _)| route).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

async fn workflows(tx: &mut Tx, by: &Actor, planned: Vec<Planned<Workflow, workflow::Fact>>) -> Result<()> {
    let (new, changed) = said(tx, by, planned)?;
    if !new.is_empty() {
        store::workflow::insert(tx, &new.iter().map(|(workflow, _)| workflow).collect::<Vec<_>>()).await?;
    }
    if !changed.is_empty() {
        store::workflow::save(tx, &changed.iter().map(|(workflow, _)| workflow).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Things with all that happened to them.
type Told<T> = Vec<(T, Vec<<T as Aggregate>::Fact>)>;

/// Says each step as it was right after it; answers how the new and the changed ones stand at the end, with all their facts.
fn said<T: Aggregate>(tx: &mut Tx, by: &Actor, planned: Vec<Planned<T, T::Fact>>) -> Result<(Told<T>, Told<T>)> {
    let (mut new, mut changed) = (vec![], vec![]);
    for Planned { is_new, steps } in planned {
        let (mut head, mut last, mut all) = (None, None, vec![]);
        for (mut thing, facts) in steps {
            if let Some(head) = head {
                *thing.head_mut() = head;
            }
            tx.emit(&mut thing, by, &facts)?;
            head = Some(*thing.head_mut());
            all.extend(facts);
            last = Some(thing);
        }
        let list = if is_new { &mut new } else { &mut changed };
        list.extend(last.map(|thing| (thing, all)));
    }
    Ok((new, changed))
}
