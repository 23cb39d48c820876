//! The charts of a report: shares with their intervals, how long things take, and whose time it was.

use api::metrics::v1::{Durations, GetWorkflowReportResponse, Percentile, Proportion, Report};
use plotters::prelude::*;

use super::{
    axis::{Scale, logarithm},
    canvas::{self, Area, BLUE, Drawing, GREEN, GREY, Mark, RED},
    panel::{self, Row, Rows},
};
use crate::{
    errors::Result,
    show::metrics::{
        figure::percent,
        metric::{Unit, real},
        page::Page,
        time::named,
    },
    spans,
};

/// A share by its name.
type Share = (String, Proportion);
/// Durations by their name.
type Lengths = (String, Durations);

/// What all of them are marked with.
const LEGEND: [(Mark, &str); 6] = [
    (Mark::Dot(BLUE), "share, 95 % interval"),
    (Mark::Ring(GREY), "few: below 20"),
    (Mark::Dot(GREEN), "half within"),
    (Mark::Square(BLUE), "85 % within"),
    (Mark::Triangle(RED), "95 % within"),
    (Mark::Ring(RED), "not reached"),
];

/// Draws those of a report.
pub(crate) fn draw(page: &Page, report: &Report) -> Result<String> {
    let (shares, lengths, parts) = (shares(report), lengths(report), parts(report));
    let heights = [panel::height(shares.len()), panel::height(lengths.len()), panel::height(parts.len())];
    canvas::image(page, &LEGEND, heights.iter().sum(), |area| {
        let (first, below) = area.split_vertically(heights[0]);
        let (second, third) = below.split_vertically(heights[1]);
        draw_shares(&first, "Quality and promises", &shares)?;
        draw_lengths(&second, &lengths)?;
        draw_parts(&third, &parts)
    })
}

/// Draws those of a workflow: the shares of each route, and of the chain.
pub(crate) fn draw_workflow(page: &Page, answer: &GetWorkflowReportResponse) -> Result<String> {
    let of = |pick: fn(&Report) -> Option<Proportion>| -> Vec<Share> {
        let steps = answer
            .steps
            .iter()
            .map(|step| (step.route_id.clone(), step.report.as_ref().and_then(pick).unwrap_or_default()));
        steps.collect()
    };
    let panels = [
        ("First-pass yield", of(|report| report.quality?.first_pass_yield), answer.rolled_first_pass_yield),
        (
            "Complete and accurate (%C&A)",
            of(|report| report.quality?.complete_and_accurate),
            answer.rolled_complete_and_accurate,
        ),
        ("Promises kept", of(|report| report.attainment.as_ref()?.share), None),
    ];
    let height = panel::height(answer.steps.len().max(1));
    canvas::image(page, &LEGEND[..2], height * 3, |area| {
        for (area, (heading, shares, rolled)) in area.split_evenly((3, 1)).iter().zip(&panels) {
            let rolled = rolled.map(|share| format!("; {} on every route", percent(share))).unwrap_or_default();
            draw_shares(area, &format!("{heading}{rolled}"), shares)?;
        }
        Ok(())
    })
}

fn shares(report: &Report) -> Vec<Share> {
    let quality = report.quality.unwrap_or_default();
    let kinds = report.attainment_by_kind.iter();
    let kinds = kinds.map(|it| (format!("Kept: {}", it.kind.to_lowercase().replace('_', " ")), it.share));
    let shares = [
        ("First-pass yield", quality.first_pass_yield),
        ("Complete and accurate (%C&A)", quality.complete_and_accurate),
        ("Rejections of decisions", quality.rejection_rate),
        ("Rework: handoffs returned", report.rework.and_then(|it| it.rate)),
        ("Read-backs given", report.read_backs.and_then(|it| it.given)),
        ("Handoffs without a question", report.questions.as_ref().and_then(|it| it.without)),
        ("Promises kept", report.attainment.as_ref().and_then(|it| it.share)),
    ];
    let shares = shares.into_iter().map(|(name, share)| (name.to_owned(), share));
    shares.chain(kinds).map(|(name, share)| (name, share.unwrap_or_default())).collect()
}

fn lengths(report: &Report) -> Vec<Lengths> {
    let limbo = report.limbo.unwrap_or_default();
    let ageing = report.ageing.unwrap_or_default();
    let lengths = [
        ("Submit to decision", limbo.decision.and_then(|it| it.elapsed)),
        ("Acceptance to begin", limbo.begin.and_then(|it| it.elapsed)),
        ("Question to answer", report.questions.as_ref().and_then(|it| it.answer)),
        ("Creation to completion", ageing.cycle),
        ("Age of the open ones", ageing.age),
    ];
    lengths.into_iter().map(|(name, it)| (name.to_owned(), it.unwrap_or_default())).collect()
}

/// Whose time: its name, its share, and about how long.
fn parts(report: &Report) -> Vec<(&'static str, f64, String)> {
    let ledger = report.ledger.unwrap_or_default();
    let total = real(ledger.total_micros.max(1));
    let part = |(_, name, micros)| (name, real(micros) / total, spans::about(micros / 1_000_000));
    named(&ledger).map(part).to_vec()
}

