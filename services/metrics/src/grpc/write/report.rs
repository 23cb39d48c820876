//! Reports as messages.
#![expect(clippy::unnecessary_wraps, reason = "parts are made as messages hold them: optional")]

use api::metrics::v1 as pb;
use chassis::consumer::Through;

use crate::domain::{
    Day, Query, Total,
    interval::{Proportion, Rate},
    path::Path,
    percentile::{Durations, Percentile},
    report::{self as domain, Comparison, Metric, Report, Verdict},
};

/// So many lines are told of what questions are about, of ways and of criteria.
const ABOUT_MAX: usize = 20;
const PATHS_MAX: usize = 20;
const CRITERIA_MAX: usize = 100;

pub(crate) fn proportion(it: Proportion) -> pb::Proportion {
    let interval = it.interval();
    pb::Proportion {
        numerator: it.numerator,
        denominator: it.denominator,
        value: it.value(),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        few: it.few(),
    }
}

fn rate(it: Rate) -> pb::Rate {
    pb::Rate { sum: it.sum, count: it.count, value: it.value(), few: it.few() }
}

pub(crate) fn percentile(it: Percentile) -> pb::Percentile {
    pb::Percentile { seconds: it.seconds, reached: it.reached }
}

fn durations(it: &Durations) -> Option<pb::Durations> {
    Some(pb::Durations {
        count: it.count,
        open: it.open,
        p50: Some(percentile(it.p50)),
        p85: Some(percentile(it.p85)),
        p95: Some(percentile(it.p95)),
        max_seconds: it.max_seconds,
        few: it.few(),
    })
}

fn both(it: &domain::Both) -> Option<pb::BothDurations> {
    Some(pb::BothDurations { elapsed: durations(&it.elapsed), working: durations(&it.working) })
}

fn counted((name, count): &(String, i64)) -> pb::Counted {
    pb::Counted { name: name.clone(), count: *count }
}

/// Days as a window.
pub(crate) fn window(from: Day, until: Day) -> pb::Window {
    pb::Window { from: from.date().to_string(), until: until.date().to_string() }
}

/// How sure an answer is.
pub(crate) fn basis(query: &Query, late_facts: i64, through: &[Through]) -> Option<pb::Basis> {
    Some(pb::Basis {
        as_of: Some(api::timestamp(query.as_of)),
        window: Some(window(query.from, query.until)),
        return_days: query.return_days,
        data_through: data_through(through),
        late_facts,
        put_aside: through.iter().map(|it| it.put_aside).sum(),
    })
}

pub(super) fn data_through(through: &[Through]) -> Vec<pb::DataThrough> {
    let lines = through.iter().map(|it| pb::DataThrough {
        package: it.package.clone(),
        position: it.position,
        occurred_at: it.latest_at.map(api::timestamp),
    });
    lines.collect()
}

/// All figures of a total.
pub(crate) fn report(total: &Total, through: &[Through], paths: Vec<Path>) -> pb::Report {
    let report = domain::report(total);
    pb::Report {
        basis: basis(total.query(), total.late_facts, through),
        volume: Some(volume(report.volume)),
        limbo: Some(pb::Limbo {
            decision: both(&report.limbo.decision),
            withdrawn: both(&report.limbo.withdrawn),
            begin: both(&report.limbo.begin),
            never_begun: both(&report.limbo.never_begun),
        }),
        ledger: Some(ledger(report.ledger)),
        quality: Some(quality(report.quality)),
        rework: Some(pb::Rework {
            rate: Some(proportion(report.rework.rate)),
            too_young: report.rework.too_young,
            later: report.rework.later,
            returns_per_handoff: Some(rate(report.rework.returns_per_handoff)),
        }),
        attainment: report.attainment.first().map(attainment),
        attainment_by_kind: report.attainment.iter().skip(1).map(attainment).collect(),
        promises: report.promises.iter().map(promise).collect(),
        ageing: Some(ageing(&report.ageing)),
        bounce: Some(pb::Bounce {
            per_handoff: Some(rate(report.bounces)),
            paths: paths.into_iter().take(PATHS_MAX).map(path).collect(),
        }),
        questions: Some(questions(&report)),
        holds: Some(holds(report.holds)),
        flow: Some(flow(report.flow)),
        read_backs: Some(pb::ReadBacks {
            given: Some(proportion(report.read_backs.given)),
            confirmed: Some(proportion(report.read_backs.confirmed)),
            corrections: Some(rate(report.read_backs.corrections)),
        }),
        criteria: report.criteria.iter().take(CRITERIA_MAX).map(criterion).collect(),
    }
}

