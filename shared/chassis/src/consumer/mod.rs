//! Hearing what another service says: every fact once, in order, its effects in one transaction with the position.
//!
//! The stream is read by an ephemeral consumer without acknowledgements, which is made anew after any doubt; what the stream has
//! lost, or does not bring, is asked of the producer's own log. What cannot be taken in parks its aggregate, and nothing else.

mod apply;
mod letters;
mod stream;

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use api::event::v1::{ListEventsRequest, event_log_service_client::EventLogServiceClient};
use futures::future::BoxFuture;
use kernel::{Error, Result, Timestamp};
use tokio::{
    select,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

pub use self::{
    apply::{Through, after_all_heard, has_heard, position, through},
    letters::{Letter, discard, letters, retry},
};
use crate::{Context, Peer, Tx, context::SILENT_AFTER, context::bounded, publisher::Trouble};

/// Facts that are taken in at once, at most.
const BATCH: usize = 500;
/// After so long without a message the producer's log is asked whether there is more.
const SILENCE: Duration = Duration::from_secs(2);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);
/// A producer may start after this service, and its stream be made anew: it is trouble only when it lasts.
const TROUBLE_AFTER: Duration = Duration::from_secs(10);

/// A fact of another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its place among all facts of the producer.
    pub position: i64,
    /// What it is about.
    pub aggregate: String,
    /// Its place in the history of the aggregate.
    pub aggregate_seq: i64,
    /// The full name: "baton.handoff.v1.handoff_submitted".
    pub r#type: String,
    /// The producer's event message, encoded.
    pub payload: Vec<u8>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    pub historic: bool,
    /// The W3C trace context of what caused it, or of its being taken in here; may be empty.
    pub traceparent: String,
}

/// What a service makes of another one's facts.
pub trait Consumer: Send + Sync + 'static {
    /// Takes in facts, in order; in the same transaction the position moves, so whatever is done is done exactly once. What was taken
    /// in before may come again, where the producer has begun its order anew: that changes nothing. Refused and Fault park the aggregate of the fact that caused it; Busy and Away are tried again.
    fn apply<'t>(&'t self, tx: &'t mut Tx, facts: &'t [Heard]) -> BoxFuture<'t, Result<()>>;

    /// Notes that the facts of an aggregate are put aside from now on.
    fn park<'t>(&'t self, _tx: &'t mut Tx, _aggregate: &'t str) -> BoxFuture<'t, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Notes that they are taken in again from now on. Where an operator gave up those that were put aside, `given_up` is their
    /// places in the aggregate's history: the next fact that comes follows upon the last of them.
    fn unpark<'t>(
        &'t self,
        _tx: &'t mut Tx,
        _aggregate: &'t str,
        _given_up: Option<RangeInclusive<i64>>,
    ) -> BoxFuture<'t, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// Whom a service hears.
#[derive(Clone)]
pub struct Hears {
    /// The producer's package: "baton.handoff.v1".
    pub package: &'static str,
    /// Where it answers, for what the stream does not bring.
    pub producer: Peer,
    /// What is made of its facts.
    pub consumer: Arc<dyn Consumer>,
}

impl std::fmt::Debug for Hears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hears").field("package", &self.package).finish_non_exhaustive()
    }
}

impl Hears {
    /// What the producer's log has after a position: at most a batch, none at its end.
    pub async fn ask_log(&self, after_position: i64) -> Result<Vec<Heard>> {
        Ok(self.ask_log_and_generation(after_position).await?.0)
    }

    /// The same, and which generation of the producer's order that is.
    pub(crate) async fn ask_log_and_generation(&self, after_position: i64) -> Result<(Vec<Heard>, i64)> {
        let mut client = EventLogServiceClient::new(self.producer.channel()).max_decoding_message_size(8 * 1024 * 1024);
        let page_size = i32::try_from(BATCH).map_err(Error::fault)?;
        let request = ListEventsRequest { after_position, page_size };
        let answer = self.producer.ask(request, |request| async move { client.list_events(request).await }).await?;
        let answer = answer.unwrap_or_default();
        let facts = answer.events.into_iter().map(heard).collect::<Result<_>>()?;
        // A producer that does not tell is of a version that has never begun anew.
        Ok((facts, answer.generation.max(1)))
    }
}

fn heard(event: api::event::v1::Event) -> Result<Heard> {
    let instant = |time: Option<prost_types::Timestamp>| {
        time.and_then(|time| Timestamp::from_seconds_and_nanos(time.seconds, time.nanos))
            .ok_or_else(|| Error::fault("a fact without an instant"))
    };
    Ok(Heard {
        position: event.position,
        aggregate: event.aggregate,
        aggregate_seq: event.aggregate_seq,
        r#type: event.r#type,
        payload: event.payload,
        occurred_at: instant(event.occurred_at)?,
        recorded_at: instant(event.recorded_at)?,
        historic: event.historic,
        traceparent: event.traceparent,
    })
}

