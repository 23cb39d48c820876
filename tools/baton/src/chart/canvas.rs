//! An SVG image with its title, its legend, and the text and colours that all charts share.

use std::error::Error as StdError;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{
    errors::{Error, Result},
    show::metrics::page::Page,
};

/// How wide every chart is, in pixels.
const WIDTH: u32 = 960;
/// Between what is drawn and the edge.
const EDGE: i32 = 24;
/// The title, the line below it, and the legend.
const HEADER_HEIGHT: u32 = 96;
/// A line at the foot.
const FOOTNOTE_HEIGHT: u32 = 17;
/// As many characters of the title, and of small text, have room.
const TITLE_CHARS: usize = 74;
const SMALL_CHARS: usize = 130;
/// About how wide a character of small text is.
const CHAR_WIDTH: i32 = 7;

/// Colours that stay apart for the colour-blind (M. Okabe, K. Ito).
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
/// What is worth asking about.
pub(super) const RED: RGBColor = RGBColor(213, 94, 0);
/// What stands beside.
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
/// What is of less weight.
pub(super) const GREY: RGBColor = RGBColor(150, 150, 150);
/// Text.
pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
/// Text beside it.
pub(super) const FAINT_INK: RGBColor = RGBColor(95, 95, 95);
/// Lines of the mesh.
pub(super) const MESH: RGBColor = RGBColor(225, 225, 225);

/// A part of an image.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What drawing may end in.
pub(super) type Drawing<T = ()> = std::result::Result<T, Box<dyn StdError>>;

/// How something is marked in the legend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    /// A filled dot.
    Dot(RGBColor),
    /// A hollow one.
    Ring(RGBColor),
    /// A square.
    Square(RGBColor),
    /// A triangle.
    Triangle(RGBColor),
    /// A line.
    Line(RGBColor),
    /// A broken line.
    Dashes(RGBColor),
    /// A surface.
    Surface(RGBColor),
}

/// An image of a page: its title, its legend, what is drawn, and how sure it is.
pub(super) fn image(
    page: &Page,
    legend: &[(Mark, &str)],
    height: u32,
    draw: impl FnOnce(&Area<'_>) -> Drawing,
) -> Result<String> {
    let mut svg = String::new();
    let footnotes = footnotes(page);
    let whole = HEADER_HEIGHT + height + FOOTNOTE_HEIGHT * u32::try_from(footnotes.len() + 1).unwrap_or(1);
    let drawn = (|| -> Drawing {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, whole)).into_drawing_area();
        area.fill(&WHITE)?;
        let (header, below) = area.split_vertically(HEADER_HEIGHT);
        write(&header, (EDGE, 26), &short(&page.title, TITLE_CHARS), &title())?;
        write(&header, (EDGE, 50), &short(&page.subtitle, SMALL_CHARS), &small(FAINT_INK, HPos::Left))?;
        draw_legend(&header, legend)?;
        let (middle, footer) = below.split_vertically(height);
        draw(&middle)?;
        let style = styled(("sans-serif", 11).into_font(), FAINT_INK, HPos::Left);
        let mut top = 12;
        for footnote in &footnotes {
            write(&footer, (EDGE, top), footnote, &style)?;
            top += i32::try_from(FOOTNOTE_HEIGHT)?;
        }
        area.present()?;
        Ok(())
    })();
    drawn.map_err(|problem| Error::unexpected(format!("the chart cannot be drawn: {problem}")))?;
    Ok(svg)
}

/// How sure it is.
fn footnotes(page: &Page) -> Vec<String> {
    let told = page.basis.iter().filter(|(_, text)| !text.is_empty());
    told.map(|(name, text)| short(&format!("{name}: {text}"), SMALL_CHARS)).collect()
}

fn draw_legend(area: &Area<'_>, legend: &[(Mark, &str)]) -> Drawing {
    let mut left = EDGE;
    for (mark, text) in legend {
        draw_mark(area, *mark, (left + 10, 76))?;
        write(area, (left + 26, 76), text, &small(INK, HPos::Left))?;
        left += 26 + chars(text) * CHAR_WIDTH + 18;
    }
    Ok(())
}

fn draw_mark(area: &Area<'_>, mark: Mark, (x, y): (i32, i32)) -> Drawing {
    match mark {
        Mark::Dot(colour) => area.draw(&Circle::new((x, y), 5, colour.filled()))?,
        Mark::Ring(colour) => area.draw(&Circle::new((x, y), 5, colour.stroke_width(2)))?,
        Mark::Square(colour) => area.draw(&Rectangle::new([(x - 4, y - 4), (x + 4, y + 4)], colour.filled()))?,
        Mark::Triangle(colour) => area.draw(&TriangleMarker::new((x, y), 6, colour.filled()))?,
        Mark::Line(colour) => area.draw(&PathElement::new([(x - 10, y), (x + 10, y)], colour.stroke_width(2)))?,
        Mark::Dashes(colour) => {
            for left in [x - 10, x - 2, x + 6] {
                area.draw(&PathElement::new([(left, y), (left + 5, y)], colour.stroke_width(2)))?;
            }
        }
        Mark::Surface(colour) => {
            area.draw(&Rectangle::new([(x - 10, y - 6), (x + 10, y + 6)], colour.mix(0.18).filled()))?;
        }
    }
    Ok(())
}

/// Writes a line of text.
pub(super) fn write(area: &Area<'_>, at: (i32, i32), text: &str, style: &TextStyle<'_>) -> Drawing {
    Ok(area.draw(&Text::new(plain(text), at, style.clone()))?)
}

/// Small text, to one side of its place, in the middle of its height.
pub(super) fn small(colour: RGBColor, side: HPos) -> TextStyle<'static> {
    styled(("sans-serif", 13).into_font(), colour, side)
}

fn title() -> TextStyle<'static> {
    styled(("sans-serif", 20).into_font().style(FontStyle::Bold), INK, HPos::Left)
}

fn styled(font: FontDesc<'static>, colour: RGBColor, side: HPos) -> TextStyle<'static> {
    TextStyle { font, color: colour.to_backend_color(), pos: Pos::new(side, VPos::Center) }
}

/// Text that XML can hold: no control characters.
pub(super) fn plain(text: &str) -> String {
    let is_held = |c: &char| !matches!(*c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(is_held).collect()
}

/// A name that fits into so many characters.
pub(super) fn short(name: &str, most: usize) -> String {
    let name = plain(name);
    if name.chars().count() <= most { name } else { name.chars().take(most - 1).chain(['…']).collect() }
}

fn chars(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / CHAR_WIDTH)
}
