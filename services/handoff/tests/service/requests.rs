//! Well-formed requests, in as few words as a test can say them.

use api::{
    handoff::v1 as pb,
    r#type::v1::{Attachment, FieldValue, Side, Tick, TickState, field_value::Kind},
};
use testkit::request_id;

use crate::{person::Person, world::ROUTE};

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
    TickItemRequest {}
    SubmitHandoffRequest {}
    AcceptHandoffRequest { attempt: handoff.attempt }
    RejectHandoffRequest { attempt: handoff.attempt, reasons: vec![because("it is not ready")] }
    BeginHandoffRequest {}
    CompleteHandoffRequest {}
    ReturnHandoffRequest { attempt: handoff.attempt, reasons: vec![because("it does not work")] }
    ReopenHandoffRequest { reason: "there is more to do".into() }
    CancelHandoffRequest { reason: "the customer has left".into() }
    CompleteActionRequest { action_id: newest(handoff.actions.iter().map(|action| &action.id)) }
    RecallHandoffRequest {}
    ClaimHandoffRequest {}
    UnclaimHandoffRequest {}
    ConfirmReadBackRequest { attempt: handoff.attempt }
    ReassignHandoffRequest { owner: "somebody else".into() }
    HoldHandoffRequest { reason: "the customer is on holiday".into() }
    ResumeHandoffRequest {}
    AddCommentRequest { text: "they called twice".into() }
    AddLinkRequest {}
    RemoveLinkRequest {}
    AddAttachmentRequest {}
    AddActionRequest {}
    ConfirmActionRequest { action_id: newest(handoff.actions.iter().map(|action| &action.id)) }
    SetConfidentialRequest { confidential: true }
    MigrateDraftRequest {}
    AskQuestionRequest { text: "which ERP?".into() }
    AnswerQuestionRequest {
        question_id: newest(handoff.questions.iter().map(|question| &question.id)),
        text: "the old one".into()
    }
    MarkInsufficientRequest {
        question_id: newest(handoff.questions.iter().map(|question| &question.id)),
        text: "which release of it?".into()
    }
    CloseQuestionRequest { question_id: newest(handoff.questions.iter().map(|question| &question.id)) }
    ScheduleReviewRequest {}
    RescheduleReviewRequest { review_id: newest(handoff.reviews.iter().map(|review| &review.id)) }
    CancelReviewRequest {
        review_id: newest(handoff.reviews.iter().map(|review| &review.id)),
        reason: "nobody can come".into()
    }
    RecordReviewHeldRequest {
        review_id: newest(handoff.reviews.iter().map(|review| &review.id)),
        attended: vec![attendee("Sam", Side::Upstream), attendee("Ines", Side::Downstream)],
        outcome: pb::ReviewOutcome::Ready.into()
    }
    RecordReviewMissedRequest {
        review_id: newest(handoff.reviews.iter().map(|review| &review.id)),
        absent: vec![Side::Upstream.into()]
    }
    WaiveReviewRequest { attempt: handoff.attempt, reason: "both know the customer".into() }
    ProposeRequest { reason: "the customer asks for it".into() }
    AgreeProposalRequest { proposal_id: newest(handoff.proposals.iter().map(|proposal| &proposal.id)) }
    DeclineProposalRequest { proposal_id: newest(handoff.proposals.iter().map(|proposal| &proposal.id)) }
}

/// What a request is about where it names a part of the handoff: the newest one.
fn newest<'a>(mut ids: impl DoubleEndedIterator<Item = &'a String>) -> String {
    ids.next_back().cloned().unwrap_or_default()
}

/// Somebody of a side, without an address.
pub(crate) fn attendee(name: &str, side: Side) -> pb::ReviewAttendee {
    pb::ReviewAttendee { name: name.into(), side: side.into(), email: String::new() }
}

pub(crate) fn change(kind: pb::proposed_change::Kind) -> Option<pb::ProposedChange> {
    Some(pb::ProposedChange { kind: Some(kind) })
}

/// A new handoff on that route.
pub(crate) fn create(route: &str, title: &str) -> pb::CreateHandoffRequest {
    pb::CreateHandoffRequest {
        request_id: request_id(),
        route_id: route.into(),
        title: title.into(),
        ..Default::default()
    }
}

