//! Answers made by hand, for tests.

use api::metrics::v1::{
    Ageing, Attainment, Basis, BothDurations, Bounce, BouncePath, Comparison, Counted, CriterionValue, DataThrough,
    Durations, FlowEfficiency, GetParetoResponse, GetTrendResponse, HoldTime, Limbo, Metric, ParetoLine, Percentile,
    Promise, Proportion, Quality, Query, QuestionLoad, Rate, ReadBacks, Report, Rework, Scope, TimeLedger, TrendPoint,
    Verdict, Volume, Window, Xmr, scope::Kind,
};

use super::metric::real;
use crate::words::parse_time;

const HOUR: i64 = 3_600;
const DAY_MICROS: i64 = 86_400_000_000;

/// Of a route.
pub(crate) fn query() -> Query {
    Query { scope: Some(Scope { kind: Some(Kind::RouteId("sales-to-implementation".to_owned())) }), ..Query::default() }
}

/// As of one morning, with facts that came late.
pub(crate) fn basis() -> Basis {
    let stream = |package: &str, position, at: &str| DataThrough {
        package: package.to_owned(),
        position,
        occurred_at: parse_time(at).ok(),
    };
    Basis {
        as_of: parse_time("2026-11-23T09:00:00Z").ok(),
        window: Some(Window { from: "2026-08-25".to_owned(), until: "2026-11-23".to_owned() }),
        return_days: 14,
        data_through: vec![
            stream("baton.handoff.v1", 48_211, "2026-11-23T08:59:30Z"),
            stream("baton.sla.v1", 9_120, "2026-11-23T08:58:00Z"),
        ],
        late_facts: 3,
        put_aside: 1,
    }
}

/// A share with the interval by Wilson.
pub(crate) fn proportion(numerator: i64, denominator: i64) -> Proportion {
    let few = denominator < 20;
    if denominator == 0 {
        return Proportion { few, ..Proportion::default() };
    }
    let (n, p, z) = (real(denominator), real(numerator) / real(denominator), 1.959_964_f64);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Proportion { numerator, denominator, value: Some(p), low: Some(middle - half), high: Some(middle + half), few }
}

fn rate(sum: i64, count: i64) -> Rate {
    Rate { sum, count, value: (count > 0).then(|| real(sum) / real(count)), few: count < 20 }
}

/// Half, 85 % and 95 % within so many seconds; those not reached are negative.
fn durations(count: i64, open: i64, percentiles: [i64; 3], max_seconds: i64) -> Durations {
    let at = |seconds: i64| Some(Percentile { seconds: seconds.abs(), reached: seconds > 0 });
    let [p50, p85, p95] = percentiles.map(at);
    Durations { count, open, p50, p85, p95, max_seconds, few: count < 20 }
}

fn limbo() -> Limbo {
    let both = |elapsed, working| Some(BothDurations { elapsed: Some(elapsed), working: Some(working) });
    Limbo {
        decision: both(
            durations(251, 12, [7 * HOUR, 31 * HOUR, -76 * HOUR], 76 * HOUR),
            durations(251, 12, [2 * HOUR + 1_200, 9 * HOUR, 20 * HOUR], 31 * HOUR),
        ),
        begin: both(
            durations(208, 9, [20 * HOUR, 4 * 24 * HOUR, 9 * 24 * HOUR], 30 * 24 * HOUR),
            durations(208, 9, [6 * HOUR, 30 * HOUR, 70 * HOUR], 200 * HOUR),
        ),
        withdrawn: both(durations(4, 0, [1_800, 2_400, 2_400], 2_400), durations(4, 0, [900, 2_400, 2_400], 2_400)),
        never_begun: None,
    }
}

fn attainment(kind: &str, met: i64, late: i64, open_breached: i64) -> Attainment {
    Attainment {
        kind: kind.to_owned(),
        share: Some(proportion(met, met + late + open_breached)),
        met,
        late,
        open_breached,
        open: 5,
        cancelled: vec![Counted { name: "HANDOFF_CANCELLED".to_owned(), count: 3 }],
        excused: 2,
        undone: 4,
        met_by_pause: 6,
    }
}

fn promise(kind: &str, target_seconds: i64, delivered: Durations) -> Promise {
    Promise { kind: kind.to_owned(), target_seconds, with_target: delivered.count - 3, delivered: Some(delivered) }
}

