//! What downstream decides about an attempt: accept or reject.

use kernel::Timestamp;

use super::{Fact, Handoff, asking::must_hold_one_more, reviewing::overdue};
use crate::domain::{
    Acting, Command, Happened, NewAction, Reason, Refused, Side, Signed, State, attempt::Confirmation,
    limits::ACTIONS_MAX, reason, route::ReadBack,
};

/// Downstream takes the work.
#[derive(Clone, Debug)]
pub struct Accept {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// What was handed over, restated in the receiver's words.
    pub read_back: Option<String>,
    /// What upstream still owes: actions of upstream that count at once.
    pub conditions: Vec<NewAction>,
}

/// Downstream does not take the work.
#[derive(Clone, Debug)]
pub struct Reject {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// Why: at least one.
    pub reasons: Vec<Reason>,
}

/// Upstream confirms or corrects a read-back.
#[derive(Clone, Debug)]
pub struct ConfirmReadBack {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// What was misunderstood; none where all was right.
    pub corrections: Vec<String>,
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
        self.must_be_reviewed()?;
        self.must_have_no_open_blocking()?;
        Refused::unless_valid(overdue("conditions", &accept.conditions, self.head.date(now)))?;
        must_hold_one_more("actions", self.actions.len() + accept.conditions.len(), ACTIONS_MAX + 1)?;
        let mut facts = vec![Fact::Accepted {
            attempt: accept.attempt,
            read_back,
            conditions: i32::try_from(accept.conditions.len()).expect("a request holds few conditions"),
            speaker: mandate.speaker.clone(),
        }];
        let duty = |condition: NewAction| Fact::ActionAdded(condition.binding(&mandate.by));
        facts.extend(accept.conditions.into_iter().map(duty));
        facts.extend(self.endings(Command::Accept));
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
        let mut facts = vec![Fact::Rejected { attempt: reject.attempt, reasons: reject.reasons }];
        facts.extend(self.endings(Command::Reject));
        self.happen(facts, mandate, now)
    }

    /// Upstream takes back what downstream has not decided; it is a draft again. Recalling again changes nothing.
    pub fn recall(&mut self, by: Acting<'_>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        if self.is_repeat(Command::Recall, None, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::Submitted], Command::Recall)?;
        let mut facts = vec![Fact::Recalled { attempt: self.attempt() }];
        facts.extend(self.endings(Command::Recall));
        self.happen(facts, mandate, now)
    }

    /// Upstream confirms or corrects what the receiver restated, once for each attempt; nobody their own words. The same again
    /// changes nothing.
    pub fn confirm_read_back(
        &mut self,
        by: Acting<'_>,
        confirm: ConfirmReadBack,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        self.must_be_in(&[State::Accepted, State::InProgress, State::Completed], Command::ConfirmReadBack)?;
        let attempt = self.must_be_at(confirm.attempt)?;
        match &attempt.confirmation {
            Some(Confirmation { given: Signed { by, .. }, corrections })
                if *by == mandate.by && *corrections == confirm.corrections =>
            {
                return Ok(Happened::nothing());
            }
            Some(Confirmation { given: Signed { by, at }, .. }) => {
                return Err(Refused::ReadBackConfirmed { by: by.clone(), at: *at });
            }
            None => {}
        }
        if attempt.read_back.is_none() {
            return Err(Refused::NoReadBack { attempt: attempt.number });
        }
        if attempt.decided_by.as_ref() == Some(&mandate.by) {
            return Err(Refused::OwnDoing { did: "said", must: "confirm", team: self.from_team.clone() });
        }
        let fact = Fact::ReadBackConfirmed { attempt: confirm.attempt, corrections: confirm.corrections };
        self.happen(vec![fact], mandate, now)
    }
}
