//! What publishing refuses: everything that is wrong with a content, at once.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    LEVEL,
    content::{Constraints, Content, Field, FieldType, is_key},
    criteria::{self, Trial},
    limits,
};

/// One thing that is wrong with a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Where, as `fields[2].required_if`; empty for the content as a whole.
    pub path: String,
    /// What kind of thing it is.
    pub code: FindingCode,
    /// What is wrong and how to put it right.
    pub message: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FindingCode {
    /// A key that is not `[a-z][a-z0-9_]{0,62}`.
    BadKey,
    /// A key that occurs twice, among fields, items and rules together.
    DuplicateKey,
    /// A key that meant something else in the version before.
    ChangedMeaning,
    /// A label, text or message that says nothing.
    EmptyText,
    /// Over a bound.
    TooLarge,
    /// A choice without choices, or with a blank one.
    EmptyChoice,
    /// A constraint that does not fit its field, or that nothing can meet.
    BadConstraint,
    /// A regular expression that cannot be read.
    BadRegex,
    /// A regular expression whose work is not bounded.
    UnboundedRegex,
    /// An expression that cannot be read.
    CelSyntax,
    /// An expression whose types do not fit, or that is not true or false.
    CelType,
    /// An expression that names a field that does not exist.
    UnknownField,
    /// An expression that uses anything else that does not exist.
    UnknownName,
    /// A condition that depends on itself.
    SelfDependency,
    /// An expression that could take too long.
    TooCostly,
    /// A content that needs a newer library.
    EvaluatorTooOld,
}

impl fmt::Display for FindingCode {
    /// The code as it is serialised: `DUPLICATE_KEY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl Content {
    /// All that is wrong with it; empty for a content that may be published. Total, for whatever was written.
    pub fn findings(&self) -> Vec<Finding> {
        if self.criteria_level > LEVEL {
            let message = format!("needs criteria level {}, this service judges up to {LEVEL}", self.criteria_level);
            return vec![Finding { path: "criteria_level".to_owned(), code: FindingCode::EvaluatorTooOld, message }];
        }
        let mut findings = Findings::default();
        self.check_size(&mut findings);
        if !findings.0.is_empty() {
            return findings.0;
        }
        self.check_keys(&mut findings);
        for (index, field) in self.fields.iter().enumerate() {
            check_field(index, field, &mut findings);
        }
        for (index, item) in self.items.iter().enumerate() {
            findings.text(&format!("items[{index}].text"), &item.text);
        }
        for (index, rule) in self.rules.iter().enumerate() {
            findings.text(&format!("rules[{index}].message"), &rule.message);
        }
        findings.0.extend(criteria::compile(self, Trial::With).err().unwrap_or_default());
        findings.0
    }

    /// Keys that meant something else in the version published before: a metric that follows a criterion by its key
    /// across versions would compare different things.
    pub fn findings_against(&self, previous: &Self) -> Vec<Finding> {
        let before: BTreeMap<&str, String> = previous.meanings().map(|(key, _, meaning)| (key, meaning)).collect();
        self.meanings()
            .filter_map(|(key, path, meaning)| {
                let was = before.get(key).filter(|was| **was != meaning)?;
                let message = format!("`{key}` was {was} and is now {meaning}; give what is new a new key");
                Some(Finding { path, code: FindingCode::ChangedMeaning, message })
            })
            .collect()
    }

