//! A fact as the CloudEvent that webhooks are sent.

use api::{handoff::v1::HandoffEvent, metrics::v1::MetricsEvent, sla::v1::SlaEvent};
use chassis::consumer::Heard as Message;
use prost::Name;
use serde_json::{Value, json};

use super::Producer;
use crate::domain::Notice;

/// An event is at most so many bytes; of a larger fact it says where to read it.
const EVENT_BYTES: usize = 256 * 1024;

/// CloudEvents 1.0, structured, JSON; the data is the producer's event message as canonical protobuf JSON. Of a confidential handoff it
/// is the handoff's id alone.
pub(super) fn event(producer: Producer, fact: &Message, notice: &Notice) -> String {
    let id_alone = || match &notice.handoff {
        Some(handoff) => json!({ "handoff_id": handoff.id }),
        None => json!({}),
    };
    let data = if notice.is_confidential() { id_alone() } else { data(producer, &fact.payload) };
    let event = envelope(producer, fact, &data);
    if event.len() <= EVENT_BYTES {
        return event;
    }
    let mut data = id_alone();
    data["omitted"] = format!("the fact is larger than {EVENT_BYTES} bytes: read it in the handoff's timeline").into();
    envelope(producer, fact, &data)
}

fn envelope(producer: Producer, fact: &Message, data: &Value) -> String {
    json!({
        "specversion": "1.0",
        "id": format!("{}/{}", fact.aggregate, fact.aggregate_seq),
        "source": format!("/{}", producer.package().replace('.', "/")),
        "type": fact.r#type,
        "subject": fact.aggregate,
        "time": fact.occurred_at.to_string(),
        "datacontenttype": "application/json",
        "dataschema": producer.event_message(),
        "sequence": fact.aggregate_seq.to_string(),
        "data": data,
    })
    .to_string()
}

fn data(producer: Producer, payload: &[u8]) -> Value {
    fn read<M: prost::Message + Name + Default>(payload: &[u8]) -> Value {
        M::decode(payload).map(|event| api::to_json(&event)).unwrap_or_default()
    }
    match producer {
        Producer::Handoff => read::<HandoffEvent>(payload),
        Producer::Sla => read::<SlaEvent>(payload),
        Producer::Metrics => read::<MetricsEvent>(payload),
    }
}
