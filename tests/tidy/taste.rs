//! Small rules of taste: how files open, how long they are, what they are called, and what has no place in them.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    offence::{Offence, bites, hold},
    project::{self, Document},
    source::Source,
};

const MAX_LINES: usize = 700;
/// A file is split by noun; these name a kind.
const KINDS: [&str; 8] = ["common", "helper", "helpers", "misc", "types", "util", "utils", "manager"];
const EMPTY_ENDS: [&str; 4] = ["Manager", "Helper", "Util", "Utils"];
/// Written apart, so that this file does not hold them.
static MARKS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&["TO", "DO|FIX", "ME|XX", "X|HA", "CK"].concat()).expect("the pattern is one"));

fn at(path: &str, line: usize, what: impl Into<String>) -> Offence {
    Offence { path: path.to_owned(), line, what: what.into() }
}

fn opening(source: &Source) -> Vec<Offence> {
    let first = source.text.lines().next().unwrap_or_default();
    if first.starts_with("//! ") { vec![] } else { vec![at(&source.path, 1, first)] }
}

fn length(document: &Document) -> Vec<Offence> {
    let lines = document.text.lines().count();
    if lines <= MAX_LINES { vec![] } else { vec![at(&document.path, lines, format!("{lines} lines"))] }
}

fn allowed(source: &Source) -> Vec<Offence> {
    let allow = source.find(&["allow", "("]).filter(|window| {
        let place = source.tokens.iter().position(|token| std::ptr::eq(token, &raw const window[0]));
        let before = place.and_then(|place| place.checked_sub(1)).map(|before| source.tokens[before].text.as_str());
        matches!(before, Some("[" | ","))
    });
    allow.map(|window| source.offence(&window[0], "allow(")).collect()
}

fn unfinished(source: &Source) -> Vec<Offence> {
    let macros = ["todo", "unimplemented"].map(|name| [name, "!"]);
    let mut offences: Vec<_> = macros
        .iter()
        .flat_map(|wanted| source.find(wanted).map(|window| source.offence(&window[0], format!("{}!", window[0].text))))
        .collect();
    offences.extend(source.find(&["#", "[", "ignore"]).map(|window| source.offence(&window[0], "#[ignore")));
    offences
}

fn marks(document: &Document) -> Vec<Offence> {
    let words = |line: &str| MARKS.find_iter(line).any(|mark| is_word(line, mark.range()));
    let lines = document.text.lines().enumerate().filter(|(_, line)| words(line));
    lines.map(|(place, line)| at(&document.path, place + 1, line.trim())).collect()
}

fn is_word(line: &str, range: std::ops::Range<usize>) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !line[..range.start].ends_with(is_part) && !line[range.end..].starts_with(is_part)
}

fn sleeps(source: &Source) -> Vec<Offence> {
    let is_sleep = |text: &str| matches!(text, "sleep" | "sleep_until" | "sleep_ms");
    let found = source.tokens.iter().filter(|token| token.in_test && !token.is_string && is_sleep(&token.text));
    found.map(|token| source.offence(token, &token.text)).collect()
}

fn names(source: &Source) -> Vec<Offence> {
    let mut offences = vec![];
    let parts = source.path.split('/');
    if let Some(kind) = parts.map(|part| part.strip_suffix(".rs").unwrap_or(part)).find(|part| KINDS.contains(part)) {
        offences.push(at(&source.path, 1, kind));
    }
    for window in source.tokens.windows(2) {
        let is_type = matches!(window[0].text.as_str(), "struct" | "enum" | "trait" | "type");
        if is_type && EMPTY_ENDS.iter().any(|end| window[1].text.ends_with(end)) {
            offences.push(source.offence(&window[1], &window[1].text));
        }
    }
    offences
}

fn in_sources(rule: fn(&Source) -> Vec<Offence>) -> impl Iterator<Item = Offence> {
    project::sources().iter().flat_map(rule)
}

