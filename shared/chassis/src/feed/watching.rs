//! One watcher's stream: greeted, caught up by reads of its own, then told what everybody is told.

use std::{collections::VecDeque, future::poll_fn, sync::Arc};

use futures::Stream;
use kernel::{Code, Refusal, Result};
use tokio::time::Instant;
use tonic::Status;

use super::{
    Dated, Delivery, Ending, Feed, Watched, Watcher, ended,
    order::End,
    queue::{Item, Queue, Taken},
    token::Binding,
    too_many,
};
use crate::status::into_status;

/// A stream on its way. Dropped, it leaves the room.
pub(super) struct Watching<W: Watched> {
    feed: Feed<W>,
    id: u64,
    filter: Arc<W::Filter>,
    queue: Arc<Queue<W::Told>>,
    binding: Binding,
    generation: i64,
    dated: Dated,
    phase: Phase,
    /// Everything up to here has been delivered, or is nothing to this watcher.
    position: i64,
    /// What its own reads have brought and is not delivered yet.
    read: VecDeque<Item<W::Told>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first bookmark is due.
    Greeting,
    /// It reads on its own after this position, until it is near the end.
    Behind(i64),
    /// It has joined, and reads after the first position what was offered before, up to the second.
    Closing(i64, i64),
    /// It takes what it is offered.
    Live,
    Over,
}

impl<W: Watched> Watching<W> {
    /// Lets a watcher into the room, and begins to follow the order where nobody does.
    pub(super) fn enter(
        feed: &Feed<W>,
        watcher: Watcher,
        filter: W::Filter,
        binding: Binding,
        end: End,
        position: i64,
    ) -> Result<Self> {
        let (filter, queue, now) = (Arc::new(filter), Arc::new(Queue::default()), Instant::now());
        let id = {
            let mut room = feed.room();
            // Under the lock: who is in before the stop is found by the task that the stop ends.
            if feed.context().stopping().is_cancelled() {
                let message = "this server stops: watch at another one";
                let refusal = Refusal::new(Code::Unavailable, "STOPPING", message);
                return Err(Refusal { retry_after_seconds: Some(1), ..refusal }.into());
            }
            if room.len() >= feed.0.max_watches {
                return Err(too_many(feed.0.max_watches));
            }
            let (id, is_first) = room.enter(filter.clone(), queue.clone(), now, watcher.ends);
            if is_first {
                tokio::spawn(feed.clone().follow());
            }
            id
        };
        Ok(Self {
            feed: feed.clone(),
            id,
            filter,
            queue,
            binding,
            generation: end.generation,
            dated: Dated { at: end.at, read_at: now },
            phase: Phase::Greeting,
            position,
            read: VecDeque::new(),
        })
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Delivery<W::Told>, Status>> + Send {
        futures::stream::unfold(self, |mut watching| async move { watching.next().await.map(|next| (next, watching)) })
    }

    async fn next(&mut self) -> Option<Result<Delivery<W::Told>, Status>> {
        loop {
            if let Some(Item { position, told }) = self.read.pop_front() {
                return Some(Ok(self.deliver(position, told)));
            }
            if let (Phase::Behind(_) | Phase::Closing(..), Some(ending)) = (self.phase, self.queue.ended()) {
                return self.end(ending);
            }
            match self.phase {
                Phase::Greeting => {
                    self.phase = Phase::Behind(self.position);
                    return Some(Ok(self.deliver(self.position, None)));
                }
                Phase::Behind(after) => match self.catch_up(after, i64::MAX).await {
                    Ok((read_to, true)) => self.phase = Phase::Behind(read_to),
                    Ok((read_to, false)) => {
                        // None where it was ended meanwhile: the queue says why.
                        self.phase = match self.feed.room().join(self.id, read_to) {
                            Some(offered) => Phase::Closing(read_to, offered),
                            None => Phase::Live,
                        };
                    }
                    Err(status) => return self.fail(status),
                },
                Phase::Closing(after, until) if after >= until => {
                    (self.position, self.read) = (after, VecDeque::new());
                    self.phase = Phase::Live;
                }
                Phase::Closing(after, until) => match self.catch_up(after, until).await {
                    Ok((read_to, _)) => self.phase = Phase::Closing(read_to, until),
                    Err(status) => return self.fail(status),
                },
                Phase::Live => {
                    let queue = self.queue.clone();
                    match poll_fn(|cx| queue.poll_take(cx)).await {
                        Taken::Item(Item { position, told }) => return Some(Ok(self.deliver(position, told))),
                        Taken::Ended(ending) => return self.end(ending),
                    }
                }
                Phase::Over => return None,
            }
        }
    }

    /// Reads one batch after a position on its own; how far it got, and whether there may be more.
    async fn catch_up(&mut self, after: i64, until: i64) -> Result<(i64, bool), Status> {
        // Boxed: an idle watcher must not carry the room that a read takes.
        let (changes, end, is_full) = Box::pin(self.feed.read(after, until)).await.map_err(into_status)?;
        for change in &changes {
            if let Some(told) = W::tell(change, &self.filter) {
                self.read.push_back(Item { position: change.position, told: Some(told) });
            }
        }
        if is_full {
            // A long way: one that breaks off on it does not begin from its beginning again.
            self.read.push_back(Item { position: end, told: None });
        }
        Ok((end, is_full))
    }

    fn deliver(&mut self, position: i64, told: Option<W::Told>) -> Delivery<W::Told> {
        self.position = position;
        Delivery { resume_token: self.token(), told }
    }

    fn token(&self) -> String {
        let at = self.dated.now(self.feed.context().clock());
        let key = self.feed.0.key.get().expect("it was read when the watch began");
        key.token(self.binding, self.generation, self.position, at)
    }

    fn end(&mut self, ending: Ending) -> Option<Result<Delivery<W::Told>, Status>> {
        self.phase = Phase::Over;
        ended(ending, self.token()).map(Err)
    }

    /// A read of its own did not go well; where the watch has ended meanwhile, that is why.
    fn fail(&mut self, status: Status) -> Option<Result<Delivery<W::Told>, Status>> {
        if let Some(ending) = self.queue.ended() {
            return self.end(ending);
        }
        self.phase = Phase::Over;
        Some(Err(status))
    }
}

impl<W: Watched> Drop for Watching<W> {
    fn drop(&mut self) {
        self.feed.room().leave(self.id);
    }
}
