//! What the other services say, as far as figures care.

use std::collections::BTreeSet;

use calendar::Spec;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CalendarId, ClockId, HandoffId, QuestionId, RouteId, Side, TeamId, TemplateId, WorkflowId, story::ClockState,
};

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

kernel::named! {
    /// Why something was rejected or returned.
    pub enum ReasonKind {
        /// A criterion is not met.
        Criterion = "CRITERION",
        /// Something is missing that no criterion names.
        Incomplete = "INCOMPLETE",
        /// Another team should have it.
        WrongTeam = "WRONG_TEAM",
        /// It is here already.
        Duplicate = "DUPLICATE",
        /// Something else.
        Other = "OTHER",
        /// A record of history gave none.
        Unknown = "UNKNOWN",
    }
}

/// Something heard, with when it happened and where it stands in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it is about: "handoff/<uuid>", "clocks/<uuid>", "route/<slug>".
    pub aggregate: String,
    /// Its place in the history of its aggregate.
    pub sequence: i64,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
    /// What.
    pub news: News,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Something happened to a handoff.
    Handoff(Box<Told>),
    /// Something happened to a clock of a handoff.
    Clock(Box<ClockTold>),
    /// A team works by this calendar from then on.
    Team {
        /// The team.
        id: TeamId,
        /// Its calendar; none: it is always open.
        calendar: Option<CalendarId>,
    },
    /// A route, as it stands.
    Route(Box<Route>),
    /// A route has new terms.
    Terms {
        /// The route.
        route: RouteId,
        /// Which.
        terms: Terms,
    },
    /// A route takes no new handoffs.
    RouteRetired(RouteId),
    /// A workflow, as it stands.
    Workflow {
        /// Which.
        id: WorkflowId,
        /// Its routes, in order.
        routes: Vec<RouteId>,
    },
    /// A version of a calendar.
    Calendar {
        /// Which.
        id: CalendarId,
        /// 1, 2, 3, ...
        version: i32,
        /// Since when it counts; the first counts for what was before, too.
        since: Timestamp,
        /// When its teams work.
        spec: Spec,
    },
    /// A version of a template was published.
    Template {
        /// Which.
        id: TemplateId,
        /// 1, 2, 3, ...
        version: i32,
        /// The keys of its criteria.
        criteria: Vec<String>,
    },
    /// Nothing that figures care for.
    Nothing,
}

/// A route, as far as figures care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which.
    pub id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// How often both sides look at it together.
    pub review_every_seconds: i64,
    /// Whether nobody has mapped it.
    pub discovered: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its terms; none before the first.
    pub terms: Option<Terms>,
}

/// Terms, as far as figures care.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Their version.
    pub version: i32,
    /// The template that they name; empty for none.
    pub template_id: String,
    /// The policy that they name; empty for none.
    pub policy_id: String,
}

/// Something that happened to a handoff, and the handoff right after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The handoff.
    pub id: HandoffId,
    /// How it stands.
    pub about: About,
    /// Who caused it.
    pub by: String,
    /// Whether that was a service.
    pub by_service: bool,
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
    /// Whether only its teams may see it.
    pub confidential: bool,
    /// Who speaks for upstream; may be empty.
    pub upstream_owner: String,
    /// Who speaks for downstream; may be empty.
    pub downstream_owner: String,
}

/// A version of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Template {
    /// Which template.
    pub id: TemplateId,
    /// Its version.
    pub version: i32,
}

/// Why something was rejected or returned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// The kind.
    pub kind: ReasonKind,
    /// The criterion, of CRITERION; what is missing, of INCOMPLETE; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// A criterion that applied to a submit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Applied {
    /// Its key.
    pub key: String,
    /// Whether it stops a submit that does not meet it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocking: bool,
    /// Whether it was not met, or waived.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unmet: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_false(it: &bool) -> bool {
    !it
}

/// What happened to a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// It was created.
    Created {
        /// The terms that it keeps; 0 for none.
        terms_version: i32,
        /// The template that it is judged by; none for the empty one.
        template: Option<Template>,
        /// What it follows, and which outside records it belongs to.
        ties: BTreeSet<Tie>,
    },
    /// Its template is another version now.
    Migrated(Option<Template>),
    /// Its outside records are these now.
    Tied(BTreeSet<Tie>),
    /// It belongs to an outside record, too.
    TieAdded(Tie),
    /// It belongs to one no more.
    TieRemoved(Tie),
    /// Upstream handed over.
    Submitted {
        /// The hash of what was handed over; empty where it is not known.
        content_hash: String,
        /// The criteria that applied.
        criteria: Vec<Applied>,
    },
    /// Upstream took it back.
    Recalled,
    /// Somebody of downstream looks at it.
    Claimed,
    /// Both sides met about it.
    ReviewHeld,
    /// A criterion need not be met.
    Waived,
    /// Downstream took it.
    Accepted {
        /// Whether it restated what was handed over.
        read_back: bool,
        /// How many conditions it made.
        conditions: i32,
    },
    /// Upstream confirmed what was restated.
    ReadBackConfirmed {
        /// With so many corrections.
        corrections: i32,
    },
    /// Downstream did not take it.
    Rejected(Vec<Reason>),
    /// Downstream began.
    Begun,
    /// Downstream has done it.
    Completed,
    /// Upstream reopened it.
    Reopened,
    /// Downstream gave it back.
    Returned(Vec<Reason>),
    /// It was given up.
    Cancelled,
    /// It was put on hold.
    Held {
        /// Whether both sides agreed.
        agreed: bool,
        /// The side that declared or proposed it.
        side: Side,
    },
    /// The hold ended.
    Resumed,
    /// A round of a question was opened.
    Asked {
        /// The question.
        question: QuestionId,
        /// The side that asks.
        side: Side,
        /// Whether it cannot go on without the answer.
        blocking: bool,
        /// 1, 2, 3, ...
        round: i32,
        /// The criterion or field that it is about; may be empty.
        about: String,
    },
    /// A round was answered.
    Answered(QuestionId),
    /// A question was closed.
    Closed(QuestionId),
    /// Something that figures do not count.
    Other,
}

/// What makes several handoffs one piece of work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tie {
    /// It follows another handoff.
    Follows(HandoffId),
    /// It belongs to a record of an outside system: "jira/ABC-1".
    Record(String),
}

/// Something that happened to a clock of a handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockTold {
    /// The handoff.
    pub handoff: HandoffId,
    /// The route of it.
    pub route_id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// The clock.
    pub clock: ClockId,
    /// What never changes of it.
    pub promise: super::story::Promise,
    /// How it stands now.
    pub state: ClockState,
}
