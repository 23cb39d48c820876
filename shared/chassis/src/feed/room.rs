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

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        task::{Context, Poll, Waker},
    };

    use sqlx::PgPool;

    use super::*;
    use crate::feed::queue::{LENGTH, Taken};

    /// A number; each watcher wants those that its own number divides.
    #[derive(Debug)]
    struct Number(i64);

    impl Watched for Number {
        const KIND: &'static str = "number";
        type Filter = i64;
        type Told = i64;

        async fn load(_: &PgPool, _: Vec<String>) -> kernel::Result<HashMap<String, Self>> {
            Ok(HashMap::new())
        }

        fn tell(change: &Arc<Change<Self>>, divisor: &i64) -> Option<i64> {
            (change.state.0 % divisor == 0).then_some(change.state.0)
        }
    }

    struct Seat {
        id: u64,
        queue: Arc<Queue<i64>>,
    }

    fn enter(room: &mut Room<Number>, divisor: i64, now: Instant, ends: (Instant, Ending)) -> (Seat, bool) {
        let queue = Arc::new(Queue::default());
        let (id, is_first) = room.enter(Arc::new(divisor), queue.clone(), now, ends);
        (Seat { id, queue }, is_first)
    }

    fn later(now: Instant) -> (Instant, Ending) {
        (now + Duration::from_hours(1), Ending::Late)
    }

    /// Numbers at the positions that they name.
    fn numbers(range: std::ops::RangeInclusive<i64>) -> Vec<Arc<Change<Number>>> {
        range
            .map(|number| Arc::new(Change { position: number, facts: vec![], state: Arc::new(Number(number)) }))
            .collect()
    }

    /// All that waits: its position, and what it tells.
    fn waiting(seat: &Seat) -> Vec<(i64, Option<i64>)> {
        let mut all = vec![];
        while let Poll::Ready(Taken::Item(item)) = seat.queue.poll_take(&Context::from_waker(Waker::noop())) {
            all.push((item.position, item.told));
        }
        all
    }

    #[tokio::test]
    async fn whoever_joins_is_told_what_is_after_the_place_where_it_stops_reading_on_its_own() {
        let (mut room, now) = (Room::default(), Instant::now());
        let (first, is_first) = enter(&mut room, 1, now, later(now));
        assert!(is_first, "somebody has to follow the order");
        assert_eq!((room.position(), room.join(first.id, 10)), (None, Some(10)), "the order is followed from there");
        let (behind, is_first) = enter(&mut room, 1, now, later(now));
        let (ahead, _) = enter(&mut room, 1, now, later(now));
        assert!(!is_first);
        room.offer(&numbers(11..=12), 12, now);
        assert_eq!(room.join(behind.id, 11), Some(12), "12 was offered before: it reads it on its own");
        assert_eq!(room.join(ahead.id, 13), Some(13), "it has read 13, which nobody was offered yet");
        room.offer(&numbers(13..=14), 14, now);
        let told = |seat| waiting(seat).into_iter().map(|(position, _)| position).collect::<Vec<_>>();
        assert_eq!((told(&first), told(&behind), told(&ahead)), (vec![11, 12, 13, 14], vec![13, 14], vec![14]));
    }

    #[tokio::test]
    async fn a_watcher_without_room_is_ended_and_the_others_are_told() {
        let (mut room, now) = (Room::default(), Instant::now());
        let (slow, _) = enter(&mut room, 1, now, later(now));
        let (picky, _) = enter(&mut room, 100, now, later(now));
        for seat in [&slow, &picky] {
            room.join(seat.id, 0);
        }
        let last = i64::try_from(LENGTH).unwrap() + 1;
        room.offer(&numbers(1..=last), last, now);
        assert_eq!(slow.queue.ended(), Some(Ending::TooSlow));
        assert_eq!(waiting(&slow), [], "and takes no memory any more");
        assert_eq!((room.len(), waiting(&picky)), (1, vec![(100, Some(100)), (200, Some(200))]));
    }

    #[tokio::test]
    async fn who_is_told_nothing_gets_a_bookmark_within_ten_seconds_and_who_is_told_something_gets_none() {
        let (mut room, now) = (Room::default(), Instant::now());
        let (idle, _) = enter(&mut room, 1_000, now, later(now));
        let (busy, _) = enter(&mut room, 1, now, later(now));
        let (reading, _) = enter(&mut room, 1, now, later(now));
        for seat in [&idle, &busy] {
            room.join(seat.id, 0);
        }
        room.tick(now + Duration::from_secs(8));
        room.offer(&numbers(1..=1), 1, now + Duration::from_secs(8));
        room.tick(now + Duration::from_secs(9));
        assert_eq!(waiting(&idle), [(1, None)], "its place is where all have been offered everything");
        assert_eq!(waiting(&busy), [(1, Some(1))]);
        assert_eq!(waiting(&reading), [], "who still reads on its own has news enough");
        for second in 10..60 {
            room.tick(now + Duration::from_secs(second));
        }
        assert_eq!(waiting(&idle), [(1, None)], "one is enough for whoever does not read");
    }

    #[tokio::test]
    async fn everybody_goes_when_the_time_is_over_and_those_who_began_together_do_not_go_together() {
        let (mut room, now) = (Room::default(), Instant::now());
        let hour = now + Duration::from_hours(1);
        let (on_time, _) = enter(&mut room, 1, now, (hour, Ending::Unauthenticated));
        let aged: Vec<_> = (0..240).map(|_| enter(&mut room, 1, now, (hour, Ending::Aged)).0).collect();
        let gone = |aged: &[Seat]| aged.iter().filter(|seat| seat.queue.ended() == Some(Ending::Aged)).count();
        room.tick(hour - SPREAD);
        assert_eq!(gone(&aged), 0);
        room.tick(hour - SPREAD / 2);
        assert!((80..160).contains(&gone(&aged)), "half of them: {}", gone(&aged));
        assert_eq!(on_time.queue.ended(), None);
        room.tick(hour);
        assert_eq!((gone(&aged), on_time.queue.ended()), (240, Some(Ending::Unauthenticated)));
        assert_eq!(room.len(), 0);
    }

    #[tokio::test]
    async fn a_room_that_rests_is_followed_anew_from_wherever_the_next_one_joins() {
        let (mut room, now) = (Room::default(), Instant::now());
        let (first, _) = enter(&mut room, 1, now, later(now));
        room.join(first.id, 10);
        room.leave(first.id);
        room.rest();
        let (next, is_first) = enter(&mut room, 1, now, later(now));
        assert!(is_first);
        assert_eq!(room.join(next.id, 70), Some(70), "what happened meanwhile is for nobody");
        room.close(Ending::Stopping);
        let taken = poll_fn(|cx| next.queue.poll_take(cx)).await;
        assert!(matches!(taken, Taken::Ended(Ending::Stopping)));
        assert_eq!(room.join(next.id, 80), None, "it has left");
    }
}
