//! How much time is left, in words and in a colour: `2h 10m left`, `late 35m`.

use api::sla::v1::{Clock, ClockState};
use kernel::Timestamp;
use prost_types::Timestamp as WireTimestamp;

use super::counted;
use crate::{
    show::Tone,
    spans,
    words::{self, instant},
};

/// What is due sooner than that is pressing, where nothing is known but the due time.
const SOON_SECONDS: i64 = 2 * 3_600;
/// So much of the target must have passed to be pressing.
const PRESSING: f64 = 0.75;

/// Until a due time; none where there is none.
pub(crate) fn until(due_at: Option<&WireTimestamp>, now: Timestamp) -> Option<(String, Tone)> {
    let seconds = seconds_between(now, instant(due_at)?);
    Some(match seconds {
        ..0 => (format!("late {}", spans::about(seconds)), Tone::Bad),
        0..SOON_SECONDS => (format!("{} left", spans::about(seconds)), Tone::Waiting),
        _ => (format!("{} left", spans::about(seconds)), Tone::Good),
    })
}

/// Of a clock by the wall clock, or what became of it.
pub(crate) fn of(clock: &Clock, now: Timestamp) -> (String, Tone) {
    match clock.state() {
        ClockState::Unspecified => (String::new(), Tone::Plain),
        ClockState::Running => running(clock, now),
        ClockState::Paused if clock.breach.is_some() => {
            (format!("late {}, paused", counted(clock.overrun.as_ref(), &clock.calendar_id)), Tone::Bad)
        }
        ClockState::Paused => (format!("{} left, paused", still_counted(clock)), Tone::Quiet),
        ClockState::Met if clock.undone_at.is_some() => ("met, undone since".to_owned(), Tone::Waiting),
        ClockState::Met => ("met".to_owned(), Tone::Good),
        ClockState::Late => {
            let overrun = clock.overrun_wall.or(clock.overrun).map(|span| format!(" {}", spans::about(span.seconds)));
            let excused = if clock.excuse.is_some() { ", excused" } else { "" };
            (format!("late{}{excused}", overrun.unwrap_or_default()), Tone::Bad)
        }
        ClockState::Cancelled => ("cancelled".to_owned(), Tone::Quiet),
    }
}

/// What is left, or late, as the calendar counts it, where that is another number; and whether the calendar is shut. Of a
/// clock that was told now.
pub(crate) fn as_counted(clock: &Clock, now: Timestamp) -> String {
    if clock.state() != ClockState::Running || clock.calendar_id == super::ALWAYS {
        return String::new();
    }
    let shut = if clock.in_hours { "" } else { ", shut now" };
    match due_at(clock) {
        Some(due_at) if due_at < now => {
            format!("{} of work{shut}", counted(clock.overrun.as_ref(), &clock.calendar_id))
        }
        _ => format!("{} of work{shut}", still_counted(clock)),
    }
}

fn running(clock: &Clock, now: Timestamp) -> (String, Tone) {
    let Some(due_at) = due_at(clock) else { return (String::new(), Tone::Plain) };
    let seconds = seconds_between(now, due_at);
    let is_late = clock.breach.is_some() || seconds < 0;
    let was_warned = clock.warnings.iter().any(|warning| warning.warned_at.is_some());
    match (is_late, was_warned || passed(clock, due_at, now) >= PRESSING) {
        (true, _) => (format!("late {}", spans::about(seconds)), Tone::Bad),
        (false, true) => (format!("{} left", spans::about(seconds)), Tone::Waiting),
        (false, false) => (format!("{} left", spans::about(seconds)), Tone::Good),
    }
}

/// When it was due where it is late, else when it is.
fn due_at(clock: &Clock) -> Option<Timestamp> {
    instant(clock.breach.as_ref().and_then(|breach| breach.due_at.as_ref()).or(clock.due_at.as_ref()))
}

fn still_counted(clock: &Clock) -> String {
    let [target, elapsed] = [clock.target, clock.elapsed].map(|span| span.map_or(0, |span| span.seconds));
    counted(Some(&api::duration_from_seconds(target - elapsed)), &clock.calendar_id)
}

/// How much of the target has passed, 0 to 1. The clock may have been told some time ago: what has passed since then goes by
/// the wall clock.
#[expect(clippy::cast_precision_loss, reason = "it only chooses a colour")]
fn passed(clock: &Clock, due_at: Timestamp, now: Timestamp) -> f64 {
    let [target, elapsed] = [clock.target, clock.elapsed].map(|span| span.map_or(0.0, |span| span.seconds as f64));
    let told_at = instant(clock.as_of.as_ref()).unwrap_or(now);
    let [since, ahead] = [now, due_at].map(|at| seconds_between(told_at, at).max(0) as f64);
    let then = if target > 0.0 { elapsed / target } else { 1.0 };
    if ahead > 0.0 { then + (1.0 - then) * (since / ahead) } else { 1.0 }
}

