//! How answers look to an expression: the table in the crate's documentation, as code.

use std::collections::BTreeMap;

use cel::Value as Cel;
use chrono::{NaiveDate, NaiveTime};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use crate::{
    admit::to_utc,
    content::{Field, FieldType},
    value::{Attachment, Money, Record, Value},
};

/// An answer as CEL knows it; none for a day or an instant outside the years 1 to 9999.
pub(crate) fn to_cel(value: &Value) -> Option<Cel> {
    Some(match value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => Cel::Int(*number),
        Value::Decimal(number) => double(*number),
        Value::Money(Money { amount, currency }) => {
            record([("amount", double(*amount)), ("currency", currency.as_str().into())])
        }
        Value::Bool(answer) => Cel::Bool(*answer),
        Value::Date(date) => {
            let (year, month, day) = (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs());
            let day = NaiveDate::from_ymd_opt(year, month.into(), day.into()).filter(|_| year >= 1)?;
            Cel::Timestamp(day.and_time(NaiveTime::MIN).and_utc().fixed_offset())
        }
        Value::Timestamp(instant) => Cel::Timestamp(to_utc(*instant)?.fixed_offset()),
        Value::Choices(choices) => choices.iter().map(|choice| Cel::from(choice.as_str())).collect::<Vec<_>>().into(),
        Value::Record(Record { system, r#type, key, url }) => record([
            ("system", system.as_str().into()),
            ("type", r#type.as_str().into()),
            ("key", key.as_str().into()),
            ("url", text(url.as_ref())),
        ]),
        Value::Attachment(Attachment { name, url, media_type, size_bytes, sha256 }) => record([
            ("name", name.as_str().into()),
            ("url", url.as_str().into()),
            ("media_type", text(media_type.as_ref())),
            ("size_bytes", Cel::Int(size_bytes.and_then(|size| i64::try_from(size).ok()).unwrap_or_default())),
            ("sha256", text(sha256.as_ref())),
        ]),
    })
}

/// An answer such as the field might have, to try an expression's types on.
pub(crate) fn sample(field: &Field) -> Cel {
    let choice = field.constraints.choices.first().cloned().unwrap_or_default();
    let instant = Cel::Timestamp(chrono::DateTime::UNIX_EPOCH.fixed_offset());
    match field.r#type {
        FieldType::Text | FieldType::LongText | FieldType::Person => "sample".into(),
        FieldType::Url => "https://example.com/".into(),
        FieldType::Email => "name@example.com".into(),
        FieldType::Choice => choice.into(),
        FieldType::MultiChoice => vec![Cel::from(choice)].into(),
        FieldType::Integer => Cel::Int(1),
        FieldType::Decimal => Cel::Float(1.0),
        FieldType::Bool => Cel::Bool(true),
        FieldType::Date | FieldType::Timestamp => instant,
        FieldType::Money => record([("amount", Cel::Float(1.0)), ("currency", "EUR".into())]),
        FieldType::ExternalRecord => record(["system", "type", "key", "url"].map(|part| (part, "sample".into()))),
        FieldType::Attachment => {
            let mut parts = vec![("size_bytes", Cel::Int(1))];
            parts.extend(["name", "url", "media_type", "sha256"].map(|part| (part, "sample".into())));
            record(parts)
        }
    }
}

/// A map of the known fields.
pub(super) fn map(entries: BTreeMap<String, Cel>) -> Cel {
    Cel::Map(entries.into_iter().collect::<std::collections::HashMap<_, _>>().into())
}

fn record(parts: impl IntoIterator<Item = (&'static str, Cel)>) -> Cel {
    map(parts.into_iter().map(|(part, value)| (part.to_owned(), value)).collect())
}

fn text(text: Option<&String>) -> Cel {
    text.map(String::as_str).unwrap_or_default().into()
}

fn double(number: Decimal) -> Cel {
    Cel::Float(number.to_f64().unwrap_or(f64::NAN))
}