fn volume(it: domain::Volume) -> pb::Volume {
    pb::Volume {
        created: it.created,
        submitted: it.submitted,
        recalled: it.recalled,
        accepted: it.accepted,
        rejected: it.rejected,
        returned: it.returned,
        completed: it.completed,
        cancelled: it.cancelled,
        open: it.open,
    }
}

fn ledger(it: domain::Ledger) -> pb::TimeLedger {
    pb::TimeLedger {
        hold_micros: it.hold,
        asked_upstream_micros: it.asked_upstream,
        asked_downstream_micros: it.asked_downstream,
        upstream_micros: it.upstream,
        downstream_micros: it.downstream,
        closed_micros: it.closed,
        done_micros: it.done,
        total_micros: it.total,
        handoffs: it.handoffs,
    }
}

fn quality(it: domain::Quality) -> pb::Quality {
    pb::Quality {
        first_pass_yield: Some(proportion(it.first_pass_yield)),
        complete_and_accurate: Some(proportion(it.complete_and_accurate)),
        too_young: it.too_young,
        rejection_rate: Some(proportion(it.rejection_rate)),
        ever_rejected: Some(proportion(it.ever_rejected)),
        incomplete: Some(proportion(it.incomplete)),
        rejected_then_accepted_unchanged: Some(proportion(it.rejected_then_accepted_unchanged)),
        returned_then_accepted_unchanged: Some(proportion(it.returned_then_accepted_unchanged)),
    }
}

pub(crate) fn attainment(it: &domain::Attainment) -> pb::Attainment {
    pb::Attainment {
        kind: it.kind.clone(),
        share: Some(proportion(it.share())),
        met: it.met,
        late: it.late,
        open_breached: it.open_breached,
        open: it.open,
        cancelled: it.cancelled.iter().map(counted).collect(),
        excused: it.excused,
        undone: it.undone,
        met_by_pause: it.met_by_pause,
    }
}

pub(crate) fn promise(it: &domain::Promise) -> pb::Promise {
    pb::Promise {
        kind: it.kind.clone(),
        target_seconds: it.target_seconds,
        with_target: it.with_target,
        delivered: durations(&it.delivered),
    }
}

fn ageing(it: &domain::Ageing) -> pb::Ageing {
    pb::Ageing {
        below_p50: it.below_p50,
        below_p85: it.below_p85,
        above_p85: it.above_p85,
        unknown: it.unknown,
        cycle: durations(&it.cycle),
        age: durations(&it.age),
    }
}

fn path(it: Path) -> pb::BouncePath {
    pb::BouncePath {
        teams: it.teams.iter().map(ToString::to_string).collect(),
        count: it.count,
        example: it.example.unwrap_or_default(),
    }
}

fn questions(report: &Report) -> pb::QuestionLoad {
    let it = &report.questions;
    pb::QuestionLoad {
        rounds_per_handoff: Some(rate(it.rounds_per_handoff)),
        without: Some(proportion(it.without)),
        answer: durations(&it.answer),
        unanswered: it.unanswered,
        about: it.about.iter().take(ABOUT_MAX).map(counted).collect(),
    }
}

fn holds(it: domain::Holds) -> pb::HoldTime {
    pb::HoldTime {
        agreed_upstream_micros: it.agreed_upstream,
        agreed_downstream_micros: it.agreed_downstream,
        lone_upstream_micros: it.lone_upstream,
        lone_downstream_micros: it.lone_downstream,
        holds: it.holds,
    }
}

