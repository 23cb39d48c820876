//! Carries the order of facts into the stream, so that the stream's sequence equals the position, always.
//!
//! It holds no lock and no state of its own: after any doubt (a time-out, another publisher, a stream that lost its end or is
//! gone) it reads the stream's last sequence again and goes on from there. The broker takes a batch only if it follows.

use std::time::Duration;

use kernel::{Error, Result};
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Context,
    context::{SILENT_AFTER, bounded},
    log,
    sequencer::{self, Standing},
    status::chain,
    stream::{End, Stream},
};

const BATCH_FACTS: i64 = 500;
const BATCH_BYTES: i64 = 3 * 1024 * 1024;

/// Between two looks while facts come in, while none do, and after an error.
const POLL_BUSY: Duration = Duration::from_millis(20);
const POLL_IDLE: Duration = Duration::from_millis(200);
/// Between two passes of the sequencer at the least; the first after a quiet moment comes at once.
const BREATH: Duration = Duration::from_millis(10);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);
/// How long a publisher trusts that the stream still ends where it left it.
const DOUBT_AFTER: Duration = Duration::from_secs(10);

/// Gives positions to committed facts until it is told to stop; tells the publisher of each pass that gave any.
pub(crate) async fn run_sequencer(context: Context, sequenced: &Notify, stop: CancellationToken) {
    let mut trouble = Trouble::new("the sequencer");
    while !stop.is_cancelled() {
        let pause = match sequencer::sequence(context.pool()).await {
            Ok(any) => {
                trouble.is_over();
                if any {
                    sequenced.notify_one();
                    context.placed().send_replace(());
                }
                if any { POLL_BUSY } else { POLL_IDLE }
            }
            Err(error) => {
                trouble.is(&error);
                PAUSE_AFTER_ERROR
            }
        };
        if pause == POLL_BUSY {
            // Facts come in: the next pass takes those of many commits at once, for one flush of the disk.
            sleep(BREATH).await;
        }
        select! {
            () = stop.cancelled() => {}
            () = context.committed().notified() => {}
            () = sleep(pause) => {}
        }
    }
}

/// Publishes what has a position until it is told to stop.
pub(crate) async fn run_publisher(context: Context, stream: Stream, sequenced: &Notify, stop: CancellationToken) {
    let mut trouble = Trouble::new("the publisher");
    let published = metrics::gauge!("baton_events_published_position", "stream" => stream.name().to_owned());
    let age_seconds = metrics::gauge!("baton_event_age_seconds", "stream" => stream.name().to_owned());
    // Where the stream ends; None in doubt. When that was last read from it. Where it ended when that was last known.
    let mut end: Option<End> = None;
    let mut known_end = 0;
    let mut read_at = Instant::now();
    while !stop.is_cancelled() {
        if end.is_none() || read_at.elapsed() >= DOUBT_AFTER {
            (end, read_at) = (None, Instant::now());
        }
        let pause = match carry(&context, &stream, end).await {
            Ok(Some(reached)) => {
                trouble.is_over();
                (end, known_end) = (Some(reached), reached.position);
                #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 facts are far away")]
                published.set(reached.position as f64);
                age_seconds.set(0.0);
                POLL_IDLE
            }
            Ok(None) => {
                end = None;
                POLL_BUSY
            }
            Err(error) => {
                end = None;
                trouble.is(&error);
                if let Ok(age) = bounded(SILENT_AFTER, log::age_seconds_after(&context, known_end)).await {
                    age_seconds.set(age);
                }
                PAUSE_AFTER_ERROR
            }
        };
        select! {
            () = stop.cancelled() => {}
            () = sequenced.notified() => {}
            () = sleep(pause) => {}
        }
    }
}

/// What to think of a stream that the log does not know.
const RESTORED: &str =
    "was the store restored from a backup? Nothing is published until `events rebase` has begun the stream anew";

/// Publishes all that follows the stream's end and returns the new end; None where another publisher was there first.
async fn carry(context: &Context, stream: &Stream, end: Option<End>) -> Result<Option<End>> {
    let mut end = match end {
        Some(end) => end,
        None => find_end(context, stream).await?,
    };
    let read_after = |position| bounded(SILENT_AFTER, log::after(context.pool(), position, BATCH_FACTS, BATCH_BYTES));
    let mut batch = read_after(end.position).await?;
    while let Some(last) = batch.last().map(|fact| fact.position) {
        // The next batch is read while this one is written.
        let (written, next) = tokio::join!(stream.write(&batch, end.generation), read_after(last));
        if !written? {
            return Ok(None);
        }
        end.position = last;
        batch = next?;
    }
    Ok(Some(end))
}

