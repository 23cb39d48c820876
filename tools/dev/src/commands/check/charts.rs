//! The charts of Helm: whether they render and lint with every variant of values, whether Kubernetes would take what they render,
//! and whether values that cannot be are refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dev::error::OrSay as _;
use dev::scratch::Scratch;
use dev::{Error, Result, binaries};

use super::{Outcome, must_pass_quietly};
use crate::project::Project;

const FOLDER: &str = "deploy/helm";
const SERVICES: [&str; 5] = ["checklist-template", "handoff", "sla-monitor", "metrics", "notifier"];
/// All of them in one release.
const UMBRELLA: &str = "baton";
/// The oldest that the charts are for, and the newest that the schemas are known of.
const KUBERNETES: [&str; 2] = ["1.30", "1.37"];
/// Kinds that Kubernetes itself does not have.
const OPERATORS: [&str; 2] = ["ServiceMonitor", "PrometheusRule"];
const DISK: &str = "look whether the disk is full";
const CORRECT: &str = "correct what is said above, in deploy/helm";

pub(super) fn check(project: &Project) -> Result<Outcome> {
    let helm = match binaries::helm() {
        Ok(found) => found.path,
        Err(error) => return Ok(Outcome::Skipped(format!("helm cannot be had: {error}"))),
    };
    let schemas = match binaries::kubernetes_validate() {
        Ok(folder) => folder,
        Err(error) => return Ok(Outcome::Skipped(format!("the schemas of Kubernetes cannot be had: {error}"))),
    };
    let folder = project.root.join(FOLDER);
    one_schema(&folder)?;
    one_version(&folder)?;
    let scratch = Scratch::new()?;
    let charts = Charts::build(helm, &folder, scratch.path())?;
    let rendered = scratch.path().join("rendered");
    fs::create_dir(&rendered).or_say("making a folder", DISK)?;
    for chart in all() {
        for values in charts.variants(chart)? {
            charts.render(chart, &values, &rendered)?;
        }
    }
    charts.refuse()?;
    for version in KUBERNETES {
        validate(&schemas, &rendered, version)?;
    }
    Ok(Outcome::Passed)
}

/// A schema cannot be shared by a library: each chart has it, and all have the same.
fn one_schema(folder: &Path) -> Result<()> {
    let read = |chart: &str| {
        let file = folder.join(chart).join("values.schema.json");
        fs::read_to_string(&file).or_say(format_args!("reading {}", file.display()), "each service's chart has one")
    };
    let [first, others @ ..] = SERVICES;
    let schema = read(first)?;
    for other in others {
        if read(other)? != schema {
            let what = format!("values.schema.json of {first} and of {other} differ");
            return Err(Error::new(what, format_args!("copy the right one into every chart of a service in {FOLDER}")));
        }
    }
    Ok(())
}

/// Charts deploy the programs beside them.
fn one_version(folder: &Path) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    for chart in all() {
        let file = folder.join(chart).join("Chart.yaml");
        let text = fs::read_to_string(&file).or_say(format_args!("reading {}", file.display()), CORRECT)?;
        let line = format!("appVersion: \"{version}\"");
        if !text.lines().any(|it| it == line) {
            return Err(Error::new(
                format_args!("{} is of another version", file.display()),
                format_args!("say: {line}"),
            ));
        }
    }
    Ok(())
}

/// Every chart that can be installed, the umbrella last: it holds the others as they were built.
fn all() -> impl Iterator<Item = &'static str> {
    SERVICES.into_iter().chain([UMBRELLA])
}

/// A copy of the charts with their dependencies, so that the checkout stays as it is.
struct Charts {
    helm: PathBuf,
    folder: PathBuf,
    home: PathBuf,
}

