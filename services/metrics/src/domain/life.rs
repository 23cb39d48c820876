//! The life of a handoff, read from its story: attempts, acceptances, stretches of time, questions, holds.

use std::collections::BTreeMap;

use kernel::Timestamp;

use super::{
    QuestionId, Side, Story,
    heard::{Applied, Reason, State, Template, What},
    story::Fact,
};

/// From round 3 on a question pauses nothing.
const PAUSING_ROUNDS: i32 = 2;

/// The life of a handoff.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what happened or did not, each by itself")]
pub struct Life {
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
    /// The terms that it keeps; 0 for none.
    pub terms_version: i32,
    /// The template that it is judged by.
    pub template: Option<Template>,
    /// Every submit, first to last.
    pub attempts: Vec<Attempt>,
    /// Every acceptance, first to last.
    pub acceptances: Vec<Acceptance>,
    /// Every return, first to last.
    pub returns: Vec<Return>,
    /// Every completion, first to last, and when it was undone.
    pub completions: Vec<(Timestamp, Option<Timestamp>)>,
    /// When it was given up.
    pub cancelled_at: Option<Timestamp>,
    /// The states it was in, first to last, each since when.
    pub states: Vec<(State, Timestamp)>,
    /// Holds, first to last.
    pub holds: Vec<Hold>,
    /// Rounds of questions, in the order in which they were asked.
    pub rounds: Vec<Round>,
    /// Whether upstream took it back after downstream had looked at it, before the first decision.
    pub recalled_after_a_look: bool,
    /// Whether a criterion was waived before the first decision.
    pub waived: bool,
    looked_at: bool,
}

/// A submit and what became of it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it was submitted.
    pub at: Timestamp,
    /// The hash of what was handed over; may be empty.
    pub content_hash: String,
    /// The criteria that applied.
    pub criteria: Vec<Applied>,
    /// What ended it, and when; none while it is undecided.
    pub end: Option<(End, Timestamp)>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Downstream took it.
    Accepted,
    /// Downstream did not take it.
    Rejected(Vec<Reason>),
    /// Upstream took it back.
    Recalled,
    /// It was given up.
    Cancelled,
}

/// An acceptance and what became of it.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// When.
    pub at: Timestamp,
    /// Of which attempt, by its place.
    pub attempt: usize,
    /// Whether downstream restated what was handed over.
    pub read_back: bool,
    /// How many conditions it made.
    pub conditions: i32,
    /// How many corrections upstream had; none before it said so.
    pub corrections: Option<i32>,
    /// When the work began.
    pub begun_at: Option<Timestamp>,
    /// When it ended without having begun.
    pub dropped_at: Option<Timestamp>,
}

/// A return.
#[derive(Clone, Debug)]
pub struct Return {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Of which attempt, by its place; none where there was none.
    pub attempt: Option<usize>,
}

/// A declared wait.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Since when.
    pub from: Timestamp,
    /// Until when; none while it lasts.
    pub until: Option<Timestamp>,
    /// Whether both sides agreed.
    pub agreed: bool,
    /// The side that declared or proposed it.
    pub side: Side,
}

/// A round of a question.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Round {
    /// The side that asks.
    pub side: Side,
    /// Whether the asking side cannot go on without the answer.
    pub blocking: bool,
    /// Whether it pauses the asking side's clocks while it is open.
    pub pauses: bool,
    /// What it is about; may be empty.
    pub about: String,
    /// When it was asked.
    pub at: Timestamp,
    /// When it ended; none while it is open.
    pub until: Option<Timestamp>,
    /// Whether it was answered.
    pub answered: bool,
    /// Whether nothing was decided yet when it was asked.
    pub before_decision: bool,
}

impl Life {
    /// Reads a story; none of one whose creation was not heard.
    pub fn of(story: &Story) -> Option<Self> {
        let (first, rest) = story.facts.split_first()?;
        let What::Created { terms_version, template, .. } = &first.what else { return None };
        let mut life = Self {
            created_at: first.at,
            historic: first.historic,
            terms_version: *terms_version,
            template: template.clone(),
            attempts: vec![],
            acceptances: vec![],
            returns: vec![],
            completions: vec![],
            cancelled_at: None,
            states: vec![(State::Draft, first.at)],
            holds: vec![],
            rounds: vec![],
            recalled_after_a_look: false,
            waived: false,
            looked_at: false,
        };
        let mut open = BTreeMap::new();
        for fact in rest {
            life.go_on(fact, &mut open);
        }
        Some(life)
    }

    /// The state that it is in.
    pub fn state(&self) -> State {
        self.states.last().map_or(State::Draft, |(state, _)| *state)
    }

