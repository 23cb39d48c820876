//! The figures of a workflow as a page: route by route, and of the whole chain.

use api::metrics::v1::{GetWorkflowReportResponse, Query, Report, WorkflowStep};

use super::{
    basis,
    figure::{Counted, Good, of, percent, percentile, tone},
    page::{Item, Page, Part},
    rows::{self, Row},
};
use crate::show::Tone;

/// The page of a workflow.
pub(crate) fn page(query: &Query, answer: &GetWorkflowReportResponse) -> Page {
    let mut page = Page {
        title: format!("Report: {}", basis::place(query.scope.as_ref())),
        subtitle: basis::days(query, answer.basis.as_ref()),
        basis: basis::sureness(answer.basis.as_ref()),
        ..Page::default()
    };
    let header = ["ROUTE", "Decisions", "First pass", "%C&A", "Rejected", "Rework", "Kept", "Decision*", "Done*"];
    let more = "* 85 % within; `baton report --route ROUTE` tells all of a route";
    let steps = answer.steps.iter().map(step);
    page.push("Route by route", vec![Part::table(&header, steps), Part::Note(more.to_owned())]);
    let rolled = [
        rolled("First pass on every route", answer.rolled_first_pass_yield, "first decisions"),
        rolled(
            "Complete and accurate on every route",
            answer.rolled_complete_and_accurate,
            "first decisions old enough",
        ),
    ];
    page.push("The whole chain", vec![Part::table(&["Rolled", "Share", "", ""], rolled)]);
    page
}

fn step(step: &WorkflowStep) -> Vec<Item> {
    let report = step.report.clone().unwrap_or_default();
    let quality = report.quality.unwrap_or_default();
    let first = quality.first_pass_yield.unwrap_or_default();
    let share = |it: Option<api::metrics::v1::Proportion>, good| {
        let it = it.unwrap_or_default();
        let few = if it.few && it.value.is_some() { ", few" } else { "" };
        let text = it.value.map(|value| format!("{}{few}", percent(value))).unwrap_or_default();
        Item::Text(tone(it.value, it.few, good), text)
    };
    let [decision, cycle] = [decision(&report), report.ageing.and_then(|ageing| ageing.cycle)].map(|durations| {
        percentile(durations.filter(|it| it.count > 0).and_then(|it| it.p85).as_ref(), Counted::Elapsed)
    });
    vec![
        Item::text(&step.route_id),
        of(first.denominator, first.few),
        share(quality.first_pass_yield, Good::High),
        share(quality.complete_and_accurate, Good::High),
        share(quality.rejection_rate, Good::Low),
        share(report.rework.and_then(|rework| rework.rate), Good::Low),
        share(report.attainment.and_then(|attainment| attainment.share), Good::High),
        decision,
        cycle,
    ]
}

fn decision(report: &Report) -> Option<api::metrics::v1::Durations> {
    report.limbo?.decision?.elapsed
}

fn rolled(name: &str, share: Option<f64>, of: &str) -> Vec<Item> {
    let missing = match share {
        Some(_) => String::new(),
        None => format!("not told: a route has fewer than 5 {of}"),
    };
    vec![
        Item::text(name),
        Item::text(share.map(percent).unwrap_or_default()),
        Item::Bar(tone(share, false, Good::High), share),
        Item::Text(Tone::Waiting, missing),
    ]
}

/// Every figure of every route, and those of the chain.
pub(crate) fn rows(answer: &GetWorkflowReportResponse) -> Vec<Row> {
    let window = answer.basis.as_ref().and_then(|basis| basis.window.clone()).unwrap_or_default();
    let chain = [
        ("rolled_complete_and_accurate", answer.rolled_complete_and_accurate),
        ("rolled_first_pass_yield", answer.rolled_first_pass_yield),
    ];
    let chain = chain.map(|(metric, value)| Row {
        value,
        unit: "share",
        from: window.from.clone(),
        until: window.until.clone(),
        ..Row::new(metric)
    });
    let steps = answer.steps.iter().flat_map(|step| {
        let rows = rows::of_report(&step.report.clone().unwrap_or_default());
        rows.into_iter().map(|row| Row { route: step.route_id.clone(), ..row })
    });
    chain.into_iter().chain(steps).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::show::{Screen, metrics::sample};

    #[test]
    fn a_workflow_is_told_route_by_route() {
        let step = |route: &str, report| WorkflowStep { route_id: route.to_owned(), report: Some(report) };
        let answer = GetWorkflowReportResponse {
            basis: Some(sample::basis()),
            steps: vec![
                step("sales-to-implementation", sample::report()),
                step("implementation-to-support", Report::default()),
            ],
            rolled_complete_and_accurate: None,
            rolled_first_pass_yield: Some(0.712),
        };
        assert_snapshot!(page(&sample::query(), &answer).to_text(&Screen::of_test().wide()));
        let rows = rows(&answer);
        assert_eq!((rows[1].value, rows[2].route.as_str()), (Some(0.712), "sales-to-implementation"));
    }
}
