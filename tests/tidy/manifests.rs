//! What crates depend on: third-party ones by the workspace's table alone, and one version of those that meet in signatures.

use toml::{Table, Value};

use crate::{
    offence::{Offence, bites, hold},
    project,
};

/// Two versions of one of these would not fit together where values of the one meet functions of the other.
const ONE_VERSION: [&str; 10] =
    ["async-nats", "http", "hyper", "opentelemetry", "prost", "rustls", "sqlx", "tonic", "tower", "tracing"];
/// The only place that crates come from, as Cargo names it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// One entry of a manifest.
#[derive(Debug)]
pub(crate) struct Dependency {
    path: String,
    line: usize,
    /// The name of the crate.
    pub(crate) name: String,
    /// Whether only tests need it.
    pub(crate) is_for_tests: bool,
    value: Value,
}

impl Dependency {
    /// What is wrong with it.
    pub(crate) fn offence(&self, what: &str) -> Offence {
        Offence { path: self.path.clone(), line: self.line, what: format!("{}: {what}", self.name) }
    }

    fn is(&self, key: &str) -> bool {
        self.value.get(key).is_some_and(|value| value.as_bool() != Some(false))
    }
}

/// All that a manifest depends on, of every kind.
pub(crate) fn dependencies(path: &str) -> Vec<Dependency> {
    read(path, &project::document(path).text)
}

/// The packages of the services; a package need not be called as its folder is.
pub(crate) fn packages_of_services() -> Vec<String> {
    let paths = project::services().into_iter().map(|service| format!("services/{service}/Cargo.toml"));
    paths.map(|path| package(&path, &project::document(&path).text)).collect()
}

/// The name of the package whose manifest that is.
fn package(path: &str, text: &str) -> String {
    let name = table(path, text).get("package").and_then(|package| package.get("name")?.as_str()).map(str::to_owned);
    name.unwrap_or_else(|| panic!("{path} names no package"))
}

fn table(path: &str, text: &str) -> Table {
    text.parse().unwrap_or_else(|error| panic!("{path} is not TOML: {error}"))
}

/// The entries of a manifest's text.
pub(crate) fn read(path: &str, text: &str) -> Vec<Dependency> {
    let manifest = table(path, text);
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = targets.filter_map(Value::as_table).chain([&manifest]);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let sections = tables.flat_map(|table| kinds.map(|kind| Some((kind, table.get(kind)?.as_table()?))));
    let entries = sections.flatten().flat_map(|(kind, section)| section.iter().map(move |entry| (kind, entry)));
    entries
        .map(|(kind, (name, value))| {
            let begins =
                |line: &str| line.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
            let line = text.lines().position(begins).map_or(1, |place| place + 1);
            let is_for_tests = kind == "dev-dependencies";
            Dependency { path: path.to_owned(), line, name: name.clone(), is_for_tests, value: value.clone() }
        })
        .collect()
}

/// Third-party crates that a manifest chooses by itself.
fn chosen_alone(path: &str, text: &str) -> Vec<Offence> {
    let alone = |it: &Dependency| !it.is("workspace") && !it.is("path");
    read(path, text).iter().filter(|it| alone(it)).map(|it| it.offence("has a version of its own")).collect()
}

/// Name, version and source of every locked crate.
fn locked(text: &str) -> Vec<(String, String, Option<String>)> {
    let lock: Table = text.parse().expect("Cargo.lock is TOML");
    let packages = lock.get("package").and_then(Value::as_array).expect("Cargo.lock lists packages");
    let word = |package: &Value, key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    packages
        .iter()
        .map(|it| (word(it, "name").unwrap_or_default(), word(it, "version").unwrap_or_default(), word(it, "source")))
        .collect()
}

fn in_lock(what: String) -> Offence {
    Offence { path: "Cargo.lock".to_owned(), line: 1, what }
}

fn twice(lock: &str) -> Vec<Offence> {
    let locked = locked(lock);
    let versions = |name: &str| {
        let of_name = locked.iter().filter(|(it, ..)| it == name);
        of_name.map(|(_, version, _)| version.clone()).collect::<Vec<_>>()
    };
    let several = ONE_VERSION.iter().map(|name| (name, versions(name))).filter(|(_, versions)| versions.len() > 1);
    several.map(|(name, versions)| in_lock(format!("{name} {}", versions.join(" and ")))).collect()
}

fn from_elsewhere(lock: &str) -> Vec<Offence> {
    let elsewhere = locked(lock).into_iter().filter_map(|(name, _, source)| source.map(|source| (name, source)));
    let elsewhere = elsewhere.filter(|(_, source)| source != REGISTRY);
    elsewhere.map(|(name, source)| in_lock(format!("{name} comes from {source}"))).collect()
}

#[test]
fn third_party_crates_are_chosen_in_the_workspace_alone() {
    hold(
        "Name the crate in [workspace.dependencies] of the root's Cargo.toml, and say `x.workspace = true`:",
        project::documents_named("/Cargo.toml").flat_map(|manifest| chosen_alone(&manifest.path, &manifest.text)),
    );
}

#[test]
fn what_meets_in_signatures_has_one_version() {
    let lock = &project::document("Cargo.lock").text;
    hold("Choose versions that agree: cargo tree --invert NAME says who asks for which:", twice(lock));
}

#[test]
fn every_crate_comes_from_the_one_registry() {
    hold("Depend on published crates only:", from_elsewhere(&project::document("Cargo.lock").text));
}

mod bites {
    //! Each rule, shown what it forbids.

    use super::*;

    #[test]
    fn a_crate_with_a_version_of_its_own() {
        let manifest = "[dependencies]\nserde.workspace = true\nregex = \"1\"\ndev = { path = \"../dev\" }\n\
                        [target.'cfg(unix)'.dev-dependencies]\nnix = { version = \"1\" }\nhex = { workspace = true }\n";
        let mut offences = chosen_alone("shared/x/Cargo.toml", manifest);
        offences.sort();
        bites(&offences, &[3, 6]);
    }

    #[test]
    fn a_package_that_is_not_called_as_its_folder() {
        let manifest = "[package]\nname = \"baton-metrics\"\n[dependencies]\nmetrics.workspace = true\n";
        assert_eq!(package("services/metrics/Cargo.toml", manifest), "baton-metrics");
    }

    #[test]
    fn two_versions_and_a_foreign_source() {
        let lock = format!(
            "[[package]]\nname = \"tower\"\nversion = \"0.4.0\"\nsource = \"{REGISTRY}\"\n\
             [[package]]\nname = \"tower\"\nversion = \"0.5.0\"\nsource = \"git+ssh://somewhere\"\n\
             [[package]]\nname = \"handoff\"\nversion = \"0.1.0\"\n"
        );
        assert_eq!(twice(&lock), [in_lock("tower 0.4.0 and 0.5.0".to_owned())]);
        assert_eq!(from_elsewhere(&lock), [in_lock("tower comes from git+ssh://somewhere".to_owned())]);
    }
}
