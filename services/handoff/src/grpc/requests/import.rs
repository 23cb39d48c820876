//! A record of history as the domain takes it.

use api::handoff::v1 as pb;
use chassis::Fields;
use kernel::{Error, Slug};

use super::{
    parts,
    reading::{each, name, optional_name, short},
};
use crate::{
    domain::{
        Priority, TeamId,
        history::{Event, Kind, Record},
        limits::{EVENTS_MAX, KEY_MAX_CHARS, TEXT_MAX_BYTES},
    },
    grpc::twins::Twin,
};

/// The record, or a refusal with all that is wrong with it.
pub(in crate::grpc) fn record(message: pb::HistoricHandoff) -> Result<Record, Error> {
    let mut fields = Fields::default();
    let record = read(message, &mut fields);
    fields.settle(record)
}

fn read(message: pb::HistoricHandoff, fields: &mut Fields) -> Option<Record> {
    let origin = match &message.origin {
        Some(origin) => parts::origin(fields, "record.origin", origin),
        None => fields.refuse("record.origin", "is required: the outside record"),
    };
    let incident = short(fields, "record.incident", &message.incident, KEY_MAX_CHARS);
    let from_team = team(fields, "record.from_team", &message.from_team);
    let to_team = team(fields, "record.to_team", &message.to_team);
    let title = name(fields, "record.title", &message.title);
    let priority = Priority::read_optional(fields, "record.priority", message.priority);
    let values = parts::values(fields, "record.fields", message.fields);
    if message.events.is_empty() {
        fields.violation("record.events", "give at least one event");
    }
    let events = each(fields, "record.events", message.events, EVENTS_MAX, event);
    Some(Record {
        origin: origin?,
        incident: incident.map(|key| (!key.is_empty()).then_some(key))?,
        from_team: from_team?,
        to_team: to_team?,
        team_names: [message.from_team, message.to_team].map(|name| name.trim().to_owned()),
        title: title?,
        priority: priority?.unwrap_or(Priority::Normal),
        fields: values?,
        events: events?,
    })
}

/// A team under its own slug, or under one made of its foreign name.
fn team(fields: &mut Fields, path: &str, text: &str) -> Option<TeamId> {
    let named = name(fields, path, text)?;
    match named.parse().ok().or_else(|| Slug::of_foreign(&named)) {
        Some(slug) => Some(slug.into()),
        None => fields.refuse(path, "has no letter and no digit to make a slug of"),
    }
}

fn event(fields: &mut Fields, path: &str, event: pb::HistoricEvent) -> Option<Event> {
    let kind = Kind::read(fields, &format!("{path}.kind"), event.kind);
    let at = fields.time(&format!("{path}.at"), event.at);
    let actor = optional_name(fields, &format!("{path}.actor"), &event.actor);
    let reason = fields.optional_text(&format!("{path}.reason"), &event.reason, TEXT_MAX_BYTES);
    Some(Event { kind: kind?, at: at?, actor: actor?, reason: reason? })
}
