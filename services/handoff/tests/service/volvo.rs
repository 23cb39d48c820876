//! The real log of two years of handoffs at Volvo IT, where it lies beside the project.

use std::{collections::BTreeMap, fs, path::Path};

use api::{
    handoff::v1 as pb,
    r#type::v1::{FieldValue, field_value::Kind},
};
use serde::Deserialize;
use sqlx::Connection;
use tokio::time::Instant;

use crate::world::World;

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/volvo-2013/handoffs.jsonl");

#[derive(Deserialize)]
struct Line {
    external_ref: Reference,
    incident: String,
    from_team: String,
    to_team: String,
    title: String,
    priority: String,
    fields: BTreeMap<String, String>,
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
    at: kernel::Timestamp,
    actor: String,
    #[serde(default)]
    reason: String,
}

impl From<Line> for pb::HistoricHandoff {
    fn from(line: Line) -> Self {
        let priority = pb::Priority::from_str_name(&format!("PRIORITY_{}", line.priority));
        let value = |text| FieldValue { kind: Some(Kind::Text(text)) };
        Self {
            origin: Some(pb::Origin { system: line.external_ref.system, key: line.external_ref.key }),
            incident: line.incident,
            from_team: line.from_team,
            to_team: line.to_team,
            title: line.title,
            priority: priority.expect("a priority of the contract").into(),
            fields: line.fields.into_iter().map(|(key, text)| (key, value(text))).collect(),
            events: line.events.into_iter().map(pb::HistoricEvent::from).collect(),
        }
    }
}

impl From<Event> for pb::HistoricEvent {
    fn from(event: Event) -> Self {
        let name = format!("HISTORIC_EVENT_KIND_{}", event.r#type.to_uppercase());
        Self {
            kind: pb::HistoricEventKind::from_str_name(&name).expect("a kind of the contract").into(),
            at: Some(api::timestamp(event.at)),
            actor: event.actor,
            reason: event.reason,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_log_goes_in_whole_and_a_second_time_adds_nothing() {
    let Ok(log) = fs::read_to_string(Path::new(LOG)) else {
        println!("not run: the log of Volvo IT does not lie beside the project");
        return;
    };
    let records: Vec<pb::HistoricHandoff> = log
        .lines()
        .map(|line| serde_json::from_str::<Line>(line).expect("a line of the log is a record").into())
        .collect();
    let world = World::empty().await;
    let started = Instant::now();
    let first = world.importer.import(records.clone()).await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = world.service.facts().await as f64 / seconds;
    println!("{seconds:.1} s, {rate:.0} facts/s");

    assert_eq!((first.records, first.created, first.refused, first.facts), (4_783, 4_783, 0, 25_573));
    assert_eq!((first.teams_created, first.routes_discovered), (570, 1_634));
    let counts = counts(&world).await;
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<i64>(), 4_783 + 25_573 + 570 + 1_634);
    let lines: Vec<_> = counts.iter().map(|(name, count)| format!("{count:>5} {name}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    4972 handoff_accepted
    4972 handoff_begun
     870 handoff_cancelled
    3910 handoff_completed
    4783 handoff_created
    2276 handoff_held
     133 handoff_rejected
    2275 handoff_resumed
    1060 handoff_returned
    5105 handoff_submitted
    1634 route_discovered
     570 team_created
    ");

    let again = world.importer.import(records).await.unwrap();
    assert_eq!((again.created, again.extended, again.unchanged, again.refused), (0, 0, 4_783, 0));
    assert_eq!((again.facts, again.teams_created, again.routes_discovered), (0, 0, 0));
    assert_eq!(self::counts(&world).await, counts);
}

/// How many facts of each name the log holds.
async fn counts(world: &World) -> Vec<(String, i64)> {
    let mut connection = world.service.setting.database.connect().await;
    let counts = sqlx::query_as("SELECT type, count(*) FROM event_log GROUP BY type ORDER BY type");
    let counts: Vec<(String, i64)> = counts.fetch_all(&mut connection).await.expect("the log is counted");
    connection.close().await.expect("the connection closes");
    counts.into_iter().map(|(name, count)| (name.replace("baton.handoff.v1.", ""), count)).collect()
}
