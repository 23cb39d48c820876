//! What happens to accepted work, and how a handoff is given up.

use kernel::{Precondition, Timestamp};

use super::{Fact, Handoff};
use crate::domain::{
    Acting, Command, Happened, Question, Reason, Refused, Side, State, reason,
    refused::{criterion_unmet, precondition},
};

/// Downstream gives accepted work back: rework.
#[derive(Clone, Debug)]
pub struct Return {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// Why: at least one.
    pub reasons: Vec<Reason>,
}

/// Upstream reopens completed work.
#[derive(Clone, Debug)]
pub struct Reopen {
    /// Why.
    pub reason: String,
}

/// Upstream gives the handoff up.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// Why.
    pub reason: String,
}

impl Handoff {
    /// Downstream begins the work. Beginning again changes nothing.
    pub fn begin(&mut self, by: Acting<'_>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        if self.is_repeat(Command::Begin, None, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::Accepted], Command::Begin)?;
        let mut facts = vec![Fact::Begun];
        facts.extend(self.endings(Command::Begin));
        self.happen(facts, mandate, now)
    }

    /// Downstream has done the work: refused with every open action and unmet blocking item of downstream; upstream's open
    /// actions stay. Completing again changes nothing.
    pub fn complete(&mut self, by: Acting<'_>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        if self.is_repeat(Command::Complete, None, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::InProgress], Command::Complete)?;
        let unfinished = self.unfinished();
        if !unfinished.is_empty() {
            return Err(Refused::WorkUnfinished(unfinished));
        }
        let mut facts = vec![Fact::Completed];
        facts.extend(self.endings(Command::Complete));
        self.happen(facts, mandate, now)
    }

    /// Downstream gives accepted work back, completed work only within the return window; upstream is accountable again.
    /// Returning again changes nothing.
    pub fn give_back(&mut self, by: Acting<'_>, give_back: Return, now: Timestamp) -> Result<Happened, Refused> {
        let Return { attempt, reasons } = give_back;
        let mandate = self.mandate(Side::Downstream, by)?;
        if self.is_repeat(Command::Return, Some(attempt), &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::Accepted, State::InProgress, State::Completed], Command::Return)?;
        self.must_be_at(attempt)?;
        self.must_be_returnable(now)?;
        Refused::unless_valid(reason::flaws(&reasons, &self.criteria))?;
        let mut facts = vec![Fact::Returned { attempt, reasons, from_state: self.state }];
        facts.extend(self.endings(Command::Return));
        self.happen(facts, mandate, now)
    }

    /// Upstream reopens completed work within the return window; downstream goes on with it. Reopening again changes nothing.
    pub fn reopen(&mut self, by: Acting<'_>, reopen: Reopen, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        if self.is_repeat(Command::Reopen, None, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(&[State::Completed], Command::Reopen)?;
        self.must_be_returnable(now)?;
        self.happen(vec![Fact::Reopened { reason: reopen.reason }], mandate, now)
    }

    /// Upstream gives up what downstream has not accepted, or has returned. Its actions are closed. Cancelling again
    /// changes nothing.
    pub fn cancel(&mut self, by: Acting<'_>, cancel: Cancel, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        if self.is_repeat(Command::Cancel, None, &mandate) {
            return Ok(Happened::nothing());
        }
        let upstream_alone = &[State::Draft, State::Submitted, State::Rejected, State::Returned];
        self.must_be_in(upstream_alone, Command::Cancel)?;
        let mut facts = vec![Fact::Cancelled { reason: cancel.reason, from_state: self.state }];
        facts.extend(self.endings(Command::Cancel));
        self.happen(facts, mandate, now)
    }

    /// What else ends when a command changes the state: a hold; open proposals; on Reject, Return and Complete downstream's open
    /// questions, on Cancel all that are not closed; on Reject, Recall, Return and Cancel a scheduled review.
    pub(in crate::domain) fn endings(&self, command: Command) -> Vec<Fact> {
        let mut endings = vec![];
        if self.hold.is_some() {
            endings.push(Fact::Resumed);
        }
        let open = self.proposals.iter().filter(|proposal| proposal.is_open());
        endings.extend(open.map(|proposal| Fact::ProposalLapsed(proposal.id)));
        let is_over = |question: &&Question| match command {
            Command::Reject | Command::Return | Command::Complete => {
                question.side == Side::Downstream && question.is_open()
            }
            Command::Cancel => question.closed.is_none(),
            _ => false,
        };
        endings.extend(
            self.questions
                .iter()
                .filter(is_over)
                .map(|question| Fact::QuestionClosed { id: question.id, by_state: true }),
        );
        if matches!(command, Command::Reject | Command::Recall | Command::Return | Command::Cancel) {
            let scheduled = self.reviews.iter().filter(|review| review.is_scheduled());
            let reason = || format!("the handoff left {}", self.state);
            endings.extend(scheduled.map(|review| Fact::ReviewCancelled { id: review.id, reason: reason() }));
        }
        endings
    }

    /// All that downstream has still to do.
    fn unfinished(&self) -> Vec<Precondition> {
        let first_time_pair = self.attempts.last().is_some_and(|attempt| attempt.first_time_pair);
        let circumstances = self.circumstances(self.attempt(), first_time_pair);
        let items = self.criteria.evaluate_items(Side::Downstream, &self.submission, &circumstances);
        let actions = self.open_actions(Side::Downstream);
        items
            .blocking_unmet()
            .map(criterion_unmet)
            .chain(actions.map(|action| precondition("ACTION", action.id, format!("still open: {}", action.text))))
            .collect()
    }

    /// Completed work can come back while the return window is open, its last moment included.
    fn must_be_returnable(&self, now: Timestamp) -> Result<(), Refused> {
        if self.state != State::Completed {
            return Ok(());
        }
        let closed_at = self.since.at.plus_seconds(self.terms.return_window_seconds);
        if self.head.date(now) > closed_at { Err(Refused::ReturnWindowClosed { closed_at }) } else { Ok(()) }
    }
}
