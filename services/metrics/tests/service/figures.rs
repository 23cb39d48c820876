//! A report as it came over the wire, in the domain's terms: so that it can be compared with a reference.

use api::metrics::v1 as pb;
use baton_metrics::domain::{
    interval::{Proportion, Rate},
    percentile::{Durations, Percentile},
    report::{
        Ageing, Attainment, Both, Criterion, Flow, Holds, Ledger, Limbo, Promise, Quality, Questions, ReadBacks,
        Report, Rework, Volume,
    },
};

/// The figures of a report.
pub(crate) fn figures(report: pb::Report) -> Report {
    let (limbo, ageing) = (report.limbo.unwrap(), report.ageing.unwrap());
    Report {
        volume: volume(report.volume.unwrap()),
        limbo: Limbo {
            decision: both(limbo.decision),
            withdrawn: both(limbo.withdrawn),
            begin: both(limbo.begin),
            never_begun: both(limbo.never_begun),
        },
        ledger: ledger(report.ledger.unwrap()),
        quality: quality(&report.quality.unwrap()),
        rework: rework(report.rework.unwrap()),
        attainment: report.attainment.into_iter().chain(report.attainment_by_kind).map(attainment).collect(),
        promises: report.promises.into_iter().map(promise).collect(),
        ageing: Ageing {
            below_p50: ageing.below_p50,
            below_p85: ageing.below_p85,
            above_p85: ageing.above_p85,
            unknown: ageing.unknown,
            cycle: durations(ageing.cycle),
            age: durations(ageing.age),
        },
        bounces: rate(report.bounce.unwrap().per_handoff),
        questions: questions(report.questions.unwrap()),
        holds: holds(report.holds.unwrap()),
        flow: flow(report.flow.unwrap()),
        read_backs: read_backs(report.read_backs.unwrap()),
        criteria: report.criteria.into_iter().map(criterion).collect(),
    }
}

fn proportion(it: Option<pb::Proportion>) -> Proportion {
    let it = it.unwrap();
    Proportion::new(it.numerator, it.denominator)
}

fn rate(it: Option<pb::Rate>) -> Rate {
    let it = it.unwrap();
    Rate::new(it.sum, it.count)
}

fn percentile(it: Option<pb::Percentile>) -> Percentile {
    let it = it.unwrap();
    Percentile { seconds: it.seconds, reached: it.reached }
}

fn durations(it: Option<pb::Durations>) -> Durations {
    let it = it.unwrap();
    Durations {
        count: it.count,
        open: it.open,
        p50: percentile(it.p50),
        p85: percentile(it.p85),
        p95: percentile(it.p95),
        max_seconds: it.max_seconds,
    }
}

fn both(it: Option<pb::BothDurations>) -> Both {
    let it = it.unwrap();
    Both { elapsed: durations(it.elapsed), working: durations(it.working) }
}

fn counted(it: pb::Counted) -> (String, i64) {
    (it.name, it.count)
}

fn volume(it: pb::Volume) -> Volume {
    Volume {
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

fn ledger(it: pb::TimeLedger) -> Ledger {
    Ledger {
        hold: it.hold_micros,
        asked_upstream: it.asked_upstream_micros,
        asked_downstream: it.asked_downstream_micros,
        upstream: it.upstream_micros,
        downstream: it.downstream_micros,
        closed: it.closed_micros,
        done: it.done_micros,
        total: it.total_micros,
        handoffs: it.handoffs,
    }
}

fn quality(it: &pb::Quality) -> Quality {
    Quality {
        first_pass_yield: proportion(it.first_pass_yield),
        complete_and_accurate: proportion(it.complete_and_accurate),
        too_young: it.too_young,
        rejection_rate: proportion(it.rejection_rate),
        ever_rejected: proportion(it.ever_rejected),
        incomplete: proportion(it.incomplete),
        rejected_then_accepted_unchanged: proportion(it.rejected_then_accepted_unchanged),
        returned_then_accepted_unchanged: proportion(it.returned_then_accepted_unchanged),
    }
}

fn rework(it: pb::Rework) -> Rework {
    Rework {
        rate: proportion(it.rate),
        too_young: it.too_young,
        later: it.later,
        returns_per_handoff: rate(it.returns_per_handoff),
    }
}

fn attainment(it: pb::Attainment) -> Attainment {
    let attainment = Attainment {
        kind: it.kind,
        met: it.met,
        late: it.late,
        open_breached: it.open_breached,
        open: it.open,
        cancelled: it.cancelled.into_iter().map(counted).collect(),
        excused: it.excused,
        undone: it.undone,
        met_by_pause: it.met_by_pause,
    };
    assert_eq!(proportion(it.share), attainment.share());
    attainment
}

fn promise(it: pb::Promise) -> Promise {
    Promise {
        kind: it.kind,
        target_seconds: it.target_seconds,
        with_target: it.with_target,
        delivered: durations(it.delivered),
    }
}

fn questions(it: pb::QuestionLoad) -> Questions {
    Questions {
        rounds_per_handoff: rate(it.rounds_per_handoff),
        without: proportion(it.without),
        answer: durations(it.answer),
        unanswered: it.unanswered,
        about: it.about.into_iter().map(counted).collect(),
    }
}

fn holds(it: pb::HoldTime) -> Holds {
    Holds {
        agreed_upstream: it.agreed_upstream_micros,
        agreed_downstream: it.agreed_downstream_micros,
        lone_upstream: it.lone_upstream_micros,
        lone_downstream: it.lone_downstream_micros,
        holds: it.holds,
    }
}

fn flow(it: pb::FlowEfficiency) -> Flow {
    Flow {
        working_progress: it.working_progress_micros,
        working_total: it.working_total_micros,
        elapsed_progress: it.elapsed_progress_micros,
        elapsed_total: it.elapsed_total_micros,
        handoffs: it.handoffs,
    }
}

fn read_backs(it: pb::ReadBacks) -> ReadBacks {
    ReadBacks { given: proportion(it.given), confirmed: proportion(it.confirmed), corrections: rate(it.corrections) }
}

fn criterion(it: pb::CriterionValue) -> Criterion {
    Criterion {
        key: it.criterion,
        required: it.required,
        // Not told over the wire.
        advisory: 0,
        unmet: it.unmet,
        rejections: it.rejections,
        returns: it.returns,
        questions: it.questions,
        may_be_dropped: it.may_be_dropped,
    }
}
