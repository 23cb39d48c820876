//! What time does.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chassis::{Context, Next};
use kernel::{Result, Timestamp};
use tokio::{
    select,
    task::{self, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    channels::Channels,
    config::Config,
    domain::{Outcome, Place, SubscriptionId},
    ops::{
        self,
        deliver::{Due, Went},
    },
    store::{
        self,
        delivery::{Claim, Claimed},
        subscription::Filters,
    },
};

/// An attempt that has not been settled so long after its time is taken to be lost: with the process that made it.
const LEASE_BEYOND_TIMEOUT_SECONDS: u64 = 20;
/// How often an attempt that has ended is tried to be noted, while the store is away.
const SETTLE_EVERY: Duration = Duration::from_millis(500);
/// Long enough for the store to come back; then the lease ends, and the message is sent again under its id.
const SETTLE_FOR: Duration = Duration::from_secs(15);
/// The longest sleep between two looks at what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often what is old is forgotten, and what is on its way counted.
const KEEP_HOUSE_EVERY: Duration = Duration::from_secs(5);

/// Collects what waits for a digest that is due, some at a time.
pub(crate) async fn gather(context: Context) -> Result<Next> {
    let gathered = context.transact("", &(), |tx, ()| Box::pin(ops::tell::gather(tx))).await?;
    if gathered > 0 {
        context.stir();
        return Ok(Next::AtOnce);
    }
    Ok(Next::Idle)
}

/// Every so often forgets what is older than deliveries are kept, some at a time, and counts what is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Housekeeping {
    keep_days: u32,
    done: Arc<Mutex<Option<Instant>>>,
}

