//! Where `now` comes from: the database, or a test.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use kernel::Timestamp;

/// The source of [`Tx::now`](crate::Tx::now).
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The database's clock, the same for every replica.
    #[default]
    Database,
    /// A clock that only a test moves.
    Test(TestClock),
}

/// A clock that stands still until it is moved; clones share it.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that stands at that instant.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_micros())))
    }

    /// Where it stands.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    /// Moves it forward.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}
