//! What changed between two versions, and what it means.

use std::collections::BTreeSet;

use criteria::{
    Category, ChangeClass, Circumstances, Constraints, Content, Criteria, Evidence, Field, FieldType, Item, Rule,
    Severity, Side, Submission, Tick, TickState, Value, diff,
};
use proptest::{collection, option, prelude::*, sample::select, test_runner::TestRunner};

use crate::{content, laws::any_content};

const OLD: &str = r#"
fields:
  - {key: contract, label: Contract, type: URL, required: true}
  - {key: kind, label: Kind, type: CHOICE, constraints: {choices: [A, B]}}
  - {key: value, label: Value, type: DECIMAL, constraints: {min: 1, max: 10}}
  - {key: note, label: Note, type: TEXT, visible_if: fields.kind == "A"}
  - {key: late, label: Late, type: BOOL}
  - {key: gone, label: Gone, type: TEXT}
items:
  - {key: told, text: Told, evidence: TEXT, may_be_na: true}
  - {key: filed, text: Filed, evidence: LINK}
  - {key: dropped, text: Dropped}
rules:
  - {key: small, message: Too large, expression: fields.value < 5}
  - {key: noted, message: Say more, expression: fields.note != "x", severity: WARNING}
"#;

const NEW: &str = r#"
fields:
  - {key: late, label: Late, type: BOOL}
  - {key: contract, label: Signed contract, type: TEXT, help: The countersigned one}
  - {key: kind, label: Kind, type: CHOICE, required_if: fields.late, constraints: {choices: [B, C]}}
  - {key: value, label: Value, type: DECIMAL, constraints: {min: 0, max: 10}}
  - {key: note, label: Note, type: INTEGER, visible_if: fields.kind   ==   "A", severity: INFO}
  - {key: extra, label: Extra, type: TEXT, required: true, severity: WARNING}
items:
  - {key: told, text: They were told, evidence: LINK, category: QUALITY}
  - {key: filed, text: Filed, side: DOWNSTREAM}
  - {key: signed, text: Signed}
rules:
  - {key: noted, message: Say more, expression: fields.note > 3}
  - {key: small, message: Larger than five, expression: fields.value <= 5, severity: WARNING}
"#;

#[test]
fn every_change_is_named_by_key_and_classed() {
    let changes = diff(&content(OLD), &content(NEW));
    let line = |change: &criteria::Change| {
        format!(
            "{:<11} {:<20} {:<9} {} -> {}",
            format!("{:?}", change.class).to_uppercase(),
            format!("{:?}", change.kind),
            change.key,
            change.was,
            change.now
        )
    };
    let table: Vec<_> = changes.iter().map(line).collect();
    insta::assert_snapshot!(table.join("\n"));
    assert_eq!(ChangeClass::of(&changes), Some(ChangeClass::Breaking));
}