/// Whether a producer's stream may be read, by making a consumer as those are that read it; the broker forgets it by itself. A stream
/// that is not there yet may be, as far as anybody can tell.
pub(crate) async fn may_read(client: &async_nats::Client, prefix: &str, package: &str) -> Result<()> {
    let begin = apply::Place { position: 0, generation: 1 };
    match stream::Messages::open(client, prefix, package, begin).await {
        Err(error) if crate::status::chain(&error).contains("stream not found") => Ok(()),
        opened => opened.map(drop),
    }
}

/// Hears until it is told to stop, at the edge of a batch.
pub(crate) async fn run(
    context: Context,
    client: async_nats::Client,
    prefix: String,
    hears: Hears,
    stop: CancellationToken,
) {
    let mut trouble = Trouble::new(format!("the consumer of {}", hears.package));
    let mut is_known = false;
    let mut fails_since: Option<Instant> = None;
    while !stop.is_cancelled() {
        let listening = async {
            if !is_known {
                bounded(SILENT_AFTER, apply::begin(&context, hears.package)).await?;
                letters::retry_those_of_other_versions(&context, &hears).await?;
                is_known = true;
            }
            listen(&context, &client, &prefix, &hears, &stop, &mut trouble, &mut fails_since).await
        };
        if let Err(error) = listening.await {
            let fails_for = fails_since.get_or_insert_with(Instant::now).elapsed();
            if fails_for >= TROUBLE_AFTER {
                trouble.is(&error);
                // Whatever was said since is not taken in.
                metrics::gauge!("baton_consumer_age_seconds", "package" => hears.package).set(fails_for.as_secs_f64());
            }
            // The broker may be away, or heal; the producer's own log may still answer.
            if let Err(error) = fill(&context, &hears, &stop).await {
                tracing::debug!(error = %crate::status::chain(&error), "the producer's log does not help either");
            }
            select! {
                () = stop.cancelled() => {}
                () = sleep(PAUSE_AFTER_ERROR) => {}
            }
        }
    }
}

/// Takes in what the stream brings, until there is any doubt about it.
async fn listen(
    context: &Context,
    client: &async_nats::Client,
    prefix: &str,
    hears: &Hears,
    stop: &CancellationToken,
    trouble: &mut Trouble,
    fails_since: &mut Option<Instant>,
) -> Result<()> {
    let place = bounded(SILENT_AFTER, apply::place(context, hears.package)).await?;
    let mut messages = select! {
        () = stop.cancelled() => return Ok(()),
        messages = stream::Messages::open(client, prefix, hears.package, place) => messages?,
    };
    loop {
        let batch = select! {
            () = stop.cancelled() => return Ok(()),
            batch = messages.next(BATCH, SILENCE) => batch?,
        };
        trouble.is_over();
        *fails_since = None;
        let is_taken = match &batch[..] {
            [] => false,
            batch => apply::take_in(context, hears, messages.generation, batch).await?,
        };
        if let Some(last) = batch.last().filter(|_| is_taken) {
            apply::wait(context, hears.package, messages.pending, last.recorded_at).await?;
        }
        if !is_taken {
            // Nothing came for a while, or not what comes next.
            match (fill(context, hears, stop).await, &batch[..]) {
                (Ok(_) | Err(Error::Away { .. }), []) => {}
                (Ok(true), _) => return Ok(()),
                // Tried anew after a pause.
                (Ok(false), _) => {
                    return Err(stream::away("the stream has a gap that the producer's log does not fill"));
                }
                (Err(error), _) => return Err(error),
            }
        }
    }
}

/// Takes in what the producer's log has and the stream has not brought; whether there was any.
async fn fill(context: &Context, hears: &Hears, stop: &CancellationToken) -> Result<bool> {
    let mut is_any = false;
    loop {
        let place = bounded(SILENT_AFTER, apply::place(context, hears.package)).await?;
        let (batch, generation) = select! {
            () = stop.cancelled() => return Ok(is_any),
            batch = hears.ask_log_and_generation(place.position) => batch?,
        };
        if generation != place.generation {
            apply::begin_anew(context, hears, place.generation, generation).await?;
            return Ok(true);
        }
        if batch.is_empty() {
            apply::nothing_waits(hears.package);
            return Ok(is_any);
        }
        apply::take_in(context, hears, generation, &batch).await?;
        is_any = true;
    }
}
