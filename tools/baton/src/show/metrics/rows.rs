//! Figures as flat rows, one each, for a spreadsheet or a program.

use api::metrics::v1::{
    Attainment, BothDurations, CriterionValue, Durations, Percentile, Proportion, Rate, Report, TimeLedger,
};
use serde::{Serialize, Serializer};

use super::{metric::real, time::named};

/// One figure. Durations are in seconds; a percentile that was not reached has a lower bound in place of a value.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Which, as the contract names it: `quality.first_pass_yield`.
    pub(crate) metric: String,
    /// How much, or how many of them.
    pub(crate) numerator: Option<i64>,
    /// Of how many.
    pub(crate) denominator: Option<i64>,
    /// The figure.
    #[serde(serialize_with = "without_idle_fraction")]
    pub(crate) value: Option<f64>,
    /// The lower bound of its interval, or of its band.
    #[serde(serialize_with = "without_idle_fraction")]
    pub(crate) low: Option<f64>,
    /// The upper bound.
    #[serde(serialize_with = "without_idle_fraction")]
    pub(crate) high: Option<f64>,
    /// What the value is: share, seconds, number.
    pub(crate) unit: &'static str,
    /// Whether it rests on fewer than 20.
    pub(crate) few: Option<bool>,
    /// Of how many are still open.
    pub(crate) open: Option<i64>,
    /// What it is about within its metric: a kind of clock, a criterion, a team.
    pub(crate) subject: String,
    /// The route, where an answer speaks of several.
    pub(crate) route: String,
    /// The first day, or the version.
    pub(crate) from: String,
    /// The day after the last.
    pub(crate) until: String,
    /// What is said of it, in a word.
    pub(crate) note: String,
}

impl Row {
    /// A figure by its name.
    pub(crate) fn new(metric: &str) -> Self {
        Self { metric: metric.to_owned(), ..Self::default() }
    }

    /// So many.
    pub(crate) fn count(metric: &str, count: i64) -> Self {
        Self { value: Some(real(count)), unit: "number", ..Self::new(metric) }
    }

    /// A share with its interval.
    pub(crate) fn share(metric: &str, it: Option<Proportion>) -> Self {
        let it = it.unwrap_or_default();
        Self {
            numerator: Some(it.numerator),
            denominator: Some(it.denominator),
            value: it.value,
            low: it.low,
            high: it.high,
            unit: "share",
            few: Some(it.few),
            ..Self::new(metric)
        }
    }

    /// So much for each.
    pub(crate) fn rate(metric: &str, it: Option<Rate>) -> Self {
        let it = it.unwrap_or_default();
        let (numerator, denominator) = (Some(it.sum), Some(it.count));
        Self { numerator, denominator, value: it.value, unit: "number", few: Some(it.few), ..Self::new(metric) }
    }

    /// A percentile of so many.
    pub(crate) fn percentile(metric: &str, it: Option<Percentile>, of: &Durations) -> Self {
        let seconds = it.filter(|_| of.count > 0).map(|it| (real(it.seconds), it.reached));
        Self {
            denominator: Some(of.count),
            value: seconds.filter(|(_, reached)| *reached).map(|(seconds, _)| seconds),
            low: seconds.filter(|(_, reached)| !reached).map(|(seconds, _)| seconds),
            unit: "seconds",
            few: Some(of.few),
            open: Some(of.open),
            ..Self::new(metric)
        }
    }

    /// What it is about.
    pub(crate) fn about(self, subject: &str) -> Self {
        Self { subject: harmless(subject), ..self }
    }
}

/// A whole number as one: `240`, not `240.0`.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
fn without_idle_fraction<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(value) => serializer.collect_str(value),
    }
}

/// Text that a spreadsheet does not take for a formula.
pub(crate) fn harmless(text: &str) -> String {
    let quote = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("{quote}{text}")
}

/// Every figure of a report.
pub(crate) fn of_report(report: &Report) -> Vec<Row> {
    let window = report.basis.as_ref().and_then(|basis| basis.window.clone()).unwrap_or_default();
    let mut rows = volume(report);
    rows.extend(limbo(report));
    rows.extend(report.ledger.iter().flat_map(ledger));
    rows.extend(quality(report));
    let all = report.attainment.iter().chain(&report.attainment_by_kind);
    rows.extend(all.flat_map(attainment));
    rows.extend(promises(report));
    rows.extend(ageing(report));
    rows.extend(fro(report));
    rows.extend(shares_of_time(report));
    rows.extend(report.criteria.iter().flat_map(criterion));
    for row in &mut rows {
        (row.from, row.until) = (window.from.clone(), window.until.clone());
    }
    rows
}

