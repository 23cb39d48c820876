//! The states of a handoff and the commands that lead from one to another.

use kernel::Timestamp;

use super::Side;

named! {
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

named! {
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
        /// Have done an action.
        CompleteAction = "COMPLETE_ACTION",
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
    /// Whether the handoff has not ended.
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled)
    }

    /// Whose turn it is; nobody's once the handoff has ended.
    pub const fn waiting_on(self) -> Option<Side> {
        match self {
            Self::Draft | Self::Rejected | Self::Returned => Some(Side::Upstream),
            Self::Submitted | Self::Accepted | Self::InProgress => Some(Side::Downstream),
            Self::Completed | Self::Cancelled => None,
        }
    }
}
