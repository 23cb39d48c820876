//! What documents say of the project is there: links lead somewhere, and every knob is on its page.

use std::{collections::BTreeSet, path::Path, sync::LazyLock};

use regex::Regex;

use crate::{
    offence::{Offence, bites, hold},
    project::{self, Document},
    source::Source,
};

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\]\((?P<target>[^)\s#]+)(?:#[^)]*)?\)").expect("the pattern is one"));

/// A fact as the name of a test: four words at least.
static TEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`(?P<name>[a-z0-9]+(?:_[a-z0-9]+){3,})`").expect("the pattern is one"));

/// Links to files that are not there; those to other hosts are not looked at.
fn dead_links(document: &Document, is_there: impl Fn(&str) -> bool) -> Vec<Offence> {
    let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut offences = vec![];
    for (place, line) in document.text.lines().enumerate() {
        let targets = LINK.captures_iter(line).map(|link| link["target"].to_owned());
        let dead = targets.filter(|target| !target.contains("://") && !is_there(&joined(folder, target)));
        offences.extend(dead.map(|what| Offence { path: document.path.clone(), line: place + 1, what }));
    }
    offences
}

/// The target of a link as a path from the root.
fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The public fields of a configuration that are set one by one: those whose type is no section.
fn knobs(config: &Source) -> Vec<String> {
    let product: Vec<_> = config.product().collect();
    let sections: Vec<_> =
        product.windows(2).filter(|it| it[0].text == "struct").map(|it| it[1].text.as_str()).collect();
    let fields = product.windows(4).filter(|it| it[0].text == "pub" && it[2].text == ":");
    let is_section = |name: &str| (sections.contains(&name) && name != "Secret") || name == "S";
    fields.filter(|it| !is_section(&it[3].text)).map(|it| it[1].text.clone()).collect()
}

fn untold(knobs: &[String], page: &Document) -> Vec<Offence> {
    let is_told = |knob: &str| page.text.contains(&format!("`{knob}`"));
    let untold = knobs.iter().filter(|knob| !is_told(knob));
    untold.map(|what| Offence { path: page.path.clone(), line: 1, what: what.clone() }).collect()
}

/// What a page names as a test, `like_this_one`, and is none.
fn unknown_tests(page: &Document, tests: &BTreeSet<&str>) -> Vec<Offence> {
    let mut offences = vec![];
    for (place, line) in page.text.lines().enumerate() {
        let named = TEST.captures_iter(line).map(|found| found["name"].to_owned());
        let unknown = named.filter(|name| !tests.contains(name.as_str()));
        offences.extend(unknown.map(|what| Offence { path: page.path.clone(), line: place + 1, what }));
    }
    offences
}

/// The names of all test functions.
fn tests() -> BTreeSet<&'static str> {
    let in_tests = project::sources().iter().flat_map(|source| source.tokens.windows(2)).filter(|it| it[0].in_test);
    in_tests.filter(|it| it[0].text == "fn").map(|it| it[1].text.as_str()).collect()
}

#[test]
fn every_test_that_proves_a_promise_is_there() {
    hold("Name the test as it is called now:", unknown_tests(project::document("GUARANTEES.md"), &tests()));
}

#[test]
fn every_link_leads_somewhere() {
    let is_there = |path: &str| project::root().join(Path::new(path)).exists();
    let offences = project::documents_named(".md").flat_map(|document| dead_links(document, is_there));
    hold("Correct the link, or write the page:", offences);
}

#[test]
fn every_knob_is_on_the_page_of_its_service_and_those_of_all_on_the_page_of_deployments() {
    let config = |path: &str| project::sources().iter().find(|source| source.path == path);
    let shared = knobs(config("shared/chassis/src/config.rs").expect("the chassis has a configuration"));
    assert!(shared.contains(&"max_connections".to_owned()), "{shared:?}");
    let of_services = project::services().into_iter().flat_map(|service| {
        let page = project::document(&format!("services/{service}/README.md"));
        let own = config(&format!("services/{service}/src/config.rs")).map(knobs).unwrap_or_default();
        untold(&own, page)
    });
    let offences = of_services.chain(untold(&shared, project::document("deploy/README.md")));
    hold("Say on the page what the key does, its default, unit and bound:", offences);
}

mod bites {
    //! Each rule, shown what it forbids.

    use super::*;

    #[test]
    fn a_link_that_leads_nowhere() {
        let text = "[a](b.md#part) [c](https://example.org/d)\n[e](../f.md)\n[g](#here)\n".to_owned();
        let page = Document { path: "docs/page.md".to_owned(), text };
        bites(&dead_links(&page, |path| path == "docs/b.md"), &[2]);
        bites(&dead_links(&page, |path| path == "f.md"), &[1]);
    }

    #[test]
    fn a_promise_without_its_test() {
        let text =
            "| kept | `accepting_twice_is_one_event` |\n| not | `nothing_ever_goes_wrong` `event_log` |".to_owned();
        let page = Document { path: "GUARANTEES.md".to_owned(), text };
        bites(&unknown_tests(&page, &["accepting_twice_is_one_event"].into()), &[2]);
    }

    #[test]
    fn a_knob_that_no_page_names() {
        let text = "pub struct Config<S> { pub log: Log, pub service: S }\npub struct Log { pub filter: String, pub secret: Secret }\n\
                    pub struct Secret(String);\n";
        let knobs = knobs(&Source::new("it.rs", text));
        assert_eq!(knobs, ["filter", "secret"]);
        let page = Document { path: "README.md".to_owned(), text: "`filter`: what is written".to_owned() };
        assert_eq!(untold(&knobs, &page).iter().map(|it| it.what.as_str()).collect::<Vec<_>>(), ["secret"]);
    }
}
