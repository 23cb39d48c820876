//! The template service is down: what needs it says so, and all else works on.

use tonic::Code;
use tonic_types::StatusExt;

use crate::{
    requests::{create, create_for, on, prepare, terms, ticked},
    words::why,
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_handoff_under_the_latest_version_must_wait_and_can_be_tried_again() {
    let mut world = World::with_template().await;
    world.sam.draft("before").await;
    let place = world.stop_templates().await;
    let request = create(ROUTE, "Acme");
    let status = world.sam.handoffs.clone().create_handoff(request.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
    assert!(status.message().contains("the template service"), "{}", status.message());

    world.start_templates(place).await;
    let (_, is_new) =
        testkit::eventually("the create goes through", async || world.sam.create(request.clone()).await.ok()).await;
    assert!(is_new, "under the same request_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_known_here_needs_no_call() {
    let mut world = World::with_template().await;
    world.sam.draft("this makes version 1 known").await;
    world.set_terms(terms(ROUTE, 1)).await;
    world.stop_templates().await;
    let draft = world.sam.draft("Acme").await;
    assert_eq!(draft.template.as_ref().unwrap().version, 1);
    world.sam.submit(on(&prepare(&world.sam, &draft).await)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_known_here_cannot_be_pinned() {
    let mut world = World::with_template().await;
    world.set_terms(terms(ROUTE, 1)).await;
    world.stop_templates().await;
    let refused = world.sam.create(create(ROUTE, "Acme")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Unavailable, "AWAY"));
    let refused = world.ada.set_terms(terms(ROUTE, 0)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Unavailable, "AWAY"), "nor can terms that name a template be set");
    world.set_terms(terms("", 0)).await;
    world.sam.create(create(ROUTE, "without a template")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_judged_by_its_own_copy() {
    let mut world = World::with_template().await;
    let draft = world.crm.create(create_for("D-1")).await.unwrap().0;
    world.stop_templates().await;
    assert!(!world.sam.evaluate(&draft.id).await.unwrap().ready);
    let prepared = prepare(&world.sam, &draft).await;
    let rejected = world.ivan.reject(on(&world.sam.submit(on(&prepared)).await.unwrap())).await.unwrap();
    let accepted = world.ivan.accept(on(&world.sam.submit(on(&rejected)).await.unwrap())).await.unwrap();
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    assert_eq!(world.ivan.complete(on(&begun)).await.unwrap_err().reason, "WORK_UNFINISHED");
    world.ivan.tick(ticked(&begun, "kickoff_held", "minutes of 4 March")).await.unwrap();
    world.ivan.tick(ticked(&begun, "plan_agreed", "https://plans.example.com/acme")).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    let again = world.crm.create(create_for("D-1")).await.expect("a repeat for its origin needs no template");
    assert_eq!(again, (completed, false));
}
