//! One submission of a handoff: what was frozen, what the criteria said, what downstream decided.

use criteria::{ContentHash, CriterionResult, ReviewDecision, Submission};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Reason, Signed};

/// One submission. All but the decision and what belongs to it is frozen at the submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// 1, 2, 3, ...
    pub number: i32,
    /// Who submitted it.
    pub submitted_by: String,
    /// When.
    pub submitted_at: Timestamp,
    /// The fields and upstream's items as they stood.
    pub snapshot: Submission,
    /// The snapshot's hash.
    pub content_hash: ContentHash,
    /// What the criteria said, in the template's order; none for imported history.
    pub results: Vec<CriterionResult>,
    /// Whether no handoff of this route had been completed before; the criteria may ask.
    pub first_time_pair: bool,
    /// Whether the terms' review rule requires a review before it can be accepted, and why it does or does not.
    pub review: ReviewDecision,
    /// What became of it.
    pub decision: Decision,
    /// Who decided; none while it is open.
    pub decided_by: Option<String>,
    /// When; none while it is open.
    pub decided_at: Option<Timestamp>,
    /// Why it was rejected.
    pub reasons: Vec<Reason>,
    /// What the receiver restated.
    pub read_back: Option<String>,
    /// What upstream said to that.
    pub confirmation: Option<Confirmation>,
}

/// What upstream said to a read-back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Who and when.
    pub given: Signed,
    /// What was misunderstood; none where all was right.
    pub corrections: Vec<String>,
}

kernel::named! {
    /// What became of an attempt.
    pub enum Decision {
        /// Not decided yet.
        Open = "OPEN",
        /// Downstream took the work.
        Accepted = "ACCEPTED",
        /// Downstream did not.
        Rejected = "REJECTED",
        /// The handoff was given up before it was decided.
        Cancelled = "CANCELLED",
        /// Upstream took it back before it was decided.
        Recalled = "RECALLED",
    }
}

impl Attempt {
    pub(super) fn decide(&mut self, decision: Decision, by: &str, at: Timestamp) {
        self.decision = decision;
        self.decided_by = Some(by.to_owned());
        self.decided_at = Some(at);
    }
}
