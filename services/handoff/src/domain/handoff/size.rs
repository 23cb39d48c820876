//! The bound of what callers may write into one handoff.

use std::io;

use super::{Fact, Handoff};
use crate::domain::{
    Attempt, Refused, Review, Side,
    limits::{DECISION_ROOM_BYTES, HANDOFF_MAX_BYTES},
};

/// Counts what is written.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Handoff {
    /// Refuses where the handoff is larger than its bound. Counted is what callers wrote, as JSON; not what Baton derived
    /// from it (snapshots, results, agendas), else a handoff could grow too large to be submitted once more.
    pub fn must_fit(&self) -> Result<(), Refused> {
        match self.size_bytes() {
            size_bytes if size_bytes > HANDOFF_MAX_BYTES => Err(Refused::TooLarge { size_bytes }),
            _ => Ok(()),
        }
    }

    /// Refuses where these facts have made the handoff larger than it may be after them. What makes it smaller always counts.
    pub(super) fn must_hold(&self, facts: &[Fact], before: &Self) -> Result<(), Refused> {
        let Some(max_bytes) = facts.iter().find_map(room) else { return Ok(()) };
        match self.size_bytes() {
            size_bytes if size_bytes > max_bytes && size_bytes > before.size_bytes() => {
                Err(Refused::TooLarge { size_bytes })
            }
            _ => Ok(()),
        }
    }

    fn size_bytes(&self) -> usize {
        let mut counter = Counter(0);
        let decided =
            |attempt: &Attempt| (attempt.read_back.clone(), attempt.reasons.clone(), attempt.confirmation.clone());
        let decisions: Vec<_> = self.attempts.iter().map(decided).collect();
        let reviews: Vec<_> = self.reviews.iter().map(Review::words).collect();
        let written = (
            (&self.title, &self.summary, &self.submission, &self.links, &self.attachments),
            (&self.origin, &self.actions, decisions, &self.questions, reviews, &self.proposals),
            (&self.waivers, &self.archived),
        );
        serde_json::to_writer(&mut counter, &written).expect("every part has string keys, and counting does not fail");
        counter.0
    }
}

/// How large a handoff may be after a fact; none where the fact keeps no new words of anybody. What ends or answers something
/// has room beyond the bound: a full handoff still goes on, comes back and ends.
const fn room(fact: &Fact) -> Option<usize> {
    match fact {
        Fact::Created { .. }
        | Fact::Edited(_)
        | Fact::ItemChanged { side: Side::Upstream, .. }
        | Fact::QuestionAsked(_)
        | Fact::QuestionInsufficient { .. }
        | Fact::ReviewScheduled(_)
        | Fact::LinkAdded(_)
        | Fact::AttachmentAdded(_)
        | Fact::ActionAdded(_) => Some(HANDOFF_MAX_BYTES),
        Fact::ItemChanged { side: Side::Downstream, .. }
        | Fact::Accepted { .. }
        | Fact::Rejected { .. }
        | Fact::Returned { .. }
        | Fact::ReadBackConfirmed { .. }
        | Fact::QuestionAnswered { .. }
        | Fact::ReviewHeld { .. }
        | Fact::ReviewMissed { .. }
        | Fact::ReviewWaived { .. }
        | Fact::ReviewCancelled { .. }
        | Fact::ProposalMade(_)
        | Fact::ProposalDeclined { .. } => Some(HANDOFF_MAX_BYTES + DECISION_ROOM_BYTES),
        Fact::Submitted { .. }
        | Fact::Recalled { .. }
        | Fact::Claimed
        | Fact::Unclaimed
        | Fact::Begun
        | Fact::Completed
        | Fact::Reopened { .. }
        | Fact::Cancelled { .. }
        | Fact::Held { .. }
        | Fact::Resumed
        | Fact::Reassigned { .. }
        | Fact::Migrated { .. }
        | Fact::QuestionClosed { .. }
        | Fact::ProposalAgreed(_)
        | Fact::ProposalLapsed(_)
        | Fact::DeadlineChanged(_)
        | Fact::PriorityChanged(_)
        | Fact::CriterionWaived { .. }
        | Fact::CommentAdded { .. }
        | Fact::LinkRemoved(_)
        | Fact::ConfidentialityChanged(_)
        | Fact::ActionConfirmed(_)
        | Fact::ActionDone(_) => None,
    }
}
