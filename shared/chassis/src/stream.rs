//! The service's stream in NATS: its name, its subjects, how it is made, and how facts are written to it in atomic batches.
//!
//! Atomic batches are a feature of nats-server 2.12 (NATS ADR-50): messages with the same `Nats-Batch-Id` become visible
//! together, at consecutive sequences, when the one with `Nats-Batch-Commit` arrives, or not at all.

use std::{collections::HashMap, time::Duration};

use async_nats::{
    Client, HeaderMap,
    jetstream::{self, stream},
};
use bytes::Bytes;
use kernel::{Error, Result, Source};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::{config::Nats, context::Identity, log::Logged, store::Wrong, trace};

/// How long the broker may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What says in the stream's metadata which generation of the order its facts are of.
const GENERATION: &str = "baton-generation";

/// The oldest nats-server that will do: earlier ones silently ignore what the stream relies on.
const LEAST_VERSION: (u32, u32) = (2, 12);

/// The broker's code for "the stream's last sequence is another" (nats-server, JSStreamWrongLastSequenceErrF).
const WRONG_LAST_SEQUENCE: u32 = 10071;

/// One service's stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    jetstream: jetstream::Context,
    client: Client,
    name: String,
    /// `<prefix>.<domain>.<version>`
    root: String,
    /// `/<prefix>/<service>`, the generation follows.
    source: String,
    event_message: &'static str,
    max_age: Duration,
    replicas: usize,
}

/// Where a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// The last sequence.
    pub(crate) position: i64,
    /// Which generation of the order its facts are of.
    pub(crate) generation: i64,
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    #[error("the broker refused the batch: {0}")]
    Refused(String),
    #[error("the broker did not answer in time")]
    Late,
    #[error("the broker's answer cannot be read: {0}")]
    Unreadable(String),
}

/// What the broker answers to a publication (NATS, JetStream wire API, PubAck).
#[derive(Debug, Deserialize)]
struct PubAck {
    error: Option<PubError>,
    seq: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct PubError {
    err_code: u32,
    description: String,
}

impl Stream {
    /// The stream of a service; none of one that says nothing.
    pub(crate) fn of(client: Client, identity: &Identity, config: &Nats) -> Option<Self> {
        identity.event_message.map(|event_message| Self::new(client, identity, event_message, config))
    }

