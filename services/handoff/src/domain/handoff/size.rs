//! The bound of what callers may write into one handoff.

use std::io;

use super::{Fact, Handoff};
use crate::domain::{
    Attempt, Refused,
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
    /// from it (snapshots, results), else a handoff could grow too large to be submitted once more.
    pub fn must_fit(&self) -> Result<(), Refused> {
        self.must_fit_into(HANDOFF_MAX_BYTES)
    }

    /// Refuses where these facts have made the handoff larger than its bound. What keeps no new word of anybody is not held to
    /// it, and a decision of downstream has room beyond it: a full handoff still goes on, comes back and ends.
    pub(super) fn must_hold(&self, facts: &[Fact]) -> Result<(), Refused> {
        match facts.iter().find(|fact| !matches!(fact, Fact::ProposalAgreed(_))) {
            None
            | Some(
                Fact::Submitted { .. }
                | Fact::Recalled { .. }
                | Fact::Claimed
                | Fact::Unclaimed
                | Fact::Begun
                | Fact::Completed
                | Fact::Reopened { .. }
                | Fact::Cancelled { .. }
                | Fact::Resumed
                | Fact::QuestionClosed { .. },
            ) => Ok(()),
            Some(Fact::Accepted { .. } | Fact::Rejected { .. } | Fact::Returned { .. }) => {
                self.must_fit_into(HANDOFF_MAX_BYTES + DECISION_ROOM_BYTES)
            }
            Some(_) => self.must_fit(),
        }
    }

    fn must_fit_into(&self, max_bytes: usize) -> Result<(), Refused> {
        let mut counter = Counter(0);
        let decided =
            |attempt: &'_ Attempt| (attempt.read_back.clone(), attempt.reasons.clone(), attempt.confirmation.clone());
        let decisions: Vec<_> = self.attempts.iter().map(decided).collect();
        let written = (
            (&self.title, &self.summary, &self.submission, &self.links, &self.attachments),
            (&self.origin, &self.actions, decisions, &self.questions, &self.reviews, &self.proposals),
            (&self.waivers, &self.archived),
        );
        serde_json::to_writer(&mut counter, &written).expect("every part has string keys, and counting does not fail");
        match counter.0 {
            size_bytes if size_bytes > max_bytes => Err(Refused::TooLarge { size_bytes }),
            _ => Ok(()),
        }
    }
}
