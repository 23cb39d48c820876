//! Every command's fact comes out of NATS, on a subject that names both teams, with the handoff as it was right after.

use api::handoff::v1 as pb;
use pb::HandoffEvent;
use prost::Message;
use testkit::{Fact, request_id};

use crate::{
    requests::{answers, create_between, mask, on, prepare, text, ticked},
    words::state,
    world::{ROUTE, World},
};

fn decoded(fact: &Fact) -> HandoffEvent {
    HandoffEvent::decode(&*fact.payload).expect("a body is a HandoffEvent")
}

/// Whether the body's `oneof` names the fact as its subject does.
fn is_named_alike(fact: &Fact) -> bool {
    let event = api::to_json(&decoded(fact));
    event.get(fact.name()).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_on_a_handoff_says_what_it_did() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let submitted = world.sam.submit(on(&prepare(&world.sam, &draft).await)).await.unwrap();
    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    let submitted = world.sam.submit(on(&rejected)).await.unwrap();
    let annex = pb::Condition { text: "the annex".into(), due_at: world.after(60), owner: String::new() };
    let accept = pb::AcceptHandoffRequest { conditions: vec![annex], read_back: "all clear".into(), ..on(&submitted) };
    let accepted = world.ivan.accept(accept).await.unwrap();
    world.ivan.begin(on(&accepted)).await.unwrap();
    world.ivan.tick(ticked(&accepted, "kickoff_held", "minutes")).await.unwrap();
    world.ivan.tick(ticked(&accepted, "plan_agreed", "https://plans.example.com/acme")).await.unwrap();
    let completed = world.ivan.complete(on(&accepted)).await.unwrap();
    let action_id = completed.actions[0].id.clone();
    world.sam.complete_action(pb::CompleteActionRequest { action_id, ..on(&completed) }).await.unwrap();
    let reopened = world.sam.reopen(on(&completed)).await.unwrap();
    let returned = world.ivan.give_back(on(&reopened)).await.unwrap();
    let cancelled = world.sam.cancel(on(&returned)).await.unwrap();

    let said = world.said_of(&draft).await;
    let lines: Vec<_> = said
        .iter()
        .map(|fact| {
            let event = decoded(fact);
            let context = event.handoff.unwrap();
            let (revision, after) = (context.revision, state(context.state()));
            format!("{revision:>2} {after:<11} {:<4} {}", event.actor, fact.subject)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
     1 DRAFT       sam  handoff.v1.handoff_created.sales.implementation
     2 DRAFT       sam  handoff.v1.handoff_edited.sales.implementation
     3 DRAFT       sam  handoff.v1.item_changed.sales.implementation
     4 DRAFT       sam  handoff.v1.item_changed.sales.implementation
     5 SUBMITTED   sam  handoff.v1.handoff_submitted.sales.implementation
     6 REJECTED    ivan handoff.v1.handoff_rejected.sales.implementation
     7 SUBMITTED   sam  handoff.v1.handoff_submitted.sales.implementation
     8 ACCEPTED    ivan handoff.v1.handoff_accepted.sales.implementation
     9 ACCEPTED    ivan handoff.v1.action_added.sales.implementation
    10 IN_PROGRESS ivan handoff.v1.handoff_begun.sales.implementation
    11 IN_PROGRESS ivan handoff.v1.item_changed.sales.implementation
    12 IN_PROGRESS ivan handoff.v1.item_changed.sales.implementation
    13 COMPLETED   ivan handoff.v1.handoff_completed.sales.implementation
    14 COMPLETED   sam  handoff.v1.action_done.sales.implementation
    15 IN_PROGRESS sam  handoff.v1.handoff_reopened.sales.implementation
    16 RETURNED    ivan handoff.v1.handoff_returned.sales.implementation
    17 CANCELLED   sam  handoff.v1.handoff_cancelled.sales.implementation
    ");
    for fact in &said {
        let context = decoded(fact).handoff.unwrap();
        assert!(is_named_alike(fact), "{}", fact.subject);
        assert_eq!(fact.header("ce-sequence"), context.revision.to_string());
        assert_eq!((context.handoff_id.as_str(), context.route_id.as_str()), (draft.id.as_str(), ROUTE));
    }
    let last = decoded(said.last().unwrap()).handoff.unwrap();
    assert_eq!((last.revision, last.attempt, last.title.as_str()), (cancelled.revision, 2, "Acme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_says_what_judged_it_and_how_without_words() {
    let world = World::with_template().await;
    let submitted = world.sam.submit(on(&prepare(&world.sam, &world.sam.draft("Acme").await).await)).await.unwrap();
    let said = world.said_of(&submitted).await;
    let Some(pb::handoff_event::Kind::HandoffSubmitted(fact)) = decoded(said.last().unwrap()).kind else {
        panic!("{said:?}")
    };
    assert_eq!((fact.attempt, fact.terms_version), (1, submitted.terms_version));
    assert_eq!((&fact.content_hash, fact.template), (&submitted.attempts[0].content_hash, submitted.template));
    let outcomes = |results: &[api::r#type::v1::CriterionResult]| -> Vec<_> {
        results.iter().map(|result| (result.key.clone(), result.outcome())).collect()
    };
    assert_eq!(outcomes(&fact.results), outcomes(&submitted.attempts[0].results));
    assert!(fact.results.iter().all(|result| result.problem.is_empty() && result.fix.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_on_a_team_or_a_route_says_what_it_did() {
    let world = World::new().await;
    let team = pb::UpdateTeamRequest {
        request_id: request_id(),
        team_id: "sales".into(),
        update_mask: mask(&["display_name"]),
        display_name: "Sales".into(),
        ..Default::default()
    };
    world.anna.update_team(team).await.unwrap();
    let route = pb::UpdateRouteRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        update_mask: mask(&["name"]),
        name: "The handover".into(),
        ..Default::default()
    };
    world.ivan.update_route(route).await.unwrap();
    world.ivan.retire_route(ROUTE).await.unwrap();
    world.crm.create(create_between("implementation", "sales")).await.unwrap();
    let said = world.service.settle().await;
    let about_the_map = said.iter().filter(|fact| !fact.header("ce-subject").starts_with("handoff/"));
    let lines: Vec<_> = about_the_map
        .map(|fact| format!("{} {} by {}", fact.subject, fact.header("ce-subject"), decoded(fact).actor))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    handoff.v1.team_created.sales._ team/sales by ada
    handoff.v1.team_created.implementation._ team/implementation by ada
    handoff.v1.route_created.sales.implementation route/sales-to-implementation by anna
    handoff.v1.terms_set.sales.implementation route/sales-to-implementation by ada
    handoff.v1.team_updated.sales._ team/sales by anna
    handoff.v1.route_updated.sales.implementation route/sales-to-implementation by ivan
    handoff.v1.route_retired.sales.implementation route/sales-to-implementation by ivan
    handoff.v1.route_discovered.implementation.sales route/implementation-to-sales by crm
    ");
    assert!(said.iter().all(is_named_alike));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_holds_every_fact_once_and_in_order() {
    let world = World::new().await;
    let drafts = (0..20).map(|number| {
        let sam = world.sam.clone();
        tokio::spawn(async move {
            let draft = sam.draft(&format!("D-{number}")).await;
            sam.update(pb::UpdateHandoffRequest {
                update_mask: mask(&["title"]),
                title: "renamed".into(),
                ..on(&draft)
            })
            .await
            .unwrap();
            sam.submit(on(&draft)).await.unwrap()
        })
    });
    for draft in drafts.collect::<Vec<_>>() {
        draft.await.unwrap();
    }
    let said = world.service.settle().await;
    let sequences: Vec<_> = said.iter().map(|fact| fact.sequence).collect();
    assert_eq!(sequences, (1..=4 + 60).collect::<Vec<_>>());
    let mut last = std::collections::BTreeMap::new();
    for fact in &said {
        let before: &mut i64 = last.entry(fact.header("ce-subject")).or_default();
        *before += 1;
        assert_eq!(fact.header("ce-sequence"), before.to_string(), "of {}", fact.header("ce-subject"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_says_the_new_answers() {
    let world = World::with_template().await;
    let draft = world.sam.draft("Acme").await;
    let edited = world.sam.update(answers(&draft, &[("timeline", text("soon"))])).await.unwrap();
    let said = world.said_of(&edited).await;
    let Some(pb::handoff_event::Kind::HandoffEdited(fact)) = decoded(said.last().unwrap()).kind else {
        panic!("{said:?}")
    };
    assert_eq!((fact.changed, &fact.fields["timeline"]), (vec!["fields.timeline".to_owned()], &text("soon")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_says_whether_a_service_caused_it() {
    let world = World::new().await;
    let by_service = world.crm.draft("a deal was won").await;
    let by_person = world.sam.draft("Acme").await;
    world.sam.cancel(on(&by_service)).await.unwrap();
    let mut lines = vec![];
    for handoff in [by_service, by_person] {
        for fact in world.said_of(&handoff).await {
            let event = decoded(&fact);
            lines.push(format!("{} by {}: {}", fact.name(), event.actor, event.by_service));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    handoff_created by crm: true
    handoff_cancelled by sam: false
    handoff_created by sam: false
    ");
}
