//! Well-formed requests, in as few words as a test can say them.

use api::{handoff::v1 as pb, sla::v1 as sla};
use sla::{ClockKind, target_duration::Kind};
use testkit::request_id;

use crate::world::{POLICY, ROUTE};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

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
    AcceptHandoffRequest { attempt: handoff.attempt }
    RejectHandoffRequest { attempt: handoff.attempt, reasons: vec![because("it is not ready")] }
    BeginHandoffRequest {}
    ClaimHandoffRequest {}
    CompleteHandoffRequest {}
    ReturnHandoffRequest { attempt: handoff.attempt, reasons: vec![because("it does not work")] }
    ReopenHandoffRequest { reason: "there is more to do".into() }
    CancelHandoffRequest { reason: "the customer has left".into() }
    RecallHandoffRequest {}
    HoldHandoffRequest { reason: "the customer is on holiday".into() }
    ResumeHandoffRequest {}
    AddActionRequest {}
    ConfirmActionRequest { action_id: newest(handoff.actions.iter().map(|action| &action.id)) }
    CompleteActionRequest { action_id: newest(handoff.actions.iter().map(|action| &action.id)) }
    SetConfidentialRequest { confidential: true }
    AskQuestionRequest { text: "which ERP?".into(), blocking: true }
    AnswerQuestionRequest {
        question_id: newest(handoff.questions.iter().map(|question| &question.id)),
        text: "the old one".into()
    }
    MarkInsufficientRequest {
        question_id: newest(handoff.questions.iter().map(|question| &question.id)),
        text: "which release of it?".into()
    }
    CloseQuestionRequest { question_id: newest(handoff.questions.iter().map(|question| &question.id)) }
    ProposeRequest { reason: "the customer asks for it".into() }
    AgreeProposalRequest { proposal_id: newest(handoff.proposals.iter().map(|proposal| &proposal.id)) }
    DeclineProposalRequest { proposal_id: newest(handoff.proposals.iter().map(|proposal| &proposal.id)) }
}

/// What a request is about where it names a part of the handoff: the newest one.
fn newest<'a>(mut ids: impl DoubleEndedIterator<Item = &'a String>) -> String {
    ids.next_back().cloned().unwrap_or_default()
}

fn because(text: &str) -> pb::Reason {
    pb::Reason { kind: pb::ReasonKind::Other.into(), text: text.into(), ..Default::default() }
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

pub(crate) fn change(kind: pb::proposed_change::Kind) -> Option<pb::ProposedChange> {
    Some(pb::ProposedChange { kind: Some(kind) })
}

pub(crate) fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

pub(crate) fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

pub(crate) fn instant(text: &str) -> Option<prost_types::Timestamp> {
    Some(api::timestamp(text.parse().expect("an instant")))
}

pub(crate) fn working(hours: i64) -> Option<sla::TargetDuration> {
    seconds(hours * HOUR).map(|working| sla::TargetDuration { kind: Some(Kind::Working(working)) })
}

pub(crate) fn elapsed(hours: i64) -> Option<sla::TargetDuration> {
    seconds(hours * HOUR).map(|elapsed| sla::TargetDuration { kind: Some(Kind::Elapsed(elapsed)) })
}

pub(crate) fn business_days(days: i32, at: &str) -> Option<sla::TargetDuration> {
    let at = at.to_owned();
    Some(sla::TargetDuration { kind: Some(Kind::BusinessDays(sla::BusinessDays { days, at })) })
}

/// So many working hours by the accountable team's calendar.
pub(crate) fn target(kind: ClockKind, hours: i64) -> sla::Target {
    sla::Target { clock: kind.into(), duration: working(hours), ..Default::default() }
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

pub(crate) fn percent(percent: i32) -> sla::Warning {
    sla::Warning { at: Some(sla::warning::At::Percent(percent)) }
}

pub(crate) fn escalation(after_hours: i64, notify: &str) -> sla::Escalation {
    sla::Escalation { after: seconds(after_hours * HOUR), notify: notify.into() }
}

/// Downstream decides within a working day: a warning after six hours, the lead is told after one more hour, the head after two.
pub(crate) fn decision() -> sla::Target {
    sla::Target {
        warn_at: vec![percent(75)],
        escalations: vec![escalation(1, "lead"), escalation(2, "head")],
        ..target(ClockKind::Acceptance, 8)
    }
}

pub(crate) fn create_policy(id: &str, targets: Vec<sla::Target>) -> sla::CreatePolicyRequest {
    sla::CreatePolicyRequest { request_id: request_id(), policy_id: id.into(), display_name: String::new(), targets }
}

/// The next version of the policy of most stories.
pub(crate) fn update_policy(targets: Vec<sla::Target>) -> sla::UpdatePolicyRequest {
    sla::UpdatePolicyRequest { request_id: request_id(), policy_id: POLICY.into(), targets, ..Default::default() }
}

pub(crate) fn window(start: &str, end: &str) -> sla::Window {
    sla::Window { start: start.into(), end: end.into() }
}

/// The same windows from Monday to Friday.
pub(crate) fn week(windows: &[sla::Window]) -> Option<sla::Week> {
    let day = || windows.to_vec();
    Some(sla::Week {
        monday: day(),
        tuesday: day(),
        wednesday: day(),
        thursday: day(),
        friday: day(),
        ..Default::default()
    })
}

/// From nine to five in London, which is at UTC in winter.
pub(crate) fn office() -> sla::CalendarSpec {
    sla::CalendarSpec {
        time_zone: "Europe/London".into(),
        weekly: week(&[window("09:00", "17:00")]),
        ..Default::default()
    }
}

pub(crate) fn create_calendar(id: &str, spec: sla::CalendarSpec) -> sla::CreateCalendarRequest {
    sla::CreateCalendarRequest {
        request_id: request_id(),
        calendar_id: id.into(),
        spec: Some(spec),
        ..Default::default()
    }
}

pub(crate) fn update_calendar(id: &str, spec: sla::CalendarSpec) -> sla::UpdateCalendarRequest {
    sla::UpdateCalendarRequest {
        request_id: request_id(),
        calendar_id: id.into(),
        spec: Some(spec),
        ..Default::default()
    }
}

pub(crate) fn acknowledge(clock: &sla::Clock) -> sla::AcknowledgeBreachRequest {
    sla::AcknowledgeBreachRequest {
        request_id: request_id(),
        clock_id: clock.id.clone(),
        note: "we are on it".into(),
        cause: "two people are ill".into(),
        delay: None,
    }
}

pub(crate) fn excuse(clock: &sla::Clock) -> sla::ExcuseBreachRequest {
    sla::ExcuseBreachRequest {
        request_id: request_id(),
        clock_id: clock.id.clone(),
        reason: "we had sent the wrong file".into(),
    }
}
