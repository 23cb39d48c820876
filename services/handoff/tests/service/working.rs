//! What happens to accepted work: begun, completed, returned, reopened; and how a handoff is given up.

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{AcceptHandoffRequest, CompleteActionRequest, HandoffState};
use tonic::Code;

use crate::{
    requests::{on, prepare, terms, ticked},
    words::why,
    world::World,
};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Work that has gone through without a template.
async fn completed(world: &World) -> pb::Handoff {
    let submitted = world.sam.submitted("Acme").await;
    let begun = world.ivan.begin(on(&world.ivan.accept(on(&submitted)).await.unwrap())).await.unwrap();
    world.ivan.complete(on(&begun)).await.unwrap()
}

/// Accepted on the condition of one action of upstream.
async fn accepted_on_a_condition(world: &World) -> pb::Handoff {
    let submitted = world.sam.submitted("Acme").await;
    let annex = pb::Condition { text: "the annex".into(), due_at: world.after(DAY_SECONDS), owner: String::new() };
    world.ivan.accept(AcceptHandoffRequest { conditions: vec![annex], ..on(&submitted) }).await.unwrap()
}

fn done(handoff: &pb::Handoff) -> CompleteActionRequest {
    CompleteActionRequest { action_id: handoff.actions[0].id.clone(), ..on(handoff) }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_complete_once_downstreams_blocking_items_are_ticked() {
    let world = World::with_template().await;
    let submitted = world.sam.submit(on(&prepare(&world.sam, &world.sam.draft("Acme").await).await)).await.unwrap();
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    let begun = world.ines.begin(on(&accepted)).await.unwrap();
    assert_eq!((begun.state(), begun.times.unwrap().begun_at), (HandoffState::InProgress, world.after(0)));

    let refused = world.ivan.complete(on(&begun)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "WORK_UNFINISHED"));
    assert_eq!(refused.subjects, ["kickoff_held", "plan_agreed"]);
    world.ivan.tick(ticked(&begun, "kickoff_held", "minutes of 4 March")).await.unwrap();
    world.ines.tick(ticked(&begun, "plan_agreed", "https://plans.example.com/acme")).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    assert_eq!((completed.state(), completed.waiting_on()), (HandoffState::Completed, Side::Unspecified));
}

#[tokio::test(flavor = "multi_thread")]
async fn upstreams_open_actions_do_not_stop_the_work_and_can_be_done_after_it() {
    let world = World::new().await;
    let begun = world.ivan.begin(on(&accepted_on_a_condition(&world).await)).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    world.pass_seconds(DAY_SECONDS);
    let settled = world.anna.complete_action(done(&completed)).await.unwrap();
    let action = &settled.actions[0];
    assert_eq!((action.done_by.as_str(), action.done_at), ("anna", world.after(0)));
    assert_eq!(settled.state(), HandoffState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_done_once_and_by_its_side() {
    let world = World::new().await;
    let accepted = accepted_on_a_condition(&world).await;
    let refused = world.ivan.complete_action(done(&accepted)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "WRONG_SIDE"));
    let settled = world.sam.complete_action(done(&accepted)).await.unwrap();
    assert_eq!(world.sam.complete_action(done(&accepted)).await.unwrap(), settled, "again changes nothing");
    let refused = world.anna.complete_action(done(&accepted)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "ACTION_DONE"));
    let unknown = CompleteActionRequest { action_id: testkit::request_id(), ..on(&accepted) };
    let refused = world.sam.complete_action(unknown).await.unwrap_err();
    assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_gives_accountability_back_and_counts_as_rework() {
    let world = World::new().await;
    let returned = world.ivan.give_back(on(&completed(&world).await)).await.unwrap();
    assert_eq!((returned.state(), returned.returns, returned.rejections), (HandoffState::Returned, 1, 0));
    assert_eq!((returned.waiting_on(), returned.accountable_side()), (Side::Upstream, Side::Upstream));
    assert_eq!(returned.attempts[0].decision(), pb::Decision::Accepted, "the attempt was accepted, and stays so");
    let again = world.sam.submit(on(&returned)).await.unwrap();
    assert_eq!((again.state(), again.attempt), (HandoffState::Submitted, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_reopens_completed_work() {
    let world = World::new().await;
    let completed = completed(&world).await;
    let refused = world.ivan.reopen(on(&completed)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "WRONG_SIDE"));
    let reopened = world.sam.reopen(on(&completed)).await.unwrap();
    assert_eq!((reopened.state(), reopened.accountable_side()), (HandoffState::InProgress, Side::Downstream));
    world.ivan.complete(on(&reopened)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn completed_work_comes_back_within_the_return_window_its_last_moment_included() {
    let world = World::new().await;
    let window = prost_types::Duration { seconds: 3 * DAY_SECONDS, nanos: 0 };
    world.set_terms(pb::SetTermsRequest { return_window: Some(window), ..terms("", 0) }).await;
    let (returned, reopened, late) = (completed(&world).await, completed(&world).await, completed(&world).await);
    world.pass_seconds(3 * DAY_SECONDS);
    world.ivan.give_back(on(&returned)).await.unwrap();
    world.sam.reopen(on(&reopened)).await.unwrap();
    world.pass_seconds(1);
    for refused in [world.ivan.give_back(on(&late)).await, world.sam.reopen(on(&late)).await] {
        let refused = refused.unwrap_err();
        assert_eq!(why(&refused), (Code::FailedPrecondition, "RETURN_WINDOW_CLOSED"));
        assert_eq!(refused.metadata["closed_at"], "2026-03-05T09:00:00Z");
    }
    let begun = world.ivan.begin(on(&accepted_on_a_condition(&world).await)).await.unwrap();
    world.pass_seconds(400 * DAY_SECONDS);
    world.ivan.give_back(on(&begun)).await.expect("work that is not complete can be returned at any time");
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_alone_gives_up_what_downstream_has_not_accepted() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let cancelled = world.sam.cancel(on(&draft)).await.unwrap();
    assert_eq!((cancelled.state(), cancelled.waiting_on()), (HandoffState::Cancelled, Side::Unspecified));

    let submitted = world.sam.submitted("Bold").await;
    assert_eq!(world.ivan.cancel(on(&submitted)).await.unwrap_err().reason, "WRONG_SIDE");
    let cancelled = world.sam.cancel(on(&submitted)).await.unwrap();
    assert_eq!(cancelled.attempts[0].decision(), pb::Decision::Cancelled, "nobody decides it any more");

    let accepted = accepted_on_a_condition(&world).await;
    let refused = world.sam.cancel(on(&accepted)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "WRONG_STATE"), "that takes both sides");
    let cancelled = world.sam.cancel(on(&world.ivan.give_back(on(&accepted)).await.unwrap())).await.unwrap();
    let refused = world.sam.complete_action(done(&cancelled)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "WRONG_STATE"), "its actions are closed");
}
