//! Live watches: one task per replica follows the order of facts for all watchers, and each of them can resume without loss.
//!
//! A watcher first reads on its own what it has missed, then joins those whom the one task tells ([`room`]). All that it knows of
//! its place is in its token ([`token`]), so it may go on at any replica. Nothing here needs the message broker.

mod order;
mod queue;
mod room;
mod token;
mod watching;

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::Stream;
use kernel::{Actor, Code, Error, Refusal, Result, Timestamp};
use sqlx::PgPool;
use tokio::{
    select,
    sync::OnceCell,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tonic::{Request, Status};

use self::{order::Placed, room::Room, token::Binding, token::Key, watching::Watching};
use crate::{
    Context,
    call::{Asked, actor},
    clock::Clock,
    context::{SILENT_AFTER, bounded},
    publisher::Trouble,
    status::into_status,
};

/// The server ends a watch after so long at the latest, and up to `SPREAD` earlier: those that began together do not all come
/// back together.
const AGE: Duration = Duration::from_mins(30);
const SPREAD: Duration = Duration::from_mins(2);
/// Between two looks at whose time is over and who is due a bookmark.
const TICK: Duration = Duration::from_millis(100);
/// Another replica may give positions too, and tells nobody here.
const POLL: Duration = Duration::from_millis(100);
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(500);
/// Facts that are read at once.
const BATCH: i64 = 500;

/// The state of an aggregate as watchers are shown it. A service implements it in its `feeds.rs`.
pub trait Watched: Debug + Send + Sync + Sized + 'static {
    /// The first part of the aggregates' names: `handoff`.
    const KIND: &'static str;
    /// What one watcher wants to be told, and may be.
    type Filter: Debug + Send + Sync + 'static;
    /// What a watcher is told.
    type Told: Debug + Send + 'static;

    /// The aggregates of those names as they stand now, by name; for all watchers at once.
    fn load(pool: &PgPool, names: Vec<String>) -> impl Future<Output = Result<HashMap<String, Self>>> + Send;

    /// What that watcher is told of a change; none where it is nothing to it. It must be quick.
    fn tell(change: &Arc<Change<Self>>, filter: &Self::Filter) -> Option<Self::Told>;
}

/// Facts of one aggregate that follow each other in the order, and the aggregate as it stands after them (or later still).
#[derive(Debug)]
pub struct Change<W> {
    /// The position of the last of the facts.
    position: i64,
    /// The facts, in order.
    pub facts: Vec<Fact>,
    /// The aggregate.
    pub state: Arc<W>,
}

/// That something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its place in the aggregate's history.
    pub sequence: i64,
    /// The full name.
    pub r#type: String,
    /// Who caused it.
    pub actor: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Whether only the parties may see the aggregate from it on, and everybody might before.
    pub hides: bool,
}

impl<W> Change<W> {
    /// The aggregate after facts, without a place in any order; for tests of [`Watched::tell`].
    pub fn of(state: W, facts: Vec<Fact>) -> Arc<Self> {
        Arc::new(Self { position: 0, facts, state: Arc::new(state) })
    }
}

/// One message to a watcher.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery<T> {
    /// Goes on after this message.
    pub resume_token: String,
    /// What it is told; none is a bookmark.
    pub told: Option<T>,
}

/// Why a watch is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It has lasted long enough.
    Aged,
    /// The caller's deadline has passed.
    Late,
    /// The caller's token is not valid any more.
    Unauthenticated,
    /// More came than it took.
    TooSlow,
    /// The service stops.
    Stopping,
}

impl Ending {
    fn name(self) -> &'static str {
        match self {
            Self::Aged => "aged",
            Self::Late => "deadline",
            Self::Unauthenticated => "token_expired",
            Self::TooSlow => "too_slow",
            Self::Stopping => "stopping",
        }
    }

    /// What the watcher hears; nothing after a watch that has only lasted long enough.
    fn refusal(self) -> Option<Refusal> {
        let (code, reason, message) = match self {
            Self::Aged => return None,
            Self::Late => (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the watch's deadline has passed"),
            Self::Unauthenticated => (Code::Unauthenticated, "TOKEN_EXPIRED", "the token has expired: get a new one"),
            Self::TooSlow => (Code::ResourceExhausted, "WATCH_TOO_SLOW", "more has come than was read: read faster"),
            Self::Stopping => (Code::Unavailable, "STOPPING", "this server stops"),
        };
        let refusal =
            Refusal::new(code, reason, format!("{message}; watch again from resume_token, and nothing is lost"));
        Some(Refusal { retry_after_seconds: matches!(self, Self::TooSlow | Self::Stopping).then_some(1), ..refusal })
    }
}

