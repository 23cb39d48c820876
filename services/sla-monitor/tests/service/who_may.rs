//! Who may do what: every RPC, asked by everybody, about a late clock of implementation. The table is a snapshot to read; beside
//! it every cell is held against the design's rules, which `allowed` writes down apart from the code.

use std::collections::BTreeSet;

use api::{
    event::v1::{GetWatermarkRequest, ListEventsRequest, event_log_service_client::EventLogServiceClient},
    handoff::v1 as pb,
    sla::v1::{
        self as sla, ClockKind, calendar_service_client::CalendarServiceClient,
        clock_service_client::ClockServiceClient, policy_service_client::PolicyServiceClient,
    },
};
use testkit::{
    Bearer, Caller, request_id,
    who::{COLUMNS, Column, Table, rpcs},
};
use tonic::{Code, Status};

use crate::{
    requests::{
        HOUR, acknowledge, create, create_calendar, create_policy, excuse, instant, office, target, update_calendar,
        update_policy, working,
    },
    world::World,
};

const ALL: &str = "uM uL uS dM dL dS bM bL oL nT A- A+ Re Im";

/// The columns that may, of a handoff that is not confidential.
fn allowed(rpc: &str) -> &'static str {
    match rpc {
        // "A team and its calendar a LEAD of it": those below belong to sales. A breach of implementation "a LEAD of the other
        // side" excuses, which is sales too.
        "CreateCalendar" | "UpdateCalendar" | "ExcuseBreach" => "uL bL A- A+",
        "CreatePolicy" | "UpdatePolicy" | "MigrateClocks" => "A- A+",
        // "By the accountable side."
        "AcknowledgeBreach" => "dM dL dS bM bL A- A+",
        "ListEvents" | "GetWatermark" => "A- A+ Re",
        // "Everyone signed in may read."
        _ => ALL,
    }
}

/// A late clock for each asking.
async fn late(world: &World, title: &str, confidential: bool) -> sla::Clock {
    let draft = world.sam.create(pb::CreateHandoffRequest { confidential, ..create(title) }).await.unwrap();
    let submit = pb::SubmitHandoffRequest { request_id: request_id(), handoff_id: draft.id, ..Default::default() };
    let handoff = world.sam.submit(submit).await.unwrap();
    world.pass(25 * HOUR).await;
    world.clock(&handoff, ClockKind::Acceptance).await
}

async fn ask(caller: Caller, rpc: &str, clock: &sla::Clock) -> Result<(), Status> {
    let mut log = EventLogServiceClient::new(caller.clone());
    let mut calendars = CalendarServiceClient::new(caller.clone());
    let mut policies = PolicyServiceClient::new(caller.clone());
    let mut clocks = ClockServiceClient::new(caller);
    let (calendar_id, policy_id) = ("city".to_owned(), clock.policy_id.clone());
    let (clock_id, request_id) = (clock.id.clone(), request_id());
    let (from, to) = (instant("2026-03-02T09:00:00Z"), instant("2026-03-02T10:00:00Z"));
    match rpc {
        "CreateCalendar" => {
            let new = create_calendar(&format!("c{request_id}"), office());
            let new = sla::CreateCalendarRequest { owner_team: "sales".into(), ..new };
            calendars.create_calendar(new).await.map(drop)
        }
        "UpdateCalendar" => calendars.update_calendar(update_calendar("city", office())).await.map(drop),
        "GetCalendar" => calendars.get_calendar(sla::GetCalendarRequest { calendar_id, version: 0 }).await.map(drop),
        "ListCalendars" => calendars.list_calendars(sla::ListCalendarsRequest::default()).await.map(drop),
        "ComputeDue" => {
            let due = sla::ComputeDueRequest { calendar_id, start: from, duration: working(1), ..Default::default() };
            calendars.compute_due(due).await.map(drop)
        }
        "MeasureWorkingTime" => {
            let measure = sla::MeasureWorkingTimeRequest { calendar_id, from, to, ..Default::default() };
            calendars.measure_working_time(measure).await.map(drop)
        }
        "CreatePolicy" => {
            let new = create_policy(&format!("p{request_id}"), vec![target(ClockKind::Begin, 1)]);
            policies.create_policy(new).await.map(drop)
        }
        "UpdatePolicy" => policies.update_policy(update_policy(vec![target(ClockKind::Acceptance, 8)])).await.map(drop),
        "GetPolicy" => policies.get_policy(sla::GetPolicyRequest { policy_id, version: 0 }).await.map(drop),
        "ListPolicies" => policies.list_policies(sla::ListPoliciesRequest::default()).await.map(drop),
        "ExplainMatch" => {
            let explain = sla::ExplainMatchRequest { policy_id, ..Default::default() };
            policies.explain_match(explain).await.map(drop)
        }
        "GetClock" => clocks.get_clock(sla::GetClockRequest { clock_id }).await.map(drop),
        "ListClocks" => clocks.list_clocks(sla::ListClocksRequest::default()).await.map(drop),
        "ExplainClock" => clocks.explain_clock(sla::ExplainClockRequest { clock_id, at: None }).await.map(drop),
        "WatchClocks" => {
            let mut watch = clocks.watch_clocks(sla::WatchClocksRequest::default()).await?.into_inner();
            watch.message().await.map(drop)
        }
        "MigrateClocks" => {
            let migrate = sla::MigrateClocksRequest { request_id, policy_id, dry_run: true, ..Default::default() };
            clocks.migrate_clocks(migrate).await.map(drop)
        }
        "AcknowledgeBreach" => clocks.acknowledge_breach(acknowledge(clock)).await.map(drop),
        "ExcuseBreach" => clocks.excuse_breach(excuse(clock)).await.map(drop),
        "GetAttainment" => clocks.get_attainment(sla::GetAttainmentRequest::default()).await.map(drop),
        "ListEvents" => log.list_events(ListEventsRequest::default()).await.map(drop),
        "GetWatermark" => log.get_watermark(GetWatermarkRequest {}).await.map(drop),
        _ => panic!("{rpc} has no row: say here how it is asked, and in `allowed` who may"),
    }
}

