//! Proposals: the one mechanism for what needs the consent of both sides.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Priority, Side, Signed};

kernel::uuid_id! {
    /// A proposal's id.
    ProposalId
}

/// Something that one side proposes and the other agrees to or declines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// The side that proposes; the other decides.
    pub side: Side,
    /// What.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// Who proposed it, and when.
    pub proposed: Signed,
    /// Where it is in its life.
    pub state: ProposalState,
    /// Who decided it, and when; none while it is open.
    pub decided: Option<Signed>,
    /// Why it was declined; may be empty.
    pub decline_reason: String,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Change {
    /// Wait by agreement.
    Hold {
        /// Until when.
        until: Timestamp,
    },
    /// Another promise.
    Deadline {
        /// By when upstream is to deliver.
        deliver_by: Timestamp,
    },
    /// Another priority.
    Priority {
        /// The new one.
        priority: Priority,
    },
    /// Submit although these criteria are not met.
    Waiver {
        /// Their keys.
        criteria: Vec<String>,
    },
    /// Give the handoff up.
    Cancel,
}

kernel::named! {
    /// The kinds of proposal; one open one of each at a time.
    pub enum ProposalKind {
        /// Wait by agreement.
        Hold = "HOLD",
        /// Another promise.
        Deadline = "DEADLINE",
        /// Another priority.
        Priority = "PRIORITY",
        /// Submit although some criteria are not met.
        Waiver = "WAIVER",
        /// Give the handoff up.
        Cancel = "CANCEL",
    }
}

kernel::named! {
    /// The life of a proposal.
    pub enum ProposalState {
        /// The other side has to decide.
        Open = "OPEN",
        /// Agreed, and done.
        Agreed = "AGREED",
        /// Declined.
        Declined = "DECLINED",
        /// The state that it was made in has ended.
        Lapsed = "LAPSED",
    }
}

impl Proposal {
    /// Whether the other side has still to decide.
    pub fn is_open(&self) -> bool {
        self.state == ProposalState::Open
    }
}

impl Change {
    /// Its kind.
    pub const fn kind(&self) -> ProposalKind {
        match self {
            Self::Hold { .. } => ProposalKind::Hold,
            Self::Deadline { .. } => ProposalKind::Deadline,
            Self::Priority { .. } => ProposalKind::Priority,
            Self::Waiver { .. } => ProposalKind::Waiver,
            Self::Cancel => ProposalKind::Cancel,
        }
    }
}
