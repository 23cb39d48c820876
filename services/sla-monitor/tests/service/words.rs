//! Answers in few words, for assertions that read well.

use api::sla::v1::{Clock, ClockKind, ClockState, PauseReason, SlaEvent};
use kernel::Timestamp;
use testkit::Refusal;
use tonic::Code;

/// The code and the reason of a refusal.
pub(crate) fn why(refused: &Refusal) -> (Code, &str) {
    (refused.code, refused.reason.as_str())
}

pub(crate) fn kind(kind: ClockKind) -> &'static str {
    kind.as_str_name().trim_start_matches("CLOCK_KIND_")
}

pub(crate) fn state(state: ClockState) -> &'static str {
    state.as_str_name().trim_start_matches("CLOCK_STATE_")
}

/// The instant, or "never".
pub(crate) fn time(time: Option<prost_types::Timestamp>) -> String {
    let read = time.and_then(|time| Timestamp::from_seconds_and_nanos(time.seconds, time.nanos));
    read.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// A clock in a line: "ACCEPTANCE 1 implementation RUNNING due 2026-03-03T10:00:00Z".
pub(crate) fn line(clock: &Clock) -> String {
    let mut line = format!("{} {} {} {}", kind(clock.kind()), clock.cycle, clock.team, state(clock.state()));
    for reason in clock.paused_by() {
        line += " by ";
        line += PauseReason::as_str_name(&reason).trim_start_matches("PAUSE_REASON_");
    }
    if clock.due_at.is_some() {
        line.extend([" due ", &time(clock.due_at)]);
    }
    if !clock.end_cause.is_empty() {
        line.extend([" ended ", &time(clock.ended_at), " ", &clock.end_cause]);
    }
    if clock.breach.is_some() {
        line += " breached";
    }
    if clock.undone_at.is_some() {
        line += " undone";
    }
    line
}

pub(crate) fn lines(clocks: &[Clock]) -> String {
    clocks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The clock that a fact is about.
pub(crate) fn clock_of(event: &SlaEvent) -> &Clock {
    event.clock.as_ref().expect("the fact is about a clock")
}
