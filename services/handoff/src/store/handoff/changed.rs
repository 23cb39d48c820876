//! What of a handoff is to be saved beside its own row.

use serde::Serialize;

use super::row::{ActionRow, AttemptRow, of_action, of_attempt};
use crate::domain::{Fact, Handoff, HandoffId};

/// A row of a part whose columns are named as its fields.
#[derive(Debug, Serialize)]
pub(super) struct PartRow<'a, T> {
    handoff_id: HandoffId,
    place: usize,
    #[serde(flatten)]
    part: &'a T,
}

/// What of a handoff is to be saved beside its own row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changed<'a> {
    pub(super) handoff: &'a Handoff,
    facts: &'a [Fact],
}

impl<'a> Changed<'a> {
    /// What these facts, just applied, have touched.
    pub(crate) const fn by(handoff: &'a Handoff, facts: &'a [Fact]) -> Self {
        Self { handoff, facts }
    }

    /// The attempts that the facts made or decided: each of them is about the last one, or made it.
    pub(super) fn attempts(self) -> impl Iterator<Item = AttemptRow> {
        let is_about_attempt = |fact: &&Fact| {
            matches!(
                fact,
                Fact::Submitted { .. }
                    | Fact::Accepted { .. }
                    | Fact::Rejected { .. }
                    | Fact::Cancelled { .. }
                    | Fact::Recalled { .. }
                    | Fact::ReadBackConfirmed { .. }
            )
        };
        let touched = self.facts.iter().filter(is_about_attempt).count();
        let from = self.handoff.attempts.len().saturating_sub(touched);
        self.handoff.attempts[from..].iter().map(move |attempt| of_attempt(self.handoff.id, attempt))
    }

    pub(super) fn actions(self) -> impl Iterator<Item = ActionRow> {
        let id = self.handoff.id;
        self.touched(Table::Action, &self.handoff.actions).map(move |(place, action)| of_action(id, place, action))
    }

    pub(super) fn parts<T>(self, table: Table, parts: &'a [T]) -> impl Iterator<Item = PartRow<'a, T>> {
        let handoff_id = self.handoff.id;
        self.touched(table, parts).map(move |(place, part)| PartRow { handoff_id, place, part })
    }

    /// All rows of a table of parts, where a fact has touched one of them.
    fn touched<T>(self, table: Table, parts: &'a [T]) -> impl Iterator<Item = (usize, &'a T)> {
        let is_touched = self.facts.iter().any(|fact| Table::of(fact) == Some(table));
        parts.iter().enumerate().filter(move |_| is_touched)
    }
}

/// The tables of parts that change after they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Action,
    Question,
    Review,
    Proposal,
}

impl Table {
    /// The one that a fact touches.
    const fn of(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::ActionAdded(_) | Fact::ActionConfirmed(_) | Fact::ActionDone(_) => Some(Self::Action),
            Fact::QuestionAsked(_)
            | Fact::QuestionAnswered { .. }
            | Fact::QuestionInsufficient { .. }
            | Fact::QuestionClosed { .. } => Some(Self::Question),
            Fact::ReviewScheduled(_)
            | Fact::ReviewHeld { .. }
            | Fact::ReviewMissed { .. }
            | Fact::ReviewWaived { .. }
            | Fact::ReviewCancelled { .. } => Some(Self::Review),
            Fact::ProposalMade(_)
            | Fact::ProposalAgreed(_)
            | Fact::ProposalDeclined { .. }
            | Fact::ProposalLapsed(_) => Some(Self::Proposal),
            _ => None,
        }
    }
}
