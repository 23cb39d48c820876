//! What publishing refuses.

use criteria::{Content, FindingCode, TemplateDocument};

use crate::content;

fn listed(content: &Content) -> String {
    let line = |finding: criteria::Finding| {
        let code = serde_json::to_value(finding.code).unwrap();
        format!("{:<32} {:<16} {}\n", finding.path, code.as_str().unwrap(), finding.message)
    };
    content.findings().into_iter().map(line).collect()
}

/// The finding of one expression over a few fields of different types.
fn of_rule(expression: &str) -> Vec<FindingCode> {
    let mut content = content(
        "fields:
  - {key: text, label: Text, type: TEXT}
  - {key: number, label: Number, type: INTEGER}
  - {key: price, label: Price, type: MONEY}
  - {key: day, label: Day, type: DATE}
  - {key: flag, label: Flag, type: BOOL}
  - {key: some, label: Some, type: MULTI_CHOICE, constraints: {choices: [a, b]}}
rules:
  - {key: rule, message: No, expression: 'true'}
",
    );
    expression.clone_into(&mut content.rules[0].expression);
    content.findings().into_iter().map(|finding| finding.code).collect()
}

#[test]
fn every_finding_is_told_at_once() {
    let content = content(
        r#"
fields:
  - {key: Amount, label: " ", type: DECIMAL, constraints: {min: 2, max: 1.5, choices: [a]}}
  - {key: kind, label: Kind, type: CHOICE}
  - {key: kind, label: Again, type: CHOICE, constraints: {choices: [a, "", a]}}
  - {key: loop, label: Loop, type: TEXT, visible_if: fields.pool == "x"}
  - {key: pool, label: Pool, type: TEXT, visible_if: fields.loop == "x", required_if: has(fields.pool)}
  - {key: after, label: After, type: TEXT, visible_if: fields.pool == "x", constraints: {pattern: '\w{900}'}}
items:
  - {key: pool, text: "", visible_if: fields.nowhere}
rules:
  - {key: open, message: M, expression: "fields.kind =="}
  - {key: text, message: M, expression: fields.kind}
  - {key: apples, message: M, expression: fields.kind > 3}
  - {key: any, message: M, expression: fields.kind.matches(fields.loop)}
  - {key: who, message: M, expression: owner == "me" && now() > 3}
"#,
    );
    insta::assert_snapshot!(listed(&content));
}

#[test]
fn an_expression_that_fits_has_no_finding() {
    for expression in [
        "fields.number > 1 && fields.price.amount >= 10 && fields.price.currency in ['EUR', 'USD']",
        r#"fields["text"].startsWith("a") || size(fields.text) > 3"#,
        "has(fields.flag) && fields.flag",
        "'day' in fields && fields.day < timestamp('2027-01-01T00:00:00Z') + duration('24h')",
        "fields.some.all(one, one in ['a', 'b']) && 'a' in fields.some",
        "fields.some.filter(one, one != 'a').exists(one, one == 'b')",
        "fields.day.getFullYear() == 2026 ? fields.flag : !fields.flag",
        "(priority == 'URGENT' || attempt >= 3 || first_time_pair) && !confidential",
        "fields.text.matches('^[A-Z]{2}-[0-9]+$')",
    ] {
        assert_eq!(of_rule(expression), [], "{expression}");
    }
}

