//! One call on its way in: who calls, until when it matters, and its request parsed with every violation at once.

use std::time::Duration;

use kernel::{Actor, Code, Error, Refusal, Result};
use prost::{Message, Name};
use tokio::time::Instant;
use tonic::{Request, Status};

use crate::{admission::Held, event::digest, fields::Fields, status::into_status};

/// A command or a query in the domain's types, parsed from its request.
pub trait Parse: Sized {
    /// The message on the wire.
    type Request: Message + Name;

    /// Reads every field, noting every violation in `fields`; the value is used only where there is none.
    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self>;
}

/// Until when an answer matters; set by the server's edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Instant);

/// What bounds a call that answers for as long as it is listened to; set by the server's edge.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// The caller's own deadline; none where it gave none.
    pub(crate) deadline: Option<Instant>,
    /// When the caller's token is taken no longer.
    pub(crate) token_ends_at: Option<Instant>,
}

/// The W3C trace context that came with the call; set by the server's edge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traceparent(pub(crate) String);

/// One mutating call.
#[derive(Debug, Clone)]
pub struct Call {
    by: Actor,
    deadline: Instant,
    traceparent: String,
    key: [u8; 32],
    request_hash: [u8; 32],
    /// Its place in the server, taken until the last clone of the call is gone.
    _held: Option<Held>,
}

impl Call {
    /// Parses a mutation: its `request_id` and everything else, or all violations at once.
    pub fn parse<P: Parse>(request: Request<P::Request>) -> Result<(Self, P), Status> {
        let by = actor(&request)?;
        let deadline = deadline(&request);
        let traceparent = request.extensions().get::<Traceparent>().cloned().unwrap_or_default().0;
        let held = request.extensions().get::<Held>().cloned();
        let message = request.into_inner();
        let request_hash = digest(&[&message.encode_to_vec()]);
        let mut fields = Fields::default();
        let command = P::parse(message, &mut fields);
        let request_id = fields.take_request_id();
        let (command, request_id) = fields.settle(command.zip(request_id)).map_err(into_status)?;
        // A request id is scoped to principal and method.
        let key = digest(&[by.name().as_bytes(), P::Request::NAME.as_bytes(), request_id.as_bytes()]);
        Ok((Self { by, deadline, traceparent, key, request_hash, _held: held }, command))
    }

    /// Parses a query; returns who asks.
    pub fn query<P: Parse>(request: Request<P::Request>) -> Result<(Actor, P), Status> {
        let by = actor(&request)?;
        let mut fields = Fields::default();
        let query = P::parse(request.into_inner(), &mut fields);
        let query = fields.settle(query).map_err(into_status)?;
        Ok((by, query))
    }

    /// Who calls.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// How long the answer still matters.
    pub fn remaining(&self) -> Result<Duration> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Err(
                Refusal::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the call's deadline has passed").into()
            );
        }
        Ok(remaining)
    }

    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    pub(crate) fn request_hash(&self) -> &[u8; 32] {
        &self.request_hash
    }

    /// The trace context that came with the call; may be empty.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }
}

/// Who sent the request, as the server's edge verified it.
pub fn actor<T>(request: &Request<T>) -> Result<Actor, Status> {
    request
        .extensions()
        .get::<Actor>()
        .cloned()
        .ok_or_else(|| into_status(Error::fault("a call came in past the edge")))
}

fn deadline<T>(request: &Request<T>) -> Instant {
    request.extensions().get::<Deadline>().map_or_else(Instant::now, |deadline| deadline.0)
}
