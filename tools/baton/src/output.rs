//! What is written to stdout and stderr.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::errors::Result;

/// Prints text, ended by a line feed.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    Ok(out.flush()?)
}

/// Prints bytes as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints one JSON document.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value).expect("what is printed has text keys"))
}

/// Tells a person something beside the answer, on stderr.
pub(crate) fn note(text: &str) {
    eprintln!("baton: {text}");
}
