//! In which form figures are told: text, JSON, CSV, a chart, a page to send around.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    chart,
    errors::{Error, Result},
    output::{note, print_bytes},
    session::Session,
    show::metrics::page::Page,
};

/// What is printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Form of the answer")]
pub(super) struct Form {
    /// Print a line for each figure, as CSV: durations in seconds, shares from 0 to 1
    #[arg(long)]
    csv: bool,
}

/// What is printed, or drawn.
#[derive(Debug, Args)]
#[command(next_help_heading = "Form of the answer")]
pub(super) struct Drawn {
    #[command(flatten)]
    form: Form,
    /// Draw it into this file; then only what --json or --csv asks for is printed
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write a page with its charts and all figures into this file, to be sent around
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Form {
    /// Prints an answer: as JSON, as CSV, or as its page.
    pub(super) fn tell<M: prost::Message + prost::Name>(
        &self,
        message: &M,
        page: &Page,
        csv: impl FnOnce() -> Vec<u8>,
        session: &Session,
    ) -> Result<()> {
        if self.csv { print_bytes(&csv()) } else { session.answer(message, |_, screen| page.to_text(screen)) }
    }

    /// Refuses two forms at once, before anything is asked.
    pub(super) fn check(&self, session: &Session) -> Result<()> {
        if self.csv && session.is_json() {
            return Err(Error::usage("--json and --csv are two forms of one answer", "give one of them"));
        }
        Ok(())
    }
}

impl Drawn {
    /// Refuses two printed forms at once, before anything is asked.
    pub(super) fn check(&self, session: &Session) -> Result<()> {
        self.form.check(session)
    }

    /// Writes the files that were asked for, and prints an answer where that was asked for, or nothing else was.
    pub(super) fn tell<M: prost::Message + prost::Name>(
        &self,
        message: &M,
        page: &Page,
        csv: impl FnOnce() -> Vec<u8>,
        draw: impl FnOnce() -> Result<String>,
        session: &Session,
    ) -> Result<()> {
        if self.svg.is_none() && self.html.is_none() {
            return self.form.tell(message, page, csv, session);
        }
        let svg = draw()?;
        if let Some(file) = &self.svg {
            write("chart", file, &svg)?;
        }
        if let Some(file) = &self.html {
            write("page", file, &chart::html::page(page, &svg))?;
        }
        if self.form.csv || session.is_json() { self.form.tell(message, page, csv, session) } else { Ok(()) }
    }
}

fn write(what: &str, file: &Path, text: &str) -> Result<()> {
    fs::write(file, text)
        .map_err(|error| Error::usage(format!("{}: {error}", file.display()), "name a file that can be written"))?;
    note(&format!("the {what} is in {}", file.display()));
    Ok(())
}