    fn new(client: Client, identity: &Identity, event_message: &'static str, config: &Nats) -> Self {
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(ANSWER_TIMEOUT);
        let rest = identity.package.strip_prefix("baton.").expect("every package begins with baton.");
        Self {
            jetstream,
            client,
            name: format!("{}_{}", config.prefix, identity.domain()).to_uppercase(),
            root: format!("{}.{rest}", config.prefix),
            source: format!("/{}/{}", config.prefix, identity.name),
            event_message,
            max_age: Duration::from_secs(u64::from(config.max_age_hours) * 3600),
            replicas: config.replicas as usize,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How long the stream keeps a fact; zero for ever.
    pub(crate) fn max_age(&self) -> Duration {
        self.max_age
    }

    /// Where the stream ends; None where there is no stream. One that is not as it should be is changed.
    pub(crate) async fn end(&self) -> Result<Option<End>> {
        let Some(there) = self.there().await? else { return Ok(None) };
        let position = i64::try_from(there.state.last_sequence).map_err(Error::fault)?;
        let end = End { position, generation: generation(&there.config) };
        let wanted = stream::Config { metadata: there.config.metadata.clone(), ..self.form(1, 1) };
        if !differences(&there.config, &wanted).is_empty() {
            let changed = stream::Config {
                subjects: wanted.subjects,
                max_age: wanted.max_age,
                num_replicas: wanted.num_replicas,
                allow_atomic_publish: true,
                deny_delete: true,
                deny_purge: true,
                ..there.config
            };
            // A broker that does not change it (now) holds up no fact; `doctor` says what is not as it should be.
            if let Err(error) = self.jetstream.update_stream(changed).await {
                tracing::warn!(stream = self.name, %error, "the stream is not as it should be, and cannot be changed");
            } else {
                tracing::info!(stream = self.name, "the stream was changed to what it should be");
            }
        }
        Ok(Some(end))
    }

    /// What is not as it should be, each in a few words; None where there is no stream.
    pub(crate) async fn look(&self) -> Result<Option<(End, Vec<String>)>> {
        let Some(there) = self.there().await? else { return Ok(None) };
        let position = i64::try_from(there.state.last_sequence).map_err(Error::fault)?;
        let end = End { position, generation: generation(&there.config) };
        Ok(Some((end, differences(&there.config, &self.form(1, 1)))))
    }

    async fn there(&self) -> Result<Option<stream::Info>> {
        use jetstream::context::GetStreamErrorKind;
        must_be_new_enough(&self.client)?;
        match self.jetstream.get_stream(&self.name).await {
            Ok(there) => Ok(Some(there.cached_info().clone())),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(told) if told.code() == 404 => Ok(None),
                _ => Err(away(error)),
            },
        }
    }

    /// Takes the whole stream away, that it may be made anew.
    pub(crate) async fn delete(&self) -> Result<()> {
        self.jetstream.delete_stream(&self.name).await.map_err(away)?;
        tracing::info!(stream = self.name, "the stream of an earlier generation was taken away");
        Ok(())
    }

    /// Makes the stream; its first message will bear the sequence `first_position`.
    pub(crate) async fn make(&self, first_position: i64, generation: i64) -> Result<()> {
        let form = self.form(u64::try_from(first_position).map_err(Error::fault)?, generation);
        self.jetstream.create_stream(form).await.map_err(away)?;
        tracing::info!(stream = self.name, first_position, generation, "the stream was made");
        Ok(())
    }

    fn form(&self, first_sequence: u64, generation: i64) -> stream::Config {
        stream::Config {
            name: self.name.clone(),
            subjects: vec![format!("{}.>", self.root)],
            retention: stream::RetentionPolicy::Limits,
            storage: stream::StorageType::File,
            max_age: self.max_age,
            num_replicas: self.replicas,
            allow_atomic_publish: true,
            deny_delete: true,
            deny_purge: true,
            first_sequence: (first_sequence > 1).then_some(first_sequence),
            metadata: HashMap::from([(GENERATION.to_owned(), generation.to_string())]),
            ..Default::default()
        }
    }

    /// Writes facts at consecutive positions as one atomic batch: all of them, at exactly those sequences, or none. False where the
    /// stream does not end right before the first. An error says nothing of whether they were written; the stream's end does.
    pub(crate) async fn write(&self, facts: &[Logged], generation: i64) -> Result<bool> {
        let span = trace::send(&self.name, facts.iter().map(|fact| fact.traceparent.as_str()));
        self.send(facts, generation).instrument(span).await
    }

    async fn send(&self, facts: &[Logged], generation: i64) -> Result<bool> {
        let (Some(first), Some((last, rest))) = (facts.first(), facts.split_last()) else { return Ok(true) };
        let batch = self.client.new_inbox();
        for (place, fact) in rest.iter().enumerate() {
            let headers = self.headers(fact, generation, &batch, place + 1, first.position);
            self.client
                .publish_with_headers(self.subject(fact), headers, Bytes::copy_from_slice(&fact.payload))
                .await
                .map_err(away)?;
        }
        let mut headers = self.headers(last, generation, &batch, facts.len(), first.position);
        headers.insert("Nats-Batch-Commit", "1");
        let commit =
            self.client.request_with_headers(self.subject(last), headers, Bytes::copy_from_slice(&last.payload));
        let answer = timeout(ANSWER_TIMEOUT, commit).await.map_err(|_| away(NotWritten::Late))?.map_err(away)?;
        let ack: PubAck =
            serde_json::from_slice(&answer.payload).map_err(|error| away(NotWritten::Unreadable(error.to_string())))?;
        match ack {
            PubAck { error: Some(error), .. } if error.err_code == WRONG_LAST_SEQUENCE => Ok(false),
            PubAck { error: Some(error), .. } => Err(away(NotWritten::Refused(error.description))),
            PubAck { seq: Some(seq), .. } if seq == last.position => Ok(true),
            PubAck { seq, .. } => {
                Err(away(NotWritten::Unreadable(format!("sequence {seq:?} in place of {}", last.position))))
            }
        }
    }

    /// Whether the message at a fact's position is that fact; also true where the stream keeps that message no longer.
    pub(crate) async fn holds(&self, fact: &Logged) -> Result<bool> {
        use jetstream::stream::RawMessageErrorKind;
        let sequence = u64::try_from(fact.position).map_err(Error::fault)?;
        let stream = self.jetstream.get_stream_no_info(&self.name).await.map_err(away)?;
        let message = match stream.get_raw_message(sequence).await {
            Ok(message) => message,
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => return Ok(true),
                _ => return Err(away(error)),
            },
        };
        let identity = |headers: &HeaderMap| {
            ["ce-id", "ce-subject", "ce-sequence", "ce-time"].map(|name| headers.get(name).map(ToString::to_string))
        };
        let expected = self.headers(fact, 0, "", 1, fact.position);
        Ok(identity(&message.headers) == identity(&expected) && message.payload == fact.payload)
    }

