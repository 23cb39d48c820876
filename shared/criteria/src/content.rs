//! The content of a template version: what is asked, in the form in which it is written, stored and pinned.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{LEVEL, decimal, hash::ContentHash, limits};

/// What a template version asks for. The default is the empty content: no criteria, any field is admitted.
///
/// As JSON and YAML what is absent, false or empty is left out, so an older content keeps its hash when a later level
/// adds a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The level of this library that the content needs.
    #[serde(default = "current_level")]
    pub criteria_level: u32,
    /// What upstream fills in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The checklist of both sides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Quality standards over the fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// A typed question to upstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Stable across versions; see [`is_key`].
    pub key: String,
    /// The question in a few words.
    pub label: String,
    /// How to answer it well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// What kind of answer it takes.
    pub r#type: FieldType,
    /// Whether it must always be given where it is visible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// CEL: when it must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_if: Option<String>,
    /// CEL: when it is shown; always, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_if: Option<String>,
    /// How much a missing or wrong answer matters.
    #[serde(default)]
    pub severity: Severity,
    /// Bounds of the answer beyond its type.
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
}

/// Bounds of an answer; each fits some types only, which publishing checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// The least number (`INTEGER`, `DECIMAL`, amount of `MONEY`), inclusive.
    #[serde(default, with = "decimal::optional", skip_serializing_if = "Option::is_none")]
    pub min: Option<Decimal>,
    /// The greatest number, inclusive.
    #[serde(default, with = "decimal::optional", skip_serializing_if = "Option::is_none")]
    pub max: Option<Decimal>,
    /// The least length: characters of a text, entries of a `MULTI_CHOICE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The greatest length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// A regular expression that the whole text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What may be chosen (`CHOICE`, `MULTI_CHOICE`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Stable across versions; see [`is_key`].
    pub key: String,
    /// What is to be done or checked.
    pub text: String,
    /// What it is about.
    #[serde(default)]
    pub category: Category,
    /// Who ticks it: upstream's items gate the submission, downstream's the completion.
    #[serde(default)]
    pub side: Side,
    /// How much it matters that it is open.
    #[serde(default)]
    pub severity: Severity,
    /// What must come with the tick.
    #[serde(default)]
    pub evidence: Evidence,
    /// Whether "does not apply", with a reason, counts although the item is blocking.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_na: bool,
    /// CEL: when it is asked; always, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_if: Option<String>,
}

/// A quality standard: an expression that must be true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable across versions; see [`is_key`].
    pub key: String,
    /// What is wrong when the expression is false, said to whoever must put it right.
    pub message: String,
    /// CEL over the fields and the handoff; true means met.
    pub expression: String,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
}

/// How much an unmet criterion matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// The submission is refused.
    #[default]
    Blocking,
    /// Both sides see it; it stops nothing.
    Warning,
    /// Worth knowing.
    Info,
}

/// The two sides of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Side {
    /// Who hands over.
    #[default]
    Upstream,
    /// Who takes over.
    Downstream,
}

/// What an item is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// A thing that is handed over.
    #[default]
    Deliverable,
    /// Something the other side must know.
    Information,
    /// A check of what is handed over.
    Quality,
    /// A text that stays.
    Documentation,
}

/// What must come with an item's tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Evidence {
    /// Nothing.
    #[default]
    None,
    /// A sentence.
    Text,
    /// An http(s) address.
    Link,
    /// The http(s) address of an attachment of the handoff.
    Attachment,
}

/// The kind of answer that a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FieldType {
    /// A short text.
    Text,
    /// A text of several paragraphs.
    LongText,
    /// A whole number.
    Integer,
    /// An exact decimal number.
    Decimal,
    /// An exact amount in a currency.
    Money,
    /// Yes or no.
    Bool,
    /// A calendar day.
    Date,
    /// An instant.
    Timestamp,
    /// One of the choices.
    Choice,
    /// Some of the choices, each at most once.
    MultiChoice,
    /// An http(s) address.
    Url,
    /// An e-mail address (its form; whether it is read only a mail can tell).
    Email,
    /// A person, by name or principal.
    Person,
    /// A record in another system.
    ExternalRecord,
    /// A reference to a file.
    Attachment,
}

/// Why a stored content cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// It was written for a newer library.
    #[error("the content needs criteria level {needed}, this service judges up to {LEVEL}: upgrade it")]
    EvaluatorTooOld {
        /// The level that the content needs.
        needed: u32,
    },
    /// It is no content.
    #[error("not a template content: {0}")]
    Malformed(serde_json::Error),
}

/// Whether a text can be a key: `[a-z][a-z0-9_]{0,62}`.
pub fn is_key(text: &str) -> bool {
    (1..=limits::KEY_MAX_CHARS).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

const fn current_level() -> u32 {
    LEVEL
}

impl Content {
    /// Reads the stored form. The level is looked at first, so a content of a newer level is told from a broken one.
    pub fn from_json(json: serde_json::Value) -> Result<Self, ContentError> {
        let needed = json.get("criteria_level").and_then(serde_json::Value::as_u64);
        match needed.map(|level| u32::try_from(level).unwrap_or(u32::MAX)) {
            Some(needed) if needed > LEVEL => Err(ContentError::EvaluatorTooOld { needed }),
            _ => serde_json::from_value(json).map_err(ContentError::Malformed),
        }
    }

    /// Whether it asks for nothing: then there are no criteria, and any field within bounds is admitted.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.items.is_empty() && self.rules.is_empty()
    }

    /// The keys of its criteria: every field, every item of upstream, every rule, in this order.
    pub fn criterion_keys(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().map(|field| field.key.as_str());
        let items = self.items.iter().filter(|item| item.side == Side::Upstream).map(|item| item.key.as_str());
        fields.chain(items).chain(self.rules.iter().map(|rule| rule.key.as_str()))
    }

    /// What identifies the content, whatever the order of keys in its JSON. The digits of a decimal count: 1.5 is not 1.50.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of(self)
    }

    /// The field of that key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The item of that key, of either side.
    pub fn item(&self, key: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.key == key)
    }
}

impl Default for Content {
    fn default() -> Self {
        Self { criteria_level: LEVEL, fields: vec![], items: vec![], rules: vec![] }
    }
}

impl Constraints {
    /// Whether nothing is bounded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl FieldType {
    /// What an answer of this type is, in words: "expects ...".
    pub const fn expects(self) -> &'static str {
        match self {
            Self::Text | Self::LongText => "a text",
            Self::Integer => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Money => "an amount with its currency, as 12500.00 EUR",
            Self::Bool => "yes or no",
            Self::Date => "a day, as 2026-11-23",
            Self::Timestamp => "an instant, as 2026-11-23T09:00:00Z",
            Self::Choice => "one of the choices",
            Self::MultiChoice => "some of the choices, each at most once",
            Self::Url => "an http(s) address",
            Self::Email => "an e-mail address",
            Self::Person => "a person's name",
            Self::ExternalRecord => "a record in another system: system, type and key",
            Self::Attachment => "a reference to a file: name and address",
        }
    }

    /// Whether answers of this type are texts.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::LongText | Self::Choice | Self::Url | Self::Email | Self::Person)
    }

    /// Whether answers of this type are numbers or amounts.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Money)
    }

    /// Whether an answer of this type is chosen from the field's choices.
    pub const fn is_choice(self) -> bool {
        matches!(self, Self::Choice | Self::MultiChoice)
    }
}
