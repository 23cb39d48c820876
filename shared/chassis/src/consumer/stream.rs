//! A producer's stream, from a position on.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{
        self,
        consumer::{AckPolicy, DeliverPolicy, pull},
    },
};
use futures::{FutureExt, StreamExt};
use kernel::{Error, Result, Timestamp};
use tokio::time::timeout;

use super::{Heard, apply::Place};
pub(super) use crate::stream::away;

/// A consumer that nobody reads from is forgotten by the broker.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a stream brings after a position.
pub(super) struct Messages {
    brought: pull::Stream,
    pub(super) generation: i64,
    /// How many facts of the stream follow the last one that was brought.
    pub(super) pending: u64,
}

impl Messages {
    /// Makes a consumer of its own that begins after the place.
    pub(super) async fn open(client: &async_nats::Client, prefix: &str, package: &str, place: Place) -> Result<Self> {
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(ANSWER_TIMEOUT);
        let domain = package.split('.').nth(1).unwrap_or_default();
        let name = format!("{prefix}_{domain}").to_uppercase();
        let start_sequence = u64::try_from(place.position + 1).map_err(Error::fault)?;
        let stream = jetstream.get_stream_no_info(&name).await.map_err(away)?;
        let consumer = stream.create_consumer(pull::Config {
            ack_policy: AckPolicy::None,
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
            inactive_threshold: FORGOTTEN_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..Default::default()
        });
        let consumer = timeout(ANSWER_TIMEOUT, consumer).await.map_err(away)?.map_err(away)?;
        let messages = consumer.stream().max_messages_per_batch(1_000).heartbeat(Duration::from_secs(5));
        let messages = messages.messages().await.map_err(away)?;
        Ok(Self { brought: messages, generation: place.generation, pending: 0 })
    }

    /// What has come: as soon as there is anything, and at most so much; nothing after a silence.
    pub(super) async fn next(&mut self, most: usize, silence: Duration) -> Result<Vec<Heard>> {
        let mut batch = vec![];
        let Ok(first) = timeout(silence, self.brought.next()).await else { return Ok(batch) };
        let mut next = Some(first);
        while let Some(message) = next {
            let message = message.ok_or_else(|| away("the stream of messages ended"))?.map_err(away)?;
            self.pending = message.info().map_err(away)?.pending;
            batch.push(self.read(&message)?);
            next = if batch.len() < most { self.brought.next().now_or_never() } else { None };
        }
        Ok(batch)
    }

    fn read(&self, message: &jetstream::Message) -> Result<Heard> {
        let sequence = message.info().map_err(away)?.stream_sequence;
        let headers = message.headers.as_ref().ok_or_else(|| broken("headers"))?;
        let source = header(headers, "ce-source").unwrap_or_default();
        if source.rsplit('/').next().and_then(|generation| generation.parse::<i64>().ok()) != Some(self.generation) {
            // What that means is told by the producer's log.
            let message = "the stream is of another generation than what was heard";
            return Err(away(message));
        }
        let text = |name| header(headers, name).ok_or_else(|| broken(name));
        let instant = |name| text(name)?.parse::<Timestamp>().map_err(Error::fault);
        Ok(Heard {
            position: i64::try_from(sequence).map_err(Error::fault)?,
            aggregate: text("ce-subject")?.to_owned(),
            aggregate_seq: text("ce-sequence")?.parse().map_err(Error::fault)?,
            r#type: text("ce-type")?.to_owned(),
            payload: message.payload.to_vec(),
            occurred_at: instant("ce-time")?,
            recorded_at: instant("ce-recordedtime").or_else(|_| instant("ce-time"))?,
            historic: text("ce-historic")? == "true",
            traceparent: header(headers, "traceparent").unwrap_or_default().to_owned(),
        })
    }
}

/// CloudEvents names headers in any case.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let exact = headers.get(name).map(async_nats::HeaderValue::as_str);
    exact.or_else(|| {
        let (_, values) = headers.iter().find(|(it, _)| AsRef::<str>::as_ref(it).eq_ignore_ascii_case(name))?;
        values.first().map(async_nats::HeaderValue::as_str)
    })
}

fn broken(what: &str) -> Error {
    Error::fault(format!("a message of the stream has no {what}"))
}