fn draw_shares(area: &Area<'_>, heading: &str, shares: &[Share]) -> Drawing {
    let row = |(name, share): &Share| Row {
        name: name.clone(),
        note: match share.value {
            Some(value) => format!("{} of {}{}", percent(value), share.denominator, few(share.few)),
            None => "none".to_owned(),
        },
        is_faint: share.few,
    };
    let rows: Vec<_> = shares.iter().map(row).collect();
    panel::panel(area, heading, (&Scale::shares(), "Share"), &rows, |chart, index, height| {
        let share = &shares[index].1;
        let Some(value) = share.value else { return Ok(()) };
        let colour = if share.few { GREY } else { BLUE };
        if let Some(ends) = share.low.zip(share.high) {
            panel::stroke(chart, height, ends, colour)?;
        }
        dot(chart, (value, height), colour, share.few)
    })
}

fn draw_lengths(area: &Area<'_>, lengths: &[Lengths]) -> Drawing {
    let percentiles = |it: &Durations| [it.p50, it.p85, it.p95].into_iter().flatten().map(|it| real(it.seconds));
    let known = || lengths.iter().filter(|(_, it)| it.count > 0).flat_map(|(_, it)| percentiles(it));
    let scale = Scale::of_spans(known().fold(3_600.0, f64::min), known().fold(86_400.0, f64::max));
    let title = "By the wall clock, logarithmic";
    let row = |(name, it): &Lengths| Row {
        name: name.clone(),
        note: match (it.count, it.open) {
            (0, _) => "none".to_owned(),
            (count, 0) => format!("of {count}{}", few(it.few)),
            (count, open) => format!("of {count}, {open} open{}", few(it.few)),
        },
        is_faint: it.few,
    };
    let rows: Vec<_> = lengths.iter().map(row).collect();
    panel::panel(area, "How long it takes", (&scale, title), &rows, |chart, index, height| {
        let it = &lengths[index].1;
        if it.count == 0 {
            return Ok(());
        }
        let ends = percentiles(it).map(logarithm);
        let (least, greatest) = ends.fold((f64::INFINITY, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
        panel::stroke(chart, height, (least, greatest), GREY)?;
        draw_percentiles(chart, it, height)
    })
}

fn draw_percentiles(chart: &mut Rows<'_, '_>, it: &Durations, height: f64) -> Drawing {
    let at = |percentile: Percentile| (logarithm(real(percentile.seconds)), height);
    for percentile in [it.p95, it.p85, it.p50].into_iter().flatten().filter(|it| !it.reached) {
        dot(chart, at(percentile), RED, true)?;
    }
    let reached = |percentile: Option<Percentile>| percentile.filter(|it| it.reached).map(at);
    if let Some(at) = reached(it.p95) {
        chart.draw_series([TriangleMarker::new(at, 7, RED.filled())])?;
    }
    if let Some((x, y)) = reached(it.p85) {
        let square = EmptyElement::at((x, y)) + Rectangle::new([(-5, -5), (5, 5)], BLUE.filled());
        chart.draw_series([square])?;
    }
    if let Some(at) = reached(it.p50) {
        dot(chart, at, GREEN, false)?;
    }
    Ok(())
}

fn draw_parts(area: &Area<'_>, parts: &[(&str, f64, String)]) -> Drawing {
    let (scale, _) = Scale::up_to(Unit::Share, parts.iter().map(|(_, share, _)| *share).fold(0.0, f64::max));
    let title = "Share of all time, from creation to the last completion";
    let row = |(name, share, long): &(&str, f64, String)| Row {
        name: (*name).to_owned(),
        note: format!("{}, {long}", percent(*share)),
        is_faint: *share == 0.0,
    };
    let rows: Vec<_> = parts.iter().map(row).collect();
    panel::panel(area, "Whose time it was", (&scale, title), &rows, |chart, index, height| {
        panel::bar(chart, height, parts[index].1, BLUE)
    })
}

/// A dot; hollow where it is of less weight.
fn dot(chart: &mut Rows<'_, '_>, at: (f64, f64), colour: RGBColor, is_hollow: bool) -> Drawing {
    chart.draw_series([Circle::new(at, 5, WHITE.filled())])?;
    let style = if is_hollow { colour.stroke_width(2) } else { colour.filled() };
    chart.draw_series([Circle::new(at, 5, style)])?;
    Ok(())
}

fn few(few: bool) -> &'static str {
    if few { ", few" } else { "" }
}

#[cfg(test)]
mod tests {
    use api::metrics::v1::{GetReportResponse, WorkflowStep};
    use insta::assert_snapshot;

    use super::*;
    use crate::show::metrics::{report, sample, workflow};

    #[test]
    fn a_report_is_drawn_in_three_panels() {
        let answer = GetReportResponse { report: Some(sample::report()) };
        let page = report::page(&sample::query(), &answer);
        assert_snapshot!(draw(&page, &sample::report()).unwrap());
    }

    #[test]
    fn a_workflow_is_drawn_route_by_route() {
        let step = |route: &str, report| WorkflowStep { route_id: route.to_owned(), report: Some(report) };
        let answer = GetWorkflowReportResponse {
            steps: vec![
                step("sales-to-implementation", sample::report()),
                step("implementation-to-support", Report::default()),
            ],
            rolled_first_pass_yield: Some(0.7),
            basis: Some(sample::basis()),
            ..GetWorkflowReportResponse::default()
        };
        let page = workflow::page(&sample::query(), &answer);
        assert_snapshot!(draw_workflow(&page, &answer).unwrap());
    }

    #[test]
    fn a_report_of_nothing_is_drawn_too() {
        assert!(draw(&Page::default(), &Report::default()).unwrap().trim_end().ends_with("</svg>"));
        assert!(draw_workflow(&Page::default(), &GetWorkflowReportResponse::default()).is_ok());
    }
}
