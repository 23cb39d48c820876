//! Taking in what the handoff service says.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use chassis::Tx;
use kernel::{Actor, Error, Result, Timestamp};

use super::say;
use crate::{
    domain::{
        Book, CalendarId, Course, HandoffId, PolicyId, RouteId, Said, TeamId,
        heard::{Fact, Heard, What},
        policy::Kind,
    },
    store::{
        self,
        book::Shelf,
        course::{Changed, Generation},
    },
};

/// Takes facts in, in order: who works by which calendar, which terms name which policy, and what happens to handoffs.
pub(crate) async fn take_in(tx: &mut Tx, shelf: &Shelf, heard: &[Heard]) -> Result<()> {
    store::course::enter(tx).await?;
    let mut batch = Batch::load(tx, shelf, Generation::CURRENT, heard).await?;
    let now = tx.now();
    for one in heard {
        if let Some(fact) = batch.refer(one) {
            let (mut course, said) = batch.hear(fact, now)?;
            tx.caused_by(&format!("handoff/{}", fact.id), fact.revision);
            say(tx, &Actor::System, &mut course, &said, &mut batch.changed)?;
            batch.put(course);
        }
    }
    batch.save(tx).await
}

/// The facts of a handoff are put aside from now on: its clocks do not fire.
pub(crate) async fn park(tx: &mut Tx, id: HandoffId) -> Result<()> {
    store::course::enter(tx).await?;
    store::course::park(tx, id).await
}

/// They are taken in again from now on; those given up never will be, by a rebuild neither.
pub(crate) async fn unpark(tx: &mut Tx, id: HandoffId, given_up: Option<RangeInclusive<i64>>) -> Result<()> {
    store::course::enter(tx).await?;
    store::course::unpark(tx, id).await?;
    match given_up {
        Some(places) => store::course::give_up(tx, id, &places).await,
        None => Ok(()),
    }
}

/// Facts that are taken in together, and what they are about.
pub(super) struct Batch {
    generation: Generation,
    pub(super) book: Book,
    pub(super) changed: Changed,
    teams: BTreeMap<(TeamId, Timestamp), Option<CalendarId>>,
    terms: BTreeMap<(RouteId, i32), Option<PolicyId>>,
    revealed: Vec<(HandoffId, bool)>,
}

impl Batch {
    /// Everything that the facts are about, locked.
    pub(super) async fn load(tx: &mut Tx, shelf: &Shelf, generation: Generation, heard: &[Heard]) -> Result<Self> {
        let (mut handoffs, mut teams, mut routes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for one in heard {
            match one {
                Heard::Handoff(fact) => {
                    handoffs.insert(fact.id);
                    teams.extend([fact.about.from_team.clone(), fact.about.to_team.clone()]);
                    routes.insert(fact.about.route_id.clone());
                }
                Heard::Team { team, .. } => {
                    teams.insert(team.clone());
                }
                Heard::Terms { .. } | Heard::Nothing => {}
            }
        }
        let handoffs: Vec<HandoffId> = handoffs.into_iter().collect();
        let courses = store::course::lock(tx, generation, &handoffs).await?;
        let book = shelf.book(tx.connection(), &teams, &routes).await?;
        let changed = Changed { courses, ..Changed::default() };
        let (teams, terms, revealed) = (BTreeMap::new(), BTreeMap::new(), vec![]);
        Ok(Self { generation, book, changed, teams, terms, revealed })
    }

    /// Notes what a fact says of a team or a route; answers what it says of a handoff.
    pub(super) fn refer<'h>(&mut self, heard: &'h Heard) -> Option<&'h Fact> {
        match heard {
            Heard::Team { team, calendar, at } => {
                self.book.team_works_by(team.clone(), *at, calendar.clone());
                self.teams.insert((team.clone(), *at), calendar.clone());
                None
            }
            Heard::Terms { route, version, policy } => {
                self.book.terms.insert((route.clone(), *version), policy.clone());
                self.terms.insert((route.clone(), *version), policy.clone());
                None
            }
            Heard::Handoff(fact) => Some(fact),
            Heard::Nothing => None,
        }
    }

    /// The course that a fact is about; one that is not there yet begins.
    pub(super) fn take(&mut self, fact: &Fact) -> Course {
        self.changed.courses.remove(&fact.id).unwrap_or_else(|| Course::new(fact))
    }

    /// The course after a fact, and what is to be said.
    fn hear(&mut self, fact: &Fact, now: Timestamp) -> Result<(Course, Vec<Said>)> {
        let mut course = self.take(fact);
        let said = self.happen(&mut course, fact, now)?;
        Ok((course, said))
    }

    /// Lets a fact happen to a course.
    pub(super) fn happen(&mut self, course: &mut Course, fact: &Fact, now: Timestamp) -> Result<Vec<Said>> {
        let was_confidential = course.standing.about.confidential;
        let said = course.hear(fact, &self.book, now).map_err(Error::fault)?;
        if was_confidential != fact.about.confidential {
            self.revealed.push((fact.id, fact.about.confidential));
        }
        self.changed.clocks.extend(said.iter().map(|one| one.view.clock.id));
        if matches!(fact.what, What::Reopened | What::Returned) {
            // What it undid is not said, and kept all the same.
            let completions = course.clocks.iter().filter(|clock| clock.kind == Kind::Completion);
            self.changed.clocks.extend(completions.map(|clock| clock.id));
        }
        Ok(said)
    }

    /// Puts a course back.
    pub(super) fn put(&mut self, course: Course) {
        self.changed.courses.insert(course.id, course);
    }

    /// Everything as it stands after the facts.
    pub(super) async fn save(self, tx: &mut Tx) -> Result<()> {
        if !self.teams.is_empty() {
            store::book::save_teams(tx.connection(), &self.teams).await?;
        }
        if !self.terms.is_empty() {
            store::book::save_terms(tx.connection(), &self.terms).await?;
        }
        if !self.changed.courses.is_empty() {
            store::course::save(tx, self.generation, &self.changed, &self.book).await?;
        }
        for (id, confidential) in self.revealed {
            store::course::set_confidential(tx, self.generation, id, confidential).await?;
        }
        Ok(())
    }
}
