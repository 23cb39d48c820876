//! How a fact changes the handoff: the only place that does.

use criteria::Submission;
use kernel::Timestamp;

use super::{Claim, Edit, Fact, Handoff, Hold, Waiver};
use crate::domain::{
    Action, Attempt, Command, Decision, ProposalId, Question, Review, Side, Signed, State, attempt::Confirmation,
    proposal::ProposalState, review::Status, state::Since,
};

/// Under this name stands what a change of state has ended.
const SYSTEM: &str = "system";

impl Handoff {
    /// The part of the submission that a submit freezes: downstream's items are ticked after it.
    pub(in crate::domain) fn to_freeze(&self) -> Submission {
        let is_upstream = |key: &str| self.criteria.item(key).is_none_or(|item| item.side == Side::Upstream);
        let items = self.submission.items.iter().filter(|(key, _)| is_upstream(key));
        Submission {
            fields: self.submission.fields.clone(),
            items: items.map(|(key, tick)| (key.clone(), tick.clone())).collect(),
        }
    }

    /// Changes the handoff as the fact says. Total: whether it may happen was decided before.
    #[expect(clippy::too_many_lines, reason = "one arm for each fact: the list is what is to be read")]
    pub(in crate::domain) fn apply(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        self.times.updated_at = at;
        match fact {
            Fact::Created { .. } => {}
            Fact::Edited(edits) => edits.iter().for_each(|edit| self.apply_edit(edit)),
            Fact::ItemChanged { item, tick, .. } => {
                self.submission.items.insert(item.clone(), tick.clone());
            }
            Fact::Submitted { .. } => {
                self.freeze(fact, by, at);
                self.times.submitted_at = Some(at);
                self.enter(State::Submitted, Command::Submit, by, at);
            }
            Fact::Accepted { read_back, speaker, .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.decide(Decision::Accepted, by, at);
                    attempt.read_back.clone_from(read_back);
                }
                self.downstream_owner = self.downstream_owner.take().or_else(|| speaker.clone());
                self.accountable_side = Side::Downstream;
                self.times.accepted_at = Some(at);
                self.enter(State::Accepted, Command::Accept, by, at);
            }
            Fact::Rejected { reasons, .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.decide(Decision::Rejected, by, at);
                    attempt.reasons.clone_from(reasons);
                }
                self.rejections += 1;
                self.waivers.clear();
                self.enter(State::Rejected, Command::Reject, by, at);
            }
            Fact::Begun => {
                self.times.begun_at = Some(at);
                self.enter(State::InProgress, Command::Begin, by, at);
            }
            Fact::Completed => {
                self.times.completed_at = Some(at);
                self.enter(State::Completed, Command::Complete, by, at);
            }
            Fact::Returned { .. } => {
                self.returns += 1;
                self.waivers.clear();
                self.accountable_side = Side::Upstream;
                self.enter(State::Returned, Command::Return, by, at);
            }
            Fact::Reopened { .. } => {
                self.accountable_side = Side::Downstream;
                self.enter(State::InProgress, Command::Reopen, by, at);
            }
            Fact::Cancelled { .. } => {
                if let Some(attempt) = self.attempts.last_mut().filter(|attempt| attempt.decision == Decision::Open) {
                    attempt.decide(Decision::Cancelled, by, at);
                }
                self.times.cancelled_at = Some(at);
                self.enter(State::Cancelled, Command::Cancel, by, at);
            }
            Fact::Recalled { .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.decide(Decision::Recalled, by, at);
                }
                self.enter(State::Draft, Command::Recall, by, at);
            }
            Fact::Held { reason, agreed, side, until } => {
                let (reason, agreed, side, until) = (reason.clone(), *agreed, *side, *until);
                self.hold = Some(Hold { reason, since: at, agreed, side, until });
            }
            Fact::Resumed => self.hold = None,
            Fact::Claimed => self.claim = Some(Claim(Signed::new(by, at))),
            Fact::Unclaimed => self.claim = None,
            Fact::Reassigned { side: Side::Upstream, owner } => self.upstream_owner = Some(owner.clone()),
            Fact::Reassigned { side: Side::Downstream, owner } => self.downstream_owner = Some(owner.clone()),
            Fact::ReadBackConfirmed { corrections, .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    let corrections = corrections.clone();
                    attempt.confirmation = Some(Confirmation { given: Signed::new(by, at), corrections });
                }
            }
            Fact::Migrated { to, submission, archived, .. } => {
                self.template = to.clone();
                self.submission = submission.clone();
                self.archived.fields.extend(archived.fields.clone());
                self.archived.items.extend(archived.items.clone());
            }
            Fact::DeadlineChanged(deliver_by) => self.deliver_by = Some(*deliver_by),
            Fact::PriorityChanged(priority) => self.priority = *priority,
            Fact::CommentAdded { .. } => self.comments += 1,
            Fact::LinkAdded(link) => match self.links.iter_mut().find(|there| there.is_of(link)) {
                Some(there) => there.clone_from(link),
                None => self.links.push(link.clone()),
            },
            Fact::LinkRemoved(link) => self.links.retain(|there| !there.is_of(link)),
            Fact::AttachmentAdded(attachment) => self.attachments.push(attachment.clone()),
            Fact::ConfidentialityChanged(confidential) => self.confidential = *confidential,
            Fact::QuestionAsked(_)
            | Fact::QuestionAnswered { .. }
            | Fact::QuestionInsufficient { .. }
            | Fact::QuestionClosed { .. } => self.apply_to_question(fact, by, at),
            Fact::ReviewScheduled(_)
            | Fact::ReviewHeld { .. }
            | Fact::ReviewMissed { .. }
            | Fact::ReviewWaived { .. }
            | Fact::ReviewCancelled { .. } => self.apply_to_review(fact, by, at),
            Fact::ProposalMade(_)
            | Fact::ProposalAgreed(_)
            | Fact::ProposalDeclined { .. }
            | Fact::ProposalLapsed(_)
            | Fact::CriterionWaived { .. } => self.apply_to_proposal(fact, by, at),
            Fact::ActionAdded(_) | Fact::ActionConfirmed(_) | Fact::ActionDone(_) => {
                self.apply_to_action(fact, by, at);
            }
        }
    }

    fn apply_to_question(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        let (id, change): (_, &dyn Fn(&mut Question)) = match fact {
            Fact::QuestionAsked(question) => return self.questions.push(question.clone()),
            Fact::QuestionAnswered { id, text } => (id, &|question| question.answer(text, by, at)),
            Fact::QuestionInsufficient { id, text } => (id, &|question| question.ask(text, by, at)),
            Fact::QuestionClosed { id, by_state } => {
                (id, &|question| question.closed = Some(Signed::new(if *by_state { SYSTEM } else { by }, at)))
            }
            _ => return,
        };
        self.questions.iter_mut().filter(|question| question.id == *id).for_each(change);
    }

    fn apply_to_review(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        let settled = Signed::new(by, at);
        let (id, status) = match fact {
            Fact::ReviewScheduled(review) => return self.put_review(review.clone()),
            Fact::ReviewWaived { review, reason } => {
                let status = Status::Waived { settled, reason: reason.clone() };
                return self.put_review(Review { status, ..review.clone() });
            }
            Fact::ReviewHeld { id, held, agenda } => {
                (id, Status::Held { settled, agenda: agenda.clone(), held: held.clone() })
            }
            Fact::ReviewMissed { id, absent, agenda } => {
                (id, Status::Missed { settled, agenda: agenda.clone(), absent: absent.clone() })
            }
            Fact::ReviewCancelled { id, reason } => (id, Status::Cancelled { settled, reason: reason.clone() }),
            _ => return,
        };
        if let Some(review) = self.reviews.iter_mut().find(|review| review.id == *id) {
            // A change of what was invited to: a calendar takes the later sequence.
            review.sequence += i32::from(matches!(status, Status::Cancelled { .. }));
            review.status = status;
        }
    }

    fn put_review(&mut self, review: Review) {
        match self.reviews.iter_mut().find(|there| there.id == review.id) {
            Some(there) => *there = review,
            None => self.reviews.push(review),
        }
    }

    fn apply_to_proposal(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        let mut decide = |id: ProposalId, state: ProposalState, why: &str| {
            let by = if state == ProposalState::Lapsed { SYSTEM } else { by };
            if let Some(proposal) = self.proposals.iter_mut().find(|proposal| proposal.id == id) {
                proposal.state = state;
                proposal.decided = Some(Signed::new(by, at));
                why.clone_into(&mut proposal.decline_reason);
            }
        };
        match fact {
            Fact::ProposalMade(proposal) => self.proposals.push(proposal.clone()),
            Fact::ProposalAgreed(id) => decide(*id, ProposalState::Agreed, ""),
            Fact::ProposalDeclined { id, reason } => decide(*id, ProposalState::Declined, reason),
            Fact::ProposalLapsed(id) => decide(*id, ProposalState::Lapsed, ""),
            Fact::CriterionWaived { criterion, proposal_id, reason } => {
                self.waivers.retain(|waiver| waiver.criterion != *criterion);
                self.waivers.push(Waiver {
                    criterion: criterion.clone(),
                    reason: reason.clone(),
                    proposal_id: *proposal_id,
                    waived: Signed::new(by, at),
                });
            }
            _ => {}
        }
    }

    fn apply_to_action(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        let (id, change): (_, &dyn Fn(&mut Action)) = match fact {
            Fact::ActionAdded(action) => return self.actions.push(action.clone()),
            Fact::ActionConfirmed(id) => (id, &|action| action.unconfirmed = false),
            Fact::ActionDone(id) => (id, &|action| action.done = Some(Signed::new(by, at))),
            _ => return,
        };
        self.actions.iter_mut().filter(|action| action.id == *id).for_each(change);
    }

    /// A change of state ends a hold and a claim.
    fn enter(&mut self, state: State, command: Command, by: &str, at: Timestamp) {
        self.state = state;
        self.since = Since { command, by: by.to_owned(), at };
        self.hold = None;
        self.claim = None;
    }

    fn freeze(&mut self, fact: &Fact, by: &str, at: Timestamp) {
        let Fact::Submitted { attempt, content_hash, results, first_time_pair, review } = fact else { return };
        self.attempts.push(Attempt {
            number: *attempt,
            submitted_by: by.to_owned(),
            submitted_at: at,
            snapshot: self.to_freeze(),
            content_hash: *content_hash,
            results: results.clone(),
            first_time_pair: *first_time_pair,
            review: review.clone(),
            decision: Decision::Open,
            decided_by: None,
            decided_at: None,
            reasons: vec![],
            read_back: None,
            confirmation: None,
        });
    }

    fn apply_edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Title(title) => self.title.clone_from(title),
            Edit::Priority(priority) => self.priority = *priority,
            Edit::Summary(summary) => self.summary.clone_from(summary),
            Edit::Field(key, Some(value)) => {
                self.submission.fields.insert(key.clone(), value.clone());
            }
            Edit::Field(key, None) => {
                self.submission.fields.remove(key);
            }
            Edit::Links(links) => self.links.clone_from(links),
            Edit::Attachments(attachments) => self.attachments.clone_from(attachments),
            Edit::DeliverBy(deliver_by) => self.deliver_by = *deliver_by,
        }
    }
}
