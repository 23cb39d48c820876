//! Whether work could be taken at once, whether promises were kept, what went to and fro: parts of a report.

use api::metrics::v1::{Attainment, Counted as CountedBy, CriterionValue, Promise, Report};

use super::{
    figure::{Counted, DURATION_HEADER, Good, SHARE_HEADER, durations, interval, of, percent, rate, share, span, tone},
    metric::real,
    page::{Item, Part},
};
use crate::{show::Tone, words};

/// First pass, complete and accurate, rejections, rework, read-backs.
pub(super) fn quality(report: &Report) -> Vec<Part> {
    let quality = report.quality.unwrap_or_default();
    let rework = report.rework.unwrap_or_default();
    let read_backs = report.read_backs.unwrap_or_default();
    let days = report.basis.as_ref().map_or(14, |basis| basis.return_days);
    let rows = [
        share("First-pass yield", quality.first_pass_yield.as_ref(), Good::High),
        share("Complete and accurate (%C&A)", quality.complete_and_accurate.as_ref(), Good::High),
        share("Rejections of decisions", quality.rejection_rate.as_ref(), Good::Low),
        share("Handoffs ever rejected", quality.ever_rejected.as_ref(), Good::Low),
        share("Rejections: incomplete", quality.incomplete.as_ref(), Good::Neither),
        share("Rejected, then accepted unchanged", quality.rejected_then_accepted_unchanged.as_ref(), Good::Neither),
        share("Rework: handoffs returned", rework.rate.as_ref(), Good::Low),
        share("Returned, then accepted unchanged", quality.returned_then_accepted_unchanged.as_ref(), Good::Neither),
        share("Acceptances with a read-back", read_backs.given.as_ref(), Good::Neither),
        share("Read-backs confirmed", read_backs.confirmed.as_ref(), Good::Neither),
    ];
    let young = |number, what: &str| {
        Part::note_of(number, |number| {
            format!("{} younger than {days} days: not counted in {what} yet", words::count(number, "decision"))
        })
    };
    let later = |number| {
        format!("{} returned for the first time later than {days} days: no rework", words::count(number, "handoff"))
    };
    vec![
        Part::table(&SHARE_HEADER, rows),
        young(quality.too_young, "%C&A"),
        young(rework.too_young, "rework"),
        Part::note_of(rework.later, later),
        Part::Note(rate(rework.returns_per_handoff.as_ref(), "returns for each handoff")),
        Part::Note(rate(read_backs.corrections.as_ref(), "corrections for each confirmed read-back")),
    ]
}

/// Promises kept, by kind, and what was promised beside what is delivered.
pub(super) fn promises(report: &Report) -> Vec<Part> {
    let all = report.attainment.clone().unwrap_or_default();
    let several = if report.attainment_by_kind.len() == 1 { vec![] } else { kept(&all).into_iter().collect() };
    let rows: Vec<_> = report.attainment_by_kind.iter().filter_map(kept).chain(several).collect();
    let header = ["Clock", "Kept", "", "95 % interval", "Of", "Late", "Open, late", "Not due", "Excused"];
    let delivered = ["Clock", "Promised", "Half within", "85 % within", "95 % within", "Of"];
    let cancelled: Vec<_> = all.cancelled.iter().map(|it| format!("{} {}", it.count, lower(&it.name))).collect();
    let cancelled = if cancelled.is_empty() {
        String::new()
    } else {
        format!("ended without being done: {}", cancelled.join(", "))
    };
    vec![
        Part::table(&header, rows),
        Part::Note(cancelled),
        Part::note_of(all.undone, |undone| format!("{undone} met, and undone later by a return or a reopening")),
        Part::note_of(all.met_by_pause, |paused| format!("{paused} met, and late had they not been paused")),
        Part::table(&delivered, report.promises.iter().map(promise)),
        Part::Note(report.promises.iter().filter_map(expectation).collect::<Vec<_>>().join("; ")),
    ]
}

/// Nothing where there is no clock at all.
fn kept(attainment: &Attainment) -> Option<Vec<Item>> {
    let share = attainment.share.unwrap_or_default();
    let cancelled: i64 = attainment.cancelled.iter().map(|it| it.count).sum();
    if share.denominator + attainment.open + cancelled == 0 {
        return None;
    }
    let tone = tone(share.value, share.few, Good::High);
    let kind = if attainment.kind.is_empty() { "all".to_owned() } else { lower(&attainment.kind) };
    Some(vec![
        Item::text(kind),
        Item::Text(tone, share.value.map(percent).unwrap_or_default()),
        Item::Bar(tone, share.value),
        Item::text(interval(share.low, share.high)),
        of(share.denominator, share.few),
        Item::bad_count(attainment.late),
        Item::bad_count(attainment.open_breached),
        Item::count(attainment.open),
        Item::count(attainment.excused),
    ])
}

