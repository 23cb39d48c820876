//! What either side adds beside the work: comments, links, attachments, actions, a confirmed read-back; who sees all of it.

use api::{
    handoff::v1 as pb,
    r#type::v1::{Attachment, Side},
};
use pb::{AddActionRequest, AddCommentRequest, AddLinkRequest, ListHandoffsRequest, handoff_event::Kind};
use prost::Message;
use tonic::Code;

use crate::{
    person::Person,
    requests::{create, inbox, on, terms},
    words::{outcome, why},
    world::{ROUTE, World},
};

fn link(key: &str, url: &str) -> Option<pb::Link> {
    Some(pb::Link { system: "crm".into(), r#type: "deal".into(), key: key.into(), url: url.into() })
}

/// The words of every comment, as the timeline tells them.
async fn comments(person: &Person, handoff: &pb::Handoff) -> Vec<String> {
    let entries = person.timeline(&handoff.id).await.unwrap().into_iter();
    let text = |entry: pb::TimelineEntry| match entry.event?.kind? {
        Kind::CommentAdded(comment) => Some(comment.text),
        _ => None,
    };
    entries.filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_read_in_the_timeline() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let request: AddCommentRequest = on(&draft);
    let one = world.sam.comment(request.clone()).await.unwrap();
    assert_eq!(world.sam.comment(request).await.unwrap(), one, "the same request is the same comment");
    let two = world.ivan.comment(on(&draft)).await.unwrap();
    assert_eq!((two.comments, two.revision), (2, 3), "the same words again are another");
    assert_eq!(comments(&world.otto, &draft).await, ["they called twice"; 2]);
    assert_eq!(outcome(&world.otto.comment(on(&draft)).await), "NEITHER_SIDE");
    assert_eq!(outcome(&world.bo.comment(on(&draft)).await), "SIDE_REQUIRED");
    let bad = AddCommentRequest { side: 4, text: "\n".into(), ..on(&draft) };
    assert_eq!(world.sam.comment(bad).await.unwrap_err().fields, ["side", "text"]);
    let long = AddCommentRequest { text: "x".repeat(16_385), ..on(&draft) };
    assert_eq!(why(&world.sam.comment(long).await.unwrap_err()), (Code::InvalidArgument, "TOO_LARGE"));
    let cancelled = world.sam.cancel(on(&two)).await.unwrap();
    assert_eq!(outcome(&world.sam.comment(on(&cancelled)).await), "WRONG_STATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_confidential_comment_are_in_its_timeline_and_nowhere_else() {
    let world = World::new().await;
    let request = pb::CreateHandoffRequest { confidential: true, ..create(ROUTE, "secret") };
    let draft = world.sam.create(request).await.unwrap().0;
    let say = |text: &str| AddCommentRequest { text: text.into(), ..on(&draft) };
    world.sam.comment(say("Verdigris one")).await.unwrap();
    let said = world.ivan.comment(say("Verdigris two")).await.unwrap();
    assert_eq!(said.comments, 2);
    for insider in [&world.sam, &world.ines, &world.bo, &world.ada] {
        assert_eq!(comments(insider, &draft).await, ["Verdigris one", "Verdigris two"]);
    }
    let mut page = pb::ListTimelineRequest { handoff_id: draft.id.clone(), page_size: 2, ..Default::default() };
    page.page_token =
        world.sam.handoffs.clone().list_timeline(page.clone()).await.unwrap().into_inner().next_page_token;
    let last = world.sam.handoffs.clone().list_timeline(page).await.unwrap().into_inner().entries;
    let Some(Kind::CommentAdded(comment)) = last[0].event.clone().unwrap().kind else { panic!("{last:?}") };
    assert_eq!(comment.text, "Verdigris two", "on every page");
    assert_eq!(why(&world.otto.timeline(&draft.id).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(outcome(&world.otto.comment(on(&draft)).await), "NOT_FOUND");
    for fact in world.said_of(&draft).await {
        assert!(!fact.payload.windows(9).any(|window| window == b"Verdigris"), "{}", fact.subject);
    }
    assert!(!said.encode_to_vec().windows(9).any(|window| window == b"Verdigris"), "nor in the handoff");
    let words = ListHandoffsRequest { text: "verdigris".into(), ..Default::default() };
    assert_eq!(world.sam.titles(words).await, [""; 0], "nor is it found by them");

    let opened = world.anna.set_confidential(pb::SetConfidentialRequest { confidential: false, ..on(&draft) }).await;
    assert!(!opened.unwrap().confidential);
    assert_eq!(comments(&world.otto, &draft).await, ["Verdigris one", "Verdigris two"], "who may see it may read it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_hides_a_handoff_and_shows_it_again() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    assert_eq!(
        why(&world.sam.set_confidential(on(&submitted)).await.unwrap_err()),
        (Code::PermissionDenied, "LEAD_ONLY")
    );
    assert_eq!(outcome(&world.otto.set_confidential(on(&submitted)).await), "NEITHER_SIDE");
    let hidden = world.ivan.set_confidential(on(&submitted)).await.unwrap();
    assert!(hidden.confidential);
    assert_eq!(world.anna.set_confidential(on(&submitted)).await.unwrap(), hidden, "it is so already");
    let searches = || {
        let confidential = ListHandoffsRequest { confidential: Some(true), ..Default::default() };
        let words = ListHandoffsRequest { text: "acme".into(), ..Default::default() };
        [ListHandoffsRequest::default(), inbox("implementation"), confidential, words]
    };
    for request in searches() {
        assert_eq!(world.otto.titles(request.clone()).await, [""; 0]);
        assert_eq!(world.ines.titles(request).await, ["Acme"]);
    }
    assert_eq!(why(&world.otto.get(&submitted.id).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    let said = world.said_of(&hidden).await.pop().unwrap();
    let told = pb::HandoffEvent::decode(&said.payload[..]).unwrap();
    assert_eq!((said.name(), told.handoff.unwrap().title.as_str()), ("confidentiality_changed", ""));
    let show = pb::SetConfidentialRequest { confidential: false, ..on(&hidden) };
    let shown = world.anna.set_confidential(show).await.unwrap();
    assert_eq!(world.otto.get(&submitted.id).await.unwrap(), shown);
    let told = world.otto.facts_after(&shown, submitted.revision).await;
    assert_eq!(told, ["confidentiality_changed", "confidentiality_changed"]);
    let cancelled = world.sam.cancel(on(&shown)).await.unwrap();
    assert_eq!(outcome(&world.anna.set_confidential(on(&cancelled)).await), "WRONG_STATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fact_of_a_confidential_handoff_carries_a_word_of_what_both_sides_say() {
    let world = World::new().await;
    world.set_terms(pb::SetTermsRequest { review_rule: "true".into(), ..terms("", 0) }).await;
    let word = || "Verdigris".to_owned();
    let request = pb::CreateHandoffRequest { confidential: true, ..create(ROUTE, &word()) };
    let draft = world.sam.create(request).await.unwrap().0;
    world.sam.comment(AddCommentRequest { text: word(), ..on(&draft) }).await.unwrap();
    world
        .sam
        .add_link(AddLinkRequest { link: link("1", "https://Verdigris.example.com"), ..on(&draft) })
        .await
        .unwrap();
    let gone = pb::RemoveLinkRequest { system: "crm".into(), r#type: "deal".into(), key: "1".into(), ..on(&draft) };
    world.sam.remove_link(gone).await.unwrap();
    let file = Attachment { name: word(), url: "https://files.example.com/Verdigris".into(), ..Default::default() };
    world.sam.attach(pb::AddAttachmentRequest { attachment: Some(file), ..on(&draft) }).await.unwrap();
    let wait = pb::HoldHandoffRequest { reason: word(), until: world.after(60), ..on(&draft) };
    world.sam.hold(wait).await.unwrap();
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    let asked = world.ivan.ask(pb::AskQuestionRequest { text: word(), ..on(&submitted) }).await.unwrap();
    let answered = world.sam.answer(pb::AnswerQuestionRequest { text: word(), ..on(&asked) }).await.unwrap();
    let more = pb::MarkInsufficientRequest { text: word(), ..on(&answered) };
    let asked = world.ivan.mark_insufficient(more).await.unwrap();
    let change = crate::requests::change(pb::proposed_change::Kind::Priority(pb::ProposedPriority { priority: 4 }));
    let propose = pb::ProposeRequest { reason: word(), change, ..on(&asked) };
    let proposed = world.ivan.propose_change(propose).await.unwrap();
    let decline = pb::DeclineProposalRequest { reason: word(), ..on(&proposed) };
    let declined = world.sam.decline_change(decline).await.unwrap();
    let guest = pb::ReviewAttendee {
        email: "Verdigris@example.com".into(),
        ..crate::requests::attendee(&word(), Side::Upstream)
    };
    let review = pb::ScheduleReviewRequest {
        place: word(),
        url: "https://Verdigris.example.com".into(),
        attendees: vec![guest.clone()],
        ..world.review(&declined)
    };
    let scheduled = world.sam.schedule(review.clone()).await.unwrap();
    let off = pb::CancelReviewRequest { reason: word(), ..on(&scheduled) };
    let off = world.sam.cancel_review(off).await.unwrap();
    let again = world.sam.schedule(pb::ScheduleReviewRequest { request_id: testkit::request_id(), ..review }).await;
    world.pass_seconds(3600);
    let again = again.unwrap();
    assert_eq!(off.reviews.len() + 1, again.reviews.len());
    let action =
        pb::NewAction { text: word(), side: Side::Upstream.into(), due_at: world.after(60), ..Default::default() };
    let held = pb::RecordReviewHeldRequest {
        attended: vec![guest, crate::requests::attendee(&word(), Side::Downstream)],
        notes: word(),
        decisions: vec![word()],
        actions: vec![action],
        ..on(&again)
    };
    let held = world.ivan.record_held(held).await.unwrap();
    let confirmed = world.sam.confirm_action(on(&held)).await.unwrap();
    let done = world.sam.complete_action(on(&confirmed)).await.unwrap();
    let closed = world.ivan.close_question(on(&done)).await.unwrap();
    let accept = pb::AcceptHandoffRequest { read_back: word(), ..on(&closed) };
    let accepted = world.ivan.accept(accept).await.unwrap();
    let corrected = pb::ConfirmReadBackRequest { corrections: vec![word()], ..on(&accepted) };
    let last = world.sam.confirm_read_back(corrected).await.unwrap();
    let said = world.said_of(&last).await;
    assert_eq!(i64::try_from(said.len()).unwrap(), last.revision);
    for fact in said {
        let is_told = fact.payload.windows(9).any(|window| window == b"Verdigris");
        assert!(!is_told, "{}: {:?}", fact.subject, pb::HandoffEvent::decode(&fact.payload[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_read_every_word_of_a_confidential_handoff_in_its_timeline() {
    let world = World::new().await;
    let request = pb::CreateHandoffRequest { confidential: true, ..create(ROUTE, "Acme") };
    let draft = world.sam.create(request).await.unwrap().0;
    let wait = pb::HoldHandoffRequest { reason: "why it waited".into(), until: world.after(60), ..on(&draft) };
    let held = world.sam.hold(wait).await.unwrap();
    let resumed = world.sam.resume(on(&held)).await.unwrap();
    let overriding =
        pb::CancelHandoffRequest { reason: "why it ended".into(), override_reason: "why ada".into(), ..on(&resumed) };
    let cancelled = world.ada.cancel(overriding).await.unwrap();
    for insider in [&world.sam, &world.ines, &world.ada] {
        let events: Vec<_> =
            insider.timeline(&cancelled.id).await.unwrap().into_iter().filter_map(|it| it.event).collect();
        assert!(events.iter().all(|event| event.handoff.as_ref().unwrap().title == "Acme"));
        let Some(Kind::HandoffHeld(held)) = &events[1].kind else { panic!("{events:?}") };
        let Some(Kind::HandoffCancelled(ended)) = &events[3].kind else { panic!("{events:?}") };
        let words = [&held.reason, &ended.reason, &events[3].override_reason];
        assert_eq!(words, ["why it waited", "why it ended", "why ada"]);
    }
    for fact in world.said_of(&cancelled).await {
        assert!(!fact.payload.windows(3).any(|window| window == b"why"), "{}", fact.subject);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_one_for_each_record_and_taken_away_by_it() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let add = |key: &str, url: &str| AddLinkRequest { link: link(key, url), ..on(&draft) };
    let linked = world.ivan.add_link(add("7", "https://crm.example.com/7")).await.unwrap();
    assert_eq!(linked.links, link("7", "https://crm.example.com/7").into_iter().collect::<Vec<_>>());
    assert_eq!(world.sam.add_link(add("7", "https://crm.example.com/7")).await.unwrap(), linked);
    let moved = world.sam.add_link(add("7", "https://new.example.com/7")).await.unwrap();
    assert_eq!(moved.links[0].url, "https://new.example.com/7");
    let find = ListHandoffsRequest {
        link: Some(pb::OutsideRecord { system: "crm".into(), key: "7".into() }),
        ..Default::default()
    };
    assert_eq!(world.otto.titles(find.clone()).await, ["Acme"]);
    let record = |key: &str| pb::RemoveLinkRequest {
        system: "crm".into(),
        r#type: "deal".into(),
        key: key.into(),
        ..on(&draft)
    };
    assert_eq!(world.ivan.remove_link(record("8")).await.unwrap(), moved, "what is not there");
    let gone = world.ivan.remove_link(record("7")).await.unwrap();
    assert_eq!((gone.links.len(), world.otto.titles(find).await.len()), (0, 0));
    let told = world.sam.facts_after(&gone, draft.revision).await;
    assert_eq!(told, ["link_added", "link_added", "link_removed"]);
    let bad = AddLinkRequest { side: 8, link: link(" ", "ftp://files"), ..on(&draft) };
    assert_eq!(world.sam.add_link(bad).await.unwrap_err().fields, ["side", "link.key", "link.url"]);
    assert_eq!(
        world.sam.add_link(on(&draft)).await.unwrap_err().fields,
        ["link.system", "link.type", "link.key"],
        "no link at all"
    );
    assert_eq!(world.sam.remove_link(on(&draft)).await.unwrap_err().fields, ["system", "type", "key"]);
    for number in 0..100 {
        world.sam.add_link(add(&format!("L{number}"), "")).await.unwrap();
    }
    assert_eq!(
        why(&world.sam.add_link(add("one too many", "")).await.unwrap_err()),
        (Code::InvalidArgument, "TOO_LARGE")
    );
    world.sam.add_link(add("L7", "https://crm.example.com/L7")).await.expect("one that is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_references_added_once() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let file = |name: &str| Attachment {
        name: name.into(),
        url: format!("https://files.example.com/{name}"),
        ..Default::default()
    };
    let add = |file| pb::AddAttachmentRequest { attachment: Some(file), ..on(&draft) };
    let one = world.sam.attach(add(file("plan.pdf"))).await.unwrap();
    assert_eq!(one.attachments, [file("plan.pdf")]);
    assert_eq!(world.ivan.attach(add(file("plan.pdf"))).await.unwrap(), one);
    let two = world.ivan.attach(add(file("offer.pdf"))).await.unwrap();
    assert_eq!(two.attachments.len(), 2);
    assert_eq!(world.sam.facts_after(&two, draft.revision).await, ["attachment_added", "attachment_added"]);
    let refused = world.sam.attach(on(&draft)).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert!(refused.fields.iter().all(|field| field.starts_with("attachment")), "{refused:?}");
    let script = Attachment { url: "javascript:alert(1)".into(), ..file("x") };
    assert_eq!(world.sam.attach(add(script)).await.unwrap_err().code, Code::InvalidArgument);
}

fn action(world: &World, handoff: &pb::Handoff, side: Side) -> AddActionRequest {
    let due_at = world.after(3600);
    let action = pb::NewAction { text: "send the annex".into(), side: side.into(), owner: "sam".into(), due_at };
    AddActionRequest { action: Some(action), ..on(handoff) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_counts_for_the_side_that_takes_it_on() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let own = world.sam.add_action(action(&world, &submitted, Side::Upstream)).await.unwrap();
    assert_eq!((own.actions[0].unconfirmed, own.actions[0].added_by.as_str()), (false, "sam"));
    let asked = world.ivan.add_action(action(&world, &submitted, Side::Upstream)).await.unwrap();
    let added = asked.actions.last().unwrap();
    assert_eq!((added.unconfirmed, added.added_by.as_str(), added.owner.as_str()), (true, "ivan", "sam"));
    let line = world.otto.line(&asked).await;
    assert_eq!((line.upstream_actions, line.upstream_answers), (1, 1));
    let refused = world.sam.complete_action(on(&asked)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "ACTION_WRONG_STATE"));
    assert_eq!(outcome(&world.ivan.confirm_action(on(&asked)).await), "WRONG_SIDE");
    let confirmed = world.sam.confirm_action(on(&asked)).await.unwrap();
    assert!(!confirmed.actions[1].unconfirmed);
    assert_eq!(world.anna.confirm_action(on(&asked)).await.unwrap(), confirmed, "it counts already");
    let line = world.otto.line(&confirmed).await;
    assert_eq!((line.upstream_actions, line.upstream_answers), (2, 0));
    let done = world.sam.complete_action(on(&confirmed)).await.unwrap();
    assert_eq!(done.actions[1].done_by, "sam");
    let told = world.sam.facts_after(&done, submitted.revision).await;
    assert_eq!(told, ["action_added", "action_added", "action_confirmed", "action_done"]);

    let for_downstream = AddActionRequest { side: Side::Upstream.into(), ..action(&world, &done, Side::Downstream) };
    let asked = world.bo.add_action(for_downstream).await.unwrap();
    assert_eq!(why(&world.bo.confirm_action(on(&asked)).await.unwrap_err()), (Code::PermissionDenied, "OWN_DOING"));
    let begun = world.ivan.begin(on(&world.ivan.accept(on(&asked)).await.unwrap())).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.expect("what nobody has taken on bars nothing");
    let late = world.ines.confirm_action(on(&completed)).await.unwrap();
    world.ines.complete_action(on(&late)).await.expect("also once the work is completed");
    let after = world.sam.add_action(action(&world, &completed, Side::Upstream)).await.unwrap();
    assert_eq!(after.actions.len(), 4, "until it is cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_or_unknown_action_is_named() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let none = AddActionRequest { side: 9, ..on(&draft) };
    assert_eq!(
        world.sam.add_action(none).await.unwrap_err().fields,
        ["side", "action.text", "action.side", "action.due_at"]
    );
    let mut late = action(&world, &draft, Side::Upstream);
    world.pass_seconds(3600);
    assert_eq!(world.sam.add_action(late.clone()).await.unwrap_err().fields, ["action.due_at"]);
    late.action.as_mut().unwrap().owner = "o".repeat(201);
    assert_eq!(why(&world.sam.add_action(late).await.unwrap_err()), (Code::InvalidArgument, "TOO_LARGE"));
    let other = world.sam.draft("Bold").await;
    let other = world.ivan.add_action(action(&world, &other, Side::Upstream)).await.unwrap();
    let foreign = pb::ConfirmActionRequest { action_id: other.actions[0].id.clone(), ..on(&draft) };
    assert_eq!(why(&world.sam.confirm_action(foreign).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    let cancelled = world.sam.cancel(on(&draft)).await.unwrap();
    assert_eq!(outcome(&world.sam.add_action(action(&world, &cancelled, Side::Upstream)).await), "WRONG_STATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_confirms_or_corrects_what_the_receiver_restated() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    assert_eq!(outcome(&world.sam.confirm_read_back(on(&submitted)).await), "WRONG_STATE");
    let accept = pb::AcceptHandoffRequest { read_back: "Keycloak first".into(), ..on(&submitted) };
    let accepted = world.ivan.accept(accept).await.unwrap();
    assert_eq!(outcome(&world.ivan.confirm_read_back(on(&accepted)).await), "WRONG_SIDE");
    let bad = pb::ConfirmReadBackRequest { attempt: 0, corrections: vec!["x".into(), " ".into()], ..on(&accepted) };
    assert_eq!(world.sam.confirm_read_back(bad).await.unwrap_err().fields, ["attempt", "corrections[1]"]);
    let many = pb::ConfirmReadBackRequest { corrections: vec!["x".into(); 51], ..on(&accepted) };
    assert_eq!(world.sam.confirm_read_back(many).await.unwrap_err().fields, ["corrections"]);
    let late = pb::ConfirmReadBackRequest { attempt: 2, ..on(&accepted) };
    assert_eq!(outcome(&world.sam.confirm_read_back(late).await), "ATTEMPT_MOVED");
    let corrected = || pb::ConfirmReadBackRequest { corrections: vec!["the ERPs first".into()], ..on(&accepted) };
    let confirmed = world.sam.confirm_read_back(corrected()).await.unwrap();
    let confirmation = confirmed.attempts[0].read_back_confirmation.clone().unwrap();
    assert_eq!((confirmation.confirmed_by.as_str(), confirmation.confirmed_at), ("sam", world.after(0)));
    assert_eq!(confirmation.corrections, ["the ERPs first"]);
    assert_eq!(world.sam.confirm_read_back(corrected()).await.unwrap(), confirmed);
    for refused in [world.anna.confirm_read_back(corrected()).await, world.sam.confirm_read_back(on(&accepted)).await] {
        assert_eq!(outcome(&refused), "READ_BACK_CONFIRMED");
    }
    let told = world.sam.timeline(&accepted.id).await.unwrap().pop().unwrap();
    let Some(Kind::ReadBackConfirmed(told)) = told.event.unwrap().kind else { panic!("it is told") };
    assert_eq!((told.attempt, told.correction_count), (1, 1));

    let silent = world.ivan.accept(on(&world.sam.submitted("Bold").await)).await.unwrap();
    assert_eq!(outcome(&world.sam.confirm_read_back(on(&silent)).await), "NO_READ_BACK");
    let restated = |handoff: &pb::Handoff| pb::AcceptHandoffRequest { read_back: "so".into(), ..on(handoff) };
    let own = world.bo.accept(restated(&world.sam.submitted("Core").await)).await.unwrap();
    assert_eq!(outcome(&world.bo.confirm_read_back(on(&own)).await), "OWN_DOING");
    world.sam.confirm_read_back(on(&own)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_that_is_full_can_still_be_brought_to_an_end() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let mut last = world.sam.ask(on(&submitted)).await.unwrap();
    last = world.ivan.ask(on(&last)).await.unwrap();
    // Texts until no letter more fits.
    let mut size = 16_000;
    while size > 0 {
        let ask = pb::AskQuestionRequest { text: "x".repeat(size), ..on(&last) };
        match world.ivan.ask(ask).await {
            Ok(asked) => last = asked,
            Err(refused) => {
                assert_eq!(why(&refused), (Code::InvalidArgument, "TOO_LARGE"));
                size /= 2;
            }
        }
    }
    let count = last.questions.len();
    let recalled = world.sam.recall(on(&last)).await.unwrap();
    let again = world.sam.submit(on(&recalled)).await.unwrap();
    let accepted = world.ivan.accept(on(&again)).await.unwrap();
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    let closed = completed.questions.iter().filter(|question| question.state() == pb::QuestionState::Closed).count();
    assert_eq!(closed, count - 1, "all of downstream's");
}