fn criterion(key: &str, required: i64, cited: [i64; 3]) -> CriterionValue {
    let [rejections, returns, questions] = cited;
    CriterionValue {
        criterion: key.to_owned(),
        required,
        unmet: 2,
        rejections,
        returns,
        questions,
        value: Some(rate(cited.iter().sum(), required)),
        may_be_dropped: cited == [0; 3],
    }
}

/// Everything that a report can say.
pub(crate) fn report() -> Report {
    Report {
        basis: Some(basis()),
        volume: Some(Volume {
            created: 240,
            submitted: 251,
            recalled: 4,
            accepted: 208,
            rejected: 31,
            returned: 12,
            completed: 190,
            cancelled: 0,
            open: 46,
        }),
        limbo: Some(limbo()),
        ledger: Some(ledger()),
        quality: Some(quality()),
        rework: Some(Rework {
            rate: Some(proportion(9, 176)),
            too_young: 32,
            later: 3,
            returns_per_handoff: Some(rate(12, 240)),
        }),
        attainment: Some(attainment("", 380, 41, 7)),
        attainment_by_kind: vec![attainment("ACCEPTANCE", 230, 12, 4), attainment("COMPLETION", 9, 4, 3)],
        promises: vec![
            promise("ACCEPTANCE", 8 * HOUR, durations(246, 6, [3 * HOUR, 14 * HOUR, 22 * HOUR], 40 * HOUR)),
            promise("COMPLETION", 40 * HOUR, durations(16, 3, [30 * HOUR, 55 * HOUR, -90 * HOUR], 90 * HOUR)),
        ],
        ageing: Some(Ageing {
            below_p50: 20,
            below_p85: 15,
            above_p85: 11,
            unknown: 0,
            cycle: Some(durations(240, 46, [6 * 24 * HOUR, 15 * 24 * HOUR, -40 * 24 * HOUR], 40 * 24 * HOUR)),
            age: Some(durations(46, 0, [5 * 24 * HOUR, 18 * 24 * HOUR, 33 * 24 * HOUR], 40 * 24 * HOUR)),
        }),
        bounce: Some(bounce()),
        questions: Some(questions()),
        holds: Some(HoldTime {
            agreed_upstream_micros: 30 * DAY_MICROS,
            agreed_downstream_micros: 12 * DAY_MICROS,
            lone_upstream_micros: 0,
            lone_downstream_micros: DAY_MICROS / 2,
            holds: 9,
        }),
        flow: Some(FlowEfficiency {
            working: Some(0.412),
            elapsed: Some(0.173),
            working_progress_micros: 412 * DAY_MICROS,
            working_total_micros: 1_000 * DAY_MICROS,
            elapsed_progress_micros: 346 * DAY_MICROS,
            elapsed_total_micros: 2_000 * DAY_MICROS,
            handoffs: 188,
        }),
        read_backs: Some(ReadBacks {
            given: Some(proportion(150, 208)),
            confirmed: Some(proportion(140, 150)),
            corrections: Some(rate(21, 140)),
        }),
        criteria: vec![criterion("signed_contract", 251, [14, 3, 12]), criterion("legal_check", 120, [0; 3])],
    }
}

fn bounce() -> Bounce {
    Bounce {
        per_handoff: Some(rate(43, 240)),
        paths: vec![BouncePath {
            teams: ["sales", "implementation", "sales"].map(str::to_owned).to_vec(),
            count: 4,
            example: "crm/D-1042".to_owned(),
        }],
    }
}

fn questions() -> QuestionLoad {
    let counted = |name: &str, count| Counted { name: name.to_owned(), count };
    QuestionLoad {
        rounds_per_handoff: Some(rate(96, 240)),
        without: Some(proportion(180, 240)),
        answer: Some(durations(94, 2, [4 * HOUR, 20 * HOUR, 50 * HOUR], 90 * HOUR)),
        unanswered: 1,
        about: vec![counted("timeline", 41), counted("signed_contract", 12), counted("seats", 3)],
    }
}

