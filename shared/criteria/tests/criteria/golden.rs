//! Golden vectors of level 1: what was published and judged once is judged the same for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use criteria::{Circumstances, CompileError, Content, ContentError, Criteria, LEVEL, Outcome, Submission};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    content: serde_json::Value,
    content_hash: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    submission: Submission,
    submission_hash: String,
    priority: String,
    attempt: u32,
    waived: BTreeSet<String>,
    outcomes: BTreeMap<String, Outcome>,
}

fn vectors(file: &str) -> Vectors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/criteria").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn level_1_is_judged_as_ever() {
    check(vectors("level-1.json"));
}

#[test]
fn every_type_and_function_of_level_1_is_judged_as_ever() {
    let vectors = vectors("level-1-functions.json");
    let written = vectors.content.to_string();
    for part in [
        "TEXT",
        "LONG_TEXT",
        "INTEGER",
        "DECIMAL",
        "MONEY",
        "BOOL",
        "DATE",
        "TIMESTAMP",
        "CHOICE",
        "MULTI_CHOICE",
        "URL",
        "EMAIL",
        "PERSON",
        "EXTERNAL_RECORD",
        "ATTACHMENT",
    ] {
        assert!(written.contains(&format!("\"type\":\"{part}\"")), "{part}");
    }
    for function in [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "double",
        "string",
        "timestamp",
        "duration",
        "getFullYear",
        "getMonth",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getHours",
        "getMinutes",
        "getSeconds",
        "has",
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
    ] {
        assert!(written.contains(&format!("{function}(")), "{function}");
    }
    check(vectors);
}

fn check(Vectors { content, content_hash, cases }: Vectors) {
    let content = Content::from_json(content).unwrap();
    assert_eq!(content.findings(), []);
    assert_eq!(content.hash().to_string(), content_hash);
    let criteria = Criteria::compile(&content).unwrap();
    for case in cases {
        let Case { name, submission, submission_hash, priority, attempt, waived, outcomes } = case;
        assert_eq!(submission.hash().to_string(), submission_hash, "{name}");
        let circumstances = Circumstances { priority: &priority, attempt, ..Circumstances::default() };
        let evaluation = criteria.evaluate(&submission, &circumstances, &waived);
        let found: BTreeMap<_, _> = evaluation.results.into_iter().map(|result| (result.key, result.outcome)).collect();
        assert_eq!(found, outcomes, "{name}");
    }
}

#[test]
fn a_newer_level_is_told_from_a_broken_content() {
    let newer = serde_json::json!({"criteria_level": LEVEL + 1, "something_new": []});
    assert!(matches!(Content::from_json(newer), Err(ContentError::EvaluatorTooOld { needed }) if needed == LEVEL + 1));
    let broken = serde_json::json!({"criteria_level": LEVEL, "something_new": []});
    assert!(matches!(Content::from_json(broken), Err(ContentError::Malformed(_))));
    let newer = Content { criteria_level: LEVEL + 1, ..Content::default() };
    assert!(matches!(Criteria::compile(&newer), Err(CompileError::EvaluatorTooOld { .. })));
    assert_eq!(newer.findings().len(), 1);
}
