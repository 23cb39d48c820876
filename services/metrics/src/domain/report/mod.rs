//! The figures, made of a total.

mod compare;
mod figures;
mod pareto;
mod trend;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

pub use self::{
    compare::{Comparison, Verdict, compare, verdict},
    figures::{
        Ageing, Attainment, Both, Criterion, Flow, Holds, Ledger, Limbo, Promise, Quality, Questions, ReadBacks,
        Report, Rework, Volume,
    },
    pareto::{Dimension, Line, pareto},
    trend::{Bucket, Metric, Point, buckets, point, rolled},
};
use super::{
    Day, Total,
    interval::{FEW, Proportion, Rate},
    measure::CLOSED,
    percentile::Durations,
    sums::{Count, Histogram, Span},
};

/// A criterion that nothing cited over so many days may be dropped,
const DROP_DAYS: i32 = 90;
/// if so many submits required it.
const DROP_SUBMITS: i64 = 30;

/// All figures of a total.
pub fn report(total: &Total) -> Report {
    let number = |what| total.number(what);
    Report {
        volume: Volume {
            created: number(Count::Created),
            submitted: number(Count::Submitted),
            recalled: number(Count::Recalled),
            accepted: number(Count::Accepted),
            rejected: number(Count::Rejected),
            returned: number(Count::Returned),
            completed: number(Count::Completed),
            cancelled: number(Count::Cancelled),
            open: i64::try_from(total.ages().len()).unwrap_or(i64::MAX),
        },
        limbo: Limbo {
            decision: both(total, Span::Decision, Span::DecisionWorking),
            withdrawn: both(total, Span::Withdrawn, Span::WithdrawnWorking),
            begin: both(total, Span::Begin, Span::BeginWorking),
            never_begun: both(total, Span::NeverBegun, Span::NeverBegunWorking),
        },
        ledger: ledger(total),
        quality: quality(total),
        rework: rework(total),
        attainment: attainment(total),
        promises: promises(total),
        ageing: ageing(total),
        bounces: Rate::new(number(Count::HandoffRejections) + number(Count::HandoffReturns), number(Count::Created)),
        questions: questions(total),
        holds: holds(total),
        flow: flow(total),
        read_backs: read_backs(total),
        criteria: criteria(total),
    }
}

fn durations(total: &Total, span: Span, label: &str) -> Durations {
    let (done, open) = total.spans(span, label);
    Durations::of(&done, &open)
}

fn both(total: &Total, elapsed: Span, working: Span) -> Both {
    Both { elapsed: durations(total, elapsed, ""), working: durations(total, working, "") }
}

fn ledger(total: &Total) -> Ledger {
    let of = |label| total.number_of(Count::Ledger, label);
    Ledger {
        hold: of("HOLD"),
        asked_upstream: of("ASKED_UPSTREAM"),
        asked_downstream: of("ASKED_DOWNSTREAM"),
        upstream: of("UPSTREAM"),
        downstream: of("DOWNSTREAM"),
        closed: of(CLOSED),
        done: of("DONE"),
        total: total.number(Count::Ledger),
        handoffs: total.number(Count::Created),
    }
}

fn quality(total: &Total) -> Quality {
    let number = |what| total.number(what);
    let (decided, rejected, returned) = (number(Count::FirstDecided), number(Count::Rejected), number(Count::Returned));
    let (old_enough, complete) = total.mature_decisions();
    Quality {
        first_pass_yield: Proportion::new(number(Count::FirstPassed), decided),
        complete_and_accurate: Proportion::new(complete, old_enough),
        too_young: decided - old_enough,
        rejection_rate: Proportion::new(rejected, rejected + number(Count::Accepted)),
        ever_rejected: Proportion::new(number(Count::EverRejected), decided),
        incomplete: Proportion::new(number(Count::RejectedIncomplete), rejected),
        rejected_then_accepted_unchanged: Proportion::new(number(Count::RejectedUnchanged), rejected),
        returned_then_accepted_unchanged: Proportion::new(number(Count::ReturnedUnchanged), returned),
    }
}