/// A new handoff of a pair of teams.
pub(crate) fn create_between(from: &str, to: &str) -> pb::CreateHandoffRequest {
    pb::CreateHandoffRequest { from_team: from.into(), to_team: to.into(), ..create("", "a pair's") }
}

/// A new handoff for an outside record, on the route of most stories.
pub(crate) fn create_for(key: &str) -> pb::CreateHandoffRequest {
    pb::CreateHandoffRequest { origin: origin(key), ..create(ROUTE, key) }
}

pub(crate) fn origin(key: &str) -> Option<pb::Origin> {
    Some(pb::Origin { system: "crm".into(), key: key.into() })
}

/// Terms of the route of most stories: that template (none, where it is empty) in that version (the latest, where it is 0).
pub(crate) fn terms(template: &str, version: i32) -> pb::SetTermsRequest {
    pb::SetTermsRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        template_id: template.into(),
        template_version: version,
        ..Default::default()
    }
}

/// Terms that somebody proposes for the route of most stories: work can come back for so many days.
pub(crate) fn proposed(return_days: i64) -> pb::ProposeTermsRequest {
    pb::ProposeTermsRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        return_window: Some(prost_types::Duration { seconds: return_days * 86_400, nanos: 0 }),
        reason: "the customers ask for it".into(),
        ..Default::default()
    }
}

/// What waits on a team.
pub(crate) fn inbox(team: &str) -> pb::ListHandoffsRequest {
    pb::ListHandoffsRequest { inbox_of: team.into(), ..Default::default() }
}

pub(crate) fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

/// A reason in words.
pub(crate) fn because(text: &str) -> pb::Reason {
    pb::Reason { kind: pb::ReasonKind::Other.into(), text: text.into(), ..Default::default() }
}

/// A reason that cites a criterion.
pub(crate) fn cites(criterion: &str) -> pb::Reason {
    pb::Reason { kind: pb::ReasonKind::Criterion.into(), criterion: criterion.into(), ..Default::default() }
}

pub(crate) fn text(text: &str) -> FieldValue {
    FieldValue { kind: Some(Kind::Text(text.into())) }
}

/// New answers; an empty one takes the answer away.
pub(crate) fn answers(handoff: &pb::Handoff, answers: &[(&str, FieldValue)]) -> pb::UpdateHandoffRequest {
    let paths: Vec<_> = answers.iter().map(|(key, _)| format!("fields.{key}")).collect();
    let given = answers.iter().filter(|(_, value)| value.kind.is_some());
    pb::UpdateHandoffRequest {
        update_mask: Some(prost_types::FieldMask { paths }),
        fields: given.map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        ..on(handoff)
    }
}

/// An item is done, with what proves it.
pub(crate) fn ticked(handoff: &pb::Handoff, item: &str, evidence: &str) -> pb::TickItemRequest {
    let tick = Tick { state: TickState::Done.into(), evidence: evidence.into(), reason: String::new() };
    pb::TickItemRequest { item: item.into(), tick: Some(tick), ..on(handoff) }
}

/// The answers that the starter template wants before a submit.
pub(crate) fn good_answers() -> Vec<(&'static str, FieldValue)> {
    let contract = Attachment {
        name: "contract.pdf".into(),
        url: "https://files.example.com/contract.pdf".into(),
        media_type: "application/pdf".into(),
        ..Default::default()
    };
    vec![
        ("signed_contract", FieldValue { kind: Some(Kind::Attachment(contract)) }),
        (
            "technical_requirements",
            text("SAML against their Keycloak 24, 400 users, hosted in the EU, two ERP systems"),
        ),
        ("customer_contact", text("Petra Kern, head of operations")),
        ("timeline", text("Kick-off in May, live before the audit in September")),
    ]
}

/// Fills in a draft of the starter template until nothing blocking is unmet.
pub(crate) async fn prepare(person: &Person, draft: &pb::Handoff) -> pb::Handoff {
    person.update(answers(draft, &good_answers())).await.unwrap();
    person.tick(ticked(draft, "customer_told", "mail of 26 February")).await.unwrap();
    person.tick(ticked(draft, "scope_fits_product", "Ede looked through it")).await.unwrap()
}
