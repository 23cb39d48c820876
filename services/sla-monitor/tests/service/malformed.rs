//! Malformed requests: everything that is wrong with one, at once.

use api::sla::v1::{self as sla, ClockKind};

use crate::{
    person::Heard,
    requests::{instant, office, target, window},
    world::World,
};

/// The fields that a refusal names.
fn wrong<T: std::fmt::Debug>(answer: Heard<T>) -> String {
    let refused = answer.unwrap_err();
    assert_eq!(refused.code, tonic::Code::InvalidArgument, "{refused:?}");
    refused.fields.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_malformed_part_is_named_at_once() {
    let world = World::bare().await;
    let mut spec = office();
    spec.holidays = vec!["Christmas".into()];
    spec.overrides = vec![sla::DateOverride { date: "2026-13-01".into(), windows: vec![window("", "24:01")] }];
    let calendar = sla::CreateCalendarRequest {
        request_id: "7".into(),
        calendar_id: "Not A Slug".into(),
        display_name: "x".repeat(201),
        owner_team: "-".into(),
        spec: Some(spec),
    };
    assert_eq!(
        wrong(world.ada.create_calendar(calendar).await),
        "request_id calendar_id display_name owner_team spec.holidays[0] spec.overrides[0].date \
         spec.overrides[0].windows[0].start spec.overrides[0].windows[0].end"
    );
    let twice = sla::FieldMatch { key: "plan".into(), values: vec!["GOLD".into()] };
    let policy = sla::CreatePolicyRequest {
        request_id: String::new(),
        policy_id: String::new(),
        targets: vec![
            sla::Target {
                when: vec![
                    sla::Match { priorities: vec![9], fields: vec![twice.clone(), twice], ..Default::default() },
                    sla::Match::default(),
                ],
                warn_at: vec![sla::Warning::default()],
                pause_on: Some(sla::PauseOn { reasons: vec![0] }),
                escalations: vec![sla::Escalation { notify: "x".repeat(201), ..Default::default() }],
                ..Default::default()
            },
            sla::Target { calendar_id: "always".into(), ..target(ClockKind::Begin, 1) },
        ],
        ..Default::default()
    };
    assert_eq!(
        wrong(world.ada.create_policy(policy).await),
        "request_id policy_id targets[0].clock targets[0].when[0].priorities[0] targets[0].when[0].fields[1].key \
         targets[0].when[1] targets[0].duration targets[0].warn_at[0] targets[0].pause_on.reasons[0] \
         targets[0].escalations[0].after targets[0].escalations[0].notify targets[1].calendar_id"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn so_is_every_malformed_part_of_a_question_or_a_word() {
    let world = World::bare().await;
    let due = sla::ComputeDueRequest { calendar_id: "X".into(), version: -1, ..Default::default() };
    assert_eq!(wrong(world.otto.compute_due(due).await), "calendar_id version start duration");
    let backwards = sla::MeasureWorkingTimeRequest {
        from: instant("2026-03-02T10:00:00Z"),
        to: instant("2026-03-02T09:00:00Z"),
        ..Default::default()
    };
    assert_eq!(wrong(world.otto.measure(backwards).await), "to");
    let explain = sla::ExplainMatchRequest { clock: 99, priority: 99, ..Default::default() };
    assert_eq!(wrong(world.otto.explain_match(explain).await), "policy_id clock priority");
    let list = sla::ListClocksRequest {
        handoff_id: "1".into(),
        team: "T".into(),
        states: vec![0],
        kinds: vec![77],
        page_size: 1_001,
        page_token: "?".into(),
        ..Default::default()
    };
    assert_eq!(wrong(world.otto.list_clocks(list).await), "handoff_id team states[0] kinds[0] page_size page_token");
    let attainment = sla::GetAttainmentRequest {
        group: 9,
        due_from: instant("2026-03-02T10:00:00Z"),
        due_until: instant("2026-03-02T10:00:00Z"),
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(wrong(world.otto.attainment(attainment).await), "group due_until page_size");
    let migrate = sla::MigrateClocksRequest { to_version: -1, clock_id: "1".into(), ..Default::default() };
    assert_eq!(wrong(world.ada.migrate(migrate).await), "request_id policy_id to_version clock_id");
    let acknowledge = sla::AcknowledgeBreachRequest {
        note: "x".repeat(20_000),
        delay: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
        ..Default::default()
    };
    assert_eq!(wrong(world.ivan.acknowledge(acknowledge).await), "request_id clock_id note delay");
    assert_eq!(wrong(world.anna.excuse(sla::ExcuseBreachRequest::default()).await), "request_id clock_id reason");
    assert_eq!(wrong(world.otto.get_clock("").await), "clock_id");
}
