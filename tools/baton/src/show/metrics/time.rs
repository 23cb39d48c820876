//! Where time went, and what is waiting how long: parts of a report.

use api::metrics::v1::{BothDurations, FlowEfficiency, HoldTime, Report, TimeLedger};

use super::{
    figure::{Counted, DURATION_HEADER, durations, percent},
    metric::real,
    page::{Item, Part},
};
use crate::{show::Tone, spans, words};

/// What waits between two teams, by the wall clock and by the receiver's calendar.
pub(super) fn limbo(report: &Report) -> Vec<Part> {
    let limbo = report.limbo.unwrap_or_default();
    let rows = [
        ("Submit to decision", limbo.decision),
        ("Acceptance to begin", limbo.begin),
        ("Submit to recall or cancellation", limbo.withdrawn),
        ("Accepted, never begun", limbo.never_begun),
    ];
    vec![Part::table(&DURATION_HEADER, rows.into_iter().flat_map(|(name, both)| counted_both(name, both)))]
}

/// Both ways of counting, a row each; nothing where there is nothing to count.
fn counted_both(name: &str, both: Option<BothDurations>) -> Vec<Vec<Item>> {
    let both = both.unwrap_or_default();
    let row = |name: &str, of: Option<_>, counted| {
        of.filter(|it: &api::metrics::v1::Durations| it.count > 0).map(|it| durations(name, Some(&it), counted))
    };
    let rows = [
        row(name, both.elapsed, Counted::Elapsed),
        row("  in the receiver's working time", both.working, Counted::Working),
    ];
    rows.into_iter().flatten().collect()
}

/// Whose time it was, and how much of it was work.
pub(super) fn ledger(report: &Report) -> Vec<Part> {
    let ledger = report.ledger.unwrap_or_default();
    let handoffs = words::count(ledger.handoffs, "handoff");
    vec![
        Part::table(&["Whose time", "Share", "", "In all"], parts(&ledger)),
        Part::note_of(ledger.handoffs, |_| format!("{} in all, of {handoffs}", long(ledger.total_micros))),
        Part::table(&["Held", "In all"], holds(&report.holds.unwrap_or_default())),
        Part::Note(flow(&report.flow.unwrap_or_default())),
    ]
}

/// The parts of a ledger by name, in its own order.
pub(crate) fn named(ledger: &TimeLedger) -> [(&'static str, &'static str, i64); 7] {
    [
        ("hold", "Agreed hold", ledger.hold_micros),
        ("asked_upstream", "Upstream was asked", ledger.asked_upstream_micros),
        ("asked_downstream", "Downstream was asked", ledger.asked_downstream_micros),
        ("upstream", "Upstream's turn", ledger.upstream_micros),
        ("downstream", "Downstream's turn", ledger.downstream_micros),
        ("closed", "Calendar shut", ledger.closed_micros),
        ("done", "Done, and undone later", ledger.done_micros),
    ]
}

fn parts(ledger: &TimeLedger) -> Vec<Vec<Item>> {
    if ledger.total_micros == 0 {
        return vec![];
    }
    let row = |(_, name, micros): (&str, &str, i64)| {
        let share = real(micros) / real(ledger.total_micros);
        vec![
            Item::text(name),
            Item::text(percent(share)),
            Item::Bar(Tone::Plain, Some(share)),
            Item::Text(if micros == 0 { Tone::Quiet } else { Tone::Plain }, long(micros)),
        ]
    };
    named(ledger).into_iter().map(row).collect()
}

fn holds(holds: &HoldTime) -> Vec<Vec<Item>> {
    let rows = [
        ("Agreed, proposed by upstream", holds.agreed_upstream_micros),
        ("Agreed, proposed by downstream", holds.agreed_downstream_micros),
        ("By upstream alone", holds.lone_upstream_micros),
        ("By downstream alone", holds.lone_downstream_micros),
    ];
    let held = rows.into_iter().filter(|(_, micros)| *micros > 0);
    held.map(|(name, micros)| vec![Item::text(name), Item::text(long(micros))]).collect()
}

fn flow(flow: &FlowEfficiency) -> String {
    let share = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    match flow.handoffs {
        0 => String::new(),
        handoffs => format!(
            "flow efficiency: {} of the receiver's working time was work ({} by the wall clock), of {}",
            share(flow.working),
            share(flow.elapsed),
            words::count(handoffs, "completed handoff"),
        ),
    }
}

/// What is open beside what its route takes, and how long a handoff takes.
pub(super) fn ageing(report: &Report) -> Vec<Part> {
    let ageing = report.ageing.unwrap_or_default();
    let open = ageing.below_p50 + ageing.below_p85 + ageing.above_p85 + ageing.unknown;
    let row = |name: &str, count: i64, tone: Tone| {
        vec![Item::text(name), Item::count(count), Item::Bar(tone, Some(real(count) / real(open.max(1))))]
    };
    let ages = [
        row("younger than half of its route's", ageing.below_p50, Tone::Good),
        row("between half and 85 % of its route's", ageing.below_p85, Tone::Waiting),
        row("older than 85 % of its route's", ageing.above_p85, Tone::Bad),
        row("too few completions to compare with", ageing.unknown, Tone::Quiet),
    ];
    let spans = [("Creation to completion", ageing.cycle), ("Age of the open ones", ageing.age)];
    let spans = spans.into_iter().filter(|(_, it)| it.is_some_and(|it| it.count > 0));
    vec![
        Part::table(&["Open handoffs", "Number", ""], if open == 0 { vec![] } else { ages.to_vec() }),
        Part::table(&DURATION_HEADER, spans.map(|(name, it)| durations(name, it.as_ref(), Counted::Elapsed))),
    ]
}

/// About how long, of microseconds.
fn long(micros: i64) -> String {
    spans::about(micros / 1_000_000)
}
