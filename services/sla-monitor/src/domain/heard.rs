//! What the handoff service says, as far as clocks care.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CalendarId, HandoffId, PolicyId, Priority, RouteId, Side, SubjectId, TeamId};

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
        /// Done.
        Completed = "COMPLETED",
        /// Downstream has not taken it.
        Rejected = "REJECTED",
        /// It came back after acceptance.
        Returned = "RETURNED",
        /// Given up.
        Cancelled = "CANCELLED",
    }
}

/// A fact of the handoff service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Of a handoff.
    Handoff(Box<Fact>),
    /// A team works by this calendar.
    Team {
        /// The team.
        team: TeamId,
        /// Its calendar.
        calendar: Option<CalendarId>,
        /// Since when.
        at: Timestamp,
    },
    /// A route has these terms.
    Terms {
        /// The route.
        route: RouteId,
        /// The version of its terms.
        version: i32,
        /// The policy that they name.
        policy: Option<PolicyId>,
    },
    /// Nothing that clocks care for.
    Nothing,
}

/// Something that happened to a handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The handoff.
    pub id: HandoffId,
    /// Its place in the handoff's history.
    pub revision: i64,
    /// Its place among all facts of the handoff service.
    pub position: i64,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
    /// The handoff right after it.
    pub about: About,
    /// What happened.
    pub what: What,
}

/// A handoff, as every fact of it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The route.
    pub route_id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// The name of the work; empty of a confidential one.
    pub title: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether only its teams may see it.
    pub confidential: bool,
    /// Where it is in its life.
    pub state: State,
    /// Who speaks for upstream; may be empty.
    pub upstream_owner: String,
    /// Who speaks for downstream; may be empty.
    pub downstream_owner: String,
    /// The outside record: system and key.
    pub origin: Option<(String, String)>,
}

/// A link to an outside record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The system.
    pub system: String,
    /// The key there.
    pub key: String,
    /// Where a person opens it; may be empty.
    pub url: String,
}

/// What happened to a handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was created.
    Created {
        /// The version of the terms that it keeps; 0 for none.
        terms_version: i32,
        /// When the work began to wait.
        triggered_at: Option<Timestamp>,
        /// By when upstream promises it.
        deliver_by: Option<Timestamp>,
        /// Its fields, as text.
        fields: BTreeMap<String, String>,
        /// Its links.
        links: Vec<Link>,
    },
    /// Upstream changed it.
    Edited {
        /// The fields that changed, as text; none where one was removed.
        fields: BTreeMap<String, Option<String>>,
        /// The promise, where it changed.
        deliver_by: Option<Option<Timestamp>>,
        /// The links, where they changed.
        links: Option<Vec<Link>>,
    },
    /// Upstream handed over.
    Submitted,
    /// Upstream took it back.
    Recalled,
    /// Downstream took it.
    Accepted,
    /// Downstream did not take it.
    Rejected,
    /// Downstream began.
    Begun,
    /// Downstream has done it.
    Completed,
    /// Upstream reopened it.
    Reopened,
    /// Downstream gave it back.
    Returned,
    /// It was given up.
    Cancelled,
    /// It was put on hold.
    Held {
        /// Whether both sides agreed.
        agreed: bool,
    },
    /// The hold ended.
    Resumed,
    /// A round of a question was opened.
    Asked {
        /// The question.
        question: SubjectId,
        /// The side that asks.
        side: Side,
        /// Whether it cannot go on without the answer.
        blocking: bool,
        /// 1, 2, 3, ...
        round: i32,
    },
    /// A round was answered.
    Answered {
        /// The question.
        question: SubjectId,
    },
    /// A question was closed.
    Closed {
        /// The question.
        question: SubjectId,
    },
    /// A side proposed something.
    Proposed {
        /// The proposal.
        proposal: SubjectId,
        /// The side.
        side: Side,
    },
    /// A proposal was agreed to.
    Agreed {
        /// The proposal.
        proposal: SubjectId,
    },
    /// A proposal was declined.
    Declined {
        /// The proposal.
        proposal: SubjectId,
    },
    /// A proposal lapsed.
    Lapsed {
        /// The proposal.
        proposal: SubjectId,
    },
    /// There is something to do from now on.
    ActionDue {
        /// The action.
        action: SubjectId,
        /// The side that is to do it.
        side: Side,
        /// By when.
        due_at: Option<Timestamp>,
    },
    /// An action was done.
    ActionDone {
        /// The action.
        action: SubjectId,
    },
    /// Both sides agreed on another promise.
    DeadlineChanged {
        /// By when.
        deliver_by: Timestamp,
    },
    /// A link came.
    Linked(Link),
    /// A link went.
    Unlinked(Link),
    /// Something that clocks do not care for, or that this version does not know.
    Other {
        /// Whether this version knows it.
        known: bool,
    },
}
