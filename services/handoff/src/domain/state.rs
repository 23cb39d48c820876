//! The states of a handoff and the commands that lead from one to another.

use kernel::Timestamp;

use super::Side;

kernel::named! {
    /// Where a handoff is in its life.
    pub enum State {
        /// Upstream prepares it.
        Draft = "DRAFT",
        /// Downstream decides.
        Submitted = "SUBMITTED",
        /// Downstream has taken it and not begun.
        Accepted = "ACCEPTED",
        /// Downstream works on it.
        InProgress = "IN_PROGRESS",
        /// Done. It can still come back within the return window.
        Completed = "COMPLETED",
        /// Downstream has not taken it; upstream mends it.
        Rejected = "REJECTED",
        /// It came back after acceptance: rework for upstream.
        Returned = "RETURNED",
        /// Given up.
        Cancelled = "CANCELLED",
    }
}

kernel::named! {
    /// What somebody can do to a handoff.
    pub enum Command {
        /// Make a draft.
        Create = "CREATE",
        /// Change what is handed over.
        Update = "UPDATE",
        /// Tick an item.
        TickItem = "TICK_ITEM",
        /// Hand over.
        Submit = "SUBMIT",
        /// Take the work.
        Accept = "ACCEPT",
        /// Do not take it.
        Reject = "REJECT",
        /// Begin the work.
        Begin = "BEGIN",
        /// Have done it.
        Complete = "COMPLETE",
        /// Give accepted work back.
        Return = "RETURN",
        /// Open completed work again.
        Reopen = "REOPEN",
        /// Give the handoff up.
        Cancel = "CANCEL",
        /// Take back what is not decided.
        Recall = "RECALL",
        /// Look at what is submitted.
        Claim = "CLAIM",
        /// Let it go.
        Unclaim = "UNCLAIM",
        /// Confirm or correct a read-back.
        ConfirmReadBack = "CONFIRM_READ_BACK",
        /// Name who speaks for a side.
        Reassign = "REASSIGN",
        /// Declare a wait.
        Hold = "HOLD",
        /// End it.
        Resume = "RESUME",
        /// Say something.
        AddComment = "ADD_COMMENT",
        /// Link an outside record.
        AddLink = "ADD_LINK",
        /// Take a link away.
        RemoveLink = "REMOVE_LINK",
        /// Refer to a document.
        AddAttachment = "ADD_ATTACHMENT",
        /// Lay down a small duty.
        AddAction = "ADD_ACTION",
        /// Take one on.
        ConfirmAction = "CONFIRM_ACTION",
        /// Have done an action.
        CompleteAction = "COMPLETE_ACTION",
        /// Say who may see it.
        SetConfidential = "SET_CONFIDENTIAL",
        /// Move a draft to a newer version of its template.
        MigrateDraft = "MIGRATE_DRAFT",
        /// Ask the other side.
        Ask = "ASK",
        /// Answer it.
        Answer = "ANSWER",
        /// Call an answer insufficient.
        MarkInsufficient = "MARK_INSUFFICIENT",
        /// Close a question.
        CloseQuestion = "CLOSE_QUESTION",
        /// Schedule a review.
        ScheduleReview = "SCHEDULE_REVIEW",
        /// Change a scheduled review.
        RescheduleReview = "RESCHEDULE_REVIEW",
        /// Call a review off.
        CancelReview = "CANCEL_REVIEW",
        /// Record a review that took place.
        RecordReviewHeld = "RECORD_REVIEW_HELD",
        /// Record one that did not.
        RecordReviewMissed = "RECORD_REVIEW_MISSED",
        /// Do without the review.
        WaiveReview = "WAIVE_REVIEW",
        /// Propose what needs both sides.
        Propose = "PROPOSE",
        /// Agree to it.
        Agree = "AGREE",
        /// Decline it.
        Decline = "DECLINE",
    }
}

/// How a handoff came into its state: by it a repeat is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// Through which command.
    pub command: Command,
    /// Through whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl State {
    /// Those in which the handoff has not ended.
    pub const OPEN: &[Self] =
        &[Self::Draft, Self::Submitted, Self::Accepted, Self::InProgress, Self::Rejected, Self::Returned];
    /// Those in which something can still be said about it.
    pub const NOT_CANCELLED: &[Self] = &[
        Self::Draft,
        Self::Submitted,
        Self::Accepted,
        Self::InProgress,
        Self::Completed,
        Self::Rejected,
        Self::Returned,
    ];

    /// Whether the handoff has not ended.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled)
    }

    /// Whose turn the state makes it; nobody's once the handoff has ended.
    pub const fn turn(self) -> Option<Side> {
        match self {
            Self::Draft | Self::Rejected | Self::Returned => Some(Side::Upstream),
            Self::Submitted | Self::Accepted | Self::InProgress => Some(Side::Downstream),
            Self::Completed | Self::Cancelled => None,
        }
    }
}
