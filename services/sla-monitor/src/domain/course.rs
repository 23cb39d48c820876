//! A handoff as far as clocks care: what starts them, pauses them, moves them and stops them.

mod people;
mod replay;
mod what;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Head, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{people::Acknowledge, replay::Decision};
use super::{
    Book, HandoffId, PolicyId, Side, SubjectId, TeamId,
    clock::{self, Clock, Evidence, Firing, Goal, PolicyPin, View},
    heard::{About, Fact, Link, State, What},
    policy::{Circumstances, Kind, PAUSE_ON, PauseReason},
};

/// Rounds of a question after these pause nothing.
const ROUNDS_THAT_PAUSE: i32 = 2;

/// A handoff and its clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The end of the history of its clocks.
    pub head: Head,
    /// The handoff.
    pub id: HandoffId,
    /// The last fact of the handoff that was taken in.
    pub revision: i64,
    /// Whether its facts are put aside: then nothing fires.
    pub parked: bool,
    /// What is known of it.
    pub standing: Standing,
    /// Its clocks that are open, and those that a fact may still touch.
    pub clocks: Vec<Clock>,
}

/// What is known of a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// As its last fact has it.
    pub about: About,
    /// The policy that its terms name.
    pub policy_id: Option<PolicyId>,
    /// Its fields, as text; none of a confidential one.
    pub fields: BTreeMap<String, String>,
    /// Its links that a person can open.
    pub links: Vec<Link>,
    /// What upstream has promised alone.
    pub deliver_by: Option<Timestamp>,
    /// The hold: whether both sides agreed to it.
    pub hold: Option<bool>,
    /// Open blocking questions that pause something: who asks.
    pub waiting: BTreeMap<SubjectId, Side>,
    /// How many clocks of a kind there were.
    pub cycles: BTreeMap<Kind, i32>,
    /// When the last imported fact was written down: before it all is history.
    pub imported_at: Option<Timestamp>,
    /// Its place among all facts of the handoff service. What an import brings is dated long ago, so that only evidence from
    /// beyond this place vouches that all of it has been heard.
    pub imported_position: Option<i64>,
}

/// Something to be said of a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The clock right after it.
    pub view: View,
    /// What happened.
    pub fact: clock::Fact,
    /// The handoff's fact before it.
    pub revision: i64,
    /// When it happened, where it belongs to imported history.
    pub historic: Option<Timestamp>,
}

/// Why a fact cannot be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// One before it is missing.
    #[error("fact {found} of the handoff came after fact {known}: those between are missing")]
    Gap {
        /// The last one taken in; 0 for none.
        known: i64,
        /// The one that came.
        found: i64,
    },
    /// It is of a kind that this version does not know, and changed the state.
    #[error("the handoff came to {0} by a fact of a kind that this version does not know")]
    Unknown(State),
}

impl Course {
    /// The course of a handoff that nothing is known of yet.
    pub fn new(fact: &Fact) -> Self {
        Self {
            head: Head::default(),
            id: fact.id,
            revision: 0,
            parked: false,
            clocks: vec![],
            standing: Standing {
                about: About { state: State::Draft, ..fact.about.clone() },
                policy_id: None,
                fields: BTreeMap::new(),
                links: vec![],
                deliver_by: None,
                hold: None,
                waiting: BTreeMap::new(),
                cycles: BTreeMap::new(),
                imported_at: None,
                imported_position: None,
            },
        }
    }

    /// Takes in a fact of the handoff; one that was taken in before changes nothing. What was due before it fires first: the fact
    /// itself is the evidence.
    pub fn hear(&mut self, fact: &Fact, book: &Book, now: Timestamp) -> Result<Vec<Said>, Unheard> {
        if fact.revision <= self.revision {
            return Ok(vec![]);
        }
        // Of a handoff that is heard of for the first time, an operator may have given up what came before.
        let is_first = self.revision == 0;
        if fact.revision != self.revision + 1 && !is_first {
            return Err(Unheard::Gap { known: self.revision, found: fact.revision });
        }
        if matches!(fact.what, What::Other { known: false }) && fact.about.state != self.standing.about.state {
            return Err(Unheard::Unknown(fact.about.state));
        }
        if fact.historic {
            self.standing.imported_at = self.standing.imported_at.max(Some(fact.recorded_at));
            self.standing.imported_position = self.standing.imported_position.max(Some(fact.position));
        }
        let mut said = self.fire(fact.at, now, Evidence::Complete, book);
        said.extend(Hearing { course: self, fact, book, now, said: vec![] }.take());
        Ok(said)
    }

