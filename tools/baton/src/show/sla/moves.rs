//! What a migration moves, for people.

use api::sla::v1::{ClockMove, MigrateClocksResponse};
use comfy_table::Cell;
use prost_types::{Duration, Timestamp};

use crate::{
    show::{Screen, Tone},
    spans,
    words::{self, Word as _},
};

/// What would move, and that nothing has.
pub(crate) fn planned(policy: &str, answer: &MigrateClocksResponse, screen: &Screen) -> String {
    let to = format!("{policy} v{}", answer.to_version);
    if answer.moves.is_empty() {
        return format!("Nothing has to move: every clock goes by {to}, or keeps its time under it");
    }
    let more = if answer.more { ", and more than are shown" } else { "" };
    format!("{}\n\nNothing has moved. {} would move to {to}{more}", table(answer, screen), clocks(answer))
}

/// What has moved.
pub(crate) fn done(policy: &str, answer: &MigrateClocksResponse, screen: &Screen) -> String {
    format!("{}\n\n{} moved to {policy} v{}", table(answer, screen), clocks(answer), answer.to_version)
}

/// `3 clocks, 1 of them late at once`.
fn clocks(answer: &MigrateClocksResponse) -> String {
    let counted = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let all = words::count(counted(answer.moves.len()), "clock");
    match answer.moves.iter().filter(|one| becomes_late(one)).count() {
        0 => all,
        late => format!("{all}, {late} of them late at once,"),
    }
}

fn table(answer: &MigrateClocksResponse, screen: &Screen) -> String {
    let rows = answer.moves.iter().map(|one| {
        let tone = if becomes_late(one) { Tone::Bad } else { Tone::Plain };
        [
            Cell::new(format!("{}\n{}", one.kind().word(), one.handoff_id)),
            Cell::new(&one.team),
            Cell::new(format!("{} →\n{}", due(one.due_at_before.as_ref()), due(one.due_at_after.as_ref()))),
            Cell::new(left(one.remaining_before.as_ref())),
            screen.cell(tone, left(one.remaining_after.as_ref())),
        ]
    });
    screen.table(&["CLOCK", "Accountable", "Due", "Left before", "Left after"], rows)
}

/// Only what was not late before becomes so.
fn becomes_late(one: &ClockMove) -> bool {
    let is_over = |span: Option<Duration>| span.is_some_and(|span| span.seconds < 0 || span.nanos < 0);
    is_over(one.remaining_after) && !is_over(one.remaining_before)
}

fn due(time: Option<&Timestamp>) -> String {
    if time.is_none() { "paused".to_owned() } else { words::time(time) }
}

fn left(span: Option<&Duration>) -> String {
    match span.map(|span| span.seconds) {
        None => String::new(),
        Some(seconds @ ..0) => format!("late {}", spans::about_working(seconds)),
        Some(seconds) => spans::about_working(seconds),
    }
}

#[cfg(test)]
mod tests {
    use api::sla::v1::ClockKind;
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_plan_says_what_becomes_late() {
        let span = |seconds| Some(api::duration_from_seconds(seconds));
        let one = |before: &str, after: &str, left_before, left_after| ClockMove {
            handoff_id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            kind: ClockKind::Acceptance.into(),
            team: "implementation".to_owned(),
            due_at_before: words::parse_time(before).ok(),
            due_at_after: words::parse_time(after).ok(),
            remaining_before: span(left_before),
            remaining_after: span(left_after),
            ..ClockMove::default()
        };
        let mut answer = MigrateClocksResponse {
            moves: vec![
                one("2026-11-23T16:00", "2026-11-23T12:00", 25_200, 10_800),
                one("2026-11-23T10:00", "2026-11-23T09:00", 3_600, -10_800),
                one("", "", 25_200, 10_800),
            ],
            more: true,
            to_version: 3,
        };
        assert_snapshot!(planned("standard", &answer, &Screen::of_test()), @"
         CLOCK                                  Accountable      Due          Left before   Left after
        ───────────────────────────────────────────────────────────────────────────────────────────────
         ACCEPTANCE                             implementation   2026-11-23   7h            3h
         01994f7e-0000-7000-8000-000000000001                    16:00 →
                                                                 2026-11-23
                                                                 12:00
         ACCEPTANCE                             implementation   2026-11-23   1h            late 3h
         01994f7e-0000-7000-8000-000000000001                    10:00 →
                                                                 2026-11-23
                                                                 09:00
         ACCEPTANCE                             implementation   paused →     7h            3h
         01994f7e-0000-7000-8000-000000000001                    paused

        Nothing has moved. 3 clocks, 1 of them late at once, would move to standard v3, and more than are shown
        ");
        answer.moves.clear();
        assert!(planned("standard", &answer, &Screen::of_test()).starts_with("Nothing has to move"));
    }
}
