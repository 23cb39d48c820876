//! What is done to routes.

use chassis::Tx;
use kernel::{Actor, Result};

use crate::{
    domain::{
        Expected, Refused, Route, RouteId, TeamId,
        route::{Create, Edit, Fact, SetTerms, of_pair},
    },
    store,
};

/// A new route.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, create: Create) -> Result<Route> {
    let (mut route, facts) = Route::create(by, create, tx.now())?;
    if !store::route::taken(tx, std::slice::from_ref(&route.id)).await?.is_empty() {
        return Err(Refused::RouteExists(route.id).into());
    }
    tx.emit(&mut route, by, &facts)?;
    store::route::insert(tx, &[&route]).await?;
    Ok(route)
}

/// A route of a pair that is used and that nobody has mapped, under the first of its names that is free.
pub(super) async fn discover(tx: &mut Tx, by: &Actor, from: &TeamId, to: &TeamId) -> Result<Route> {
    const NAMES: usize = 20;
    let names: Vec<_> = RouteId::of_pair(from, to).take(NAMES).collect();
    let taken = store::route::taken(tx, &names).await?;
    // Looked for again once the names are read: a name that another discovery of the pair has just taken is its route.
    if let Some(route) = of_pair(store::route::of_pair(tx.connection(), from, to).await?)? {
        return Ok(route);
    }
    let id = names.into_iter().find(|name| !taken.contains(name)).ok_or_else(|| {
        Refused::RouteExists(RouteId::of_pair(from, to).next().expect("the names of a pair are endless"))
    })?;
    let (mut route, facts) = Route::discover(by, id, from.clone(), to.clone(), tx.now())?;
    tx.emit(&mut route, by, &facts)?;
    store::route::insert(tx, &[&route]).await?;
    Ok(route)
}

/// A route's description changed.
pub(crate) async fn update(
    tx: &mut Tx,
    by: &Actor,
    id: &RouteId,
    expected: Expected,
    edits: Vec<Edit>,
) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    expected.must_match(route.head.revision)?;
    let facts = route.update(by, edits)?;
    say(tx, by, route, &facts).await
}

/// A route retired.
pub(crate) async fn retire(tx: &mut Tx, by: &Actor, id: &RouteId) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    let facts = route.retire(by)?;
    say(tx, by, route, &facts).await
}

/// Terms set.
pub(crate) async fn set_terms(
    tx: &mut Tx,
    by: &Actor,
    id: &RouteId,
    expected: Expected,
    terms: SetTerms,
) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    expected.must_match(route.head.revision)?;
    let facts = route.set_terms(by, terms, tx.now())?;
    if let (Some(terms), false) = (&route.terms, facts.is_empty()) {
        store::route::add_terms(tx, id, terms).await?;
    }
    say(tx, by, route, &facts).await
}

async fn lock(tx: &mut Tx, id: &RouteId) -> Result<Route> {
    let unknown = || Refused::NotFound { kind: "route", id: id.to_string() };
    Ok(store::route::lock(tx, id).await?.ok_or_else(unknown)?)
}

async fn say(tx: &mut Tx, by: &Actor, mut route: Route, facts: &[Fact]) -> Result<Route> {
    if !facts.is_empty() {
        tx.emit(&mut route, by, facts)?;
        store::route::save(tx, &route).await?;
    }
    Ok(route)
}
