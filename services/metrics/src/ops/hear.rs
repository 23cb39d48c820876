//! Taking in what the other services say.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use chassis::Tx;
use kernel::{Error, Result, Timestamp};

use crate::{
    domain::{
        Day, HandoffId, Story, Sums, TeamId,
        heard::{About, ClockTold, Heard, News, Tie, Told, What},
        measure, story,
        sums::Cohort,
    },
    store::{self, Generation, book::Shelf, handoff::Kept},
};

/// What was taken in: the facts of handoffs that were new, for whoever acts on them.
pub(crate) type New = Vec<(Heard, Box<Told>)>;

/// Takes facts in, in order: those of references first, then each handoff's own and its clocks'. What was taken in before changes
/// nothing; a fact that does not follow the one before it is a fault.
pub(crate) async fn take_in(tx: &mut Tx, shelf: &Shelf, generation: Generation, heard: Vec<Heard>) -> Result<New> {
    let mut of_handoffs = vec![];
    for one in heard {
        if let Some(one) = refer(tx, generation, one).await? {
            of_handoffs.push(one);
        }
    }
    if of_handoffs.is_empty() {
        return Ok(vec![]);
    }
    let aggregates: Vec<String> = of_handoffs.iter().map(|heard| heard.aggregate.clone()).collect();
    let given_up = store::handoff::given_up(tx, &aggregates).await?;
    let ids: BTreeSet<HandoffId> = of_handoffs.iter().filter_map(handoff_of).collect();
    let ids: Vec<HandoffId> = ids.into_iter().collect();
    let mut batch = Batch { kept: store::handoff::load(tx, generation, &ids).await?, ..Batch::default() };
    for one in of_handoffs {
        batch.hear(one, &given_up)?;
    }
    batch.kept.retain(|id, _| batch.changed.contains(id));
    let services: Vec<String> = batch.services.iter().cloned().collect();
    if !services.is_empty() {
        store::map::save_services(tx, &services).await?;
    }
    let routes: BTreeSet<String> = batch.kept.values().map(|kept| kept.story.about.route_id.to_string()).collect();
    save(tx, shelf, generation, batch.kept).await?;
    if !routes.is_empty() {
        store::suggestion::mark(tx, &routes.into_iter().collect::<Vec<_>>()).await?;
    }
    if !batch.ties.is_empty() {
        store::thread::tie(tx, generation, &batch.ties).await?;
    }
    Ok(batch.new)
}

/// Measures some handoffs anew that a calendar has changed for; returns of how many.
pub(crate) async fn measure_stale(tx: &mut Tx, shelf: &Shelf, generation: Generation) -> Result<usize> {
    const BATCH: i64 = 200;
    let stale = store::handoff::stale(tx, generation, BATCH).await?;
    let count = stale.len();
    if count > 0 {
        save(tx, shelf, generation, stale).await?;
    }
    Ok(count)
}

/// Facts of an aggregate that were put aside are never taken in, by a rebuild neither.
pub(crate) async fn give_up(tx: &mut Tx, aggregate: &str, places: &RangeInclusive<i64>) -> Result<()> {
    store::handoff::give_up(tx, aggregate, *places.start(), *places.end()).await
}

/// Takes in what is said of teams, routes, calendars and templates; answers what is said of a handoff.
async fn refer(tx: &mut Tx, generation: Generation, heard: Heard) -> Result<Option<Heard>> {
    let stale = match &heard.news {
        News::Handoff(_) | News::Clock(_) => return Ok(Some(heard)),
        News::Team { id, calendar } => {
            let since = store::book::save_team(tx.connection(), id, calendar.as_ref(), heard.at).await?;
            since.map(|since| (vec![id.to_string()], since))
        }
        News::Calendar { id, version, since, spec } => {
            let news = store::book::save_calendar(tx.connection(), id, *version, *since, spec).await?;
            match news {
                Some(since) => Some((store::book::teams_of(tx.connection(), id).await?, since)),
                None => None,
            }
        }
        News::Route(route) => {
            store::map::save_route(tx, route, heard.sequence).await?;
            store::suggestion::mark(tx, &[route.id.to_string()]).await?;
            None
        }
        News::Terms { route, terms } => {
            store::map::save_terms(tx, route, terms, heard.sequence).await?;
            store::suggestion::mark(tx, &[route.to_string()]).await?;
            None
        }
        News::RouteRetired(route) => {
            store::map::retire_route(tx, route, heard.sequence).await?;
            store::suggestion::mark(tx, &[route.to_string()]).await?;
            None
        }
        News::Workflow { id, routes } => {
            store::map::save_workflow(tx, id, routes, heard.sequence).await?;
            None
        }
        News::Template { id, version, criteria } => {
            store::map::save_template(tx, id, *version, criteria).await?;
            store::suggestion::mark_template(tx, id).await?;
            None
        }
        News::Nothing => None,
    };
    if let Some((teams, since)) = stale {
        store::handoff::make_stale(tx, generation, &teams, since).await?;
    }
    Ok(None)
}

