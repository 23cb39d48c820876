//! How far the reading of a file is: a bar on a terminal, a line for each tenth elsewhere where that is wanted.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::note;

/// Counts the bytes that were read.
#[derive(Clone)]
pub(crate) struct Meter {
    bar: ProgressBar,
    tells_tenths: bool,
    told_tenths: u64,
}

impl Meter {
    /// For a file of so many bytes. The bar draws itself on stderr where that is a terminal; `always` asks for words elsewhere.
    pub(crate) fn new(total_bytes: u64, always: bool) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {bytes}/{total_bytes}  {elapsed}  {msg}")
            .expect("the template is well formed");
        Self {
            bar: ProgressBar::new(total_bytes).with_style(style),
            tells_tenths: always && !io::stderr().is_terminal(),
            told_tenths: 0,
        }
    }

    /// So many bytes more, and so many records in all.
    pub(crate) fn advance(&mut self, bytes: usize, records: usize) {
        self.bar.inc(u64::try_from(bytes).unwrap_or(u64::MAX));
        let tenths = self.bar.position() * 10 / self.bar.length().unwrap_or(1).max(1);
        if self.tells_tenths && tenths > self.told_tenths {
            self.told_tenths = tenths;
            note(&format!("{records} records sent, {} %", tenths * 10));
        }
    }

    /// All is read; the service has still to answer.
    pub(crate) fn wait(&self) {
        self.bar.set_message("waiting for the service to finish");
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
