//! Laws that hold for whatever is written or submitted.

use std::collections::{BTreeMap, BTreeSet};

use criteria::{
    Circumstances, Constraints, Content, Criteria, Evidence, Field, FieldType, Item, Money, Rule, Severity, Side,
    Submission, TemplateDocument, Tick, TickState, Value,
};
use proptest::{collection, option, prelude::*, sample::select};

const KEYS: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];

const TYPES: [FieldType; 15] = [
    FieldType::Text,
    FieldType::LongText,
    FieldType::Integer,
    FieldType::Decimal,
    FieldType::Money,
    FieldType::Bool,
    FieldType::Date,
    FieldType::Timestamp,
    FieldType::Choice,
    FieldType::MultiChoice,
    FieldType::Url,
    FieldType::Email,
    FieldType::Person,
    FieldType::ExternalRecord,
    FieldType::Attachment,
];

/// Pieces of CEL which, strung together, are sometimes a program and sometimes nearly one.
const PIECES: [&str; 62] = [
    "fields.alpha",
    "fields.beta",
    "fields.gamma",
    "fields.delta",
    "fields[\"epsilon\"]",
    "has(fields.alpha)",
    "\"beta\" in fields",
    "priority",
    "attempt",
    "confidential",
    "true",
    "false",
    "null",
    "1",
    "0",
    "-1",
    "2.5",
    "9223372036854775807",
    "1u",
    "1e308",
    "\"a\"",
    "'EUR'",
    "b'x'",
    "[1, 2]",
    "[]",
    "{'a': 1}",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    " == ",
    " != ",
    " < ",
    " >= ",
    " && ",
    " || ",
    "!",
    " ? ",
    " : ",
    " in ",
    "(",
    ")",
    "[",
    "]",
    ".amount",
    ".size()",
    ".contains('a')",
    ".matches('a+')",
    ".all(x, x == 1)",
    ".exists(x, ",
    "int(",
    "string(",
    "double(",
    "timestamp(",
    "duration('99999999999h')",
    "duration('-24h')",
    "timestamp('9999-12-31T23:59:59Z')",
    ".getFullYear()",
    ".map(x, x)",
    "é",
    "\\",
];

fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => collection::vec(select(&PIECES[..]), 1..9).prop_map(|pieces| pieces.concat()),
        3 => (select(&PIECES[..26]), select(&PIECES[26..41]), select(&PIECES[..26])).prop_map(|(a, op, b)| format!("{a}{op}{b}")),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z@. ]{0,12}|\\PC{0,20}".prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        any::<i64>().prop_map(|n| Value::Decimal(n.into())),
        (any::<i32>(), "[A-Z]{3}|.{0,4}").prop_map(|(n, currency)| Value::Money(Money { amount: n.into(), currency })),
        any::<bool>().prop_map(Value::Bool),
        (-9999_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| Value::Date(jiff::civil::date(y, m, d))),
        any::<i64>().prop_map(|micros| Value::Timestamp(kernel::Timestamp::from_micros(micros))),
        collection::vec("[abc]{0,2}", 0..4).prop_map(Value::Choices),
    ]
}

