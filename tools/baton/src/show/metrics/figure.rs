//! Figures as a person reads them: a share with its interval, a rate, a percentile, and of how many.

use api::metrics::v1::{Durations, Percentile, Proportion, Rate};

use super::{metric::number, page::Item};
use crate::{show::Tone, spans};

/// How a duration is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// By the wall clock: a day is 24 hours.
    Elapsed,
    /// By a calendar: no days are made of it.
    Working,
}

/// Whether more of it is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Good {
    /// The more the better.
    High,
    /// The less the better.
    Low,
    /// Neither.
    Neither,
}

/// The columns of a table of shares.
pub(super) const SHARE_HEADER: [&str; 5] = ["Figure", "Share", "", "95 % interval", "Of"];
/// The columns of a table of durations.
pub(super) const DURATION_HEADER: [&str; 6] =
    ["Duration", "Half within", "85 % within", "95 % within", "Longest", "Of"];

/// The share of a proportion, its bar, its interval, and of how many it is.
pub(super) fn share(name: &str, proportion: Option<&Proportion>, good: Good) -> Vec<Item> {
    let proportion = proportion.copied().unwrap_or_default();
    let tone = tone(proportion.value, proportion.few, good);
    vec![
        Item::text(name),
        Item::Text(tone, proportion.value.map(percent).unwrap_or_default()),
        Item::Bar(tone, proportion.value),
        Item::text(interval(proportion.low, proportion.high)),
        of_share(&proportion),
    ]
}

/// Percentiles, the longest, and of how many they are.
pub(super) fn durations(name: &str, durations: Option<&Durations>, counted: Counted) -> Vec<Item> {
    let durations = durations.copied().unwrap_or_default();
    let cell = |it: Option<Percentile>| percentile(it.filter(|_| durations.count > 0).as_ref(), counted);
    let longest = if durations.count == 0 { String::new() } else { span(durations.max_seconds, counted) };
    vec![
        Item::text(name),
        cell(durations.p50),
        cell(durations.p85),
        cell(durations.p95),
        Item::text(longest),
        of_durations(&durations),
    ]
}

/// `2d 4h`, or `not reached (> 3d 4h)`; empty where there is none.
pub(super) fn percentile(percentile: Option<&Percentile>, counted: Counted) -> Item {
    match percentile {
        None => Item::text(""),
        Some(Percentile { seconds, reached: true }) => Item::text(span(*seconds, counted)),
        Some(Percentile { seconds, .. }) => {
            Item::Text(Tone::Waiting, format!("not reached (> {})", span(*seconds, counted)))
        }
    }
}

/// `0.42 (5 of 12)`: how much for each of how many, in words; empty where there is nothing to divide by.
pub(super) fn rate(rate: Option<&Rate>, each: &str) -> String {
    let rate = rate.copied().unwrap_or_default();
    let few = if rate.few { "; few: below 20" } else { "" };
    let of = format!("{} of {}{few}", rate.sum, rate.count);
    rate.value.map(|value| format!("{value:.2} {each} ({of})")).unwrap_or_default()
}

/// About how long.
pub(super) fn span(seconds: i64, counted: Counted) -> String {
    match counted {
        Counted::Elapsed => spans::about(seconds),
        Counted::Working => spans::about_working(seconds),
    }
}

/// `84.5 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share of an axis, without more digits than are of use: `20 %`.
pub(crate) fn percent_of_axis(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// `79.1 to 88.7 %`; empty where there is none.
pub(crate) fn interval(low: Option<f64>, high: Option<f64>) -> String {
    low.zip(high).map(|(low, high)| format!("{:.1} to {}", low * 100.0, percent(high))).unwrap_or_default()
}

/// Of how many; says where they are too few.
pub(super) fn of(number: i64, few: bool) -> Item {
    match (number, few) {
        (0, _) => Item::Text(Tone::Quiet, "none".to_owned()),
        (_, true) => Item::Text(Tone::Waiting, format!("{number}, few: below 20")),
        (_, false) => Item::text(number),
    }
}

fn of_share(proportion: &Proportion) -> Item {
    match of(proportion.denominator, proportion.few) {
        Item::Text(tone, of) if proportion.denominator > 0 => {
            Item::Text(tone, format!("{} of {of}", proportion.numerator))
        }
        none => none,
    }
}

fn of_durations(durations: &Durations) -> Item {
    match of(durations.count, durations.few) {
        Item::Text(tone, of) if durations.open > 0 => Item::Text(tone, format!("{of}, {} open", durations.open)),
        of => of,
    }
}

/// What is worth a look; too few are worth none.
pub(super) fn tone(share: Option<f64>, few: bool, good: Good) -> Tone {
    let goodness = match good {
        Good::High => share,
        Good::Low => share.map(|share| 1.0 - share),
        Good::Neither => return Tone::Plain,
    };
    match goodness {
        None => Tone::Quiet,
        Some(_) if few => Tone::Plain,
        Some(0.95..) => Tone::Good,
        Some(0.8..) => Tone::Waiting,
        Some(_) => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[Item]) -> String {
        let text = |item: &Item| match item {
            Item::Text(_, text) | Item::Drawing(text) => text.clone(),
            Item::Bar(_, share) => format!("{share:?}"),
        };
        items.iter().map(text).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn a_share_says_of_how_many_and_how_sure_it_is() {
        let yes = Proportion {
            numerator: 180,
            denominator: 213,
            value: Some(0.845),
            low: Some(0.79),
            high: Some(0.887),
            few: false,
        };
        assert_eq!(
            texts(&share("a", Some(&yes), Good::High)),
            "a | 84.5 % | Some(0.845) | 79.0 to 88.7 % | 180 of 213"
        );
        let few = Proportion { numerator: 1, denominator: 3, few: true, ..yes };
        assert!(texts(&share("a", Some(&few), Good::High)).ends_with("1 of 3, few: below 20"));
        assert_eq!(texts(&share("a", None, Good::High)), "a |  | None |  | none");
    }

    #[test]
    fn a_percentile_that_was_not_reached_says_so() {
        let at = |seconds, reached| Some(Percentile { seconds, reached });
        let some = Durations {
            count: 31,
            open: 7,
            p50: at(7_800, true),
            p85: at(273_600, false),
            p95: at(273_600, false),
            max_seconds: 273_600,
            few: false,
        };
        assert_eq!(
            texts(&durations("a", Some(&some), Counted::Elapsed)),
            "a | 2h 10m | not reached (> 3d 4h) | not reached (> 3d 4h) | 3d 4h | 31, 7 open"
        );
        assert!(texts(&durations("a", Some(&some), Counted::Working)).contains("not reached (> 76h)"));
        assert_eq!(texts(&durations("a", None, Counted::Elapsed)), "a |  |  |  |  | none");
    }
}