fn handoff_of(heard: &Heard) -> Option<HandoffId> {
    match &heard.news {
        News::Handoff(told) => Some(told.id),
        News::Clock(told) => Some(told.handoff),
        _ => None,
    }
}

/// Facts that are taken in together, and what they are about.
#[derive(Default)]
struct Batch {
    kept: BTreeMap<HandoffId, Kept>,
    changed: BTreeSet<HandoffId>,
    services: BTreeSet<String>,
    ties: BTreeSet<(String, HandoffId)>,
    new: New,
}

impl Batch {
    fn hear(&mut self, heard: Heard, given_up: &BTreeMap<String, Vec<(i64, i64)>>) -> Result<()> {
        let given_up = given_up.get(&heard.aggregate).map(Vec::as_slice).unwrap_or_default();
        let (at, heard_at) = (heard.at, heard.recorded_at.max(heard.at));
        let id = match &heard.news {
            News::Handoff(told) => told.id,
            News::Clock(told) => told.handoff,
            _ => return Ok(()),
        };
        let kept = self.kept.entry(id).or_insert_with(|| first(id, &heard));
        let revision = match &heard.news {
            News::Clock(_) => &mut kept.clocks_revision,
            _ => &mut kept.revision,
        };
        if !follows(revision, &heard, given_up)? {
            return Ok(());
        }
        kept.last_at = kept.last_at.max(at);
        kept.heard_at = kept.heard_at.max(heard_at);
        self.changed.insert(id);
        match heard.news.clone() {
            News::Handoff(told) => {
                if told.by_service {
                    self.services.insert(told.by.clone());
                }
                self.ties.extend(ties(&told.what).map(|tie| (store::thread::name(tie), id)));
                if let What::Created { ties, .. } = &told.what {
                    // Whatever follows it will be tied to it.
                    let follows = ties.iter().filter_map(|tie| match tie {
                        Tie::Follows(before) => Some((store::thread::name(tie), *before)),
                        Tie::Record(_) => None,
                    });
                    self.ties.extend(follows);
                }
                tell(&mut kept.story, &heard, &told);
                self.new.push((heard, told));
            }
            News::Clock(told) => tell_clock(&mut kept.story, &heard, *told),
            _ => {}
        }
        Ok(())
    }
}

/// Whether a fact is the next; false for one that was taken in before.
fn follows(revision: &mut i64, heard: &Heard, given_up: &[(i64, i64)]) -> Result<bool> {
    if heard.sequence <= *revision {
        return Ok(false);
    }
    while let Some((_, last)) = given_up.iter().find(|(first, _)| *first == *revision + 1) {
        *revision = *last;
    }
    if heard.sequence <= *revision {
        return Ok(false);
    }
    if heard.sequence != *revision + 1 {
        let message = format!("fact {} of {} follows {revision}", heard.sequence, heard.aggregate);
        return Err(Error::fault(message));
    }
    *revision = heard.sequence;
    Ok(true)
}

/// A handoff of which nothing was heard yet.
fn first(id: HandoffId, heard: &Heard) -> Kept {
    let about = match &heard.news {
        News::Handoff(told) => told.about.clone(),
        News::Clock(told) => about_of(told),
        _ => unreachable!("only facts of handoffs and clocks come here"),
    };
    Kept {
        revision: 0,
        clocks_revision: 0,
        story: Story::new(id, about),
        given: vec![],
        lasts: vec![],
        created_at: None,
        first_decided_at: None,
        first_accepted_at: None,
        last_at: heard.at,
        heard_at: heard.recorded_at.max(heard.at),
    }
}

fn about_of(told: &ClockTold) -> About {
    About {
        route_id: told.route_id.clone(),
        from_team: told.from_team.clone(),
        to_team: told.to_team.clone(),
        title: String::new(),
        // Nobody but its teams sees it before its own facts say who may.
        confidential: true,
        upstream_owner: String::new(),
        downstream_owner: String::new(),
    }
}

fn ties(what: &What) -> impl Iterator<Item = &Tie> {
    let (some, one) = match what {
        What::Created { ties, .. } | What::Tied(ties) => (Some(ties), None),
        What::TieAdded(tie) => (None, Some(tie)),
        _ => (None, None),
    };
    some.into_iter().flatten().chain(one)
}

fn tell(story: &mut Story, heard: &Heard, told: &Told) {
    story.about = told.about.clone();
    if told.what == What::Other {
        return;
    }
    story.facts.push(story::Fact {
        sequence: heard.sequence,
        at: heard.at,
        recorded_at: heard.recorded_at,
        historic: heard.historic,
        by: told.by.clone(),
        by_service: told.by_service,
        what: told.what.clone(),
    });
}

