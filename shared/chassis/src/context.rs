//! What a service's drivers share: its identity, its store, its clock; and how they run an op exactly once.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use kernel::{Actor, Code, Error, Refusal, Result, Timestamp};
use prost::Message;
use sqlx::PgPool;
use tls::Trusted;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};
use tracing::Instrument as _;

use crate::{
    call::Call,
    clock::Clock,
    status::into_status,
    trace,
    tx::{Answer, Tx},
};

/// Which service this is.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The name of the program: `handoff`.
    pub name: &'static str,
    /// The protobuf package, the root of its fact names: `baton.handoff.v1`. Its second part names the stream.
    pub package: &'static str,
    /// The message that carries its facts: `baton.handoff.v1.HandoffEvent`. None: it says nothing, and has no stream.
    pub event_message: Option<&'static str>,
    /// The Postgres schema that it owns; also the name of its role, and `<schema>_owner` of the schema's owner.
    pub schema: &'static str,
    /// The service's own migrations; those of the chassis run before them.
    pub migrations: &'static sqlx::migrate::Migrator,
}

impl Identity {
    /// The part of the package that names the service: `handoff`.
    pub(crate) fn domain(&self) -> &'static str {
        self.package.split('.').nth(1).expect("a package is baton.<domain>.<version>")
    }
}

/// What a service's drivers share; cheap to clone.
#[derive(Debug, Clone)]
pub struct Context(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    identity: Identity,
    pool: PgPool,
    replica: Option<PgPool>,
    clock: Clock,
    committed: Notify,
    placed: watch::Sender<()>,
    stirred: watch::Sender<()>,
    stopping: CancellationToken,
    limits: Limits,
    trusted: Trusted,
}

/// Bounds that drivers keep.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a call without a deadline may take, and the longest that any transaction may.
    pub default_deadline: Duration,
    /// Bytes of a message at most.
    pub max_message_bytes: usize,
    /// Whether others may be called in plaintext at addresses that are not loopback.
    pub insecure: bool,
}

/// After so long without a word a task takes its store for silent; longer than any lock is waited for.
pub(crate) const SILENT_AFTER: Duration = Duration::from_secs(8);

/// A lost race is run again so often before the caller hears of it.
const ATTEMPTS: usize = 5;

impl Context {
    /// On a store and, where there is one, its read replica.
    pub(crate) fn new(
        identity: Identity,
        (pool, replica): (PgPool, Option<PgPool>),
        clock: Clock,
        limits: Limits,
        trusted: Trusted,
    ) -> Self {
        let (committed, stopping) = (Notify::new(), CancellationToken::new());
        let (placed, stirred) = (watch::Sender::default(), watch::Sender::default());
        Self(Arc::new(Shared { identity, pool, replica, clock, committed, placed, stirred, stopping, limits, trusted }))
    }

    /// Which service this is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The store, for reads.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// Where to read what may be some moments behind: a read replica where there is one, else the store.
    pub fn replica(&self) -> &PgPool {
        self.0.replica.as_ref().unwrap_or(&self.0.pool)
    }

