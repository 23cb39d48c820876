//! An answer with figures as it is laid out, whether for a terminal or for a page: sections of tables, facts and notes.

use crate::show::Tone;

/// All of it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    /// What it is, of what.
    pub(crate) title: String,
    /// On which days, under what.
    pub(crate) subtitle: String,
    /// The figures.
    pub(crate) sections: Vec<Section>,
    /// How sure they are.
    pub(crate) basis: Vec<(&'static str, String)>,
}

/// What belongs together.
#[derive(Debug, PartialEq)]
pub(crate) struct Section {
    /// Its heading; may be empty.
    pub(crate) heading: String,
    /// What stands in it.
    pub(crate) parts: Vec<Part>,
}

/// A part of a section.
#[derive(Debug, PartialEq)]
pub(crate) enum Part {
    /// Rows under a header.
    Table(Table),
    /// A sentence.
    Note(String),
    /// A drawing in characters, where no chart is at hand.
    Drawing(String),
}

/// Rows under a header.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    /// The names of the columns; of a bar's column there is none.
    pub(crate) header: Vec<&'static str>,
    /// The rows, each with an item for each column.
    pub(crate) rows: Vec<Vec<Item>>,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// A text.
    Text(Tone, String),
    /// A bar for a share from 0 to 1; none where there is nothing to show.
    Bar(Tone, Option<f64>),
    /// A drawing in characters that are all as wide.
    Drawing(String),
}

impl Page {
    /// Adds a section, unless nothing stands in it.
    pub(crate) fn push(&mut self, heading: &str, parts: Vec<Part>) {
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            self.sections.push(Section { heading: heading.to_owned(), parts });
        }
    }
}

impl Part {
    /// Rows under a header.
    pub(crate) fn table(header: &[&'static str], rows: impl IntoIterator<Item = Vec<Item>>) -> Self {
        Self::Table(Table { header: header.to_vec(), rows: rows.into_iter().collect() })
    }

    /// A sentence about so many; nothing where there are none.
    pub(crate) fn note_of(number: i64, sentence: impl FnOnce(i64) -> String) -> Self {
        Self::Note(if number == 0 { String::new() } else { sentence(number) })
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Table(table) => table.rows.is_empty(),
            Self::Note(text) | Self::Drawing(text) => text.is_empty(),
        }
    }
}

impl Item {
    /// A text.
    pub(crate) fn text(text: impl ToString) -> Self {
        Self::Text(Tone::Plain, text.to_string())
    }

    /// How many; none of them is of less interest.
    pub(crate) fn count(number: i64) -> Self {
        Self::Text(if number == 0 { Tone::Quiet } else { Tone::Plain }, number.to_string())
    }

    /// How many of what should not be.
    pub(crate) fn bad_count(number: i64) -> Self {
        Self::Text(if number == 0 { Tone::Quiet } else { Tone::Bad }, number.to_string())
    }
}
