//! What may be written into a submission, and what an answer must be to count.

use std::fmt::Display;

use regex::Regex;
use rust_decimal::Decimal;

use crate::{
    content::{Constraints, Content, Field, FieldType},
    limits,
    value::{Attachment, Record, Value},
};

/// Why an answer is not even written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misfit {
    /// What kind of misfit it is.
    pub code: MisfitCode,
    /// What is wrong and what is expected.
    pub message: String,
}

/// The kinds of misfit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MisfitCode {
    /// The template has no such field.
    UnknownField,
    /// The field takes another type.
    WrongType,
    /// Over a bound.
    TooLarge,
    /// Of the type, but not well formed.
    Malformed,
}

/// What keeps an answer from counting, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortfall {
    pub(crate) problem: String,
    pub(crate) fix: String,
}

impl Content {
    /// Whether an answer may be written down: the key is known, the type fits, all is within bounds. What the field
    /// demands beyond that (its constraints, the form of an address) is judged by evaluation, so that a draft may be
    /// saved half done. The empty content admits any well formed key.
    pub fn admit(&self, key: &str, value: &Value) -> Result<(), Misfit> {
        match self.field(key) {
            Some(field) if !value.is_of(field.r#type) => {
                let message = format!("`{key}` expects {}, not {}", field.r#type.expects(), value.kind());
                return Err(Misfit { code: MisfitCode::WrongType, message });
            }
            Some(_) => {}
            None if self.is_empty() && crate::is_key(key) => {}
            None if self.is_empty() => {
                let message = "a field's key is 1 to 63 of a-z, 0-9 and '_', beginning with a letter".to_owned();
                return Err(Misfit { code: MisfitCode::Malformed, message });
            }
            None => {
                let shown: String = key.chars().take(limits::KEY_MAX_CHARS).collect();
                let message = format!("the template has no field `{shown}`; it has {}", self.field_list());
                return Err(Misfit { code: MisfitCode::UnknownField, message });
            }
        }
        well_formed(value).map_err(|(code, message)| Misfit { code, message: format!("`{key}`: {message}") })
    }

    fn field_list(&self) -> String {
        const SHOWN: usize = 20;
        let mut keys: Vec<_> = self.fields.iter().take(SHOWN).map(|field| format!("`{}`", field.key)).collect();
        match self.fields.len() {
            0 => return "none".to_owned(),
            all if all > SHOWN => keys.push(format!("{} more", all - SHOWN)),
            _ => {}
        }
        keys.join(", ")
    }
}

/// Whether it is within bounds and whole, whatever the field.
pub(crate) fn well_formed(value: &Value) -> Result<(), (MisfitCode, String)> {
    match value {
        Value::Text(text) => at_most(text.len(), limits::TEXT_MAX_BYTES, "bytes"),
        Value::Choices(choices) => {
            at_most(choices.len(), limits::CHOICES_MAX, "choices")?;
            choices.iter().try_for_each(|choice| name("a choice", choice, limits::CHOICE_MAX_CHARS))
        }
        Value::Money(money) => match money.currency.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => Ok(()),
            _ => malformed("a currency is three capital letters, as EUR"),
        },
        Value::Date(date) if date.year() < 1 => malformed("a day lies between the years 1 and 9999"),
        Value::Timestamp(instant) if to_utc(*instant).is_none() => {
            malformed("an instant lies between the years 1 and 9999")
        }
        Value::Record(Record { system, r#type, key, url }) => {
            name("the system", system, limits::NAME_MAX_CHARS)?;
            name("the type", r#type, limits::NAME_MAX_CHARS)?;
            name("the key", key, limits::NAME_MAX_CHARS)?;
            url.iter().try_for_each(|url| web_address(url))
        }
        Value::Attachment(Attachment { name: file, url, media_type, size_bytes, sha256 }) => {
            name("the name", file, limits::NAME_MAX_CHARS)?;
            web_address(url)?;
            media_type.iter().try_for_each(|text| name("the media type", text, limits::NAME_MAX_CHARS))?;
            if size_bytes.is_some_and(|size| i64::try_from(size).is_err()) {
                return malformed("no file is that large");
            }
            match sha256 {
                Some(hash) if hash.parse::<crate::ContentHash>().is_err() => {
                    malformed("a SHA-256 is 64 hexadecimal digits")
                }
                _ => Ok(()),
            }
        }
        Value::Integer(_) | Value::Decimal(_) | Value::Bool(_) | Value::Date(_) | Value::Timestamp(_) => Ok(()),
    }
}

/// The instant as CEL knows it; none outside the years 1 to 9999.
pub(crate) fn to_utc(instant: kernel::Timestamp) -> Option<chrono::DateTime<chrono::Utc>> {
    use chrono::Datelike;
    chrono::DateTime::from_timestamp_micros(instant.as_micros()).filter(|utc| (1..=9999).contains(&utc.year()))
}

fn malformed<T>(message: impl Into<String>) -> Result<T, (MisfitCode, String)> {
    Err((MisfitCode::Malformed, message.into()))
}

fn at_most(length: usize, max: usize, unit: &str) -> Result<(), (MisfitCode, String)> {
    if length <= max { Ok(()) } else { Err((MisfitCode::TooLarge, format!("at most {max} {unit}, not {length}"))) }
}

fn name(what: &str, text: &str, max_chars: usize) -> Result<(), (MisfitCode, String)> {
    match text.chars().count() {
        _ if text.trim().is_empty() => malformed(format!("{what} is blank")),
        length => {
            at_most(length, max_chars, "characters").map_err(|(code, message)| (code, format!("{what}: {message}")))
        }
    }
}

fn web_address(url: &str) -> Result<(), (MisfitCode, String)> {
    at_most(url.len(), limits::URL_MAX_BYTES, "bytes of address")?;
    if is_web_address(url) { Ok(()) } else { malformed("an address begins with https:// or http://") }
}

/// Whether it is an http(s) address; other schemes could do harm where a page shows them as links.
pub(crate) fn is_web_address(text: &str) -> bool {
    text.len() <= limits::URL_MAX_BYTES
        && text.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
        })
}

