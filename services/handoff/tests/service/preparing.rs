//! What upstream does before it hands over: fill in, tick, submit; and what a submit freezes.

use api::{
    handoff::v1 as pb,
    r#type::v1::{FieldValue, Outcome, Side, Tick, TickState},
};
use pb::HandoffState;
use tonic::Code;

use crate::{
    requests::{answers, good_answers, mask, on, prepare, text, ticked},
    words::why,
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_is_refused_with_every_unmet_criterion_and_goes_through_once_they_are_met() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let refused = world.sam.submit(on(&draft)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "CRITERIA_UNMET"));
    insta::assert_snapshot!(refused.subjects.join("\n"), @"
    signed_contract
    technical_requirements
    customer_contact
    timeline
    customer_told
    scope_fits_product
    ");

    let filled = world.sam.update(answers(&draft, &good_answers())).await.unwrap();
    let refused = world.sam.submit(on(&filled)).await.unwrap_err();
    assert_eq!(refused.subjects, ["customer_told", "scope_fits_product"], "the items are left");

    let ready = prepare(&world.sam, &draft).await;
    assert!(world.sam.evaluate(&ready.id).await.unwrap().ready);
    let submitted = world.sam.submit(on(&ready)).await.unwrap();
    assert_eq!((submitted.state(), submitted.attempt), (HandoffState::Submitted, 1));
    assert_eq!((submitted.waiting_on(), submitted.accountable_side()), (Side::Downstream, Side::Upstream));
    assert_eq!(submitted.attempts[0].submitted_by, "sam");
    let facts = ["handoff_created", "handoff_edited", "item_changed", "item_changed", "handoff_submitted"];
    assert_eq!(world.sam.facts(&submitted).await, facts, "a refused submit leaves no trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluation_answers_for_every_criterion_and_changes_nothing() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let too_short = world.sam.update(answers(&draft, &[("timeline", text("soon"))])).await.unwrap();
    let evaluation = world.otto.evaluate(&draft.id).await.unwrap();
    assert!(!evaluation.ready);
    let told = |key: &str| evaluation.results.iter().find(|result| result.key == key).unwrap();
    assert_eq!(told("timeline").outcome(), Outcome::Unmet);
    assert!(told("timeline").problem.contains("30"), "{}", told("timeline").problem);
    assert_eq!(told("integrations").outcome(), Outcome::NotApplicable, "nobody sold an integration");
    assert_eq!(told("kickoff_before_go_live").outcome(), Outcome::NotApplicable, "neither date is given");
    assert_eq!(world.sam.get(&draft.id).await.unwrap(), too_short);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_frozen_never_changes() {
    let world = World::with_template().await;
    let first = world.sam.submit(on(&prepare(&world.sam, &world.sam.draft("Acme").await).await)).await.unwrap();
    let frozen = first.attempts[0].clone();
    let rejected = world.ivan.reject(on(&first)).await.unwrap();

    let other = text("Kick-off in June, live before the audit in October");
    world.sam.update(answers(&rejected, &[("timeline", other)])).await.unwrap();
    let second = world.sam.submit(on(&rejected)).await.unwrap();
    let [kept, new] = &second.attempts[..] else { panic!("{:?}", second.attempts) };
    assert_eq!(kept.content_hash, frozen.content_hash);
    assert!(kept.results.is_empty() && !new.results.is_empty(), "of the last attempt alone");
    assert_eq!((&kept.submitted_by, kept.submitted_at), (&frozen.submitted_by, frozen.submitted_at));
    assert_eq!((kept.decision(), new.decision()), (pb::Decision::Rejected, pb::Decision::Open));
    assert_ne!(new.content_hash, frozen.content_hash, "another content, another hash");

    let rejected = world.ivan.reject(on(&second)).await.unwrap();
    world.sam.update(answers(&rejected, &good_answers())).await.unwrap();
    let third = world.sam.submit(on(&rejected)).await.unwrap();
    assert_eq!(third.attempts[2].content_hash, frozen.content_hash, "the same content, the same hash");

    let twin = prepare(&world.anna, &world.anna.draft("Another title").await).await;
    let twin = world.anna.submit(on(&twin)).await.unwrap();
    assert_eq!(twin.attempts[0].content_hash, frozen.content_hash, "the hash is of what was handed over alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn downstreams_ticks_lie_outside_of_what_was_frozen() {
    let world = World::with_template().await;
    let submitted = world.sam.submit(on(&prepare(&world.sam, &world.sam.draft("Acme").await).await)).await.unwrap();
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    let held = world.ines.tick(ticked(&accepted, "kickoff_held", "minutes of 4 March")).await.unwrap();
    assert_eq!(held.submission.as_ref().unwrap().items["kickoff_held"].evidence, "minutes of 4 March");
    assert_eq!(held.attempts, accepted.attempts);
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_edits_only_what_downstream_is_not_looking_at() {
    let world = World::with_template().await;
    let draft = prepare(&world.sam, &world.sam.draft("Acme").await).await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    let edit = answers(&submitted, &[("timeline", text("later than we said, by about a month"))]);
    let tick = ticked(&submitted, "promises_listed", "");
    for refused in [world.sam.update(edit).await.unwrap_err(), world.sam.tick(tick).await.unwrap_err()] {
        assert_eq!(why(&refused), (Code::FailedPrecondition, "WRONG_STATE"));
    }
    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    let edit = answers(&rejected, &[("timeline", text("later than we said, by about a month"))]);
    world.sam.update(edit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_changes_what_its_mask_names_and_says_what_changed() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let before = world.sam.update(answers(&draft, &good_answers())).await.unwrap();
    let gone = FieldValue::default();
    let edit = pb::UpdateHandoffRequest {
        update_mask: mask(&["title", "fields.timeline", "fields.customer_contact", "priority", "deliver_by"]),
        title: "Acme, phase one".into(),
        priority: pb::Priority::High.into(),
        deliver_by: world.after(86_400),
        ..answers(
            &before,
            &[("timeline", text("Kick-off in April, nothing else is agreed")), ("customer_contact", gone)],
        )
    };
    let after = world.sam.update(edit.clone()).await.unwrap();
    let fields = &after.submission.as_ref().unwrap().fields;
    assert_eq!(after.title, "Acme, phase one");
    assert_eq!((after.priority(), after.deliver_by), (pb::Priority::High, world.after(86_400)));
    assert_eq!(fields["timeline"], text("Kick-off in April, nothing else is agreed"));
    assert!(fields.contains_key("signed_contract"), "what the mask does not name stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_changes_nothing_is_no_fact() {
    let world = World::with_template().await;
    let draft = prepare(&world.sam, &world.sam.draft("Acme").await).await;
    let again = world.sam.update(answers(&draft, &good_answers())).await.unwrap();
    let again = world.sam.tick(ticked(&again, "customer_told", "mail of 26 February")).await.unwrap();
    assert_eq!(again, draft);
    let other = answers(&draft, &[("timeline", text("Kick-off in May, live before the audit in October"))]);
    let edited = world.sam.update(other).await.unwrap();
    assert_eq!(edited.revision, draft.revision + 1);
    let timeline = world.sam.timeline(&draft.id).await.unwrap();
    let Some(pb::handoff_event::Kind::HandoffEdited(edit)) = timeline.last().unwrap().event.clone().unwrap().kind
    else {
        panic!("{:?}", timeline.last())
    };
    assert_eq!(edit.changed, ["fields.timeline"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_and_promise_change_by_agreement_once_the_other_side_has_seen_them() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let rejected = world.ivan.reject(on(&world.sam.submit(on(&draft)).await.unwrap())).await.unwrap();
    let edit = pb::UpdateHandoffRequest {
        update_mask: mask(&["priority", "deliver_by", "title"]),
        title: "Acme!".into(),
        priority: pb::Priority::Urgent.into(),
        deliver_by: world.after(3_600),
        ..on(&rejected)
    };
    let refused = world.sam.update(edit).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "NEEDS_AGREEMENT"));
    assert_eq!(refused.subjects, ["deliver_by", "priority"]);
    assert_eq!(world.sam.get(&draft.id).await.unwrap(), rejected, "and the title stays too");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_fit_its_field_is_refused_beside_all_others() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let wrong = [("customer_contact_email", FieldValue::default()), ("favourite_colour", text("blue"))];
    let mut edit = answers(&draft, &wrong);
    edit.fields.insert("customer_contact_email".into(), FieldValue { kind: Some(flag(true)) });
    let refused = world.sam.update(edit).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(refused.fields, ["fields.customer_contact_email", "fields.favourite_colour"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_does_not_apply_only_for_a_reason_and_where_the_template_allows_it() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    world.sam.update(answers(&draft, &good_answers())).await.unwrap();
    let not_applicable = |item: &str, reason: &str| pb::TickItemRequest {
        item: item.into(),
        tick: Some(Tick { state: TickState::NotApplicable.into(), reason: reason.into(), ..Default::default() }),
        ..on(&draft)
    };
    let refused = world.sam.tick(not_applicable("scope_fits_product", " ")).await.unwrap_err();
    assert_eq!(refused.fields, ["tick.reason"]);
    let refused = world.sam.tick(ticked(&draft, "no_such_item", "")).await.unwrap_err();
    assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["item".to_owned()]));

    world.sam.tick(not_applicable("scope_fits_product", "the standard package")).await.unwrap();
    world.sam.tick(not_applicable("customer_told", "no time")).await.unwrap();
    let refused = world.sam.submit(on(&draft)).await.unwrap_err();
    assert_eq!(refused.subjects, ["customer_told"], "the customer must be told in any case");
}

fn flag(flag: bool) -> api::r#type::v1::field_value::Kind {
    api::r#type::v1::field_value::Kind::Flag(flag)
}