    /// When it ended for the time being: its last completion, if not undone, or its cancellation.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let completed = self.completions.last().filter(|(_, undone)| undone.is_none());
        self.cancelled_at.or(completed.map(|(at, _)| *at))
    }

    /// The first attempt that was decided, by its place, and when.
    pub fn first_decided(&self) -> Option<(usize, Timestamp)> {
        self.attempts.iter().enumerate().find_map(|(place, attempt)| match &attempt.end {
            Some((End::Accepted | End::Rejected(_), at)) => Some((place, *at)),
            _ => None,
        })
    }

    /// Whether what was accepted next after an instant was what an attempt, by its place, had handed over already.
    pub fn accepted_unchanged(&self, attempt: usize, after: Timestamp) -> bool {
        let hash = |place: usize| self.attempts.get(place).map(|attempt| &attempt.content_hash);
        let next = self.acceptances.iter().find(|it| it.attempt > attempt && it.at >= after);
        hash(attempt).is_some_and(|it| !it.is_empty() && next.is_some_and(|next| hash(next.attempt) == Some(it)))
    }

    fn go_on(&mut self, fact: &Fact, open: &mut BTreeMap<QuestionId, usize>) {
        let at = fact.at;
        match &fact.what {
            What::Created { .. } | What::Tied(_) | What::TieAdded(_) | What::TieRemoved(_) | What::Other => {}
            What::Migrated(template) => self.template.clone_from(template),
            What::Claimed | What::ReviewHeld => self.looked_at = true,
            What::Waived => self.waived |= self.first_decided().is_none(),
            What::Held { agreed, side } => {
                self.resume(at);
                self.holds.push(Hold { from: at, until: None, agreed: *agreed, side: *side });
            }
            What::Resumed => self.resume(at),
            What::ReadBackConfirmed { corrections } => {
                if let Some(acceptance) = self.acceptances.last_mut() {
                    acceptance.corrections = Some(*corrections);
                }
            }
            What::Asked { question, side, blocking, round, about } => {
                self.looked_at = true;
                let pauses = *blocking && *round <= PAUSING_ROUNDS;
                self.end_round(open.insert(*question, self.rounds.len()), at, false);
                self.rounds.push(Round {
                    side: *side,
                    blocking: *blocking,
                    pauses,
                    about: about.clone(),
                    at,
                    until: None,
                    answered: false,
                    before_decision: self.first_decided().is_none(),
                });
            }
            What::Answered(question) => self.end_round(open.remove(question), at, true),
            What::Closed(question) => self.end_round(open.remove(question), at, false),
            _ => self.turn(&fact.what, at),
        }
    }

    /// What changes the state; a hold ends with it.
    fn turn(&mut self, what: &What, at: Timestamp) {
        self.resume(at);
        let state = match what {
            What::Submitted { content_hash, criteria } => {
                let (content_hash, criteria) = (content_hash.clone(), criteria.clone());
                self.attempts.push(Attempt { at, content_hash, criteria, end: None });
                State::Submitted
            }
            What::Recalled => {
                self.recalled_after_a_look |= self.looked_at && self.first_decided().is_none();
                self.end_attempt(End::Recalled, at);
                State::Draft
            }
            What::Accepted { read_back, conditions } => {
                self.end_attempt(End::Accepted, at);
                self.acceptances.push(Acceptance {
                    at,
                    attempt: self.attempts.len().saturating_sub(1),
                    read_back: *read_back,
                    conditions: *conditions,
                    corrections: None,
                    begun_at: None,
                    dropped_at: None,
                });
                State::Accepted
            }
            What::Rejected(reasons) => {
                self.end_attempt(End::Rejected(reasons.clone()), at);
                State::Rejected
            }
            What::Begun => {
                if let Some(acceptance) = self.acceptances.last_mut() {
                    acceptance.begun_at = Some(at);
                }
                State::InProgress
            }
            What::Completed => {
                self.completions.push((at, None));
                State::Completed
            }
            What::Reopened => {
                self.undo(at);
                State::InProgress
            }
            What::Returned(reasons) => {
                self.undo(at);
                self.drop_acceptance(at);
                let attempt = self.acceptances.last().map(|acceptance| acceptance.attempt);
                self.returns.push(Return { at, reasons: reasons.clone(), attempt });
                State::Returned
            }
            What::Cancelled => {
                self.end_attempt(End::Cancelled, at);
                self.drop_acceptance(at);
                self.cancelled_at = Some(at);
                State::Cancelled
            }
            _ => return,
        };
        self.states.push((state, at));
    }

    fn resume(&mut self, at: Timestamp) {
        if let Some(hold) = self.holds.last_mut().filter(|hold| hold.until.is_none()) {
            hold.until = Some(at);
        }
    }

    fn end_round(&mut self, place: Option<usize>, at: Timestamp, answered: bool) {
        if let Some(round) = place.and_then(|place| self.rounds.get_mut(place)) {
            (round.until, round.answered) = (Some(at), answered);
        }
    }

    fn end_attempt(&mut self, end: End, at: Timestamp) {
        if let Some(attempt) = self.attempts.last_mut().filter(|attempt| attempt.end.is_none()) {
            attempt.end = Some((end, at));
        }
    }

    fn drop_acceptance(&mut self, at: Timestamp) {
        let waiting = self.acceptances.last_mut().filter(|it| it.begun_at.is_none() && it.dropped_at.is_none());
        if let Some(acceptance) = waiting {
            acceptance.dropped_at = Some(at);
        }
    }

    fn undo(&mut self, at: Timestamp) {
        if let Some((_, undone)) = self.completions.last_mut() {
            undone.get_or_insert(at);
        }
    }
}
