//! A fact on its way into the event log, and the chain of hashes that seals each aggregate's history.

use kernel::{Actor, Code, Error, Head, Refusal, Result, Timestamp};
use sha2::{Digest, Sha256};

/// A fact is at most so many bytes, encoded.
pub const MAX_PAYLOAD_BYTES: usize = 512 * 1024;

/// What the event log needs to know of an aggregate; a service implements it in its `events.rs`.
pub trait Aggregate {
    /// The facts of the aggregate's domain.
    type Fact;

    /// The name in the log: `handoff/<uuid>`, `team/<slug>`.
    fn name(&self) -> String;

    /// The end of its history; raised by every fact said.
    fn head_mut(&mut self) -> &mut Head;

    /// Whether only the parties may see it.
    fn is_confidential(&self) -> bool {
        false
    }

    /// The public form of a fact, which has just been given the sequence that the head now shows.
    fn event(&self, fact: &Self::Fact, author: Author<'_>) -> Event;
}

/// Who caused a fact.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// The name that the log records.
    pub name: &'a str,
    /// Whether it is a service with a token of its own.
    pub is_service: bool,
}

impl<'a> From<&'a Actor> for Author<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self { name: actor.name(), is_service: actor.is_service() }
    }
}

/// The public form of a fact.
#[derive(Debug, Clone)]
pub struct Event {
    /// The fact's name: `handoff_submitted`.
    pub name: &'static str,
    /// The two teams of the subject: `<from>.<to>`, `_` where there is none.
    pub routing: String,
    /// The service's event message, encoded.
    pub payload: Vec<u8>,
    /// The whole message, where `payload` keeps some of it back: it stands beside the log, for who may read the history.
    pub withheld: Option<Vec<u8>>,
}

/// A row of the event log that is not written yet.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) aggregate: String,
    pub(crate) aggregate_seq: i64,
    pub(crate) r#type: String,
    pub(crate) routing: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) previous_hash: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) actor: String,
    pub(crate) occurred_at: Timestamp,
    pub(crate) historic: bool,
    pub(crate) confidential: bool,
    pub(crate) withheld: Option<Vec<u8>>,
    /// The trace context of what caused it; not sealed.
    pub(crate) traceparent: String,
}

impl Entry {
    /// Chains a fact to its aggregate's history and raises the head.
    pub(crate) fn chain<A: Aggregate>(
        package: &str,
        aggregate: &mut A,
        fact: &A::Fact,
        author: Author<'_>,
        occurred_at: Timestamp,
        historic: bool,
    ) -> Result<Self> {
        let head = aggregate.head_mut();
        let previous_hash = head.hash;
        head.revision += 1;
        head.at = occurred_at;
        let aggregate_seq = head.revision;
        let Event { name, routing, payload, withheld } = aggregate.event(fact, author);
        let size = withheld.as_ref().unwrap_or(&payload).len();
        if size > MAX_PAYLOAD_BYTES {
            let message = format!(
                "this change makes a fact of {size} bytes; at most {MAX_PAYLOAD_BYTES} are kept: make it in smaller steps"
            );
            return Err(Error::from(Refusal::new(Code::InvalidArgument, "TOO_LARGE", message)));
        }
        let mut entry = Self {
            aggregate: aggregate.name(),
            aggregate_seq,
            r#type: format!("{package}.{name}"),
            routing,
            payload,
            previous_hash,
            hash: [0; 32],
            actor: author.name.to_owned(),
            occurred_at,
            historic,
            confidential: aggregate.is_confidential(),
            withheld,
            traceparent: String::new(),
        };
        entry.hash = entry.sealed();
        aggregate.head_mut().hash = entry.hash;
        Ok(entry)
    }

    /// SHA-256 over the previous hash and every part of the fact that is the fact's own and published; each variable part after its
    /// length (64 bits, big-endian), numbers big-endian.
    pub(crate) fn sealed(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.previous_hash);
        for part in [&self.aggregate, &self.r#type, &self.routing, &self.actor] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(self.aggregate_seq.to_be_bytes());
        hash.update(self.occurred_at.as_micros().to_be_bytes());
        hash.update([u8::from(self.historic), u8::from(self.confidential)]);
        hash.update((self.payload.len() as u64).to_be_bytes());
        hash.update(&self.payload);
        hash.finalize().into()
    }
}

/// SHA-256 of the parts, each after its length.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
