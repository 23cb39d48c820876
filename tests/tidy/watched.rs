//! What operators watch is there: every metric that a rule, a dashboard or a runbook names is one of the code's, and every alert has
//! its page and its test.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use crate::{
    offence::{Offence, bites, hold},
    project::{self, Document},
};

static METRIC: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:baton|grpc_server)_[a-z_]+\b"));
static RECORDED: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[a-z_]+:[a-z_]+:[a-z0-9_]+\b"));
static RECORD: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^\s*- record: (?P<name>\S+)$"));
static ALERT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^\s*- alert: (?P<name>\w+)$"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one")
}

/// The series of a histogram are named after it.
fn family(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Metrics of the code: the names that stand in its strings.
fn metrics() -> BTreeSet<String> {
    let strings = project::sources().iter().flat_map(|source| source.product().filter(|token| token.is_string));
    let names =
        strings.flat_map(|token| METRIC.find_iter(&token.text).map(|it| it.as_str().to_owned()).collect::<Vec<_>>());
    names.collect()
}

fn recorded() -> BTreeSet<String> {
    let rules = &project::document("deploy/prometheus/rules/recording.yml").text;
    RECORD.captures_iter(rules).map(|record| record["name"].to_owned()).collect()
}

/// Names in a file that nothing tells.
fn unknown(file: &Document, metrics: &BTreeSet<String>, recorded: &BTreeSet<String>) -> Vec<Offence> {
    let mut offences = vec![];
    for (place, line) in file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let whole: Vec<&str> = RECORDED.find_iter(line).map(|it| it.as_str()).collect();
        let of_rules = whole.iter().filter(|name| !recorded.contains(**name)).map(|name| (*name).to_owned());
        let in_rules = |name: &str| whole.iter().any(|it| it.contains(name));
        let told = METRIC.find_iter(line).map(|it| it.as_str()).filter(|name| !in_rules(name));
        let of_code =
            told.filter(|name| !metrics.contains(*name) && !metrics.contains(family(name))).map(str::to_owned);
        offences.extend(of_rules.chain(of_code).map(|what| Offence { path: file.path.clone(), line: place + 1, what }));
    }
    offences
}

#[test]
fn every_metric_that_is_watched_is_one_of_the_code_s() {
    let (metrics, recorded) = (metrics(), recorded());
    assert!(metrics.len() > 30 && recorded.len() > 10, "a rule that finds no names holds nothing");
    let watching = ["deploy/prometheus/", "deploy/grafana/", "deploy/runbooks/", "deploy/helm/"];
    let files = project::documents().iter().filter(|file| watching.iter().any(|folder| file.path.starts_with(folder)));
    let offences: Vec<_> = files.flat_map(|file| unknown(file, &metrics, &recorded)).collect();
    hold("nothing tells of it: correct the name, or tell of it in the code or in recording.yml:", offences);
}

#[test]
fn every_alert_has_a_page_and_a_test() {
    let (rules, tests) = ("deploy/prometheus/rules/alerts.yml", "deploy/prometheus/tests/alerts.yml");
    let tests = &project::document(tests).text;
    let mut offences = vec![];
    let mut alerts = BTreeSet::new();
    for alert in ALERT.captures_iter(&project::document(rules).text) {
        let name = &alert["name"];
        let page = format!("deploy/runbooks/{name}.md");
        let missing = |what: String| Offence { path: rules.into(), line: 1, what };
        if !project::documents().iter().any(|file| file.path == page) {
            offences.push(missing(format!("{name} has no page {page}")));
        }
        if !project::document(rules).text.contains(&format!("runbook_url: {page}")) {
            offences.push(missing(format!("{name} does not link its page")));
        }
        if !regex(&format!(r"alertname: {name}\b")).is_match(tests) {
            offences.push(missing(format!("{name} has no test")));
        }
        alerts.insert(page);
    }
    assert!(alerts.len() > 10, "a rule about alerts that finds none holds nothing");
    let pages = project::documents_named(".md").filter(|file| file.path.starts_with("deploy/runbooks/Baton"));
    let idle = pages.filter(|page| !alerts.contains(&page.path));
    offences.extend(idle.map(|page| Offence { path: page.path.clone(), line: 1, what: "is of no alert".into() }));
    hold("write what is missing:", offences);
}

#[test]
fn a_name_that_nothing_tells() {
    let file = Document {
        path: "x.yml".into(),
        text: "baton_pool_size\nbaton_pool_connections\nx_seconds_bucket\ngrpc_server_handling_seconds_bucket\na:b:c\njob:baton_x:sum\n".into(),
    };
    let metrics = ["baton_pool_connections", "grpc_server_handling_seconds"].map(str::to_owned).into();
    bites(&unknown(&file, &metrics, &["job:baton_x:sum".to_owned()].into()), &[1, 5]);
}
