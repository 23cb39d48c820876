//! A scale: where its ends are, where lines are drawn, and what stands beside them.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::show::metrics::{
    figure::percent_of_axis,
    metric::{Unit, number},
};

/// About so many lines are drawn.
const LINES: f64 = 6.0;
/// Two places are the same, as far as an eye can see.
const SAME: f64 = 1e-6;

/// Lengths that people know, in seconds.
const KNOWN: [(f64, &str); 12] = [
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
    (14_400.0, "4 h"),
    (86_400.0, "1 d"),
    (345_600.0, "4 d"),
    (1_209_600.0, "14 d"),
    (5_184_000.0, "60 d"),
    (20_736_000.0, "240 d"),
    (94_608_000.0, "3 y"),
];

/// A scale of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// Where it begins.
    pub(super) low: f64,
    /// Where it ends.
    pub(super) high: f64,
    /// Where lines are drawn, and what stands beside each.
    pub(super) lines: Vec<(f64, String)>,
}

impl Scale {
    /// From nothing to all.
    pub(super) fn shares() -> Self {
        let fifths = (0..=5).map(|fifth| f64::from(fifth) / 5.0);
        Self { low: 0.0, high: 1.0, lines: fifths.map(|share| (share, percent_of_axis(share))).collect() }
    }

    /// From 0 to a little more than this value, and what it is in, as "hours".
    pub(super) fn up_to(unit: Unit, greatest: f64) -> (Self, &'static str) {
        let greatest = if greatest > 0.0 { greatest } else { 1.0 };
        let (one, name) = match unit {
            Unit::Share if greatest > 0.5 => return (Self::shares(), "share"),
            Unit::Share => (0.01, "%"),
            Unit::Seconds => unit_of(greatest),
            Unit::Number => (1.0, "number"),
        };
        let (high, step) = (greatest * 1.05, step(greatest / one));
        let steps = (0..100).map(|place| f64::from(place) * step).take_while(|line| line * one <= high);
        let suffix = if unit == Unit::Share { " %" } else { "" };
        let lines = steps.map(|line| (line * one, format!("{}{suffix}", number(line)))).collect();
        (Self { low: 0.0, high, lines }, name)
    }

    /// Logarithms of seconds; it ends at lengths that people know.
    pub(super) fn of_spans(least: f64, greatest: f64) -> Self {
        let known = || KNOWN.iter().map(|(seconds, _)| *seconds);
        let low = known().rfind(|it| *it <= least).unwrap_or(1.0);
        let high = known().find(|it| *it >= greatest).unwrap_or(greatest.max(2.0));
        let lines = KNOWN.iter().filter(|(seconds, _)| (low..=high).contains(seconds));
        let lines = lines.map(|(seconds, label)| (seconds.log10(), (*label).to_owned())).collect();
        Self { low: low.log10(), high: high.log10(), lines }
    }

    /// Places 0, 1, 2, ... with what stands beside them; where that is empty, there is no line.
    pub(super) fn of_places(labels: &[String]) -> Self {
        let lines = (0_u32..).map(f64::from).zip(labels.iter().cloned()).filter(|(_, label)| !label.is_empty());
        Self { low: -0.5, high: place(labels.len().max(1)) - 0.5, lines: lines.collect() }
    }

    /// The middles of so many rows.
    pub(super) fn of_rows(count: usize) -> Self {
        Self { low: 0.0, high: place(count.max(1)), lines: vec![] }
    }
}

/// Where a duration lies among logarithms.
pub(super) fn logarithm(seconds: f64) -> f64 {
    seconds.max(1.0).log10()
}

/// A place as a number.
pub(super) fn place(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX))
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "pixels of an image")]
    fn map(&self, value: &f64, (from, until): (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        from + (share * f64::from(until - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { vec![] } else { self.lines.iter().map(|(line, _)| *line).collect() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let found = self.lines.iter().find(|(line, _)| (line - value).abs() < SAME);
        found.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// The largest unit of which there are at least two.
fn unit_of(seconds: f64) -> (f64, &'static str) {
    let units = [(86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")];
    units.into_iter().find(|(one, _)| seconds >= 2.0 * one).unwrap_or((1.0, "seconds"))
}

/// 1, 2 or 5 times a power of ten, so that there are about so many lines.
fn step(greatest: f64) -> f64 {
    let rough = greatest / LINES;
    let power = 10_f64.powf(rough.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= rough * 0.999);
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> String {
        scale.lines.iter().map(|(line, _)| scale.format_ext(line)).collect::<Vec<_>>().join(" ")
    }

    fn up_to(unit: Unit, greatest: f64) -> String {
        let (scale, unit) = Scale::up_to(unit, greatest);
        assert!(scale.high >= greatest);
        format!("{} ({unit})", labels(&scale))
    }

    #[test]
    fn a_scale_has_a_few_round_lines_in_a_unit_that_fits() {
        assert_eq!(up_to(Unit::Share, 0.9), "0 % 20 % 40 % 60 % 80 % 100 % (share)");
        assert_eq!(up_to(Unit::Share, 0.06), "0 % 1 % 2 % 3 % 4 % 5 % 6 % (%)");
        assert_eq!(up_to(Unit::Number, 47.0), "0 10 20 30 40 (number)");
        assert_eq!(up_to(Unit::Number, 0.0), "0 0.2 0.4 0.6 0.8 1 (number)");
        assert_eq!(up_to(Unit::Seconds, 864_000.0), "0 2 4 6 8 10 (days)");
        assert_eq!(up_to(Unit::Seconds, 7_200.0), "0 0.5 1 1.5 2 (hours)");
    }

    #[test]
    fn a_scale_of_spans_ends_at_lengths_that_people_know() {
        assert_eq!(labels(&Scale::of_spans(1_500.0, 400_000.0)), "10 min 1 h 4 h 1 d 4 d 14 d");
        assert!(logarithm(0.0) >= Scale::of_spans(0.0, 1.0).low);
        let beyond = Scale::of_spans(1e8, 1e9);
        assert!(beyond.low < beyond.high);
    }

    #[test]
    fn a_value_lies_at_its_share_of_the_pixels() {
        assert_eq!([0.0, 0.5, 1.0].map(|it| Scale::shares().map(&it, (100, 0))), [100, 50, 0]);
        assert_eq!(labels(&Scale::of_places(&["a".to_owned(), String::new(), "c".to_owned()])), "a c");
    }
}
