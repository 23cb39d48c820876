//! The clocks of a handoff through its life, and how they are read.

use std::collections::BTreeSet;

use api::{handoff::v1 as pb, sla::v1 as sla, r#type::v1::Side};
use pb::proposed_change::Kind as Change;
use sla::{
    AttainmentGroup, ClockKind, ClockState, ExplainClockRequest, GetAttainmentRequest, LedgerKind, ListClocksRequest,
    PauseReason,
};
use tonic::Code;

use crate::{
    person::Person,
    requests::{DAY, HOUR, change, create, elapsed, mask, on, seconds, target, targets},
    words::{kind, line, lines, time, why},
    world::World,
};

async fn shown(world: &World, handoff: &pb::Handoff) -> String {
    lines(&world.clocks(handoff).await)
}

/// A clock of a kind in a line.
async fn one(world: &World, handoff: &pb::Handoff, kind: ClockKind) -> String {
    line(&world.clock(handoff, kind).await)
}

#[expect(clippy::too_many_lines, reason = "one life of a handoff, turn by turn")]
#[tokio::test(flavor = "multi_thread")]
async fn every_turn_of_a_handoff_starts_pauses_and_stops_its_clocks() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    insta::assert_snapshot!(shown(&world, &draft).await, @"DELIVERY 1 sales RUNNING due 2026-03-06T17:00:00Z");

    world.pass(HOUR).await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &draft).await, @"
    DELIVERY 1 sales PAUSED by SUBMITTED
    ACCEPTANCE 1 implementation RUNNING due 2026-03-03T10:00:00Z
    ");

    world.pass(HOUR).await;
    world.ivan.reject(on(&submitted)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &draft).await, @"
    DELIVERY 1 sales RUNNING due 2026-03-09T10:00:00Z
    ACCEPTANCE 1 implementation MET due 2026-03-03T10:00:00Z ended 2026-03-02T11:00:00Z rejected
    REDELIVERY 1 sales RUNNING due 2026-03-03T11:00:00Z
    ");

    world.pass(HOUR).await;
    let again = world.sam.submit(on(&draft)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &draft).await, @"
    DELIVERY 1 sales PAUSED by SUBMITTED
    ACCEPTANCE 1 implementation MET due 2026-03-03T10:00:00Z ended 2026-03-02T11:00:00Z rejected
    ACCEPTANCE 2 implementation RUNNING due 2026-03-03T12:00:00Z
    REDELIVERY 1 sales PAUSED by SUBMITTED
    ");

    world.pass(HOUR).await;
    world.ivan.accept(on(&again)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &draft).await, @"
    DELIVERY 1 sales MET due 2026-03-09T11:00:00Z ended 2026-03-02T13:00:00Z accepted
    ACCEPTANCE 1 implementation MET due 2026-03-03T10:00:00Z ended 2026-03-02T11:00:00Z rejected
    ACCEPTANCE 2 implementation MET due 2026-03-03T12:00:00Z ended 2026-03-02T13:00:00Z accepted
    BEGIN 1 implementation RUNNING due 2026-03-03T13:00:00Z
    REDELIVERY 1 sales MET due 2026-03-03T12:00:00Z ended 2026-03-02T13:00:00Z accepted
    ");

    world.pass(HOUR).await;
    world.ivan.begin(on(&again)).await.unwrap();
    assert_eq!(
        one(&world, &draft, ClockKind::Begin).await,
        "BEGIN 1 implementation MET due 2026-03-03T13:00:00Z ended 2026-03-02T14:00:00Z begun"
    );
    assert_eq!(
        one(&world, &draft, ClockKind::Completion).await,
        "COMPLETION 1 implementation RUNNING due 2026-03-04T14:00:00Z"
    );

    world.pass(HOUR).await;
    world.ivan.complete(on(&again)).await.unwrap();
    assert_eq!(
        one(&world, &draft, ClockKind::Completion).await,
        "COMPLETION 1 implementation MET due 2026-03-04T14:00:00Z ended 2026-03-02T15:00:00Z completed"
    );

    world.pass(HOUR).await;
    world.sam.reopen(on(&again)).await.unwrap();
    world.pass(HOUR / 2).await;
    let clocks = world.clocks(&draft).await;
    let completions: Vec<_> = clocks.into_iter().filter(|clock| clock.kind() == ClockKind::Completion).collect();
    insta::assert_snapshot!(lines(&completions), @"
    COMPLETION 1 implementation MET due 2026-03-04T14:00:00Z ended 2026-03-02T15:00:00Z completed undone
    COMPLETION 2 implementation RUNNING due 2026-03-04T15:00:00Z
    ");
    assert_eq!(completions[1].target, seconds(15 * HOUR), "with what was left");

    let returned = world.ivan.give_back(on(&again)).await.unwrap();
    assert_eq!(
        one(&world, &draft, ClockKind::Completion).await,
        "COMPLETION 2 implementation CANCELLED due 2026-03-04T15:00:00Z ended 2026-03-02T16:30:00Z returned"
    );
    assert_eq!(one(&world, &draft, ClockKind::Redelivery).await, "REDELIVERY 2 sales RUNNING due 2026-03-03T16:30:00Z");

    world.sam.cancel(on(&returned)).await.unwrap();
    assert_eq!(
        one(&world, &draft, ClockKind::Redelivery).await,
        "REDELIVERY 2 sales CANCELLED due 2026-03-03T16:30:00Z ended 2026-03-02T16:30:00Z cancelled"
    );
    let open = world.clocks(&draft).await;
    assert!(open.iter().all(|clock| clock.ended_at.is_some()), "none is left open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_to_clocks_is_said_in_its_order() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    world.pass(HOUR).await;
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    world.ivan.give_back(on(&accepted)).await.unwrap();
    let said = world.said_of(&submitted).await;
    let told = said.iter().map(|said| {
        let clock = said.event.clock.as_ref().unwrap();
        format!("{} {} {}", said.fact.subject, kind(clock.kind()), clock.handoff.as_ref().unwrap().revision)
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    sla.v1.clock_started.sales.implementation DELIVERY 1
    sla.v1.clock_started.implementation.sales ACCEPTANCE 2
    sla.v1.clock_paused.sales.implementation DELIVERY 2
    sla.v1.clock_stopped.sales.implementation DELIVERY 3
    sla.v1.clock_stopped.implementation.sales ACCEPTANCE 3
    sla.v1.clock_started.implementation.sales BEGIN 3
    sla.v1.clock_cancelled.implementation.sales BEGIN 4
    sla.v1.clock_started.sales.implementation REDELIVERY 4
    ");
    let sequences: Vec<String> = said.iter().map(|said| said.fact.header("ce-sequence").to_owned()).collect();
    assert_eq!(sequences, (1..=8).map(|n| n.to_string()).collect::<Vec<_>>(), "one history, without gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_taken_back_does_not_lie_without_a_clock() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    world.pass(HOUR).await;
    world.sam.recall(on(&submitted)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &submitted).await, @"
    DELIVERY 1 sales RUNNING due 2026-03-09T10:00:00Z
    ACCEPTANCE 1 implementation CANCELLED due 2026-03-02T17:00:00Z ended 2026-03-02T10:00:00Z recalled
    REDELIVERY 1 sales RUNNING due 2026-03-03T10:00:00Z
    ");
    world.sam.submit(on(&submitted)).await.unwrap();
    world.pass(HOUR).await;
    world.sam.recall(on(&submitted)).await.unwrap();
    assert_eq!(
        one(&world, &submitted, ClockKind::Redelivery).await,
        "REDELIVERY 1 sales RUNNING due 2026-03-03T11:00:00Z",
        "the one that ran goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_question_pauses_those_who_ask_and_each_round_of_it_has_a_clock() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    world.pass(HOUR).await;
    let asked = world.ivan.ask(on(&submitted)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &submitted).await, @"
    DELIVERY 1 sales PAUSED by SUBMITTED
    ACCEPTANCE 1 implementation PAUSED by BLOCKING_QUESTION
    ANSWER 1 sales RUNNING due 2026-03-02T12:00:00Z
    ");
    let paused = world.clock(&submitted, ClockKind::Acceptance).await;
    assert_eq!((paused.elapsed, paused.paused_since), (seconds(HOUR), world.after(0)));
    assert_eq!(time(paused.due_if_resumed_at), "2026-03-02T17:00:00Z");

    world.pass(HOUR).await;
    assert_eq!(time(world.clock(&submitted, ClockKind::Acceptance).await.due_if_resumed_at), "2026-03-03T10:00:00Z");
    world.sam.answer(on(&asked)).await.unwrap();
    assert_eq!(
        one(&world, &submitted, ClockKind::Acceptance).await,
        "ACCEPTANCE 1 implementation RUNNING due 2026-03-03T10:00:00Z"
    );
    for round in [2, 3] {
        world.ivan.mark_insufficient(on(&asked)).await.unwrap();
        world.pass(HOUR).await;
        let answer = world.clock(&submitted, ClockKind::Answer).await;
        assert_eq!((answer.cycle, answer.state(), answer.team.as_str()), (round, ClockState::Running, "sales"));
        assert_eq!(answer.subject_id, asked.questions[0].id);
        let decision = world.clock(&submitted, ClockKind::Acceptance).await;
        let state = if round == 2 { ClockState::Paused } else { ClockState::Running };
        assert_eq!(decision.state(), state, "the third round pauses nothing");
        if round == 2 {
            world.sam.answer(on(&asked)).await.unwrap();
        }
    }
    world.ivan.close_question(on(&asked)).await.unwrap();
    assert_eq!(
        one(&world, &submitted, ClockKind::Answer).await,
        "ANSWER 3 sales CANCELLED due 2026-03-02T14:00:00Z ended 2026-03-02T13:00:00Z closed"
    );

    let other = world.sam.submitted("calm").await;
    world.ivan.ask(pb::AskQuestionRequest { blocking: false, ..on(&other) }).await.unwrap();
    assert_eq!(world.clock(&other, ClockKind::Acceptance).await.state(), ClockState::Running);
    assert_eq!(world.clock(&other, ClockKind::Answer).await.team, "sales", "it is to be answered all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_pauses_where_both_agreed_to_it_and_alone_only_where_the_target_says_so() {
    let mut targets = targets();
    targets[4].pause_on = Some(sla::PauseOn { reasons: vec![PauseReason::LoneHold.into()] });
    let world = World::under(targets).await;
    let submitted = world.sam.submitted("Acme").await;
    world.ivan.reject(on(&submitted)).await.unwrap();
    let until = world.after(10 * DAY);
    world.sam.hold(pb::HoldHandoffRequest { until, ..on(&submitted) }).await.unwrap();
    insta::assert_snapshot!(shown(&world, &submitted).await, @"
    DELIVERY 1 sales RUNNING due 2026-03-06T17:00:00Z
    ACCEPTANCE 1 implementation MET due 2026-03-02T17:00:00Z ended 2026-03-02T09:00:00Z rejected
    REDELIVERY 1 sales PAUSED by LONE_HOLD
    ");
    world.sam.resume(on(&submitted)).await.unwrap();
    world.pass(HOUR).await;
    let held = pb::ProposeRequest { change: change(Change::Hold(pb::ProposedHold { until })), ..on(&submitted) };
    let proposed = world.sam.propose(held).await.unwrap();
    assert_eq!(
        one(&world, &submitted, ClockKind::Answer).await,
        "ANSWER 1 implementation RUNNING due 2026-03-02T12:00:00Z"
    );
    world.ivan.agree(on(&proposed)).await.unwrap();
    insta::assert_snapshot!(shown(&world, &submitted).await, @"
    DELIVERY 1 sales PAUSED by AGREED_HOLD
    ACCEPTANCE 1 implementation MET due 2026-03-02T17:00:00Z ended 2026-03-02T09:00:00Z rejected
    REDELIVERY 1 sales RUNNING due 2026-03-02T17:00:00Z
    ANSWER 1 implementation MET due 2026-03-02T12:00:00Z ended 2026-03-02T10:00:00Z agreed
    ");
    world.pass(20 * HOUR).await;
    world.sam.resume(on(&submitted)).await.unwrap();
    assert_eq!(
        one(&world, &submitted, ClockKind::Delivery).await,
        "DELIVERY 1 sales RUNNING due 2026-03-09T16:00:00Z",
        "seven hours of Monday"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_are_to_be_answered_and_a_deadline_that_both_agreed_on_is_a_new_target() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let deadline = || Change::Deadline(pb::ProposedDeadline { deliver_by: world.after(30 * HOUR) });
    let proposing = |kind| pb::ProposeRequest { change: change(kind), ..on(&draft) };
    let proposed = world.sam.propose(proposing(deadline())).await.unwrap();
    world.ivan.decline(pb::DeclineProposalRequest { reason: "no".into(), ..on(&proposed) }).await.unwrap();
    assert_eq!(
        one(&world, &draft, ClockKind::Answer).await,
        "ANSWER 1 implementation MET due 2026-03-02T11:00:00Z ended 2026-03-02T09:00:00Z declined"
    );
    let proposed = world.ivan.propose(proposing(deadline())).await.unwrap();
    world.sam.agree(on(&proposed)).await.unwrap();
    let delivery = world.clock(&draft, ClockKind::Delivery).await;
    assert_eq!(line(&delivery), "DELIVERY 1 sales RUNNING due 2026-03-03T15:00:00Z");
    assert_eq!(delivery.target, seconds(14 * HOUR), "until then it gives so much working time");
    let said = world.said_of(&draft).await;
    let Some(sla::sla_event::Kind::ClockMigrated(moved)) = &said.last().unwrap().event.kind else {
        panic!("{:?}", said.last())
    };
    assert_eq!((time(moved.due_at_before), moved.target_before), ("2026-03-06T17:00:00Z".into(), seconds(40 * HOUR)));

    world.pass(60).await;
    let urgent = Change::Priority(pb::ProposedPriority { priority: pb::Priority::Urgent.into() });
    world.sam.propose(proposing(urgent)).await.unwrap();
    world.sam.cancel(on(&draft)).await.unwrap();
    let lapsed = world.clock(&draft, ClockKind::Answer).await;
    assert_eq!((lapsed.state(), lapsed.team.as_str()), (ClockState::Cancelled, "implementation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_of_upstream_alone_counts_where_it_is_earlier() {
    let world = World::new().await;
    let promised = |hours: i64| pb::CreateHandoffRequest { deliver_by: world.after(hours * HOUR), ..create("Acme") };
    let early = world.sam.create(promised(5)).await.unwrap();
    let late = world.sam.create(promised(200)).await.unwrap();
    assert_eq!(one(&world, &early, ClockKind::Delivery).await, "DELIVERY 1 sales RUNNING due 2026-03-02T14:00:00Z");
    assert_eq!(one(&world, &late, ClockKind::Delivery).await, "DELIVERY 1 sales RUNNING due 2026-03-06T17:00:00Z");
    let edit = pb::UpdateHandoffRequest {
        update_mask: mask(&["deliver_by"]),
        deliver_by: world.after(27 * HOUR),
        ..on(&early)
    };
    world.sam.update(edit).await.unwrap();
    assert_eq!(one(&world, &early, ClockKind::Delivery).await, "DELIVERY 1 sales RUNNING due 2026-03-03T12:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_counts_from_when_the_work_began_to_wait() {
    let world = World::new().await;
    world.pass(2 * HOUR).await;
    let request = pb::CreateHandoffRequest { triggered_at: world.after(-HOUR), ..create("Acme") };
    let draft = world.sam.create(request).await.unwrap();
    let clock = world.clock(&draft, ClockKind::Delivery).await;
    assert_eq!((clock.started_at, clock.elapsed), (world.after(-HOUR), seconds(HOUR)));
    assert_eq!(line(&clock), "DELIVERY 1 sales RUNNING due 2026-03-09T10:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_due_when_it_says_and_counts_from_when_its_side_has_confirmed_it() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let action = |due_at| pb::AddActionRequest {
        action: Some(pb::NewAction {
            text: "book the room".into(),
            side: Side::Downstream.into(),
            owner: String::new(),
            due_at,
        }),
        ..on(&draft)
    };
    let added = world.sam.add_action(action(world.after(3 * HOUR))).await.unwrap();
    let clocks = world.clocks(&draft).await;
    assert!(clocks.iter().all(|clock| clock.kind() != ClockKind::Action), "nobody has confirmed it: {clocks:?}");
    world.pass(HOUR).await;
    let confirmed = world.ines.confirm_action(on(&added)).await.unwrap();
    let clock = world.clock(&draft, ClockKind::Action).await;
    assert_eq!(line(&clock), "ACTION 1 implementation RUNNING due 2026-03-02T12:00:00Z");
    assert_eq!((clock.started_at, clock.subject_id.as_str()), (world.after(0), confirmed.actions[0].id.as_str()));
    world.pass(2 * HOUR).await;
    world.ines.complete_action(on(&confirmed)).await.unwrap();
    assert_eq!(
        one(&world, &draft, ClockKind::Action).await,
        "ACTION 1 implementation MET due 2026-03-02T12:00:00Z ended 2026-03-02T12:00:00Z done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_policy_nothing_has_a_clock_but_an_action_with_a_due_time() {
    let world = World::new().await;
    world.set_policy("").await;
    let draft = world.sam.draft("Acme").await;
    let action = pb::NewAction {
        text: "call them".into(),
        side: Side::Upstream.into(),
        owner: String::new(),
        due_at: world.after(HOUR),
    };
    let request = pb::AddActionRequest { action: Some(action), ..on(&draft) };
    let added = world.sam.add_action(request).await.unwrap();
    let submitted = world.sam.submit(on(&added)).await.unwrap();
    world.ivan.accept(on(&submitted)).await.unwrap();
    let clocks = world.clocks(&draft).await;
    assert_eq!(lines(&clocks), "ACTION 1 sales RUNNING due 2026-03-02T10:00:00Z");
    assert_eq!((clocks[0].policy_id.as_str(), clocks[0].policy_version, clocks[0].target_number), ("", 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_target_that_fits_the_handoff_sets_its_clock() {
    let when =
        |condition: sla::Match, hours| sla::Target { when: vec![condition], ..target(ClockKind::Delivery, hours) };
    let tier = sla::FieldMatch { key: "tier".into(), values: vec!["GOLD".into()] };
    let world = World::under(vec![
        when(sla::Match { confidential: Some(true), ..Default::default() }, 1),
        when(sla::Match { fields: vec![tier], ..Default::default() }, 2),
        when(sla::Match { priorities: vec![pb::Priority::Urgent.into()], ..Default::default() }, 3),
    ])
    .await;
    let gold = [("tier".to_owned(), text("GOLD"))];
    for (request, number) in [
        (pb::CreateHandoffRequest { fields: gold.clone().into(), ..create("gold") }, 2),
        (pb::CreateHandoffRequest { priority: pb::Priority::Urgent.into(), ..create("urgent") }, 3),
        (pb::CreateHandoffRequest { fields: gold.into(), confidential: true, ..create("confidential") }, 1),
    ] {
        let title = request.title.clone();
        let draft = world.sam.create(request).await.unwrap();
        assert_eq!(world.clock(&draft, ClockKind::Delivery).await.target_number, number, "{title}");
    }
    let plain = world.sam.draft("plain").await;
    assert_eq!(shown(&world, &plain).await, "", "no target, no clock");
}

fn text(text: &str) -> api::r#type::v1::FieldValue {
    api::r#type::v1::FieldValue { kind: Some(api::r#type::v1::field_value::Kind::Text(text.into())) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_keeps_the_versions_that_were_in_force_when_it_started() {
    let world = World::new().await;
    let before = world.sam.draft("before").await;
    world.heard().await;
    world.ada.update_policy(crate::requests::update_policy(vec![target(ClockKind::Delivery, 8)])).await.unwrap();
    let saturdays = sla::Week { saturday: vec![crate::requests::window("10:00", "12:00")], ..Default::default() };
    let spec = sla::CalendarSpec { weekly: Some(saturdays), ..crate::requests::office() };
    world.ada.update_calendar(crate::requests::update_calendar("office", spec)).await.unwrap();
    world.pass(1).await;
    let after = world.sam.draft("after").await;
    let pins = |clock: sla::Clock| (clock.policy_version, clock.calendar_version, time(clock.due_at));
    let kept = world.clock(&before, ClockKind::Delivery).await;
    assert_eq!(pins(kept), (1, 1, "2026-03-06T17:00:00Z".into()));
    let new = world.clock(&after, ClockKind::Delivery).await;
    assert_eq!(pins(new), (2, 2, "2026-03-28T12:00:00Z".into()), "the fourth Saturday");
}

async fn list(person: &Person, request: ListClocksRequest) -> Vec<String> {
    let clocks = person.list_clocks(request).await.unwrap().clocks;
    clocks.iter().map(|clock| format!("{} {}", clock.handoff.as_ref().unwrap().title, kind(clock.kind()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_are_listed_by_whose_they_are_how_they_stand_and_when_they_are_due() {
    let world = World::new().await;
    let all = ListClocksRequest::default;
    let first = world.sam.submitted("first").await;
    world.pass(HOUR).await;
    let second = world.sam.submitted("second").await;
    world.ivan.ask(on(&second)).await.unwrap();
    world.pass(9 * HOUR).await;
    world.settled().await;
    let of = |team: &str| ListClocksRequest { team: team.into(), ..all() };
    let open = vec![ClockState::Running.into(), ClockState::Paused.into()];

    assert_eq!(list(&world.otto, of("implementation")).await, ["first ACCEPTANCE", "second ACCEPTANCE"]);
    let due_next = ListClocksRequest { states: open, ..of("sales") };
    let sales = list(&world.otto, due_next).await;
    assert_eq!(sales[0], "second ANSWER", "what is due first is first");
    assert_eq!(sales[1..].iter().collect::<BTreeSet<_>>().len(), 2, "both deliveries wait, in the order of their ids");
    let other = ListClocksRequest { other_team: "implementation".into(), ..all() };
    assert_eq!(list(&world.otto, other).await, sales);
    let paused = ListClocksRequest { states: vec![ClockState::Paused.into()], ..of("implementation") };
    assert_eq!(list(&world.otto, paused).await, ["second ACCEPTANCE"]);
    let decisions = ListClocksRequest { kinds: vec![ClockKind::Acceptance.into()], ..all() };
    assert_eq!(list(&world.otto, decisions).await, ["first ACCEPTANCE", "second ACCEPTANCE"]);
    let of_first = ListClocksRequest { handoff_id: first.id.clone(), ..all() };
    assert_eq!(list(&world.otto, of_first).await, ["first ACCEPTANCE", "first DELIVERY"]);
    let late = |breached| ListClocksRequest { breached: Some(breached), ..all() };
    assert_eq!(list(&world.otto, late(true)).await, ["second ANSWER", "first ACCEPTANCE"]);
    assert_eq!(list(&world.otto, late(false)).await.len(), 3);
    let before = |text| ListClocksRequest { due_before: crate::requests::instant(text), ..all() };
    assert_eq!(list(&world.otto, before("2026-03-02T17:00:00Z")).await, ["second ANSWER"], "not at that instant");
    assert_eq!(list(&world.otto, before("2026-03-02T17:00:01Z")).await.len(), 2);
    assert_eq!(list(&world.otto, ListClocksRequest { parked: Some(true), ..all() }).await, [""; 0]);
    assert_eq!(list(&world.otto, ListClocksRequest { parked: Some(false), ..all() }).await.len(), 5);
    assert_eq!(list(&world.otto, of("legal")).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_clock_once_in_one_order_also_those_without_a_due_time() {
    let world = World::new().await;
    for n in 0..5 {
        world.sam.submitted(&format!("number {n}")).await;
        world.sam.draft(&format!("draft {n}")).await;
    }
    world.settled().await;
    let ids = |clocks: &[sla::Clock]| clocks.iter().map(|clock| clock.id.clone()).collect::<Vec<_>>();
    let whole = world.otto.list_clocks(ListClocksRequest { page_size: 1000, ..Default::default() }).await.unwrap();
    let whole = ids(&whole.clocks);
    assert_eq!(whole.len(), 15);
    for page_size in [1, 4] {
        let mut request = ListClocksRequest { page_size, ..Default::default() };
        let mut shown = vec![];
        loop {
            let page = world.otto.list_clocks(request.clone()).await.unwrap();
            shown.extend(ids(&page.clocks));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(shown, whole, "{page_size} at a time");
    }
    let first = world.otto.list_clocks(ListClocksRequest { page_size: 1, ..Default::default() }).await.unwrap();
    let other = ListClocksRequest { page_token: first.next_page_token, team: "sales".into(), ..Default::default() };
    assert_eq!(world.otto.list_clocks(other).await.unwrap_err().fields, ["page_token"], "of another filter");
}

fn length(duration: Option<prost_types::Duration>) -> i64 {
    let duration = duration.unwrap();
    duration.seconds * 1_000_000_000 + i64::from(duration.nanos)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_a_clock_sums_exactly_to_the_wall_time() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    world.pass(2 * HOUR).await;
    let asked = world.ivan.ask(on(&submitted)).await.unwrap();
    world.pass(20 * HOUR).await;
    world.sam.answer(on(&asked)).await.unwrap();
    world.pass(5 * HOUR).await;
    let clock = world.clock(&submitted, ClockKind::Acceptance).await;
    let explain = async |at| {
        let request = ExplainClockRequest { clock_id: clock.id.clone(), at };
        world.otto.explain_clock(request).await.unwrap()
    };
    let whole = explain(None).await;
    let entries = whole.entries.iter().map(|entry| {
        let kind = entry.kind().as_str_name().trim_start_matches("LEDGER_KIND_");
        format!("{} {} {} {}", time(entry.from), kind, entry.calendar_id, entry.calendar_version)
    });
    insta::assert_snapshot!(entries.collect::<Vec<_>>().join("\n"), @"
    2026-03-02T09:00:00Z OPEN office 1
    2026-03-02T11:00:00Z PAUSED office 1
    2026-03-03T07:00:00Z CLOSED office 1
    2026-03-03T09:00:00Z OPEN office 1
    ");
    assert_eq!(
        (whole.wall, whole.open, whole.closed, whole.paused, whole.remaining),
        (seconds(27 * HOUR), seconds(5 * HOUR), seconds(2 * HOUR), seconds(20 * HOUR), seconds(3 * HOUR))
    );
    assert_eq!((whole.clock.unwrap().elapsed, whole.truncated), (whole.open, false));
    for minutes in [0, 1, 119, 120, 121, 900, 1439, 1440, 1620] {
        let start = clock.started_at.unwrap();
        let at = prost_types::Timestamp { seconds: start.seconds + minutes * 60, nanos: 1_000 };
        let told = explain(Some(at)).await;
        let of = |kind| {
            let entries = told.entries.iter().filter(|entry| entry.kind() == kind);
            entries.map(|entry| length(entry.length)).sum::<i64>()
        };
        assert_eq!(length(told.open), of(LedgerKind::Open));
        assert_eq!(length(told.closed), of(LedgerKind::Closed));
        assert_eq!(length(told.paused), of(LedgerKind::Paused));
        assert_eq!(length(told.open) + length(told.closed) + length(told.paused), length(told.wall), "{minutes}");
        assert_eq!(length(told.wall), minutes * 60 * 1_000_000_000 + 1_000);
        let gapless = told.entries.windows(2).all(|pair| pair[0].until == pair[1].from);
        assert!(gapless, "{:?}", told.entries);
    }

    world.ivan.accept(on(&submitted)).await.unwrap();
    world.pass(DAY).await;
    let stopped = explain(None).await;
    assert_eq!((stopped.wall, stopped.open), (seconds(27 * HOUR), seconds(5 * HOUR)), "until it stopped");
    let before = explain(Some(prost_types::Timestamp { seconds: 0, nanos: 0 })).await;
    assert_eq!((before.wall, before.entries.len()), (seconds(0), 0), "nothing before it started");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_of_a_confidential_handoff_are_not_there_for_outsiders() {
    let world = World::new().await;
    let secret = pb::CreateHandoffRequest { confidential: true, ..create("secret") };
    let draft = world.sam.create(secret).await.unwrap();
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    world.pass(10 * HOUR).await;
    let clock = world.clock(&submitted, ClockKind::Acceptance).await;
    let none = sla::Clock { id: draft.id.clone(), ..clock.clone() };
    let explain = |clock: &sla::Clock| ExplainClockRequest { clock_id: clock.id.clone(), at: None };
    for outsider in [&world.otto, &world.importer] {
        for clock in [&clock, &none] {
            for refused in [
                outsider.get_clock(&clock.id).await.unwrap_err(),
                outsider.explain_clock(explain(clock)).await.unwrap_err(),
                outsider.acknowledge(crate::requests::acknowledge(clock)).await.unwrap_err(),
                outsider.excuse(crate::requests::excuse(clock)).await.unwrap_err(),
            ] {
                assert_eq!(why(&refused), (Code::NotFound, "CLOCK_NOT_FOUND"));
                assert_eq!(refused.message, format!("there is no clock {}", clock.id));
            }
        }
        assert_eq!(list(outsider, ListClocksRequest::default()).await, [""; 0]);
        let of_it = ListClocksRequest { handoff_id: draft.id.clone(), ..Default::default() };
        assert_eq!(list(outsider, of_it).await, [""; 0]);
        let told = outsider.attainment(GetAttainmentRequest::default()).await.unwrap();
        assert_eq!((told.line_count, told.total.unwrap().open_breached), (0, 0));
    }
    for insider in [&world.sam, &world.ivan, &world.ada] {
        insider.get_clock(&clock.id).await.unwrap();
        insider.explain_clock(explain(&clock)).await.unwrap();
        assert_eq!(list(insider, ListClocksRequest::default()).await.len(), 2);
        let told = insider.attainment(GetAttainmentRequest::default()).await.unwrap();
        assert_eq!(told.total.unwrap().open_breached, 1);
    }

    let lead = pb::SetConfidentialRequest { confidential: false, ..on(&draft) };
    world.anna.set_confidential(lead).await.unwrap();
    world.settled().await;
    world.otto.get_clock(&clock.id).await.expect("now everybody may see it");
    world.anna.set_confidential(on(&draft)).await.unwrap();
    world.settled().await;
    assert_eq!(why(&world.otto.get_clock(&clock.id).await.unwrap_err()), (Code::NotFound, "CLOCK_NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_have_stopped_are_hidden_with_their_handoff() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    world.ivan.accept(on(&submitted)).await.unwrap();
    let stopped = world.clock(&submitted, ClockKind::Acceptance).await;
    world.otto.get_clock(&stopped.id).await.unwrap();
    world.anna.set_confidential(on(&submitted)).await.unwrap();
    world.settled().await;
    assert_eq!(why(&world.otto.get_clock(&stopped.id).await.unwrap_err()), (Code::NotFound, "CLOCK_NOT_FOUND"));
    let shown = world.sam.get_clock(&stopped.id).await.unwrap();
    assert_eq!(shown.handoff.unwrap().title, "", "no word of it is kept");
}

fn attained(line: &sla::Attainment) -> String {
    let share = line.attainment.map_or_else(|| "-".to_owned(), |share| format!("{share:.2}"));
    let sla::Attainment { key, met, late, open_breached, cancelled, excused, .. } = line;
    format!("{key}: {met} met, {late} late, {open_breached} open, {cancelled} cancelled, {excused} excused: {share}")
}

#[tokio::test(flavor = "multi_thread")]
async fn attainment_counts_what_was_due_in_a_window() {
    let world = World::under(vec![
        sla::Target { duration: elapsed(1), ..target(ClockKind::Acceptance, 0) },
        sla::Target { duration: elapsed(2), ..target(ClockKind::Begin, 0) },
    ])
    .await;
    let mut handoffs = vec![];
    for n in 0..4 {
        handoffs.push(world.sam.submitted(&format!("number {n}")).await);
    }
    world.ivan.accept(on(&handoffs[0])).await.unwrap();
    world.sam.recall(on(&handoffs[1])).await.unwrap();
    world.pass(HOUR + 1).await;
    world.ivan.accept(on(&handoffs[2])).await.unwrap();
    let late = world.clock(&handoffs[2], ClockKind::Acceptance).await;
    world.anna.excuse(crate::requests::excuse(&late)).await.unwrap();
    world.pass(5 * HOUR).await;
    world.settled().await;
    let ask = async |request: GetAttainmentRequest| {
        let told = world.otto.attainment(request).await.unwrap();
        let lines = told.lines.iter().chain(&told.total).map(attained).collect::<Vec<_>>();
        format!("{}\nlines: {}", lines.join("\n"), told.line_count)
    };
    let by = |group: AttainmentGroup| GetAttainmentRequest { group: group.into(), ..Default::default() };
    insta::assert_snapshot!(ask(by(AttainmentGroup::Kind)).await, @"
    ACCEPTANCE: 1 met, 1 late, 1 open, 1 cancelled, 1 excused: 0.33
    BEGIN: 0 met, 0 late, 2 open, 0 cancelled, 0 excused: 0.00
    : 1 met, 1 late, 3 open, 1 cancelled, 1 excused: 0.20
    lines: 2
    ");
    insta::assert_snapshot!(ask(by(AttainmentGroup::Team)).await, @"
    implementation: 1 met, 1 late, 3 open, 1 cancelled, 1 excused: 0.20
    : 1 met, 1 late, 3 open, 1 cancelled, 1 excused: 0.20
    lines: 1
    ");
    let route = GetAttainmentRequest {
        due_until: crate::requests::instant("2026-03-02T10:00:01Z"),
        kinds: vec![ClockKind::Acceptance.into()],
        ..by(AttainmentGroup::Route)
    };
    insta::assert_snapshot!(ask(route).await, @"
    sales-to-implementation: 1 met, 1 late, 1 open, 1 cancelled, 1 excused: 0.33
    : 1 met, 1 late, 1 open, 1 cancelled, 1 excused: 0.33
    lines: 1
    ");
    let none =
        GetAttainmentRequest { due_until: crate::requests::instant("2026-03-02T10:00:00Z"), ..Default::default() };
    assert_eq!(ask(none).await, ": 0 met, 0 late, 0 open, 0 cancelled, 0 excused: -\nlines: 0");
    let of_others = GetAttainmentRequest { team: "sales".into(), ..Default::default() };
    assert_eq!(ask(of_others).await, ": 0 met, 0 late, 0 open, 0 cancelled, 0 excused: -\nlines: 0");
    let few = GetAttainmentRequest { page_size: 1, ..by(AttainmentGroup::Kind) };
    let told = world.otto.attainment(few).await.unwrap();
    assert_eq!((told.lines.len(), told.lines[0].key.as_str(), told.line_count), (1, "ACCEPTANCE", 2));
}
