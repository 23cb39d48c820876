//! One figure over time, and along a chain of routes.

use super::{Report, report};
use crate::domain::{Day, Total, interval::Proportion};

/// A figure that a trend or a comparison can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub enum Metric {
    Created,
    Completed,
    LimboP50,
    LimboP85,
    FirstPassYield,
    CompleteAndAccurate,
    RejectionRate,
    ReworkRate,
    Attainment,
    CycleP50,
    CycleP85,
    FlowEfficiency,
    Bounces,
    Questions,
    AnswerP50,
}

/// The steps of a trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Days.
    Day,
    /// Weeks from Monday.
    Week,
    /// Months.
    Month,
}

/// A step of a trend: its figure, none where there is none; and of how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// A share, seconds or a number.
    pub value: Option<f64>,
    /// Of how many.
    pub count: i64,
}

/// The days of a window in steps, those at the ends cut by it.
pub fn buckets(from: Day, until: Day, bucket: Bucket) -> Vec<(Day, Day)> {
    let mut steps = vec![];
    let mut start = from;
    while start < until {
        let end = next(start, bucket).min(until);
        steps.push((start, end));
        start = end;
    }
    steps
}

/// The first day of the next step.
fn next(day: Day, bucket: Bucket) -> Day {
    match bucket {
        Bucket::Day => day.plus(1),
        // 1970-01-01 was a Thursday.
        Bucket::Week => day.plus(7 - (day.0 + 3).rem_euclid(7)),
        Bucket::Month => day.next_month(),
    }
}

/// The figure of a total.
pub fn point(total: &Total, metric: Metric) -> Point {
    of_report(&report(total), metric)
}

#[expect(clippy::cast_precision_loss, reason = "2^53 seconds are far away")]
fn of_report(report: &Report, metric: Metric) -> Point {
    let share = |it: Proportion| Point { value: it.value(), count: it.denominator };
    let number = |it: i64| Point { value: Some(it as f64), count: it };
    let percentile = |durations: crate::domain::percentile::Durations, it: crate::domain::percentile::Percentile| {
        Point { value: it.reached.then_some(it.seconds as f64), count: durations.count }
    };
    let (limbo, cycle) = (report.limbo.decision.elapsed, report.ageing.cycle);
    match metric {
        Metric::Created => number(report.volume.created),
        Metric::Completed => number(report.volume.completed),
        Metric::LimboP50 => percentile(limbo, limbo.p50),
        Metric::LimboP85 => percentile(limbo, limbo.p85),
        Metric::FirstPassYield => share(report.quality.first_pass_yield),
        Metric::CompleteAndAccurate => share(report.quality.complete_and_accurate),
        Metric::RejectionRate => share(report.quality.rejection_rate),
        Metric::ReworkRate => share(report.rework.rate),
        Metric::Attainment => share(report.attainment[0].share()),
        Metric::CycleP50 => percentile(cycle, cycle.p50),
        Metric::CycleP85 => percentile(cycle, cycle.p85),
        Metric::FlowEfficiency => {
            let flow = report.flow;
            Point {
                value: (flow.working_total > 0).then(|| flow.working_progress as f64 / flow.working_total as f64),
                count: flow.handoffs,
            }
        }
        Metric::Bounces => Point { value: report.bounces.value(), count: report.bounces.count },
        Metric::Questions => {
            let rounds = report.questions.rounds_per_handoff;
            Point { value: rounds.value(), count: rounds.count }
        }
        Metric::AnswerP50 => percentile(report.questions.answer, report.questions.answer.p50),
    }
}

/// The product of shares along a chain; none unless each has enough behind it.
pub fn rolled(steps: impl IntoIterator<Item = Proportion>) -> Option<f64> {
    const ENOUGH: i64 = 5;
    let mut product = None;
    for step in steps {
        let share = step.value().filter(|_| step.denominator >= ENOUGH)?;
        product = Some(product.unwrap_or(1.0) * share);
    }
    product
}

impl Metric {
    /// What it can be at most; none of seconds and numbers.
    pub fn most(self) -> Option<f64> {
        let is_share = matches!(
            self,
            Self::FirstPassYield
                | Self::CompleteAndAccurate
                | Self::RejectionRate
                | Self::ReworkRate
                | Self::Attainment
                | Self::FlowEfficiency
        );
        is_share.then_some(1.0)
    }
}
