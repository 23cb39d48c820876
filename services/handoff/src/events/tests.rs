//! What events say, and what they keep to themselves.

use std::{collections::BTreeSet, sync::Arc};

use api::handoff::v1 as pb;
use chassis::{Aggregate, Author, Event};
use criteria::{
    Attachment, Content, Criteria, CriterionKind, CriterionResult, Outcome, ReviewDecision, Severity, Submission, Tick,
    TickState, Value,
};
use kernel::{Actor, Kind, Principal, Role, Timestamp};
use prost::Message;
use prost_types::FileDescriptorSet;
use uuid::Uuid;

use super::Said;
use crate::domain::{
    Acting, Action, ActionId, Fact, Handoff, Link, Origin, Pin, Priority, Proposal, Question, Reason, Review, Route,
    Side, Signed, State, Summary, Team, Workflow,
    handoff::{Binding, Create, Edit},
    proposal::{Change, ProposalState},
    question::{Answer, Round},
    review::{AgendaItem, Attendee, Held, Meeting, Outcome as Verdict, Status},
    route::{self, Propose, ReadBack, SetTerms},
    summary::{Contact, Contingency, SummaryAction},
    team, workflow,
};

const WORDS: &str = "said in confidence";
const ADA: Author<'_> = Author { name: "ada", is_service: false };
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn words() -> String {
    WORDS.to_owned()
}

fn admin() -> Actor {
    Actor::Principal(principal())
}

fn principal() -> Principal {
    Principal {
        name: "ada".to_owned(),
        kind: Kind::User,
        teams: [].into(),
        is_admin: true,
        is_reader: false,
        is_importer: false,
    }
}

fn route() -> Route {
    let create = route::Create {
        id: "sales-to-delivery".parse().unwrap(),
        from_team: "sales".parse().unwrap(),
        to_team: "delivery".parse().unwrap(),
        about: route::About::default(),
    };
    let (mut route, _) = Route::create(&admin(), create, NOW).unwrap();
    route.set_terms(&admin(), SetTerms::default(), NOW).unwrap();
    let side = Side::Upstream;
    let terms = SetTerms { read_back: ReadBack::Required, ..SetTerms::default() };
    let propose = Propose { side: Some(side), terms, reason: words() };
    let lead = Actor::Principal(Principal {
        is_admin: false,
        teams: [("sales".parse().unwrap(), Role::Lead)].into(),
        ..principal()
    });
    route.propose_terms(&lead, Uuid::nil().into(), propose, NOW).unwrap();
    route
}

fn team() -> Team {
    let id = "sales".parse().unwrap();
    let create = team::Create { id, display_name: None, members: vec![], escalation_contact: None, calendar_id: None };
    Team::create(&admin(), create, NOW).unwrap().0
}

fn workflow() -> Workflow {
    let route = route();
    let create = workflow::Create { id: "deals".parse().unwrap(), name: None, routes: vec![route.id.clone()] };
    Workflow::create(&admin(), create, &[&route].into_iter().collect(), NOW).unwrap().0
}

/// Every fact of a route.
fn facts_of_routes() -> [route::Fact; 8] {
    let (lapsed, replaced) = (Some(Uuid::nil().into()), Some(Uuid::nil().into()));
    [
        route::Fact::Created,
        route::Fact::Updated,
        route::Fact::Discovered,
        route::Fact::Retired { lapsed },
        route::Fact::TermsSet { lapsed },
        route::Fact::TermsProposed { replaced },
        route::Fact::TermsAgreed,
        route::Fact::TermsDeclined,
    ]
}

