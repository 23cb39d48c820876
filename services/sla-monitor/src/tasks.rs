//! What time does by itself: due times that pass, warnings before them, escalations after them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::event::v1::{GetWatermarkRequest, event_log_service_client::EventLogServiceClient};
use chassis::{Context, Next, Peer, consumer};
use kernel::{Error, Result, Timestamp};
use tokio::time::Instant;

use crate::{
    consumers::HANDOFF,
    domain::clock::Evidence,
    ops::{self, fire::Due},
    store::{self, book::Shelf},
};

/// Until what is due is looked at again, where the evidence is not there yet.
const SOON_MICROS: i64 = 10_000;
/// Between two questions that were not answered at the most: a replica that stood still has not waited.
const STEP: Duration = Duration::from_secs(2);

/// The timers of a replica.
#[derive(Debug, Clone)]
pub(crate) struct Timers {
    shelf: Shelf,
    handoff: Peer,
    evidence_wait: Duration,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Evidence that holds once this service has taken in so much.
    evidence: Option<Watermark>,
    /// The last place that evidence held for.
    position: i64,
    /// For how long the handoff service has not answered, and when it last did not.
    unanswered: Duration,
    asked_at: Option<Instant>,
}

/// How far the handoff service vouches that nothing earlier can still come.
#[derive(Debug, Clone, Copy)]
struct Watermark {
    position: i64,
    complete_until: Timestamp,
}

impl Timers {
    pub(crate) fn new(shelf: Shelf, handoff: Peer, evidence_wait: Duration) -> Self {
        Self { shelf, handoff, evidence_wait, waiting: Arc::default() }
    }

    /// Fires what is due, as far as there is evidence for it.
    pub(crate) async fn tick(self, context: Context) -> Result<Next> {
        let Some(next) = store::course::next_at(context.pool()).await? else { return Ok(Next::Idle) };
        let now = context.now().await?;
        if now <= next {
            return Ok(Next::At(next));
        }
        let soon = Next::At(Timestamp::from_micros(now.as_micros() + SOON_MICROS));
        let due = match self.evidence().await {
            Ok(watermark) => {
                if consumer::position(context.pool(), HANDOFF).await? < watermark.position {
                    // It comes: the consumer stirs the timers.
                    return Ok(soon);
                }
                self.is_used(watermark);
                Due { until: watermark.complete_until, position: watermark.position, evidence: Evidence::Complete }
            }
            Err(Error::Away { source, .. }) => {
                if !self.has_waited() {
                    tracing::debug!(%source, "no evidence yet");
                    return Ok(Next::At(now.plus_seconds(1)));
                }
                let wait_seconds = i64::try_from(self.evidence_wait.as_secs()).unwrap_or(i64::MAX);
                let position = self.waiting().position;
                Due { until: now.plus_seconds(-wait_seconds), position, evidence: Evidence::Incomplete }
            }
            Err(error) => return Err(error),
        };
        if due.until <= next {
            return Ok(match due.evidence {
                Evidence::Complete => soon,
                Evidence::Incomplete => Next::At(now.plus_seconds(1)),
            });
        }
        let work = (self.shelf.clone(), due);
        let fired = context.transact("", &work, |tx, (shelf, due)| Box::pin(ops::fire::fire(tx, shelf, *due))).await?;
        // Others hold what is left: they fire it.
        Ok(if fired == 0 { soon } else { Next::AtOnce })
    }

    /// The evidence that is waited for, or new evidence.
    async fn evidence(&self) -> Result<Watermark> {
        if let Some(evidence) = self.waiting().evidence {
            return Ok(evidence);
        }
        let mut client = EventLogServiceClient::new(self.handoff.channel());
        let ask = |request| async move { client.get_watermark(request).await };
        let answer = self.handoff.ask(GetWatermarkRequest {}, ask).await?.unwrap_or_default();
        let until = answer.complete_until.unwrap_or_default();
        let complete_until = Timestamp::from_seconds_and_nanos(until.seconds, until.nanos)
            .ok_or_else(|| Error::fault("a watermark without an instant"))?;
        let watermark = Watermark { position: answer.position, complete_until };
        let mut waiting = self.waiting();
        *waiting = Waiting { evidence: Some(watermark), position: waiting.position, ..Waiting::default() };
        Ok(watermark)
    }

    /// The next look asks anew.
    fn is_used(&self, watermark: Watermark) {
        let mut waiting = self.waiting();
        (waiting.evidence, waiting.position) = (None, watermark.position);
    }

    /// Whether the handoff service has not answered for so long that breaches fire without it.
    fn has_waited(&self) -> bool {
        let mut waiting = self.waiting();
        let now = Instant::now();
        let since = waiting.asked_at.replace(now).map_or(Duration::ZERO, |before| now - before);
        waiting.unanswered += since.min(STEP);
        waiting.unanswered >= self.evidence_wait
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
