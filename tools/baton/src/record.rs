//! One line of an import: a handoff with its past, as another system's log tells it.

use std::collections::BTreeMap;

use api::{
    handoff::v1::{HistoricEvent, HistoricEventKind, HistoricHandoff, Origin, Priority},
    r#type::v1::{FieldValue, field_value::Kind},
};
use kernel::Timestamp;
use prost::Message as _;
use serde::Deserialize;
use serde_json::{Number, error::Category};

/// What the service takes in one message.
const MAX_RECORD_BYTES: usize = 1 << 20;

/// A line that is not sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// The kind of defect, `UPPER_SNAKE`.
    pub(crate) reason: &'static str,
    /// What is wrong with it.
    pub(crate) message: String,
}

/// Reads one line.
pub(crate) fn parse(line: &[u8]) -> Result<HistoricHandoff, BadLine> {
    let record: Record = serde_json::from_slice(line).map_err(|error| {
        let reason = if error.classify() == Category::Data { "NOT_A_RECORD" } else { "NOT_JSON" };
        // The place within the file is the caller's to tell; only the column means something here.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let message = text.strip_suffix(&place).unwrap_or(&text);
        BadLine { reason, message: format!("{message} (column {})", error.column()) }
    })?;
    let record = HistoricHandoff::from(record);
    match record.encoded_len() {
        0..=MAX_RECORD_BYTES => Ok(record),
        bytes => Err(BadLine {
            reason: "TOO_LARGE",
            message: format!("the record has {bytes} bytes, at most {MAX_RECORD_BYTES} can be sent"),
        }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    external_ref: ExternalRef,
    #[serde(default)]
    incident: String,
    from_team: String,
    to_team: String,
    title: String,
    #[serde(default)]
    priority: Urgency,
    #[serde(default)]
    fields: BTreeMap<String, Plain>,
    events: Vec<Happened>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalRef {
    system: String,
    key: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "UPPERCASE")]
enum Urgency {
    Low,
    #[default]
    Normal,
    High,
    Urgent,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a field is a text, a number, true or false")]
enum Plain {
    Text(String),
    Number(Number),
    Flag(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happened {
    r#type: What,
    at: Timestamp,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Submitted,
    Accepted,
    Began,
    Held,
    Resumed,
    Rejected,
    Rework,
    Completed,
    Cancelled,
}

impl From<Record> for HistoricHandoff {
    fn from(record: Record) -> Self {
        Self {
            origin: Some(Origin { system: record.external_ref.system, key: record.external_ref.key }),
            incident: record.incident,
            from_team: record.from_team,
            to_team: record.to_team,
            title: record.title,
            priority: Priority::from(record.priority).into(),
            fields: record.fields.into_iter().map(|(key, value)| (key, value.into())).collect(),
            events: record.events.into_iter().map(HistoricEvent::from).collect(),
        }
    }
}

impl From<Urgency> for Priority {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Low => Self::Low,
            Urgency::Normal => Self::Normal,
            Urgency::High => Self::High,
            Urgency::Urgent => Self::Urgent,
        }
    }
}

impl From<Plain> for FieldValue {
    fn from(value: Plain) -> Self {
        let kind = match value {
            Plain::Text(text) => Kind::Text(text),
            Plain::Flag(flag) => Kind::Flag(flag),
            Plain::Number(number) => number.as_i64().map_or_else(|| Kind::Decimal(number.to_string()), Kind::Integer),
        };
        Self { kind: Some(kind) }
    }
}

impl From<Happened> for HistoricEvent {
    fn from(event: Happened) -> Self {
        let kind = match event.r#type {
            What::Submitted => HistoricEventKind::Submitted,
            What::Accepted => HistoricEventKind::Accepted,
            What::Began => HistoricEventKind::Began,
            What::Held => HistoricEventKind::Held,
            What::Resumed => HistoricEventKind::Resumed,
            What::Rejected => HistoricEventKind::Rejected,
            What::Rework => HistoricEventKind::Rework,
            What::Completed => HistoricEventKind::Completed,
            What::Cancelled => HistoricEventKind::Cancelled,
        };
        Self { kind: kind.into(), at: Some(api::timestamp(event.at)), actor: event.actor, reason: event.reason }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use insta::assert_snapshot;

    use super::*;

    const LINE: &str = r#"{"external_ref":{"system":"vinst","key":"1-36/1"},"incident":"1-36","from_team":"v30","to_team":"v5-3rd",
        "title":"PROD582 incident","priority":"HIGH","fields":{"impact":"Medium","seats":4,"share":0.5,"vip":true},
        "events":[{"type":"submitted","at":"2010-03-31T15:45:48Z","actor":"fr-frederic"},
                  {"type":"rework","at":"2010-04-06T14:44:38Z","actor":"fr-anne","reason":"not ours"}]}"#;

    fn refusal(line: &str) -> String {
        let bad = parse(line.as_bytes()).unwrap_err();
        format!("{}: {}", bad.reason, bad.message)
    }

    #[test]
    fn a_line_becomes_a_record() {
        let record = parse(LINE.as_bytes()).unwrap();
        assert_snapshot!(serde_json::to_string_pretty(&api::to_json(&record)).unwrap(), @r#"
        {
          "events": [
            {
              "actor": "fr-frederic",
              "at": "2010-03-31T15:45:48Z",
              "kind": "HISTORIC_EVENT_KIND_SUBMITTED"
            },
            {
              "actor": "fr-anne",
              "at": "2010-04-06T14:44:38Z",
              "kind": "HISTORIC_EVENT_KIND_REWORK",
              "reason": "not ours"
            }
          ],
          "fields": {
            "impact": {
              "text": "Medium"
            },
            "seats": {
              "integer": 4
            },
            "share": {
              "decimal": "0.5"
            },
            "vip": {
              "flag": true
            }
          },
          "from_team": "v30",
          "incident": "1-36",
          "origin": {
            "key": "1-36/1",
            "system": "vinst"
          },
          "priority": "PRIORITY_HIGH",
          "title": "PROD582 incident",
          "to_team": "v5-3rd"
        }
        "#);
    }

    #[test]
    fn a_line_that_is_no_record_is_refused_with_its_reason() {
        let told = [
            refusal("{\"external_ref\":"),
            refusal("not json at all"),
            refusal("{}"),
            refusal(&LINE.replace("rework", "reworked")),
            refusal(&LINE.replace("HIGH", "high")),
            refusal(&LINE.replace("2010-04-06T14:44:38Z", "yesterday")),
            refusal(&LINE.replace("\"incident\"", "\"incidents\"")),
            refusal(&LINE.replace("\"Medium\"", "[1]")),
            refusal(&LINE.replace("not ours", &"x".repeat(MAX_RECORD_BYTES))),
        ];
        assert_snapshot!(told.join("\n"), @"
        NOT_JSON: EOF while parsing a value (column 16)
        NOT_JSON: expected ident (column 2)
        NOT_A_RECORD: missing field `external_ref` (column 2)
        NOT_A_RECORD: unknown variant `reworked`, expected one of `submitted`, `accepted`, `began`, `held`, `resumed`, `rejected`, `rework`, `completed`, `cancelled` (column 36)
        NOT_A_RECORD: unknown variant `high`, expected one of `LOW`, `NORMAL`, `HIGH`, `URGENT` (column 52)
        NOT_A_RECORD: not an instant: yesterday; write RFC 3339, as 2026-11-23T09:00:00Z (column 51)
        NOT_A_RECORD: unknown field `incidents`, expected one of `external_ref`, `incident`, `from_team`, `to_team`, `title`, `priority`, `fields`, `events` (column 61)
        NOT_A_RECORD: a field is a text, a number, true or false (column 75)
        TOO_LARGE: the record has 1048744 bytes, at most 1048576 can be sent
        ");
    }

    #[test]
    fn every_line_of_the_real_log_is_a_record() {
        let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/volvo-2013/handoffs.jsonl");
        let Ok(text) = fs::read(log) else { return };
        let records: Vec<_> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(parse).collect();
        assert_eq!(records.iter().filter(|record| record.is_err()).count(), 0);
        assert_eq!(records.len(), 4_783);
        let events: usize = records.iter().flatten().map(|record| record.events.len()).sum();
        assert_eq!(events, 25_573);
    }
}
