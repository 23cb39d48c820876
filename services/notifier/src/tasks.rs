//! What time does.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chassis::{Context, Next};
use kernel::Result;
use tokio::{select, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    channels::Channels,
    config::Config,
    domain::{Outcome, Place, SubscriptionId},
    ops::{self, deliver::Went},
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
/// After a look at what is old, the next one follows so much later.
const FORGET_EVERY_SECONDS: i64 = 600;

/// Collects what waits for a digest that is due, some at a time.
pub(crate) async fn gather(context: Context) -> Result<Next> {
    let gathered = context.transact("", &(), |tx, ()| Box::pin(ops::tell::gather(tx))).await?;
    if gathered > 0 {
        context.stir();
        return Ok(Next::AtOnce);
    }
    Ok(Next::Idle)
}

/// Forgets what is older than deliveries are kept, some at a time, and counts what is on its way.
pub(crate) async fn forget(context: Context, keep_days: u32) -> Result<Next> {
    let forgotten = context.transact("", &keep_days, |tx, days| Box::pin(ops::tell::forget(tx, *days))).await?;
    if forgotten > 0 {
        return Ok(Next::AtOnce);
    }
    Ok(Next::At(context.now().await?.plus_seconds(FORGET_EVERY_SECONDS)))
}

/// Counts what is on its way and what was given up.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 messages are far away")]
pub(crate) async fn count(context: Context) -> Result<Next> {
    let (pending, dead) = store::delivery::count(context.pool()).await?;
    metrics::gauge!("baton_notify_pending").set(pending as f64);
    metrics::gauge!("baton_notify_dead").set(dead as f64);
    Ok(Next::Idle)
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
    attempts: JoinSet<(SubscriptionId, bool)>,
    /// Of each subscription: attempts under way, and whether the last one that ended has failed.
    of: HashMap<SubscriptionId, (i64, bool)>,
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
                Ok((to_send, is_any)) => {
                    for claimed in to_send {
                        sending.begin(&context, &this, claimed);
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
                Some(ended) = sending.attempts.join_next() => sending.ended(ended),
            }
            while let Some(ended) = sending.attempts.try_join_next() {
                sending.ended(ended);
            }
        }
        while sending.attempts.join_next().await.is_some() {}
    }

    async fn claim(&self, context: &Context, sending: &Sending) -> Result<(Vec<Claimed>, bool)> {
        let under_way = i64::try_from(sending.attempts.len()).unwrap_or(i64::MAX);
        let limit = self.most - under_way;
        if limit <= 0 {
            return Ok((vec![], false));
        }
        let free = |(id, (under_way, is_failing)): (&SubscriptionId, &(i64, bool))| {
            let most = if *is_failing { 1 } else { self.each };
            (*id, (most - under_way).max(0))
        };
        let claim = Claim {
            limit,
            each: self.each,
            of: sending.of.iter().map(free).collect(),
            lease_seconds: self.lease_seconds,
        };
        context.transact("", &claim, |tx, claim| Box::pin(ops::deliver::claim(tx, claim))).await
    }

    /// One attempt; whether it failed.
    async fn attempt(&self, context: &Context, claimed: Claimed) -> bool {
        let began = Instant::now();
        let Ok(started_at) = context.now().await else {
            // The store is away: the lease ends, and the message is sent then.
            return true;
        };
        let attempted = self.channels.send(&claimed, started_at).await;
        let took = began.elapsed();
        tell(&claimed, &attempted.outcome, took);
        let is_failed = attempted.outcome != Outcome::Arrived;
        if let (Outcome::Arrived, Ok(now)) = (&attempted.outcome, context.now().await) {
            let delay = (now.as_micros() - claimed.created_at.as_micros()).max(0);
            #[expect(clippy::cast_precision_loss, reason = "a measure for people")]
            metrics::histogram!("baton_notify_delay_seconds").record(delay as f64 / 1e6);
        }
        let went = Went {
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
    fn begin(&mut self, context: &Context, dispatcher: &Arc<Dispatcher>, claimed: Claimed) {
        let id = claimed.delivery.subscription_id;
        self.of.entry(id).or_default().0 += 1;
        let (context, dispatcher) = (context.clone(), dispatcher.clone());
        self.attempts.spawn(async move { (id, dispatcher.attempt(&context, claimed).await) });
    }

    fn ended(&mut self, ended: std::result::Result<(SubscriptionId, bool), tokio::task::JoinError>) {
        let Ok((id, is_failed)) = ended else {
            tracing::error!("an attempt to send a message ended by a defect; its lease ends, and it is sent then");
            return;
        };
        let Some(of) = self.of.get_mut(&id) else { return };
        *of = (of.0 - 1, is_failed);
        if *of == (0, false) {
            self.of.remove(&id);
        }
    }
}

/// One line and one number for each attempt.
fn tell(claimed: &Claimed, outcome: &Outcome, took: Duration) {
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
    if !problem.is_empty() {
        let (id, attempt) = (claimed.delivery.id, claimed.delivery.attempts);
        tracing::info!(%id, attempt, channel, problem, "a message did not arrive");
    }
}