    /// Every key with its path and what it stands for.
    fn meanings(&self) -> impl Iterator<Item = (&str, String, String)> {
        let fields = self.fields.iter().enumerate().map(|(index, field)| {
            (
                field.key.as_str(),
                format!("fields[{index}].key"),
                format!("a field that takes {}", type_name(field.r#type)),
            )
        });
        let items = self.items.iter().enumerate().map(|(index, item)| {
            let side = if item.side == crate::Side::Upstream { "upstream" } else { "downstream" };
            (item.key.as_str(), format!("items[{index}].key"), format!("an item of {side}"))
        });
        let rules = self
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (rule.key.as_str(), format!("rules[{index}].key"), "a rule".to_owned()));
        fields.chain(items).chain(rules)
    }

    fn check_size(&self, findings: &mut Findings) {
        for (path, entries) in [("fields", self.fields.len()), ("items", self.items.len()), ("rules", self.rules.len())]
        {
            if entries > limits::ENTRIES_MAX {
                let message = format!("{entries} entries, at most {} are allowed", limits::ENTRIES_MAX);
                findings.add(path, FindingCode::TooLarge, message);
            }
        }
        let size_bytes = serde_json::to_vec(self).map_or(usize::MAX, |json| json.len());
        if size_bytes > limits::CONTENT_MAX_BYTES {
            let message = format!("{size_bytes} bytes as JSON, at most {} are allowed", limits::CONTENT_MAX_BYTES);
            findings.add("", FindingCode::TooLarge, message);
        }
    }

    fn check_keys(&self, findings: &mut Findings) {
        let mut first: BTreeMap<&str, String> = BTreeMap::new();
        for (key, path, _) in self.meanings() {
            if !is_key(key) {
                let message = "use 1 to 63 of a-z, 0-9 and '_', beginning with a letter";
                findings.add(&path, FindingCode::BadKey, message);
            }
            if let Some(other) = first.get(key) {
                findings.add(&path, FindingCode::DuplicateKey, format!("the same as {other}; give each its own key"));
            } else {
                first.insert(key, path);
            }
        }
    }
}

fn type_name(r#type: FieldType) -> String {
    serde_json::to_value(r#type).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn check_field(index: usize, field: &Field, findings: &mut Findings) {
    let at = |part: &str| format!("fields[{index}].{part}");
    findings.text(&at("label"), &field.label);
    findings.bounded(&at("label"), field.label.chars().count(), limits::LABEL_MAX_CHARS, "characters");
    findings.bounded(&at("help"), field.help.len(), limits::TEXT_MAX_BYTES, "bytes");
    let Constraints { min, max, min_length, max_length, pattern, choices } = &field.constraints;
    let mut fits = |part: &str, is_given: bool, fits: bool, types: &str| {
        if is_given && !fits {
            let message = format!("does not fit {}; it is for {types}", type_name(field.r#type));
            findings.add(&at(part), FindingCode::BadConstraint, message);
        }
    };
    let has_length = field.r#type.is_text() || field.r#type == FieldType::MultiChoice;
    let takes_pattern = field.r#type.is_text() && !field.r#type.is_choice();
    fits("constraints.min", min.is_some(), field.r#type.is_number(), "INTEGER, DECIMAL and MONEY");
    fits("constraints.max", max.is_some(), field.r#type.is_number(), "INTEGER, DECIMAL and MONEY");
    fits("constraints.min_length", min_length.is_some(), has_length, "texts and MULTI_CHOICE");
    fits("constraints.max_length", max_length.is_some(), has_length, "texts and MULTI_CHOICE");
    fits("constraints.pattern", pattern.is_some(), takes_pattern, "texts");
    fits("constraints.choices", !choices.is_empty(), field.r#type.is_choice(), "CHOICE and MULTI_CHOICE");
    if min.zip(*max).is_some_and(|(min, max)| min > max) {
        findings.add(&at("constraints.min"), FindingCode::BadConstraint, "greater than `max`: nothing can meet both");
    }
    if min_length.zip(*max_length).is_some_and(|(min, max)| min > max) {
        let message = "greater than `max_length`: nothing can meet both";
        findings.add(&at("constraints.min_length"), FindingCode::BadConstraint, message);
    }
    if field.r#type.is_choice() {
        check_choices(&at("constraints.choices"), choices, findings);
    }
}

fn check_choices(path: &str, choices: &[String], findings: &mut Findings) {
    if choices.is_empty() {
        findings.add(path, FindingCode::EmptyChoice, "there is nothing to choose from; list the choices");
    }
    findings.bounded(path, choices.len(), limits::CHOICES_MAX, "choices");
    for (index, choice) in choices.iter().enumerate() {
        let path = format!("{path}[{index}]");
        if choice.trim().is_empty() {
            findings.add(&path, FindingCode::EmptyChoice, "a blank choice; give it a text or remove it");
        } else if choices[..index].contains(choice) {
            findings.add(&path, FindingCode::BadConstraint, "listed before; remove it");
        }
        findings.bounded(&path, choice.chars().count(), limits::CHOICE_MAX_CHARS, "characters");
    }
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, path: &str, code: FindingCode, message: impl Into<String>) {
        self.0.push(Finding { path: path.to_owned(), code, message: message.into() });
    }

    fn bounded(&mut self, path: &str, length: usize, max: usize, unit: &str) {
        if length > max {
            self.add(path, FindingCode::TooLarge, format!("{length} {unit}, at most {max} are allowed"));
        }
    }

    fn text(&mut self, path: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(path, FindingCode::EmptyText, "it is blank; say it in words");
        }
        self.bounded(path, text.len(), limits::TEXT_MAX_BYTES, "bytes");
    }
}