fn calling(world: &World, column: &Column) -> Caller {
    let monitor = &world.monitor;
    monitor.caller_with(column.who.map_or_else(Bearer::nothing, |who| who.bearer(monitor.setting.issuer())))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what_is_what_the_design_says() {
    let world = World::under(vec![target(ClockKind::Acceptance, 8)]).await;
    let city = sla::CreateCalendarRequest { owner_team: "sales".into(), ..create_calendar("city", office()) };
    world.ada.create_calendar(city).await.unwrap();
    let clock = late(&world, "Acme", false).await;
    let mut table = Table::default();
    let rpcs: BTreeSet<String> = rpcs(api::DESCRIPTORS, &["baton.sla.v1", "baton.event.v1"]);
    let mut last = "";
    for (of, rpc) in rpcs.iter().filter_map(|rpc| rpc.split_once('/')) {
        if of != last {
            table.heading(of);
            last = of;
        }
        let mut answers = vec![];
        for column in &COLUMNS {
            answers.push(ask(calling(&world, column), rpc, &clock).await);
        }
        table.row(rpc, allowed(rpc), &[Code::PermissionDenied], &answers);
    }
    assert!(table.wrong.is_empty(), "of {} cells:\n{}", table.cells, table.wrong.join("\n"));
    insta::assert_snapshot!(table.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_confidential_handoff_outsiders_hear_of_no_clock() {
    let world = World::under(vec![target(ClockKind::Acceptance, 8)]).await;
    let clock = late(&world, "Acme", true).await;
    let request = || sla::GetClockRequest { clock_id: clock.id.clone() };
    let unknown = world.otto.get_clock(&uuid_of_none()).await.unwrap_err();
    assert_eq!(world.otto.get_clock(&clock.id).await.unwrap_err().code, unknown.code);
    assert_eq!(world.otto.acknowledge(acknowledge(&clock)).await.unwrap_err().code, Code::NotFound);
    assert_eq!(world.otto.excuse(excuse(&clock)).await.unwrap_err().code, Code::NotFound);
    let explain = sla::ExplainClockRequest { clock_id: request().clock_id, at: None };
    assert_eq!(world.otto.explain_clock(explain).await.unwrap_err().code, Code::NotFound);
    assert!(world.otto.list_clocks(sla::ListClocksRequest::default()).await.unwrap().clocks.is_empty());
    let attainment = || sla::GetAttainmentRequest::default();
    assert_eq!(world.otto.attainment(attainment()).await.unwrap().line_count, 0);
    assert_eq!(world.ines.attainment(attainment()).await.unwrap().line_count, 1);
    assert_eq!(world.ines.get_clock(&clock.id).await.unwrap().id, clock.id);
}

fn uuid_of_none() -> String {
    "00000000-0000-8000-8000-000000000000".to_owned()
}
