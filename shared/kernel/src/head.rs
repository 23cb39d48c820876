//! The end of an aggregate's history, kept in the aggregate's own row.

use crate::Timestamp;

/// Where an aggregate's history stands: what the next fact is chained to.
///
/// `revision` is the sequence of the last fact (0 before the first), `hash` its chained hash, `at` its time. A new fact is
/// dated `max(now, at)`, so that the times of an aggregate never go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Head {
    /// Sequence of the last fact; 0 where there is none.
    pub revision: i64,
    /// Chained hash of the last fact; zeros where there is none.
    pub hash: [u8; 32],
    /// When the last fact occurred; the epoch where there is none.
    pub at: Timestamp,
}

impl Head {
    /// From a stored row; none where the stored hash has not 32 bytes.
    pub fn from_row(revision: i64, hash: &[u8], at: Timestamp) -> Option<Self> {
        Some(Self { revision, hash: hash.try_into().ok()?, at })
    }

    /// When a fact that happens `now` is dated: never before the one it follows.
    pub fn date(&self, now: Timestamp) -> Timestamp {
        now.max(self.at)
    }
}