fn volume(report: &Report) -> Vec<Row> {
    let it = report.volume.unwrap_or_default();
    let counts = [
        ("created", it.created),
        ("submitted", it.submitted),
        ("recalled", it.recalled),
        ("accepted", it.accepted),
        ("rejected", it.rejected),
        ("returned", it.returned),
        ("completed", it.completed),
        ("cancelled", it.cancelled),
        ("open", it.open),
    ];
    counts.map(|(name, count)| Row::count(&format!("volume.{name}"), count)).to_vec()
}

fn durations(metric: &str, it: Option<Durations>) -> Vec<Row> {
    let it = it.unwrap_or_default();
    let percentiles = [("p50", it.p50), ("p85", it.p85), ("p95", it.p95)];
    let mut rows = percentiles.map(|(name, at)| Row::percentile(&format!("{metric}.{name}"), at, &it)).to_vec();
    let longest = Percentile { seconds: it.max_seconds, reached: true };
    rows.push(Row::percentile(&format!("{metric}.max"), Some(longest), &it));
    rows
}

fn limbo(report: &Report) -> Vec<Row> {
    let it = report.limbo.unwrap_or_default();
    let both =
        [("decision", it.decision), ("withdrawn", it.withdrawn), ("begin", it.begin), ("never_begun", it.never_begun)];
    let rows = both.into_iter().flat_map(|(name, both)| {
        let both: BothDurations = both.unwrap_or_default();
        let elapsed = durations(&format!("limbo.{name}.elapsed"), both.elapsed);
        elapsed.into_iter().chain(durations(&format!("limbo.{name}.working"), both.working))
    });
    rows.collect()
}

fn ledger(it: &TimeLedger) -> Vec<Row> {
    let row = |(name, _, micros): (&str, &str, i64)| Row {
        numerator: Some(micros),
        denominator: Some(it.total_micros),
        value: (it.total_micros > 0).then(|| real(micros) / real(it.total_micros)),
        unit: "share",
        ..Row::new(&format!("ledger.{name}"))
    };
    let mut rows = named(it).map(row).to_vec();
    rows.push(Row::count("ledger.handoffs", it.handoffs));
    rows
}

fn quality(report: &Report) -> Vec<Row> {
    let it = report.quality.unwrap_or_default();
    let rework = report.rework.unwrap_or_default();
    let read_backs = report.read_backs.unwrap_or_default();
    vec![
        Row::share("quality.first_pass_yield", it.first_pass_yield),
        Row::share("quality.complete_and_accurate", it.complete_and_accurate),
        Row::count("quality.too_young", it.too_young),
        Row::share("quality.rejection_rate", it.rejection_rate),
        Row::share("quality.ever_rejected", it.ever_rejected),
        Row::share("quality.incomplete", it.incomplete),
        Row::share("quality.rejected_then_accepted_unchanged", it.rejected_then_accepted_unchanged),
        Row::share("quality.returned_then_accepted_unchanged", it.returned_then_accepted_unchanged),
        Row::share("rework.rate", rework.rate),
        Row::count("rework.too_young", rework.too_young),
        Row::count("rework.later", rework.later),
        Row::rate("rework.returns_per_handoff", rework.returns_per_handoff),
        Row::share("read_backs.given", read_backs.given),
        Row::share("read_backs.confirmed", read_backs.confirmed),
        Row::rate("read_backs.corrections", read_backs.corrections),
    ]
}

fn attainment(it: &Attainment) -> Vec<Row> {
    let counts = [
        ("met", it.met),
        ("late", it.late),
        ("open_breached", it.open_breached),
        ("open", it.open),
        ("excused", it.excused),
        ("undone", it.undone),
        ("met_by_pause", it.met_by_pause),
    ];
    let mut rows = vec![Row::share("attainment.share", it.share)];
    rows.extend(counts.map(|(name, count)| Row::count(&format!("attainment.{name}"), count)));
    rows.extend(
        it.cancelled.iter().map(|by| Row { note: by.name.clone(), ..Row::count("attainment.cancelled", by.count) }),
    );
    rows.into_iter().map(|row| row.about(&it.kind)).collect()
}

fn promises(report: &Report) -> Vec<Row> {
    let rows = report.promises.iter().flat_map(|it| {
        let target = Row {
            numerator: Some(it.with_target),
            denominator: Some(it.delivered.unwrap_or_default().count),
            value: Some(real(it.target_seconds)),
            unit: "seconds",
            ..Row::new("promise.target")
        };
        let delivered = durations("promise.delivered", it.delivered);
        std::iter::once(target).chain(delivered).map(|row| row.about(&it.kind))
    });
    rows.collect()
}