fn summary() -> Summary {
    Summary {
        severity: words(),
        situation: words(),
        actions: vec![SummaryAction { text: words(), owner: words(), due_at: Some(NOW) }],
        contingencies: vec![Contingency { r#if: words(), then: words() }],
        contacts: vec![Contact { name: words(), role: words(), how: words() }],
    }
}

fn links() -> Vec<Link> {
    let (system, r#type, key) = ("crm".to_owned(), "deal".to_owned(), "D-1".to_owned());
    vec![Link { system, r#type, key, url: words() }]
}

fn attachments() -> Vec<Attachment> {
    let (name, url) = (words(), words());
    vec![Attachment { name, url, media_type: Some(words()), size_bytes: Some(1), sha256: Some(words()) }]
}

fn action() -> Action {
    Action {
        id: Uuid::nil().into(),
        text: words(),
        side: Side::Upstream,
        owner: None,
        due_at: NOW,
        unconfirmed: false,
        added_by: "ada".to_owned(),
        review_id: None,
        done: None,
    }
}

fn signed() -> Signed {
    Signed { by: "ada".to_owned(), at: NOW }
}

fn question() -> Question {
    let answer = Some(Answer { text: words(), given: signed() });
    let rounds = vec![Round { text: words(), asked: signed(), answer }];
    let (id, side) = (Uuid::nil().into(), Side::Upstream);
    Question { id, side, blocking: true, about: Some("contract".to_owned()), rounds, closed: None }
}

fn agenda() -> Vec<AgendaItem> {
    vec![AgendaItem { topic: words(), lines: vec![words()] }]
}

fn held() -> Held {
    Held {
        attended: vec![Attendee { name: words(), side: Side::Upstream, email: Some(words()) }],
        notes: words(),
        decisions: vec![words()],
        outcome: Verdict::Ready,
    }
}

/// The reviews that events show: one of each status that holds words.
fn reviews() -> Vec<Review> {
    let meeting = Meeting { starts_at: NOW, ends_at: NOW, place: Some(words()), url: Some(words()), attendees: vec![] };
    let statuses = [
        Status::Scheduled,
        Status::Held { settled: signed(), agenda: agenda(), held: held() },
        Status::Missed { settled: signed(), agenda: agenda(), absent: vec![Side::Upstream] },
        Status::Cancelled { settled: signed(), reason: words() },
        Status::Waived { settled: signed(), reason: words() },
    ];
    let review = |(n, status)| Review {
        id: Uuid::from_u128(n).into(),
        attempt: 1,
        side: Side::Upstream,
        scheduled: signed(),
        meeting: Some(meeting.clone()),
        sequence: 0,
        status,
    };
    (0..).zip(statuses).map(review).collect()
}

fn proposal() -> Proposal {
    Proposal {
        id: Uuid::nil().into(),
        side: Side::Upstream,
        change: Change::Hold { until: NOW },
        reason: words(),
        proposed: signed(),
        state: ProposalState::Declined,
        decided: Some(signed()),
        decline_reason: words(),
    }
}

/// A handoff with the words wherever somebody can write some.
fn handoff(confidential: bool) -> Handoff {
    let criteria = Arc::new(Criteria::compile(&Content::default()).unwrap());
    let create = Create {
        id: Uuid::from_u128(1).into(),
        side: None,
        title: words(),
        summary: summary(),
        priority: Priority::High,
        confidential,
        triggered_at: None,
        deliver_by: Some(NOW),
        fields: [("contract".to_owned(), Value::Text(words()))].into(),
        origin: Some(Origin { system: "crm".to_owned(), key: "D-1".to_owned() }),
        follows: None,
        links: links(),
        attachments: vec![],
    };
    let by = Acting { actor: &admin(), override_reason: Some(WORDS) };
    let (handoff, _) =
        Handoff::create(by, Binding::to(&route(), Pin::empty(), criteria).unwrap(), create, NOW).unwrap();
    Handoff {
        attachments: attachments(),
        actions: vec![action()],
        questions: vec![question()],
        reviews: reviews(),
        proposals: vec![proposal()],
        ..handoff
    }
}

/// Every fact of a handoff, with the words wherever it has room for some.
#[expect(clippy::too_many_lines, reason = "one arm for each fact: the list is what is to be read")]
fn facts() -> Vec<Fact> {
    let result = CriterionResult {
        key: "contract".to_owned(),
        kind: CriterionKind::Field,
        severity: Severity::Warning,
        outcome: Outcome::Unmet,
        problem: words(),
        fix: words(),
    };
    let reasons = || {
        vec![
            Reason::Criterion { key: "contract".to_owned(), text: Some(words()) },
            Reason::Incomplete { text: words() },
            Reason::WrongTeam { text: Some(words()) },
            Reason::Duplicate { text: Some(words()) },
            Reason::Other { text: words() },
            Reason::Unknown,
        ]
    };
    let edits = vec![
        Edit::Title(words()),
        Edit::Priority(Priority::Low),
        Edit::Summary(summary()),
        Edit::Field("contract".to_owned(), Some(Value::Text(words()))),
        Edit::Field("seats".to_owned(), None),
        Edit::Links(links()),
        Edit::Attachments(attachments()),
        Edit::DeliverBy(Some(NOW)),
    ];
    let tick = Tick { state: TickState::Done, evidence: Some(words()), reason: Some(words()) };
    vec![
        Fact::Created { side: Side::Upstream },
        Fact::Edited(edits),
        Fact::ItemChanged { item: "customer_told".to_owned(), side: Side::Upstream, tick },
        Fact::Submitted {
            attempt: 1,
            content_hash: Content::default().hash(),
            results: vec![result],
            first_time_pair: false,
            review: ReviewDecision { required: true, why: words() },
        },
        Fact::Accepted { attempt: 1, read_back: Some(words()), conditions: 1, speaker: None },
        Fact::Rejected { attempt: 1, reasons: reasons() },
        Fact::Begun,
        Fact::Completed,
        Fact::Returned { attempt: 1, reasons: reasons(), from_state: State::InProgress },
        Fact::Reopened { reason: words() },
        Fact::Cancelled { reason: words(), from_state: State::Draft },
        Fact::Held { reason: words(), agreed: false, side: Side::Downstream, until: Some(NOW) },
        Fact::Resumed,
        Fact::Recalled { attempt: 1 },
        Fact::Claimed,
        Fact::Unclaimed,
        Fact::Reassigned { side: Side::Upstream, owner: "eve".to_owned() },
        Fact::Migrated {
            from: Pin::empty(),
            to: Pin::empty(),
            submission: Submission::default(),
            archived: Submission {
                fields: [("contract".to_owned(), Value::Text(words()))].into(),
                ..Default::default()
            },
            flagged: vec!["contract".to_owned()],
        },
        Fact::ReadBackConfirmed { attempt: 1, corrections: vec![words()] },
        Fact::QuestionAsked(question()),
        Fact::QuestionAnswered { id: Uuid::nil().into(), text: words() },
        Fact::QuestionInsufficient { id: Uuid::nil().into(), text: words() },
        Fact::QuestionClosed { id: Uuid::nil().into(), by_state: false },
        Fact::ReviewScheduled(reviews().remove(0)),
        Fact::ReviewHeld { id: Uuid::from_u128(1).into(), held: held(), agenda: agenda() },
        Fact::ReviewMissed { id: Uuid::from_u128(2).into(), absent: vec![Side::Upstream], agenda: agenda() },
        Fact::ReviewCancelled { id: Uuid::from_u128(3).into(), reason: words() },
        Fact::ReviewWaived { review: reviews().remove(4), reason: words() },
        Fact::ProposalMade(proposal()),
        Fact::ProposalAgreed(Uuid::nil().into()),
        Fact::ProposalDeclined { id: Uuid::nil().into(), reason: words() },
        Fact::ProposalLapsed(Uuid::nil().into()),
        Fact::DeadlineChanged(NOW),
        Fact::PriorityChanged(Priority::Low),
        Fact::CriterionWaived { criterion: "contract".to_owned(), proposal_id: Uuid::nil().into(), reason: words() },
        Fact::CommentAdded { id: Uuid::nil().into(), side: Side::Upstream, text: words() },
        Fact::LinkAdded(links().remove(0)),
        Fact::LinkRemoved(links().remove(0)),
        Fact::AttachmentAdded(attachments().remove(0)),
        Fact::ConfidentialityChanged(true),
        Fact::ActionConfirmed(ActionId::from(Uuid::nil())),
        Fact::ActionAdded(action()),
        Fact::ActionDone(ActionId::from(Uuid::nil())),
    ]
}

fn events_of(handoff: &Handoff) -> Vec<Event> {
    let said = |fact| Said { fact, override_reason: Some(words()) };
    facts().into_iter().map(|fact| handoff.event(&said(fact), ADA)).collect()
}

fn read(event: &Event) -> pb::HandoffEvent {
    pb::HandoffEvent::decode(event.payload.as_slice()).unwrap()
}

fn holds_words(bytes: &[u8]) -> bool {
    bytes.windows(WORDS.len()).any(|window| window == WORDS.as_bytes())
}

/// The name of the fact that the message carries.
fn carried(event: &pb::HandoffEvent) -> String {
    let json = api::to_json(event);
    let beside = ["actor", "override_reason", "handoff", "by_service"];
    json.as_object().unwrap().keys().find(|key| !beside.contains(&key.as_str())).unwrap().clone()
}

/// The names of all facts that the contract has.
fn in_contract() -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(api::DESCRIPTORS).unwrap().file;
    let messages = files.iter().filter(|file| file.package() == "baton.handoff.v1").flat_map(|file| &file.message_type);
    let fields = messages.filter(|message| message.name() == "HandoffEvent").flat_map(|message| &message.field);
    fields.filter(|field| field.oneof_index.is_some()).map(|field| field.name().to_owned()).collect()
}

#[test]
fn every_fact_bears_the_name_that_the_contract_gives_it() {
    let (team, route, workflow) = (team(), route(), workflow());
    let of_teams = team::Fact::ALL.iter().map(|fact| team.event(fact, ADA));
    let of_routes = facts_of_routes().map(|fact| route.event(&fact, ADA));
    let of_workflows = workflow::Fact::ALL.iter().map(|fact| workflow.event(fact, ADA));
    let events: Vec<_> = of_teams.chain(of_routes).chain(of_workflows).chain(events_of(&handoff(false))).collect();
    for event in &events {
        assert_eq!(carried(&read(event)), event.name);
    }
    assert_eq!(events.iter().map(|event| event.name.to_owned()).collect::<BTreeSet<_>>(), in_contract());
}

#[test]
fn a_confidential_handoff_is_told_without_a_word_of_it() {
    let handoff = handoff(true);
    assert!(handoff.is_confidential());
    for event in events_of(&handoff) {
        assert!(!holds_words(&event.payload), "{}: {:#}", event.name, api::to_json(&read(&event)));
        assert_ne!(read(&event).override_reason, "", "that an administrator overrode is no secret");
    }
}

#[test]
fn an_open_handoff_is_told_in_full() {
    let mut wordy = vec![];
    for event in events_of(&handoff(false)) {
        let told = read(&event);
        assert_eq!((told.override_reason.as_str(), told.handoff.as_ref().unwrap().title.as_str()), (WORDS, WORDS));
        if holds_words(&pb::HandoffEvent { kind: told.kind, ..Default::default() }.encode_to_vec()) {
            wordy.push(event.name);
        }
    }
    insta::assert_snapshot!(wordy.join(" "), @r"
    handoff_created handoff_edited item_changed handoff_submitted handoff_accepted handoff_rejected handoff_returned handoff_reopened handoff_cancelled handoff_held read_back_confirmed question_asked question_answered question_insufficient question_closed review_scheduled review_held review_missed review_cancelled review_waived proposal_made proposal_agreed proposal_declined proposal_lapsed comment_added link_added link_removed attachment_added action_confirmed action_added action_done
    ");
}

#[test]
fn subjects_name_both_teams() {
    let (team, route, workflow, handoff) = (team(), route(), workflow(), handoff(false));
    let begun = Said::of(Fact::Begun);
    let named = [
        (Aggregate::name(&team), team.event(&team::Fact::Created, ADA).routing),
        (Aggregate::name(&route), route.event(&route::Fact::Created, ADA).routing),
        (Aggregate::name(&workflow), workflow.event(&workflow::Fact::Created, ADA).routing),
        (Aggregate::name(&handoff), handoff.event(&begun, ADA).routing),
    ];
    insta::assert_debug_snapshot!(named, @r#"
    [
        (
            "team/sales",
            "sales._",
        ),
        (
            "route/sales-to-delivery",
            "sales.delivery",
        ),
        (
            "workflow/deals",
            "_._",
        ),
        (
            "handoff/00000000-0000-0000-0000-000000000001",
            "sales.delivery",
        ),
    ]
    "#);
}