    /// Makes every mark happen whose instant lies before another.
    pub fn fire(&mut self, until: Timestamp, now: Timestamp, evidence: Evidence, book: &Book) -> Vec<Said> {
        let firing = Firing { now, evidence, historic_until: self.standing.imported_at };
        let mut fired = vec![];
        for clock in &mut self.clocks {
            while let Some((at, fact)) = clock.fire(until, &firing, book) {
                let historic = firing.is_historic(at).then_some(at);
                let view = clock.view(historic.unwrap_or(now), book);
                fired.push((at, Said { view, fact, revision: self.revision, historic }));
            }
        }
        fired.sort_by_key(|(at, _)| *at);
        fired.into_iter().map(|(_, said)| said).collect()
    }

    /// When the next mark of any clock comes.
    pub fn next_at(&self, book: &Book) -> Option<Timestamp> {
        self.clocks.iter().filter_map(|clock| clock.next_mark(book)).map(|(at, _)| at).min()
    }

    /// The team of a side.
    pub fn team(&self, side: Side) -> &TeamId {
        match side {
            Side::Upstream => &self.standing.about.from_team,
            Side::Downstream => &self.standing.about.to_team,
        }
    }

    /// What the conditions of a policy look at.
    pub fn circumstances(&self) -> Circumstances<'_> {
        let Standing { about, fields, .. } = &self.standing;
        Circumstances { priority: about.priority, confidential: about.confidential, fields }
    }

    /// What pauses a clock now.
    fn pauses(&self, clock: &Clock) -> BTreeSet<PauseReason> {
        let Standing { about, hold, waiting, .. } = &self.standing;
        let asks = waiting.values().any(|side| *side == clock.side);
        let submitted = about.state == State::Submitted && clock.kind.waits_while_submitted();
        let listed = [
            (PauseReason::BlockingQuestion, asks),
            (PauseReason::AgreedHold, *hold == Some(true)),
            (PauseReason::LoneHold, *hold == Some(false)),
        ];
        let listed = listed.into_iter().filter(|(reason, is_so)| *is_so && clock.pause_on.contains(reason));
        let of_kind = submitted.then_some(PauseReason::Submitted);
        listed.map(|(reason, _)| reason).chain(of_kind).collect()
    }
}

/// A fact on its way into a course.
struct Hearing<'a> {
    course: &'a mut Course,
    fact: &'a Fact,
    book: &'a Book,
    now: Timestamp,
    said: Vec<Said>,
}