fn ledger() -> TimeLedger {
    let days = [42, 88, 31, 260, 902, 1_140, 7];
    let [hold, asked_up, asked_down, up, down, closed, done] = days.map(|days| days * DAY_MICROS);
    TimeLedger {
        hold_micros: hold,
        asked_upstream_micros: asked_up,
        asked_downstream_micros: asked_down,
        upstream_micros: up,
        downstream_micros: down,
        closed_micros: closed,
        done_micros: done,
        total_micros: days.iter().sum::<i64>() * DAY_MICROS,
        handoffs: 240,
    }
}

fn quality() -> Quality {
    Quality {
        first_pass_yield: Some(proportion(180, 213)),
        complete_and_accurate: Some(proportion(118, 181)),
        too_young: 32,
        rejection_rate: Some(proportion(31, 239)),
        ever_rejected: Some(proportion(27, 213)),
        incomplete: Some(proportion(22, 31)),
        rejected_then_accepted_unchanged: Some(proportion(5, 31)),
        returned_then_accepted_unchanged: Some(proportion(1, 12)),
    }
}

/// Thirteen weeks, one of them outside of the band, one empty.
pub(crate) fn trend() -> GetTrendResponse {
    let shares = [0.82, 0.86, 0.84, 0.80, 0.85, 0.88, 0.83, 0.46, 0.84, 0.87, 0.0, 0.85, 0.9];
    let counts = [17, 21, 24, 22, 25, 31, 23, 26, 24, 22, 0, 27, 9];
    let monday = |week: i8| jiff::civil::date(2026, 8, 24).saturating_add(jiff::Span::new().weeks(week)).to_string();
    let points = (0_i8..).zip(shares.into_iter().zip(counts)).map(|(week, (share, count))| TrendPoint {
        window: Some(Window { from: monday(week), until: monday(week + 1) }),
        value: (count > 0).then_some(share),
        count,
        few: count < 20,
        signal: share > 0.0 && share < 0.5,
    });
    let band = Xmr { mean: 0.817, low: 0.565, high: 1.0, mean_moving_range: 0.095 };
    GetTrendResponse { basis: Some(basis()), points: points.collect(), band: Some(band) }
}

/// Seven lines, and some left out.
pub(crate) fn pareto() -> GetParetoResponse {
    let names = [
        ("signed_contract", 48),
        ("timeline", 31),
        ("technical_contact_of_the_customer_named", 19),
        ("seats", 11),
        ("legal_check", 7),
        ("<budget> & \"terms\"", 4),
        ("discount_approval", 2),
    ];
    let total: i64 = 125;
    let mut sum = 0;
    let lines = names.map(|(name, count)| {
        sum += count;
        ParetoLine {
            name: name.to_owned(),
            count,
            share: real(count) / real(total),
            cumulative: real(sum) / real(total),
        }
    });
    GetParetoResponse { basis: Some(basis()), lines: lines.to_vec(), rest: total - sum, total }
}

/// One that helped, one that shows nothing, a percentile, and one with too few.
pub(crate) fn comparisons() -> Vec<Comparison> {
    let line = |metric: Metric, before, after, difference: Option<[f64; 3]>, verdict: Verdict| Comparison {
        metric: metric.into(),
        before: Some(before),
        after: Some(after),
        difference: difference.map(|it| it[0]),
        low: difference.map(|it| it[1]),
        high: difference.map(|it| it[2]),
        before_percentile: None,
        after_percentile: None,
        verdict: verdict.into(),
    };
    let at = |seconds, reached| Some(Percentile { seconds, reached });
    let (helped, hurt) = (Some([0.105, 0.021, 0.189]), Some([0.12, 0.04, 0.2]));
    vec![
        line(Metric::FirstPassYield, proportion(140, 190), proportion(160, 190), helped, Verdict::Helped),
        line(
            Metric::RejectionRate,
            proportion(30, 200),
            proportion(27, 200),
            Some([-0.015, -0.085, 0.055]),
            Verdict::NotShown,
        ),
        Comparison {
            before_percentile: at(31 * HOUR, true),
            after_percentile: at(76 * HOUR, false),
            ..line(Metric::LimboP85, proportion(30, 200), proportion(54, 200), hurt, Verdict::Hurt)
        },
        line(
            Metric::ReworkRate,
            proportion(2, 40),
            proportion(0, 7),
            Some([-0.05, -0.17, 0.3]),
            Verdict::NotEnoughData,
        ),
        line(Metric::Attainment, proportion(0, 0), proportion(0, 0), None, Verdict::NotEnoughData),
    ]
}
