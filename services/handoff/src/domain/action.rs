//! Small duties inside a handoff.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::Side;

kernel::uuid_id! {
    /// An action's id.
    ActionId
}

/// A small duty of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its id.
    pub id: ActionId,
    /// What is to be done.
    pub text: String,
    /// Which side has to do it.
    pub side: Side,
    /// Who; none where it is the side's.
    pub owner: Option<String>,
    /// By when.
    pub due_at: Timestamp,
    /// That it was done; none while it is open.
    pub done: Option<Done>,
}

/// That an action was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

impl Action {
    /// Whether it is still to be done.
    pub fn is_open(&self) -> bool {
        self.done.is_none()
    }
}
