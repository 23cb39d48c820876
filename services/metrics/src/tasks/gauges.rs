//! The business figures for Prometheus.

use metrics::gauge;

use crate::domain::{
    interval::{Proportion, Rate},
    percentile::{Durations, Percentile},
    report::Report,
    story::ClockKind,
};

/// Tells a report. What has nothing behind it, and a percentile that is not reached, is told as NaN.
pub(super) fn tell(report: &Report) {
    let (volume, quality) = (report.volume, report.quality);
    number("baton_report_created", volume.created);
    number("baton_report_completed", volume.completed);
    number("baton_report_open", volume.open);
    share("baton_report_first_pass_yield_ratio", quality.first_pass_yield);
    share("baton_report_complete_and_accurate_ratio", quality.complete_and_accurate);
    share("baton_report_rejection_ratio", quality.rejection_rate);
    share("baton_report_rework_ratio", report.rework.rate);
    let kinds = ClockKind::ALL.iter().map(|kind| (kind.name(), kind.name()));
    for (kind, label) in [("", "ALL")].into_iter().chain(kinds) {
        let attainment = report.attainment.iter().find(|it| it.kind == kind);
        let share = attainment.and_then(|it| it.share().value());
        gauge!("baton_report_attainment_ratio", "kind" => label).set(value(share));
    }
    seconds("baton_report_limbo_seconds", &report.limbo.decision.elapsed);
    seconds("baton_report_limbo_working_seconds", &report.limbo.decision.working);
    seconds("baton_report_cycle_seconds", &report.ageing.cycle);
    seconds("baton_report_answer_seconds", &report.questions.answer);
    rate("baton_report_bounces_per_handoff", report.bounces);
    rate("baton_report_question_rounds_per_handoff", report.questions.rounds_per_handoff);
    let flow = Proportion::new(report.flow.working_progress, report.flow.working_total);
    share("baton_report_flow_efficiency_ratio", flow);
}

fn value(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn number(name: &'static str, number: i64) {
    gauge!(name).set(number as f64);
}

fn share(name: &'static str, share: Proportion) {
    gauge!(name).set(value(share.value()));
}

fn rate(name: &'static str, rate: Rate) {
    gauge!(name).set(value(rate.value()));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn seconds(name: &'static str, durations: &Durations) {
    let tell = |quantile: &'static str, it: Percentile| {
        let is_told = it.reached && durations.count > 0;
        gauge!(name, "quantile" => quantile).set(value(is_told.then_some(it.seconds as f64)));
    };
    tell("0.5", durations.p50);
    tell("0.85", durations.p85);
    tell("0.95", durations.p95);
}
