//! Imported history: one fact per event, by the order of states alone.

use std::{collections::BTreeMap, path::Path};

use criteria::Value;
use kernel::Timestamp;

use super::fixture::{at, handoff_id, no_criteria, sales_to_delivery, team};
use crate::domain::{
    Fact, Handoff, Link, Origin, Priority, Reason, Refused, Side, State,
    handoff::Binding,
    history::{Event, Kind, Known, Past, Record},
    route::{self, Route},
};

fn event(kind: Kind, seconds: i64) -> Event {
    Event { kind, at: at(seconds), actor: Some("anna".to_owned()), reason: None }
}

fn record(events: Vec<Event>) -> Record {
    Record {
        origin: Origin { system: "vinst".to_owned(), key: "1/1".to_owned() },
        incident: Some("1".to_owned()),
        from_team: team("sales"),
        to_team: team("delivery"),
        team_names: ["Sales", "Delivery"].map(str::to_owned),
        title: "PROD1".to_owned(),
        priority: Priority::Low,
        fields: [("product".to_owned(), Value::Text("PROD1".to_owned()))].into(),
        events,
    }
}

fn relive(record: &Record) -> Result<(Handoff, Vec<Fact>), Refused> {
    let binding = Binding::to_past(&sales_to_delivery(), no_criteria());
    let (mut handoff, _) = Handoff::from_history(handoff_id(1), binding, record)?;
    let mut facts = vec![];
    for (index, event) in record.events.iter().enumerate() {
        facts.extend(handoff.relive(index, event, at(1_000))?);
    }
    handoff.must_fit()?;
    Ok((handoff, facts))
}

fn of(kinds: &[Kind]) -> Record {
    record(kinds.iter().zip(0..).map(|(kind, seconds)| event(*kind, seconds)).collect())
}

#[test]
fn a_record_tells_the_whole_life_of_a_handoff() {
    let mut told = of(&[
        Kind::Submitted,
        Kind::Rejected,
        Kind::Submitted,
        Kind::Accepted,
        Kind::Began,
        Kind::Held,
        Kind::Rework,
        Kind::Submitted,
        Kind::Accepted,
        Kind::Began,
        Kind::Held,
        Kind::Resumed,
        Kind::Completed,
    ]);
    told.events[1].reason = Some("no log file".to_owned());
    let (handoff, facts) = relive(&told).unwrap();

    assert_eq!(facts.len(), told.events.len());
    assert_eq!((handoff.state, handoff.attempt(), handoff.rejections, handoff.returns), (State::Completed, 3, 1, 1));
    assert_eq!(handoff.accountable_side, Side::Downstream);
    assert_eq!((handoff.upstream_owner.as_deref(), handoff.downstream_owner.as_deref()), (Some("anna"), Some("anna")));
    assert_eq!(handoff.attempts[0].reasons, [Reason::Other { text: "no log file".to_owned() }]);
    assert_eq!(facts[6], Fact::Returned { attempt: 2, reasons: vec![Reason::Unknown], from_state: State::InProgress });
    assert_eq!(handoff.hold, None);
    assert_eq!(
        (handoff.times.created_at, handoff.triggered_at, handoff.times.completed_at),
        (at(0), at(0), Some(at(12)))
    );
    let link =
        Link { system: "vinst".to_owned(), r#type: "incident".to_owned(), key: "1".to_owned(), url: String::new() };
    assert_eq!(handoff.links, [link]);
}

#[test]
fn an_open_hold_is_downstreams_alone_and_not_agreed() {
    let mut told = of(&[Kind::Submitted, Kind::Accepted, Kind::Began, Kind::Held]);
    told.events[3].reason = Some("Wait - Vendor".to_owned());
    let (handoff, _) = relive(&told).unwrap();
    let hold = handoff.hold.unwrap();
    assert_eq!(
        (hold.reason.as_str(), hold.since, hold.agreed, hold.side),
        ("Wait - Vendor", at(3), false, Side::Downstream)
    );
}

#[test]
fn a_change_of_state_ends_a_hold_without_a_fact_of_its_own() {
    let told = of(&[Kind::Submitted, Kind::Held, Kind::Accepted]);
    let (handoff, facts) = relive(&told).unwrap();
    assert_eq!(handoff.hold, None);
    assert_eq!(
        facts.iter().map(Fact::name).collect::<Vec<_>>(),
        ["handoff_submitted", "handoff_held", "handoff_accepted"]
    );
}

#[test]
fn a_bad_order_is_refused_with_its_place_and_what_was_possible() {
    let refused = relive(&of(&[Kind::Submitted, Kind::Began])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "event 1: a handoff that is SUBMITTED cannot be BEGAN; possible: ACCEPTED, HELD, REJECTED or CANCELLED"
    );
    assert_eq!(refused.reason(), "IMPOSSIBLE_EVENT");
    let refused = relive(&of(&[Kind::Submitted, Kind::Held, Kind::Held])).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "event 2: a handoff that is SUBMITTED and on hold cannot be HELD; possible: ACCEPTED, RESUMED, REJECTED or CANCELLED"
    );
    for first in Kind::ALL.iter().filter(|kind| **kind != Kind::Submitted) {
        assert_eq!(relive(&of(&[*first])).unwrap_err().reason(), "IMPOSSIBLE_EVENT", "a record begins with {first}");
    }
}

