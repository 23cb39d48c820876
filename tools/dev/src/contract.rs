//! The contract as it was last released, and what of it a change would break.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::OrSay as _;
use crate::{Error, Result};

/// All of `proto/` as it was released, compiled: an image of buf without comments, the same bytes for the same protos.
const RELEASED: &str = "proto/released.binpb";

/// What of the released contract the protos break, one sentence a line with its place; empty where they only add to it.
pub fn broken(buf: &Path, root: &Path) -> Result<String> {
    if !root.join(RELEASED).exists() {
        return Err(Error::new(format_args!("there is no {RELEASED}"), "make it: cargo dev release-contract"));
    }
    let output = run(buf, root, &["breaking", "--against", RELEASED])?;
    let said = String::from_utf8_lossy(&output.stdout);
    match (output.status.success(), said.trim()) {
        (true, _) => Ok(String::new()),
        (false, "") => Err(failed("buf breaking", &output)),
        (false, said) => Ok(said.to_owned()),
    }
}

/// Takes the protos as they are for released, and returns where that is written; refused where they break what was released
/// before.
pub fn release(buf: &Path, root: &Path) -> Result<PathBuf> {
    let file = root.join(RELEASED);
    if file.exists() {
        must_hold(buf, root)?;
    }
    let next = root.join("proto/releasing.binpb");
    let built = run(buf, root, &["build", "--exclude-source-info", "--output", "proto/releasing.binpb"])?;
    if !built.status.success() {
        let _ = fs::remove_file(&next);
        return Err(failed("buf build", &built));
    }
    fs::rename(&next, &file).or_say(format_args!("writing {RELEASED}"), "look whether the folder is writable")?;
    Ok(file)
}

/// Refuses protos that break the released contract.
pub fn must_hold(buf: &Path, root: &Path) -> Result<()> {
    let broken = broken(buf, root)?;
    if broken.is_empty() {
        return Ok(());
    }
    let remedy =
        "add instead of changing: a new field, message or RPC beside the old one; or a package of a new version";
    Err(Error::new(format_args!("the protos break the released contract:\n{broken}"), remedy))
}

fn run(buf: &Path, root: &Path, arguments: &[&str]) -> Result<Output> {
    let output = Command::new(buf).args(arguments).current_dir(root).stdin(Stdio::null()).output();
    output.or_say("buf does not run", "look whether it is there and may be run")
}

fn failed(what: &str, output: &Output) -> Error {
    let said = String::from_utf8_lossy(&output.stderr);
    Error::new(format_args!("{what} failed: {}", said.trim()), "correct what buf says")
}
