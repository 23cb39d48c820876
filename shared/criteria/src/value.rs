//! Answers: the typed values that fields take.

use std::fmt;

use jiff::civil::Date;
use kernel::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{content::FieldType, decimal};

/// An answer to a field. As JSON `{"type": ..., "value": ...}`, with decimals as strings; this form is stored and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum Value {
    /// For `TEXT`, `LONG_TEXT`, `CHOICE`, `URL`, `EMAIL` and `PERSON`.
    Text(String),
    /// For `INTEGER`.
    Integer(i64),
    /// For `DECIMAL`.
    #[serde(with = "decimal")]
    Decimal(Decimal),
    /// For `MONEY`.
    Money(Money),
    /// For `BOOL`.
    Bool(bool),
    /// For `DATE`.
    #[serde(with = "date")]
    Date(Date),
    /// For `TIMESTAMP`.
    Timestamp(Timestamp),
    /// For `MULTI_CHOICE`.
    Choices(Vec<String>),
    /// For `EXTERNAL_RECORD`.
    Record(Record),
    /// For `ATTACHMENT`.
    Attachment(Attachment),
}

/// An exact amount in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In the currency's main unit.
    #[serde(with = "decimal")]
    pub amount: Decimal,
    /// Three capital letters (ISO 4217).
    pub currency: String,
}

/// A record in another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The system's name.
    pub system: String,
    /// What kind of record it is there.
    pub r#type: String,
    /// Its key there.
    pub key: String,
    /// Where a person can see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A reference to a file; the file itself lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The file's name.
    pub name: String,
    /// Where it lies.
    pub url: String,
    /// Its media type, as `application/pdf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Its size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The SHA-256 of its bytes, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Value {
    /// Whether it says nothing, which is the same as no answer: a blank text, no choice.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Choices(choices) => choices.is_empty(),
            _ => false,
        }
    }

    /// Whether it is an answer that a field of that type takes.
    pub fn is_of(&self, r#type: FieldType) -> bool {
        match self {
            Self::Text(_) => r#type.is_text(),
            Self::Integer(_) => r#type == FieldType::Integer,
            Self::Decimal(_) => r#type == FieldType::Decimal,
            Self::Money(_) => r#type == FieldType::Money,
            Self::Bool(_) => r#type == FieldType::Bool,
            Self::Date(_) => r#type == FieldType::Date,
            Self::Timestamp(_) => r#type == FieldType::Timestamp,
            Self::Choices(_) => r#type == FieldType::MultiChoice,
            Self::Record(_) => r#type == FieldType::ExternalRecord,
            Self::Attachment(_) => r#type == FieldType::Attachment,
        }
    }

    /// What it is, in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Decimal(_) => "a decimal number",
            Self::Money(_) => "an amount of money",
            Self::Bool(_) => "yes or no",
            Self::Date(_) => "a day",
            Self::Timestamp(_) => "an instant",
            Self::Choices(_) => "a list of choices",
            Self::Record(_) => "a record in another system",
            Self::Attachment(_) => "an attachment",
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// Days in JSON: `2026-11-23`.
mod date {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
    pub(super) fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format_args!("not a day: {text:?}; write it as 2026-11-23")))
    }
}
