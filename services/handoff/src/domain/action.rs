//! Small duties inside a handoff.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ReviewId, Side, Signed};

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
    /// Whether the side that is to do it has still to take it on; until then it does not count.
    pub unconfirmed: bool,
    /// Who added it; empty where it is not known.
    pub added_by: String,
    /// The review that it comes from.
    pub review_id: Option<ReviewId>,
    /// That it was done; none while it is open.
    pub done: Option<Signed>,
}

/// What is to be done, as somebody asks for it.
#[derive(Clone, Debug)]
pub struct NewAction {
    /// The action's id.
    pub id: ActionId,
    /// What.
    pub text: String,
    /// Which side has to do it.
    pub side: Side,
    /// Who.
    pub owner: Option<String>,
    /// By when, after now.
    pub due_at: Timestamp,
}

impl Action {
    /// Whether it counts and is still to be done.
    pub fn is_open(&self) -> bool {
        !self.unconfirmed && self.done.is_none()
    }
}

impl NewAction {
    /// The duty that a side lays down: on itself it counts at once, on the other once that one confirms it.
    pub(super) fn asked_by(self, side: Side, by: &str, review_id: Option<ReviewId>) -> Action {
        Action { unconfirmed: self.side != side, review_id, ..self.binding(by) }
    }

    /// The duty that counts at once.
    pub(in crate::domain) fn binding(self, by: &str) -> Action {
        let Self { id, text, side, owner, due_at } = self;
        Action {
            id,
            text,
            side,
            owner,
            due_at,
            unconfirmed: false,
            added_by: by.to_owned(),
            review_id: None,
            done: None,
        }
    }
}
