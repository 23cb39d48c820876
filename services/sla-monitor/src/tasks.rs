//! What time does by itself: due times that pass, warnings before them, escalations after them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::event::v1::{GetWatermarkRequest, event_log_service_client::EventLogServiceClient};
use chassis::{Context, Next, Peer, consumer};
use kernel::{Error, Result, Timestamp};
use tokio::time::Instant;

use crate::{
    consumers::HANDOFF,
    domain::{HandoffId, clock::Evidence},
    ops::{self, fire::Due},
    store::{self, book::Shelf},
};

/// Until what is due is looked at again, where the evidence is not there yet.
const SOON_MICROS: i64 = 10_000;
/// So long evidence is waited for before there is a question for new one: who gave it may have gone.
const EVIDENCE_HOLDS: Duration = Duration::from_secs(1);
/// Beside what an answer may take, so much passes between two questions at the most: a replica that stood still has not waited.
const STEP: Duration = Duration::from_secs(2);
/// Until a handoff of which nothing could be fired is tried again.
const AGAIN_SECONDS: i64 = 60;

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
    /// Evidence that holds once this service has taken in so much, and since when.
    evidence: Option<(Watermark, Instant)>,
    /// For how long the handoff service has not answered, and when it last did not.
    unanswered: Duration,
    asked_at: Option<Instant>,
    /// Handoffs of which nothing could be fired, and until when they wait.
    failing: BTreeMap<HandoffId, Timestamp>,
}

/// How far the handoff service vouches that nothing earlier can still come.
#[derive(Debug, Clone, Copy)]
struct Watermark {
    position: i64,
    generation: i64,
    complete_until: Timestamp,
}

impl Timers {
    pub(crate) fn new(shelf: Shelf, handoff: Peer, evidence_wait: Duration) -> Self {
        Self { shelf, handoff, evidence_wait, waiting: Arc::default() }
    }

    /// Fires what is due, as far as there is evidence for it.
    pub(crate) async fn tick(self, context: Context) -> Result<Next> {
        let now = context.now().await?;
        let failing = self.failing(now);
        let next = store::course::next_at(context.pool(), &failing).await?;
        let Some(next) = next else {
            return Ok(self.waiting().failing.values().min().map_or(Next::Idle, |it| Next::At(*it)));
        };
        if now <= next {
            return Ok(Next::At(next));
        }
        let soon = Next::At(Timestamp::from_micros(now.as_micros() + SOON_MICROS));
        let later = Next::At(now.plus_seconds(1));
        let due = match self.evidence().await {
            Ok(watermark) => {
                let Watermark { position, generation, .. } = watermark;
                if !consumer::has_heard(context.pool(), HANDOFF, position, generation).await? {
                    // It comes: the consumer stirs the timers.
                    return Ok(soon);
                }
                // The next look asks anew.
                self.waiting().evidence = None;
                Due { until: watermark.complete_until, position: watermark.position, evidence: Evidence::Complete }
            }
            Err(error) => {
                if !matches!(error, Error::Away { .. }) {
                    tracing::error!(error = chassis::chain(&error), "the handoff service gives no evidence");
                }
                if !self.has_waited() {
                    return Ok(later);
                }
                let wait_seconds = i64::try_from(self.evidence_wait.as_secs()).unwrap_or(i64::MAX);
                let position = consumer::position(context.pool(), HANDOFF).await?;
                Due { until: now.plus_seconds(-wait_seconds), position, evidence: Evidence::Incomplete }
            }
        };
        let nothing = if due.evidence == Evidence::Complete { soon } else { later };
        if due.until <= next {
            return Ok(nothing);
        }
        let fired = self.fire(&context, due, failing, now).await?;
        // Others hold what is left: they fire it.
        Ok(if fired == 0 { nothing } else { Next::AtOnce })
    }

    /// Fires a batch; where that cannot be done, one by one, so that what cannot be fired holds up no other.
    async fn fire(&self, context: &Context, due: Due, failing: Vec<HandoffId>, now: Timestamp) -> Result<usize> {
        let work = (self.shelf.clone(), due, failing);
        let fired = context
            .transact("", &work, |tx, (shelf, due, failing)| Box::pin(ops::fire::fire(tx, shelf, *due, failing)));
        let broken = match fired.await {
            Err(error @ (Error::Refused(_) | Error::Fault(_) | Error::Busy(_))) => error,
            fired => return fired,
        };
        tracing::warn!(error = chassis::chain(&broken), "a batch could not be fired: now one by one");
        let ids = store::course::due(context.pool(), due.until, &work.2, ops::fire::BATCH).await?;
        for id in &ids {
            let work = (self.shelf.clone(), due, *id);
            let fired =
                context.transact("", &work, |tx, (shelf, due, id)| Box::pin(ops::fire::fire_one(tx, shelf, *due, *id)));
            match fired.await {
                Err(error @ (Error::Refused(_) | Error::Fault(_) | Error::Busy(_))) => {
                    tracing::error!(handoff = %id, error = chassis::chain(&error), "what is due of a handoff cannot be fired");
                    metrics::counter!("baton_sla_unfired_total").increment(1);
                    self.waiting().failing.insert(*id, now.plus_seconds(AGAIN_SECONDS));
                }
                fired => fired?,
            }
        }
        Ok(ids.len())
    }

    /// The handoffs that could not be done and still wait.
    fn failing(&self, now: Timestamp) -> Vec<HandoffId> {
        let mut waiting = self.waiting();
        waiting.failing.retain(|_, until| *until > now);
        waiting.failing.keys().copied().collect()
    }

    /// The evidence that is waited for, or new evidence.
    async fn evidence(&self) -> Result<Watermark> {
        let at_hand = self.waiting().evidence.filter(|(_, since)| since.elapsed() < EVIDENCE_HOLDS);
        if let Some((evidence, _)) = at_hand {
            return Ok(evidence);
        }
        let mut client = EventLogServiceClient::new(self.handoff.channel());
        let ask = |request| async move { client.get_watermark(request).await };
        let answer = self.handoff.ask(GetWatermarkRequest {}, ask).await?.unwrap_or_default();
        let until = answer.complete_until.unwrap_or_default();
        let complete_until = Timestamp::from_seconds_and_nanos(until.seconds, until.nanos)
            .ok_or_else(|| Error::fault("a watermark without an instant"))?;
        let watermark = Watermark { position: answer.position, generation: answer.generation.max(1), complete_until };
        let mut waiting = self.waiting();
        waiting.evidence = Some((watermark, Instant::now()));
        (waiting.unanswered, waiting.asked_at) = (Duration::ZERO, None);
        Ok(watermark)
    }

    /// Whether the handoff service has not answered for so long that breaches fire without it.
    fn has_waited(&self) -> bool {
        let mut waiting = self.waiting();
        let now = Instant::now();
        let since = waiting.asked_at.replace(now).map_or(Duration::ZERO, |before| now - before);
        waiting.unanswered += since.min(self.handoff.timeout() + STEP);
        waiting.unanswered >= self.evidence_wait
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