impl Charts {
    fn build(helm: PathBuf, source: &Path, scratch: &Path) -> Result<Self> {
        let charts = Self { helm, folder: scratch.join("charts"), home: scratch.join("home") };
        let mut copy = Command::new("cp");
        copy.arg("-R").arg(source).arg(&charts.folder);
        must_pass_quietly(copy, "copying the charts", DISK)?;
        for chart in all() {
            // What somebody has built there may be older than the charts.
            let built = charts.folder.join(chart).join("charts");
            if built.exists() {
                fs::remove_dir_all(&built).or_say("removing an old dependency", DISK)?;
            }
            must_pass_quietly(charts.helm(&["dependency", "build", chart]), "helm dependency build", CORRECT)?;
        }
        Ok(charts)
    }

    fn helm(&self, arguments: &[&str]) -> Command {
        let mut helm = Command::new(&self.helm);
        helm.current_dir(&self.folder).args(arguments);
        for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            helm.env(folder, self.home.join(folder));
        }
        helm
    }

    /// Files of values for a chart, relative to the charts: those for all, and its own.
    fn variants(&self, chart: &str) -> Result<Vec<String>> {
        let mut variants = self.values("variants")?;
        let own = format!("variants/{chart}");
        if self.folder.join(&own).exists() {
            variants.extend(self.values(&own)?);
        }
        Ok(variants)
    }

    fn values(&self, folder: &str) -> Result<Vec<String>> {
        let entries = fs::read_dir(self.folder.join(folder)).or_say(format_args!("reading {folder}"), CORRECT)?;
        let names = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
        let mut files: Vec<_> = names
            .filter(|name| name.extension().is_some_and(|extension| extension == "yaml"))
            .map(|name| format!("{folder}/{}", name.display()))
            .collect();
        files.sort();
        Ok(files)
    }

    fn render(&self, chart: &str, values: &str, into: &Path) -> Result<()> {
        let what = format!("helm lint of {chart} with {values}");
        let lint = self.helm(&["lint", "--strict", "--quiet", chart, "--values", values]);
        must_pass_quietly(lint, &what, CORRECT)?;
        let what = format!("helm template of {chart} with {values}");
        let template = self.helm(&["template", "baton", chart, "--namespace", "baton", "--values", values]);
        let objects = must_pass_quietly(template, &what, CORRECT)?;
        let file = into.join(format!("{chart}-{}", values.replace('/', "-")));
        fs::write(&file, objects).or_say("writing what a chart renders", DISK)
    }

    /// Values that cannot be; the first line of each file says with which words.
    fn refuse(&self) -> Result<()> {
        for values in self.values("variants/refused")? {
            let text =
                fs::read_to_string(self.folder.join(&values)).or_say(format_args!("reading {values}"), CORRECT)?;
            let words = text.lines().next().and_then(|line| line.strip_prefix("# refused: "));
            let words = words.ok_or_else(|| {
                Error::new(format_args!("{values} does not say why it is refused"), "begin it with: # refused: <words>")
            })?;
            let output = self.helm(&["template", "baton", UMBRELLA, "--values", &values]).output();
            let output = output.or_say("helm does not run", CORRECT)?;
            let said = String::from_utf8_lossy(&output.stderr);
            if output.status.success() || !said.contains(words) {
                let what = format!("{values} is not refused with \"{words}\"; helm says: {}", said.trim());
                return Err(Error::new(what, CORRECT));
            }
        }
        Ok(())
    }
}

/// Holds everything that was rendered against the schemas of a version of Kubernetes.
fn validate(schemas: &Path, rendered: &Path, version: &str) -> Result<()> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(rendered).or_say("reading what was rendered", DISK)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut validate = Command::new("python3");
    validate.args(["-m", "kubernetes_validate", "--strict", "--quiet", "-k", version]).args(files);
    validate.env("PYTHONPATH", schemas).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(rendered);
    let what = format!("what the charts render, against Kubernetes {version}, ");
    let said = must_pass_quietly(validate, &what, CORRECT)?;
    // It only warns of kinds without a schema, also where one is misspelt.
    let unknown: Vec<&str> = said.lines().filter(|line| !OPERATORS.iter().any(|kind| line.contains(kind))).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::new(format_args!("{what}failed:\n{}", unknown.join("\n")), CORRECT))
}
