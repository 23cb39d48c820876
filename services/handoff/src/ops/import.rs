//! Bringing history in: a batch of records, decided in memory, written at once.

use std::collections::{BTreeMap, BTreeSet};

use chassis::{Context, Tx, log};
use kernel::{Actor, Error, Result, Timestamp};

use crate::{
    domain::{
        Fact, Handoff, HandoffId, Origin, Pin, Refused, Route, RouteId, Team, TeamId,
        handoff::Binding,
        history::{Kind, Known, Past, Record, must_be_importer},
        route,
    },
    events::Said,
    store::{self, handoff::Changed},
};

/// So many violations of a record are told.
const VIOLATIONS_TOLD: usize = 5;

/// What became of some records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) created: i64,
    pub(crate) extended: i64,
    pub(crate) unchanged: i64,
    /// Events of records written as facts, beside those that create teams, routes and handoffs.
    pub(crate) facts: i64,
    pub(crate) teams_created: i64,
    pub(crate) routes_discovered: i64,
    pub(crate) refusals: Vec<Refusal>,
}

/// A record of which nothing was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) index: i64,
    pub(crate) reason: String,
    pub(crate) message: String,
}

impl Refusal {
    /// As the record's sender reads it: of a malformed record what is wrong with it, not only that it is.
    pub(crate) fn of(index: i64, refusal: kernel::Refusal) -> Self {
        let violations = refusal.violations.iter().take(VIOLATIONS_TOLD);
        let mut told: Vec<_> = violations.map(|wrong| format!("{} {}", wrong.field, wrong.description)).collect();
        if refusal.violations.len() > VIOLATIONS_TOLD {
            told.push(format!("and {} more", refusal.violations.len() - VIOLATIONS_TOLD));
        }
        let message = if told.is_empty() { refusal.message } else { told.join("; ") };
        Self { index, reason: refusal.reason.to_owned(), message }
    }
}

impl Outcome {
    pub(crate) fn add(&mut self, other: Self) {
        self.created += other.created;
        self.extended += other.extended;
        self.unchanged += other.unchanged;
        self.facts += other.facts;
        self.teams_created += other.teams_created;
        self.routes_discovered += other.routes_discovered;
        self.refusals.extend(other.refusals);
    }
}

