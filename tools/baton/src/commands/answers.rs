//! Answers to a template as the command line takes them: pairs, and a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    errors::{Error, Result},
    values::{Answers, FieldTypes},
};

/// What was given.
#[derive(Debug, Args)]
pub(crate) struct Given {
    /// Answers, each as its field's type writes it: 1200.00 EUR, yes, 2026-12-01, a,b, crm/deal/D-1, NAME|URL.
    /// Without a template a prefix says the type: int:, decimal:, money:, flag:, date:, time:, choices:, record:, attachment:
    #[arg(value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    /// Answers from a YAML or JSON file (- is stdin); those above go before them, null takes one away
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Given {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.file.is_none()
    }

    /// The answers, typed.
    pub(crate) fn read(&self, types: &FieldTypes) -> Result<Answers> {
        let malformed =
            |problem: String| Error::usage(problem, "`baton template show` tells the fields and their types");
        let mut answers = match &self.file {
            Some(file) => types.parse_file(&read_text(file)?).map_err(malformed)?,
            None => Answers::new(),
        };
        for pair in &self.pairs {
            let (key, value) = types.parse_pair(pair).map_err(malformed)?;
            answers.insert(key, Some(value));
        }
        Ok(answers)
    }
}

/// The text of a file; - is stdin.
pub(crate) fn read_text(file: &Path) -> Result<String> {
    let text = if file.as_os_str() == "-" { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    text.map_err(|error| Error::usage(format!("{}: {error}", file.display()), "name a file that can be read"))
}
