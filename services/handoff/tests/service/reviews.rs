//! Reviews: when a rule requires one, what lets an attempt pass, and the invitation as a calendar reads it.

use api::{handoff::v1 as pb, r#type::v1::Side};
use icalendar::{Calendar, CalendarComponent, Component, Event, EventLike};
use pb::{
    RecordReviewHeldRequest, RescheduleReviewRequest, ReviewOutcome, ReviewState, ScheduleReviewRequest,
    SetTermsRequest, WaiveReviewRequest,
};
use prost_types::Duration;
use tonic::Code;

use crate::{
    requests::{attendee, because, create, mask, on, terms},
    words::{outcome, why},
    world::{ROUTE, World},
};

const HOUR: i64 = 3600;

async fn under_rule(rule: &str) -> World {
    let world = World::new().await;
    world.set_terms(SetTermsRequest { review_rule: rule.into(), ..terms("", 0) }).await;
    world
}

async fn submitted_with(world: &World, priority: pb::Priority) -> pb::Handoff {
    let request = pb::CreateHandoffRequest { priority: priority.into(), ..create(ROUTE, "Acme") };
    world.sam.submit(on(&world.sam.create(request).await.unwrap().0)).await.unwrap()
}

fn required(handoff: &pb::Handoff) -> bool {
    handoff.attempts.last().unwrap().review_required
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_of_the_terms_decides_at_submit_and_says_why() {
    let world = Box::pin(under_rule(r#"priority == "URGENT" || first_time_pair"#)).await;
    let first = submitted_with(&world, pb::Priority::Normal).await;
    assert!(required(&first), "no handoff of the route was completed before");
    assert!(!first.attempts[0].review_reason.is_empty());
    let refused = world.ivan.accept(on(&first)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "REVIEW_REQUIRED"));
    assert!(refused.message.contains(&first.attempts[0].review_reason), "{}", refused.message);

    let waived = world.ivan.waive_review(on(&first)).await.unwrap();
    let begun = world.ivan.begin(on(&world.ivan.accept(on(&waived)).await.unwrap())).await.unwrap();
    let other = submitted_with(&world, pb::Priority::Normal).await;
    world.ivan.complete(on(&begun)).await.unwrap();
    assert!(required(&world.sam.get(&other.id).await.unwrap()), "what was decided at the submit stays");
    let plain = submitted_with(&world, pb::Priority::Normal).await;
    assert!(!required(&plain), "{:?}", plain.attempts);
    assert!(required(&submitted_with(&world, pb::Priority::Urgent).await));
    world.ivan.accept(on(&plain)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_the_third_attempt_is_reviewed_and_a_rule_that_errs_reviews_all() {
    let world = World::new().await;
    let mut handoff = world.sam.submitted("Acme").await;
    for attempt in 1..=3 {
        assert_eq!(required(&handoff), attempt == 3);
        if attempt < 3 {
            handoff = world.sam.submit(on(&world.ivan.reject(on(&handoff)).await.unwrap())).await.unwrap();
        }
    }
    assert_eq!(handoff.attempts[2].review_reason, "attempt >= 3 holds");
    assert_eq!(outcome(&world.ivan.accept(on(&handoff)).await), "REVIEW_REQUIRED");
    world.ivan.reject(on(&handoff)).await.expect("a rejection needs no review");

    world.set_terms(SetTermsRequest { review_rule: "fields.size > 3".into(), ..terms("", 0) }).await;
    let submitted = world.sam.submitted("Bold").await;
    assert!(required(&submitted), "the field is not there: {:?}", submitted.attempts[0]);
    assert!(!submitted.attempts[0].review_reason.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_review_is_held_ready_or_downstream_does_not_accept() {
    let world = Box::pin(under_rule("true")).await;
    let submitted = world.sam.submitted("Acme").await;
    let scheduled = world.sam.schedule(world.review(&submitted)).await.unwrap();
    let review = scheduled.reviews[0].clone();
    assert_eq!((review.state(), review.attempt, review.side()), (ReviewState::Scheduled, 1, Side::Upstream));
    assert_eq!((review.starts_at, review.ends_at), (world.after(HOUR), world.after(2 * HOUR)));
    assert_eq!((review.scheduled_by.as_str(), review.sequence, review.attendees.len()), ("sam", 0, 2));
    assert_eq!(outcome(&world.ivan.accept(on(&scheduled)).await), "REVIEW_REQUIRED");
    assert_eq!(outcome(&world.ivan.record_held(on(&scheduled)).await), "REVIEW_NOT_BEGUN");
    assert_eq!(outcome(&world.ivan.record_missed(on(&scheduled)).await), "REVIEW_NOT_BEGUN");

    world.pass_seconds(HOUR);
    assert_eq!(world.sam.record_held(on(&scheduled)).await.unwrap_err().reason, "WRONG_SIDE");
    let not_ready = RecordReviewHeldRequest {
        outcome: ReviewOutcome::NotReady.into(),
        notes: "the annex is missing".into(),
        decisions: vec!["meet again".into()],
        actions: vec![
            new_action(&world, "send the annex", Side::Upstream),
            new_action(&world, "read it", Side::Downstream),
        ],
        ..on(&scheduled)
    };
    let held = world.ivan.record_held(not_ready.clone()).await.unwrap();
    let review = &held.reviews[0];
    assert_eq!((review.state(), review.outcome()), (ReviewState::Held, ReviewOutcome::NotReady));
    assert_eq!((review.settled_by.as_str(), review.settled_at), ("ivan", world.after(0)));
    assert_eq!(
        (review.notes.as_str(), &review.decisions[..]),
        ("the annex is missing", &["meet again".to_owned()][..])
    );
    assert_eq!(review.attended.len(), 2);
    let actions: Vec<_> = held.actions.iter().map(|it| (it.text.as_str(), it.unconfirmed, &it.review_id)).collect();
    assert_eq!(actions, [("send the annex", true, &review.id), ("read it", false, &review.id)]);
    let line = world.otto.line(&held).await;
    assert_eq!((line.upstream_answers, line.upstream_actions, line.downstream_actions), (1, 0, 1));
    let again = RecordReviewHeldRequest { request_id: testkit::request_id(), ..not_ready };
    assert_eq!(world.ivan.record_held(again.clone()).await.unwrap(), held, "the same again adds no second action");
    let more = vec![new_action(&world, "send another annex", Side::Upstream)];
    let other = RecordReviewHeldRequest { request_id: testkit::request_id(), actions: more, ..again };
    assert_eq!(outcome(&world.ivan.record_held(other).await), "REVIEW_WRONG_STATE", "with other actions it is not");
    assert_eq!(outcome(&world.ivan.accept(on(&held)).await), "REVIEW_REQUIRED");

    let other = world.ines.schedule(world.review(&held)).await.unwrap();
    world.pass_seconds(HOUR);
    let ready = world.ines.record_held(on(&other)).await.unwrap();
    world.ivan.accept(on(&ready)).await.expect("the last word counts");
    let told = world.sam.facts_after(&ready, submitted.revision).await;
    let facts = ["review_scheduled", "review_held", "action_added", "action_added", "review_scheduled", "review_held"];
    assert_eq!(told[..6], facts);
}

fn new_action(world: &World, text: &str, side: Side) -> pb::NewAction {
    pb::NewAction { text: text.into(), side: side.into(), owner: String::new(), due_at: world.after(2 * HOUR) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ready_review_that_a_later_one_contradicts_lets_nothing_pass_nor_does_one_of_another_attempt() {
    let world = Box::pin(under_rule("true")).await;
    let submitted = world.sam.submitted("Acme").await;
    let first = world.sam.schedule(world.review(&submitted)).await.unwrap();
    let both = world.ivan.schedule(world.review(&first)).await.unwrap();
    world.pass_seconds(HOUR);
    let not_ready = RecordReviewHeldRequest { outcome: ReviewOutcome::NotReady.into(), ..on(&both) };
    let held = world.ivan.record_held(not_ready).await.unwrap();
    world.pass_seconds(1);
    let review_id = both.reviews[0].id.clone();
    let ready = world.ivan.record_held(RecordReviewHeldRequest { review_id, ..on(&held) }).await.unwrap();
    let recalled = world.sam.recall(on(&ready)).await.unwrap();
    let again = world.sam.submit(on(&recalled)).await.unwrap();
    assert_eq!(outcome(&world.ivan.accept(on(&again)).await), "REVIEW_REQUIRED", "it was about attempt 1");
    let other = world.sam.submitted("Bold").await;
    let first = world.sam.schedule(world.review(&other)).await.unwrap();
    let both = world.ivan.schedule(world.review(&first)).await.unwrap();
    world.pass_seconds(HOUR);
    let ready = RecordReviewHeldRequest { review_id: both.reviews[0].id.clone(), ..on(&both) };
    let ready = world.ivan.record_held(ready).await.unwrap();
    world.pass_seconds(1);
    let not_ready = RecordReviewHeldRequest { outcome: ReviewOutcome::NotReady.into(), ..on(&ready) };
    let contradicted = world.ivan.record_held(not_ready).await.unwrap();
    assert_eq!(outcome(&world.ivan.accept(on(&contradicted)).await), "REVIEW_REQUIRED");

    let waived = world.ivan.waive_review(on(&contradicted)).await.unwrap();
    let third = world.sam.schedule(world.review(&waived)).await.unwrap();
    world.pass_seconds(HOUR);
    let not_ready = RecordReviewHeldRequest {
        review_id: third.reviews.last().unwrap().id.clone(),
        outcome: ReviewOutcome::NotReady.into(),
        ..on(&third)
    };
    let contradicted = world.ivan.record_held(not_ready).await.unwrap();
    assert_eq!(outcome(&world.ivan.accept(on(&contradicted)).await), "REVIEW_REQUIRED", "after a waiver, too");
    world.pass_seconds(1);
    let waived = world.ivan.waive_review(on(&contradicted)).await.unwrap();
    assert!(waived.revision > contradicted.revision, "another waiver, no repeat");
    world.ivan.accept(on(&waived)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_review_names_who_did_not_come_and_lets_nothing_pass() {
    let world = Box::pin(under_rule("true")).await;
    let scheduled = world.sam.schedule(world.review(&world.sam.submitted("Acme").await)).await.unwrap();
    world.pass_seconds(HOUR);
    let nobody = pb::RecordReviewMissedRequest { absent: vec![], ..on(&scheduled) };
    assert_eq!(world.sam.record_missed(nobody).await.unwrap_err().fields, ["absent"]);
    let twice = vec![Side::Downstream.into(), Side::Downstream.into()];
    let missed = world.sam.record_missed(pb::RecordReviewMissedRequest { absent: twice, ..on(&scheduled) }).await;
    let missed = missed.unwrap();
    let review = &missed.reviews[0];
    assert_eq!((review.state(), review.absent.as_slice()), (ReviewState::Missed, &[Side::Downstream.into()][..]));
    assert_eq!((review.settled_by.as_str(), review.settled_at), ("sam", world.after(0)));
    assert_eq!(outcome(&world.ivan.accept(on(&missed)).await), "REVIEW_REQUIRED");
    let refused = world.ivan.record_held(on(&missed)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "REVIEW_WRONG_STATE"));
    assert_eq!(refused.metadata["state"], "MISSED");
    assert_eq!(world.sam.cancel_review(on(&missed)).await.unwrap_err().reason, "REVIEW_WRONG_STATE");
    assert_eq!(world.sam.facts_after(&missed, scheduled.revision).await, ["review_missed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_of_downstream_waives_a_required_review_and_nobody_else() {
    let world = Box::pin(under_rule(r#"priority != "LOW""#)).await;
    let low = submitted_with(&world, pb::Priority::Low).await;
    assert_eq!(outcome(&world.ivan.waive_review(on(&low)).await), "REVIEW_NOT_REQUIRED");
    let submitted = world.sam.submitted("Acme").await;
    assert_eq!(why(&world.ines.waive_review(on(&submitted)).await.unwrap_err()), (Code::PermissionDenied, "LEAD_ONLY"));
    assert_eq!(outcome(&world.anna.waive_review(on(&submitted)).await), "WRONG_SIDE");
    let late = WaiveReviewRequest { attempt: 2, ..on(&submitted) };
    assert_eq!(outcome(&world.ivan.waive_review(late).await), "ATTEMPT_MOVED");
    let bad = WaiveReviewRequest { attempt: 0, reason: " ".into(), ..on(&submitted) };
    assert_eq!(world.ivan.waive_review(bad).await.unwrap_err().fields, ["attempt", "reason"]);
    let own = world.ivan.schedule(world.review(&submitted)).await.unwrap();
    assert_eq!(outcome(&world.ivan.waive_review(on(&own)).await), "OWN_DOING", "who asked for it");
    let off = world.ivan.cancel_review(on(&own)).await.unwrap();
    let waived = world.ivan.waive_review(on(&off)).await.unwrap();
    let review = waived.reviews.last().unwrap();
    assert_eq!((review.state(), review.attempt, review.starts_at), (ReviewState::Waived, 1, None));
    assert_eq!((review.settled_by.as_str(), review.reason.as_str()), ("ivan", "both know the customer"));
    assert_eq!(world.ivan.waive_review(on(&off)).await.unwrap(), waived);
    assert_eq!(why(&world.sam.invite(&waived, &review.id).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    world.ines.accept(on(&waived)).await.unwrap();

    let scheduled = world.sam.schedule(world.review(&world.sam.submitted("Bold").await)).await.unwrap();
    let waived = world.ivan.waive_review(on(&scheduled)).await.unwrap();
    assert_eq!((waived.reviews.len(), waived.reviews[0].state()), (1, ReviewState::Waived), "the one that was to come");
    let event = event(&world.sam.invite(&waived, &waived.reviews[0].id).await.unwrap()).1;
    assert_eq!((event.property_value("STATUS"), event.get_sequence()), (Some("CANCELLED"), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_the_attempt_back_calls_a_scheduled_review_off() {
    let world = World::new().await;
    for ends in ["reject", "recall", "return", "cancel", "accept"] {
        let submitted = world.sam.submitted(ends).await;
        let scheduled = world.ines.schedule(world.review(&submitted)).await.unwrap();
        let ended = match ends {
            "reject" => world.ivan.reject(on(&scheduled)).await,
            "recall" => world.sam.recall(on(&scheduled)).await,
            "cancel" => world.sam.cancel(on(&scheduled)).await,
            "accept" => world.ivan.accept(on(&scheduled)).await,
            _ => world.ivan.give_back(on(&world.ivan.accept(on(&scheduled)).await.unwrap())).await,
        };
        let review = ended.unwrap().reviews.remove(0);
        let (state, sequence) =
            if ends == "accept" { (ReviewState::Scheduled, 0) } else { (ReviewState::Cancelled, 1) };
        assert_eq!((review.state(), review.sequence), (state, sequence), "{ends}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_in_an_invitation_is_told_at_once() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let attendees = vec![
        pb::ReviewAttendee { email: "no address".into(), ..attendee("", Side::Upstream) },
        pb::ReviewAttendee { email: "a@b@c".into(), ..attendee(&"n".repeat(201), Side::Unspecified) },
    ];
    let bad = ScheduleReviewRequest {
        side: 9,
        starts_at: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        duration: Some(Duration { seconds: 59, nanos: 0 }),
        place: "p".repeat(201),
        url: "javascript:alert(1)".into(),
        attendees,
        ..world.review(&draft)
    };
    let named = [
        "side",
        "starts_at",
        "duration",
        "place",
        "url",
        "attendees[0].name",
        "attendees[0].email",
        "attendees[1].name",
        "attendees[1].side",
        "attendees[1].email",
    ];
    assert_eq!(world.sam.schedule(bad).await.unwrap_err().fields, named);
    let past = ScheduleReviewRequest {
        starts_at: world.after(0),
        place: String::new(),
        attendees: vec![],
        ..world.review(&draft)
    };
    assert_eq!(world.sam.schedule(past).await.unwrap_err().fields, ["starts_at", "place", "attendees"]);
    let nothing = ScheduleReviewRequest { starts_at: None, duration: None, ..world.review(&draft) };
    assert_eq!(world.sam.schedule(nothing).await.unwrap_err().fields, ["starts_at", "duration"]);
    for (seconds, nanos) in [(86_401, 0), (-60, 0), (86_400, 1)] {
        let long = ScheduleReviewRequest { duration: Some(Duration { seconds, nanos }), ..world.review(&draft) };
        assert_eq!(world.sam.schedule(long).await.unwrap_err().fields, ["duration"], "{seconds} s and {nanos} ns");
    }
    let crowd = ScheduleReviewRequest { attendees: vec![attendee("Sam", Side::Upstream); 101], ..world.review(&draft) };
    assert_eq!(why(&world.sam.schedule(crowd).await.unwrap_err()), (Code::InvalidArgument, "TOO_LARGE"));
    let far = prost_types::Timestamp { seconds: 253_402_300_800 - 60, nanos: 0 };
    let far = ScheduleReviewRequest { starts_at: Some(far), ..world.review(&draft) };
    assert_eq!(world.sam.schedule(far).await.unwrap_err().fields, ["starts_at"], "it must end in this era too");
    assert_eq!(outcome(&world.otto.schedule(world.review(&draft)).await), "NEITHER_SIDE");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_in_the_record_of_a_review_is_told_at_once() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let scheduled = world.sam.schedule(world.review(&draft)).await.unwrap();
    world.pass_seconds(HOUR);
    let bad = RecordReviewHeldRequest {
        attended: vec![attendee("Sam", Side::Upstream)],
        actions: vec![pb::NewAction { due_at: world.after(0), ..new_action(&world, "late", Side::Upstream) }],
        ..on(&scheduled)
    };
    assert_eq!(world.ivan.record_held(bad).await.unwrap_err().fields, ["attended", "actions[0].due_at"]);
    let bad = RecordReviewHeldRequest {
        review_id: "1".into(),
        notes: "n".repeat(16_385),
        decisions: vec![String::new()],
        actions: vec![pb::NewAction::default()],
        outcome: 0,
        ..on(&scheduled)
    };
    let named =
        ["review_id", "notes", "decisions[0]", "actions[0].text", "actions[0].side", "actions[0].due_at", "outcome"];
    assert_eq!(world.ivan.record_held(bad).await.unwrap_err().fields, named);
    let other = world.sam.schedule(world.review(&world.sam.draft("Bold").await)).await.unwrap();
    let foreign = pb::CancelReviewRequest { review_id: other.reviews[0].id.clone(), ..on(&scheduled) };
    assert_eq!(why(&world.sam.cancel_review(foreign).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    let cancelled = world.sam.cancel(on(&scheduled)).await.unwrap();
    assert_eq!(outcome(&world.sam.schedule(world.review(&cancelled)).await), "WRONG_STATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agenda_says_what_there_is_to_talk_about_and_stays_as_it_was_when_the_review_is_over() {
    let world = World::with_template().await;
    let summary = pb::Summary {
        severity: "their go-live hangs on it".into(),
        situation: "two ERPs".into(),
        actions: vec![pb::SummaryAction { text: "book the hall".into(), owner: "Petra".into(), due_at: None }],
        contingencies: vec![pb::Contingency { r#if: "the hall is taken".into(), then: "meet online".into() }],
        contacts: vec![pb::Contact { name: "Petra Kern".into(), role: "operations".into(), how: String::new() }],
    };
    let request = pb::CreateHandoffRequest { summary: Some(summary), ..create(ROUTE, "Acme") };
    let prepared = crate::requests::prepare(&world.sam, &world.sam.create(request).await.unwrap().0).await;
    let submitted = world.sam.submit(on(&prepared)).await.unwrap();
    let asked = world.ivan.ask(pb::AskQuestionRequest { blocking: true, ..on(&submitted) }).await.unwrap();
    let scheduled = world.ivan.schedule(world.review(&asked)).await.unwrap();
    let said = |review: &pb::Review| {
        let topic = |item: &pb::AgendaItem| format!("{}: {}", item.topic, item.lines.join(" | "));
        review.agenda.iter().map(topic).collect::<Vec<_>>()
    };
    let agenda = said(&scheduled.reviews[0]);
    assert_eq!(
        agenda[0],
        "Summary: their go-live hangs on it | two ERPs | To do: book the hall (Petra) | \
         If the hall is taken: meet online"
    );
    assert_eq!(agenda[1], "Open questions: implementation asks, blocking: which ERP?");
    assert!(agenda[2].starts_with("Criteria not met or waived: ") && agenda[2].contains("contract_value: "));
    assert_eq!(agenda[3], "Contacts: sam speaks for sales | Petra Kern, operations");
    let answered = world.sam.answer(on(&scheduled)).await.unwrap();
    assert_eq!(answered.reviews[0].agenda.len(), 3, "until then it follows the handoff");
    world.pass_seconds(HOUR);
    let held = world.ivan.record_held(on(&answered)).await.unwrap();
    world.ivan.ask(on(&held)).await.unwrap();
    assert_eq!(world.sam.get(&held.id).await.unwrap().reviews[0].agenda, answered.reviews[0].agenda);
}

/// What a calendar reads: its METHOD, and its one event.
fn event(text: &str) -> (String, Event) {
    let calendar: Calendar = text.parse().unwrap();
    let method = calendar.property_value("METHOD").unwrap().to_owned();
    let [CalendarComponent::Event(event)] = calendar.components.as_slice() else { panic!("one event: {text}") };
    (method, event.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_keeps_its_uid_and_raises_its_sequence_until_it_is_called_off() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let sam = pb::ReviewAttendee { email: "sam@sales.example.com".into(), ..attendee("Sam", Side::Upstream) };
    let request = ScheduleReviewRequest {
        attendees: vec![sam, attendee("Ines", Side::Downstream)],
        url: "https://meet.example.com/a,b;c".into(),
        ..world.review(&submitted)
    };
    let scheduled = world.sam.schedule(request.clone()).await.unwrap();
    let id = scheduled.reviews[0].id.clone();
    let look = async || event(&world.otto.invite(&submitted, &id).await.unwrap());
    let (method, invited) = look().await;
    assert_eq!((method.as_str(), invited.property_value("STATUS")), ("REQUEST", Some("CONFIRMED")));
    assert_eq!((invited.get_uid().unwrap(), invited.get_sequence()), (format!("{id}@baton").as_str(), Some(0)));
    // The test clock stands at 2026-03-02 09:00.
    let at = |event: &Event, name: &str| event.property_value(name).unwrap().to_owned();
    let stamp = world.now().to_string().replace(['-', ':'], "").split(['.', 'Z']).next().unwrap().to_owned() + "Z";
    assert_eq!(at(&invited, "DTSTAMP"), stamp);
    let hour: u32 = stamp[9..11].parse().unwrap();
    assert_eq!(at(&invited, "DTSTART"), format!("{}{:02}{}", &stamp[..9], hour + 1, &stamp[11..]));
    assert_eq!(at(&invited, "DTEND"), format!("{}{:02}{}", &stamp[..9], hour + 2, &stamp[11..]));
    assert_eq!((at(&invited, "SUMMARY"), at(&invited, "LOCATION")), ("Review: Acme".into(), "room 4".into()));
    assert_eq!(at(&invited, "URL"), "https://meet.example.com/a,b;c", "an address is not escaped");
    let organizer = &invited.properties()["ORGANIZER"];
    assert_eq!(organizer.params()["CN"].value(), "sam");
    let attendees = &invited.multi_properties()["ATTENDEE"];
    assert_eq!(attendees.len(), 1, "who has an address");
    assert_eq!(attendees[0].value(), "mailto:sam@sales.example.com");

    world.pass_seconds(60);
    let pb::ScheduleReviewRequest { duration, place, url, attendees, .. } = request;
    let later =
        RescheduleReviewRequest { starts_at: world.after(2 * HOUR), duration, place, url, attendees, ..on(&scheduled) };
    let moved = world.ivan.reschedule(later.clone()).await.unwrap();
    assert_eq!((moved.reviews[0].sequence, moved.reviews[0].scheduled_by.as_str()), (1, "sam"));
    assert_eq!(moved.reviews[0].side(), Side::Upstream, "who invited stays who invites");
    let same = RescheduleReviewRequest { request_id: testkit::request_id(), ..later };
    assert_eq!(world.ines.reschedule(same).await.unwrap(), moved, "the same again raises nothing");
    let (method, again) = look().await;
    assert_eq!((method.as_str(), again.get_uid(), again.get_sequence()), ("REQUEST", invited.get_uid(), Some(1)));
    assert_ne!(at(&again, "DTSTART"), at(&invited, "DTSTART"));
    assert_ne!(at(&again, "DTSTAMP"), stamp);

    let off = world.ines.cancel_review(on(&moved)).await.unwrap();
    assert_eq!(world.ines.cancel_review(on(&moved)).await.unwrap(), off);
    assert_eq!(outcome(&world.sam.cancel_review(on(&moved)).await), "REVIEW_WRONG_STATE");
    let (method, last) = look().await;
    assert_eq!((method.as_str(), last.property_value("STATUS")), ("CANCEL", Some("CANCELLED")));
    assert_eq!((last.get_uid(), last.get_sequence()), (invited.get_uid(), Some(2)));
    let told = world.sam.facts_after(&off, submitted.revision).await;
    assert_eq!(told, ["review_scheduled", "review_scheduled", "review_cancelled"]);
    let unknown = world.otto.invite(&submitted, &testkit::request_id()).await.unwrap_err();
    assert_eq!(why(&unknown), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_survives_whatever_people_write() {
    let world = World::new().await;
    let title = "Acme, Inc.; \"the \\ one\" \u{1F4E6}\u{1F469}\u{200D}\u{1F680} ".to_owned() + &"größer ".repeat(15);
    let title = title.trim().to_owned();
    let situation = "first\r\nsecond\rATTACH:https://evil.example.com\nthird\u{7}\u{85}\u{2028}END:VEVENT";
    let summary = pb::Summary { situation: situation.into(), ..Default::default() };
    let draft = pb::CreateHandoffRequest { summary: Some(summary), ..create(ROUTE, &title) };
    let draft = world.sam.create(draft).await.unwrap().0;
    let sam = pb::ReviewAttendee {
        email: "sam+x@sales.example.com".into(),
        ..attendee("Sam \"the man\", Esq.; a:b\r\nX-EVIL:1 \u{1F4E6}", Side::Upstream)
    };
    let request = ScheduleReviewRequest {
        place: "room 4, \"north\"; 2\\3\r\nX-EVIL:1".into(),
        url: "https://meet.example.com/\"a\"\u{1F4E6}".into(),
        attendees: vec![sam],
        ..world.review(&draft)
    };
    let split = ScheduleReviewRequest { url: "https://meet.example.com/\r\nX-EVIL:1".into(), ..request.clone() };
    assert_eq!(world.sam.schedule(split).await.unwrap_err().fields, ["url"], "no address has a line break");
    let scheduled = world.sam.schedule(request).await.unwrap();
    let text = world.sam.invite(&scheduled, &scheduled.reviews[0].id).await.unwrap();

    assert!(text.ends_with("END:VCALENDAR\r\n"));
    for line in text.split_terminator("\r\n") {
        assert!(line.len() <= 75, "{line:?}");
        assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{line:?}");
    }
    let unfolded = text.replace("\r\n ", "");
    let names: Vec<_> = unfolded.lines().map(|line| line.split([':', ';']).next().unwrap()).collect();
    for name in ["X-EVIL", "ATTACH"] {
        assert!(!names.contains(&name), "{unfolded}");
    }
    let (_, event) = event(&text);
    assert_eq!(event.get_summary(), Some(format!("Review: {title}").as_str()));
    assert_eq!(event.get_location(), Some("room 4, \"north\"; 2\\3\nX-EVIL:1"));
    let description = event.get_description().unwrap();
    assert!(description.contains("first\nsecond\nATTACH:https://evil.example.com\nthird"), "{description:?}");
    let attendees = &event.multi_properties()["ATTENDEE"];
    assert_eq!(attendees[0].value(), "mailto:sam+x@sales.example.com");
    assert_eq!(attendees[0].params()["CN"].value(), "Sam 'the man', Esq.; a:bX-EVIL:1 \u{1F4E6}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_to_the_largest_handoff_stays_small() {
    let world = World::new().await;
    let long = "\u{1F4E6}".repeat(4_000);
    let actions = vec![pb::SummaryAction { text: long, owner: String::new(), due_at: None }; 15];
    let summary = pb::Summary { actions, ..Default::default() };
    let draft = world.sam.create(pb::CreateHandoffRequest { summary: Some(summary), ..create(ROUTE, "Acme") }).await;
    let scheduled = world.sam.schedule(world.review(&draft.unwrap().0)).await.unwrap();
    let text = world.sam.invite(&scheduled, &scheduled.reviews[0].id).await.unwrap();
    assert!(text.len() < 32 * 1024, "{} bytes", text.len());
    assert!(event(&text).1.get_description().unwrap().ends_with('\u{2026}'), "it says that there is more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_of_a_confidential_handoff_is_nothing_to_outsiders() {
    let world = World::new().await;
    let secret = pb::CreateHandoffRequest { confidential: true, ..create(ROUTE, "secret") };
    let draft = world.sam.create(secret).await.unwrap().0;
    let scheduled = world.sam.schedule(world.review(&draft)).await.unwrap();
    let id = scheduled.reviews[0].id.clone();
    assert_eq!(why(&world.otto.invite(&draft, &id).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    assert!(world.ines.invite(&draft, &id).await.is_ok());
    assert_eq!(outcome(&world.otto.cancel_review(on(&scheduled)).await), "NOT_FOUND");
    let reject = pb::RejectHandoffRequest { reasons: vec![because("no")], ..on(&draft) };
    assert_eq!(outcome(&world.otto.reject(pb::RejectHandoffRequest { attempt: 1, ..reject }).await), "NOT_FOUND");
    let edit = pb::UpdateHandoffRequest { update_mask: mask(&["title"]), ..on(&draft) };
    assert_eq!(world.sam.update(edit).await.unwrap_err().fields, ["title"]);
}
