//! The summary of an import for people.

use std::fmt::Write as _;

use super::{Screen, Tone};
use crate::commands::import::Report;

const SHOWN_REFUSALS: usize = 20;

/// What came in, and the first lines that were refused.
pub(crate) fn summary(report: &Report, screen: &Screen) -> String {
    let rows = [
        ("records", report.records),
        ("created", report.created),
        ("extended", report.extended),
        ("unchanged", report.unchanged),
        ("refused", report.refused),
        ("facts", report.facts),
        ("teams made", report.teams_created),
        ("routes discovered", report.routes_discovered),
    ];
    let time = format!("{:.1} s, {:.0} events/s", report.seconds, report.events_per_second);
    let numbers = rows.into_iter().map(|(name, number)| (name, number.to_string()));
    let mut text = screen.facts(&numbers.chain([("time", time)]).collect::<Vec<_>>());
    if report.refused > 0 {
        let shown = report.refused_lines.iter().take(SHOWN_REFUSALS);
        let lines = shown.map(|line| {
            [
                screen.cell(Tone::Plain, line.line.to_string()),
                screen.cell(Tone::Bad, &line.reason),
                screen.cell(Tone::Plain, &line.message),
            ]
        });
        text += &screen.section("Refused lines", &screen.table(&["LINE", "Reason", "What is wrong"], lines));
        let hidden = report.refused - i64::try_from(report.refused_lines.len().min(SHOWN_REFUSALS)).unwrap_or(0);
        if hidden > 0 {
            let _ = writeln!(text, "... and {hidden} more (all that are known with --json)");
        }
    }
    text
}
