//! Limbo, first-pass yield, %C&A, rejections, rework.

use std::collections::BTreeSet;

use super::{Measuring, micros_between, seconds_up};
use crate::domain::{
    Life, Side,
    heard::{Reason, ReasonKind},
    life::End,
    sums::{Count, Span},
};

/// Longer words of what is missing are cut; equal beginnings count as equal.
const MISSING_CHARS: usize = 200;

/// Every attempt, what became of it, and how long that took.
pub(super) fn attempts(measuring: &mut Measuring<'_>, life: &Life) {
    for (place, attempt) in life.attempts.iter().enumerate() {
        measuring.count(attempt.at, Count::Submitted, "", 1);
        for criterion in &attempt.criteria {
            measuring.count(attempt.at, Count::CriterionApplied, &criterion.key, 1);
            if !criterion.blocking {
                measuring.count(attempt.at, Count::CriterionAdvisory, &criterion.key, 1);
            }
            if criterion.unmet {
                measuring.count(attempt.at, Count::CriterionUnmet, &criterion.key, 1);
            }
        }
        let until = attempt.end.as_ref().map(|(_, at)| *at);
        match &attempt.end {
            Some((End::Recalled | End::Cancelled, _)) => {
                measuring.both(Span::Withdrawn, Span::WithdrawnWorking, attempt.at, until);
            }
            _ => measuring.both(Span::Decision, Span::DecisionWorking, attempt.at, until),
        }
        if let Some((End::Rejected(reasons), at)) = &attempt.end {
            measuring.count(*at, Count::Rejected, "", 1);
            measuring.count(life.created_at, Count::HandoffRejections, "", 1);
            cite(measuring, *at, reasons, Count::RejectionReason, Count::RejectionCriterion);
            let missing: BTreeSet<String> = reasons.iter().filter_map(missing).collect();
            for text in missing {
                measuring.count(*at, Count::RejectionMissing, text, 1);
            }
            if reasons.iter().any(|it| matches!(it.kind, ReasonKind::Criterion | ReasonKind::Incomplete)) {
                measuring.count(*at, Count::RejectedIncomplete, "", 1);
            }
            if life.accepted_unchanged(place, *at) {
                measuring.count(*at, Count::RejectedUnchanged, "", 1);
            }
        }
    }
}

/// Counts each kind and each criterion once.
fn cite(measuring: &mut Measuring<'_>, at: kernel::Timestamp, reasons: &[Reason], by_kind: Count, by_criterion: Count) {
    for kind in reasons.iter().map(|reason| reason.kind).collect::<BTreeSet<_>>() {
        measuring.count(at, by_kind, kind.name(), 1);
    }
    let criteria = reasons.iter().filter(|reason| reason.kind == ReasonKind::Criterion).map(|reason| &reason.text);
    for criterion in criteria.collect::<BTreeSet<_>>() {
        measuring.count(at, by_criterion, criterion, 1);
    }
}

/// What is missing, in words that are equal where they differ in letters' case and spaces alone.
fn missing(reason: &Reason) -> Option<String> {
    if reason.kind != ReasonKind::Incomplete {
        return None;
    }
    let text = reason.text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let text = text.trim_end_matches(['.', '!']).chars().take(MISSING_CHARS).collect::<String>();
    (!text.is_empty()).then_some(text)
}

/// Whether it could be taken at once.
pub(super) fn first_pass(measuring: &mut Measuring<'_>, life: &Life) {
    let Some((place, at)) = life.first_decided() else { return };
    measuring.count(at, Count::FirstDecided, "", 1);
    if life.attempts.iter().any(|attempt| matches!(attempt.end, Some((End::Rejected(_), _)))) {
        measuring.count(at, Count::EverRejected, "", 1);
    }
    let is_accepted = matches!(life.attempts[place].end, Some((End::Accepted, _)));
    if !is_accepted || life.recalled_after_a_look {
        return;
    }
    measuring.count(at, Count::FirstPassed, "", 1);
    let has_condition = life.acceptances.first().is_some_and(|acceptance| acceptance.conditions > 0);
    let first = life.acceptances.first().map_or(at, |acceptance| acceptance.at);
    let was_asked = life.rounds.iter().any(|round| round.side == Side::Downstream && round.before_decision);
    if life.waived || has_condition || was_asked {
        return;
    }
    measuring.count(at, Count::FirstClean, "", 1);
    if let Some(back) = life.returns.first() {
        let seconds = seconds_up(micros_between(first, back.at));
        measuring.sums(at).span(Span::CleanUntilReturn, "", seconds);
    }
}

/// What was accepted, and what came back.
pub(super) fn rework(measuring: &mut Measuring<'_>, life: &Life) {
    for acceptance in &life.acceptances {
        measuring.count(acceptance.at, Count::Accepted, "", 1);
        match (acceptance.begun_at, acceptance.dropped_at) {
            (None, Some(at)) => {
                measuring.both(Span::NeverBegun, Span::NeverBegunWorking, acceptance.at, Some(at));
            }
            (begun_at, _) => measuring.both(Span::Begin, Span::BeginWorking, acceptance.at, begun_at),
        }
    }
    if let Some(first) = life.acceptances.first() {
        measuring.count(first.at, Count::FirstAccepted, "", 1);
        if let Some(back) = life.returns.first() {
            let seconds = seconds_up(micros_between(first.at, back.at));
            measuring.sums(first.at).span(Span::AcceptedUntilReturn, "", seconds);
        }
    }
    for back in &life.returns {
        measuring.count(back.at, Count::Returned, "", 1);
        measuring.count(life.created_at, Count::HandoffReturns, "", 1);
        cite(measuring, back.at, &back.reasons, Count::ReturnReason, Count::ReturnCriterion);
        if back.attempt.is_some_and(|attempt| life.accepted_unchanged(attempt, back.at)) {
            measuring.count(back.at, Count::ReturnedUnchanged, "", 1);
        }
    }
}
