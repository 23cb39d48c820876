//! `cargo dev check`: everything that holds without running the services.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use dev::error::OrSay as _;
use dev::progress::say;
use dev::{Error, Result, binaries, contract};

use crate::commands::prepare::Prepare;
use crate::project::Project;

mod alerts;
mod charts;

/// Check format, lints, the rules of the house, SQL data, protos, and what is deployed
///
/// All steps run, also after one has failed; the failures are named again at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev check\n         cargo dev check charts compose alerts")]
pub(crate) struct Check {
    /// Only these steps
    #[arg(value_name = "STEP", value_parser = STEPS.map(|(name, _)| name))]
    only: Vec<String>,
}

/// What became of a step that did not fail.
enum Outcome {
    Passed,
    Skipped(String),
}

type Step = (&'static str, fn(&Project) -> Result<Outcome>);

const STEPS: [Step; 9] = [
    ("format", |project| cargo(project, &["fmt", "--all", "--check"], "run: cargo fmt")),
    ("lints", |project| {
        let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        cargo(project, &arguments, "correct what clippy says above")
    }),
    ("tidy", |project| {
        cargo(project, &["test", "--package", "tests", "--test", "tidy"], "correct what the test says above")
    }),
    ("sql", |project| Prepare::CHECK.run_in(project).map(|()| Outcome::Passed)),
    ("protos", protos),
    ("licences", licences),
    ("charts", charts::check),
    ("compose", compose),
    ("alerts", alerts::check),
];

impl Check {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let project = Project::find()?;
        let mut failures = Vec::new();
        let chosen = |name: &str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        let steps: Vec<Step> = STEPS.into_iter().filter(|(name, _)| chosen(name)).collect();
        for &(name, step) in &steps {
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
            say(if self.only.is_empty() { "all checks passed" } else { "these checks passed" });
            return Ok(ExitCode::SUCCESS);
        }
        say(format_args!("{} of {} checks failed:", failures.len(), steps.len()));
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

fn compose(project: &Project) -> Result<Outcome> {
    let compose = match binaries::compose() {
        Ok(found) => found.path,
        Err(error) => return Ok(Outcome::Skipped(format!("docker-compose cannot be had: {error}"))),
    };
    for profile in ["", "observability"] {
        let mut command = Command::new(&compose);
        command.current_dir(&project.root).args(["--profile", profile, "config", "--quiet"]);
        must_pass_quietly(command, "docker-compose config", "correct docker-compose.yml")?;
    }
    Ok(Outcome::Passed)
}

fn must_pass(project: &Project, command: Command, what: &str, remedy: &str) -> Result<Outcome> {
    if project.run(command)?.success() {
        Ok(Outcome::Passed)
    } else {
        Err(Error::new(format_args!("{what} failed"), remedy))
    }
}

/// The same for a short program, which says nothing unless it fails.
fn must_pass_quietly(mut command: Command, what: &str, remedy: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().or_say(format_args!("{what} does not run"), remedy)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let wrong = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format_args!("{what} failed:\n{}", [said.trim(), wrong.trim()].join("\n").trim()), remedy))
}
