//! What figures suggest, what is to be looked at, and what was decided.

use chassis::Tx;
use kernel::{Actor, Head, Result};

use crate::{
    domain::{
        Refused, RouteId,
        improvement::{Decision, Fact, Improvement, ImprovementId},
        suggestion::{Finding, State, Suggestion},
    },
    store::{self, suggestion::ToLook},
};

/// Keeps what was found on a route, and says what is new; false where another one has seen more meanwhile.
pub(crate) async fn look(tx: &mut Tx, to_look: &ToLook, findings: &[Finding]) -> Result<bool> {
    let Some(route) = store::improvement::lock_route(tx, &to_look.id).await? else { return Ok(false) };
    if !store::suggestion::looked(tx, to_look).await? {
        return Ok(false);
    }
    let now = tx.now();
    let mut kept = store::suggestion::lock(tx, &route.id).await?;
    let reviewed = store::improvement::reviewed(tx, &route.id).await?;
    for finding in findings {
        let id = Suggestion::id_of(&route.id, finding);
        let (mut suggestion, is_news) = match kept.remove(&id) {
            Some(mut known) => {
                let is_reviewed = known.improvement_id.is_some_and(|it| reviewed.contains(&it));
                let is_news = known.found(finding.clone(), is_reviewed, now);
                (known, is_news)
            }
            None => {
                let new = Suggestion {
                    head: Head::default(),
                    id,
                    route_id: route.id.clone(),
                    from_team: route.from_team.clone(),
                    to_team: route.to_team.clone(),
                    finding: finding.clone(),
                    raised_at: now,
                    looked_at: now,
                    state: State::Open,
                    improvement_id: None,
                };
                (new, true)
            }
        };
        if is_news {
            tx.emit(&mut suggestion, &Actor::System, &[()])?;
        }
        store::suggestion::save(tx, &suggestion).await?;
    }
    for mut suggestion in kept.into_values().filter(|it| it.state == State::Open) {
        suggestion.not_found(now);
        store::suggestion::save(tx, &suggestion).await?;
    }
    Ok(true)
}

/// Says which routes and improvements are to be looked at, each once; returns of how many.
pub(crate) async fn reviews(tx: &mut Tx) -> Result<usize> {
    let routes = store::improvement::due_routes(tx).await?;
    let improvements = store::improvement::due(tx).await?;
    let count = routes.len() + improvements.len();
    for (mut route, due_at) in routes {
        route.review_due_at = Some(due_at);
        tx.emit(&mut route, &Actor::System, &[()])?;
        store::improvement::save_route(tx, &route, None).await?;
    }
    for mut improvement in improvements {
        improvement.review_due_at = Some(tx.now());
        tx.emit(&mut improvement, &Actor::System, &[Fact::ReviewDue])?;
        store::improvement::save_due(tx, &improvement).await?;
    }
    Ok(count)
}

/// Records what was decided about a route: closes its suggestion, and every review of the route that is due.
pub(crate) async fn record(tx: &mut Tx, by: &Actor, route: &RouteId, decision: Decision) -> Result<Improvement> {
    let found = store::improvement::lock_route(tx, route).await?;
    let mut route = found.ok_or_else(|| Refused::RouteNotFound(route.clone()))?;
    let id: ImprovementId = tx.new_id().into();
    let mut improvement = Improvement::record(by, id, &route, decision, tx.now())?;
    if let Some(suggestion_id) = improvement.decision.suggestion_id {
        let found = store::suggestion::lock(tx, &route.id).await?.remove(&suggestion_id);
        let mut suggestion = found.ok_or(Refused::SuggestionNotFound(suggestion_id))?;
        if suggestion.state == State::Closed {
            return Err(Refused::SuggestionClosed(suggestion_id).into());
        }
        (suggestion.state, suggestion.improvement_id) = (State::Closed, Some(id));
        store::suggestion::save(tx, &suggestion).await?;
    }
    store::improvement::review(tx, &route.id).await?;
    tx.emit(&mut improvement, by, &[Fact::Recorded])?;
    store::improvement::insert(tx, &improvement).await?;
    route.review_due_at = None;
    let now = tx.now();
    store::improvement::save_route(tx, &route, Some(now)).await?;
    store::suggestion::mark(tx, &[route.id.to_string()]).await?;
    Ok(improvement)
}