fn is_email_address(text: &str) -> bool {
    text.len() <= limits::EMAIL_MAX_BYTES
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && domain.split('.').all(|l| !l.is_empty())
        })
}

/// Whether an answer of the field's type counts: well formed, in the form of its type, within the field's constraints.
/// `pattern` is the field's, compiled.
pub(crate) fn judge(field: &Field, pattern: Option<&Regex>, value: &Value) -> Result<(), Shortfall> {
    let short = |problem: String, fix: String| {
        Err(Shortfall { problem: format!("{}: {problem}", field.label), fix: format!("{fix} (`{}`)", field.key) })
    };
    if let Err((_, message)) = well_formed(value) {
        return short(message, format!("give {}", field.r#type.expects()));
    }
    let Constraints { min, max, min_length, max_length, choices, .. } = &field.constraints;
    let (length, unit) = length_of(value);
    if let Some(bound) = min_length.filter(|bound| length < *bound as usize) {
        return short(format!("shorter than {bound} {unit}"), format!("give at least {bound} {unit}"));
    }
    if let Some(bound) = max_length.filter(|bound| length > *bound as usize) {
        return short(format!("longer than {bound} {unit}"), format!("give at most {bound} {unit}"));
    }
    if let Some(number) = number_of(value) {
        let out = |side: &str, bound: &dyn Display| (format!("{number} is {side} {bound}"), bound.to_string());
        if let Some(bound) = min.filter(|bound| number < *bound) {
            let (problem, bound) = out("less than", &bound);
            return short(problem, format!("give at least {bound}"));
        }
        if let Some(bound) = max.filter(|bound| number > *bound) {
            let (problem, bound) = out("more than", &bound);
            return short(problem, format!("give at most {bound}"));
        }
    }
    match (field.r#type, value) {
        (FieldType::Url, Value::Text(text)) if !is_web_address(text) => {
            short("not an address".to_owned(), "give an address that begins with https:// or http://".to_owned())
        }
        (FieldType::Email, Value::Text(text)) if !is_email_address(text) => {
            short("not an e-mail address".to_owned(), "give it as name@example.com".to_owned())
        }
        (FieldType::Choice, Value::Text(text)) if !choices.contains(text) => {
            short("not one of the choices".to_owned(), format!("choose one of: {}", choices.join(", ")))
        }
        (FieldType::MultiChoice, Value::Choices(chosen)) => match wrong_choice(choices, chosen) {
            Some(problem) => short(problem, format!("choose from: {}", choices.join(", "))),
            None => Ok(()),
        },
        (_, Value::Text(text)) if pattern.is_some_and(|pattern| !pattern.is_match(text)) => {
            let pattern = field.constraints.pattern.as_deref().unwrap_or_default();
            short("not in the expected form".to_owned(), format!("give a text of the form {pattern}"))
        }
        _ => Ok(()),
    }
}

fn wrong_choice(choices: &[String], chosen: &[String]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    chosen.iter().find_map(|choice| match choice {
        choice if !choices.contains(choice) => Some(format!("{choice:?} is not one of the choices")),
        choice if !seen.insert(choice) => Some(format!("{choice:?} is chosen twice")),
        _ => None,
    })
}

fn length_of(value: &Value) -> (usize, &'static str) {
    match value {
        Value::Text(text) => (text.chars().count(), "characters"),
        Value::Choices(choices) => (choices.len(), "choices"),
        _ => (0, ""),
    }
}

fn number_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Decimal(number) => Some(*number),
        Value::Money(money) => Some(money.amount),
        _ => None,
    }
}