/// The end of the stream. Where it is not the log's, that is an error and a metric of its own: it does not mend itself.
async fn find_end(context: &Context, stream: &Stream) -> Result<End> {
    let foreign = metrics::gauge!("baton_events_stream_foreign", "stream" => stream.name().to_owned());
    let end = match read_end(context, stream).await? {
        Ok(end) => end,
        Err(reverse) => {
            foreign.set(1.0);
            return Err(Error::fault(format!("{reverse}: {RESTORED}")));
        }
    };
    foreign.set(0.0);
    Ok(end)
}

/// Where the stream ends, or why the stream is not the log's. A stream that is gone, or is of an earlier generation of the order, is
/// made anew, beginning with the oldest fact that it should still hold.
async fn read_end(context: &Context, stream: &Stream) -> Result<Result<End, String>> {
    let there = stream.end().await?;
    // Read after the stream's end, so that another publisher's progress is never taken for the reverse.
    let standing = bounded(SILENT_AFTER, sequencer::standing(context.pool())).await?;
    if let Some(end) = there.filter(|end| end.generation >= standing.generation) {
        return Ok(compare(context, stream, end, standing).await?.map_or(Ok(end), Err));
    }
    if there.is_some() {
        stream.delete().await?;
    }
    let first = first_kept(context, stream).await?;
    stream.make(first, standing.generation).await?;
    Ok(Ok(End { position: first - 1, generation: standing.generation }))
}

/// Why a stream that ends there is not the log's; None where it is.
pub(crate) async fn compare(
    context: &Context,
    stream: &Stream,
    end: End,
    standing: Standing,
) -> Result<Option<String>> {
    let name = stream.name();
    if end.generation > standing.generation {
        let (of, generation) = (end.generation, standing.generation);
        return Ok(Some(format!(
            "STREAM_AHEAD: the stream {name} is of generation {of}, the event log of {generation}"
        )));
    }
    if end.position > standing.position {
        let (end, last) = (end.position, standing.position);
        return Ok(Some(format!("STREAM_AHEAD: the stream {name} ends at {end}, the event log at {last}")));
    }
    // A restored log that has grown past the stream's end since: the stream's last fact is not the log's.
    let last = bounded(SILENT_AFTER, log::after(context.pool(), end.position - 1, 1, 1))
        .await?
        .pop()
        .filter(|fact| fact.position == end.position);
    if let Some(last) = last
        && !stream.holds(&last).await?
    {
        let end = end.position;
        return Ok(Some(format!("STREAM_DIVERGED: the stream {name} holds another fact at {end} than the event log")));
    }
    Ok(None)
}

/// The oldest position that a stream made now should hold.
async fn first_kept(context: &Context, stream: &Stream) -> Result<i64> {
    if stream.max_age().is_zero() {
        return Ok(1);
    }
    let kept_seconds = i64::try_from(stream.max_age().as_secs()).map_err(Error::fault)?;
    let begin = async { log::first_since(context.pool(), context.now().await?.plus_seconds(-kept_seconds)).await };
    bounded(SILENT_AFTER, begin).await
}

/// Says once that something does not go on, and once that it does; and keeps saying so to whoever reads the metrics.
pub(crate) struct Trouble {
    who: String,
    waits: metrics::Gauge,
    is_known: bool,
}

impl Trouble {
    pub(crate) fn new(who: impl Into<String>) -> Self {
        let who = who.into();
        let waits = metrics::gauge!("baton_loop_waits", "loop" => who.clone());
        waits.set(0.0);
        Self { who, waits, is_known: false }
    }

    pub(crate) fn is(&mut self, error: &Error) {
        self.waits.set(1.0);
        if !std::mem::replace(&mut self.is_known, true) {
            tracing::warn!(error = %chain(error), "{} waits", self.who);
        }
    }

    pub(crate) fn is_over(&mut self) {
        if std::mem::replace(&mut self.is_known, false) {
            self.waits.set(0.0);
            tracing::info!("{} goes on", self.who);
        }
    }
}

/// What has ended waits for nothing.
impl Drop for Trouble {
    fn drop(&mut self) {
        self.waits.set(0.0);
    }
}
