//! What is different under two versions, as a page: figure by figure, with what can be said of it.

use api::metrics::v1::{CompareVersionsResponse, Comparison, Metric, Percentile, Proportion, Query, Verdict, Version};

use super::{
    basis,
    figure::{Counted, percent, span},
    metric::{self, Unit, real},
    page::{Item, Page, Part},
    rows::Row,
};
use crate::{show::Tone, words::Word as _};

/// The page of a comparison.
pub(crate) fn page(query: &Query, versions: [&Version; 2], answer: &CompareVersionsResponse) -> Page {
    let [before, after] = versions.map(|version| basis::version(Some(version)));
    let mut page = Page {
        title: format!("{before} and {after}: {}", basis::place(query.scope.as_ref())),
        subtitle: basis::days(query, answer.basis.as_ref()),
        basis: basis::sureness(answer.basis.as_ref()),
        ..Page::default()
    };
    page.push("", parts(&answer.lines));
    page
}

/// A row for each figure, and how to read them.
pub(crate) fn parts(lines: &[Comparison]) -> Vec<Part> {
    let header = ["Figure", "Before", "After", "Difference", "95 % interval", "Verdict"];
    let has_percentile = lines.iter().any(|line| line.before_percentile.is_some());
    let has = |verdict: Verdict| lines.iter().any(|line| line.verdict() == verdict);
    let note = |is_told: bool, text: &str| Part::Note(if is_told { text.to_owned() } else { String::new() });
    vec![
        Part::table(&header, lines.iter().map(row)),
        note(lines.is_empty(), "there is no figure to compare"),
        note(has_percentile, "of a percentile, what is compared is the share that took longer than it did before"),
        note(has(Verdict::NotShown), "not shown: the interval holds 0, so it may be chance"),
        note(has(Verdict::NotEnoughData), "not enough data: fewer than 20 before or after"),
    ]
}

fn row(line: &Comparison) -> Vec<Item> {
    vec![
        Item::text(metric::name(line.metric())),
        Item::text(side(line.before.as_ref(), line.before_percentile.as_ref(), line.metric())),
        Item::text(side(line.after.as_ref(), line.after_percentile.as_ref(), line.metric())),
        Item::text(line.difference.map(points).unwrap_or_default()),
        Item::text(line.low.zip(line.high).map(|(low, high)| bounds(low, high)).unwrap_or_default()),
        Item::Text(tone(line.verdict()), verdict(line.verdict()).to_owned()),
    ]
}

/// `84.2 % of 190`, or `31h (15.0 % of 200 longer)`.
fn side(proportion: Option<&Proportion>, percentile: Option<&Percentile>, metric: Metric) -> String {
    let proportion = proportion.copied().unwrap_or_default();
    let Some(value) = proportion.value else { return "none".to_owned() };
    let few = if proportion.few { ", few" } else { "" };
    let share = format!("{} of {}{few}", percent(value), proportion.denominator);
    match percentile {
        Some(Percentile { seconds, reached }) => {
            let above = if *reached { "" } else { "> " };
            format!("{above}{} ({share} longer)", span(*seconds, Counted::Elapsed))
        }
        None if Unit::of(metric) == Unit::Number => format!("{} ({share})", metric::number(value)),
        None => share,
    }
}

/// `+10.5 points`.
fn points(difference: f64) -> String {
    format!("{:+.1} points", difference * 100.0)
}

fn bounds(low: f64, high: f64) -> String {
    format!("{:+.1} to {:+.1}", low * 100.0, high * 100.0)
}

/// What can be said, in words.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unspecified => "",
        Verdict::Helped => "helped",
        Verdict::Hurt => "hurt",
        Verdict::NotShown => "not shown",
        Verdict::NotEnoughData => "not enough data",
    }
}

/// What a verdict is worth.
pub(crate) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Helped => Tone::Good,
        Verdict::Hurt => Tone::Bad,
        Verdict::Unspecified | Verdict::NotShown | Verdict::NotEnoughData => Tone::Quiet,
    }
}

/// Three rows for each figure: before, after, and the difference; and the percentiles, where it is one.
pub(crate) fn rows(versions: [&Version; 2], lines: &[Comparison]) -> Vec<Row> {
    let [before, after] = versions.map(|version| basis::version(Some(version)));
    let under = |row: Row, version: &str| Row { from: version.to_owned(), ..row };
    let rows = lines.iter().flat_map(|line| {
        let metric = line.metric().word().to_lowercase();
        let percentile = |it: Option<Percentile>, version: &str| {
            let at = it.map(|it| (real(it.seconds), it.reached));
            let row = Row {
                value: at.filter(|(_, reached)| *reached).map(|(seconds, _)| seconds),
                low: at.filter(|(_, reached)| !reached).map(|(seconds, _)| seconds),
                unit: "seconds",
                ..Row::new(&format!("{metric}.percentile"))
            };
            it.map(|_| under(row, version))
        };
        let difference = Row {
            value: line.difference,
            low: line.low,
            high: line.high,
            unit: "share",
            from: before.clone(),
            until: after.clone(),
            note: line.verdict().word().to_lowercase(),
            ..Row::new(&format!("{metric}.difference"))
        };
        let shares = [
            under(Row::share(&metric, line.before), &before),
            under(Row::share(&metric, line.after), &after),
            difference,
        ];
        let percentiles = [percentile(line.before_percentile, &before), percentile(line.after_percentile, &after)];
        shares.into_iter().chain(percentiles.into_iter().flatten())
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use api::metrics::v1::{TemplateVersion, version::Kind};
    use insta::assert_snapshot;

    use super::*;
    use crate::show::{
        Screen,
        metrics::{rows::csv, sample},
    };

    #[test]
    fn a_comparison_says_what_can_be_said() {
        let version = |version| Version {
            kind: Some(Kind::Template(TemplateVersion { template_id: "won-deal".to_owned(), version })),
        };
        let answer = CompareVersionsResponse { basis: Some(sample::basis()), lines: sample::comparisons() };
        let versions = [&version(3), &version(4)];
        assert_snapshot!(page(&sample::query(), versions, &answer).to_text(&Screen::of_test().wide()));
        assert_snapshot!(String::from_utf8(csv(&rows(versions, &answer.lines))).unwrap());
    }
}
