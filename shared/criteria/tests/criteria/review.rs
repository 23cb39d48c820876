//! When a review must be held.

use criteria::{Attachment, Circumstances, FindingCode, Money, Record, ReviewRule, Submission, Value};

fn submission(fields: &[(&str, Value)]) -> Submission {
    let fields = fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    Submission { fields, ..Submission::default() }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Whether it requires a review, and why, of a second attempt of high priority.
fn decide(rule: &str, fields: &[(&str, Value)]) -> (bool, String) {
    let circumstances = Circumstances { priority: "HIGH", attempt: 2, ..Circumstances::default() };
    let decision = ReviewRule::compile(rule).unwrap().decide(&submission(fields), &circumstances);
    (decision.required, decision.why)
}

fn refused(rule: &str) -> FindingCode {
    ReviewRule::compile(rule).map(|_| rule).unwrap_err().code
}

#[test]
fn the_default_rule_asks_for_a_review_from_the_third_attempt_on() {
    let rule = ReviewRule::default();
    assert_eq!(rule.text(), "attempt >= 3");
    assert_eq!(ReviewRule::compile(rule.text()), Ok(rule.clone()));
    for (attempt, required, why) in [
        (1, false, "attempt >= 3 does not hold"),
        (2, false, "attempt >= 3 does not hold"),
        (3, true, "attempt >= 3 holds"),
    ] {
        let circumstances = Circumstances { attempt, ..Circumstances::default() };
        let decision = rule.decide(&Submission::default(), &circumstances);
        assert_eq!((decision.required, decision.why.as_str()), (required, why));
    }
}

#[test]
fn a_rule_sees_priority_attempt_the_pair_and_any_field() {
    let value = Value::Money(Money { amount: 5_000.into(), currency: "EUR".to_owned() });
    let parts = Value::Choices(vec!["a".to_owned(), "b".to_owned()]);
    let fields = [("value", value), ("parts", parts), ("note", text("ok"))];
    for (rule, required) in [
        ("priority == 'HIGH'", true),
        ("priority in ['URGENT']", false),
        ("attempt == 2 && !first_time_pair", true),
        ("fields.value.amount >= 1000 && fields.value.currency == 'EUR'", true),
        ("fields.parts.exists(part, part == 'b')", true),
        ("size(fields.parts) > 2", false),
        ("has(fields.nothing) && fields.nothing == 1", false),
        ("'note' in fields && fields[\"note\"].matches('^no')", false),
    ] {
        let verb = if required { "holds" } else { "does not hold" };
        assert_eq!(decide(rule, &fields), (required, format!("{rule} {verb}")));
    }
}

#[test]
fn a_rule_that_comes_to_no_answer_requires_a_review() {
    let record = Value::Record(Record { system: "crm".into(), r#type: "deal".into(), key: "1".into(), url: None });
    let fields = [
        ("blank", text("  ")),
        ("note", text("x")),
        ("zero", Value::Integer(0)),
        ("record", record),
        ("euro", Value::Money(Money { amount: 1.into(), currency: "euro".to_owned() })),
    ];
    let rules = [
        "fields.value.amount > 1000",
        "fields.a == 1 || fields.b == 2",
        "fields.blank == 'x'",
        "fields.note > 3",
        "fields.note",
        "10 / fields.zero > 1",
        "fields.record.owner == 'x'",
        "fields.record.map(part, part)[0] == 'key'",
        "fields.note.exists(letter, letter == 'x')",
        "fields.euro.amount > 1",
    ];
    let said: Vec<_> = rules
        .iter()
        .map(|rule| {
            let (required, why) = decide(rule, &fields);
            assert!(required, "{rule}");
            format!("{rule}: {}", why.strip_prefix("the rule could not be evaluated: ").unwrap())
        })
        .collect();
    insta::assert_debug_snapshot!(said, @r#"
    [
        "fields.value.amount > 1000: fields.value is not given",
        "fields.a == 1 || fields.b == 2: fields.a and 1 more are not given",
        "fields.blank == 'x': fields.blank is not given",
        "fields.note > 3: found no matching overload for '_>_' applied to '(string, int)'",
        "fields.note: it gives string, not true or false",
        "10 / fields.zero > 1: it divides by zero",
        "fields.record.owner == 'x': No such key: owner",
        "fields.record.map(part, part)[0] == 'key': fields.record is a record in another system, not a list of choices",
        "fields.note.exists(letter, letter == 'x'): fields.note is a text, not a list of choices",
        "fields.euro.amount > 1: fields.euro is malformed",
    ]
    "#);
}

#[test]
fn what_a_missing_field_cannot_change_is_decided_without_it() {
    assert!(!decide("priority == 'LOW' && fields.value > 3", &[]).0);
    assert_eq!(decide("attempt == 2 || fields.value > 3", &[]).1, "attempt == 2 || fields.value > 3 holds");
    assert_eq!(
        decide("attempt == 3 || fields.value > 3", &[]).1,
        "the rule could not be evaluated: fields.value is not given"
    );
}

#[test]
fn a_name_other_than_the_four_is_refused_with_its_place() {
    let error = ReviewRule::compile("attempt >= 3\n || confidential").unwrap_err();
    assert_eq!((error.code, error.line, error.column), (FindingCode::UnknownName, 2, 5));
    assert_eq!(
        error.to_string(),
        "line 2, column 5: there is no `confidential`; there are fields.x, priority, attempt, first_time_pair"
    );
    let error = ReviewRule::compile("attempt >=").unwrap_err();
    assert_eq!((error.code, error.line), (FindingCode::CelSyntax, 1), "{error}");
    for rule in ["team == 'a'", "size(fields) > 1", "now() > 1", "fields", "handoff.attempt > 1", "__result__ == 1"] {
        assert_eq!(refused(rule), FindingCode::UnknownName, "{rule}");
    }
    assert_eq!(refused("fields['Not a key'] == 1"), FindingCode::UnknownField);
    for rule in ["attempt", "priority > 3", "first_time_pair + 1"] {
        assert_eq!(refused(rule), FindingCode::CelType, "{rule}");
    }
    assert_eq!(refused(""), FindingCode::CelSyntax);
}

#[test]
fn a_rule_built_to_run_long_or_deep_is_refused() {
    use FindingCode::{CelSyntax, TooCostly, TooLarge, UnboundedRegex};
    let list = format!("[{}]", vec!["1"; 200].join(","));
    for (rule, code) in [
        (format!("{}true", "true && ".repeat(200)), TooLarge),
        (format!("{}true{}", "!(".repeat(200), ")".repeat(200)), CelSyntax),
        (format!("attempt{} > 1", " + 1".repeat(60)), TooCostly),
        (format!("{list}.all(a, {list}.all(b, a == b))"), TooCostly),
        ("fields.l.all(a, fields.l.all(b, fields.l.all(c, a == b && b == c)))".to_owned(), TooCostly),
        ("fields.l.exists(a, fields.l.map(b, fields.l.map(c, c)) == a)".to_owned(), TooCostly),
        ("fields.l.all(a, a.matches('x'))".to_owned(), TooCostly),
        (format!("fields.t.matches('{}')", "(a{60}){60}"), UnboundedRegex),
        (format!("fields.t.matches('{}')", "a".repeat(600)), UnboundedRegex),
        ("fields.t.matches(fields.u)".to_owned(), UnboundedRegex),
        (format!("[fields.t]{}[0] == 'a'", ".map(x, x + x)".repeat(15)), TooCostly),
        (format!("[fields.t].map(x, {}x{})[0] == 'a'", "(x + ".repeat(17), ")".repeat(17)), TooCostly),
        (format!("[[1]]{} == []", ".map(x, [x, x, x, x])".repeat(12)), TooCostly),
    ] {
        assert_eq!(refused(&rule), code, "{rule}");
    }
}

/// A submission of the greatest size, 256 KiB: fifteen texts and a list, as long as each may be.
fn largest() -> Submission {
    let long = "ab".repeat(8 * 1024);
    let choices = (0..100).map(|n| format!("{n:03}{}", "c".repeat(197))).collect();
    let mut fields: Vec<(String, Value)> =
        ('a'..='m').map(|letter| (letter.to_string(), Value::Text(long.clone()))).collect();
    fields.push(("l".to_owned(), Value::Choices(choices)));
    fields.push((
        "file".to_owned(),
        Value::Attachment(Attachment {
            name: "f".repeat(500),
            url: format!("https://example.com/{}", "p".repeat(2_000)),
            media_type: None,
            size_bytes: Some(1),
            sha256: None,
        }),
    ));
    Submission { fields: fields.into_iter().collect(), ..Submission::default() }
}

/// The dearest that are accepted take some 40 ms without optimisation.
#[test]
fn what_is_accepted_decides_on_the_largest_submission_and_what_would_not_is_refused() {
    let submission = largest();
    let size_bytes = serde_json::to_vec(&submission).unwrap().len();
    assert!((200..=256).contains(&(size_bytes / 1024)), "{size_bytes}");
    let (a, one) = (|n| vec!["fields.a"; n].join(","), |n| vec!["1"; n].join(","));
    for rule in [
        r"fields.a.matches('(?:a?){100}a{100}c') || fields.b.matches('[ab]{200}c')".to_owned(),
        r"fields.a.matches('(.*)(.*)(.*)(.*)c') || fields.b.matches('(\\w+\\s?)*c')".to_owned(),
        "fields.l.all(x, !fields.a.contains(x))".to_owned(),
        format!("fields.l.all(x, [{}].all(y, !y.contains(x)))", a(3)),
        format!("[{}].all(x, [{}].all(y, !x.contains('abababababc')))", a(12), one(20)),
        format!("[{}].all(y, fields.l == fields.l && fields.l == fields.l)", one(200)),
        "[fields.a].map(x, x + x).map(x, x + x).map(x, x + x)[0] == 'a'".to_owned(),
    ] {
        let decision = ReviewRule::compile(&rule).unwrap().decide(&submission, &Circumstances::default());
        assert!(!decision.why.contains("could not"), "{}", decision.why);
    }
    for rule in [
        "fields.l.all(x, fields.l.exists(y, y == x))".to_owned(),
        "fields.l.map(x, fields.l).all(y, y == fields.l)".to_owned(),
        format!("[fields.a]{}[0] == 'a'", ".map(x, x + x)".repeat(5)),
        format!("[[fields.a{}]].all(t, [{}].all(y, !t[0].contains('abc')))", " + fields.a".repeat(12), one(200)),
        format!("[fields.a{}].exists(t, t.matches('[ab]+c'))", " + fields.a".repeat(3)),
        format!("[{}].map(y, fields.a + fields.b).size() > 1", one(80)),
    ] {
        assert_eq!(refused(&rule), FindingCode::TooCostly, "{rule}");
    }
}
