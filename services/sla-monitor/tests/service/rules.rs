//! Calendars and policies: their versions, arithmetic with them, what they may not be, and moving clocks to another version.

use api::{
    sla::v1::{self as sla, ClockKind},
    r#type::v1::Priority,
};
use testkit::request_id;
use tonic::Code;

use crate::{
    requests::{
        HOUR, business_days, create_calendar, create_policy, elapsed, escalation, instant, office, seconds, target,
        update_calendar, update_policy, window, working,
    },
    words::{time, why},
    world::World,
};

fn due(duration: Option<sla::TargetDuration>) -> sla::ComputeDueRequest {
    // A Friday, two hours before the office shuts.
    let start = instant("2026-03-06T15:00:00Z");
    sla::ComputeDueRequest { calendar_id: "city".into(), start, duration, ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_counts_over_a_weekend_and_an_equal_version_is_none() {
    let world = World::bare().await;
    let made = world.ada.create_calendar(create_calendar("city", office())).await.unwrap();
    assert_eq!((made.version, made.spec), (1, Some(office())));
    assert_eq!(time(world.otto.compute_due(due(working(8))).await.unwrap().due_at), "2026-03-09T15:00:00Z");
    assert_eq!(time(world.otto.compute_due(due(elapsed(8))).await.unwrap().due_at), "2026-03-06T23:00:00Z");
    let days = world.otto.compute_due(due(business_days(1, "12:00"))).await.unwrap();
    assert_eq!(
        (time(days.due_at), days.working, days.time_zone.as_str()),
        ("2026-03-09T12:00:00Z".to_owned(), seconds(5 * HOUR), "Europe/London")
    );
    let refused = world.otto.compute_due(due(working(200_000))).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "BEYOND_HORIZON"));
    let between = sla::MeasureWorkingTimeRequest {
        calendar_id: "city".into(),
        from: instant("2026-03-06T15:00:00Z"),
        to: instant("2026-03-09T10:00:00Z"),
        ..Default::default()
    };
    assert_eq!(world.otto.measure(between).await.unwrap().working, seconds(3 * HOUR));

    let same = world.ada.update_calendar(update_calendar("city", office())).await.unwrap();
    assert!(!same.changed);
    let mut shorter = office();
    shorter.holidays = vec!["2026-03-09".into()];
    let next = world.ada.update_calendar(update_calendar("city", shorter)).await.unwrap();
    assert_eq!((next.changed, next.calendar.unwrap().version), (true, 2));
    let get = |version| sla::GetCalendarRequest { calendar_id: "city".into(), version };
    assert_eq!(world.otto.get_calendar(get(1)).await.unwrap().spec, Some(office()));
    assert_eq!(world.otto.get_calendar(get(0)).await.unwrap().version, 2);
    assert_eq!(why(&world.otto.get_calendar(get(3)).await.unwrap_err()), (Code::NotFound, "VERSION_NOT_FOUND"));
    let stale = sla::UpdateCalendarRequest { expected_version: 1, ..update_calendar("city", office()) };
    assert_eq!(why(&world.ada.update_calendar(stale).await.unwrap_err()), (Code::Aborted, "REVISION_MISMATCH"));
    let listed = world.otto.list_calendars(sla::ListCalendarsRequest::default()).await.unwrap();
    assert_eq!(listed.calendars.iter().map(|it| (it.id.as_str(), it.version)).collect::<Vec<_>>(), [("city", 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_calendar_is_named_at_once() {
    let world = World::bare().await;
    let mut spec = office();
    spec.time_zone = "+01:00".into();
    spec.weekly.as_mut().unwrap().monday = vec![window("09:00", "12:00"), window("11:00", "17:00")];
    spec.holidays = vec!["2026-12-25".into(), "2026-12-25".into()];
    let refused = world.ada.create_calendar(create_calendar("city", spec)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert_eq!(refused.fields, ["spec.time_zone", "spec.weekly.monday", "spec.holidays[1]"]);
    let empty = sla::CalendarSpec { time_zone: "Europe/London".into(), ..Default::default() };
    assert_eq!(world.ada.create_calendar(create_calendar("city", empty)).await.unwrap_err().fields, ["spec.weekly"]);
    let mut unread = office();
    unread.weekly.as_mut().unwrap().friday = vec![window("9", "25:00")];
    let refused = world.ada.create_calendar(create_calendar("city", unread)).await.unwrap_err();
    assert_eq!(refused.fields, ["spec.weekly.friday[0].start", "spec.weekly.friday[0].end"]);
    let refused = world.ivan.create_calendar(create_calendar("city", office())).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "LEAD_ONLY"));
    let own = sla::CreateCalendarRequest { owner_team: "implementation".into(), ..create_calendar("own", office()) };
    assert_eq!(world.ivan.create_calendar(own).await.unwrap().owner_team, "implementation");
    let taken = world.ada.create_calendar(create_calendar("always", office())).await.unwrap_err();
    assert_eq!(why(&taken), (Code::AlreadyExists, "CALENDAR_EXISTS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_refused_with_everything_that_is_wrong_and_explains_its_matches() {
    let world = World::bare().await;
    let always = target(ClockKind::Acceptance, 8);
    let urgent = sla::Target {
        when: vec![sla::Match { priorities: vec![Priority::Urgent.into()], ..Default::default() }],
        ..target(ClockKind::Acceptance, 2)
    };
    let flawed = sla::Target {
        calendar_id: "nowhere".into(),
        duration: seconds(0).map(|it| sla::TargetDuration { kind: Some(sla::target_duration::Kind::Working(it)) }),
        escalations: vec![escalation(2, "head"), escalation(1, "")],
        ..target(ClockKind::Begin, 8)
    };
    let refused = world.ada.create_policy(create_policy("p", vec![always.clone(), urgent.clone(), flawed])).await;
    assert_eq!(
        refused.unwrap_err().fields,
        [
            "targets[2].duration",
            "targets[2].calendar_id",
            "targets[2].escalations[1].after",
            "targets[2].escalations[1].notify",
            "targets[1].when[0]",
        ]
    );
    let negative = sla::Target { duration: elapsed(-1), ..always.clone() };
    let refused = world.ada.create_policy(create_policy("p", vec![negative])).await.unwrap_err();
    assert_eq!(refused.fields, ["targets[0].duration.elapsed"]);
    let refused = world.ivan.create_policy(create_policy("p", vec![always.clone()])).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "ADMIN_ONLY"));

    world.ada.create_policy(create_policy("p", vec![urgent, always])).await.unwrap();
    let asked = sla::ExplainMatchRequest {
        policy_id: "p".into(),
        clock: ClockKind::Acceptance.into(),
        priority: Priority::Low.into(),
        ..Default::default()
    };
    let explained = world.otto.explain_match(asked).await.unwrap().explanations.remove(0);
    assert_eq!(explained.target_number, 2);
    let steps: Vec<_> = explained.steps.iter().map(|it| (it.target_number, it.match_number, it.holds)).collect();
    assert_eq!(steps, [(1, 1, false), (2, 0, true)]);
    let get = sla::GetPolicyRequest { policy_id: "p".into(), version: 0 };
    assert_eq!(world.otto.get_policy(get).await.unwrap().targets.len(), 2);
    let listed = world.otto.list_policies(sla::ListPoliciesRequest::default()).await.unwrap();
    assert_eq!(listed.policies.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["p"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_move_to_another_version_when_they_are_told_to_and_as_the_dry_run_said() {
    let world = World::under(vec![target(ClockKind::Acceptance, 8)]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.pass(2 * HOUR).await;
    let next = world.ada.update_policy(update_policy(vec![target(ClockKind::Acceptance, 4)])).await.unwrap();
    assert!(next.changed);
    let before = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!((before.policy_version, time(before.due_at)), (1, "2026-03-02T17:00:00Z".to_owned()));
    let migrate = |dry_run| sla::MigrateClocksRequest {
        request_id: request_id(),
        policy_id: before.policy_id.clone(),
        dry_run,
        ..Default::default()
    };
    assert_eq!(why(&world.ivan.migrate(migrate(true)).await.unwrap_err()), (Code::PermissionDenied, "ADMIN_ONLY"));
    let would = world.ada.migrate(migrate(true)).await.unwrap();
    assert_eq!(world.clock(&handoff, ClockKind::Acceptance).await.due_at, before.due_at, "a dry run moves nothing");
    let moved = world.ada.migrate(migrate(false)).await.unwrap();
    assert_eq!(moved, would);
    assert_eq!((moved.moves.len(), moved.to_version), (1, 2));
    assert_eq!(time(moved.moves[0].due_at_after), "2026-03-02T13:00:00Z");
    assert_eq!(moved.moves[0].remaining_after, seconds(2 * HOUR));
    let after = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!((after.policy_version, time(after.due_at)), (2, "2026-03-02T13:00:00Z".to_owned()));
    assert!(world.ada.migrate(migrate(false)).await.unwrap().moves.is_empty(), "again moves nothing");
}
