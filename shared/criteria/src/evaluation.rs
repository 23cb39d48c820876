//! The answer of a judgement: every criterion with its outcome.

use serde::{Deserialize, Serialize};

use crate::content::Severity;

/// Every criterion with its outcome, in the order of the template: fields, items, rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// One for each criterion.
    pub results: Vec<CriterionResult>,
}

/// How one criterion stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionResult {
    /// The criterion's key, stable across versions.
    pub key: String,
    /// What kind of criterion it is.
    pub kind: CriterionKind,
    /// How much it matters.
    pub severity: Severity,
    /// How it stands.
    pub outcome: Outcome,
    /// Unmet or waived: what is wrong. Not applicable: why. Met: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// Unmet or waived: how to put it right. Otherwise empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// The kinds of criteria.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CriterionKind {
    /// A field's answer.
    Field,
    /// A line of the checklist.
    Item,
    /// A quality standard.
    Rule,
}

/// How a criterion stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Fulfilled.
    Met,
    /// Not fulfilled.
    Unmet,
    /// Hidden, optional and empty, about something that is, or ticked as not applicable where that counts.
    NotApplicable,
    /// Not fulfilled, and downstream does without it.
    Waived,
}

impl Evaluation {
    /// Every unmet criterion, of any severity.
    pub fn unmet(&self) -> impl Iterator<Item = &CriterionResult> {
        self.results.iter().filter(|result| result.outcome == Outcome::Unmet)
    }

    /// The unmet criteria that stop the handoff.
    pub fn blocking_unmet(&self) -> impl Iterator<Item = &CriterionResult> {
        self.unmet().filter(|result| result.severity == Severity::Blocking)
    }

    /// Whether nothing stops the handoff.
    pub fn is_ready(&self) -> bool {
        self.blocking_unmet().next().is_none()
    }
}