/// Imports records of different origins, each with its index in the stream, in one transaction. Where a record poisons the
/// batch, each gets a transaction of its own, so that it takes no other with it.
pub(crate) async fn import(context: &Context, by: &Actor, records: Vec<(i64, Record)>) -> Result<Outcome> {
    match import_batch(context, by, &records).await {
        Err(Error::Fault(_) | Error::Refused(_)) => {}
        outcome => return outcome,
    }
    let mut outcome = Outcome::default();
    for record in records {
        let index = record.0;
        match import_batch(context, by, std::slice::from_ref(&record)).await {
            Ok(one) => outcome.add(one),
            Err(Error::Refused(refusal)) => outcome.refusals.push(Refusal::of(index, *refusal)),
            Err(Error::Fault(source)) => {
                tracing::error!(index, %source, "a record could not be imported");
                let message = "the record could not be stored; the service's log says why".to_owned();
                outcome.refusals.push(Refusal { index, reason: "DEFECT".to_owned(), message });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcome)
}

async fn import_batch(context: &Context, by: &Actor, records: &[(i64, Record)]) -> Result<Outcome> {
    context.transact("", &(by, records), |tx, (by, records)| Box::pin(batch(tx, by, records))).await
}

async fn batch(tx: &mut Tx, by: &Actor, records: &[(i64, Record)]) -> Result<Outcome> {
    must_be_importer(by)?;
    let mut world = World::around(tx, by, records).await?;
    let mut outcome = Outcome::default();
    let mut plans = vec![];
    for (index, record) in records {
        match world.plan(tx, by, record) {
            Ok(Plan { is_new: false, events, .. }) if events == record.events.len() => outcome.unchanged += 1,
            Ok(plan) => plans.push((record, plan)),
            Err(refused) => outcome.refusals.push(Refusal::of(*index, refused.into())),
        }
    }
    world.make_teams_and_routes(tx, by, &plans, &mut outcome).await?;
    let mut changed = vec![];
    for (record, plan) in plans {
        let (handoff, facts) = relive(tx, record, plan, &mut outcome)?;
        changed.push((handoff, facts));
    }
    if !changed.is_empty() {
        let rows: Vec<_> = changed.iter().map(|(handoff, facts)| Changed::by(handoff, facts)).collect();
        store::handoff::save(tx, &rows).await?;
    }
    Ok(outcome)
}

/// How a record is to be written: onto which handoff, from which event on.
struct Plan {
    handoff: Handoff,
    created: Option<Fact>,
    is_new: bool,
    /// So many events are stored already.
    events: usize,
    pair: (TeamId, TeamId),
}

/// What the records of a batch are about, as it is stored.
struct World {
    known: BTreeMap<Origin, (Handoff, Vec<Past>)>,
    teams: BTreeSet<TeamId>,
    routes: BTreeMap<(TeamId, TeamId), Route>,
    discovered: BTreeMap<(TeamId, TeamId), (Route, Vec<route::Fact>)>,
    empty: std::sync::Arc<criteria::Criteria>,
    now: Timestamp,
}

impl World {
    async fn around(tx: &mut Tx, by: &Actor, records: &[(i64, Record)]) -> Result<Self> {
        let origins: Vec<_> = records.iter().map(|(_, record)| &record.origin).collect();
        // Also those that the importer may not know of: an origin has one handoff, seen or not.
        let stored = store::handoff::lock_by_origin(tx, &Actor::System, &origins).await?;
        let mut pasts = pasts(tx, &stored).await?;
        let known = stored
            .into_iter()
            .filter_map(|handoff| {
                let past = pasts.remove(&format!("handoff/{}", handoff.id)).unwrap_or_default();
                Some((handoff.origin.clone()?, (handoff, past)))
            })
            .collect();
        let pairs: BTreeSet<_> =
            records.iter().map(|(_, record)| (record.from_team.clone(), record.to_team.clone())).collect();
        let (from, to): (Vec<_>, Vec<_>) = pairs.iter().cloned().unzip();
        let teams: Vec<_> = from.iter().chain(&to).cloned().collect();
        let teams = store::team::present(tx, &teams).await?.into_iter().collect();
        let mut of_pair: BTreeMap<_, Vec<Route>> = BTreeMap::new();
        for route in store::route::of_pairs(tx.connection(), &from, &to).await? {
            of_pair.entry((route.from_team.clone(), route.to_team.clone())).or_default().push(route);
        }
        let routes: BTreeMap<_, _> =
            of_pair.into_iter().filter_map(|(pair, routes)| Some((pair, route::of_past(routes)?))).collect();
        let unmapped = pairs.into_iter().filter(|pair| !routes.contains_key(pair)).collect();
        let discovered = discover(tx, by, unmapped).await?;
        let empty = store::template::criteria(tx.connection(), Pin::empty().content_hash).await?;
        Ok(Self { known, teams, routes, discovered, empty, now: tx.now() })
    }

    /// Decides on a record in memory.
    fn plan(&self, tx: &Tx, by: &Actor, record: &Record) -> Result<Plan, Refused> {
        let pair = (record.from_team.clone(), record.to_team.clone());
        let plan = match self.known.get(&record.origin) {
            Some((handoff, past)) => {
                if !handoff.visible_to(by) {
                    return Err(Refused::OriginTaken(record.origin.clone()));
                }
                let events = match record.compare(handoff, past)? {
                    Known::Whole => record.events.len(),
                    Known::Until(events) => events,
                };
                Plan { handoff: handoff.clone(), created: None, is_new: false, events, pair }
            }
            None => {
                let discovered = self.discovered.get(&pair).map(|(route, _)| route);
                let route = self.routes.get(&pair).or(discovered).ok_or_else(|| own_route(&pair))?;
                let id = HandoffId::from(tx.new_id());
                let (handoff, created) =
                    Handoff::from_history(id, Binding::to_past(route, self.empty.clone()), record)?;
                Plan { handoff, created: Some(created), is_new: true, events: 0, pair }
            }
        };
        let mut after = plan.handoff.clone();
        for (index, event) in record.events.iter().enumerate().skip(plan.events) {
            after.relive(index, event, self.now)?;
        }
        after.must_fit()?;
        Ok(plan)
    }

    /// Makes the teams and routes that the planned records need and nobody has made.
    async fn make_teams_and_routes(
        &mut self,
        tx: &mut Tx,
        by: &Actor,
        plans: &[(&Record, Plan)],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let pairs: BTreeSet<_> = plans.iter().filter(|(_, plan)| plan.is_new).map(|(_, plan)| &plan.pair).collect();
        let named = plans.iter().filter(|(_, plan)| plan.is_new).flat_map(|(record, plan)| {
            let (from, to) = &plan.pair;
            [from, to].into_iter().zip(&record.team_names)
        });
        let missing: BTreeMap<_, _> = named.filter(|(team, _)| !self.teams.contains(*team)).collect();
        let mut teams = vec![];
        for (id, name) in missing {
            let (mut team, facts) = Team::from_history(by, id.clone(), name.clone(), self.now)?;
            tx.emit(&mut team, by, &facts)?;
            teams.push(team);
        }
        let mut routes = vec![];
        for pair in pairs {
            if let Some((mut route, facts)) = self.discovered.remove(pair) {
                tx.emit(&mut route, by, &facts)?;
                routes.push(route);
            }
        }
        if !teams.is_empty() {
            store::team::insert(tx, &teams.iter().collect::<Vec<_>>()).await?;
        }
        if !routes.is_empty() {
            store::route::insert(tx, &routes.iter().collect::<Vec<_>>()).await?;
        }
        outcome.teams_created += count(teams.len());
        outcome.routes_discovered += count(routes.len());
        Ok(())
    }
}

/// Makes a planned record happen, and says it.
fn relive(tx: &mut Tx, record: &Record, plan: Plan, outcome: &mut Outcome) -> Result<(Handoff, Vec<Fact>)> {
    let Plan { mut handoff, created, is_new, events, .. } = plan;
    let mut facts = vec![];
    if let (Some(created), Some(first)) = (created, record.events.first()) {
        let actor = first.actor.as_deref().unwrap_or_default();
        tx.emit_historic(&mut handoff, actor, first.at, &Said::of(created.clone()))?;
        facts.push(created);
    }
    for (index, event) in record.events.iter().enumerate().skip(events) {
        let actor = event.actor.as_deref().unwrap_or_default();
        for fact in handoff.relive(index, event, tx.now())? {
            tx.emit_historic(&mut handoff, actor, event.at, &Said::of(fact.clone()))?;
            facts.push(fact);
        }
    }
    outcome.facts += count(record.events.len() - events);
    if is_new {
        outcome.created += 1;
    } else {
        outcome.extended += 1;
    }
    Ok((handoff, facts))
}

/// The stored history of each handoff, as far as a record can tell of it, by the aggregate's name.
async fn pasts(tx: &mut Tx, handoffs: &[Handoff]) -> Result<BTreeMap<String, Vec<Past>>> {
    let names: Vec<_> = handoffs.iter().map(|handoff| format!("handoff/{}", handoff.id)).collect();
    let mut pasts: BTreeMap<String, Vec<Past>> = BTreeMap::new();
    if names.is_empty() {
        return Ok(pasts);
    }
    for outline in log::outlines(tx.connection(), &names).await? {
        let name = outline.r#type.rsplit('.').next().unwrap_or_default();
        if let Some(kind) = Kind::of_fact(name) {
            let past = Past { kind, at: outline.occurred_at, by: outline.actor };
            pasts.entry(outline.aggregate).or_default().push(past);
        }
    }
    Ok(pasts)
}

/// A route for each pair that has none, under the first of its names that is free; made only if a record comes to use it.
async fn discover(
    tx: &mut Tx,
    by: &Actor,
    pairs: Vec<(TeamId, TeamId)>,
) -> Result<BTreeMap<(TeamId, TeamId), (Route, Vec<route::Fact>)>> {
    const NAMES: usize = 20;
    let candidates: Vec<_> = pairs.iter().flat_map(|(from, to)| RouteId::of_pair(from, to).take(NAMES)).collect();
    let mut taken: BTreeSet<_> = store::route::taken(tx, &candidates).await?.into_iter().collect();
    // Looked for again once the names are read: a name that another discovery of the pair has just taken is its route.
    let (from, to): (Vec<_>, Vec<_>) = pairs.iter().cloned().unzip();
    if !store::route::of_pairs(tx.connection(), &from, &to).await?.is_empty() {
        return Err(Error::Busy("a route was made beside this import".into()));
    }
    let mut discovered = BTreeMap::new();
    for (from, to) in pairs {
        if from == to {
            continue;
        }
        let free = RouteId::of_pair(&from, &to).take(NAMES).find(|name| !taken.contains(name));
        let Some(id) = free else { continue };
        taken.insert(id.clone());
        discovered.insert((from.clone(), to.clone()), Route::discover(by, id, from, to, tx.now())?);
    }
    Ok(discovered)
}

/// Why a pair has no route and can get none.
fn own_route((from, to): &(TeamId, TeamId)) -> Refused {
    if from == to {
        let description = "a route leads to another team than it comes from".to_owned();
        return Refused::Invalid(vec![kernel::Violation { field: "record.to_team".to_owned(), description }]);
    }
    Refused::RouteExists(RouteId::of_pair(from, to).next().expect("the names of a pair are endless"))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).expect("a batch is small")
}
