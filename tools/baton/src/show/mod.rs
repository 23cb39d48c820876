//! How answers are laid out for people: tables and cards, by noun.

pub(crate) mod action;
pub(crate) mod evaluation;
#[cfg(test)]
mod everything;
mod fact;
pub(crate) mod handoff;
pub(crate) mod import;
pub(crate) mod inbox;
pub(crate) mod line;
pub(crate) mod map;
pub(crate) mod metrics;
pub(crate) mod migration;
pub(crate) mod notify;
pub(crate) mod progress;
pub(crate) mod proposal;
pub(crate) mod question;
pub(crate) mod review;
pub(crate) mod route;
pub(crate) mod sla;
pub(crate) mod team;
pub(crate) mod template;
pub(crate) mod timeline;
pub(crate) mod watch;
pub(crate) mod workflow;

use std::{
    env,
    fmt::Write as _,
    io::{self, IsTerminal as _},
};

use api::handoff::v1::HandoffState;
use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle, Width};
use kernel::Timestamp;

use crate::words::Word as _;

/// The width of what is not printed to a terminal.
const DEFAULT_WIDTH: u16 = 120;
/// What is narrower holds no table.
const LEAST_WIDTH: u16 = 40;

/// The blanks around what stands in a cell.
const PADDING: u16 = 2;

/// Where text is read: when, how wide, and whether in colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    now: Timestamp,
    width: u16,
    colour: bool,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing.
    Plain,
    /// Of less interest.
    Quiet,
    /// Done, met.
    Good,
    /// Waits for somebody.
    Waiting,
    /// Refused, unmet.
    Bad,
}

impl Screen {
    /// The screen behind stdout. Colours only on a terminal, and not where NO_COLOR is set; where there is no terminal to
    /// ask, COLUMNS says how wide it is.
    pub(crate) fn of_stdout(now: Timestamp) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let stated = || env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns >= LEAST_WIDTH);
        let width = if is_terminal { Table::new().width() } else { stated() };
        Self { now, width: width.unwrap_or(DEFAULT_WIDTH), colour: is_terminal && !no_colour }
    }

    /// When it is read.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// A text in its colour.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        let style = match tone {
            _ if !self.colour => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Waiting => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
        };
        format!("{style}{text}{style:#}")
    }

    /// A heading.
    pub(crate) fn heading(&self, text: &str) -> String {
        let style = Style::new().bold();
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A cell of a table in its colour.
    pub(crate) fn cell(&self, tone: Tone, text: impl Into<String>) -> Cell {
        let cell = Cell::new(text.into());
        match tone {
            _ if !self.colour => cell,
            Tone::Plain => cell,
            Tone::Quiet => cell.fg(Color::DarkGrey),
            Tone::Good => cell.fg(Color::Green),
            Tone::Waiting => cell.fg(Color::Yellow),
            Tone::Bad => cell.fg(Color::Red),
        }
    }

    /// A table under its header: narrow, without borders, as wide as the screen at most. A column whose header is all in
    /// capitals holds names to copy: no word of it is broken.
    pub(crate) fn table<R: Into<Row>>(&self, header: &[&str], rows: impl IntoIterator<Item = R>) -> String {
        let mut table = Table::new();
        table
            .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
            .force_no_tty()
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .set_header(header.iter().copied())
            .add_rows(rows);
        if self.colour {
            table.enforce_styling();
        }
        for index in (0..header.len()).filter(|index| header[*index].chars().all(char::is_uppercase)) {
            let width = longest_word(&table, index) + PADDING;
            let column = table.column_mut(index).expect("a column for each name of the header");
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        if table.is_empty() { "none".to_owned() } else { table.trim_fmt() }
    }

    /// A heading, and its text indented below it; nothing where the text is empty.
    pub(crate) fn section(&self, heading: &str, text: &str) -> String {
        if text.is_empty() { String::new() } else { format!("\n{}\n{}\n", self.heading(heading), text.trim_end()) }
    }

    /// Lines of a name and what it is, aligned; lines without content are left out.
    pub(crate) fn facts(&self, facts: &[(&str, String)]) -> String {
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut text = String::new();
        for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
            let _ = writeln!(text, "  {}  {value}", self.paint(Tone::Quiet, &format!("{name:<width$}")));
        }
        text
    }

    /// A state in its colour.
    pub(crate) fn state(&self, state: HandoffState) -> String {
        self.paint(tone_of(state), state.word())
    }

    /// A screen that is the same in every test.
    #[cfg(test)]
    pub(crate) fn of_test() -> Self {
        Self { now: "2026-11-23T09:00:00Z".parse().expect("a valid instant"), width: 100, colour: false }
    }

    /// As wide as what is not printed to a terminal.
    #[cfg(test)]
    pub(crate) fn wide(self) -> Self {
        Self { width: DEFAULT_WIDTH, ..self }
    }
}

fn longest_word(table: &Table, column: usize) -> u16 {
    let cells = table.column_cells_iter(column).flatten().map(Cell::content);
    let longest = cells.filter_map(|text| text.split_whitespace().map(|word| word.chars().count()).max()).max();
    u16::try_from(longest.unwrap_or_default()).unwrap_or(u16::MAX - PADDING)
}

fn tone_of(state: HandoffState) -> Tone {
    match state {
        HandoffState::Unspecified => Tone::Plain,
        HandoffState::Draft | HandoffState::Cancelled => Tone::Quiet,
        HandoffState::Submitted | HandoffState::Accepted => Tone::Waiting,
        HandoffState::InProgress | HandoffState::Completed => Tone::Good,
        HandoffState::Rejected | HandoffState::Returned => Tone::Bad,
    }
}

/// A line that tells how to see what a limit left out; empty where nothing was.
pub(crate) fn more(next_page_token: &str) -> &'static str {
    if next_page_token.is_empty() { "" } else { "\n\n... and more: raise --limit" }
}

/// One line of a text, not longer than so many characters.
fn cut(text: &str, chars: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= chars {
        return text;
    }
    text.chars().take(chars - 1).chain(['…']).collect()
}
