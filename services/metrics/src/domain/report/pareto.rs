//! What something is mostly due to.

use crate::domain::{Total, sums::Count};

/// What a Pareto is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Rejections by the criterion that they cite.
    RejectionCriterion,
    /// Rejections by kind of reason.
    RejectionReason,
    /// Returns by the criterion that they cite.
    ReturnCriterion,
    /// Returns by kind of reason.
    ReturnReason,
    /// Rounds of questions by what they are about.
    QuestionAbout,
    /// Clocks late or breached by kind.
    BreachKind,
    /// Rejections and returns by route.
    BouncesByRoute,
    /// Attempts by route.
    AttemptsByRoute,
}

/// A line: what, and how many.
pub type Line = (String, i64);

/// The lines, the largest first.
pub fn pareto(total: &Total, dimension: Dimension) -> Vec<Line> {
    let by = |what| super::most(total.labelled(what));
    match dimension {
        Dimension::RejectionCriterion => by(Count::RejectionCriterion),
        Dimension::RejectionReason => by(Count::RejectionReason),
        Dimension::ReturnCriterion => by(Count::ReturnCriterion),
        Dimension::ReturnReason => by(Count::ReturnReason),
        Dimension::QuestionAbout => by(Count::QuestionAbout),
        Dimension::BreachKind => {
            let kinds = super::attainment(total).into_iter().filter(|it| !it.kind.is_empty());
            let lines: Vec<_> = kinds.map(|it| (it.kind, it.late + it.open_breached)).collect();
            super::most(lines.iter().map(|(kind, number)| (kind.as_str(), *number)).filter(|(_, number)| *number > 0))
        }
        Dimension::BouncesByRoute => super::most(total.bounces_by_route()),
        Dimension::AttemptsByRoute => super::most(total.attempts_by_route()),
    }
}