fn rework(total: &Total) -> Rework {
    let (accepted, within, later) = total.mature_acceptances();
    Rework {
        rate: Proportion::new(within, accepted),
        too_young: total.number(Count::FirstAccepted) - accepted,
        later,
        returns_per_handoff: Rate::new(total.number(Count::HandoffReturns), total.number(Count::Created)),
    }
}

/// One number of an attainment.
type Field = fn(&mut Attainment) -> &mut i64;

/// All kinds together, then each that there is.
fn attainment(total: &Total) -> Vec<Attainment> {
    let mut by_kind = BTreeMap::<String, Attainment>::new();
    let kinds: [(Count, Field); 7] = [
        (Count::ClockMet, |it| &mut it.met),
        (Count::ClockLate, |it| &mut it.late),
        (Count::ClockBreached, |it| &mut it.open_breached),
        (Count::ClockOpen, |it| &mut it.open),
        (Count::ClockExcused, |it| &mut it.excused),
        (Count::ClockUndone, |it| &mut it.undone),
        (Count::ClockMetByPause, |it| &mut it.met_by_pause),
    ];
    for (what, field) in kinds {
        for (label, number) in total.labelled(what) {
            for kind in ["", kind_of(label)] {
                *field(by_kind.entry(kind.to_owned()).or_default()) += number;
            }
        }
    }
    let mut causes = BTreeMap::<(&str, &str), i64>::new();
    for (label, number) in total.labelled(Count::ClockCancelled) {
        let cause = label.splitn(3, ' ').nth(2).unwrap_or_default();
        for kind in ["", kind_of(label)] {
            *causes.entry((kind, cause)).or_default() += number;
        }
    }
    for ((kind, cause), number) in causes {
        by_kind.entry(kind.to_owned()).or_default().cancelled.push((cause.to_owned(), number));
    }
    by_kind.entry(String::new()).or_default();
    for (kind, attainment) in &mut by_kind {
        attainment.kind.clone_from(kind);
        attainment.cancelled.sort_by_key(|(cause, number)| (Reverse(*number), cause.clone()));
    }
    by_kind.into_values().collect()
}

/// The kind of clock in a label, which is a kind and a side, and perhaps more.
fn kind_of(label: &str) -> &str {
    label.split(' ').next().unwrap_or_default()
}

/// What each kind of clock had as its target most often, and what it took.
fn promises(total: &Total) -> Vec<Promise> {
    let mut targets = BTreeMap::<&str, BTreeMap<i64, i64>>::new();
    for (label, number) in total.labelled(Count::ClockTarget) {
        let seconds = label.rsplit(' ').next().and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
        *targets.entry(kind_of(label)).or_default().entry(seconds).or_default() += number;
    }
    let delivered = |kind: &str| {
        let labels: Vec<&str> = total.labels(Span::Clock).into_iter().filter(|label| kind_of(label) == kind).collect();
        let gather = |of: fn((Histogram, Histogram)) -> Histogram| {
            let histograms = labels.iter().map(|label| of(total.spans(Span::Clock, label)));
            Histogram::gather(histograms.flat_map(|it| it.iter().collect::<Vec<_>>()).collect())
        };
        Durations::of(&gather(|(done, _)| done), &gather(|(_, open)| open))
    };
    let promises = targets.into_iter().filter_map(|(kind, targets)| {
        let (target_seconds, with_target) =
            targets.into_iter().max_by_key(|(seconds, number)| (*number, Reverse(*seconds)))?;
        Some(Promise { kind: kind.to_owned(), target_seconds, with_target, delivered: delivered(kind) })
    });
    promises.collect()
}