impl Hearing<'_> {
    /// The whole of it: what the handoff is now, what that does to its clocks, and what pauses them from now on.
    fn take(mut self) -> Vec<Said> {
        let standing = &mut self.course.standing;
        if standing.about.state != self.fact.about.state {
            standing.hold = None;
        }
        standing.about.clone_from(&self.fact.about);
        self.note();
        if self.course.standing.about.confidential {
            self.course.standing.fields.clear();
        }
        self.work();
        self.pause();
        self.course.revision = self.fact.revision;
        self.said
    }

    fn say(&mut self, index: usize, fact: clock::Fact) {
        let historic = self.fact.historic.then_some(self.fact.at);
        let view = self.course.clocks[index].view(self.fact.at, self.book);
        self.said.push(Said { view, fact, revision: self.fact.revision, historic });
    }

    /// Before a fact moves a clock: a breach that fired too early is taken back.
    fn retract(&mut self, index: usize) {
        let clock = &mut self.course.clocks[index];
        if let Some(fact) = clock.retract(self.fact.at, self.now, self.book) {
            let view = clock.view(self.now, self.book);
            self.said.push(Said { view, fact, revision: self.course.revision, historic: None });
        }
    }

    fn pause(&mut self) {
        for index in 0..self.course.clocks.len() {
            let clock = &self.course.clocks[index];
            let reasons = self.course.pauses(clock);
            if !clock.is_open() || clock.paused_by().cloned().unwrap_or_default() == reasons {
                continue;
            }
            self.retract(index);
            if let Some(fact) = self.course.clocks[index].pause(reasons, self.fact.at, self.book) {
                self.say(index, fact);
            }
        }
    }

    fn open(&self, kind: Kind, subject: Option<SubjectId>) -> Vec<usize> {
        let is_it = |clock: &Clock| clock.is_open() && clock.kind == kind && (clock.subject == subject);
        (0..self.course.clocks.len()).filter(|index| is_it(&self.course.clocks[*index])).collect()
    }

    fn stop(&mut self, kind: Kind, subject: Option<SubjectId>, cause: &str) {
        for index in self.open(kind, subject) {
            self.retract(index);
            let fact = self.course.clocks[index].stop(cause, self.fact.at, self.book);
            self.say(index, fact);
        }
    }

    fn cancel(&mut self, kind: Kind, subject: Option<SubjectId>, cause: &str) {
        for index in self.open(kind, subject) {
            self.cancel_one(index, cause);
        }
    }

    fn cancel_one(&mut self, index: usize, cause: &str) {
        self.retract(index);
        let fact = self.course.clocks[index].cancel(cause, self.fact.at, self.book);
        self.say(index, fact);
    }

    /// Starts a clock of the handoff itself, the next of its kind.
    fn start_next(&mut self, kind: Kind, started_at: Timestamp, left: Option<i64>) {
        let Some(side) = kind.side() else { return };
        let cycle = self.course.standing.cycles.get(&kind).copied().unwrap_or_default() + 1;
        let start = Start { kind, subject: None, cycle, side, started_at, own_due: None, left };
        if self.start(start) {
            self.course.standing.cycles.insert(kind, cycle);
        }
    }

    /// Starts a clock, where a target asks for one, or it has a due time of its own.
    fn start(&mut self, start: Start) -> bool {
        let (course, book, at) = (&*self.course, self.book, self.fact.at);
        let policy = course.standing.policy_id.as_ref().and_then(|id| book.policy(id, at));
        let target = policy.and_then(|policy| Some((policy, policy.target(start.kind, &course.circumstances())?)));
        if target.is_none() && start.own_due.is_none() {
            return false;
        }
        let of_team = || book.calendar_of(course.team(start.side), at);
        let calendar = match target {
            Some((_, (_, target))) => calendar_of(target, book, at).unwrap_or_else(of_team),
            None => of_team(),
        };
        let promised = match (start.own_due, start.left, target) {
            (Some(due), _, _) => Goal::Until(due),
            (None, Some(left), _) => Goal::Counted(left),
            (None, None, Some((_, (_, target)))) => Goal::of(target, start.started_at, &calendar),
            (None, None, None) => return false,
        };
        let mut clock = Clock {
            id: Clock::id_of(course.id, start.kind, start.subject, start.cycle),
            kind: start.kind,
            subject: start.subject,
            cycle: start.cycle,
            side: start.side,
            policy: target.map(|(policy, (number, _))| PolicyPin {
                id: policy.id.clone(),
                version: policy.number,
                target: number,
            }),
            started_at: start.started_at,
            promised,
            stands: start.own_due.is_some() || start.left.is_some(),
            goal: promised,
            target: 0,
            pause_on: target.map_or_else(|| PAUSE_ON.into(), |(_, (_, target))| target.pause_on.clone()),
            warn_at: target.map(|(_, (_, target))| target.warn_at.clone()).unwrap_or_default(),
            warnings: vec![],
            escalations: target.map(|(_, (_, target))| target.escalations.clone()).unwrap_or_default(),
            calendar: calendar.pin,
            ledger: vec![],
            due_at: None,
            is_retargeted: false,
            breach: None,
            retracted: vec![],
            escalated: vec![],
            acknowledged: None,
            excused: None,
            end: None,
            undone_at: None,
            historic: self.fact.historic,
        };
        if start.kind == Kind::Delivery {
            clock.goal = clock.earlier(course.standing.deliver_by, book);
        }
        let fact = clock.start(course.pauses(&clock), book);
        self.course.clocks.push(clock);
        self.say(self.course.clocks.len() - 1, fact);
        true
    }
}

/// The calendar that a target says; none: that of the accountable team.
fn calendar_of(target: &super::policy::Target, book: &Book, at: Timestamp) -> Option<super::calendar::Ready> {
    match (target.duration, &target.calendar) {
        (calendar::Duration::Elapsed(_), _) => Some(book.calendar(None, at)),
        (_, Some(id)) => Some(book.calendar(Some(id), at)),
        (_, None) => None,
    }
}

/// A clock that is to start.
struct Start {
    kind: Kind,
    subject: Option<SubjectId>,
    cycle: i32,
    side: Side,
    started_at: Timestamp,
    /// A due time of its own.
    own_due: Option<Timestamp>,
    /// What was left of the cycle before, in microseconds.
    left: Option<i64>,
}
