//! A panel of a chart: rows with their names to the left, and one axis below all of them.

use plotters::{prelude::*, style::text_anchor::HPos};

use super::{
    axis::{Scale, place},
    canvas::{self, Area, Drawing, FAINT_INK, GREY, INK, MESH, short, small},
};

/// How high a row is.
pub(super) const ROW_HEIGHT: u32 = 28;
/// How much more a panel takes than its rows.
pub(super) const FRAME_HEIGHT: u32 = 92;
/// The room for the names, and for what stands after the rows.
const NAMES_WIDTH: u32 = 270;
const NOTES_WIDTH: u32 = 190;
/// As many characters have room before the rows.
const NAME_CHARS: usize = 36;

/// What can be drawn on.
pub(super) type Rows<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Scale, Scale>>;

/// A row: its name, and what is said after it.
pub(super) struct Row {
    /// To the left.
    pub(super) name: String,
    /// To the right.
    pub(super) note: String,
    /// Whether it is of less weight.
    pub(super) is_faint: bool,
}

/// How high a panel of so many rows is.
pub(super) fn height(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(1_000).min(1_000) * ROW_HEIGHT + FRAME_HEIGHT
}

/// Draws a panel over a scale with its title; `draw` draws each row, which lies at the height that it is given.
pub(super) fn panel(
    area: &Area<'_>,
    heading: &str,
    (scale, title): (&Scale, &str),
    rows: &[Row],
    mut draw: impl FnMut(&mut Rows<'_, '_>, usize, f64) -> Drawing,
) -> Drawing {
    let bold = small(INK, HPos::Left);
    let bold = TextStyle { font: bold.font.style(FontStyle::Bold), ..bold };
    canvas::write(area, (24, 14), heading, &bold)?;
    let mut chart = ChartBuilder::on(area)
        .margin_top(30)
        .margin_left(NAMES_WIDTH)
        .margin_right(NOTES_WIDTH)
        .margin_bottom(8)
        .x_label_area_size(44)
        .build_cartesian_2d(scale.clone(), Scale::of_rows(rows.len()))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .bold_line_style(MESH)
        .light_line_style(TRANSPARENT)
        .axis_style(GREY)
        .x_label_style(("sans-serif", 13).into_font().color(&FAINT_INK))
        .x_desc(title)
        .axis_desc_style(("sans-serif", 13).into_font().color(&FAINT_INK))
        .draw()?;
    for (index, row) in rows.iter().enumerate() {
        let height = place(rows.len() - index) - 0.5;
        let ink = if row.is_faint { FAINT_INK } else { INK };
        label_row(&mut chart, (scale.low, height), -10, &short(&row.name, NAME_CHARS), &small(ink, HPos::Right))?;
        label_row(&mut chart, (scale.high, height), 10, &row.note, &small(ink, HPos::Left))?;
        draw(&mut chart, index, height)?;
    }
    Ok(())
}

fn label_row(chart: &mut Rows<'_, '_>, at: (f64, f64), beside: i32, text: &str, style: &TextStyle<'_>) -> Drawing {
    let label = EmptyElement::at(at) + Text::new(text.to_owned(), (beside, 0), style.clone());
    chart.draw_series([label])?;
    Ok(())
}

/// A horizontal bar.
pub(super) fn bar(chart: &mut Rows<'_, '_>, height: f64, value: f64, colour: RGBColor) -> Drawing {
    let bar = Rectangle::new([(0.0, height - 0.32), (value, height + 0.32)], colour.filled());
    chart.draw_series([bar])?;
    Ok(())
}

/// A horizontal line.
pub(super) fn stroke(chart: &mut Rows<'_, '_>, height: f64, (from, until): (f64, f64), colour: RGBColor) -> Drawing {
    chart.draw_series([PathElement::new([(from, height), (until, height)], colour.stroke_width(3))])?;
    Ok(())
}
