//! What a judgement says, criterion by criterion.

use std::collections::BTreeSet;

use criteria::{
    Attachment, Circumstances, Content, Criteria, Evaluation, MisfitCode, Money, Outcome, Side, Submission, Tick,
    TickState, Value,
};

use crate::content;

const PROJECT: &str = r#"
fields:
  - {key: contract, label: Signed contract, type: ATTACHMENT, required: true, help: The countersigned PDF.}
  - {key: kind, label: Kind, type: CHOICE, required: true, constraints: {choices: [Internal, External]}}
  - {key: customer, label: Customer, type: TEXT, visible_if: 'fields.kind == "External"', required: true}
  - {key: country, label: Country, type: TEXT, visible_if: 'fields.customer != "none"', constraints: {pattern: "[A-Z]{2}"}}
  - {key: value, label: Value, type: MONEY, required_if: 'fields.kind == "External"', constraints: {min: 0, max: 100000.50}}
  - {key: discount, label: Discount, type: DECIMAL, severity: WARNING, constraints: {max: 100}}
  - {key: discount_reason, label: Reason for the discount, type: TEXT, required_if: fields.discount > 10}
  - {key: parts, label: Parts, type: MULTI_CHOICE, constraints: {choices: [a, b, c], max_length: 2}}
  - {key: ratio, label: Ratio, type: INTEGER}
  - {key: mail, label: Mail, type: EMAIL}
items:
  - {key: told, text: The customer was told}
  - {key: measured, text: It was measured, evidence: LINK}
  - {key: legal, text: Legal agreed, may_be_na: true}
  - {key: noted, text: It is noted, severity: WARNING}
  - {key: abroad, text: Export was cleared, visible_if: 'fields.country != "DE"'}
  - {key: planned, text: The plan is agreed, side: DOWNSTREAM, evidence: TEXT}
  - {key: thanked, text: Sales was thanked, side: DOWNSTREAM, severity: INFO}
rules:
  - {key: big_is_eur, message: Large contracts are in EUR, expression: 'fields.value.amount < 1000 || fields.value.currency == "EUR"'}
  - {key: discount_is_small, message: The discount is too large, expression: fields.discount <= 20, severity: WARNING}
  - {key: ratio_fits, message: The ratio does not fit, expression: 10 / fields.ratio > 1}
  - {key: named_or_internal, message: Name the customer, expression: 'fields.kind == "Internal" || has(fields.customer)'}
  - {key: third_time, message: The third attempt needs a call, expression: attempt < 3}
"#;