fn promise(promise: &Promise) -> Vec<Item> {
    let delivered = promise.delivered.unwrap_or_default();
    let [_, p50, p85, p95, _, of] =
        durations("", Some(&delivered), Counted::Working).try_into().expect("an item for each column of durations");
    let target =
        format!("{} ({} of {})", span(promise.target_seconds, Counted::Working), promise.with_target, delivered.count);
    vec![Item::text(lower(&promise.kind)), Item::text(target), p50, p85, p95, of]
}

/// What was promised beside what is delivered, in a sentence; nothing where there is nothing, or too little.
fn expectation(promise: &Promise) -> Option<String> {
    let delivered = promise.delivered.filter(|delivered| delivered.count > 0 && !delivered.few)?;
    let reached = delivered.p85.filter(|p85| p85.reached)?;
    let [target, actual] = [promise.target_seconds, reached.seconds].map(|seconds| span(seconds, Counted::Working));
    Some(format!("{}: promised {target}, delivered within {actual} in 85 %", lower(&promise.kind)))
}

/// Rejections and returns, and the paths of work that came back.
pub(super) fn bounce(report: &Report) -> Vec<Part> {
    let bounce = report.bounce.clone().unwrap_or_default();
    let rows = bounce
        .paths
        .iter()
        .map(|path| vec![Item::text(path.teams.join(" → ")), Item::text(path.count), Item::text(&path.example)]);
    vec![
        Part::Note(rate(bounce.per_handoff.as_ref(), "rejections and returns for each handoff")),
        Part::table(&["Came back to a team that had handed it on", "Pieces of work", "EXAMPLE"], rows),
    ]
}

/// How much was asked, how fast it was answered, and what it was about.
pub(super) fn questions(report: &Report) -> Vec<Part> {
    let questions = report.questions.clone().unwrap_or_default();
    if questions.rounds_per_handoff.is_none_or(|rate| rate.count == 0) {
        return vec![];
    }
    let answer = durations("From a question to its answer", questions.answer.as_ref(), Counted::Elapsed);
    vec![
        Part::table(&SHARE_HEADER, [share("Handoffs without a question", questions.without.as_ref(), Good::Neither)]),
        Part::Note(rate(questions.rounds_per_handoff.as_ref(), "rounds for each handoff")),
        Part::table(&DURATION_HEADER, [answer]),
        Part::note_of(questions.unanswered, |number| format!("{} closed unanswered", words::count(number, "round"))),
        counted("About", "Rounds", &questions.about),
    ]
}

/// A list of counts with bars, each as long as its share of the greatest.
pub(super) fn counted(what: &'static str, unit: &'static str, counts: &[CountedBy]) -> Part {
    let greatest = counts.iter().map(|it| it.count).max().unwrap_or_default().max(1);
    let rows = counts.iter().map(|it| {
        let bar = Item::Bar(Tone::Plain, Some(real(it.count) / real(greatest)));
        vec![Item::text(&it.name), Item::text(it.count), bar]
    });
    Part::table(&[what, unit, ""], rows)
}

/// What each criterion is good for.
pub(super) fn criteria(criteria: &[CriterionValue]) -> Part {
    let header = ["Criterion", "Submits", "Unmet", "Rejections", "Returns", "Questions", "Cited for each", ""];
    let rows = criteria.iter().map(|it| {
        let value = it.value.unwrap_or_default();
        let few = if value.few { " (few)" } else { "" };
        let cited = value.value.map(|value| format!("{value:.2}{few}")).unwrap_or_default();
        vec![
            Item::text(&it.criterion),
            Item::count(it.required),
            Item::count(it.unmet),
            Item::count(it.rejections),
            Item::count(it.returns),
            Item::count(it.questions),
            Item::text(cited),
            Item::Text(Tone::Waiting, if it.may_be_dropped { "may be dropped" } else { "" }.to_owned()),
        ]
    });
    Part::table(&header, rows)
}

/// A word of the contract as it stands in a sentence.
pub(crate) fn lower(word: &str) -> String {
    word.to_lowercase().replace('_', " ")
}