fn field() -> impl Strategy<Value = Field> {
    let condition = || option::weighted(0.3, expression());
    (select(&KEYS[..]), select(&TYPES[..]), any::<bool>(), condition(), condition(), option::of(".{0,8}")).prop_map(
        |(key, r#type, required, required_if, visible_if, pattern)| Field {
            key: key.to_owned(),
            label: "Label".to_owned(),
            help: String::new(),
            r#type,
            required,
            required_if,
            visible_if,
            severity: Severity::Blocking,
            constraints: Constraints {
                min: required.then(|| 3.into()),
                max_length: required.then_some(5),
                pattern: pattern.filter(|_| r#type.is_text() && !r#type.is_choice()),
                choices: if r#type.is_choice() { vec!["a".to_owned(), "b".to_owned()] } else { vec![] },
                ..Constraints::default()
            },
        },
    )
}

pub(crate) fn any_content() -> impl Strategy<Value = Content> {
    let item = (select(&KEYS[..]), option::of(expression())).prop_map(|(key, visible_if)| Item {
        key: format!("{key}_item"),
        text: "Text".to_owned(),
        category: criteria::Category::Quality,
        side: Side::Upstream,
        severity: Severity::Blocking,
        evidence: Evidence::Link,
        may_be_na: true,
        visible_if,
    });
    let rule = (select(&KEYS[..]), expression()).prop_map(|(key, expression)| Rule {
        key: format!("{key}_rule"),
        message: "No".to_owned(),
        expression,
        severity: Severity::Warning,
    });
    (collection::vec(field(), 0..5), collection::vec(item, 0..2), collection::vec(rule, 0..3))
        .prop_map(|(fields, items, rules)| Content { fields, items, rules, ..Content::default() })
}

/// Only what compiles: fields of every type, and the expressions among the written ones that can be read.
fn sound_content() -> impl Strategy<Value = Content> {
    any_content().prop_map(|mut content| {
        let mut seen = BTreeSet::new();
        content.fields.retain(|field| seen.insert(field.key.clone()));
        let fields: Vec<_> = content
            .fields
            .iter()
            .map(|field| Field {
                visible_if: None,
                required_if: None,
                constraints: Constraints::default(),
                ..field.clone()
            })
            .collect();
        let reads = |expression: &String| {
            let rule = Rule {
                key: "r".to_owned(),
                message: "M".to_owned(),
                expression: expression.clone(),
                severity: Severity::Info,
            };
            Criteria::compile(&Content { fields: fields.clone(), rules: vec![rule], ..Content::default() }).is_ok()
        };
        for field in &mut content.fields {
            field.required_if = field.required_if.take().filter(reads);
            field.visible_if = field.visible_if.take().filter(reads);
        }
        content.items.iter_mut().for_each(|item| item.visible_if = item.visible_if.take().filter(reads));
        content.rules.retain(|rule| reads(&rule.expression));
        content
    })
}

pub(crate) fn submission() -> impl Strategy<Value = Submission> {
    let state = select(&[TickState::Open, TickState::Done, TickState::NotApplicable][..]);
    let tick = (state, option::of(".{0,9}"), option::of(".{0,9}")).prop_map(|(state, evidence, reason)| Tick {
        state,
        evidence,
        reason,
    });
    let keys = || select(&KEYS[..]).prop_map(str::to_owned);
    (
        collection::btree_map(keys(), value(), 0..6),
        collection::btree_map(keys().prop_map(|key| key + "_item"), tick, 0..4),
    )
        .prop_map(|(fields, items)| Submission { fields, items })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_are_total_and_what_has_none_compiles(content in any_content()) {
        if content.findings().is_empty() {
            prop_assert!(Criteria::compile(&content).is_ok());
        }
    }

    #[test]
    fn evaluation_is_total_complete_and_stable(content in sound_content(), submission in submission()) {
        let Ok(criteria) = Criteria::compile(&content) else { return Ok(()) };
        let circumstances = Circumstances::default();
        let evaluation = criteria.evaluate(&submission, &circumstances, &BTreeSet::new());
        let keys: Vec<_> = evaluation.results.iter().map(|result| result.key.as_str()).collect();
        let fields = content.fields.iter().map(|field| field.key.as_str());
        let items = content.items.iter().map(|item| item.key.as_str());
        let rules = content.rules.iter().map(|rule| rule.key.as_str());
        prop_assert_eq!(keys, fields.chain(items).chain(rules).collect::<Vec<_>>());
        let again = Criteria::compile(&content).unwrap().evaluate(&submission, &circumstances, &BTreeSet::new());
        prop_assert_eq!(&again, &evaluation);
        let all = evaluation.results.iter().map(|result| result.key.clone()).collect();
        prop_assert!(criteria.evaluate(&submission, &circumstances, &all).is_ready());
    }

    #[test]
    fn every_content_survives_json_and_its_hash_with_it(content in any_content()) {
        let json = serde_json::to_string(&content).unwrap();
        let back = Content::from_json(serde_json::from_str(&json).unwrap()).unwrap();
        prop_assert_eq!(back.hash(), content.hash());
        prop_assert_eq!(back, content);
    }

    #[test]
    fn every_content_survives_yaml_and_its_hash_with_it(content in any_content(), display_name in any::<String>()) {
        let owner_team = Some("sales".parse().unwrap());
        let document = TemplateDocument { id: "t".parse().unwrap(), display_name, owner_team, content };
        let back = TemplateDocument::from_yaml(&document.to_yaml()).map_err(|error| TestCaseError::fail(format!("{error}\n{}", document.to_yaml())))?;
        prop_assert_eq!(back.content.hash(), document.content.hash());
        prop_assert_eq!(back, document);
    }

    #[test]
    fn every_submission_survives_json_in_any_order(submission in submission()) {
        let json = serde_json::to_value(&submission).unwrap();
        let reversed: BTreeMap<_, _> = json.as_object().unwrap().iter().rev().collect();
        let back: Submission = serde_json::from_str(&serde_json::to_string(&reversed).unwrap()).unwrap();
        prop_assert_eq!(back.hash(), submission.hash());
    }

    #[test]
    fn any_text_is_a_document_or_a_mistake(text in "(id|display_name|fields|- |: |a|\\[|\\{|&a|\\*a|\n|  |\\PC){0,40}") {
        let _ = TemplateDocument::from_yaml(&text);
    }
}
