//! The universal block of a handoff (after I-PASS): what a receiver must know, whatever the trade.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

kernel::named! {
    /// How urgent a handoff is.
    pub enum Priority {
        /// Can wait.
        Low = "LOW",
        /// As usual.
        Normal = "NORMAL",
        /// Before others.
        High = "HIGH",
        /// Now.
        Urgent = "URGENT",
    }
}

/// What a receiver must know. All of it may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How bad or how big it is, in a few words.
    pub severity: String,
    /// What the matter is.
    pub situation: String,
    /// What is to be done.
    pub actions: Vec<SummaryAction>,
    /// What to do if.
    pub contingencies: Vec<Contingency>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryAction {
    /// What.
    pub text: String,
    /// By whom; may be empty.
    pub owner: String,
    /// By when.
    pub due_at: Option<Timestamp>,
}

/// A plan for a case that may come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contingency {
    /// The case.
    pub r#if: String,
    /// What to do then.
    pub then: String,
}

/// Somebody who knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The role in this work.
    pub role: String,
    /// How to reach them.
    pub how: String,
}