fn ageing(total: &Total) -> Ageing {
    let ages = Histogram::gather(total.ages().iter().map(|(_, seconds)| (*seconds, 1)).collect());
    let mut ageing = Ageing {
        cycle: durations(total, Span::Cycle, ""),
        age: Durations::of(&ages, &Histogram::default()),
        ..Ageing::default()
    };
    let cycles: BTreeMap<_, _> = total
        .cycles()
        .into_iter()
        .filter(|(_, done)| done.count() >= FEW)
        .map(|(route, done)| (route, Durations::of(&done, &Histogram::default())))
        .collect();
    for (route, seconds) in total.ages() {
        let place = match cycles.get(route) {
            None => &mut ageing.unknown,
            Some(cycle) if *seconds <= cycle.p50.seconds => &mut ageing.below_p50,
            Some(cycle) if *seconds <= cycle.p85.seconds => &mut ageing.below_p85,
            Some(_) => &mut ageing.above_p85,
        };
        *place += 1;
    }
    ageing
}

fn questions(total: &Total) -> Questions {
    let created = total.number(Count::Created);
    Questions {
        rounds_per_handoff: Rate::new(total.number(Count::HandoffRounds), created),
        without: Proportion::new(created - total.number(Count::HandoffAsked), created),
        answer: durations(total, Span::Answer, ""),
        unanswered: total.number(Count::QuestionUnanswered),
        about: most(total.labelled(Count::QuestionAbout)),
    }
}

/// The most frequent first.
fn most<'l>(labelled: impl Iterator<Item = (&'l str, i64)>) -> Vec<(String, i64)> {
    let mut lines: Vec<_> = labelled.map(|(label, number)| (label.to_owned(), number)).collect();
    lines.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    lines
}

fn holds(total: &Total) -> Holds {
    let of = |label| total.number_of(Count::HoldMicros, label);
    Holds {
        agreed_upstream: of("AGREED UPSTREAM"),
        agreed_downstream: of("AGREED DOWNSTREAM"),
        lone_upstream: of("LONE UPSTREAM"),
        lone_downstream: of("LONE DOWNSTREAM"),
        holds: total.number(Count::Holds),
    }
}

fn flow(total: &Total) -> Flow {
    let of = |label| total.number_of(Count::FlowMicros, label);
    Flow {
        working_progress: of("WORKING_PROGRESS"),
        working_total: of("WORKING_TOTAL"),
        elapsed_progress: of("ELAPSED_PROGRESS"),
        elapsed_total: of("ELAPSED_TOTAL"),
        handoffs: total.number(Count::FlowHandoffs),
    }
}

fn read_backs(total: &Total) -> ReadBacks {
    let number = |what| total.number(what);
    let confirmed = number(Count::ReadBackConfirmed);
    ReadBacks {
        given: Proportion::new(number(Count::ReadBackGiven), number(Count::Accepted)),
        confirmed: Proportion::new(confirmed, number(Count::ReadBackGiven)),
        corrections: Rate::new(number(Count::ReadBackCorrections), confirmed),
    }
}

fn criteria(total: &Total) -> Vec<Criterion> {
    let query = total.query();
    let days = query.until.0.min(Day::of(query.as_of).0.saturating_add(1)).saturating_sub(query.from.0);
    let submitted_or_cited = [Count::CriterionApplied, Count::RejectionCriterion, Count::ReturnCriterion];
    let keys = submitted_or_cited.into_iter().flat_map(|what| total.labelled(what).map(|(key, _)| key));
    let mut criteria: Vec<Criterion> = keys
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|key| {
            let of = |what| total.number_of(what, key);
            let required = of(Count::CriterionApplied);
            let mut criterion = Criterion {
                key: key.to_owned(),
                required,
                advisory: of(Count::CriterionAdvisory),
                unmet: of(Count::CriterionUnmet),
                rejections: of(Count::RejectionCriterion),
                returns: of(Count::ReturnCriterion),
                questions: of(Count::QuestionAbout),
                may_be_dropped: false,
            };
            criterion.may_be_dropped = criterion.cited() == 0 && required >= DROP_SUBMITS && days >= DROP_DAYS;
            criterion
        })
        .collect();
    criteria.sort_by_key(|it| (Reverse(it.cited()), it.key.clone()));
    criteria
}
