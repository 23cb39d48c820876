//! What downstream decides about an attempt: accept or reject.

use kernel::{Timestamp, Violation};

use super::{Fact, Handoff};
use crate::domain::{
    Acting, Action, ActionId, Command, Happened, Reason, Refused, Side, State, reason, refused::violation,
    route::ReadBack,
};

/// Downstream takes the work.
#[derive(Clone, Debug)]
pub struct Accept {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// What was handed over, restated in the receiver's words.
    pub read_back: Option<String>,
    /// What upstream still owes.
    pub conditions: Vec<Condition>,
}

/// Something that upstream still owes; it becomes an action of upstream.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The action's id.
    pub id: ActionId,
    /// What.
    pub text: String,
    /// By when, after now.
    pub due_at: Timestamp,
    /// Who.
    pub owner: Option<String>,
}

/// Downstream does not take the work.
#[derive(Clone, Debug)]
pub struct Reject {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// Why: at least one.
    pub reasons: Vec<Reason>,
}

impl Handoff {
    /// Downstream takes the work; from here on it is accountable. Accepting again changes nothing.
    pub fn accept(&mut self, by: Acting<'_>, accept: Accept, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        if self.is_repeat(Command::Accept, Some(accept.attempt), &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::Submitted], Command::Accept)?;
        let attempt = self.must_be_at(accept.attempt)?;
        if attempt.submitted_by == mandate.by {
            return Err(Refused::OwnSubmission { attempt: attempt.number });
        }
        let read_back = accept.read_back.filter(|read_back| !read_back.trim().is_empty());
        if self.terms.read_back == ReadBack::Required && read_back.is_none() {
            return Err(Refused::ReadBackRequired);
        }
        Refused::unless_valid(overdue(&accept.conditions, self.head.date(now)))?;
        let mut facts = vec![Fact::Accepted {
            attempt: accept.attempt,
            read_back,
            conditions: i32::try_from(accept.conditions.len()).expect("a request holds few conditions"),
            speaker: mandate.speaker.clone(),
        }];
        facts.extend(accept.conditions.into_iter().map(Condition::into_action).map(Fact::ActionAdded));
        self.happen(facts, mandate, now)
    }

    /// Downstream does not take the work, and says why. Rejecting again changes nothing.
    pub fn reject(&mut self, by: Acting<'_>, reject: Reject, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        if self.is_repeat(Command::Reject, Some(reject.attempt), &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::Submitted], Command::Reject)?;
        self.must_be_at(reject.attempt)?;
        Refused::unless_valid(reason::flaws(&reject.reasons, &self.criteria))?;
        self.happen(vec![Fact::Rejected { attempt: reject.attempt, reasons: reject.reasons }], mandate, now)
    }
}

impl Condition {
    fn into_action(self) -> Action {
        let Self { id, text, due_at, owner } = self;
        Action { id, text, side: Side::Upstream, owner, due_at, done: None }
    }
}

fn overdue(conditions: &[Condition], now: Timestamp) -> Vec<Violation> {
    let overdue = conditions.iter().enumerate().filter(|(_, condition)| condition.due_at <= now);
    overdue
        .map(|(index, _)| violation(format!("conditions[{index}].due_at"), "give a time that is still to come"))
        .collect()
}