/// Files that people write: those that programs write are as long, and say, what they must.
fn written() -> impl Iterator<Item = &'static Document> {
    let is_generated = |document: &&Document| {
        document.path == "Cargo.lock"
            || document.is("snap")
            || ["/.sqlx/", "/vendor/"].iter().any(|it| document.path.contains(it))
    };
    project::documents().iter().filter(move |document| !is_generated(document))
}

#[test]
fn every_file_opens_with_what_it_is() {
    hold("Begin the file with one sentence, as `//! What this is.`:", in_sources(opening));
}

#[test]
fn no_file_is_longer_than_700_lines() {
    // Not protos: a message that was released may not move to another file.
    let code = ["rs", "sql", "py", "sh"];
    let offences = written().filter(|document| code.iter().any(|kind| document.is(kind))).flat_map(length);
    hold("Split it by noun, into a folder of that name:", offences);
}

#[test]
fn no_lint_is_switched_off_without_a_reason() {
    hold(
        "Write #[expect(lint, reason = \"...\")]: it says why, and speaks up when it is no longer needed:",
        in_sources(allowed),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let offences = in_sources(unfinished).chain(written().flat_map(marks));
    hold("Finish it, or leave it out and file an issue:", offences);
}

#[test]
fn no_test_sleeps() {
    hold("Wait on a condition, with a bound (testkit::eventually), or move the test's clock:", in_sources(sleeps));
}

#[test]
fn names_say_what_a_thing_is() {
    hold("Name a file by its noun, a type by what it is or does:", in_sources(names));
}

mod bites {
    //! Each rule, shown what it forbids.

    use super::*;

    fn source(text: &str) -> Source {
        Source::new("services/x/src/y.rs", text)
    }

    fn document(text: &str) -> Document {
        Document { path: "it.md".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is() {
        bites(&opening(&source("// What it is.\nfn a() {}\n")), &[1]);
        bites(&opening(&source("")), &[1]);
        bites(&opening(&source("//! What it is.\n")), &[]);
    }

    #[test]
    fn a_long_file() {
        bites(&length(&document(&"x\n".repeat(MAX_LINES + 1))), &[MAX_LINES + 1]);
        bites(&length(&document(&"x\n".repeat(MAX_LINES))), &[]);
    }

    #[test]
    fn a_lint_that_is_switched_off() {
        let text = "#![allow(dead_code)]\n#[cfg_attr(test, allow(unused))]\nfn a() { b.allow(c); }\n#[expect(d)]\nfn allow() {}\n";
        bites(&allowed(&source(text)), &[1, 2]);
    }

    #[test]
    fn what_is_left_for_later() {
        let text = "fn a() { todo!() }\n#[test]\n#[ignore = \"slow\"]\nfn b() { unimplemented!() }\nfn todo() {}\n";
        let mut offences = unfinished(&source(text));
        offences.sort();
        bites(&offences, &[1, 3, 4]);
        let mark = ["TO", "DO"].concat();
        bites(&marks(&document(&format!("# {mark}: more\n{mark}S and AUTO{mark}\n({mark})\n"))), &[1, 3]);
    }

    #[test]
    fn a_test_that_sleeps() {
        let text = "async fn a() { sleep(b).await }\n#[cfg(test)]\nmod tests {\n    use tokio::time::sleep;\n    const C: &str = \"sleep\";\n}\n";
        bites(&sleeps(&source(text)), &[4]);
        bites(&sleeps(&Source::new("shared/x/tests/it/main.rs", "fn a() { std::thread::sleep(b); }")), &[1]);
    }

    #[test]
    fn a_name_that_says_nothing() {
        bites(&names(&source("struct A;\npub struct HandoffManager;\nenum BUtil {}\nfn manager() {}\n")), &[2, 3]);
        bites(&names(&Source::new("services/x/src/utils.rs", "")), &[1]);
    }
}