#[test]
fn an_expression_that_does_not_fit_is_refused() {
    use FindingCode::{CelSyntax, CelType, TooCostly, TooLarge, UnboundedRegex, UnknownField, UnknownName};
    for (expression, code) in [
        ("", CelSyntax),
        ("fields.text ==", CelSyntax),
        ("fields.nowhere == 1", UnknownField),
        ("has(fields.nowhere)", UnknownField),
        ("size(fields) > 1", UnknownName),
        ("fields.exists(key, key == 'text')", TooCostly),
        ("somebody == 1", UnknownName),
        ("[1].all(fields, fields.text == 'a')", UnknownName),
        ("fields.text.lower() == 'a'", UnknownName),
        ("fields.text.size(1) == 1", UnknownName),
        ("T{a: 1} == T{a: 2}", UnknownName),
        ("fields.text", CelType),
        ("fields.text > 1", CelType),
        ("fields.price > 1", CelType),
        ("fields.price.amout > 1", CelType),
        ("fields.text.exists(c, c == 'a')", TooCostly),
        ("fields.price.all(key, true)", TooCostly),
        ("fields.text.matches(fields.text)", UnboundedRegex),
        (r"fields.text.matches('\\w{900}')", UnboundedRegex),
        ("fields.some.all(a, fields.some.all(b, fields.some.all(c, a == b || b == c)))", TooCostly),
        ("[1, 2, 3].all(a, fields.text.matches('a'))", TooCostly),
    ] {
        assert!(of_rule(expression).contains(&code), "{expression}: {:?}", of_rule(expression));
    }
    assert_eq!(of_rule(&format!("{}true", "false || ".repeat(200))), [TooLarge]);
}

#[test]
fn hostile_nesting_is_refused_and_overflows_nothing() {
    for part in [
        "(",
        "[",
        "{1:",
        "!",
        "-",
        "1+",
        "fields.",
        "fields[",
        "f(",
        "true?",
        "true?true:",
        "1<",
        "'",
        "\"",
        "[1].all(x,",
    ] {
        let expression = part.repeat(1_000 / part.len());
        assert_ne!(of_rule(&expression), [], "{part}");
        of_rule(&format!("{expression}1"));
    }
    let closed = format!("{}true{}", "(".repeat(480), ")".repeat(480));
    assert_ne!(of_rule(&closed), []);
}

#[test]
fn all_expressions_together_are_bounded() {
    let rule = |n| format!("  - {{key: r{n}, message: M, expression: fields.text.matches('a')}}");
    let rules = (0..60).map(rule).collect::<Vec<_>>().join(
        "
",
    );
    let content = content(&format!("fields:\n  - {{key: text, label: T, type: TEXT}}\nrules:\n{rules}"));
    assert_eq!(listed(&content).lines().count(), 1);
    assert_eq!(content.findings()[0].code, FindingCode::TooCostly);
}

#[test]
fn a_content_over_its_size_is_refused_before_it_is_looked_at() {
    let mut content = content("items: [{key: a, text: A}]");
    content.items = vec![content.items[0].clone(); 501];
    assert_eq!(content.findings().len(), 1);
    assert_eq!(content.findings()[0].code, FindingCode::TooLarge);
}

#[test]
fn a_key_keeps_its_meaning_across_versions() {
    let before =
        content("fields: [{key: a, label: A, type: TEXT}, {key: b, label: B, type: TEXT}]\nitems: [{key: i, text: I}]");
    let after = content(
        "fields: [{key: a, label: New words, type: TEXT, required: true}, {key: b, label: B, type: DATE}]
items: [{key: i, text: I, side: DOWNSTREAM}, {key: n, text: N}]",
    );
    let found: Vec<_> =
        after.findings_against(&before).into_iter().map(|f| format!("{} {}", f.path, f.message)).collect();
    insta::assert_debug_snapshot!(found, @r#"
    [
        "fields[1].key `b` was a field that takes TEXT and is now a field that takes DATE; give what is new a new key",
        "items[0].key `i` was an item of upstream and is now an item of downstream; give what is new a new key",
    ]
    "#);
    assert_eq!(before.findings_against(&before), []);
}

#[test]
fn a_mistake_in_yaml_is_told_with_its_place() {
    let error = |yaml: &str| TemplateDocument::from_yaml(yaml).unwrap_err();
    let unknown =
        error("id: t\ndisplay_name: T\nfields:\n  - key: a\n    label: A\n    type: TEXT\n    requird: true\n");
    assert_eq!((unknown.line, unknown.message.contains("requird")), (7, true), "{unknown}");
    assert_eq!(error("id: T\ndisplay_name: T\n").line, 1);
    assert_eq!(error("id: t\ndisplay_name: [\n").line, 2);
    let bomb = format!("id: t\ndisplay_name: T\nfields: {}", "[".repeat(5_000));
    assert!(TemplateDocument::from_yaml(&bomb).is_err());
}
