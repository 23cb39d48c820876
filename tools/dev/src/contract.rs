//! The contract as it was last released, and what of it a change would break: the protos, and the migrations.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest as _, Sha256};

use crate::error::OrSay as _;
use crate::{Error, Result};

/// All of `proto/` as it was released, compiled: an image of buf without comments, the same bytes for the same protos.
const RELEASED: &str = "proto/released.binpb";

/// Every migration that was released.
const RELEASED_MIGRATIONS: &str = "deploy/postgres/released-migrations.txt";

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

/// Every migration as it is released now, in the form of `sha256sum`; what was released before stands in there unchanged, which
/// `tests/tidy` holds.
pub fn release_migrations(root: &Path) -> Result<PathBuf> {
    let remedy = "look whether the folders can be read and written";
    let mut lines = Vec::new();
    for folder in ["services", "shared"] {
        for package in fs::read_dir(root.join(folder)).or_say("looking for migrations", remedy)?.flatten() {
            let Ok(migrations) = fs::read_dir(package.path().join("migrations")) else { continue };
            for file in migrations.flatten() {
                let text = fs::read(file.path()).or_say("reading a migration", remedy)?;
                let path = file.path();
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                lines.push((path, hex::encode(Sha256::digest(&text))));
            }
        }
    }
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(path, hash)| format!("{hash}  {path}")).collect();
    let text = lines.join("\n") + "\n";
    let written = root.join(RELEASED_MIGRATIONS);
    fs::write(&written, text).or_say(format_args!("writing {RELEASED_MIGRATIONS}"), remedy)?;
    Ok(written)
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
