//! A release runs on the schema before and after its own migrations: what was released is never changed, and what is new only adds,
//! but for contracts, which say by their name who may still serve on what they leave.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use sha2::{Digest as _, Sha256};

use crate::{
    offence::{Offence, bites, hold},
    project::{self, Document},
};

/// What was released, as `sha256sum` writes it; `cargo dev release-contract` adds to it.
const RELEASED: &str = "deploy/postgres/released-migrations.txt";

static NAME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?P<number>\d{4})_(?:contract_(?P<least>\d+)_)?[a-z0-9]+(?:_[a-z0-9]+)*\.sql$"));

/// What a release that does not know of it could not bear: something is gone, is named otherwise, or is asked for that it does not give.
static TAKES_AWAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?is)\bDROP\s+(?:TABLE|VIEW|FUNCTION|TYPE|SCHEMA)\b|\bALTER\s+TABLE\s+[\w.]+\s+DROP\b|,\s*DROP\s+(?:COLUMN\b|\w+)",
        r"|\bRENAME\b|\bTRUNCATE\b|\bSET\s+NOT\s+NULL\b|\bREVOKE\b",
        r"|\bALTER\s+(?:COLUMN\s+)?\w+\s+(?:SET\s+DATA\s+)?TYPE\b|\bADD\s+(?:CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b",
        r"|\bADD\s+(?:COLUMN\s+)?\w+\s+(?:\([^)]*\)|[^,;(])*?\bNOT\s+NULL\b(?P<rest>(?:\([^)]*\)|[^,;(])*)",
    ))
});

static COMMENT: LazyLock<Regex> = LazyLock::new(|| regex(r"--[^\n]*|'(?:[^']|'')*'"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one")
}

fn offence(file: &Document, line: usize, what: impl Into<String>) -> Offence {
    Offence { path: file.path.clone(), line, what: what.into() }
}

/// Migrations of one ledger, in the order of their names.
fn misnamed(files: &[&Document]) -> Vec<Offence> {
    let mut offences = vec![];
    for (number, file) in (1..).zip(files) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        match NAME.captures(name) {
            None => offences.push(offence(file, 1, "is not named <number>_<what>.sql")),
            Some(found) if found["number"].parse() != Ok(number) => {
                offences.push(offence(file, 1, format!("should have the number {number:04}")));
            }
            Some(found) => {
                let least = found.name("least").and_then(|least| least.as_str().parse::<i32>().ok());
                if least.is_some_and(|least| least >= number) {
                    offences.push(offence(file, 1, "names itself, or a later one, as what must be known"));
                }
            }
        }
    }
    offences
}

/// What of a migration that is no contract takes something away.
fn taken_away(file: &Document) -> Vec<Offence> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if NAME.captures(name).is_some_and(|found| found.name("least").is_some()) {
        return vec![];
    }
    let bare = COMMENT.replace_all(&file.text, |found: &regex::Captures<'_>| " ".repeat(found[0].len()));
    let found = TAKES_AWAY.captures_iter(&bare).filter(|it| {
        // A new column may be required where it has a default, or is given by the store.
        let rest = it.name("rest").map(|_| it[0].to_uppercase());
        !rest.is_some_and(|whole| ["DEFAULT", "GENERATED"].iter().any(|gives| whole.contains(gives)))
    });
    let whole = found.filter_map(|it| it.get(0));
    whole.map(|it| offence(file, bare[..it.start()].matches('\n').count() + 1, it.as_str().trim())).collect()
}

/// The released migrations, by their paths.
fn released() -> BTreeMap<String, String> {
    let lines = project::document(RELEASED).text.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(hash, path)| (path.to_owned(), hash.to_owned())).collect()
}

fn migrations() -> BTreeMap<&'static str, Vec<&'static Document>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for file in project::documents_named(".sql") {
        if let Some((folder, _)) = file.path.rsplit_once("/migrations/") {
            all.entry(folder).or_default().push(file);
        }
    }
    assert!(all.len() >= 6, "a rule about migrations that finds none holds nothing");
    all
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let offences = migrations().into_values().flat_map(|files| misnamed(&files)).collect::<Vec<_>>();
    hold(
        "name migrations <number>_<what>.sql, or <number>_contract_<least>_<what>.sql; see CONTRIBUTING.md:",
        offences,
    );
}

#[test]
fn what_was_released_stands_as_it_was_and_what_is_new_only_adds() {
    let released = released();
    let files: Vec<_> = migrations().into_values().flatten().collect();
    let changed = files.iter().filter(|file| {
        released.get(&file.path).is_some_and(|hash| *hash != hex::encode(Sha256::digest(file.text.as_bytes())))
    });
    let gone = released.keys().filter(|path| !files.iter().any(|file| file.path == **path));
    let gone = gone.map(|path| Offence { path: path.clone(), line: 1, what: "is gone".into() });
    let changed = changed.map(|file| offence(file, 1, "is not what was released"));
    hold("a released migration is never changed: put it back, and write the next one:", changed.chain(gone));
    let new = files.iter().filter(|file| !released.contains_key(&file.path));
    hold(
        "the release before must run on this schema too: add beside what there is; take away in a later release, by a contract \
         (CONTRIBUTING.md):",
        new.flat_map(|file| taken_away(file)),
    );
}

mod bad {
    use super::*;

    fn file(name: &str, text: &str) -> Document {
        Document { path: format!("services/x/migrations/{name}"), text: text.into() }
    }

    #[test]
    fn what_takes_away() {
        let new = file(
            "0002_more.sql",
            "-- DROP TABLE a\nDROP TABLE x.a;\nALTER TABLE x.b RENAME TO c;\nALTER TABLE x.b ADD COLUMN c text NOT NULL DEFAULT '';\n\
             ALTER TABLE x.b ADD COLUMN d text NOT NULL;\nALTER TABLE x.b ALTER COLUMN e TYPE bigint;\n\
             ALTER TABLE x.b ADD COLUMN f text;\nALTER TABLE x.b ALTER COLUMN g SET NOT NULL;\n\
             ALTER TABLE x.b DROP h;\nALTER TABLE x.b ADD i numeric(10, 2) NOT NULL;\nALTER TABLE x.b ADD UNIQUE (c);\n\
             ALTER TABLE x.b ADD j integer NOT NULL DEFAULT 0, ADD k text;\n",
        );
        bites(&taken_away(&new), &[2, 3, 5, 6, 8, 9, 10, 11]);
        assert_eq!(taken_away(&file("0003_contract_2_less.sql", &new.text)), []);
    }

    #[test]
    fn names_and_numbers() {
        let files = ["0001_a.sql", "0003_b.sql", "0003_contract_3_c.sql", "0004_contract_2_d.sql", "0005-e.sql"];
        let files = files.map(|name| file(name, ""));
        let found = misnamed(&files.iter().collect::<Vec<_>>());
        let paths: Vec<&str> = found.iter().map(|it| it.path.rsplit('/').next().unwrap_or_default()).collect();
        assert_eq!(paths, ["0003_b.sql", "0003_contract_3_c.sql", "0005-e.sql"]);
    }
}