fn tick(state: TickState, evidence: Option<&str>, reason: Option<&str>) -> Tick {
    Tick { state, evidence: evidence.map(str::to_owned), reason: reason.map(str::to_owned) }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn money(amount: &str, currency: &str) -> Value {
    Value::Money(Money { amount: amount.parse().unwrap(), currency: currency.to_owned() })
}

fn contract() -> Value {
    let url = "https://files.example.com/c.pdf".to_owned();
    Value::Attachment(Attachment { name: "c.pdf".to_owned(), url, media_type: None, size_bytes: None, sha256: None })
}

fn submission(fields: &[(&str, Value)], items: &[(&str, Tick)]) -> Submission {
    Submission {
        fields: fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        items: items.iter().map(|(key, tick)| ((*key).to_owned(), tick.clone())).collect(),
    }
}

fn judge(content: &Content, submission: &Submission) -> Evaluation {
    Criteria::compile(content).unwrap().evaluate(submission, &Circumstances::default(), &BTreeSet::new())
}

fn outcome(evaluation: &Evaluation, key: &str) -> Outcome {
    evaluation.results.iter().find(|result| result.key == key).unwrap().outcome
}

fn table(evaluation: &Evaluation) -> String {
    let line = |result: &criteria::CriterionResult| {
        let fix = if result.fix.is_empty() { String::new() } else { format!(" -> {}", result.fix) };
        let line = format!(
            "{:<18} {:<5} {:<9} {:<14} {}{fix}",
            result.key,
            format!("{:?}", result.kind),
            format!("{:?}", result.severity),
            format!("{:?}", result.outcome),
            result.problem,
        );
        format!("{}\n", line.trim_end())
    };
    evaluation.results.iter().map(line).collect()
}

#[test]
fn a_rich_template_is_judged_criterion_by_criterion() {
    let content = content(PROJECT);
    assert_eq!(content.findings(), []);
    let empty = judge(&content, &Submission::default());
    let wrong = submission(
        &[
            ("contract", text("not a file")),
            ("kind", text("External")),
            ("customer", text("Acme")),
            ("country", text("Germany")),
            ("value", money("2000.00", "USD")),
            ("discount", Value::Decimal("30".parse().unwrap())),
            ("parts", Value::Choices(vec!["a".to_owned(), "a".to_owned()])),
            ("ratio", Value::Integer(0)),
            ("mail", text("nobody")),
        ],
        &[
            ("told", tick(TickState::NotApplicable, None, Some("we forgot"))),
            ("measured", tick(TickState::Done, Some("it is fine"), None)),
            ("legal", tick(TickState::NotApplicable, None, None)),
            ("noted", tick(TickState::NotApplicable, None, Some("nothing to note"))),
        ],
    );
    let right = submission(
        &[
            ("contract", contract()),
            ("kind", text("External")),
            ("customer", text("Acme")),
            ("country", text("DE")),
            ("value", money("2000.00", "EUR")),
            ("ratio", Value::Integer(2)),
        ],
        &[
            ("told", tick(TickState::Done, None, None)),
            ("measured", tick(TickState::Done, Some("https://example.com/m"), None)),
            ("legal", tick(TickState::NotApplicable, None, Some("framework contract"))),
            ("noted", tick(TickState::Done, None, None)),
        ],
    );
    assert!(judge(&content, &right).is_ready());
    insta::assert_snapshot!(format!(
        "EMPTY\n{}\nWRONG\n{}\nRIGHT\n{}",
        table(&empty),
        table(&judge(&content, &wrong)),
        table(&judge(&content, &right)),
    ));
}

#[test]
fn a_hidden_field_is_kept_not_judged_and_seen_by_no_expression() {
    let content = content(PROJECT);
    let hidden =
        submission(&[("kind", text("Internal")), ("customer", Value::Integer(3)), ("country", text("??"))], &[]);
    let evaluation = judge(&content, &hidden);
    for key in ["customer", "country", "abroad"] {
        assert_eq!(outcome(&evaluation, key), Outcome::NotApplicable, "{key}");
    }
    assert_eq!(outcome(&evaluation, "named_or_internal"), Outcome::Met);
}

#[test]
fn a_condition_that_fails_opens_nothing() {
    let content = content(
        "fields:
  - {key: n, label: N, type: INTEGER}
  - {key: shown, label: Shown, type: TEXT, required: true, visible_if: 1 / fields.n > 5}
  - {key: asked, label: Asked, type: TEXT, required_if: 1 / fields.n > 5}",
    );
    let zero = judge(&content, &submission(&[("n", Value::Integer(0))], &[]));
    assert_eq!(outcome(&zero, "shown"), Outcome::Unmet);
    assert_eq!(outcome(&zero, "asked"), Outcome::Unmet);
    assert!(zero.results[2].problem.contains("`required_if` failed"), "{}", zero.results[2].problem);
    let unfit = judge(&content, &submission(&[("n", text("zero"))], &[]));
    assert_eq!(unfit.unmet().count(), 3);
    let absent = judge(&content, &Submission::default());
    assert!(absent.results.iter().all(|result| result.outcome == Outcome::NotApplicable));
}

#[test]
fn a_waiver_covers_what_is_unmet_and_nothing_else() {
    let criteria = Criteria::compile(&content(PROJECT)).unwrap();
    let waived = BTreeSet::from(["contract".to_owned(), "third_time".to_owned(), "nothing".to_owned()]);
    let evaluation = criteria.evaluate(&Submission::default(), &Circumstances::default(), &waived);
    assert_eq!(outcome(&evaluation, "contract"), Outcome::Waived);
    assert_eq!(outcome(&evaluation, "third_time"), Outcome::Met);
    assert!(evaluation.blocking_unmet().all(|result| result.key != "contract"));
}

#[test]
fn completion_looks_at_the_items_of_downstream() {
    let criteria = Criteria::compile(&content(PROJECT)).unwrap();
    let of_downstream = |submission: &Submission| {
        let evaluation = criteria.evaluate_items(Side::Downstream, submission, &Circumstances::default());
        evaluation.blocking_unmet().map(|result| result.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_downstream(&Submission::default()), ["planned"]);
    let done = submission(&[], &[("planned", tick(TickState::Done, Some("agreed by mail"), None))]);
    assert_eq!(of_downstream(&done), [""; 0]);
    assert!(criteria.has("told") && criteria.has("contract") && criteria.has("ratio_fits"));
    assert!(!criteria.has("planned") && !criteria.has("nothing"));
}

#[test]
fn writing_admits_drafts_and_refuses_misfits() {
    let content = content(PROJECT);
    let code = |key: &str, value: Value| content.admit(key, &value).map_err(|misfit| misfit.code);
    assert_eq!(code("country", text("not yet a country")), Ok(()));
    assert_eq!(code("nowhere", text("x")), Err(MisfitCode::UnknownField));
    assert_eq!(code("ratio", text("3")), Err(MisfitCode::WrongType));
    assert_eq!(code("country", text(&"x".repeat(16 * 1024 + 1))), Err(MisfitCode::TooLarge));
    assert_eq!(code("value", money("1", "euro")), Err(MisfitCode::Malformed));
    let free = Content::default();
    assert!(free.is_empty());
    assert_eq!(free.admit("anything", &text("x")), Ok(()));
    assert!(free.admit("Not a key", &text("x")).is_err());
    let misfit = content.admit("ratio", &text("3")).unwrap_err();
    assert_eq!(misfit.to_string(), "`ratio` expects a whole number, not a text");
}

#[test]
fn the_empty_content_is_always_ready() {
    let evaluation = judge(&Content::default(), &submission(&[("anything", text("x"))], &[]));
    assert!(evaluation.is_ready() && evaluation.results.is_empty());
}

#[test]
fn judging_what_may_be_published_takes_little_stack() {
    let nested = format!("{}true{}", "[true].all(a, a && ".repeat(4), ")".repeat(4));
    let chained = format!("1{} < 2", " - 1".repeat(17));
    let wrapped = format!("{}attempt == 1{}", "!(!(".repeat(4), "))".repeat(4));
    let content = content(&format!(
        "rules:
  - {{key: nested, message: M, expression: '{nested}'}}
  - {{key: chained, message: M, expression: '{chained}'}}
  - {{key: wrapped, message: M, expression: '{wrapped}'}}"
    ));
    assert_eq!(content.findings(), []);
    // Half of what a worker thread has, in a build without optimisation.
    let small = std::thread::Builder::new().stack_size(1024 * 1024);
    let judged = small.spawn(move || judge(&content, &Submission::default())).unwrap().join().unwrap();
    assert!(judged.results.iter().all(|result| result.outcome == Outcome::Met), "{}", table(&judged));
}

#[test]
fn criteria_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Criteria>();
}
