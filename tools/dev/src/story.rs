//! The story that `cargo dev demo` tells.

use std::path::Path;

use dev::error::OrSay as _;
use dev::progress::say;
use dev::{Error, Result};

use crate::stack::Stack;

/// Tells it on a running system; `import` names records of past handoffs.
pub(crate) fn run(stack: &Stack, import: Option<&Path>) -> Result<()> {
    let remedy = "look at what it says above";
    let status = stack.baton("BATON_TOKEN_ANNA").arg("--version").status().or_say("starting baton", remedy)?;
    if !status.success() {
        return Err(Error::new("baton failed", remedy));
    }
    if let Some(file) = import {
        say(format_args!("importing {}", file.display()));
    }
    Ok(())
}
