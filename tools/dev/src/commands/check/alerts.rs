//! The rules of Prometheus: whether they can be loaded, and whether they say what their tests expect.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dev::error::OrSay as _;
use dev::{Error, Result, binaries};

use super::{Outcome, must_pass_quietly};
use crate::project::Project;

const FOLDER: &str = "deploy/prometheus";

pub(super) fn check(project: &Project) -> Result<Outcome> {
    let promtool = match binaries::promtool() {
        Ok(found) => found.path,
        Err(error) => return Ok(Outcome::Skipped(format!("promtool cannot be had: {error}"))),
    };
    let run = |arguments: [&str; 2], files: Vec<PathBuf>| {
        let what = format!("promtool {}", arguments.join(" "));
        let mut command = Command::new(&promtool);
        command.current_dir(&project.root).args(arguments).args(files);
        must_pass_quietly(command, &what, &format!("correct what promtool says, in {FOLDER}")).map(drop)
    };
    run(["check", "rules"], files(&project.root, "rules")?)?;
    run(["test", "rules"], files(&project.root, "tests")?)?;
    run(["check", "config"], vec![Path::new(FOLDER).join("prometheus.yml")])?;
    Ok(Outcome::Passed)
}

/// The files of a folder, from the root of the project. None at all would pass every check.
fn files(root: &Path, folder: &str) -> Result<Vec<PathBuf>> {
    let folder = Path::new(FOLDER).join(folder);
    let remedy = "look where the rules and their tests are";
    let entries = fs::read_dir(root.join(&folder)).or_say(format_args!("reading {}", folder.display()), remedy)?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| folder.join(entry.file_name()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::new(format_args!("there is no file *.yml in {}", folder.display()), remedy));
    }
    Ok(files)
}
