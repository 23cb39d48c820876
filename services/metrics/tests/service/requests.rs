//! Well-formed requests, in as few words as a test can say them.

use api::{handoff::v1 as pb, metrics::v1 as metrics, sla::v1 as sla};
use sla::{ClockKind, target_duration::Kind};
use testkit::request_id;

use crate::world::{HOUR, ROUTE};

/// A request about a handoff as the caller has just read it.
pub(crate) trait On {
    fn on(handoff: &pb::Handoff) -> Self;
}

/// The request that the place asks for, about this handoff: it names its attempt and gives some reason where one is needed.
pub(crate) fn on<R: On>(handoff: &pb::Handoff) -> R {
    R::on(handoff)
}

macro_rules! on {
    ($handoff:ident => $($request:ident { $($field:ident: $value:expr),* })+) => {
        $(impl On for pb::$request {
            fn on($handoff: &pb::Handoff) -> Self {
                Self {
                    request_id: request_id(),
                    handoff_id: $handoff.id.clone(),
                    $($field: $value,)*
                    ..Default::default()
                }
            }
        })+
    };
}

on! { handoff =>
    UpdateHandoffRequest {}
    SubmitHandoffRequest {}
    RecallHandoffRequest {}
    ClaimHandoffRequest {}
    AcceptHandoffRequest { attempt: handoff.attempt }
    ConfirmReadBackRequest { attempt: handoff.attempt }
    RejectHandoffRequest { attempt: handoff.attempt, reasons: vec![other("it is not ready")] }
    BeginHandoffRequest {}
    CompleteHandoffRequest {}
    ReturnHandoffRequest { attempt: handoff.attempt, reasons: vec![other("it does not work")] }
    ReopenHandoffRequest { reason: "there is more to do".into() }
    CancelHandoffRequest { reason: "the customer has left".into() }
    ReassignHandoffRequest {}
    HoldHandoffRequest { reason: "the customer is on holiday".into() }
    ResumeHandoffRequest {}
    SetConfidentialRequest { confidential: true }
    AskQuestionRequest { text: "which ERP?".into(), blocking: true }
    AnswerQuestionRequest {
        question_id: newest(handoff.questions.iter().map(|question| &question.id)),
        text: "the old one".into()
    }
    ProposeRequest { reason: "the customer asks for it".into() }
    AgreeProposalRequest { proposal_id: newest(handoff.proposals.iter().map(|proposal| &proposal.id)) }
}

/// What a request is about where it names a part of the handoff: the newest one.
fn newest<'a>(mut ids: impl DoubleEndedIterator<Item = &'a String>) -> String {
    ids.next_back().cloned().unwrap_or_default()
}

/// A reason in words.
pub(crate) fn other(text: &str) -> pb::Reason {
    pb::Reason { kind: pb::ReasonKind::Other.into(), text: text.into(), ..Default::default() }
}

/// That something is missing.
pub(crate) fn incomplete(text: &str) -> pb::Reason {
    pb::Reason { kind: pb::ReasonKind::Incomplete.into(), text: text.into(), ..Default::default() }
}

/// That a criterion is not met.
pub(crate) fn criterion(key: &str) -> pb::Reason {
    pb::Reason { kind: pb::ReasonKind::Criterion.into(), criterion: key.into(), ..Default::default() }
}

/// A new handoff on the route of most stories.
pub(crate) fn create(title: &str) -> pb::CreateHandoffRequest {
    pb::CreateHandoffRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        title: title.into(),
        ..Default::default()
    }
}

pub(crate) fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// So many working hours by the accountable team's calendar.
pub(crate) fn target(kind: ClockKind, hours: i64) -> sla::Target {
    let working = seconds(hours * HOUR).map(|working| sla::TargetDuration { kind: Some(Kind::Working(working)) });
    sla::Target { clock: kind.into(), duration: working, ..Default::default() }
}

/// Every kind of clock: a week to deliver, two days to complete, two hours to answer, a day for all else.
pub(crate) fn targets() -> Vec<sla::Target> {
    vec![
        target(ClockKind::Delivery, 40),
        target(ClockKind::Acceptance, 8),
        target(ClockKind::Begin, 8),
        target(ClockKind::Completion, 16),
        target(ClockKind::Redelivery, 8),
        target(ClockKind::Answer, 2),
        target(ClockKind::Action, 8),
    ]
}

pub(crate) fn create_policy(id: &str, targets: Vec<sla::Target>) -> sla::CreatePolicyRequest {
    sla::CreatePolicyRequest { request_id: request_id(), policy_id: id.into(), display_name: String::new(), targets }
}

/// From nine to five in London, which is at UTC in winter.
pub(crate) fn office() -> sla::CalendarSpec {
    let day = || vec![sla::Window { start: "09:00".into(), end: "17:00".into() }];
    let weekly = Some(sla::Week {
        monday: day(),
        tuesday: day(),
        wednesday: day(),
        thursday: day(),
        friday: day(),
        ..Default::default()
    });
    sla::CalendarSpec { time_zone: "Europe/London".into(), weekly, ..Default::default() }
}

pub(crate) fn create_calendar(id: &str, spec: sla::CalendarSpec) -> sla::CreateCalendarRequest {
    sla::CreateCalendarRequest {
        request_id: request_id(),
        calendar_id: id.into(),
        spec: Some(spec),
        ..Default::default()
    }
}

/// All handoffs of a route.
pub(crate) fn of_route(route_id: &str) -> metrics::Query {
    let kind = Some(metrics::scope::Kind::RouteId(route_id.into()));
    metrics::Query { scope: Some(metrics::Scope { kind }), ..Default::default() }
}

/// The days of a window.
pub(crate) fn window(from: &str, until: &str) -> Option<metrics::Window> {
    Some(metrics::Window { from: from.into(), until: until.into() })
}
