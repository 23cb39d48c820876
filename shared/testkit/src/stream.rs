//! What came out of NATS.

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures::StreamExt;

/// A message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its sequence in the stream.
    pub sequence: u64,
    /// Its subject without the prefix: `handoff.v1.handoff_created.sales.implementation`.
    pub subject: String,
    /// Its headers, by name.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Its body.
    pub payload: Vec<u8>,
}

impl Fact {
    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The name of the fact: `handoff_created`.
    pub fn name(&self) -> &str {
        self.subject.split('.').nth(2).unwrap_or_default()
    }
}

/// All that a stream holds, in order; None where there is no such stream, or NATS is away.
pub async fn read_stream(nats_url: &str, name: &str) -> Option<Vec<Fact>> {
    let client = async_nats::connect(nats_url).await.ok()?;
    let mut stream = jetstream::new(client).get_stream(name).await.ok()?;
    let messages = usize::try_from(stream.info().await.ok()?.state.messages).ok()?;
    if messages == 0 {
        return Some(vec![]);
    }
    let consumer = stream
        .create_consumer(pull::Config {
            ack_policy: AckPolicy::None,
            deliver_policy: DeliverPolicy::All,
            ..Default::default()
        })
        .await
        .ok()?;
    let mut batch = consumer.stream().max_messages_per_batch(500).messages().await.ok()?;
    let mut facts = Vec::with_capacity(messages);
    while facts.len() < messages {
        let message = batch.next().await?.ok()?;
        let sequence = message.info().ok()?.stream_sequence;
        let headers = message.headers.iter().flat_map(async_nats::HeaderMap::iter);
        facts.push(Fact {
            sequence,
            subject: message.subject.split_once('.').map(|(_, rest)| rest.to_owned()).unwrap_or_default(),
            headers: headers
                .filter_map(|(name, values)| Some((name.to_string(), values.first()?.to_string())))
                .collect(),
            payload: message.payload.to_vec(),
        });
    }
    Some(facts)
}