    /// The bounds that drivers keep.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// What other services are called with.
    pub(crate) fn trusted(&self) -> &Trusted {
        &self.0.trusted
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The instant, outside of any transaction.
    pub async fn now(&self) -> Result<Timestamp> {
        let database =
            sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!: Timestamp""#).fetch_one(self.pool()).await?;
        Ok(self.now_or(database))
    }

    pub(crate) fn now_or(&self, database: Timestamp) -> Timestamp {
        match &self.0.clock {
            Clock::Database => database,
            Clock::Test(clock) => clock.now(),
        }
    }

    /// Told at every commit that wrote facts, so that the sequencer need not wait for its next poll.
    pub(crate) fn committed(&self) -> &Notify {
        &self.0.committed
    }

    /// Told whenever this replica has given positions to facts; another one may do so too, and tells nobody here.
    pub(crate) fn placed(&self) -> &watch::Sender<()> {
        &self.0.placed
    }

    /// Lets the timers of this replica look again at once: something may be due sooner than they thought.
    pub fn stir(&self) {
        self.0.stirred.send_replace(());
    }

    /// Told whenever something may be due sooner than it was thought.
    pub fn stirred(&self) -> watch::Receiver<()> {
        self.0.stirred.subscribe()
    }

    /// Cancelled when the service begins to stop.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// The answer that this call was given before, if any. A driver that gathers from other services looks here first.
    pub async fn answered<R: Message + Default>(&self, call: &Call) -> Result<Option<R>> {
        let found = sqlx::query!("SELECT request_hash, response FROM request WHERE key = $1", &call.key()[..])
            .fetch_optional(self.pool())
            .await?;
        found.map(|row| replay(call, &row.request_hash, &row.response)).transpose()
    }

    /// Runs an op exactly once for the call: a repeat with the same `request_id` gets the stored answer (another request under
    /// that id is refused), a lost race is run again. Effect, facts and answer are one transaction. It is spawned, so a caller
    /// that leaves cuts nothing in half.
    pub async fn once<C, R, F>(&self, call: Call, command: C, op: F) -> Result<Response<R>, Status>
    where
        C: Send + Sync + 'static,
        R: Message + Default + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t Actor, &'t C) -> BoxFuture<'t, Result<R>> + Send + Sync + 'static,
    {
        let context = self.clone();
        let run = async move {
            let mut attempt = 1;
            loop {
                let transaction = trace::transaction(context.identity().schema);
                match context.attempt(&call, &command, &op).instrument(transaction).await {
                    Err(Error::Busy(_)) if attempt < ATTEMPTS => attempt += 1,
                    result => return result,
                }
            }
        };
        match tokio::spawn(run.in_current_span()).await {
            Ok(Ok(answer)) => Ok(Response::new(answer)),
            Ok(Err(error)) => Err(into_status(error)),
            Err(panic) => Err(into_status(Error::fault(panic))),
        }
    }

    async fn attempt<C, R, F>(&self, call: &Call, command: &C, op: &F) -> Result<R>
    where
        R: Message + Default,
        F: for<'t> Fn(&'t mut Tx, &'t Actor, &'t C) -> BoxFuture<'t, Result<R>>,
    {
        let limit = call.remaining()?.min(self.limits().default_deadline);
        let (mut tx, stored) = Tx::begin(self, limit, call.traceparent(), Some(call.key())).await?;
        if let Some((hash, response)) = stored {
            tx.rollback().await;
            return replay(call, &hash, &response);
        }
        let result = bounded(limit, op(&mut tx, call.by(), command)).await;
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                tx.rollback().await;
                // The same call may have run beside this one and changed the state under it: then its answer is there by now.
                let beside = if matches!(error, Error::Refused(_)) { self.answered(call).await? } else { None };
                return beside.ok_or(error);
            }
        };
        tx.answer(Answer { key: *call.key(), request_hash: *call.request_hash(), response: answer.encode_to_vec() });
        self.finish(limit, tx).await.map(|()| answer)
    }

    /// Runs an op in a transaction of its own; for drivers whose repeats are settled by the op itself.
    pub async fn transact<C, R, F>(&self, traceparent: &str, command: &C, op: F) -> Result<R>
    where
        F: for<'t> Fn(&'t mut Tx, &'t C) -> BoxFuture<'t, Result<R>> + Send + Sync,
    {
        let limit = self.limits().default_deadline;
        let mut attempt = 1;
        loop {
            let (mut tx, _) = Tx::begin(self, limit, traceparent, None).await?;
            let result = match bounded(limit, op(&mut tx, command)).await {
                Ok(result) => self.finish(limit, tx).await.map(|()| result),
                Err(error) => {
                    tx.rollback().await;
                    Err(error)
                }
            };
            match result {
                Err(Error::Busy(_)) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn finish(&self, limit: Duration, tx: Tx) -> Result<()> {
        let facts = bounded(limit, tx.commit()).await.map_err(|error| match error {
            // The unique key of an answer or of a sequence was taken by a transaction beside this one.
            Error::Fault(source) if is_taken_key(&*source) => Error::Busy(source),
            error => error,
        })?;
        if facts > 0 {
            self.committed().notify_one();
        }
        Ok(())
    }
}

/// The result of the work, or Away once the limit has passed: a peer that went silent must not hold a connection for ever.
pub(crate) async fn bounded<R>(limit: Duration, work: impl Future<Output = Result<R>>) -> Result<R> {
    timeout(limit, work).await.unwrap_or_else(|late| Err(Error::Away { what: "the store", source: late.into() }))
}

fn replay<R: Message + Default>(call: &Call, request_hash: &[u8], response: &[u8]) -> Result<R> {
    if request_hash != call.request_hash() {
        let message = "this request_id was used for another request: take a new UUID for every new request";
        return Err(Refusal::new(Code::InvalidArgument, "REQUEST_ID_REUSED", message).into());
    }
    R::decode(response).map_err(Error::fault)
}

fn is_taken_key(source: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    source
        .downcast_ref::<sqlx::Error>()
        .and_then(|error| error.as_database_error())
        .and_then(|error| error.constraint())
        .is_some_and(|constraint| matches!(constraint, "request_pkey" | "event_log_aggregate_aggregate_seq_key"))
}