fn tell_clock(story: &mut Story, heard: &Heard, told: ClockTold) {
    let mut fact =
        story::ClockFact { sequence: heard.sequence, at: heard.at, recorded_at: heard.recorded_at, state: told.state };
    let clock = story.clocks.entry(told.clock);
    let clock = clock.or_insert_with(|| story::Clock { promise: told.promise, went: vec![] });
    // What ended without being done stays so, though its breach is excused or acknowledged later.
    fact.state.undone |= clock.went.last().is_some_and(|before| before.state.undone);
    clock.went.push(fact);
}

/// Measures handoffs, gives the difference to the sums, and keeps them.
async fn save(
    tx: &mut Tx,
    shelf: &Shelf,
    generation: Generation,
    mut handoffs: BTreeMap<HandoffId, Kept>,
) -> Result<()> {
    if handoffs.is_empty() {
        return Ok(());
    }
    let about = || handoffs.values().map(|kept| &kept.story.about);
    let teams: BTreeSet<TeamId> = about().flat_map(|it| [it.from_team.clone(), it.to_team.clone()]).collect();
    let book = shelf.book(tx.connection(), Some(&teams)).await?;
    let measured: BTreeMap<HandoffId, measure::Measured> =
        handoffs.iter().map(|(id, kept)| (*id, measure(&kept.story, &book))).collect();
    let cohorts: BTreeSet<Cohort> = measured
        .values()
        .flat_map(|it| it.given.keys().map(|(cohort, _)| cohort).chain(it.open.iter().map(|(cohort, _)| cohort)))
        .cloned()
        .collect();
    let ids = if cohorts.is_empty() { BTreeMap::new() } else { store::sums::cohorts(tx, &cohorts).await? };
    let id = |cohort: &Cohort| ids.get(cohort).copied().ok_or_else(|| Error::fault("a cohort without an id"));
    let mut differences = BTreeMap::<(i64, Day), Sums>::new();
    for (handoff, measured) in measured {
        let kept = handoffs.get_mut(&handoff).ok_or_else(|| Error::fault("a handoff that was not asked for"))?;
        for (cohort, day, sums) in std::mem::take(&mut kept.given) {
            differences.entry((cohort, day)).or_default().merge(&sums, -1);
        }
        for ((cohort, day), sums) in measured.given {
            let cohort = id(&cohort)?;
            differences.entry((cohort, day)).or_default().merge(&sums, 1);
            kept.given.push((cohort, day, sums));
        }
        let lasts = measured.open.into_iter().map(|(cohort, open)| Ok((id(&cohort)?, open)));
        kept.lasts = lasts.collect::<Result<_>>()?;
        kept.created_at = created_at(&kept.story);
        kept.first_decided_at = measured.first_decided_at;
        kept.first_accepted_at = measured.first_accepted_at;
    }
    differences.retain(|_, sums| !sums.is_empty());
    if !differences.is_empty() {
        store::sums::add(tx, generation, &differences).await?;
    }
    store::handoff::save(tx, generation, &handoffs).await
}

fn created_at(story: &Story) -> Option<Timestamp> {
    story.facts.first().filter(|fact| matches!(fact.what, What::Created { .. })).map(|fact| fact.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Side,
        story::{CalendarVersion, ClockKind, ClockLife, ClockState, Promise},
    };

    #[test]
    fn a_clock_that_ended_without_being_done_stays_so_when_its_breach_is_excused() {
        let about = |name: &str| name.parse().unwrap();
        let told = |undone, excused| ClockTold {
            handoff: uuid::Uuid::nil().into(),
            route_id: "r".parse().unwrap(),
            from_team: about("a"),
            to_team: about("b"),
            clock: uuid::Uuid::nil().into(),
            promise: Promise {
                kind: ClockKind::Acceptance,
                side: Side::Downstream,
                started_at: Timestamp::EPOCH,
                historic: false,
            },
            state: ClockState {
                life: ClockLife::Late,
                policy: None,
                calendar: CalendarVersion::default(),
                target_micros: 1,
                elapsed_micros: 2,
                due_at: Some(Timestamp::EPOCH),
                ended_at: Some(Timestamp::EPOCH),
                end_cause: "recalled".into(),
                undone,
                breached: true,
                warned: false,
                excused,
            },
        };
        let mut story = Story::new(uuid::Uuid::nil().into(), about_of(&told(true, false)));
        for (sequence, told) in (1..).zip([told(true, false), told(false, true)]) {
            let heard = Heard {
                aggregate: "clocks".into(),
                sequence,
                at: Timestamp::EPOCH,
                recorded_at: Timestamp::EPOCH,
                historic: false,
                news: News::Nothing,
            };
            tell_clock(&mut story, &heard, told);
        }
        let ended =
            story.clocks.values().flat_map(|clock| &clock.went).map(|fact| (fact.state.undone, fact.state.excused));
        assert_eq!(ended.collect::<Vec<_>>(), [(true, false), (true, true)]);
    }
}
