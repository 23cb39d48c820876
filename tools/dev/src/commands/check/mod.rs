//! `cargo dev check`: everything that holds without running the services.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use dev::progress::say;
use dev::{Error, Result, binaries, contract};

use crate::commands::prepare::Prepare;
use crate::project::Project;

/// Check format, lints, the rules of the house, SQL data and protos
///
/// All steps run, also after one has failed; the failures are named again at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev check")]
pub(crate) struct Check {}

/// What became of a step that did not fail.
enum Outcome {
    Passed,
    Skipped(String),
}

type Step = (&'static str, fn(&Project) -> Result<Outcome>);

const STEPS: [Step; 6] = [
    ("format", |project| cargo(project, &["fmt", "--all", "--check"], "run: cargo fmt")),
    ("lints", |project| {
        let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        cargo(project, &arguments, "correct what clippy says above")
    }),
    ("tidy", |project| {
        cargo(project, &["test", "--package", "tests", "--test", "tidy"], "correct what the test says above")
    }),
    ("SQL data", |project| Prepare::CHECK.run_in(project).map(|()| Outcome::Passed)),
    ("protos", protos),
    ("licences", licences),
];

impl Check {
    pub(crate) fn run() -> Result<ExitCode> {
        let project = Project::find()?;
        let mut failures = Vec::new();
        for (name, step) in STEPS {
            say(format_args!("check {name}"));
            let started = Instant::now();
            let outcome = step(&project);
            let seconds = started.elapsed().as_secs_f64();
            match outcome {
                Ok(Outcome::Passed) => say(format_args!("check {name}: passed ({seconds:.1} s)")),
                Ok(Outcome::Skipped(reason)) => say(format_args!("check {name}: skipped, {reason}")),
                Err(error) if project.signals.caught() => return Err(error),
                Err(error) => {
                    say(format_args!("check {name}: FAILED ({seconds:.1} s)"));
                    failures.push(format!("{name}: {error}"));
                }
            }
        }
        if failures.is_empty() {
            say("all checks passed");
            return Ok(ExitCode::SUCCESS);
        }
        say(format_args!("{} of {} checks failed:", failures.len(), STEPS.len()));
        for failure in failures {
            say(failure);
        }
        Ok(ExitCode::FAILURE)
    }
}

fn cargo(project: &Project, arguments: &[&str], remedy: &str) -> Result<Outcome> {
    let mut cargo = project.cargo();
    cargo.args(arguments);
    must_pass(project, cargo, &format!("cargo {}", arguments.join(" ")), remedy)
}

fn protos(project: &Project) -> Result<Outcome> {
    let buf = match binaries::buf() {
        Ok(found) => found.path,
        Err(error) => return Ok(Outcome::Skipped(format!("buf cannot be had: {error}"))),
    };
    let run = |arguments: &[&str], remedy| {
        let mut command = project.command(&buf);
        command.args(arguments);
        must_pass(project, command, &format!("buf {}", arguments.join(" ")), remedy)
    };
    run(&["lint"], "correct what buf says above")?;
    run(&["format", "--diff", "--exit-code"], "apply the difference above: buf format --write")?;
    contract::must_hold(&buf, &project.root).map(|()| Outcome::Passed)
}

fn licences(project: &Project) -> Result<Outcome> {
    let installed = Command::new("cargo-deny").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Ok(Outcome::Skipped("cargo-deny is not installed".to_owned()));
    }
    cargo(project, &["deny", "check", "licenses", "bans", "sources"], "choose another crate, or allow it in deny.toml")
}

fn must_pass(project: &Project, command: Command, what: &str, remedy: &str) -> Result<Outcome> {
    if project.run(command)?.success() {
        Ok(Outcome::Passed)
    } else {
        Err(Error::new(format_args!("{what} failed"), remedy))
    }
}