/// Who watches, and until when a watch may last.
#[derive(Debug)]
pub struct Watcher {
    by: Actor,
    ends: (Instant, Ending),
}

impl Watcher {
    /// Who sent a request.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let by = actor(request)?;
        let asked = request.extensions().get::<Asked>().copied().unwrap_or_default();
        let ends = [
            Some((Instant::now() + AGE, Ending::Aged)),
            asked.deadline.map(|at| (at, Ending::Late)),
            asked.token_ends_at.map(|at| (at, Ending::Unauthenticated)),
        ];
        let ends = ends.into_iter().flatten().min_by_key(|(at, _)| *at).expect("one is always there");
        Ok(Self { by, ends })
    }

    /// Who it is.
    pub fn by(&self) -> &Actor {
        &self.by
    }
}

/// The one feed of a service about a kind of aggregate; cheap to clone.
#[derive(Debug)]
pub struct Feed<W: Watched>(Arc<Shared<W>>);

impl<W: Watched> Clone for Feed<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[derive(Debug)]
struct Shared<W: Watched> {
    context: Context,
    max_watches: usize,
    key: OnceCell<Key>,
    room: Mutex<Room<W>>,
}

impl<W: Watched> Feed<W> {
    /// A feed for so many watchers at once.
    pub fn new(context: &Context, max_watches: usize) -> Self {
        let context = context.clone();
        Self(Arc::new(Shared { context, max_watches, key: OnceCell::new(), room: Mutex::default() }))
    }

    /// A token to watch from: all that is not yet in what is read after this call will be told. Any filter may go on from it.
    pub async fn token(&self, viewer: &Actor) -> Result<String> {
        let key = self.key().await?;
        let end = order::end(self.context()).await?;
        Ok(key.token(Binding::new(viewer, None), end.generation, end.position, end.at))
    }

    /// Watches from a token on; without one, from now on. `filter_bytes` are any that identify the filter.
    ///
    /// The first delivery is a bookmark and comes at once. The stream ends with a status that carries the resume token, or
    /// without one after half an hour.
    pub async fn watch(
        &self,
        watcher: Watcher,
        filter: W::Filter,
        filter_bytes: &[u8],
        resume_token: &str,
    ) -> Result<impl Stream<Item = Result<Delivery<W::Told>, Status>> + Send + use<W>> {
        let binding = Binding::new(&watcher.by, Some(filter_bytes));
        let key = self.key().await?;
        let end = order::end(self.context()).await?;
        let position = if resume_token.is_empty() { end.position } else { key.read(resume_token, binding, &end)? };
        let watching = Watching::enter(self, watcher, filter, binding, end, position)?;
        Ok(watching.into_stream())
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn room(&self) -> MutexGuard<'_, Room<W>> {
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn key(&self) -> Result<&Key> {
        let read = async || {
            let secret = order::key(self.context().pool()).await?;
            Ok(Key::new(&secret, self.context().identity().package))
        };
        self.0.key.get_or_try_init(read).await
    }

    /// The changes after a position, `until` at the most: one batch of them, up to the position that the second value says;
    /// whether there may be more.
    async fn read(&self, position: i64, until: i64) -> Result<(Vec<Arc<Change<W>>>, i64, bool)> {
        let pool = self.context().pool();
        let mut placed = bounded(SILENT_AFTER, order::after(pool, position, BATCH)).await?;
        let is_full = placed.len() >= usize::try_from(BATCH).expect("a small number");
        placed.retain(|fact| fact.position <= until);
        let end = placed.last().map_or(position, |fact| fact.position);
        let is_of_kind = |fact: &Placed| fact.aggregate.split('/').next() == Some(W::KIND);
        let mut names: Vec<_> = placed.iter().filter(|fact| is_of_kind(fact)).map(|it| it.aggregate.clone()).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok((vec![], end, is_full));
        }
        let states = bounded(SILENT_AFTER, W::load(pool, names)).await?;
        let states = states.into_iter().map(|(name, state)| (name, Arc::new(state))).collect();
        Ok((changes(placed, &states), end, is_full))
    }