#[test]
fn words_and_order_are_editorial() {
    let before = content("fields: [{key: a, label: A, type: DECIMAL, constraints: {min: \"1.5\"}}, {key: b, label: B, type: CHOICE, constraints: {choices: [x, y]}}]
rules: [{key: r, message: M, expression: 'has(fields.a)  && fields.a > 2'}]");
    let after = content("fields: [{key: b, label: Bee, type: CHOICE, constraints: {choices: [y, x]}}, {key: a, label: A, help: H, type: DECIMAL, constraints: {min: \"1.50\"}}]
rules: [{key: r, message: Other, expression: 'has(fields.a) && fields.a > 2'}]");
    let changes = diff(&before, &after);
    assert_eq!(ChangeClass::of(&changes), Some(ChangeClass::Editorial), "{changes:#?}");
    assert_eq!(changes.len(), 7, "{changes:#?}");
    assert_eq!(ChangeClass::of(&diff(&before, &before)), None);
}

#[test]
fn what_would_hide_behind_a_test_of_presence_is_breaking() {
    let with = |condition: &str, expression: &str| {
        content(&format!(
            "fields: [{{key: a, label: A, type: TEXT{condition}}}, {{key: b, label: B, type: BOOL}}]
rules: [{{key: r, message: M, expression: '{expression}'}}]"
        ))
    };
    let class =
        |expression: &str| ChangeClass::of(&diff(&with("", expression), &with(", visible_if: fields.b", expression)));
    assert_eq!(class("has(fields.a)"), Some(ChangeClass::Breaking));
    assert_eq!(class("fields.a != \"x\""), Some(ChangeClass::Compatible));
}

#[test]
fn what_a_blocking_rule_would_wait_for_is_breaking() {
    let with = |required: bool, severity: &str| {
        content(&format!(
            "fields: [{{key: a, label: A, type: INTEGER, severity: WARNING, required: {required}}}]
rules: [{{key: r, message: M, expression: fields.a > 1, severity: {severity}}}]"
        ))
    };
    for (severity, class, is_ready) in
        [("BLOCKING", ChangeClass::Breaking, false), ("WARNING", ChangeClass::Compatible, true)]
    {
        let (before, after) = (with(false, severity), with(true, severity));
        assert_eq!(ChangeClass::of(&diff(&before, &after)), Some(class));
        let readiness = |content| ready(&Criteria::compile(content).unwrap(), &Submission::default()).0;
        assert_eq!((readiness(&before), readiness(&after)), (true, is_ready));
    }
}

#[test]
fn the_first_thing_asked_for_ends_the_free_answers() {
    let optional = content("fields: [{key: a, label: A, type: TEXT}]");
    assert_eq!(ChangeClass::of(&diff(&Content::default(), &optional)), Some(ChangeClass::Breaking));
}

const CONDITIONS: [&str; 12] = [
    "fields.a",
    "!fields.a",
    "fields.b > 3",
    "10 / fields.b > 2",
    "has(fields.c)",
    "!has(fields.c)",
    "fields.c == 'q'",
    "fields.d == 'x'",
    "!('b' in fields)",
    "attempt < 2",
    "has(fields.e) && fields.e != 'q'",
    "fields.c != fields.e",
];

const FIELDS: [(&str, FieldType); 5] = [
    ("a", FieldType::Bool),
    ("b", FieldType::Integer),
    ("c", FieldType::Text),
    ("d", FieldType::Choice),
    ("e", FieldType::Text),
];

/// One edit of a content: which part, at which place, and what the edit draws from.
type Edit = (u8, usize, usize, bool);

fn severity(draw: usize) -> Severity {
    [Severity::Blocking, Severity::Warning, Severity::Info][draw % 3]
}

fn condition(draw: usize, present: bool) -> Option<String> {
    present.then(|| CONDITIONS[draw % CONDITIONS.len()].to_owned())
}

fn field(place: usize, severity: Severity, required: bool) -> Field {
    let (key, r#type) = FIELDS[place % FIELDS.len()];
    let choices = if r#type == FieldType::Choice { vec!["x".to_owned(), "y".to_owned()] } else { vec![] };
    Field {
        key: key.to_owned(),
        label: "Label".to_owned(),
        help: String::new(),
        r#type,
        required,
        required_if: None,
        visible_if: None,
        severity,
        constraints: Constraints { choices, ..Constraints::default() },
    }
}

fn edit(content: &mut Content, (what, place, draw, flag): Edit) {
    let Content { fields, items, rules, .. } = content;
    let at = |length: usize| if length == 0 { None } else { Some(place % length) };
    match (what, at(fields.len()), at(items.len()), at(rules.len())) {
        (0, Some(at), ..) => fields[at].required = flag,
        (1, Some(at), ..) => fields[at].required_if = condition(draw, flag),
        (2 | 3, Some(at), ..) => fields[at].visible_if = condition(draw, flag),
        (4, Some(at), ..) => fields[at].severity = severity(draw),
        (5, Some(at), ..) if fields[at].r#type == FieldType::Choice => {
            let all = ["x", "y", "z"].map(str::to_owned);
            fields[at].constraints.choices = all[..=draw % 3].to_vec();
        }
        (5, Some(at), ..) if fields[at].r#type == FieldType::Integer => {
            fields[at].constraints.max = flag.then(|| (draw % 12).into());
        }
        (5 | 6, Some(at), ..) if fields[at].r#type.is_text() && !fields[at].r#type.is_choice() => {
            fields[at].constraints.max_length = flag.then_some(u32::try_from(draw % 3).unwrap());
            if draw > 8 {
                fields[at].r#type = if flag { FieldType::Email } else { FieldType::LongText };
            }
        }
        (7, ..) => {
            let (key, _) = FIELDS[place % FIELDS.len()];
            if fields.iter().all(|field| field.key != key) {
                fields.push(field(place, severity(draw), flag));
            }
        }
        (8, Some(at), ..) if draw % 4 == 0 => {
            fields.remove(at);
        }
        (8, Some(at), ..) => fields.swap(0, at),
        (9, _, Some(at), _) => items[at].side = if flag { Side::Upstream } else { Side::Downstream },
        (10, _, Some(at), _) => items[at].severity = severity(draw),
        (11, _, Some(at), _) => {
            items[at].evidence = [Evidence::None, Evidence::Text, Evidence::Link, Evidence::Attachment][draw % 4];
        }
        (12, _, Some(at), _) => items[at].may_be_na = flag,
        (13, _, Some(at), _) => items[at].visible_if = condition(draw, flag),
        (14, ..) => items.push(item(items.len() + 10, severity(draw))),
        (15, _, Some(at), _) => {
            items.remove(at);
        }
        (16, .., Some(at)) => CONDITIONS[draw % CONDITIONS.len()].clone_into(&mut rules[at].expression),
        (17, .., Some(at)) => rules[at].severity = severity(draw),
        (18, ..) => rules.push(rule(rules.len() + 10, draw, severity(draw))),
        (19, .., Some(at)) => {
            rules.remove(at);
        }
        _ => {}
    }
}