impl Housekeeping {
    pub(crate) fn new(keep_days: u32) -> Self {
        Self { keep_days, done: Arc::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 messages are far away")]
    pub(crate) async fn tick(self, context: Context) -> Result<Next> {
        if self.done().is_some_and(|done| done.elapsed() < KEEP_HOUSE_EVERY) {
            return Ok(Next::Idle);
        }
        let forgotten = context.transact("", &self.keep_days, |tx, days| Box::pin(ops::tell::forget(tx, *days)));
        if forgotten.await? > 0 {
            return Ok(Next::AtOnce);
        }
        let (pending, dead) = store::delivery::count(context.pool()).await?;
        metrics::gauge!("baton_notify_pending").set(pending as f64);
        metrics::gauge!("baton_notify_dead").set(dead as f64);
        *self.done() = Some(Instant::now());
        Ok(Next::Idle)
    }

    fn done(&self) -> MutexGuard<'_, Option<Instant>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what is due, many at once, but few to one receiver, and one at a time to one that fails: none of them delays another.
#[derive(Debug, Clone)]
pub(crate) struct Dispatcher {
    channels: Channels,
    filters: Filters,
    most: i64,
    each: i64,
    lease_seconds: i64,
}

/// What this process is sending, and to whom.
#[derive(Default)]
struct Sending {
    /// Each says whether it failed.
    attempts: JoinSet<bool>,
    of_attempt: HashMap<task::Id, SubscriptionId>,
    of: HashMap<SubscriptionId, Receiver>,
}

/// A subscription that something is being sent to, or whose last attempt has failed.
#[derive(Default)]
struct Receiver {
    under_way: i64,
    is_failing: bool,
}

impl Dispatcher {
    pub(crate) fn new(channels: Channels, filters: Filters, config: &Config) -> Self {
        let lease = config.send_timeout_ms.div_ceil(1_000) + LEASE_BEYOND_TIMEOUT_SECONDS;
        Self {
            channels,
            filters,
            most: config.max_sending.into(),
            each: config.max_sending_each.into(),
            lease_seconds: i64::try_from(lease).unwrap_or(i64::MAX),
        }
    }

    /// Sends until it is told to stop; then lets end what is under way.
    pub(crate) async fn run(self, context: Context, stop: CancellationToken) {
        let this = Arc::new(self);
        let mut sending = Sending::default();
        let mut stirred = context.stirred();
        while !stop.is_cancelled() {
            stirred.mark_unchanged();
            let is_more = match this.claim(&context, &sending).await {
                Ok(None) => false,
                Ok(Some(Due { now, to_send, is_any })) => {
                    for claimed in to_send {
                        sending.begin(&context, &this, claimed, now);
                    }
                    is_any
                }
                Err(error) => {
                    tracing::warn!(error = chassis::chain(&error), "what is due cannot be claimed; it is tried again");
                    false
                }
            };
            let pause = if is_more { Duration::ZERO } else { LOOK_EVERY };
            select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                Ok(()) = stirred.changed() => {}
                Some(ended) = sending.attempts.join_next_with_id() => sending.ended(ended),
            }
            while let Some(ended) = sending.attempts.try_join_next_with_id() {
                sending.ended(ended);
            }
        }
        while sending.attempts.join_next().await.is_some() {}
    }

    /// What is due; none where there is no room for more.
    async fn claim(&self, context: &Context, sending: &Sending) -> Result<Option<Due>> {
        let limit = self.most - i64::try_from(sending.attempts.len()).unwrap_or(i64::MAX);
        if limit <= 0 {
            return Ok(None);
        }
        let of = sending.free(self.most, self.each);
        let claim = Claim { limit, each: self.each, of, lease_seconds: self.lease_seconds };
        let due = context.transact("", &claim, |tx, claim| Box::pin(ops::deliver::claim(tx, claim)));
        due.await.map(Some)
    }

    /// One attempt; whether it failed.
    async fn attempt(&self, context: &Context, claimed: Claimed, started_at: Timestamp) -> bool {
        let began = Instant::now();
        let attempted = self.channels.send(&claimed, started_at).await;
        let took = began.elapsed();
        tell(&claimed, &attempted.outcome, started_at, took);
        let is_failed = attempted.outcome != Outcome::Arrived;
        let went = Went {
            address: claimed.place.address(),
            delivery: claimed.delivery,
            started_at,
            millis: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
            status: attempted.status,
            outcome: attempted.outcome,
        };
        self.settle(context, went).await;
        is_failed
    }

    /// Notes how an attempt went; while the store is away, again and again, for as long as the lease makes sense.
    async fn settle(&self, context: &Context, went: Went) {
        let work = (self.filters.clone(), went);
        let began = Instant::now();
        loop {
            let settled =
                context.transact("", &work, |tx, (filters, went)| Box::pin(ops::deliver::settle(tx, filters, went)));
            match settled.await {
                Ok(()) => return,
                Err(error) if began.elapsed() >= SETTLE_FOR => {
                    let id = work.1.delivery.id;
                    tracing::warn!(%id, error = chassis::chain(&error), "how an attempt went could not be noted");
                    return;
                }
                Err(_) => tokio::time::sleep(SETTLE_EVERY).await,
            }
        }
    }
}

impl Sending {
    /// How many more may go to each subscription that is known here: one at a time while it fails, and half of all at most to those that
    /// do, so that the others always find room.
    fn free(&self, most: i64, each: i64) -> Vec<(SubscriptionId, i64)> {
        let failing = |receiver: &&Receiver| receiver.is_failing;
        let mut room = most / 2 - self.of.values().filter(failing).map(|it| it.under_way).sum::<i64>();
        let free = |(id, receiver): (&SubscriptionId, &Receiver)| {
            if !receiver.is_failing {
                return (*id, (each - receiver.under_way).max(0));
            }
            let free = (1 - receiver.under_way).clamp(0, room.max(0));
            room -= free;
            (*id, free)
        };
        self.of.iter().map(free).collect()
    }

    fn begin(&mut self, context: &Context, dispatcher: &Arc<Dispatcher>, claimed: Claimed, now: Timestamp) {
        let id = claimed.delivery.subscription_id;
        self.of.entry(id).or_default().under_way += 1;
        let (context, dispatcher) = (context.clone(), dispatcher.clone());
        let attempt = self.attempts.spawn(async move { dispatcher.attempt(&context, claimed, now).await });
        self.of_attempt.insert(attempt.id(), id);
    }

    fn ended(&mut self, ended: std::result::Result<(task::Id, bool), task::JoinError>) {
        let (attempt, is_failing) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "an attempt to send a message ended by a defect; its lease ends, and it is sent then");
                (error.id(), true)
            }
        };
        let Some(id) = self.of_attempt.remove(&attempt) else { return };
        let Some(receiver) = self.of.get_mut(&id) else { return };
        receiver.under_way -= 1;
        receiver.is_failing = is_failing;
        if receiver.under_way == 0 && !is_failing {
            self.of.remove(&id);
        }
    }
}

/// One line and its numbers for each attempt.
fn tell(claimed: &Claimed, outcome: &Outcome, started_at: Timestamp, took: Duration) {
    let channel = match claimed.place {
        Place::Webhook { .. } => "webhook",
        Place::Chat { .. } => "chat",
        Place::Email { .. } => "email",
    };
    let (name, problem) = match outcome {
        Outcome::Arrived => ("arrived", ""),
        Outcome::Failed { problem, .. } => ("failed", problem.as_str()),
        Outcome::Impossible { problem } => ("impossible", problem.as_str()),
        Outcome::Gone { problem } => ("gone", problem.as_str()),
    };
    metrics::counter!("baton_notify_attempts_total", "channel" => channel, "outcome" => name).increment(1);
    metrics::histogram!("baton_notify_attempt_seconds", "channel" => channel).record(took.as_secs_f64());
    if *outcome == Outcome::Arrived {
        let waited = u64::try_from(started_at.as_micros() - claimed.created_at.as_micros()).unwrap_or_default();
        let delay = Duration::from_micros(waited) + took;
        metrics::histogram!("baton_notify_delay_seconds").record(delay.as_secs_f64());
    }
    if !problem.is_empty() {
        let (id, attempt) = (claimed.delivery.id, claimed.delivery.attempts);
        tracing::info!(%id, attempt, channel, problem, "a message did not arrive");
    }
}
