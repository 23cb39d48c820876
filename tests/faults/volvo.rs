//! Two years of real handoffs under a policy of eight working hours: what a naive count says, twice, and in any order.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use api::{
    handoff::v1::{
        HistoricEvent, HistoricEventKind, HistoricHandoff, ImportHandoffsRequest, ImportMapRequest, Origin, Priority,
        route_service_client::RouteServiceClient,
    },
    sla::v1::{
        CalendarSpec, ClockKind, CreateCalendarRequest, CreatePolicyRequest, GetAttainmentRequest, Target,
        TargetDuration, Week, Window, calendar_service_client::CalendarServiceClient,
        clock_service_client::ClockServiceClient, policy_service_client::PolicyServiceClient, target_duration,
    },
};
use calendar::{Calendar, Spec};
use kernel::Timestamp;
use serde::Deserialize;
use sla_monitor::SlaMonitor;
use testkit::{Database, People, Program, Setting, eventually, request_id};

use crate::{
    order::{Told, copy_policies, recorded, shuffled},
    stage::Stage,
};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/volvo-2013/handoffs.jsonl");
const TARGET_SECONDS: i64 = 8 * 3_600;

#[derive(Deserialize)]
struct Line {
    external_ref: Reference,
    incident: String,
    from_team: String,
    to_team: String,
    title: String,
    priority: String,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Reference {
    system: String,
    key: String,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    at: Timestamp,
    actor: String,
    #[serde(default)]
    reason: String,
}

/// Met, late, open and late, cancelled.
type Counts = [i64; 4];

#[tokio::test(flavor = "multi_thread")]
async fn attainment_is_what_a_naive_count_says_again_and_in_any_order() {
    let Ok(log) = fs::read_to_string(LOG) else {
        println!("not run: the log of Volvo IT does not lie beside the project");
        return;
    };
    let lines: Vec<Line> = log.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let expected = naive(&lines);

    let first = Stage::new(1).await;
    import(&first, &lines).await;
    assert_same(&settled(&first.monitors[0], &expected).await, &expected);

    // The same facts in another order between handoffs, in another monitor.
    let told = shuffled(&recorded(&first).await, 1);
    let prefix = format!("{}v", first.monitor_setting.prefix.chars().take(20).collect::<String>());
    let database = Database::new::<SlaMonitor>().await;
    let setting = Setting { database, prefix, ..first.monitor_setting.clone() };
    copy_policies(&first.monitor_setting, &setting).await;
    let url = Told(told).serve().await;
    let second = Program::start::<SlaMonitor>(&setting, &[("SERVICE__HANDOFF_URL", url)]).await;
    assert_same(&settled(&second, &expected).await, &expected);
}

/// Says where they differ.
fn assert_same(found: &BTreeMap<String, Counts>, expected: &BTreeMap<String, Counts>) {
    let teams = expected.keys().chain(found.keys());
    let differing: Vec<_> = teams
        .filter(|team| found.get(*team) != expected.get(*team))
        .map(|team| (team, found.get(team), expected.get(team)))
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} teams: {:?}",
        differing.len(),
        expected.len(),
        &differing[..differing.len().min(12)]
    );
}

/// Each submit and what became of it, counted by the team that decides.
fn naive(lines: &[Line]) -> BTreeMap<String, Counts> {
    let office = Calendar::new(&office()).expect("a calendar");
    let mut teams: BTreeMap<String, Counts> = BTreeMap::new();
    for line in lines {
        let mut due = None;
        let counts = teams.entry(line.to_team.clone()).or_default();
        for event in &line.events {
            match (event.r#type.as_str(), due) {
                ("submitted", _) => due = office.add(event.at, TARGET_SECONDS * 1_000_000).ok(),
                ("accepted" | "rejected", Some(at)) => {
                    counts[usize::from(event.at > at)] += 1;
                    due = None;
                }
                ("cancelled", Some(at)) => {
                    counts[if event.at > at { 1 } else { 3 }] += 1;
                    due = None;
                }
                _ => {}
            }
        }
        counts[2] += i64::from(due.is_some());
    }
    teams.retain(|_, counts| counts.iter().sum::<i64>() > 0);
    teams
}

fn office() -> Spec {
    let day = vec![calendar::Window::new((9, 0), (17, 0))];
    Spec {
        time_zone: "Europe/Stockholm".to_owned(),
        weekly: [day.clone(), day.clone(), day.clone(), day.clone(), day, vec![], vec![]],
        holidays: vec![],
        overrides: vec![],
    }
}

