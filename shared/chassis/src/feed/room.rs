//! Everybody who watches on this replica: who is let in, what each is told, and when each has to go.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Change, Ending, SPREAD, Watched,
    queue::{Item, Queue},
};

/// A watcher that was told nothing for so long gets a bookmark; with the pause between two looks that is within 10 s.
const BOOKMARK_AFTER: Duration = Duration::from_secs(9);

/// All watchers, and how far they were told. Nothing here waits: every method is done under one short lock.
#[derive(Debug)]
pub(super) struct Room<W: Watched> {
    watchers: HashMap<u64, Watcher<W>>,
    next_id: u64,
    /// Everything up to here was offered to every watcher that had joined; none while nobody has.
    position: Option<i64>,
    /// Whether a task follows the order for them.
    is_followed: bool,
}

#[derive(Debug)]
struct Watcher<W: Watched> {
    filter: Arc<W::Filter>,
    queue: Arc<Queue<W::Told>>,
    /// It is told what is after this position; none while it reads on its own.
    joined_at: Option<i64>,
    told_at: Instant,
    ends: (Instant, Ending),
}

impl<W: Watched> Default for Room<W> {
    fn default() -> Self {
        Self { watchers: HashMap::new(), next_id: 0, position: None, is_followed: false }
    }
}

impl<W: Watched> Room<W> {
    /// How many watch.
    pub(super) fn len(&self) -> usize {
        self.watchers.len()
    }

    /// Lets a watcher in, who reads on its own until it joins. True where a task has to be begun that follows the order.
    pub(super) fn enter(
        &mut self,
        filter: Arc<W::Filter>,
        queue: Arc<Queue<W::Told>>,
        now: Instant,
        ends: (Instant, Ending),
    ) -> (u64, bool) {
        self.next_id += 1;
        let ends = match ends {
            (at, Ending::Aged) => (at - Duration::from_secs(self.next_id % SPREAD.as_secs()), Ending::Aged),
            sooner => sooner,
        };
        let watcher = Watcher { filter, queue, joined_at: None, told_at: now, ends };
        self.watchers.insert(self.next_id, watcher);
        (self.next_id, !std::mem::replace(&mut self.is_followed, true))
    }

    /// From here on the watcher is told; it has read everything up to `position`. Answers up to where it has still to read
    /// on its own; none where it has left.
    ///
    /// There is no gap and no race: whatever is offered is offered under the lock that this method runs under too. All up
    /// to the answered position was offered before, so the watcher reads it; all after it will be offered, and waits in the
    /// watcher's queue meanwhile.
    pub(super) fn join(&mut self, id: u64, position: i64) -> Option<i64> {
        let watcher = self.watchers.get_mut(&id)?;
        let offered = *self.position.get_or_insert(position);
        let from = offered.max(position);
        watcher.joined_at = Some(from);
        Some(from)
    }

    /// After which position the order is to be followed; none while nobody has joined.
    pub(super) fn position(&self) -> Option<i64> {
        self.position
    }

    /// Offers what follows [`position`](Self::position), up to `position`, to everybody who joined. One who has no room for it
    /// is ended and holds nobody up.
    pub(super) fn offer(&mut self, changes: &[Arc<Change<W>>], position: i64, now: Instant) {
        self.position = Some(position);
        self.watchers.retain(|_, watcher| {
            let Some(from) = watcher.joined_at else { return true };
            for change in changes.iter().filter(|change| change.position > from) {
                let Some(told) = W::tell(change, &watcher.filter) else { continue };
                if !watcher.queue.push(Item { position: change.position, told: Some(told) }) {
                    end(watcher, Ending::TooSlow);
                    return false;
                }
                watcher.told_at = now;
            }
            true
        });
    }

    /// Ends those whose time is over, and gives a bookmark to those who were told nothing for long.
    pub(super) fn tick(&mut self, now: Instant) {
        let offered = self.position;
        self.watchers.retain(|_, watcher| {
            if now >= watcher.ends.0 {
                end(watcher, watcher.ends.1);
                return false;
            }
            if let (Some(from), Some(offered)) = (watcher.joined_at, offered)
                && now.duration_since(watcher.told_at) >= BOOKMARK_AFTER
                && watcher.queue.is_empty()
            {
                // There is room: it is empty.
                watcher.queue.push(Item { position: offered.max(from), told: None });
                watcher.told_at = now;
            }
            true
        });
    }

    /// Forgets a watcher that went away, or was told that it has ended.
    pub(super) fn leave(&mut self, id: u64) {
        self.watchers.remove(&id);
    }

    /// Ends everybody.
    pub(super) fn close(&mut self, ending: Ending) {
        for (_, watcher) in self.watchers.drain() {
            end(&watcher, ending);
        }
    }

    /// The order is not followed any more; the next who enters begins it anew.
    pub(super) fn rest(&mut self) {
        (self.position, self.is_followed) = (None, false);
    }
}

fn end<W: Watched>(watcher: &Watcher<W>, ending: Ending) {
    metrics::counter!("baton_watches_ended_total", "kind" => W::KIND, "why" => ending.name()).increment(1);
    watcher.queue.end(ending);
}