fn ageing(report: &Report) -> Vec<Row> {
    let it = report.ageing.unwrap_or_default();
    let counts = [
        ("below_p50", it.below_p50),
        ("below_p85", it.below_p85),
        ("above_p85", it.above_p85),
        ("unknown", it.unknown),
    ];
    let mut rows = counts.map(|(name, count)| Row::count(&format!("ageing.{name}"), count)).to_vec();
    rows.extend(durations("ageing.cycle", it.cycle));
    rows.extend(durations("ageing.age", it.age));
    rows
}

/// What went to and fro: bounces and questions.
fn fro(report: &Report) -> Vec<Row> {
    let bounce = report.bounce.clone().unwrap_or_default();
    let questions = report.questions.clone().unwrap_or_default();
    let mut rows = vec![Row::rate("bounce.per_handoff", bounce.per_handoff)];
    rows.extend(bounce.paths.iter().map(|path| {
        let row = Row::count("bounce.path", path.count).about(&path.teams.join(" > "));
        Row { note: harmless(&path.example), ..row }
    }));
    rows.push(Row::rate("questions.rounds_per_handoff", questions.rounds_per_handoff));
    rows.push(Row::share("questions.without", questions.without));
    rows.extend(durations("questions.answer", questions.answer));
    rows.push(Row::count("questions.unanswered", questions.unanswered));
    rows.extend(questions.about.iter().map(|it| Row::count("questions.about", it.count).about(&it.name)));
    rows
}

/// Holds and flow efficiency, their terms in microseconds.
fn shares_of_time(report: &Report) -> Vec<Row> {
    let holds = report.holds.unwrap_or_default();
    let flow = report.flow.unwrap_or_default();
    let held = [
        ("agreed_upstream", holds.agreed_upstream_micros),
        ("agreed_downstream", holds.agreed_downstream_micros),
        ("lone_upstream", holds.lone_upstream_micros),
        ("lone_downstream", holds.lone_downstream_micros),
    ];
    let seconds = |(name, micros): (&str, i64)| Row {
        value: Some(real(micros) / 1e6),
        unit: "seconds",
        ..Row::new(&format!("holds.{name}"))
    };
    let share = |name: &str, value, numerator, denominator| Row {
        numerator: Some(numerator),
        denominator: Some(denominator),
        value,
        unit: "share",
        ..Row::new(name)
    };
    let mut rows = held.map(seconds).to_vec();
    rows.push(Row::count("holds.holds", holds.holds));
    rows.push(share("flow.working", flow.working, flow.working_progress_micros, flow.working_total_micros));
    rows.push(share("flow.elapsed", flow.elapsed, flow.elapsed_progress_micros, flow.elapsed_total_micros));
    rows.push(Row::count("flow.handoffs", flow.handoffs));
    rows
}

fn criterion(it: &CriterionValue) -> Vec<Row> {
    let counts =
        [("unmet", it.unmet), ("rejections", it.rejections), ("returns", it.returns), ("questions", it.questions)];
    let dropped = if it.may_be_dropped { "may be dropped" } else { "" };
    let mut rows = vec![Row { note: dropped.to_owned(), ..Row::rate("criterion.value", it.value) }];
    rows.push(Row::count("criterion.required", it.required));
    rows.extend(counts.map(|(name, count)| Row::count(&format!("criterion.{name}"), count)));
    rows.into_iter().map(|row| row.about(&it.criterion)).collect()
}

/// As CSV: a header, and a line for each.
pub(crate) fn csv<R: Serialize + Default>(rows: &[R]) -> Vec<u8> {
    if rows.is_empty() {
        // The header is known from a row alone.
        let text = csv(&[R::default()]);
        return text.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
    }
    let mut writer = csv::Writer::from_writer(vec![]);
    for row in rows {
        writer.serialize(row).expect("a row is flat, and memory takes it");
    }
    writer.into_inner().expect("memory takes it")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::show::metrics::sample;

    fn text(rows: &[Row]) -> String {
        String::from_utf8(csv(rows)).unwrap()
    }

    #[test]
    fn a_report_is_a_row_for_each_figure() {
        assert_snapshot!(text(&of_report(&sample::report())));
    }

    #[test]
    fn nothing_is_a_header_alone() {
        assert_snapshot!(text(&[]), @"metric,numerator,denominator,value,low,high,unit,few,open,subject,route,from,until,note");
    }

    #[test]
    fn a_spreadsheet_is_given_no_formula() {
        let rows = [Row::count("x", 1).about("=1+1"), Row::count("x", 2).about("a,\"b\"\nc")];
        assert_snapshot!(text(&rows), @r#"
        metric,numerator,denominator,value,low,high,unit,few,open,subject,route,from,until,note
        x,,,1,,,number,,,'=1+1,,,,
        x,,,2,,,number,,,"a,""b""
        c",,,,
        "#);
    }
}