    fn subject(&self, fact: &Logged) -> String {
        let name = fact.r#type.rsplit('.').next().unwrap_or_default();
        format!("{}.{name}.{}", self.root, fact.routing)
    }

    /// CloudEvents 1.0, NATS binding, binary mode; the batch's own headers; and, on the first, the sequence before it.
    fn headers(&self, fact: &Logged, generation: i64, batch: &str, place: usize, first_position: i64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("ce-specversion", "1.0");
        headers.insert("ce-id", fact.event_id.to_string());
        headers.insert("ce-source", format!("{}/{generation}", self.source));
        headers.insert("ce-type", fact.r#type.as_str());
        headers.insert("ce-subject", fact.aggregate.as_str());
        headers.insert("ce-time", fact.occurred_at.to_string());
        headers.insert("ce-recordedtime", fact.recorded_at.to_string());
        headers.insert("ce-datacontenttype", "application/protobuf");
        headers.insert("ce-dataschema", self.event_message);
        headers.insert("ce-sequence", fact.aggregate_seq.to_string());
        headers.insert("ce-historic", if fact.historic { "true" } else { "false" });
        if !fact.traceparent.is_empty() {
            headers.insert("traceparent", fact.traceparent.as_str());
        }
        headers.insert("Nats-Batch-Id", batch);
        headers.insert("Nats-Batch-Sequence", place.to_string());
        if place == 1 {
            headers.insert("Nats-Expected-Last-Sequence", (first_position - 1).to_string());
        }
        headers
    }
}

/// Which generation of the order a stream's facts are of.
fn generation(there: &stream::Config) -> i64 {
    there.metadata.get(GENERATION).and_then(|generation| generation.parse().ok()).unwrap_or(1)
}

/// What of a stream is not as it is wanted, in a few words each.
fn differences(there: &stream::Config, wanted: &stream::Config) -> Vec<String> {
    let mut found = vec![];
    let mut look = |is_so: bool, what: String| found.extend((!is_so).then_some(what));
    look(there.subjects == wanted.subjects, format!("subjects are {:?}, not {:?}", there.subjects, wanted.subjects));
    look(there.max_age == wanted.max_age, format!("max_age is {:?}, not {:?}", there.max_age, wanted.max_age));
    let (copies, wanted_copies) = (there.num_replicas.max(1), wanted.num_replicas);
    look(copies == wanted_copies, format!("replicas are {copies}, not {wanted_copies}"));
    look(there.retention == wanted.retention, "retention is not limits".to_owned());
    look(there.storage == wanted.storage, "storage is not file".to_owned());
    look(there.allow_atomic_publish, "allow_atomic is off".to_owned());
    look(there.deny_delete, "deny_delete is off".to_owned());
    look(there.deny_purge, "deny_purge is off".to_owned());
    found
}

/// Refuses a broker that is too old.
pub(crate) fn must_be_new_enough(client: &Client) -> Result<()> {
    let info = client.server_info();
    too_old(&info.version).map_or(Ok(()), |wrong| Err(wrong.into()))
}

/// What is wrong with a broker of that version, if anything; none where it tells none.
pub(crate) fn too_old(version: &str) -> Option<Wrong> {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    let known = numbers.next().flatten().zip(numbers.next().flatten())?;
    let (major, minor) = LEAST_VERSION;
    (known < LEAST_VERSION).then(|| {
        let is = format!("nats.url: that is nats-server {version}, which is too old: it knows no atomic batches, and says nothing of it");
        Wrong::new(is, format!("take nats-server {major}.{minor} or newer"))
    })
}

pub(crate) fn away(source: impl Into<Source>) -> Error {
    Error::Away { what: "NATS", source: source.into() }
}
