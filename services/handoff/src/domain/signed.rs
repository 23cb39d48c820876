//! By whom, and when.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// By whom something was done, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// By whom; `system` where a change of the handoff's state did it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Signed {
    pub(super) fn new(by: &str, at: Timestamp) -> Self {
        Self { by: by.to_owned(), at }
    }
}
