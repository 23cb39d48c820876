//! The enumerations of the domain beside their twins in the contract: the same members, both ways.

use api::handoff::v1 as pb;
use chassis::Fields;

use crate::{
    domain::{
        Decision, Priority, State, history,
        map::{Code, Severity},
        proposal::ProposalState,
        question::QuestionState,
        review::Outcome,
        route::{self, ReadBack, RiskKind, Status},
        team::MemberRole,
    },
    store::list::Order,
};

/// An enumeration that the contract has too; there its zero stands for "not given".
pub(crate) trait Twin: Sized {
    /// The contract's.
    type Proto: TryFrom<i32> + Default + PartialEq;

    /// The member of that name; none for "not given".
    fn of(proto: Self::Proto) -> Option<Self>;

    /// As the contract writes it.
    fn write(self) -> i32;

    /// Reads one that must be given and known.
    fn read(fields: &mut Fields, path: &str, value: i32) -> Option<Self> {
        Self::of(fields.choice(path, value)?)
    }

    /// Reads one that may be left open.
    #[expect(
        clippy::option_option,
        reason = "as in `Fields`: the outer None is a violation noted, the inner one is left out"
    )]
    fn read_optional(fields: &mut Fields, path: &str, value: i32) -> Option<Option<Self>> {
        if value == 0 { Some(None) } else { Self::read(fields, path, value).map(Some) }
    }
}

macro_rules! twins {
    ($($domain:ty = $proto:ident { $($member:ident),+ $(,)? })+) => {
        $(
            impl Twin for $domain {
                type Proto = pb::$proto;

                fn of(proto: pb::$proto) -> Option<Self> {
                    match proto {
                        $(pb::$proto::$member => Some(Self::$member),)+
                        pb::$proto::Unspecified => None,
                    }
                }

                fn write(self) -> i32 {
                    match self {
                        $(Self::$member => pb::$proto::$member.into(),)+
                    }
                }
            }
        )+
    };
}

twins! {
    State = HandoffState { Draft, Submitted, Accepted, InProgress, Completed, Rejected, Returned, Cancelled }
    Priority = Priority { Low, Normal, High, Urgent }
    Decision = Decision { Open, Accepted, Rejected, Cancelled, Recalled }
    QuestionState = QuestionState { Open, Answered, Closed }
    Outcome = ReviewOutcome { Ready, NotReady }
    ProposalState = ProposalState { Open, Agreed, Declined, Lapsed }
    Order = HandoffOrder { Updated, Newest, Recent, Oldest, Priority, DeliverBy, Due }
    MemberRole = MemberRole { Member, Lead }
    RiskKind = RiskKind { InformationLoss, Delay, Quality, FingerPointing }
    Status = RouteStatus { Discovered, Active, Retired }
    ReadBack = ReadBack { None, Required }
    route::ProposalState = TermsProposalState { Open, Agreed, Declined, Withdrawn, Replaced, Lapsed }
    Severity = MapFindingSeverity { Error, Warning, Info }
    Code = MapFindingCode {
        RetiredTemplateInUse, TemplateTooNew, WorkflowWithRetiredRoute, RouteWithoutTemplate, RouteWithoutPolicy,
        RouteWithoutOwner, RouteDiscoveredNeverMapped, TeamWithoutEscalationContact, Cycle, TemplateNotChecked,
        TeamOnNoRoute, RouteWithoutTrigger, ParallelRoutes, ProposalUnanswered,
    }
    history::Kind = HistoricEventKind {
        Submitted, Accepted, Began, Held, Resumed, Rejected, Rework, Completed, Cancelled,
    }
}
