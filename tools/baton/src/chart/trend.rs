//! The chart of a trend: the values, the band that they move in by themselves, and the signals.

use api::metrics::v1::{GetTrendResponse, Metric, TrendPoint, Xmr};
use plotters::{prelude::*, style::text_anchor::HPos};

use super::{
    axis::{Scale, place},
    canvas::{self, Area, BLUE, Drawing, FAINT_INK, GREY, MESH, Mark, RED, small},
};
use crate::{
    errors::Result,
    show::metrics::{
        metric::{self, Unit},
        page::Page,
    },
};

/// How high it is.
const HEIGHT: u32 = 400;
/// At most so many days stand below it.
const LABELS: usize = 12;

/// Values over steps.
type Plot<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Scale, Scale>>;

/// Draws it.
pub(crate) fn draw(page: &Page, metric: Metric, answer: &GetTrendResponse) -> Result<String> {
    let legend = [
        (Mark::Dot(BLUE), "value"),
        (Mark::Ring(BLUE), "few: below 20"),
        (Mark::Dot(RED), "signal: outside of the band"),
        (Mark::Dashes(GREY), "mean"),
        (Mark::Surface(BLUE), "natural limits (XmR)"),
    ];
    canvas::image(page, &legend, HEIGHT, |area| plot(area, metric, answer))
}

fn plot(area: &Area<'_>, metric: Metric, answer: &GetTrendResponse) -> Drawing {
    let unit = Unit::of(metric);
    let greatest = answer.points.iter().filter_map(|point| point.value).chain(answer.band.iter().map(|it| it.high));
    let (values, in_what) = Scale::up_to(unit, greatest.fold(0.0, f64::max));
    let mut chart = ChartBuilder::on(area)
        .margin_left(12)
        .margin_right(84)
        .margin_top(10)
        .x_label_area_size(46)
        .y_label_area_size(76)
        .build_cartesian_2d(Scale::of_places(&days(&answer.points)), values)?;
    let title = match unit {
        Unit::Share => format!("Share of {}", metric::counted(metric)),
        Unit::Seconds => format!("In {in_what}"),
        Unit::Number => metric::name(metric).to_owned(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(MESH)
        .light_line_style(TRANSPARENT)
        .axis_style(GREY)
        .label_style(("sans-serif", 13).into_font().color(&FAINT_INK))
        .axis_desc_style(("sans-serif", 13).into_font().color(&FAINT_INK))
        .x_desc("First day of each step, UTC")
        .y_desc(title)
        .draw()?;
    if let Some(band) = &answer.band {
        draw_band(&mut chart, band, place(answer.points.len()), unit)?;
    }
    draw_lines(&mut chart, &answer.points)?;
    draw_points(&mut chart, &answer.points, unit)
}

fn draw_band(chart: &mut Plot<'_, '_>, band: &Xmr, count: f64, unit: Unit) -> Drawing {
    let (left, right) = (-0.5, count - 0.5);
    chart.draw_series([Rectangle::new([(left, band.low), (right, band.high)], BLUE.mix(0.12).filled())])?;
    let mean = [(left, band.mean), (right, band.mean)];
    chart.draw_series(DashedLineSeries::new(mean, 6, 5, GREY.stroke_width(2)))?;
    for value in [band.low, band.mean, band.high] {
        let text = Text::new(unit.show(value), (8, 0), small(FAINT_INK, HPos::Left));
        chart.draw_series([EmptyElement::at((right, value)) + text])?;
    }
    Ok(())
}

/// Values that follow each other are joined; where one is missing, the line is broken.
fn draw_lines(chart: &mut Plot<'_, '_>, points: &[TrendPoint]) -> Drawing {
    let places: Vec<_> = points.iter().enumerate().map(|(index, it)| (place(index), it.value)).collect();
    for run in places.split(|(_, value)| value.is_none()) {
        let run = run.iter().filter_map(|(at, value)| Some((*at, (*value)?)));
        chart.draw_series(LineSeries::new(run, BLUE.stroke_width(2)))?;
    }
    Ok(())
}

fn draw_points(chart: &mut Plot<'_, '_>, points: &[TrendPoint], unit: Unit) -> Drawing {
    let radius = if points.len() > 60 { 3 } else { 5 };
    for (index, point) in points.iter().enumerate() {
        let Some(value) = point.value else { continue };
        let at = (place(index), value);
        let colour = if point.signal { RED } else { BLUE };
        chart.draw_series([Circle::new(at, radius, WHITE.filled())])?;
        let style = if point.few { colour.stroke_width(2) } else { colour.filled() };
        chart.draw_series([Circle::new(at, radius, style)])?;
        if point.signal {
            let text = Text::new(unit.show(value), (9, 0), small(RED, HPos::Left));
            chart.draw_series([EmptyElement::at(at) + text])?;
        }
    }
    Ok(())
}

/// The first day of each step; empty for those that there is no room for.
fn days(points: &[TrendPoint]) -> Vec<String> {
    let every = points.len().div_ceil(LABELS).max(1);
    let day = |(index, point): (usize, &TrendPoint)| match &point.window {
        Some(window) if index % every == 0 => window.from.clone(),
        _ => String::new(),
    };
    points.iter().enumerate().map(day).collect()
}

#[cfg(test)]
mod tests {
    use api::metrics::v1::Bucket;
    use insta::assert_snapshot;

    use super::*;
    use crate::show::metrics::{sample, trend};

    #[test]
    fn a_trend_is_drawn_with_its_band_and_signals() {
        let (metric, answer) = (Metric::FirstPassYield, sample::trend());
        let page = trend::page(&sample::query(), metric, Bucket::Week, &answer);
        assert_snapshot!(draw(&page, metric, &answer).unwrap());
    }

    #[test]
    fn a_trend_of_nothing_is_drawn_too() {
        let page = Page { title: "a <b> & \u{0}c".to_owned(), ..Page::default() };
        let svg = draw(&page, Metric::CycleP85, &GetTrendResponse::default()).unwrap();
        assert!(svg.contains("a &lt;b&gt; &amp;  c") && svg.trim_end().ends_with("</svg>"), "{svg}");
    }
}
