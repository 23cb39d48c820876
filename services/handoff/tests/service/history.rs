//! Records of history, in as few words as a test can say them.

use api::handoff::v1 as pb;
use kernel::Timestamp;
use pb::HistoricEventKind as Kind;

use crate::requests::origin;

/// The handoff of an outside record, from sales to implementation: one event a minute, the first in the second week of 2026.
/// Sam does what upstream does, Ivan what downstream does.
pub(crate) fn record(key: &str, events: &[Kind]) -> pb::HistoricHandoff {
    pb::HistoricHandoff {
        origin: origin(key),
        from_team: "sales".into(),
        to_team: "implementation".into(),
        title: key.into(),
        events: (0..).zip(events).map(|(minute, kind)| event(*kind, minute)).collect(),
        ..Default::default()
    }
}

fn event(kind: Kind, minute: i64) -> pb::HistoricEvent {
    let actor = if matches!(kind, Kind::Submitted | Kind::Cancelled) { "sam" } else { "ivan" };
    pb::HistoricEvent { kind: kind.into(), at: at_minute(minute), actor: actor.into(), reason: String::new() }
}

/// So many minutes after the first event of every record.
pub(crate) fn at_minute(minute: i64) -> Option<prost_types::Timestamp> {
    let first: Timestamp = "2026-01-05T08:00:00Z".parse().expect("an instant");
    Some(api::timestamp(first.plus_seconds(minute * 60)))
}

/// The same record, everything in it so many minutes later.
pub(crate) fn later(minutes: i64, mut record: pb::HistoricHandoff) -> pb::HistoricHandoff {
    for at in record.events.iter_mut().filter_map(|event| event.at.as_mut()) {
        at.seconds += minutes * 60;
    }
    record
}
