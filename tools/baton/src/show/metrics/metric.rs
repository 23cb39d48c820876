//! The figures that a trend or a comparison can show: what they are called, and how their values are read.

use api::metrics::v1::Metric;

use super::figure::{Counted, percent, span};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// From 0 to 1.
    Share,
    /// Elapsed seconds.
    Seconds,
    /// So many.
    Number,
}

impl Unit {
    /// Of a figure.
    pub(crate) fn of(metric: Metric) -> Self {
        match metric {
            Metric::FirstPassYield
            | Metric::CompleteAndAccurate
            | Metric::RejectionRate
            | Metric::ReworkRate
            | Metric::Attainment
            | Metric::FlowEfficiency => Self::Share,
            Metric::LimboP50 | Metric::LimboP85 | Metric::CycleP50 | Metric::CycleP85 | Metric::AnswerP50 => {
                Self::Seconds
            }
            Metric::Unspecified | Metric::Created | Metric::Completed | Metric::Bounces | Metric::Questions => {
                Self::Number
            }
        }
    }

    /// As CSV calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Seconds => "seconds",
            Self::Number => "number",
        }
    }

    /// A value as a person reads it.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Share => percent(value),
            Self::Seconds => span(whole(value), Counted::Elapsed),
            Self::Number => number(value),
        }
    }
}

/// What a figure is called.
pub(crate) fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Unspecified => "",
        Metric::Created => "Handoffs created",
        Metric::Completed => "Completions",
        Metric::LimboP50 => "Time to a decision, half within",
        Metric::LimboP85 => "Time to a decision, 85 % within",
        Metric::FirstPassYield => "First-pass yield",
        Metric::CompleteAndAccurate => "Complete and accurate (%C&A)",
        Metric::RejectionRate => "Rejection rate",
        Metric::ReworkRate => "Rework rate",
        Metric::Attainment => "Promises kept",
        Metric::CycleP50 => "Creation to completion, half within",
        Metric::CycleP85 => "Creation to completion, 85 % within",
        Metric::FlowEfficiency => "Flow efficiency",
        Metric::Bounces => "Rejections and returns for each handoff",
        Metric::Questions => "Question rounds for each handoff",
        Metric::AnswerP50 => "Time to an answer, half within",
    }
}

/// What is counted under a figure.
pub(crate) fn counted(metric: Metric) -> &'static str {
    match metric {
        Metric::LimboP50 | Metric::LimboP85 => "attempts",
        Metric::RejectionRate => "decided attempts",
        Metric::Attainment => "clocks",
        Metric::AnswerP50 => "questions",
        _ => "handoffs",
    }
}

/// A number without more digits than are of use.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whole seconds.
#[expect(clippy::cast_possible_truncation, reason = "seconds of a lifetime fit")]
pub(crate) fn whole(seconds: f64) -> i64 {
    seconds.round() as i64
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts and microseconds of a chart, exact up to 2^53")]
pub(crate) fn real(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_name_and_a_unit() {
        for metric in (1..=15).map(|number| Metric::try_from(number).expect("the contract has 15")) {
            assert!(!name(metric).is_empty(), "{metric:?}");
        }
        assert!(Metric::try_from(16).is_err(), "a new figure wants a name and a unit");
    }

    #[test]
    fn values_are_read_by_their_unit() {
        assert_eq!(Unit::of(Metric::Attainment).show(0.845), "84.5 %");
        assert_eq!(Unit::of(Metric::CycleP85).show(273_600.0), "3d 4h");
        assert_eq!(Unit::of(Metric::Bounces).show(0.5), "0.5");
        assert_eq!(Unit::of(Metric::Created).show(40.0), "40");
    }
}