fn flow(it: domain::Flow) -> pb::FlowEfficiency {
    #[expect(clippy::cast_precision_loss, reason = "a quotient of microseconds")]
    let quotient = |progress: i64, total: i64| (total > 0).then(|| progress as f64 / total as f64);
    pb::FlowEfficiency {
        working: quotient(it.working_progress, it.working_total),
        elapsed: quotient(it.elapsed_progress, it.elapsed_total),
        working_progress_micros: it.working_progress,
        working_total_micros: it.working_total,
        elapsed_progress_micros: it.elapsed_progress,
        elapsed_total_micros: it.elapsed_total,
        handoffs: it.handoffs,
    }
}

fn criterion(it: &domain::Criterion) -> pb::CriterionValue {
    pb::CriterionValue {
        criterion: it.key.clone(),
        required: it.required,
        unmet: it.unmet,
        rejections: it.rejections,
        returns: it.returns,
        questions: it.questions,
        value: Some(rate(Rate::new(it.cited(), it.required))),
        may_be_dropped: it.may_be_dropped,
    }
}

/// Lines of a Pareto, the largest first; those beyond so many as one number.
pub(crate) fn pareto(basis: Option<pb::Basis>, all: &[(String, i64)], lines_max: usize) -> pb::GetParetoResponse {
    let total: i64 = all.iter().map(|(_, count)| count).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = |count: i64| if total > 0 { count as f64 / total as f64 } else { 0.0 };
    let mut so_far = 0;
    let lines = all.iter().take(lines_max).map(|(name, count)| {
        so_far += count;
        pb::ParetoLine { name: name.clone(), count: *count, share: share(*count), cumulative: share(so_far) }
    });
    let lines: Vec<_> = lines.collect();
    pb::GetParetoResponse { basis, lines, rest: total - so_far, total }
}

/// A figure before and after.
pub(crate) fn comparison(it: &Comparison) -> pb::Comparison {
    let metric = match it.metric {
        Metric::Created => pb::Metric::Created,
        Metric::Completed => pb::Metric::Completed,
        Metric::LimboP50 => pb::Metric::LimboP50,
        Metric::LimboP85 => pb::Metric::LimboP85,
        Metric::FirstPassYield => pb::Metric::FirstPassYield,
        Metric::CompleteAndAccurate => pb::Metric::CompleteAndAccurate,
        Metric::RejectionRate => pb::Metric::RejectionRate,
        Metric::ReworkRate => pb::Metric::ReworkRate,
        Metric::Attainment => pb::Metric::Attainment,
        Metric::CycleP50 => pb::Metric::CycleP50,
        Metric::CycleP85 => pb::Metric::CycleP85,
        Metric::FlowEfficiency => pb::Metric::FlowEfficiency,
        Metric::Bounces => pb::Metric::Bounces,
        Metric::Questions => pb::Metric::Questions,
        Metric::AnswerP50 => pb::Metric::AnswerP50,
    };
    pb::Comparison {
        metric: metric.into(),
        before: Some(proportion(it.before)),
        after: Some(proportion(it.after)),
        difference: it.difference.map(|(difference, _, _)| difference),
        low: it.difference.map(|(_, low, _)| low),
        high: it.difference.map(|(_, _, high)| high),
        before_percentile: it.percentiles.map(|(before, _)| percentile(before)),
        after_percentile: it.percentiles.map(|(_, after)| percentile(after)),
        verdict: verdict(it.verdict).into(),
    }
}

/// What can be said of a change.
pub(crate) fn verdict(it: Verdict) -> pb::Verdict {
    match it {
        Verdict::Helped => pb::Verdict::Helped,
        Verdict::Hurt => pb::Verdict::Hurt,
        Verdict::NotShown => pb::Verdict::NotShown,
        Verdict::NotEnoughData => pb::Verdict::NotEnoughData,
    }
}
