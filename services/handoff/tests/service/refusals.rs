//! Who may not do what, and when: sides, states, revisions, tokens.

use api::handoff::v1 as pb;
use testkit::{Bearer, Claims, People, request_id};
use tonic::Code;

use crate::{
    person::Person,
    requests::{create, inbox, on},
    words::{outcome, why},
    world::{ROUTE, World},
};

/// Who may do what where: the reason why not, or the state that it leads to. Each command is tried by each on a handoff of its
/// own.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_for_its_side() {
    let world = World::new().await;
    let people = [("sam", &world.sam), ("ivan", &world.ivan), ("otto", &world.otto), ("ada", &world.ada)];
    let mut table = vec![];
    for command in ["submit", "cancel", "accept", "reject", "begin", "complete", "return", "reopen"] {
        for (name, person) in people {
            let handoff = ready_for(&world, command).await;
            let answer = act(person, command, &handoff).await;
            table.push(format!("{command} by {name}: {}", outcome(&answer)));
        }
    }
    insta::assert_snapshot!(table.join("\n"), @"
    submit by sam: SUBMITTED
    submit by ivan: WRONG_SIDE
    submit by otto: WRONG_SIDE
    submit by ada: OVERRIDE_REASON_REQUIRED
    cancel by sam: CANCELLED
    cancel by ivan: WRONG_SIDE
    cancel by otto: WRONG_SIDE
    cancel by ada: OVERRIDE_REASON_REQUIRED
    accept by sam: WRONG_SIDE
    accept by ivan: ACCEPTED
    accept by otto: WRONG_SIDE
    accept by ada: OVERRIDE_REASON_REQUIRED
    reject by sam: WRONG_SIDE
    reject by ivan: REJECTED
    reject by otto: WRONG_SIDE
    reject by ada: OVERRIDE_REASON_REQUIRED
    begin by sam: WRONG_SIDE
    begin by ivan: IN_PROGRESS
    begin by otto: WRONG_SIDE
    begin by ada: OVERRIDE_REASON_REQUIRED
    complete by sam: WRONG_SIDE
    complete by ivan: COMPLETED
    complete by otto: WRONG_SIDE
    complete by ada: OVERRIDE_REASON_REQUIRED
    return by sam: WRONG_SIDE
    return by ivan: RETURNED
    return by otto: WRONG_SIDE
    return by ada: OVERRIDE_REASON_REQUIRED
    reopen by sam: IN_PROGRESS
    reopen by ivan: WRONG_SIDE
    reopen by otto: WRONG_SIDE
    reopen by ada: OVERRIDE_REASON_REQUIRED
    ");
}

async fn ready_for(world: &World, command: &str) -> pb::Handoff {
    let mut handoff = world.anna.draft("Acme").await;
    let steps = ["submit", "accept", "begin", "complete"];
    let before = match command {
        "submit" | "cancel" => 0,
        "accept" | "reject" => 1,
        "begin" | "return" => 2,
        "complete" => 3,
        _ => 4,
    };
    for step in &steps[..before] {
        let person = if *step == "submit" { &world.anna } else { &world.ines };
        handoff = act(person, step, &handoff).await.unwrap();
    }
    handoff
}

async fn act(person: &Person, command: &str, handoff: &pb::Handoff) -> Result<pb::Handoff, testkit::Refusal> {
    match command {
        "submit" => person.submit(on(handoff)).await,
        "cancel" => person.cancel(on(handoff)).await,
        "accept" => person.accept(on(handoff)).await,
        "reject" => person.reject(on(handoff)).await,
        "begin" => person.begin(on(handoff)).await,
        "complete" => person.complete(on(handoff)).await,
        "return" => person.give_back(on(handoff)).await,
        "reopen" => person.reopen(on(handoff)).await,
        _ => unreachable!("{command} is none of the commands above"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_finds_another_state_says_which() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let refused = world.ivan.begin(on(&draft)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "WRONG_STATE"));
    insta::assert_debug_snapshot!(refused.metadata, @r#"
    {
        "command": "BEGIN",
        "revision": "1",
        "state": "DRAFT",
    }
    "#);
    insta::assert_snapshot!(refused.message, @"BEGIN is for ACCEPTED; the handoff is in DRAFT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_what_has_moved_on_since_says_where_it_stands() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    let stale = pb::CancelHandoffRequest { expected_revision: draft.revision, ..on(&draft) };
    let refused = world.sam.cancel(stale.clone()).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Aborted, "REVISION_MISMATCH"));
    assert_eq!(refused.metadata["revision"], submitted.revision.to_string());
    let fresh = pb::CancelHandoffRequest { request_id: request_id(), expected_revision: submitted.revision, ..stale };
    world.sam.cancel(fresh).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_handoff_is_not_found_by_anybody() {
    let world = World::new().await;
    let nowhere = pb::Handoff { id: request_id(), attempt: 1, ..Default::default() };
    let heard = [
        world.ada.get(&nowhere.id).await.unwrap_err(),
        world.sam.timeline(&nowhere.id).await.unwrap_err(),
        world.sam.evaluate(&nowhere.id).await.unwrap_err(),
        world.sam.submit(on(&nowhere)).await.unwrap_err(),
        world.ivan.accept(on(&nowhere)).await.unwrap_err(),
        world.otto.cancel(on(&nowhere)).await.unwrap_err(),
    ];
    for refused in heard {
        assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_good_token_is_refused() {
    let world = World::new().await;
    let issuer = world.service.setting.issuer();
    let sam = People::Sam.claims();
    let bad = [
        Bearer::nothing(),
        Bearer::token("not.a.token"),
        Bearer::token(&issuer.token(&sam.clone().expired())),
        Bearer::token(&issuer.forger().token(&sam)),
        Bearer::token(&issuer.unsigned(&sam)),
        Bearer::token(&issuer.token(&Claims { aud: "another".into(), ..sam })),
    ];
    for bearer in bad {
        let stranger = Person::calling(world.service.caller_with(bearer));
        assert_eq!(stranger.list(inbox("sales")).await.unwrap_err().code, Code::Unauthenticated);
        assert_eq!(stranger.create(create(ROUTE, "Acme")).await.unwrap_err().code, Code::Unauthenticated);
        assert_eq!(stranger.import(vec![]).await.unwrap_err().code, Code::Unauthenticated);
    }
}
