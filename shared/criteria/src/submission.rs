//! What is judged: the answers and ticks of a handoff, and what an expression may know of the handoff itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{hash::ContentHash, value::Value};

/// The answers and ticks of one handoff, by key. Keys that the content does not know are kept and not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Answers by field.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// Ticks by item; an item without one is open.
    #[serde(default)]
    pub items: BTreeMap<String, Tick>,
}

impl Submission {
    /// What identifies the answers and ticks, whatever the order of keys in their JSON. The digits of a decimal count.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(self)
    }
}

/// The state of one item. Who ticked it, and when, is kept by the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// How it stands.
    pub state: TickState,
    /// What shows that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Why it does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TickState {
    /// Not yet.
    #[default]
    Open,
    /// Done.
    Done,
    /// It does not apply to this handoff.
    NotApplicable,
}

/// What an expression may know of the handoff beside its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// `LOW`, `NORMAL`, `HIGH` or `URGENT`.
    pub priority: &'a str,
    /// The attempt that this submission is, or would become: 1 for the first.
    pub attempt: u32,
    /// No handoff between these two teams was completed before.
    pub first_time_pair: bool,
    /// Only the two teams may see the handoff.
    pub confidential: bool,
}

impl Default for Circumstances<'_> {
    /// A first attempt of normal priority.
    fn default() -> Self {
        Self { priority: "NORMAL", attempt: 1, first_time_pair: false, confidential: false }
    }
}
