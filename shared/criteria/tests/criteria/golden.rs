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

fn vectors() -> Vectors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/criteria/level-1.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn level_1_is_judged_as_ever() {
    let Vectors { content, content_hash, cases } = vectors();
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