    /// Follows the order for everybody in the room, until the room is empty or the service stops.
    async fn follow(self) {
        let stop = self.context().stopping().clone();
        let mut following = Following { feed: self, is_over: false };
        following.is_over = select! {
            () = stop.cancelled() => false,
            () = following.feed.carry() => false,
            () = following.feed.keep_time() => true,
        };
    }

    async fn carry(&self) {
        let mut trouble = Trouble::new("the feed");
        let mut placed = self.context().placed().subscribe();
        loop {
            placed.mark_unchanged();
            let position = self.room().position();
            let pause = match position {
                None => POLL,
                Some(position) => match self.read(position, i64::MAX).await {
                    Ok((changes, end, is_full)) => {
                        trouble.is_over();
                        if end > position {
                            self.room().offer(&changes, end, Instant::now());
                        }
                        if is_full { Duration::ZERO } else { POLL }
                    }
                    Err(error) => {
                        trouble.is(&error);
                        PAUSE_AFTER_ERROR
                    }
                },
            };
            select! {
                _ = placed.changed() => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn keep_time(&self) {
        let watches = metrics::gauge!("baton_watches", "kind" => W::KIND);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            let mut room = self.room();
            room.tick(now);
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; there are not so many watchers")]
            watches.set(room.len() as f64);
            if room.len() == 0 {
                // Under the lock that letting in needs too: whoever enters next begins another task.
                room.rest();
                return;
            }
        }
    }
}

/// Whoever is left when the order is not followed any more, for whatever reason, has to know.
struct Following<W: Watched> {
    feed: Feed<W>,
    /// The room was empty, and rests: whoever is in it by now is followed by another task.
    is_over: bool,
}

impl<W: Watched> Drop for Following<W> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut room = self.feed.room();
            room.close(Ending::Stopping);
            room.rest();
        }
    }
}

/// Runs of facts of one aggregate, each with the state that was loaded for it. What is of another kind, or gone, is left out.
fn changes<W>(placed: Vec<Placed>, states: &HashMap<String, Arc<W>>) -> Vec<Arc<Change<W>>> {
    let mut changes: Vec<Change<W>> = vec![];
    let mut run = None;
    for fact in placed {
        let Placed { position, aggregate, aggregate_seq, r#type, actor, occurred_at, hides } = fact;
        let Some(state) = states.get(&aggregate) else {
            run = None;
            continue;
        };
        let fact = Fact { sequence: aggregate_seq, r#type, actor, occurred_at, hides };
        match changes.last_mut() {
            Some(last) if run.as_ref() == Some(&aggregate) => {
                last.position = position;
                last.facts.push(fact);
            }
            _ => changes.push(Change { position, facts: vec![fact], state: state.clone() }),
        }
        run = Some(aggregate);
    }
    changes.into_iter().map(Arc::new).collect()
}

/// The instant by the clock that tokens are dated by: the store's, read once, and from then on counted here.
#[derive(Debug, Clone, Copy)]
struct Dated {
    at: Timestamp,
    read_at: Instant,
}

impl Dated {
    fn now(&self, clock: &Clock) -> Timestamp {
        match clock {
            Clock::Test(clock) => clock.now(),
            Clock::Database => {
                let micros = i64::try_from(self.read_at.elapsed().as_micros()).unwrap_or(i64::MAX);
                Timestamp::from_micros(self.at.as_micros().saturating_add(micros))
            }
        }
    }
}

fn too_many(max_watches: usize) -> Error {
    let message = format!("this server has its {max_watches} watches: try again later, or at another one");
    Refusal { retry_after_seconds: Some(5), ..Refusal::new(Code::ResourceExhausted, "TOO_MANY_WATCHES", message) }
        .into()
}

/// What a watch that has ended says, with the token that goes on from there.
fn ended(ending: Ending, resume_token: String) -> Option<Status> {
    ending.refusal().map(|refusal| into_status(refusal.with("resume_token", resume_token).into()))
}