#[test]
fn times_neither_go_back_nor_lie_in_the_future() {
    let back = record(vec![event(Kind::Submitted, 5), event(Kind::Accepted, 4)]);
    assert_eq!(relive(&back).unwrap_err(), Refused::EventGoesBack { index: 1, at: at(4), previous_at: at(5) });
    let ahead = record(vec![event(Kind::Submitted, 1_001)]);
    assert_eq!(relive(&ahead).unwrap_err(), Refused::EventInFuture { index: 0, at: at(1_001) });
    let same = record(vec![event(Kind::Submitted, 5), event(Kind::Accepted, 5)]);
    assert!(relive(&same).is_ok(), "two events may bear the same second");
}

#[test]
fn a_record_without_events_or_with_malformed_fields_is_refused() {
    assert_eq!(relive(&record(vec![])).unwrap_err().reason(), "INVALID_REQUEST");
    let mut told = of(&[Kind::Submitted]);
    told.fields = [("No Key".to_owned(), Value::Bool(true))].into();
    let Refused::Invalid(violations) = relive(&told).unwrap_err() else { panic!("no violation") };
    assert_eq!(violations[0].field, "fields.No Key");
}

fn past(record: &Record) -> Vec<Past> {
    let of = |event: &Event| Past { kind: event.kind, at: event.at, by: event.actor.clone().unwrap_or_default() };
    record.events.iter().map(of).collect()
}

#[test]
fn a_record_extends_what_is_stored_or_adds_nothing_or_contradicts_it() {
    let told = of(&[Kind::Submitted, Kind::Accepted, Kind::Began]);
    let (stored, _) = relive(&told).unwrap();
    let known = |record: &Record, past: &[Past]| record.compare(&stored, past);

    assert_eq!(known(&told, &past(&told)), Ok(Known::Whole));
    assert_eq!(known(&of(&[Kind::Submitted]), &past(&told)), Ok(Known::Whole), "an older state of the same record");
    assert_eq!(known(&told, &past(&told)[..2]), Ok(Known::Until(2)));
    let origin = told.origin.clone();
    assert_eq!(
        known(&of(&[Kind::Submitted, Kind::Rejected]), &past(&told)),
        Err(Refused::HistoryContradicted { origin: origin.clone(), index: Some(1) })
    );
    let elsewhere = Record { to_team: team("support"), ..told.clone() };
    assert_eq!(known(&elsewhere, &past(&told)), Err(Refused::HistoryContradicted { origin, index: None }));
}

#[test]
fn each_kind_of_event_is_one_kind_of_fact() {
    let told =
        of(&[Kind::Submitted, Kind::Accepted, Kind::Began, Kind::Held, Kind::Resumed, Kind::Rework, Kind::Cancelled]);
    let (_, facts) = relive(&told).unwrap();
    let kinds: Vec<_> = facts.iter().map(|fact| Kind::of_fact(fact.name()).unwrap()).collect();
    assert_eq!(kinds, told.events.iter().map(|event| event.kind).collect::<Vec<_>>());
    assert_eq!(Kind::of_fact("handoff_created"), None);
}

#[test]
fn the_volvo_log_imports_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/volvo-2013/handoffs.jsonl");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: the log is not on this machine");
        return;
    };
    let empty = no_criteria();
    let mut facts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ends: BTreeMap<State, usize> = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        let record = parse(&serde_json::from_str(line).unwrap());
        let id = route::RouteId::of_pair(&record.from_team, &record.to_team).next().unwrap();
        let importer = super::fixture::admin();
        let (route, _) =
            Route::discover(&importer, id, record.from_team.clone(), record.to_team.clone(), at(0)).unwrap();
        let binding = Binding::to_past(&route, empty.clone());
        let (mut handoff, _) = Handoff::from_history(handoff_id(n as u128), binding, &record).unwrap();
        for (index, event) in record.events.iter().enumerate() {
            let told = handoff.relive(index, event, at(0)).unwrap_or_else(|refused| panic!("line {n}: {refused}"));
            for fact in told {
                *facts.entry(fact.name()).or_default() += 1;
            }
        }
        handoff.must_fit().unwrap();
        *ends.entry(handoff.state).or_default() += 1;
    }
    assert_eq!((ends.values().sum::<usize>(), facts.values().sum::<usize>()), (4_783, 25_573));
    assert_eq!((ends[&State::Completed], ends[&State::Cancelled], ends[&State::InProgress]), (3_910, 870, 2));
    assert_eq!((facts["handoff_rejected"], facts["handoff_returned"], facts["handoff_held"]), (133, 1_060, 2_276));
}

fn parse(line: &serde_json::Value) -> Record {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let kind = |name: &str| Kind::from_name(&name.to_uppercase()).unwrap();
    Record {
        origin: Origin { system: text(&line["external_ref"]["system"]), key: text(&line["external_ref"]["key"]) },
        incident: Some(text(&line["incident"])),
        from_team: team(&text(&line["from_team"])),
        to_team: team(&text(&line["to_team"])),
        team_names: [text(&line["from_team"]), text(&line["to_team"])],
        title: text(&line["title"]),
        priority: Priority::from_name(&text(&line["priority"])).unwrap(),
        fields: line["fields"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), Value::Text(text(v)))).collect(),
        events: line["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| Event {
                kind: kind(event["type"].as_str().unwrap()),
                at: event["at"].as_str().unwrap().parse::<Timestamp>().unwrap(),
                actor: event["actor"].as_str().map(str::to_owned),
                reason: event["reason"].as_str().map(str::to_owned),
            })
            .collect(),
    }
}
