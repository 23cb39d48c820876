//! What becomes of a draft under another version.

use criteria::{Content, Flag, Migration, Submission, Tick, TickState, Value, migrate};
use proptest::prelude::*;

use crate::{
    content,
    laws::{any_content, submission},
};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn tick(state: TickState, evidence: &str) -> Tick {
    let said = |state_of: TickState| (state == state_of && !evidence.is_empty()).then(|| evidence.to_owned());
    Tick { state, evidence: said(TickState::Done), reason: said(TickState::NotApplicable) }
}

fn said(migration: &Migration) -> Vec<String> {
    migration.flagged.iter().map(|Flag { key, problem }| format!("{key}: {problem}")).collect()
}

fn draft() -> Submission {
    let fields = [
        ("same", text("as it was")),
        ("choice", text("B")),
        ("some", Value::Choices(vec!["a".to_owned(), "b".to_owned()])),
        ("code", text("abc")),
        ("never_fitted", text("abc")),
        ("number", text("12")),
        ("gone", text("bye")),
        ("blank", text(" ")),
    ];
    let items = [
        ("told", tick(TickState::Done, "")),
        ("noted", tick(TickState::NotApplicable, "too small")),
        ("moved", tick(TickState::Done, "")),
        ("moved_open", tick(TickState::Open, "")),
        ("shown", tick(TickState::Done, "a sentence")),
        ("dropped", tick(TickState::Done, "")),
    ];
    Submission {
        fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        items: items.into_iter().map(|(key, tick)| (key.to_owned(), tick)).collect(),
    }
}

const OLD: &str = "
fields:
  - {key: same, label: Same, type: TEXT}
  - {key: choice, label: Choice, type: CHOICE, constraints: {choices: [A, B]}}
  - {key: some, label: Some, type: MULTI_CHOICE, constraints: {choices: [a, b]}}
  - {key: code, label: Code, type: TEXT}
  - {key: never_fitted, label: Never, type: TEXT, constraints: {pattern: '[0-9]+'}}
  - {key: number, label: Number, type: TEXT}
  - {key: gone, label: Gone, type: TEXT}
  - {key: blank, label: Blank, type: TEXT}
items:
  - {key: told, text: Told}
  - {key: noted, text: Noted, may_be_na: true}
  - {key: moved, text: Moved}
  - {key: moved_open, text: Moved}
  - {key: shown, text: Shown, evidence: TEXT}
  - {key: dropped, text: Dropped}
";

const NEW: &str = "
fields:
  - {key: same, label: In other words, type: TEXT, required: true}
  - {key: choice, label: Choice, type: CHOICE, constraints: {choices: [A, C]}}
  - {key: some, label: Some, type: MULTI_CHOICE, constraints: {choices: [a], max_length: 1}}
  - {key: code, label: Code, type: TEXT, constraints: {pattern: '[A-Z]+'}}
  - {key: never_fitted, label: Never, type: TEXT, constraints: {pattern: '[0-9]*'}}
  - {key: number, label: Number, type: INTEGER}
  - {key: blank, label: Blank, type: INTEGER}
items:
  - {key: told, text: Told, severity: WARNING}
  - {key: noted, text: Noted}
  - {key: moved, text: Moved, side: DOWNSTREAM}
  - {key: moved_open, text: Moved, side: DOWNSTREAM}
  - {key: shown, text: Shown, evidence: LINK}
";

#[test]
fn equal_keys_keep_answers_narrowed_ones_are_flagged_and_removed_ones_archived() {
    let migration = migrate(&content(OLD), &content(NEW), &draft());
    assert_eq!(migration.kept, ["never_fitted", "same", "told"]);
    let archived = |keys: Vec<&String>| keys.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(archived(migration.archived.fields.keys().collect()), "blank gone number");
    assert_eq!(archived(migration.archived.items.keys().collect()), "dropped moved moved_open");
    insta::assert_debug_snapshot!(said(&migration), @r#"
    [
        "choice: Choice: not one of the choices; choose one of: A, C (`choice`)",
        "code: Code: not in the expected form; give a text of the form [A-Z]+ (`code`)",
        "number: `number` expects a whole number, not a text: what was given is archived; give it anew",
        "some: Some: longer than 1 choices; give at most 1 choices (`some`)",
        "moved: Moved: it is now downstream's to tick; the tick is archived, let downstream tick it",
        "noted: Noted: it applies to every handoff; do it, then tick it (`noted`)",
        "shown: Shown: its evidence is not an address; give an address that begins with https:// or http:// (`shown`)",
    ]
    "#);
}

#[test]
fn an_empty_version_takes_any_answer_and_no_tick() {
    let migration = migrate(&content(OLD), &Content::default(), &draft());
    assert_eq!(migration.submission.fields, draft().fields);
    assert_eq!(migration.archived.items, draft().items);
    assert_eq!(migration.flagged, []);
}

#[test]
fn free_answers_are_judged_when_a_template_begins_to_ask_for_them() {
    let migration = migrate(&Content::default(), &content(NEW), &draft());
    assert_eq!(said(&migration).len(), 7, "{:#?}", said(&migration));
    assert!(migration.flagged.iter().any(|flag| flag.key == "never_fitted"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_what_goes_on_is_admitted(from in any_content(), to in any_content(), before in submission()) {
        let Migration { submission: goes_on, kept, flagged, archived } = migrate(&from, &to, &before);
        for (key, answer) in &before.fields {
            let found = [goes_on.fields.get(key), archived.fields.get(key)].into_iter().flatten().collect::<Vec<_>>();
            prop_assert_eq!(found, [answer], "{} is in exactly one", key);
        }
        for (key, tick) in &before.items {
            let found = [goes_on.items.get(key), archived.items.get(key)].into_iter().flatten().collect::<Vec<_>>();
            prop_assert_eq!(found, [tick], "{} is in exactly one", key);
        }
        let count = |submission: &Submission| submission.fields.len() + submission.items.len();
        prop_assert_eq!(count(&goes_on) + count(&archived), count(&before), "nothing is made up");
        for (key, answer) in &goes_on.fields {
            prop_assert!(to.admit(key, answer).is_ok());
        }
        for key in goes_on.items.keys() {
            let side = from.item(key).map(|item| item.side);
            prop_assert!(to.item(key).is_some_and(|item| side.is_none_or(|side| side == item.side)));
        }
        let goes_on_flagged = flagged.iter().filter(|flag| {
            goes_on.fields.contains_key(&flag.key) || goes_on.items.contains_key(&flag.key)
        });
        prop_assert_eq!(kept.len() + goes_on_flagged.count(), count(&goes_on), "what goes on is kept or flagged");
        prop_assert!(flagged.iter().all(|flag| !kept.contains(&flag.key) && !flag.problem.is_empty()));
    }

    #[test]
    fn to_an_equal_content_nothing_changes(content in any_content(), before in submission()) {
        // What the content has no place for could not have been written under it.
        let before = migrate(&content, &content, &before).submission;
        let migration = migrate(&content, &content, &before);
        prop_assert_eq!(migration.kept.len(), before.fields.len() + before.items.len());
        prop_assert_eq!(&migration.submission, &before);
        prop_assert_eq!(migration.flagged, vec![]);
        prop_assert_eq!(migration.archived, Submission::default());
    }
}
