//! Malformed requests: everything that is wrong with one, at once.

use api::{handoff::v1 as pb, r#type::v1::Tick};
use testkit::refusal;
use tonic::{Code, Response, Status};

use crate::{
    requests::{create, inbox, mask},
    words::why,
    world::{ROUTE, World},
};

/// The fields that a refusal names.
fn wrong<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    let refused = refusal(&answer.unwrap_err());
    assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
    refused.fields.join("\n")
}

fn long() -> String {
    "x".repeat(20_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_upstream_says_wrong_is_named_field_by_field() {
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
    insta::assert_snapshot!(wrong(sam.create_handoff(create).await), @"
    request_id
    from_team
    to_team
    title
    summary.situation
    priority
    triggered_at
    origin.key
    follows
    side
    override_reason
    ");

    let update = pb::UpdateHandoffRequest {
        expected_revision: -1,
        update_mask: mask(&["state", "title", "summary"]),
        summary: Some(pb::Summary { actions: vec![pb::SummaryAction::default()], ..Default::default() }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.update_handoff(update).await), @"
    request_id
    handoff_id
    expected_revision
    update_mask
    summary.actions[0].text
    title
    ");

    let tick = pb::TickItemRequest {
        tick: Some(Tick { state: 8, evidence: long(), reason: "a\0b".into() }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.tick_item(tick).await), @"
    request_id
    handoff_id
    item
    tick.evidence
    tick.reason
    tick.state
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_either_side_decides_wrongly_is_named_field_by_field() {
    let world = World::new().await;
    let mut ivan = world.ivan.handoffs.clone();
    let accept = pb::AcceptHandoffRequest {
        handoff_id: "no".into(),
        read_back: long(),
        conditions: vec![pb::Condition { owner: "o".repeat(201), ..Default::default() }],
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(ivan.accept_handoff(accept).await), @"
    request_id
    handoff_id
    attempt
    read_back
    conditions[0].text
    conditions[0].due_at
    conditions[0].owner
    ");

    let reason = pb::Reason { kind: 77, criterion: String::new(), text: long() };
    let cited = pb::Reason { kind: pb::ReasonKind::Criterion.into(), ..Default::default() };
    let unknown = pb::Reason { kind: pb::ReasonKind::Unknown.into(), ..Default::default() };
    let reject = pb::RejectHandoffRequest { reasons: vec![reason, cited, unknown], ..Default::default() };
    insta::assert_snapshot!(wrong(ivan.reject_handoff(reject).await), @"
    request_id
    handoff_id
    attempt
    reasons[0].kind
    reasons[0].text
    reasons[1].criterion
    reasons[2].kind
    ");
    insta::assert_snapshot!(wrong(ivan.return_handoff(pb::ReturnHandoffRequest::default()).await), @"
    request_id
    handoff_id
    attempt
    reasons
    ");
    insta::assert_snapshot!(wrong(ivan.reopen_handoff(pb::ReopenHandoffRequest::default()).await), @"
    request_id
    handoff_id
    reason
    ");
    insta::assert_snapshot!(wrong(ivan.complete_action(pb::CompleteActionRequest::default()).await), @"
    request_id
    handoff_id
    action_id
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_wrong_is_named_field_by_field() {
    let world = World::new().await;
    let mut sam = world.sam.handoffs.clone();
    let list = pb::ListHandoffsRequest {
        inbox_of: "S A L E S".into(),
        team: "-".into(),
        side: 5,
        states: vec![1, 99, 0],
        route_id: "?".into(),
        origin: Some(pb::Origin::default()),
        order: 9,
        page_size: 1001,
        page_token: "garbage!".into(),
        owner: "o".repeat(201),
        waiting_on: 3,
        priorities: vec![0, 5],
        follows: "the one before".into(),
        link: Some(pb::OutsideRecord::default()),
        text: "-- !".into(),
        created_after: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        updated_after: world.after(0),
        updated_before: world.after(0),
        deliver_by_before: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(sam.list_handoffs(list).await), @"
    page_size
    page_token
    inbox_of
    team
    owner
    side
    states[1]
    states[2]
    waiting_on
    route_id
    priorities[0]
    priorities[1]
    origin.system
    follows
    link.system
    link.key
    text
    created_after
    updated_before
    deliver_by_before
    order
    ");
    let sideless = pb::ListHandoffsRequest { side: 1, page_size: -1, ..Default::default() };
    insta::assert_snapshot!(wrong(sam.list_handoffs(sideless).await), @"
    page_size
    side
    ");
    for order in [pb::HandoffOrder::Priority, pb::HandoffOrder::DeliverBy] {
        let of_all = pb::ListHandoffsRequest { order: order.into(), team: "sales".into(), ..Default::default() };
        assert_eq!(wrong(sam.list_handoffs(of_all).await), "order", "{order:?} is one of an inbox");
    }
    let bounds = pb::ListHandoffsRequest {
        text: "x".repeat(201),
        link: Some(pb::OutsideRecord { system: "s".repeat(101), key: "k".repeat(201) }),
        priorities: vec![1; 5],
        ..Default::default()
    };
    assert_eq!(world.sam.list(bounds).await.unwrap_err().reason, "TOO_LARGE");
    let timeline = pb::ListTimelineRequest { handoff_id: "x".into(), page_size: 2000, page_token: "x".into() };
    insta::assert_snapshot!(wrong(sam.list_timeline(timeline).await), @"
    page_size
    page_token
    handoff_id
    ");
    insta::assert_snapshot!(wrong(sam.get_handoff(pb::GetHandoffRequest::default()).await), @"handoff_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_or_a_route_that_is_wrong_is_named_field_by_field() {
    let world = World::new().await;
    let member = pb::Member { principal: String::new(), role: 6 };
    let team = pb::CreateTeamRequest {
        team_id: "Sales & Co".into(),
        display_name: "n".repeat(201),
        members: vec![member],
        escalation_contact: "c".repeat(201),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(world.ada.directory.clone().create_team(team).await), @"
    request_id
    team_id
    display_name
    members[0].principal
    members[0].role
    escalation_contact
    ");
    let mut routes = world.ada.routes.clone();
    let route = pb::CreateRouteRequest {
        route_id: "No Slug".into(),
        information: long(),
        risks: vec![pb::Risk { kind: 9, note: long() }],
        review_every: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(routes.create_route(route).await), @"
    request_id
    route_id
    from_team
    to_team
    information
    risks[0].kind
    risks[0].note
    review_every
    ");
    let terms = pb::SetTermsRequest {
        expected_revision: -4,
        template_version: -1,
        read_back: 3,
        return_window: Some(prost_types::Duration { seconds: -1, nanos: 5 }),
        ..Default::default()
    };
    insta::assert_snapshot!(wrong(routes.set_terms(terms).await), @"
    request_id
    route_id
    expected_revision
    template_version
    read_back
    return_window
    ");
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
