//! Whether promises were kept, and what they took.

use super::{Lasting, Measuring, seconds};
use crate::domain::{
    Life, Story,
    story::{Clock, ClockFact, ClockKind, ClockLife},
    sums::{Count, Span},
};

/// Every clock of a handoff, each under the policy version that it keeps.
pub(super) fn clocks(measuring: &mut Measuring<'_>, story: &Story, life: &Life) {
    let of_handoff = measuring.cohort.clone();
    for clock in story.clocks.values() {
        let Some(last) = clock.went.last() else { continue };
        measuring.cohort.policy.clone_from(&last.state.policy);
        let label = format!("{} {}", clock.promise.kind, clock.promise.side);
        kept(measuring, life, clock, last, &label);
        took(measuring, clock, last, &label);
    }
    measuring.cohort = of_handoff;
}

/// By when it was due.
fn kept(measuring: &mut Measuring<'_>, life: &Life, clock: &Clock, last: &ClockFact, label: &str) {
    let state = &last.state;
    let Some(due_at) = state.due_at else { return };
    let what = match state.life {
        ClockLife::Met => Count::ClockMet,
        ClockLife::Late => Count::ClockLate,
        ClockLife::Running | ClockLife::Paused if state.breached => Count::ClockBreached,
        ClockLife::Running | ClockLife::Paused => Count::ClockOpen,
        ClockLife::Cancelled => {
            measuring.count(due_at, Count::ClockCancelled, format!("{label} {}", state.end_cause), 1);
            return;
        }
    };
    measuring.count(due_at, what, label, 1);
    if state.excused && matches!(what, Count::ClockLate | Count::ClockBreached) {
        measuring.count(due_at, Count::ClockExcused, label, 1);
    }
    let (Count::ClockMet, Some(ended_at)) = (what, state.ended_at) else { return };
    let is_undone = || life.completions.iter().any(|(at, undone)| *at == ended_at && undone.is_some());
    if clock.promise.kind == ClockKind::Completion && is_undone() {
        measuring.count(due_at, Count::ClockUndone, label, 1);
    }
    let without_pause = measuring.book.open_micros(&state.calendar, clock.promise.started_at, ended_at);
    if without_pause > state.target_micros {
        measuring.count(due_at, Count::ClockMetByPause, label, 1);
    }
}

/// What was promised, and what it took; of one that ended without being done nobody knows.
fn took(measuring: &mut Measuring<'_>, clock: &Clock, last: &ClockFact, label: &str) {
    let (state, from) = (&last.state, clock.promise.started_at);
    measuring.count(from, Count::ClockTarget, format!("{label} {}", seconds(state.target_micros)), 1);
    if state.is_open() {
        let what = Lasting::Working {
            span: Span::Clock,
            label: label.to_owned(),
            before_micros: state.elapsed_micros,
            runs: state.life == ClockLife::Running,
        };
        measuring.lasts(from, what, last.at, state.calendar.clone());
    } else if !state.undone {
        measuring.sums(from).span(Span::Clock, label, seconds(state.elapsed_micros));
    }
}
