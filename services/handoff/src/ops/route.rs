//! What is done to routes.

use chassis::Tx;
use kernel::{Actor, Result};

use crate::{
    domain::{
        Expected, Refused, Route, RouteId, TeamId,
        route::{Create, Edit, End, Fact, Proposal, ProposalId, ProposalState, Propose, SetTerms, of_pair},
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

/// A discovered route made an active one.
pub(crate) async fn promote(tx: &mut Tx, by: &Actor, id: &RouteId, expected: Expected) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    expected.must_match(route.head.revision)?;
    let facts = route.promote(by)?;
    say(tx, by, route, &facts).await
}

/// A route retired.
pub(crate) async fn retire(tx: &mut Tx, by: &Actor, id: &RouteId) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    let facts = route.retire(by, tx.now())?;
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
    say(tx, by, route, &facts).await
}

/// Terms proposed.
pub(crate) async fn propose_terms(
    tx: &mut Tx,
    by: &Actor,
    id: &RouteId,
    expected: Expected,
    propose: Propose,
) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    expected.must_match(route.head.revision)?;
    let facts = route.propose_terms(by, ProposalId::from(tx.new_id()), propose, tx.now())?;
    say(tx, by, route, &facts).await
}

/// What a side does with proposed terms.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decide {
    /// The other side agrees.
    Agree,
    /// The other side declines.
    Decline,
    /// Their own side takes them back.
    Withdraw,
}

/// Proposed terms decided on.
pub(crate) async fn decide_terms(
    tx: &mut Tx,
    by: &Actor,
    decide: Decide,
    (id, expected): (&RouteId, Expected),
    (proposal, reason): (ProposalId, String),
) -> Result<Route> {
    let mut route = lock(tx, id).await?;
    expected.must_match(route.head.revision)?;
    let now = tx.now();
    let facts = match decide {
        Decide::Agree => route.agree_terms(by, proposal, now)?,
        Decide::Decline => route.decline_terms(by, proposal, reason, now)?,
        Decide::Withdraw => route.withdraw_terms(by, proposal, reason, now)?,
    };
    say(tx, by, route, &facts).await
}

async fn lock(tx: &mut Tx, id: &RouteId) -> Result<Route> {
    let unknown = || Refused::NotFound { kind: "route", id: id.to_string() };
    Ok(store::route::lock(tx, id).await?.ok_or_else(unknown)?)
}

async fn say(tx: &mut Tx, by: &Actor, mut route: Route, facts: &[Fact]) -> Result<Route> {
    if !facts.is_empty() {
        tx.emit(&mut route, by, facts)?;
        write_beside(tx, &[(&route, facts.to_vec())]).await?;
        store::route::save(tx, &[&route]).await?;
    }
    Ok(route)
}

/// Writes what routes have beside their own rows, as these facts say it: versions of terms, proposals and how they ended.
pub(super) async fn write_beside(tx: &mut Tx, changed: &[(&Route, Vec<Fact>)]) -> Result<()> {
    let (mut terms, mut proposed, mut ended) = (vec![], vec![], vec![]);
    for (route, facts) in changed {
        for fact in facts {
            if let (Fact::TermsSet { .. } | Fact::TermsAgreed, Some(set)) = (fact, &route.terms) {
                terms.push((&route.id, set));
            }
            match (fact, &route.proposal) {
                (Fact::TermsProposed { replaced }, Some(proposal)) => {
                    let (by, at) = (proposal.proposed_by.clone(), proposal.proposed_at);
                    let end = End { by, at, reason: String::new() };
                    ended.extend(replaced.map(|replaced| (replaced, ProposalState::Replaced, end)));
                    proposed.push((&route.id, proposal));
                }
                (
                    Fact::TermsAgreed
                    | Fact::TermsDeclined
                    | Fact::TermsSet { lapsed: Some(_) }
                    | Fact::Retired { lapsed: Some(_) },
                    Some(Proposal { id, state, end: Some(end), .. }),
                ) => ended.push((*id, *state, end.clone())),
                _ => {}
            }
        }
    }
    if !terms.is_empty() {
        store::route::add_terms(tx, &terms).await?;
    }
    if !ended.is_empty() {
        let ended: Vec<_> = ended.iter().map(|(id, state, end)| (*id, *state, end)).collect();
        store::route::end_proposals(tx, &ended).await?;
    }
    for (route, proposal) in proposed {
        store::route::add_proposal(tx, route, proposal).await?;
    }
    Ok(())
}
