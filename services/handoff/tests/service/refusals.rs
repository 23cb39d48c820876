//! Bad input and wrong callers: everything that is wrong with a request at once, and who may not do what.

use api::{handoff::v1 as pb, r#type::v1::Tick};
use testkit::{Bearer, Claims, People, refusal, request_id};
use tonic::{Code, Response, Status};

use crate::{
    person::Person,
    requests::{create, inbox, mask, on},
    words::{outcome, why},
    world::{ROUTE, World},
};

/// The fields that a refusal names.
fn wrong<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    let refused = refusal(&answer.unwrap_err());
    assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
    refused.fields.join(" ")
}

fn long() -> String {
    "x".repeat(20_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_command_names_every_bad_field() {
    let world = World::new().await;
    let mut sam = world.sam.handoffs.clone();
    let create = pb::CreateHandoffRequest {
        request_id: "7".into(),
        from_team: "Not A Slug".into(),
        title: "t".repeat(201),
        summary: Some(pb::Summary { situation: long(), ..Default::default() }),
        priority: 9,
        triggered_at: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        origin: Some(pb::Origin { system: "crm".into(), key: String::new() }),
        follows: "1".into(),
        side: 3,
        override_reason: long(),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.create_handoff(create).await), @"");

    let update = pb::UpdateHandoffRequest {
        expected_revision: -1,
        update_mask: mask(&["state", "title", "summary"]),
        summary: Some(pb::Summary { actions: vec![pb::SummaryAction::default()], ..Default::default() }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.update_handoff(update).await), @"");

    let tick = pb::TickItemRequest {
        tick: Some(Tick { state: 8, evidence: long(), reason: "a\0b".into() }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.tick_item(tick).await), @"");

    let accept = pb::AcceptHandoffRequest {
        handoff_id: "no".into(),
        read_back: long(),
        conditions: vec![pb::Condition { owner: "o".repeat(201), ..Default::default() }],
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.accept_handoff(accept).await), @"");

    let reason = pb::Reason { kind: 77, criterion: String::new(), text: long() };
    let cited = pb::Reason { kind: pb::ReasonKind::Criterion.into(), ..Default::default() };
    let unknown = pb::Reason { kind: pb::ReasonKind::Unknown.into(), ..Default::default() };
    let reject = pb::RejectHandoffRequest { reasons: vec![reason, cited, unknown], ..Default::default() };
    insta::assert_snapshot!(wrong(sam.reject_handoff(reject).await), @"");
    insta::assert_snapshot!(wrong(sam.return_handoff(pb::ReturnHandoffRequest::default()).await), @"");
    insta::assert_snapshot!(wrong(sam.reopen_handoff(pb::ReopenHandoffRequest::default()).await), @"");
    insta::assert_snapshot!(wrong(sam.complete_action(pb::CompleteActionRequest::default()).await), @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_question_names_every_bad_field() {
    let world = World::new().await;
    let mut sam = world.sam.handoffs.clone();
    let list = pb::ListHandoffsRequest {
        inbox_of: "S A L E S".into(),
        team: "-".into(),
        side: 5,
        states: vec![1, 99, 0],
        route_id: "?".into(),
        origin: Some(pb::Origin::default()),
        order: 4,
        page_size: 1001,
        page_token: "garbage!".into(),
    };
    insta::assert_snapshot!(wrong(sam.list_handoffs(list).await), @"");
    let sideless = pb::ListHandoffsRequest { side: 1, page_size: -1, ..Default::default() };
    insta::assert_snapshot!(wrong(sam.list_handoffs(sideless).await), @"");
    let timeline = pb::ListTimelineRequest { handoff_id: "x".into(), page_size: 2000, page_token: "x".into() };
    insta::assert_snapshot!(wrong(sam.list_timeline(timeline).await), @"");
    insta::assert_snapshot!(wrong(sam.get_handoff(pb::GetHandoffRequest::default()).await), @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_team_or_route_names_every_bad_field() {
    let world = World::new().await;
    let member = pb::Member { principal: String::new(), role: 6 };
    let team = pb::CreateTeamRequest {
        team_id: "Sales & Co".into(),
        display_name: "n".repeat(201),
        members: vec![member],
        escalation_contact: "c".repeat(201),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(world.ada.directory.clone().create_team(team).await), @"");
    let mut routes = world.ada.routes.clone();
    let route = pb::CreateRouteRequest {
        route_id: "No Slug".into(),
        information: long(),
        risks: vec![pb::Risk { kind: 9, note: long() }],
        review_every: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(routes.create_route(route).await), @"");
    let terms = pb::SetTermsRequest {
        expected_revision: -4,
        template_version: -1,
        read_back: 3,
        return_window: Some(prost_types::Duration { seconds: -1, nanos: 5 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(routes.set_terms(terms).await), @"");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_too_long_is_too_large() {
    let world = World::new().await;
    let refused = world.sam.create(create(ROUTE, &"t".repeat(201))).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "TOO_LARGE"));
    let many = pb::ListHandoffsRequest { states: vec![1; 9], ..inbox("sales") };
    assert_eq!(world.sam.list(many).await.unwrap_err().reason, "TOO_LARGE");
    let message = create(ROUTE, &"t".repeat(2 << 20));
    let refused = world.sam.create(message).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "TOO_LARGE"), "{}", refused.message);
}

/// Who may do what where: the reason why not, or the state that it leads to. Each command is tried by each on a handoff of its
/// own.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_for_its_side() {
    let world = World::new().await;
    let people = [("sam", &world.sam), ("ivan", &world.ivan), ("otto", &world.otto), ("ada", &world.ada)];
    let mut table = String::new();
    for command in ["submit", "cancel", "accept", "reject", "begin", "complete", "return", "reopen"] {
        for (name, person) in people {
            let handoff = ready_for(&world, command).await;
            let answer = act(person, command, &handoff).await;
            table.push_str(&format!("{command} by {name}: {}\n", outcome(&answer)));
        }
    }
    insta::assert_snapshot!(table, @"");
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
    insta::assert_debug_snapshot!(refused.metadata, @"");
    insta::assert_snapshot!(refused.message, @"");
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
