//! The chart of a Pareto: a bar for each line, and what they are together.

use api::metrics::v1::{GetParetoResponse, ParetoDimension, ParetoLine};
use plotters::prelude::*;

use super::{
    axis::Scale,
    canvas::{self, Area, BLUE, Drawing, GREY, Mark, RED},
    panel::{self, Row, Rows},
};
use crate::{
    errors::Result,
    show::metrics::{figure::percent, page::Page, pareto::counted},
};

/// At most so many lines are drawn; the others are few each.
const MOST_LINES: usize = 40;

/// Draws it.
pub(crate) fn draw(page: &Page, dimension: ParetoDimension, answer: &GetParetoResponse) -> Result<String> {
    let legend = [
        (Mark::Square(BLUE), "the first 80 %"),
        (Mark::Square(GREY), "the others"),
        (Mark::Line(RED), "together with all before"),
    ];
    let lines = &answer.lines[..answer.lines.len().min(MOST_LINES)];
    canvas::image(page, &legend, panel::height(lines.len().max(1)), |area| plot(area, lines, dimension, answer.total))
}

fn plot(area: &Area<'_>, lines: &[ParetoLine], dimension: ParetoDimension, total: i64) -> Drawing {
    let heading = format!("{total} {}", counted(dimension));
    let rows: Vec<_> = lines.iter().map(row).collect();
    let mut last: Option<(f64, f64)> = None;
    panel::panel(area, &heading, (&Scale::shares(), "Share of all"), &rows, |chart, index, height| {
        let line = &lines[index];
        let is_vital = line.cumulative - line.share < 0.8;
        panel::bar(chart, height, line.share, if is_vital { BLUE } else { GREY })?;
        together(chart, last.replace((line.cumulative, height)), (line.cumulative, height))
    })
}

fn row(line: &ParetoLine) -> Row {
    Row {
        name: line.name.clone(),
        note: format!("{}, {}; together {}", line.count, percent(line.share), percent(line.cumulative)),
        is_faint: false,
    }
}

/// A point of what all so far are together, joined to the one before.
fn together(chart: &mut Rows<'_, '_>, before: Option<(f64, f64)>, at: (f64, f64)) -> Drawing {
    if let Some(before) = before {
        chart.draw_series([PathElement::new([before, at], RED.stroke_width(2))])?;
    }
    chart.draw_series([Circle::new(at, 4, RED.filled())])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::show::metrics::{pareto, sample};

    #[test]
    fn a_pareto_is_drawn_with_what_its_lines_are_together() {
        let (dimension, answer) = (ParetoDimension::RejectionCriterion, sample::pareto());
        let page = pareto::page(&sample::query(), dimension, &answer);
        let svg = draw(&page, dimension, &answer).unwrap();
        assert!(svg.contains("&lt;budget&gt; &amp; &quot;terms&quot;"));
        assert_snapshot!(svg);
    }

    #[test]
    fn a_pareto_of_nothing_is_drawn_too() {
        let answer = GetParetoResponse::default();
        assert!(draw(&Page::default(), ParetoDimension::BreachKind, &answer).unwrap().contains("breached clocks"));
    }
}
