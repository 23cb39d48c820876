//! What must have come of it, by the handoff service's own log, and what the SLA monitor says came of it.

use std::collections::{BTreeMap, BTreeSet};

use api::sla::v1::{ClockKind, Evidence, SlaEvent, sla_event::Kind};
use kernel::Timestamp;
use prost::Message;
use sqlx::Row;
use testkit::{Fact, eventually, read_stream};

use crate::stage::{ACCEPTANCE_SECONDS, Stage};

/// What a handoff's acceptance must have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) due_at: Timestamp,
    pub(crate) accepted_at: Option<Timestamp>,
}

impl Expected {
    /// Whether it has breached by an instant at which nothing more comes.
    fn is_breached(&self, by: Timestamp) -> bool {
        self.accepted_at.unwrap_or(by) > self.due_at
    }
}

/// By handoff, from the handoff service's log alone.
pub(crate) async fn expected(stage: &Stage) -> BTreeMap<String, Expected> {
    let mut log = stage.handoff_setting.database.connect().await;
    let rows = sqlx::query(
        "SELECT h.id::text AS id, h.priority,
                max(e.occurred_at) FILTER (WHERE e.type LIKE '%.handoff_submitted') AS submitted_at,
                max(e.occurred_at) FILTER (WHERE e.type LIKE '%.handoff_accepted') AS accepted_at
         FROM handoff.handoff h JOIN event_log e ON e.aggregate = 'handoff/' || h.id GROUP BY h.id, h.priority",
    );
    let rows = rows.fetch_all(&mut log).await.expect("the log is read");
    let expected = rows.into_iter().filter_map(|row| {
        let submitted_at: Timestamp = row.get::<Option<Timestamp>, _>("submitted_at")?;
        let priority = format!("PRIORITY_{}", row.get::<String, _>("priority"));
        let (_, seconds) = ACCEPTANCE_SECONDS.iter().find(|(it, _)| it.as_str_name() == priority)?;
        let due_at = submitted_at.plus_seconds(*seconds);
        Some((row.get("id"), Expected { due_at, accepted_at: row.get("accepted_at") }))
    });
    expected.collect()
}

/// The facts of the monitor's stream, decoded.
pub(crate) async fn said(stage: &Stage) -> Option<Vec<(Fact, SlaEvent)>> {
    let stream = format!("{}_SLA", stage.monitor_setting.prefix.to_uppercase());
    let facts = read_stream(&stage.monitor_setting.nats_url, &stream).await?;
    Some(facts.into_iter().map(|fact| (fact.clone(), SlaEvent::decode(&*fact.payload).expect("an event"))).collect())
}

/// How many breaches the monitor has said.
pub(crate) async fn breaches(stage: &Stage) -> usize {
    let said = said(stage).await.unwrap_or_default();
    said.iter().filter(|(fact, _)| fact.name() == "breached").count()
}

/// Waits until every deadline that must breach has; then each has once, at its time, none early, and no other.
pub(crate) async fn assert_each_breached_once(stage: &Stage) {
    let expected = expected(stage).await;
    let hour = Timestamp::from_micros(i64::MAX);
    // What is due within the hour is not waited for.
    let far: BTreeSet<&String> =
        expected.iter().filter(|(_, it)| it.accepted_at.is_none() && is_far(it)).map(|(id, _)| id).collect();
    let must: BTreeSet<&String> =
        expected.iter().filter(|(id, it)| !far.contains(id) && it.is_breached(hour)).map(|(id, _)| id).collect();
    let said = eventually("every deadline that passed has breached", async || {
        let said = said(stage).await?;
        let breached = said.iter().filter(|(fact, _)| fact.name() == "breached").count();
        (breached >= must.len()).then_some(said)
    })
    .await;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let (mut sequences, mut last) = (BTreeMap::<String, i64>::new(), 0);
    for (fact, event) in &said {
        assert_eq!(fact.sequence, last + 1, "the stream has no gap");
        last = fact.sequence;
        let next = sequences.entry(fact.header("ce-subject").to_owned()).or_default();
        *next += 1;
        assert_eq!(fact.header("ce-sequence"), next.to_string(), "nor has any history");
        let Some(Kind::Breached(breached)) = &event.kind else { continue };
        let clock = event.clock.as_ref().expect("the clock");
        assert_eq!(clock.kind(), ClockKind::Acceptance);
        let breach = breached.breach.as_ref().expect("the breach");
        let id = &clock.handoff.as_ref().expect("the handoff").handoff_id;
        let due_at = instant(breach.due_at.as_ref());
        assert_eq!(due_at, expected[id].due_at, "dated when it was due");
        assert!(instant(breach.detected_at.as_ref()) > due_at, "none early");
        assert_eq!(breach.evidence(), Evidence::Complete);
        *times.entry(id.clone()).or_default() += 1;
    }
    let breached: BTreeSet<&String> = times.keys().collect();
    assert_eq!(breached, must, "each that must, and no other");
    assert!(times.values().all(|times| *times == 1), "once");
    assert_rows(stage, &expected).await;
}

/// The clocks are as the log says.
async fn assert_rows(stage: &Stage, expected: &BTreeMap<String, Expected>) {
    let mut store = stage.monitor_setting.database.connect().await;
    let rows = sqlx::query(
        "SELECT handoff_id::text AS id, state, breached_at FROM sla.clock
         WHERE kind = 'ACCEPTANCE' AND generation = sla.current()",
    );
    let rows = rows.fetch_all(&mut store).await.expect("the clocks are read");
    assert_eq!(rows.len(), expected.len());
    for row in rows {
        let (id, state): (String, String) = (row.get("id"), row.get("state"));
        let expected = expected[&id];
        let state_expected = match expected.accepted_at {
            Some(at) if at <= expected.due_at => "MET",
            Some(_) => "LATE",
            None => "RUNNING",
        };
        assert_eq!(state, state_expected, "{id}: {expected:?}");
        let is_breached = row.get::<Option<Timestamp>, _>("breached_at").is_some();
        assert_eq!(is_breached, !is_far(&expected) && state != "MET", "{id}");
    }
}

/// Whether it is due in an hour.
fn is_far(expected: &Expected) -> bool {
    // The only target of an hour is an hour: nothing else is due so long after it was submitted.
    expected.accepted_at.is_none() && expected.due_at > now().plus_seconds(1_800)
}

#[expect(clippy::disallowed_methods, reason = "a test looks at the same wall clock as the database beside it")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp::from_micros(i64::try_from(since.as_micros()).expect("before 292277"))
}

fn instant(time: Option<&prost_types::Timestamp>) -> Timestamp {
    let time = time.expect("an instant");
    Timestamp::from_seconds_and_nanos(time.seconds, time.nanos).expect("in range")
}
