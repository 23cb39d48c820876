//! What is different under one version and another.

use super::{Metric, report};
use crate::domain::{
    Total,
    interval::{FEW, Proportion, difference},
    percentile::{Durations, Percentile},
    sums::{Histogram, Span},
};

/// A figure before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Which.
    pub metric: Metric,
    /// The share before.
    pub before: Proportion,
    /// The share after.
    pub after: Proportion,
    /// After less before, with its interval.
    pub difference: Option<(f64, f64, f64)>,
    /// Of a percentile: itself, before and after.
    pub percentiles: Option<(Percentile, Percentile)>,
    /// What can be said.
    pub verdict: Verdict,
}

/// What can be said of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The interval lies on the good side of 0.
    Helped,
    /// The interval lies on the bad side of 0.
    Hurt,
    /// The interval holds 0.
    NotShown,
    /// Too few before or after.
    NotEnoughData,
}

/// Figure by figure.
pub fn compare(before: &Total, after: &Total) -> Vec<Comparison> {
    let (was, is) = (report(before), report(after));
    let limbo = of_percentile(Metric::LimboP85, before, after, Span::Decision);
    let cycle = of_percentile(Metric::CycleP85, before, after, Span::Cycle);
    let answer = of_percentile(Metric::AnswerP50, before, after, Span::Answer);
    let share = |metric, before, after, is_good| of_shares(metric, before, after, is_good, None);
    vec![
        share(Metric::FirstPassYield, was.quality.first_pass_yield, is.quality.first_pass_yield, true),
        share(Metric::CompleteAndAccurate, was.quality.complete_and_accurate, is.quality.complete_and_accurate, true),
        share(Metric::RejectionRate, was.quality.rejection_rate, is.quality.rejection_rate, false),
        share(Metric::ReworkRate, was.rework.rate, is.rework.rate, false),
        share(Metric::Attainment, was.attainment[0].share(), is.attainment[0].share(), true),
        limbo,
        cycle,
        answer,
    ]
}

/// The share of what took longer than the percentile before; what is open and has not lasted so long yet is left out, since nobody
/// knows.
fn of_percentile(metric: Metric, before: &Total, after: &Total, span: Span) -> Comparison {
    let ((done_before, open_before), (done_after, open_after)) = (before.spans(span, ""), after.spans(span, ""));
    let (was, is) = (Durations::of(&done_before, &open_before), Durations::of(&done_after, &open_after));
    let of = |durations: &Durations| if metric == Metric::AnswerP50 { durations.p50 } else { durations.p85 };
    let (percentile, bound) = (of(&was), of(&was).seconds);
    let longer = |done: &Histogram, open: &Histogram| {
        let open_longer = open.count() - open.count_up_to(bound);
        let longer = done.count() - done.count_up_to(bound) + open_longer;
        Proportion::new(longer, done.count() + open_longer)
    };
    let (share_before, share_after) = if percentile.reached {
        (longer(&done_before, &open_before), longer(&done_after, &open_after))
    } else {
        (Proportion::default(), Proportion::default())
    };
    of_shares(metric, share_before, share_after, false, Some((percentile, of(&is))))
}

fn of_shares(
    metric: Metric,
    before: Proportion,
    after: Proportion,
    more_is_good: bool,
    percentiles: Option<(Percentile, Percentile)>,
) -> Comparison {
    let difference = difference(before, after);
    let verdict = match difference {
        Some((_, low, high)) if before.denominator >= FEW && after.denominator >= FEW => {
            let (better, worse) = if more_is_good { (low > 0.0, high < 0.0) } else { (high < 0.0, low > 0.0) };
            match (better, worse) {
                (true, _) => Verdict::Helped,
                (_, true) => Verdict::Hurt,
                _ => Verdict::NotShown,
            }
        }
        _ => Verdict::NotEnoughData,
    };
    Comparison { metric, before, after, difference, percentiles, verdict }
}

/// What can be said of all of it.
pub fn verdict(lines: &[Comparison]) -> Verdict {
    let any = |verdict| lines.iter().any(|line| line.verdict == verdict);
    match (any(Verdict::Hurt), any(Verdict::Helped), any(Verdict::NotShown)) {
        (true, _, _) => Verdict::Hurt,
        (_, true, _) => Verdict::Helped,
        (_, _, true) => Verdict::NotShown,
        _ => Verdict::NotEnoughData,
    }
}
