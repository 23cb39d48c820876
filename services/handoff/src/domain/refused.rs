//! Why the handoff service says no: one sentence for a person, a code and a stable reason for a program.

use criteria::CriterionResult;
use kernel::{Code, Precondition, Refusal, Timestamp, Violation};

use super::{
    ActionId, Command, Origin, ProposalId, RouteId, Side, State, TeamId, TemplateId, WorkflowId, history,
    limits::{HANDOFF_MAX_BYTES, MAP_TEXT_MAX_BYTES},
    proposal::ProposalKind,
    route, side,
};

/// A rule said no. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such thing, or none that this caller may know of.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The aggregate has moved on since the caller saw it.
    #[error("the revision is {current}, not {expected}; read it again and decide anew")]
    RevisionMismatch {
        /// What the caller has seen.
        expected: i64,
        /// Where it stands.
        current: i64,
    },
    /// The id is taken.
    #[error("there is a team {0} already")]
    TeamExists(TeamId),
    /// The id is taken.
    #[error("there is a route {0} already; give another route_id")]
    RouteExists(RouteId),
    /// The outside record has a handoff that the caller may not know of: of it nothing is told but that it is there.
    #[error("{0} has a handoff already, which only its two teams may see; ask them")]
    OriginTaken(Origin),
    /// It takes no new handoffs, and is not changed any more.
    #[error("the route {0} is retired; use another one")]
    RouteRetired(RouteId),
    /// The terms were changed while the template that they named was looked up.
    #[error("the terms of the route {0} have just changed; create the handoff again")]
    TermsMoved(RouteId),
    /// The other side waits for an answer.
    #[error("{team} has proposed terms that wait for an answer ({proposal}); agree to them or decline them first")]
    ProposalOpen {
        /// The open proposal.
        proposal: route::ProposalId,
        /// The team that proposed it.
        team: TeamId,
    },
    /// The proposal is not, or no longer, the one that waits for an answer.
    #[error("the proposal {given} is not open{}; read the route and decide anew", current.map_or(String::new(), |id| format!(", {id} is")))]
    ProposalMoved {
        /// What the caller has read.
        given: route::ProposalId,
        /// The open one.
        current: Option<route::ProposalId>,
    },
    /// Nobody decides on what they themselves proposed.
    #[error("you proposed these terms yourself; another lead of {team} must decide on them")]
    OwnProposal {
        /// The team whose leads decide.
        team: TeamId,
    },
    /// There is nothing to agree to.
    #[error("these terms are in force on the route {0} already")]
    TermsInForce(RouteId),
    /// Reserved to leads of certain teams; an administrator has another way.
    #[error("only a lead of {} may {what}; an administrator sets terms instead", list(teams))]
    SideLeadOnly {
        /// The teams whose leads may.
        teams: Vec<TeamId>,
        /// What.
        what: &'static str,
    },
    /// The id is taken.
    #[error("there is a workflow {0} already")]
    WorkflowExists(WorkflowId),
    /// The map was changed while the templates that an import names were looked up.
    #[error("the map has just changed; import it again")]
    MapMoved,
    /// The text would not fit through an import.
    #[error(
        "the map as one text has {size_bytes} bytes, at most {MAP_TEXT_MAX_BYTES} are allowed; export it team by team"
    )]
    MapTooLarge {
        /// What it would hold.
        size_bytes: usize,
    },
    /// A pair of teams does not say which of its routes is meant.
    #[error("{from} and {to} have several routes: {}; give the route_id", list(routes))]
    AmbiguousRoute {
        /// The team that hands over.
        from: TeamId,
        /// The team that receives.
        to: TeamId,
        /// The routes of the pair.
        routes: Vec<RouteId>,
    },
    /// The terms name a template, or a version of it, that is not there.
    #[error("there is no published version {} of the template {template}", version.map_or("at all".to_owned(), |v| v.to_string()))]
    TemplateNotFound {
        /// The template.
        template: TemplateId,
        /// The version; none for the latest.
        version: Option<i32>,
    },
    /// The terms name a retired version.
    #[error(
        "version {version} of the template {template} is retired; an administrator must set terms with another one"
    )]
    TemplateRetired {
        /// The template.
        template: TemplateId,
        /// The version.
        version: i32,
    },
    /// The pinned content was published for a newer service.
    #[error("the template needs criteria level {needed}, which this service does not have; upgrade it")]
    EvaluatorTooOld {
        /// The level that it needs.
        needed: u32,
    },
    /// Reserved to administrators.
    #[error("only an administrator may {0}")]
    AdminOnly(&'static str),
    /// Reserved to leads of certain teams.
    #[error("only a lead of {} or an administrator may {what}", list(teams))]
    LeadOnly {
        /// The teams whose leads may.
        teams: Vec<TeamId>,
        /// What.
        what: &'static str,
    },
    /// Reserved to importers.
    #[error("only an administrator or a service with the role IMPORTER may import history")]
    ImporterOnly,
    /// The caller does not act for the side whose command it is.
    #[error("this is for {} to do: the team {team}, which you do not act for", side::name(*side))]
    WrongSide {
        /// The side.
        side: Side,
        /// Its team.
        team: TeamId,
    },
    /// An administrator acts for a side it is not in and does not say why.
    #[error("you do not belong to {team} ({}); as an administrator, give an override_reason", side::name(*side))]
    OverrideReasonRequired {
        /// The side.
        side: Side,
        /// Its team.
        team: TeamId,
    },
    /// The handoff is in a state that the command does not start from.
    #[error("{command} is for {}; the handoff is in {state}", list(allowed))]
    WrongState {
        /// The command.
        command: Command,
        /// Where the handoff is.
        state: State,
        /// Where its history stands.
        revision: i64,
        /// The states that the command starts from.
        allowed: &'static [State],
    },
    /// The decision is about another attempt than the current one.
    #[error("the current attempt is {current}, not {given}; read it and decide anew")]
    AttemptMoved {
        /// What the caller has read.
        given: i32,
        /// The current one.
        current: i32,
    },
    /// Nobody accepts what they themselves submitted.
    #[error("you submitted attempt {attempt} yourself; somebody else of the receiving team must accept it")]
    OwnSubmission {
        /// The attempt.
        attempt: i32,
    },
    /// Nobody decides on what they themselves brought up.
    #[error("you {did} it yourself; somebody else of {team} must {must} it")]
    OwnDoing {
        /// What they did: `proposed`.
        did: &'static str,
        /// What somebody else has to do: `agree to`.
        must: &'static str,
        /// The team whose decision it is.
        team: TeamId,
    },
    /// The caller belongs to both teams, or to neither as an administrator, and does not say for which it acts.
    #[error("you could act for either side; say which: UPSTREAM or DOWNSTREAM")]
    SideRequired,
    /// The caller acts for neither team.
    #[error("this is for the two teams to do, {from} and {to}; you act for neither")]
    NeitherSide {
        /// The team that hands over.
        from: TeamId,
        /// The team that receives.
        to: TeamId,
    },
    /// A part of the handoff is in a state that the command does not start from.
    #[error("{command} is for {part}s that are {needed}; {id} is {state}")]
    PartInWrongState {
        /// What was asked for.
        command: Command,
        /// What it is.
        part: Part,
        /// Which.
        id: String,
        /// Where it is in its life.
        state: &'static str,
        /// Where it would have to be.
        needed: &'static str,
    },
    /// Somebody else looks at the handoff.
    #[error("{by} has claimed it at {at}; a lead of the team may take it over")]
    Claimed {
        /// Who.
        by: String,
        /// Since when.
        at: Timestamp,
    },
    /// The attempt requires a review that lets it pass.
    #[error(
        "attempt {attempt} requires a review ({why}): hold one that ends READY, or have a lead of downstream waive it"
    )]
    ReviewRequired {
        /// The attempt.
        attempt: i32,
        /// Why.
        why: String,
    },
    /// A meeting that is to come has no outcome.
    #[error("the review begins only at {starts_at}; record it then, or reschedule it")]
    ReviewNotBegun {
        /// When.
        starts_at: Timestamp,
    },
    /// Nobody waives a review that is not required.
    #[error("attempt {attempt} requires no review; there is nothing to waive")]
    ReviewNotRequired {
        /// The attempt.
        attempt: i32,
    },
    /// Downstream has asked what it cannot go on without; every such question.
    #[error("downstream waits for the answer to {}: it must be given, or what no longer matters be closed", count(.0.len(), "blocking question", "blocking questions"))]
    BlockingQuestionOpen(Vec<Precondition>),
    /// There is no read-back that could be confirmed.
    #[error("attempt {attempt} was accepted without a read-back; there is nothing to confirm")]
    NoReadBack {
        /// The attempt.
        attempt: i32,
    },
    /// The read-back was confirmed before, in other words.
    #[error("{by} has confirmed this read-back at {at}")]
    ReadBackConfirmed {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// One wait at a time.
    #[error("the handoff is on hold until {until}; resume it first")]
    OnHold {
        /// Until when.
        until: String,
    },
    /// One open proposal of a kind at a time.
    #[error("there is an open {kind} proposal already: {id}; it must be agreed to or declined first")]
    AlreadyProposed {
        /// The kind.
        kind: ProposalKind,
        /// Which.
        id: ProposalId,
    },
    /// What was proposed can no longer be done.
    #[error("{0} has passed; decline the proposal and propose anew")]
    ProposalOverdue(Timestamp),
    /// The handoff holds as many as it may.
    #[error("the handoff has {max} {what} already, more are not kept; make a new handoff that follows this one")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many it may hold.
        max: usize,
    },
    /// Nothing to migrate from or to.
    #[error("the draft is judged by no template; there is no other version to move to")]
    NothingToMigrate,
    /// Drafts move forward alone.
    #[error("the draft is at version {current} already; a draft moves to a newer version only, not to {given}")]
    NotNewer {
        /// The version that it has.
        current: i32,
        /// The one that was asked for.
        given: i32,
    },
    /// The template of the draft is not the one that was looked up.
    #[error("the handoff has just moved to another version; look at it again")]
    MigrationMoved,
    /// Criteria stop the submission; every one of them.
    #[error("{} of the template are not met: {}", count(.0.len(), "blocking criterion", "blocking criteria"), keys(.0))]
    CriteriaUnmet(Vec<CriterionResult>),
    /// The terms require a read-back.
    #[error("the terms of this route require a read-back: restate in your own words what was handed over")]
    ReadBackRequired,
    /// Downstream has not done everything; all of it.
    #[error("{} left to do before the work is complete", count(.0.len(), "duty is", "duties are"))]
    WorkUnfinished(Vec<Precondition>),
    /// The work can no longer come back.
    #[error("the return window closed at {closed_at}; make a new handoff that follows this one")]
    ReturnWindowClosed {
        /// When.
        closed_at: Timestamp,
    },
    /// One side alone cannot change these any more.
    #[error("after the first submit {} change only by agreement of both sides", list(.0))]
    NeedsAgreement(Vec<&'static str>),
    /// Somebody else has done the action.
    #[error("{by} has done this action at {at}")]
    ActionDone {
        /// The action.
        action: ActionId,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Malformed input; every violation.
    #[error("{} of the request must be mended", count(.0.len(), "field", "fields"))]
    Invalid(Vec<Violation>),
    /// The handoff would outgrow its bound.
    #[error(
        "the handoff would hold {size_bytes} bytes, at most {HANDOFF_MAX_BYTES} are allowed; move texts into attachments"
    )]
    TooLarge {
        /// What it would hold, in bytes of JSON.
        size_bytes: usize,
    },
    /// An event of a record cannot have happened there.
    #[error("event {index}: a handoff that is {state}{} cannot be {kind}; possible: {}", on_hold(*is_on_hold), list(possible))]
    ImpossibleEvent {
        /// Its place in the record, from 0.
        index: usize,
        /// What it says.
        kind: history::Kind,
        /// Where the handoff was.
        state: State,
        /// Whether it was on hold.
        is_on_hold: bool,
        /// What could have happened.
        possible: Vec<history::Kind>,
    },
    /// An event of a record happened before the one above it, or before what is stored.
    #[error("event {index}: {at} is before {previous_at}, the time of what happened before it")]
    EventGoesBack {
        /// Its place in the record, from 0.
        index: usize,
        /// Its time.
        at: Timestamp,
        /// The time that it must not go below.
        previous_at: Timestamp,
    },
    /// An event of a record has not happened yet.
    #[error("event {index}: {at} lies in the future")]
    EventInFuture {
        /// Its place in the record, from 0.
        index: usize,
        /// Its time.
        at: Timestamp,
    },
    /// A record tells another story than the one that is stored for its origin.
    #[error("the handoff of {origin} is here already, and {} differs", index.map_or("the pair of teams".to_owned(), |i| format!("event {i}")))]
    HistoryContradicted {
        /// The outside record.
        origin: Origin,
        /// The first event that differs, from 0; none where the teams do.
        index: Option<usize>,
    },
}

