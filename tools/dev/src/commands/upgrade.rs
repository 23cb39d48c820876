//! `cargo dev upgrade`: the release before and this one, beside each other under load.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use dev::error::OrSay as _;
use dev::progress::say;
use dev::{Error, Result};

use super::test;
use crate::project::Project;
use crate::stack::Profile;

/// Upgrade from the release before, and back, while clients call: no call may fail
///
/// Builds the programs of the last tag (or of --from) in a folder of their own, which takes some minutes the first time, and runs
/// them and those of this checkout on one database under load. Without any tag there is nothing to upgrade from, and it says so.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo dev upgrade\n  cargo dev upgrade --from v0.1.0")]
pub(crate) struct Upgrade {
    /// The release before: a tag or a commit
    #[arg(long, value_name = "COMMIT")]
    from: Option<String>,
}

impl Upgrade {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let project = Project::find()?;
        let Some(from) = self.from.or_else(|| last_release(&project)) else {
            say("there is no release before: nothing is tagged; name a commit with --from");
            return Ok(ExitCode::SUCCESS);
        };
        let programs = build(&project, &from)?;
        say(format_args!("the programs of {from} are built"));
        let own = ["-p", "tests", "--test", "operations", "upgrade", "--", "--nocapture"];
        let arguments: Vec<OsString> = own.iter().map(OsString::from).collect();
        test::run(Profile::Debug, &arguments, &[("BATON_BEFORE_BIN_DIR", &programs.to_string_lossy())])
    }
}

/// The last tag before this commit.
fn last_release(project: &Project) -> Option<String> {
    git(project, &["describe", "--tags", "--abbrev=0", "HEAD~1"]).ok()
}

/// Builds the programs of a commit in a work tree of its own; returns the folder they are in.
fn build(project: &Project, from: &str) -> Result<PathBuf> {
    let commit = git(project, &["rev-parse", "--verify", &format!("{from}^{{commit}}")])?;
    let before = project.target()?.join("before");
    let tree = before.join(&commit);
    if !tree.join("Cargo.toml").exists() {
        git(project, &["worktree", "prune"])?;
        git(project, &["worktree", "add", "--detach", &tree.to_string_lossy(), &commit])?;
    }
    let mut cargo = project.cargo();
    cargo.args(["build", "--locked", "-p", "handoff", "--bins"]).current_dir(&tree);
    cargo.env("CARGO_TARGET_DIR", before.join("build"));
    if !project.run(cargo)?.success() {
        return Err(Error::new(format_args!("{from} does not compile"), "look at what cargo says above"));
    }
    Ok(before.join("build/debug"))
}

fn git(project: &Project, arguments: &[&str]) -> Result<String> {
    let remedy = "call it inside of a git checkout that has the release before (git fetch --tags --unshallow)";
    let output = Command::new("git").args(arguments).current_dir(&project.root).output();
    let output = output.or_say("git does not run", "install git")?;
    if !output.status.success() {
        return Err(Error::new(String::from_utf8_lossy(&output.stderr).trim(), remedy));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
