//! Where a clock's time went, for people.

use api::sla::v1::{ExplainClockResponse, LedgerEntry, LedgerKind};
use comfy_table::Cell;
use prost_types::{Duration, Timestamp};

use super::{clock, lower, pauses};
use crate::{
    show::{Screen, Tone},
    spans, words,
};

/// Stretch by stretch, and what they sum to.
pub(crate) fn ledger(answer: &ExplainClockResponse, screen: &Screen) -> String {
    let of = answer.clock.clone().unwrap_or_default();
    let heading = screen.heading(&format!("{} of {}: {}", clock::name(&of), of.team, clock::title(&of)));
    let rows = answer.entries.iter().map(|entry| {
        [
            Cell::new(exact(entry.from.as_ref())),
            Cell::new(exact(entry.until.as_ref())),
            screen.cell(tone(entry.kind()), counts(entry)),
            Cell::new(length(entry.length.as_ref())),
            Cell::new(calendar(entry)),
        ]
    });
    let table = screen.table(&["From", "Until", "Counts", "Length", "Calendar"], rows);
    let truncated = if answer.truncated { "\n\n... and more stretches; the sums are of all of them" } else { "" };
    format!("{heading}\n\n{table}{truncated}\n\n{}", sums(answer, &of, screen))
}

fn sums(answer: &ExplainClockResponse, of: &api::sla::v1::Clock, screen: &Screen) -> String {
    let remaining = answer.remaining.unwrap_or_default();
    let is_late = remaining.seconds < 0 || remaining.nanos < 0;
    let left = screen.paint(if is_late { Tone::Bad } else { Tone::Good }, &spans::precise(remaining));
    screen.facts(&[
        ("open", length(answer.open.as_ref())),
        ("shut", length(answer.closed.as_ref())),
        ("paused", length(answer.paused.as_ref())),
        ("in all", format!("{} by the wall clock", length(answer.wall.as_ref()))),
        ("target", length(of.target.as_ref())),
        ("left", format!("{left}: the target without what was open")),
    ])
}

fn counts(entry: &LedgerEntry) -> String {
    match entry.kind() {
        LedgerKind::Closed => "shut".to_owned(),
        LedgerKind::Paused => format!("paused: {}", pauses(entry.paused_by())),
        kind => lower(kind),
    }
}

fn calendar(entry: &LedgerEntry) -> String {
    match entry.calendar_version {
        0 => entry.calendar_id.clone(),
        version => format!("{} v{version}", entry.calendar_id),
    }
}

fn tone(kind: LedgerKind) -> Tone {
    match kind {
        LedgerKind::Open => Tone::Good,
        LedgerKind::Paused => Tone::Waiting,
        LedgerKind::Closed | LedgerKind::Unspecified => Tone::Quiet,
    }
}

fn length(length: Option<&Duration>) -> String {
    length.copied().map(spans::precise).unwrap_or_default()
}

/// To the microsecond, where it is not a whole second.
fn exact(time: Option<&Timestamp>) -> String {
    words::instant(time).map(|at| at.to_string().replace('T', " ").replace('Z', "")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use api::sla::v1::{Clock, ClockKind, HandoffRef, PauseReason};
    use insta::assert_snapshot;

    use super::*;
    use crate::words::parse_time;

    fn entry(from: &str, until: &str, kind: LedgerKind, seconds: i64, nanos: i32) -> LedgerEntry {
        LedgerEntry {
            from: parse_time(from).ok(),
            until: parse_time(until).ok(),
            kind: kind.into(),
            paused_by: if kind == LedgerKind::Paused { vec![PauseReason::AgreedHold.into()] } else { vec![] },
            calendar_id: "berlin".to_owned(),
            calendar_version: 3,
            length: Some(Duration { seconds, nanos }),
        }
    }

    #[test]
    fn a_ledger_adds_up() {
        let hours = |hours: i64| Some(api::duration_from_seconds(hours * 3_600));
        let clock = Clock {
            kind: ClockKind::Acceptance.into(),
            team: "implementation".to_owned(),
            handoff: Some(HandoffRef { title: "Acme rollout".to_owned(), ..HandoffRef::default() }),
            target: hours(8),
            ..Clock::default()
        };
        let answer = ExplainClockResponse {
            clock: Some(clock),
            entries: vec![
                entry("2026-11-20T15:00", "2026-11-20T16:00", LedgerKind::Open, 3_600, 0),
                entry("2026-11-20T16:00", "2026-11-23T08:00", LedgerKind::Closed, 230_400, 0),
                entry("2026-11-23T08:00", "2026-11-23T08:30:00.5", LedgerKind::Paused, 1_800, 500_000_000),
                entry("2026-11-23T08:30:00.5", "2026-11-23T09:00", LedgerKind::Open, 1_799, 500_000_000),
            ],
            wall: hours(66),
            open: Some(Duration { seconds: 5_399, nanos: 500_000_000 }),
            closed: hours(64),
            paused: Some(Duration { seconds: 1_800, nanos: 500_000_000 }),
            remaining: Some(Duration { seconds: 23_400, nanos: 500_000_000 }),
            truncated: false,
        };
        assert_snapshot!(ledger(&answer, &Screen::of_test()), @"
        ACCEPTANCE of implementation: Acme rollout

         From                    Until                   Counts                Length      Calendar
        ─────────────────────────────────────────────────────────────────────────────────────────────
         2026-11-20 15:00:00     2026-11-20 16:00:00     open                  1h          berlin v3
         2026-11-20 16:00:00     2026-11-23 08:00:00     shut                  64h         berlin v3
         2026-11-23 08:00:00     2026-11-23 08:30:00.5   paused: agreed hold   30m 0.5s    berlin v3
         2026-11-23 08:30:00.5   2026-11-23 09:00:00     open                  29m 59.5s   berlin v3

          open    1h 29m 59.5s
          shut    64h
          paused  30m 0.5s
          in all  66h by the wall clock
          target  8h
          left    6h 30m 0.5s: the target without what was open
        ");
    }
}
