//! No file knows the machine that it was written on, nor the hosts that packages come from.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    offence::{Offence, bites, hold},
    project::{self, Document},
};

/// Folders that are one machine's: homes, scratch space, mounts. Written apart, so that this file does not hold them.
static MACHINE_PATH: LazyLock<Regex> = LazyLock::new(|| {
    let folders = ["ro", "ot|ho", "me|Us", "ers|t", "mp|wo", "rk|m", "nt|me", "dia"].concat();
    regex(&format!(
        r#"(?:^|[\s"'`=:(\[,;|>])(?P<found>(?:[A-Za-z]:\\Users|/(?:{folders}))(?:[/\\][A-Za-z0-9._-]+|\b))"#
    ))
});
/// Where packages are fetched from is for the machine's own configuration to say.
static REGISTRY_HOST: LazyLock<Regex> = LazyLock::new(|| {
    let hosts =
        ["pypi", r"\.org|pythonhosted", r"\.org|npmjs", r"\.(?:org|com)|(?:index|static)\.crates", r"\.io"].concat();
    let others =
        ["art", "ifactory|nexus", r"\.|jf", "rog|dev", "pi|proxy", r"\.golang|(?:deb|security)\.debian", r"\.org"]
            .concat();
    let settings = ["index", "-url|replace", r"-with|trusted", "-host"].concat();
    regex(&format!(r"(?i)(?P<found>{hosts}|{others}|{settings})"))
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one")
}

fn found(document: &Document, pattern: &Regex) -> Vec<Offence> {
    let mut offences = vec![];
    // A container's own folder in memory is of no machine.
    let is_in_memory = |line: &str| line.trim_start().starts_with("tmpfs:");
    for (place, line) in document.text.lines().enumerate().filter(|(_, line)| !is_in_memory(line)) {
        let words = pattern.captures_iter(line).filter_map(|found| found.name("found"));
        offences.extend(words.map(|word| Offence {
            path: document.path.clone(),
            line: place + 1,
            what: word.as_str().to_owned(),
        }));
    }
    offences
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let offences = project::documents().iter().flat_map(|document| found(document, &MACHINE_PATH));
    hold("Take the place from the environment, from an option, or make a temporary folder:", offences);
}

#[test]
fn no_file_names_a_registry() {
    let offences = project::documents().iter().flat_map(|document| found(document, &REGISTRY_HOST));
    hold("Name packages and versions; where they come from is configured on each machine:", offences);
}

mod bites {
    //! Each rule, shown what it forbids.

    use super::*;

    fn document(lines: &[String]) -> Document {
        Document { path: "it.toml".to_owned(), text: lines.join("\n") }
    }

    #[test]
    fn a_place_of_one_machine() {
        let place = |folder: &str| format!("path = \"/{folder}/x\"");
        let bad = [["ho", "me"], ["t", "mp"], ["ro", "ot"], ["wo", "rk"]].map(|parts| place(&parts.concat()));
        let good =
            ["data = '/var/lib/baton'", "a/home-made thing", "https://wiki/tmpl", "/homework"].map(str::to_owned);
        bites(&found(&document(&[bad.to_vec(), good.to_vec()].concat()), &MACHINE_PATH), &[1, 2, 3, 4]);
    }

    #[test]
    fn a_registry() {
        let lines = [
            ["py", "pi.org"],
            ["index.cra", "tes.io"],
            ["index", "-url = x"],
            ["github.com/rust-lang/crates", ".io-index"],
        ];
        let lines = lines.map(|parts| parts.concat());
        bites(&found(&document(&lines), &REGISTRY_HOST), &[1, 2, 3]);
    }
}