async fn import(stage: &Stage, lines: &[Line]) {
    let day = vec![Window { start: "09:00".into(), end: "17:00".into() }];
    let weekly = Week {
        monday: day.clone(),
        tuesday: day.clone(),
        wednesday: day.clone(),
        thursday: day.clone(),
        friday: day,
        ..Default::default()
    };
    let calendar = CreateCalendarRequest {
        request_id: request_id(),
        calendar_id: "office".into(),
        spec: Some(CalendarSpec { time_zone: "Europe/Stockholm".into(), weekly: Some(weekly), ..Default::default() }),
        ..Default::default()
    };
    let admin = stage.monitors[0].caller(People::Admin);
    CalendarServiceClient::new(admin.clone()).create_calendar(calendar).await.expect("the calendar is created");
    let target = Target {
        clock: ClockKind::Acceptance.into(),
        duration: Some(TargetDuration {
            kind: Some(target_duration::Kind::Working(api::duration_from_seconds(TARGET_SECONDS))),
        }),
        calendar_id: "office".into(),
        ..Default::default()
    };
    let policy = CreatePolicyRequest {
        request_id: request_id(),
        policy_id: "eight-hours".into(),
        targets: vec![target],
        ..Default::default()
    };
    PolicyServiceClient::new(admin).create_policy(policy).await.expect("the policy is created");
    let map = ImportMapRequest { request_id: request_id(), yaml: map(lines), dry_run: false };
    let mut routes = RouteServiceClient::new(stage.handoff.caller(People::Admin));
    routes.import_map(map).await.expect("the map is imported");
    let records: Vec<_> = lines.iter().map(|line| ImportHandoffsRequest { record: Some(record(line)) }).collect();
    let answer = stage.handoffs(People::Importer).import_handoffs(tokio_stream::iter(records)).await;
    assert_eq!(answer.expect("the history is imported").into_inner().refused, 0);
}

/// Every team, and every route under terms that name the policy.
fn map(lines: &[Line]) -> String {
    let mut pairs: Vec<(&str, &str)> = lines.iter().map(|it| (it.from_team.as_str(), it.to_team.as_str())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut teams: Vec<&str> = pairs.iter().flat_map(|(from, to)| [*from, *to]).collect();
    teams.sort_unstable();
    teams.dedup();
    let mut yaml = "teams:\n".to_owned();
    for team in &teams {
        writeln!(yaml, "- {{id: {team}}}").expect("a text grows");
    }
    yaml.push_str("routes:\n");
    for (n, (from, to)) in pairs.iter().enumerate() {
        writeln!(yaml, "- {{id: r{n}, from_team: {from}, to_team: {to}, terms: {{sla_policy_id: eight-hours}}}}")
            .expect("a text grows");
    }
    assert_eq!((teams.len(), pairs.len()), (570, 1_634));
    yaml
}

fn record(line: &Line) -> HistoricHandoff {
    let priority = Priority::from_str_name(&format!("PRIORITY_{}", line.priority));
    let event = |event: &Event| {
        let name = format!("HISTORIC_EVENT_KIND_{}", event.r#type.to_uppercase());
        HistoricEvent {
            kind: HistoricEventKind::from_str_name(&name).expect("a kind of the contract").into(),
            at: Some(api::timestamp(event.at)),
            actor: event.actor.clone(),
            reason: event.reason.clone(),
        }
    };
    HistoricHandoff {
        origin: Some(Origin { system: line.external_ref.system.clone(), key: line.external_ref.key.clone() }),
        incident: line.incident.clone(),
        from_team: line.from_team.clone(),
        to_team: line.to_team.clone(),
        title: line.title.clone(),
        priority: priority.expect("a priority of the contract").into(),
        events: line.events.iter().map(event).collect(),
        ..Default::default()
    }
}

/// Attainment by team once it has as many clocks as are expected, or grows no more.
async fn settled(monitor: &Program, expected: &BTreeMap<String, Counts>) -> BTreeMap<String, Counts> {
    let clocks: i64 = expected.values().flatten().sum();
    let (mut last, mut still) = (-1, 0);
    loop {
        let teams = eventually("the monitor answers", async || attainment(monitor).await).await;
        let so_far = teams.values().flatten().sum();
        still = if so_far == last { still + 1 } else { 0 };
        if so_far == clocks || still > 10 {
            return teams;
        }
        last = so_far;
        crate::stage::pass(std::time::Duration::from_secs(1)).await;
    }
}

async fn attainment(monitor: &Program) -> Option<BTreeMap<String, Counts>> {
    let request = GetAttainmentRequest { page_size: 1_000, historic: Some(true), ..Default::default() };
    let answer = ClockServiceClient::new(monitor.caller(People::Admin)).get_attainment(request).await.ok()?;
    let lines = answer.into_inner().lines.into_iter();
    Some(lines.map(|it| (it.key, [it.met, it.late, it.open_breached, it.cancelled])).collect())
}