fn seconds_between(from: Timestamp, until: Timestamp) -> i64 {
    until.as_micros().saturating_sub(from.as_micros()).div_euclid(1_000_000)
}

/// The due time of a clock as a cell: `2026-11-30 14:00`, or what it would be if it went on now.
pub(crate) fn due_text(clock: &Clock) -> String {
    match (&clock.due_at, &clock.due_if_resumed_at) {
        (Some(due_at), _) => words::time(Some(due_at)),
        (None, Some(due_at)) => format!("{} if it went on now", words::time(Some(due_at))),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use api::sla::v1::{Breach, ClockWarning, Excuse};

    use super::*;
    use crate::words::parse_time;

    const NOW: &str = "2026-11-23T09:00:00Z";

    fn at(text: &str) -> Option<WireTimestamp> {
        parse_time(text).ok()
    }

    fn span(seconds: i64) -> prost_types::Duration {
        api::duration_from_seconds(seconds)
    }

    fn clock(state: ClockState) -> Clock {
        Clock {
            state: state.into(),
            calendar_id: "berlin".to_owned(),
            target: Some(span(28_800)),
            elapsed: Some(span(3_600)),
            in_hours: true,
            due_at: at("2026-11-23T16:00"),
            as_of: at(NOW),
            ..Clock::default()
        }
    }

    fn told(clock: &Clock) -> (String, Tone) {
        of(clock, NOW.parse().unwrap())
    }

    #[test]
    fn a_colour_says_how_pressing_it_is() {
        let fresh = clock(ClockState::Running);
        let most_has_passed = Clock { elapsed: Some(span(21_600)), due_at: at("2026-11-23T11:00"), ..fresh.clone() };
        let warned = ClockWarning { warned_at: at(NOW), ..ClockWarning::default() };
        let breach = Some(Breach { due_at: at("2026-11-23T08:25"), ..Breach::default() });
        let late = Clock { breach, due_at: at("2026-11-23T08:25"), ..fresh.clone() };
        let paused = Clock { due_at: None, overrun: Some(span(7_200)), ..clock(ClockState::Paused) };
        let table = [
            (fresh.clone(), "7h left", Tone::Good),
            (most_has_passed, "2h left", Tone::Waiting),
            (Clock { warnings: vec![warned], ..fresh.clone() }, "7h left", Tone::Waiting),
            (Clock { as_of: at("2026-11-22T16:00"), ..fresh.clone() }, "7h left", Tone::Good),
            (Clock { as_of: at("2026-11-20T16:00"), ..fresh }, "7h left", Tone::Waiting),
            (late.clone(), "late 35m", Tone::Bad),
            (paused.clone(), "7h left, paused", Tone::Quiet),
            (Clock { breach: late.breach, ..paused }, "late 2h, paused", Tone::Bad),
            (clock(ClockState::Met), "met", Tone::Good),
            (Clock { undone_at: at(NOW), ..clock(ClockState::Met) }, "met, undone since", Tone::Waiting),
            (Clock { overrun_wall: Some(span(90)), ..clock(ClockState::Late) }, "late 1m", Tone::Bad),
            (Clock { excuse: Some(Excuse::default()), ..clock(ClockState::Late) }, "late, excused", Tone::Bad),
            (clock(ClockState::Cancelled), "cancelled", Tone::Quiet),
        ];
        for (clock, text, tone) in table {
            assert_eq!(told(&clock), (text.to_owned(), tone), "{clock:?}");
        }
    }

    #[test]
    fn a_weekend_lies_between_what_is_left_and_what_is_to_be_worked() {
        let friday = Clock { due_at: at("2026-11-26T09:00"), in_hours: false, ..clock(ClockState::Running) };
        let now = NOW.parse().unwrap();
        assert_eq!(told(&friday).0, "3d left");
        assert_eq!(as_counted(&friday, now), "7h of work, shut now");
        assert_eq!(as_counted(&Clock { calendar_id: "always".to_owned(), ..friday }, now), "");
    }

    #[test]
    fn without_a_clock_the_due_time_alone_decides() {
        let told = |text: &str| until(at(text).as_ref(), NOW.parse().unwrap());
        assert_eq!(told("2026-11-23T11:10"), Some(("2h 10m left".to_owned(), Tone::Good)));
        assert_eq!(told("2026-11-23T09:40"), Some(("40m left".to_owned(), Tone::Waiting)));
        assert_eq!(told("2026-11-23T08:25"), Some(("late 35m".to_owned(), Tone::Bad)));
        assert_eq!(told(""), None);
    }
}
