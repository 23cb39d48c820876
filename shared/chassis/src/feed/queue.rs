//! The bounded queue between the one task that follows the order and one watcher's stream.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::Ending;

/// So many things wait for a watcher; one that lets more come together is too slow.
pub(super) const LENGTH: usize = 256;
/// An empty queue keeps no more room than this: most watchers are idle most of the time.
const KEPT: usize = 8;

/// Something for one watcher, and where it stands once it has it.
#[derive(Debug)]
pub(super) struct Item<T> {
    pub(super) position: i64,
    /// None is a bookmark.
    pub(super) told: Option<T>,
}

/// What a watcher's stream takes out of its queue.
#[derive(Debug)]
pub(super) enum Taken<T> {
    Item(Item<T>),
    /// The watch is over, why, and never anything else again.
    Ended(Ending),
}

/// One writer, one reader. Ended, it lets go of what waits: the watcher's token has it all.
#[derive(Debug)]
pub(super) struct Queue<T>(Mutex<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<Item<T>>,
    ended: Option<Ending>,
    reader: Option<Waker>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(Mutex::new(Inner { items: VecDeque::new(), ended: None, reader: None }))
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one; false where there is no room.
    pub(super) fn push(&self, item: Item<T>) -> bool {
        let mut inner = self.lock();
        if inner.items.len() >= LENGTH {
            return false;
        }
        inner.items.push_back(item);
        wake(inner);
        true
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Ends the watch; the first reason counts.
    pub(super) fn end(&self, ending: Ending) {
        let mut inner = self.lock();
        inner.items = VecDeque::new();
        inner.ended.get_or_insert(ending);
        wake(inner);
    }

    /// Why the watch is over; none while it goes on.
    pub(super) fn ended(&self) -> Option<Ending> {
        self.lock().ended
    }

    /// Takes the next, in order.
    pub(super) fn poll_take(&self, cx: &Context<'_>) -> Poll<Taken<T>> {
        let mut inner = self.lock();
        if let Some(item) = inner.items.pop_front() {
            if inner.items.is_empty() {
                inner.items.shrink_to(KEPT);
            }
            return Poll::Ready(Taken::Item(item));
        }
        if let Some(ending) = inner.ended {
            return Poll::Ready(Taken::Ended(ending));
        }
        match &mut inner.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// Wakes the reader after the lock is given back.
fn wake<T>(mut inner: MutexGuard<'_, Inner<T>>) {
    let reader = inner.reader.take();
    drop(inner);
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use super::*;

    fn item(position: i64) -> Item<i64> {
        Item { position, told: Some(position) }
    }

    async fn take(queue: &Queue<i64>) -> Result<i64, Ending> {
        match poll_fn(|cx| queue.poll_take(cx)).await {
            Taken::Item(item) => Ok(item.position),
            Taken::Ended(ending) => Err(ending),
        }
    }

    #[tokio::test]
    async fn what_goes_in_comes_out_in_order_and_wakes_the_reader() {
        let queue = Arc::new(Queue::default());
        let reader = tokio::spawn({
            let queue = queue.clone();
            async move { (take(&queue).await, take(&queue).await, take(&queue).await) }
        });
        tokio::task::yield_now().await;
        assert!(queue.push(item(1)));
        tokio::task::yield_now().await;
        assert!(queue.push(item(2)));
        tokio::task::yield_now().await;
        queue.end(Ending::Aged);
        assert_eq!(reader.await.unwrap(), (Ok(1), Ok(2), Err(Ending::Aged)));
    }

    #[tokio::test]
    async fn a_full_queue_takes_no_more_until_somebody_reads() {
        let queue = Queue::default();
        for position in 0..256 {
            assert!(queue.push(item(position)));
        }
        assert!(!queue.push(item(256)));
        assert_eq!(take(&queue).await, Ok(0));
        assert!(queue.push(item(256)));
    }

    #[tokio::test]
    async fn an_ended_queue_lets_go_of_what_waits_and_keeps_its_first_reason() {
        let queue = Queue::default();
        assert!(queue.push(item(1)));
        queue.end(Ending::TooSlow);
        queue.end(Ending::Stopping);
        assert!(queue.is_empty());
        assert_eq!(take(&queue).await, Err(Ending::TooSlow));
        assert_eq!(take(&queue).await, Err(Ending::TooSlow), "and again");
    }
}
