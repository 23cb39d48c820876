//! A figure of a report as a step of a trend.

use baton_metrics::domain::{
    percentile::{Durations, Percentile},
    report::{Metric, Report},
};

/// The value, none where there is none, and of how many.
#[expect(clippy::cast_precision_loss, reason = "few")]
pub(crate) fn point(report: &Report, metric: Metric) -> (Option<f64>, i64) {
    let number = |it: i64| (Some(it as f64), it);
    let share = |part: i64, of: i64| ((of > 0).then(|| part as f64 / of as f64), of);
    let seconds = |all: &Durations, it: Percentile| (it.reached.then_some(it.seconds as f64), all.count);
    let (limbo, cycle, answer) = (&report.limbo.decision.elapsed, &report.ageing.cycle, &report.questions.answer);
    let (quality, flow, rounds) = (&report.quality, &report.flow, &report.questions.rounds_per_handoff);
    match metric {
        Metric::Created => number(report.volume.created),
        Metric::Completed => number(report.volume.completed),
        Metric::LimboP50 => seconds(limbo, limbo.p50),
        Metric::LimboP85 => seconds(limbo, limbo.p85),
        Metric::FirstPassYield => share(quality.first_pass_yield.numerator, quality.first_pass_yield.denominator),
        Metric::CompleteAndAccurate => {
            share(quality.complete_and_accurate.numerator, quality.complete_and_accurate.denominator)
        }
        Metric::RejectionRate => share(quality.rejection_rate.numerator, quality.rejection_rate.denominator),
        Metric::ReworkRate => share(report.rework.rate.numerator, report.rework.rate.denominator),
        Metric::Attainment => {
            let all = &report.attainment[0];
            share(all.met, all.met + all.late + all.open_breached)
        }
        Metric::CycleP50 => seconds(cycle, cycle.p50),
        Metric::CycleP85 => seconds(cycle, cycle.p85),
        Metric::FlowEfficiency => (share(flow.working_progress, flow.working_total).0, flow.handoffs),
        Metric::Bounces => share(report.bounces.sum, report.bounces.count),
        Metric::Questions => share(rounds.sum, rounds.count),
        Metric::AnswerP50 => seconds(answer, answer.p50),
    }
}
