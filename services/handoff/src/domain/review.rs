//! Reviews: meetings of both sides about a complex transfer.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Side, Signed};

kernel::uuid_id! {
    /// A review's id.
    ReviewId
}

/// A meeting of both sides about a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// The attempt it is about; 0 before the first submit.
    pub attempt: i32,
    /// The side of whoever scheduled it, or waived it unscheduled.
    pub side: Side,
    /// Who, and when last: a changed invitation counts.
    pub scheduled: Signed,
    /// When and where; none for one that was waived unscheduled.
    pub meeting: Option<Meeting>,
    /// Raised by every change of the invitation, from 0 (RFC 5545, SEQUENCE).
    pub sequence: i32,
    /// Where it is in its life.
    pub status: Status,
}

/// When and where both sides meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends, after that.
    pub ends_at: Timestamp,
    /// A room, an address.
    pub place: Option<String>,
    /// Where, online.
    pub url: Option<String>,
    /// Who is invited.
    pub attendees: Vec<Attendee>,
}

/// Somebody at a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// The name.
    pub name: String,
    /// For which side.
    pub side: Side,
    /// Where the invitation goes.
    pub email: Option<String>,
}

/// The life of a review, and what is only true then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It is to come; its agenda follows the handoff.
    Scheduled,
    /// It took place.
    Held {
        /// Who recorded it, and when.
        settled: Signed,
        /// The agenda as it stood then.
        agenda: Vec<AgendaItem>,
        /// What came of it.
        held: Held,
    },
    /// A side, or both, did not come.
    Missed {
        /// Who recorded it, and when.
        settled: Signed,
        /// The agenda as it stood then.
        agenda: Vec<AgendaItem>,
        /// The sides that did not come.
        absent: Vec<Side>,
    },
    /// Called off, by somebody or by a change of the handoff's state.
    Cancelled {
        /// Who, and when.
        settled: Signed,
        /// Why.
        reason: String,
    },
    /// A lead of downstream does without it.
    Waived {
        /// Who, and when.
        settled: Signed,
        /// Why.
        reason: String,
    },
}

/// What came of a review that took place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who was there.
    pub attended: Vec<Attendee>,
    /// What was said; may be empty.
    pub notes: String,
    /// What was decided.
    pub decisions: Vec<String>,
    /// Whether the work is ready to be accepted.
    pub outcome: Outcome,
}

kernel::named! {
    /// What came of a review.
    pub enum Outcome {
        /// The work is ready to be accepted.
        Ready = "READY",
        /// It is not.
        NotReady = "NOT_READY",
    }
}

/// One point of an agenda.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgendaItem {
    /// What about.
    pub topic: String,
    /// The lines under it, in order.
    pub lines: Vec<String>,
}

impl Review {
    /// What somebody wrote into it: all but the agenda, which is made.
    pub(super) fn words(&self) -> impl Serialize + '_ {
        let of_status = match &self.status {
            Status::Held { held, .. } => (Some(held), ""),
            Status::Cancelled { reason, .. } | Status::Waived { reason, .. } => (None, reason.as_str()),
            Status::Scheduled | Status::Missed { .. } => (None, ""),
        };
        (&self.meeting, of_status)
    }

    /// Whether it is to come.
    pub fn is_scheduled(&self) -> bool {
        self.status == Status::Scheduled
    }

    /// Whether it lets an attempt pass that requires a review; none while it says nothing about it.
    pub fn clears(&self) -> Option<bool> {
        match &self.status {
            Status::Held { held, .. } => Some(held.outcome == Outcome::Ready),
            Status::Waived { .. } => Some(true),
            Status::Scheduled | Status::Missed { .. } | Status::Cancelled { .. } => None,
        }
    }
}

impl Status {
    /// The name of the state.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Held { .. } => "HELD",
            Self::Missed { .. } => "MISSED",
            Self::Cancelled { .. } => "CANCELLED",
            Self::Waived { .. } => "WAIVED",
        }
    }

    /// Who recorded how it ended, and when; none while it is to come.
    pub const fn settled(&self) -> Option<&Signed> {
        match self {
            Self::Scheduled => None,
            Self::Held { settled, .. }
            | Self::Missed { settled, .. }
            | Self::Cancelled { settled, .. }
            | Self::Waived { settled, .. } => Some(settled),
        }
    }
}
