//! How much there was; questions, read-backs.

use super::Measuring;
use crate::domain::{
    Life,
    life::End,
    sums::{Count, Span},
};

/// What happened on which day.
pub(super) fn volume(measuring: &mut Measuring<'_>, life: &Life) {
    measuring.count(life.created_at, Count::Created, "", 1);
    for attempt in &life.attempts {
        if let Some((End::Recalled, at)) = attempt.end {
            measuring.count(at, Count::Recalled, "", 1);
        }
    }
    for (at, _) in &life.completions {
        measuring.count(*at, Count::Completed, "", 1);
    }
    match life.ended_at() {
        Some(at) if life.cancelled_at.is_some() => measuring.count(at, Count::Cancelled, "", 1),
        Some(at) => measuring.span(Span::Cycle, life.created_at, Some(at)),
        None => measuring.span(Span::Cycle, life.created_at, None),
    }
}

/// What was asked, and how long the answers took.
pub(super) fn questions(measuring: &mut Measuring<'_>, life: &Life) {
    if !life.rounds.is_empty() {
        measuring.count(life.created_at, Count::HandoffAsked, "", 1);
    }
    for round in &life.rounds {
        measuring.count(life.created_at, Count::HandoffRounds, "", 1);
        if !round.about.is_empty() {
            measuring.count(round.at, Count::QuestionAbout, &round.about, 1);
        }
        if round.until.is_some() && !round.answered {
            measuring.count(round.at, Count::QuestionUnanswered, "", 1);
        } else {
            measuring.span(Span::Answer, round.at, round.until);
        }
    }
}

/// What the receiver restated.
pub(super) fn read_backs(measuring: &mut Measuring<'_>, life: &Life) {
    for acceptance in life.acceptances.iter().filter(|acceptance| acceptance.read_back) {
        measuring.count(acceptance.at, Count::ReadBackGiven, "", 1);
        if let Some(corrections) = acceptance.corrections {
            measuring.count(acceptance.at, Count::ReadBackConfirmed, "", 1);
            measuring.count(acceptance.at, Count::ReadBackCorrections, "", i64::from(corrections));
        }
    }
}
