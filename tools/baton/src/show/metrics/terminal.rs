//! A page of figures on a terminal: tables, and bars of block characters.

use std::fmt::Write as _;

use comfy_table::Cell;

use super::page::{Item, Page, Part, Table};
use crate::show::{Screen, Tone};

/// How many characters a whole bar has.
const BAR_CHARS: usize = 16;
/// Eighths of a character, from the left.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/// Heights of a character, from the bottom.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Page {
    /// As it stands on a terminal.
    pub(crate) fn to_text(&self, screen: &Screen) -> String {
        let mut text = screen.heading(&self.title);
        if !self.subtitle.is_empty() {
            let _ = write!(text, "\n{}", screen.paint(Tone::Quiet, &self.subtitle));
        }
        text += "\n";
        for section in &self.sections {
            let mut parts = String::new();
            for part in &section.parts {
                // A table stands apart from what is above it.
                let is_apart = matches!(part, Part::Table(_)) && !parts.is_empty();
                let _ = writeln!(parts, "{}{}", if is_apart { "\n" } else { "" }, part.to_text(screen));
            }
            let _ = match section.heading.as_str() {
                "" => write!(text, "\n{parts}"),
                heading => write!(text, "{}", screen.section(heading, &parts)),
            };
        }
        if !self.basis.is_empty() {
            let _ = write!(text, "\n{}", screen.facts(&self.basis));
        }
        text
    }
}

impl Part {
    fn to_text(&self, screen: &Screen) -> String {
        match self {
            Self::Table(table) => table.to_text(screen),
            Self::Drawing(drawing) => format!(" {drawing}"),
            Self::Note(note) => format!(" {}", screen.paint(Tone::Quiet, note)),
        }
    }
}

impl Table {
    fn to_text(&self, screen: &Screen) -> String {
        let cell = |item: &Item| match item {
            Item::Text(tone, text) => screen.cell(*tone, text),
            Item::Bar(tone, share) => screen.cell(*tone, share.map(bar).unwrap_or_default()),
            Item::Drawing(drawing) => Cell::new(drawing),
        };
        screen.table(&self.header, self.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>()))
    }
}

/// A bar for a share: empty only for nothing, full only for all.
fn bar(share: f64) -> String {
    let whole = BAR_CHARS * 8;
    let eighths = match places(share, whole) {
        0 if share > 0.0 => 1,
        all if all == whole && share < 1.0 => whole - 1,
        eighths => eighths,
    };
    let rest = EIGHTHS[eighths % 8];
    let bar: String = "█".repeat(eighths / 8) + &rest.to_string();
    bar.trim_end().to_owned()
}

/// A row of values, each as high as it lies between the least and the greatest; a blank where there is none.
pub(super) fn sparkline(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied();
    let (least, greatest) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let height = |value: f64| match greatest - least {
        range if range > 0.0 => HEIGHTS[places((value - least) / range, HEIGHTS.len() - 1)],
        _ => HEIGHTS[3],
    };
    values.iter().map(|value| value.map_or(' ', height)).collect()
}

/// Marks on a line of so many characters, each at its share of the line; of two at one place the later one is seen.
pub(super) fn line(chars: usize, marks: &[(f64, char)]) -> String {
    let mut line = vec!['·'; chars];
    for (share, mark) in marks {
        line[places(*share, chars - 1)] = *mark;
    }
    line.into_iter().collect()
}

/// A share of so many places, rounded.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a few places, not below 0")]
#[expect(clippy::cast_precision_loss, reason = "a line has a few places")]
fn places(share: f64, whole: usize) -> usize {
    (share.clamp(0.0, 1.0) * whole as f64).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_empty_only_for_nothing_and_full_only_for_all() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(0.000_1), "▏");
        assert_eq!(bar(0.5), "█".repeat(8));
        assert_eq!(bar(0.999), "█".repeat(15) + "▉");
        assert_eq!(bar(1.0), "█".repeat(16));
    }

    #[test]
    fn a_sparkline_goes_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[Some(1.0), None, Some(2.0), Some(3.0)]), "▁ ▅█");
        assert_eq!(sparkline(&[Some(2.0), Some(2.0)]), "▄▄");
        assert_eq!(sparkline(&[None]), " ");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn marks_lie_at_their_share_of_the_line() {
        assert_eq!(line(11, &[(0.0, '['), (1.0, ']'), (0.5, '●')]), "[····●····]");
        assert_eq!(line(3, &[(7.0, '|'), (f64::NAN, '●')]), "●·|");
    }
}
