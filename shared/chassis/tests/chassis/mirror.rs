//! The stream mirrors the log: the same facts, in the same order, at sequences that are the positions.

use std::collections::{BTreeMap, HashMap};

use kernel::Timestamp;
use sqlx::Connection;
use testkit::{Fact, Served, eventually, read_stream};

/// A fact of the log with its position.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Logged {
    pub(crate) position: i64,
    pub(crate) event_id: i64,
    pub(crate) aggregate: String,
    pub(crate) aggregate_seq: i64,
    pub(crate) r#type: String,
    pub(crate) routing: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) previous_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) actor: String,
    pub(crate) occurred_at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    pub(crate) historic: bool,
    pub(crate) confidential: bool,
    pub(crate) traceparent: String,
}

/// All that has a position, in order.
pub(crate) async fn log(served: &Served) -> Vec<Logged> {
    const LOG: &str = "SELECT o.position, o.event_id, e.* FROM event_order o JOIN event_log e ON e.id = o.event_id
                       ORDER BY o.position";
    let mut connection = served.setting.database.connect().await;
    let logged = sqlx::query_as(LOG).fetch_all(&mut connection).await.expect("the log is read");
    connection.close().await.expect("the connection closes");
    logged
}

/// Waits until every committed fact is in the stream, and proves that the stream holds exactly the log, from `first` on.
pub(crate) async fn must_mirror_from(served: &Served, first: i64) -> Vec<Logged> {
    let facts = served.facts().await;
    let wanted = usize::try_from(facts - first + 1).expect("a small log");
    let stream = eventually("every fact is in the stream", async || {
        let stream = read_stream(&served.setting.nats_url, served.stream()).await?;
        (stream.len() >= wanted).then_some(stream)
    })
    .await;
    let logged = log(served).await;

    let positions: Vec<i64> = logged.iter().map(|fact| fact.position).collect();
    assert_eq!(positions, (1..=facts).collect::<Vec<_>>(), "positions are 1, 2, 3, ... for every fact");
    let mut last: HashMap<&str, i64> = HashMap::new();
    for fact in &logged {
        let before = last.insert(&fact.aggregate, fact.aggregate_seq).unwrap_or_default();
        assert_eq!(fact.aggregate_seq, before + 1, "the order of {} holds", fact.aggregate);
    }

    let source = format!("/{}/probe/1", served.setting.prefix);
    let expected = logged.iter().filter(|fact| fact.position >= first).map(|fact| on_the_wire(fact, &source));
    assert_eq!(stream.into_iter().map(without_batch).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    logged
}

/// Waits until every committed fact is in the stream, and proves that the stream holds exactly the log.
pub(crate) async fn must_mirror(served: &Served) -> Vec<Logged> {
    must_mirror_from(served, 1).await
}

/// A fact as CloudEvents 1.0 has it in NATS (binary mode).
fn on_the_wire(fact: &Logged, source: &str) -> Fact {
    let name = fact.r#type.strip_prefix("baton.handoff.v1.").expect("every fact is of the package");
    let mut headers = BTreeMap::from([
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", fact.event_id.to_string()),
        ("ce-source", source.to_owned()),
        ("ce-type", fact.r#type.clone()),
        ("ce-subject", fact.aggregate.clone()),
        ("ce-time", fact.occurred_at.to_string()),
        ("ce-recordedtime", fact.recorded_at.to_string()),
        ("ce-datacontenttype", "application/protobuf".to_owned()),
        ("ce-dataschema", "baton.handoff.v1.HandoffEvent".to_owned()),
        ("ce-sequence", fact.aggregate_seq.to_string()),
        ("ce-historic", fact.historic.to_string()),
    ]);
    if !fact.traceparent.is_empty() {
        headers.insert("traceparent", fact.traceparent.clone());
    }
    Fact {
        sequence: fact.position.unsigned_abs(),
        subject: format!("handoff.v1.{name}.{}", fact.routing),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        payload: fact.payload.clone(),
    }
}

/// The headers by which a batch is written are no part of the fact.
fn without_batch(mut fact: Fact) -> Fact {
    fact.headers.retain(|name, _| !name.starts_with("Nats-"));
    fact
}