fn item(number: usize, severity: Severity) -> Item {
    Item {
        key: format!("i{number}"),
        text: "Text".to_owned(),
        category: Category::Quality,
        side: Side::Upstream,
        severity,
        evidence: Evidence::None,
        may_be_na: true,
        visible_if: None,
    }
}

fn rule(number: usize, draw: usize, severity: Severity) -> Rule {
    let expression = CONDITIONS[draw % CONDITIONS.len()].to_owned();
    Rule { key: format!("r{number}"), message: "M".to_owned(), expression, severity }
}

fn edits(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Edit>> {
    collection::vec((0_u8..20, 0_usize..12, 0_usize..12, any::<bool>()), count)
}

/// A content with all five fields, two items and two rules, edited at random; and its successor.
fn versions() -> impl Strategy<Value = (Content, Content)> {
    (edits(0..14), edits(1..4)).prop_map(|(first, second)| {
        let fields = (0..FIELDS.len()).map(|place| field(place, Severity::Blocking, false)).collect();
        let items = vec![item(1, Severity::Blocking), item(2, Severity::Warning)];
        let rules = vec![rule(1, 2, Severity::Blocking), rule(2, 4, Severity::Warning)];
        let mut from = Content { fields, items, rules, ..Content::default() };
        for it in first {
            edit(&mut from, it);
        }
        let mut to = from.clone();
        for it in second {
            edit(&mut to, it);
        }
        (from, to)
    })
}

fn answers() -> impl Strategy<Value = Submission> {
    let text = || option::of(select(&["q", "no", "a@b.cd"][..]).prop_map(|text| Value::Text(text.to_owned())));
    let tick = || {
        let state = select(&[TickState::Open, TickState::Done, TickState::Done, TickState::NotApplicable][..]);
        (state, select(&["", "said", "https://example.com/"][..])).prop_map(|(state, said)| {
            let said = Some(said.to_owned()).filter(|said| !said.is_empty());
            Tick { state, evidence: said.clone(), reason: said }
        })
    };
    let fields = (
        option::of(any::<bool>().prop_map(Value::Bool)),
        option::of((0_i64..9).prop_map(Value::Integer)),
        text(),
        option::of(select(&["x", "y", "w"][..]).prop_map(|text| Value::Text(text.to_owned()))),
        text(),
    );
    (fields, tick(), tick()).prop_map(|((a, b, c, d, e), one, two)| Submission {
        fields: FIELDS
            .iter()
            .zip([a, b, c, d, e])
            .filter_map(|((key, _), it)| Some(((*key).to_owned(), it?)))
            .collect(),
        items: [("i1".to_owned(), one), ("i2".to_owned(), two)].into(),
    })
}

/// Whether it may be submitted, and completed.
fn ready(criteria: &Criteria, submission: &Submission) -> (bool, bool) {
    let circumstances = Circumstances::default();
    (
        criteria.evaluate(submission, &circumstances, &BTreeSet::new()).is_ready(),
        criteria.evaluate_items(Side::Downstream, submission, &circumstances).is_ready(),
    )
}

/// As much of it as can be written under a content.
fn admitted(content: &Content, submission: &Submission) -> Submission {
    let mut submission = submission.clone();
    submission.fields.retain(|key, value| content.admit(key, value).is_ok());
    submission.items.retain(|key, _| content.item(key).is_some());
    submission
}

#[test]
fn what_was_ready_is_ready_where_nothing_is_breaking() {
    let config = ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() };
    let mut told = 0;
    let mut broken = 0;
    let counts = std::cell::RefCell::new((&mut told, &mut broken));
    TestRunner::new(config)
        .run(&(versions(), collection::vec(answers(), 8)), |((from, to), submissions)| {
            let (Ok(old), Ok(new)) = (Criteria::compile(&from), Criteria::compile(&to)) else { return Ok(()) };
            let changes = diff(&from, &to);
            prop_assert_eq!(changes.is_empty(), from == to);
            for submission in &submissions {
                let submission = admitted(&from, submission);
                let ((submit, complete), (submit_now, complete_now)) =
                    (ready(&old, &submission), ready(&new, &submission));
                let is_kept = (submit_now || !submit) && (complete_now || !complete);
                if ChangeClass::of(&changes) == Some(ChangeClass::Breaking) {
                    *counts.borrow_mut().1 += usize::from(!is_kept);
                    continue;
                }
                prop_assert!(is_kept, "{:#?}\n{:?}", changes, submission);
                for (key, answer) in &submission.fields {
                    prop_assert!(to.admit(key, answer).is_ok(), "{} {:#?}", key, changes);
                }
                *counts.borrow_mut().0 += usize::from(submit && !changes.is_empty());
            }
            Ok(())
        })
        .unwrap();
    // The law said something: ready ones were carried over, and among the breaking pairs some did break.
    assert!(told > 200 && broken > 200, "{told} carried over, {broken} broken");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_contents_differ_in_nothing_and_any_two_can_be_compared(one in any_content(), two in any_content()) {
        prop_assert_eq!(diff(&one, &one.clone()), vec![]);
        prop_assert_eq!(diff(&one, &two).is_empty(), one == two);
    }
}