kernel::named! {
    /// A part of a handoff that has a life of its own.
    pub enum Part {
        /// A question.
        Question = "question",
        /// A review.
        Review = "review",
        /// A proposal.
        Proposal = "proposal",
        /// An action.
        Action = "action",
    }
}

impl Part {
    const fn reason(self) -> &'static str {
        match self {
            Self::Question => "QUESTION_WRONG_STATE",
            Self::Review => "REVIEW_WRONG_STATE",
            Self::Proposal => "PROPOSAL_WRONG_STATE",
            Self::Action => "ACTION_WRONG_STATE",
        }
    }
}

impl Refused {
    /// Malformed input, unless there is nothing wrong with it.
    pub(super) fn unless_valid(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self::Invalid(violations)) }
    }

    /// The class and the stable reason.
    pub const fn class(&self) -> (Code, &'static str) {
        match self {
            Self::NotFound { .. } => (Code::NotFound, "NOT_FOUND"),
            Self::RevisionMismatch { .. } => (Code::Aborted, "REVISION_MISMATCH"),
            Self::TeamExists(_) => (Code::AlreadyExists, "TEAM_EXISTS"),
            Self::RouteExists(_) => (Code::AlreadyExists, "ROUTE_EXISTS"),
            Self::OriginTaken(_) => (Code::AlreadyExists, "ORIGIN_TAKEN"),
            Self::RouteRetired(_) => (Code::FailedPrecondition, "ROUTE_RETIRED"),
            Self::TermsMoved(_) => (Code::Aborted, "TERMS_MOVED"),
            Self::AlreadyProposed { .. } => (Code::FailedPrecondition, "ALREADY_PROPOSED"),
            Self::ProposalMoved { .. } => (Code::Aborted, "PROPOSAL_MOVED"),
            Self::OwnProposal { .. } => (Code::PermissionDenied, "OWN_PROPOSAL"),
            Self::TermsInForce(_) => (Code::FailedPrecondition, "TERMS_IN_FORCE"),
            Self::WorkflowExists(_) => (Code::AlreadyExists, "WORKFLOW_EXISTS"),
            Self::MapMoved => (Code::Aborted, "MAP_MOVED"),
            Self::MapTooLarge { .. } => (Code::FailedPrecondition, "MAP_TOO_LARGE"),
            Self::AmbiguousRoute { .. } => (Code::FailedPrecondition, "AMBIGUOUS_ROUTE"),
            Self::TemplateNotFound { .. } => (Code::FailedPrecondition, "TEMPLATE_NOT_FOUND"),
            Self::TemplateRetired { .. } => (Code::FailedPrecondition, "TEMPLATE_RETIRED"),
            Self::EvaluatorTooOld { .. } => (Code::FailedPrecondition, "EVALUATOR_TOO_OLD"),
            Self::AdminOnly(_) => (Code::PermissionDenied, "ADMIN_ONLY"),
            Self::LeadOnly { .. } | Self::SideLeadOnly { .. } => (Code::PermissionDenied, "LEAD_ONLY"),
            Self::ImporterOnly => (Code::PermissionDenied, "IMPORTER_ONLY"),
            Self::WrongSide { .. } => (Code::PermissionDenied, "WRONG_SIDE"),
            Self::OverrideReasonRequired { .. } => (Code::PermissionDenied, "OVERRIDE_REASON_REQUIRED"),
            Self::WrongState { .. } => (Code::FailedPrecondition, "WRONG_STATE"),
            Self::AttemptMoved { .. } => (Code::Aborted, "ATTEMPT_MOVED"),
            Self::OwnSubmission { .. } => (Code::PermissionDenied, "OWN_SUBMISSION"),
            Self::OwnDoing { .. } => (Code::PermissionDenied, "OWN_DOING"),
            Self::SideRequired => (Code::InvalidArgument, "SIDE_REQUIRED"),
            Self::NeitherSide { .. } => (Code::PermissionDenied, "NEITHER_SIDE"),
            Self::PartInWrongState { part, .. } => (Code::FailedPrecondition, part.reason()),
            Self::Claimed { .. } => (Code::FailedPrecondition, "CLAIMED"),
            Self::ReviewRequired { .. } => (Code::FailedPrecondition, "REVIEW_REQUIRED"),
            Self::ReviewNotBegun { .. } => (Code::FailedPrecondition, "REVIEW_NOT_BEGUN"),
            Self::ReviewNotRequired { .. } => (Code::FailedPrecondition, "REVIEW_NOT_REQUIRED"),
            Self::BlockingQuestionOpen(_) => (Code::FailedPrecondition, "BLOCKING_QUESTION_OPEN"),
            Self::NoReadBack { .. } => (Code::FailedPrecondition, "NO_READ_BACK"),
            Self::ReadBackConfirmed { .. } => (Code::FailedPrecondition, "READ_BACK_CONFIRMED"),
            Self::OnHold { .. } => (Code::FailedPrecondition, "ON_HOLD"),
            Self::ProposalOpen { .. } => (Code::FailedPrecondition, "PROPOSAL_OPEN"),
            Self::ProposalOverdue(_) => (Code::FailedPrecondition, "PROPOSAL_OVERDUE"),
            Self::NothingToMigrate => (Code::FailedPrecondition, "NOTHING_TO_MIGRATE"),
            Self::NotNewer { .. } => (Code::FailedPrecondition, "NOT_NEWER"),
            Self::MigrationMoved => (Code::Aborted, "MIGRATION_MOVED"),
            Self::CriteriaUnmet(_) => (Code::FailedPrecondition, "CRITERIA_UNMET"),
            Self::ReadBackRequired => (Code::FailedPrecondition, "READ_BACK_REQUIRED"),
            Self::WorkUnfinished(_) => (Code::FailedPrecondition, "WORK_UNFINISHED"),
            Self::ReturnWindowClosed { .. } => (Code::FailedPrecondition, "RETURN_WINDOW_CLOSED"),
            Self::NeedsAgreement(_) => (Code::FailedPrecondition, "NEEDS_AGREEMENT"),
            Self::ActionDone { .. } => (Code::FailedPrecondition, "ACTION_DONE"),
            Self::Invalid(_) => (Code::InvalidArgument, "INVALID_REQUEST"),
            Self::TooLarge { .. } | Self::TooMany { .. } => (Code::InvalidArgument, "TOO_LARGE"),
            Self::ImpossibleEvent { .. } => (Code::InvalidArgument, "IMPOSSIBLE_EVENT"),
            Self::EventGoesBack { .. } => (Code::InvalidArgument, "EVENT_GOES_BACK"),
            Self::EventInFuture { .. } => (Code::InvalidArgument, "EVENT_IN_FUTURE"),
            Self::HistoryContradicted { .. } => (Code::FailedPrecondition, "HISTORY_CONTRADICTED"),
        }
    }

    /// The stable reason.
    pub const fn reason(&self) -> &'static str {
        self.class().1
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let (code, reason) = refused.class();
        let refusal = Self::new(code, reason, refused.to_string());
        match refused {
            Refused::Invalid(violations) => Self::invalid(violations),
            Refused::RevisionMismatch { current, .. } => refusal.with("revision", current),
            Refused::WrongState { command, state, revision, .. } => {
                refusal.with("command", command).with("state", state).with("revision", revision)
            }
            Refused::AttemptMoved { current, .. } => refusal.with("attempt", current),
            Refused::ProposalMoved { current: Some(current), .. } => refusal.with("proposal", current),
            Refused::ProposalOpen { proposal, .. } => refusal.with("proposal", proposal),
            Refused::ReturnWindowClosed { closed_at } => refusal.with("closed_at", closed_at),
            Refused::EvaluatorTooOld { needed } => refusal.with("criteria_level", needed),
            Refused::TooLarge { size_bytes } => refusal.with("size_bytes", size_bytes),
            Refused::CriteriaUnmet(results) => {
                Self { preconditions: results.iter().map(criterion_unmet).collect(), ..refusal }
            }
            Refused::WorkUnfinished(preconditions) | Refused::BlockingQuestionOpen(preconditions) => {
                Self { preconditions, ..refusal }
            }
            Refused::PartInWrongState { command, state, .. } => refusal.with("command", command).with("state", state),
            Refused::ReviewRequired { attempt, why } => Self {
                preconditions: vec![precondition(
                    "REVIEW",
                    attempt,
                    format!("{why}; hold a review that ends READY, or waive it"),
                )],
                ..refusal
            },
            Refused::NeedsAgreement(fields) => Self {
                preconditions: fields
                    .into_iter()
                    .map(|field| precondition("AGREEMENT", field, "the other side agrees"))
                    .collect(),
                ..refusal
            },
            _ => refusal,
        }
    }
}

impl From<Refused> for kernel::Error {
    fn from(refused: Refused) -> Self {
        Refusal::from(refused).into()
    }
}

/// An unmet criterion as a caller sees it: what is wrong and how to fix it.
pub(super) fn criterion_unmet(result: &CriterionResult) -> Precondition {
    precondition("CRITERION", &result.key, format!("{}; {}", result.problem, result.fix))
}

pub(super) fn precondition(kind: &'static str, subject: impl ToString, description: impl Into<String>) -> Precondition {
    Precondition { kind, subject: subject.to_string(), description: description.into() }
}

pub(super) fn violation(field: impl Into<String>, description: impl Into<String>) -> Violation {
    Violation { field: field.into(), description: description.into() }
}

fn list<T: ToString>(entries: &[T]) -> String {
    let texts: Vec<String> = entries.iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn keys(results: &[CriterionResult]) -> String {
    let keys: Vec<&str> = results.iter().map(|result| result.key.as_str()).collect();
    keys.join(", ")
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

const fn on_hold(is_on_hold: bool) -> &'static str {
    if is_on_hold { " and on hold" } else { "" }
}
