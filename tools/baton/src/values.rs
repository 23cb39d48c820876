//! The values of a handoff's fields, as people type them and read them.

use std::collections::BTreeMap;

use api::{
    checklist::v1::{Content, FieldType},
    from_json,
    r#type::v1::{Choices, ExternalRecord, FieldValue, Money, field_value::Kind},
};
use serde_json::Value;

use crate::words::{self, parse_attachment, parse_time};

/// Answers by key; none takes the answer away.
pub(crate) type Answers = BTreeMap<String, Option<FieldValue>>;

/// What is known of the fields: the types that a template gives them.
#[derive(Debug, Default)]
pub(crate) struct FieldTypes(BTreeMap<String, FieldType>);

impl FieldTypes {
    /// The types of a template version.
    pub(crate) fn of(content: &Content) -> Self {
        Self(content.fields.iter().map(|field| (field.key.clone(), field.r#type())).collect())
    }

    /// Reads one value: as its field's type writes it, or by its prefix where the type is not known.
    pub(crate) fn parse(&self, key: &str, text: &str) -> Result<FieldValue, String> {
        match self.0.get(key) {
            Some(r#type) => typed(*r#type, text),
            None => inferred(text),
        }
        .map(|kind| FieldValue { kind: Some(kind) })
        .map_err(|problem| format!("{key}: {problem}"))
    }

    /// Reads `KEY=VALUE`.
    pub(crate) fn parse_pair(&self, pair: &str) -> Result<(String, FieldValue), String> {
        let (key, text) = pair.split_once('=').ok_or_else(|| format!("{pair:?}: write KEY=VALUE"))?;
        Ok((key.to_owned(), self.parse(key, text)?))
    }

    /// Reads a file of answers, YAML or JSON: a map of keys to plain values, lists of options, `null` to take an answer away,
    /// or the API's own JSON form of a value (`{money: {amount: "1200.00", currency: EUR}}`).
    pub(crate) fn parse_file(&self, text: &str) -> Result<Answers, String> {
        let answers: BTreeMap<String, Value> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        answers.into_iter().map(|(key, value)| Ok((key.clone(), self.read_plain(&key, value)?))).collect()
    }

    fn read_plain(&self, key: &str, value: Value) -> Result<Option<FieldValue>, String> {
        let is_known = self.0.contains_key(key);
        let kind = match value {
            Value::Null => return Ok(None),
            Value::Bool(flag) if !is_known => Kind::Flag(flag),
            Value::Number(number) if !is_known => match number.as_i64() {
                Some(integer) => Kind::Integer(integer),
                None => Kind::Decimal(number.to_string()),
            },
            Value::String(text) => return self.parse(key, &text).map(Some),
            Value::Array(options) => Kind::Choices(Choices { options: options.iter().map(plain).collect() }),
            Value::Object(_) => return from_json(value).map(Some).map_err(|problem| format!("{key}: {problem}")),
            scalar => return self.parse(key, &plain(&scalar)).map(Some),
        };
        Ok(Some(FieldValue { kind: Some(kind) }))
    }
}

/// The value as a person reads it.
pub(crate) fn show(value: &FieldValue) -> String {
    match &value.kind {
        None => String::new(),
        Some(Kind::Text(text) | Kind::Decimal(text) | Kind::Date(text)) => text.clone(),
        Some(Kind::Integer(number)) => number.to_string(),
        Some(Kind::Money(money)) => format!("{} {}", money.amount, money.currency),
        Some(Kind::Flag(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(Kind::Timestamp(time)) => words::time(Some(time)),
        Some(Kind::Choices(choices)) => choices.options.join(", "),
        Some(Kind::Record(record)) => format!("{}/{}/{}", record.system, record.r#type, record.key),
        Some(Kind::Attachment(attachment)) => format!("{} ({})", attachment.name, attachment.url),
    }
}

fn typed(r#type: FieldType, text: &str) -> Result<Kind, String> {
    Ok(match r#type {
        FieldType::Integer => Kind::Integer(text.parse().map_err(|_| format!("{text:?} is no whole number"))?),
        FieldType::Decimal => Kind::Decimal(text.to_owned()),
        FieldType::Money => Kind::Money(money(text)?),
        FieldType::Bool => Kind::Flag(flag(text)?),
        FieldType::Date => Kind::Date(text.to_owned()),
        FieldType::Timestamp => Kind::Timestamp(parse_time(text)?),
        FieldType::MultiChoice => Kind::Choices(choices(text)),
        FieldType::ExternalRecord => Kind::Record(record(text)?),
        FieldType::Attachment => Kind::Attachment(parse_attachment(text)?),
        FieldType::Unspecified
        | FieldType::Text
        | FieldType::LongText
        | FieldType::Choice
        | FieldType::Url
        | FieldType::Email
        | FieldType::Person => Kind::Text(text.to_owned()),
    })
}

/// Without a template a prefix says the type; what has none of them is text.
fn inferred(text: &str) -> Result<Kind, String> {
    let (prefix, rest) = text.split_once(':').unwrap_or_default();
    match prefix {
        "text" => typed(FieldType::Text, rest),
        "int" => typed(FieldType::Integer, rest),
        "decimal" => typed(FieldType::Decimal, rest),
        "money" => typed(FieldType::Money, rest),
        "flag" => typed(FieldType::Bool, rest),
        "date" => typed(FieldType::Date, rest),
        "time" => typed(FieldType::Timestamp, rest),
        "choices" => typed(FieldType::MultiChoice, rest),
        "record" => typed(FieldType::ExternalRecord, rest),
        "attachment" => typed(FieldType::Attachment, rest),
        _ => typed(FieldType::Text, text),
    }
}

fn money(text: &str) -> Result<Money, String> {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [amount, currency] => Ok(Money { amount: amount.to_owned(), currency: currency.to_uppercase() }),
        _ => Err(format!("{text:?} is no amount; write \"1200.00 EUR\"")),
    }
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("{text:?}: write yes or no")),
    }
}

fn choices(text: &str) -> Choices {
    let options = text.split(',').map(str::trim).filter(|option| !option.is_empty());
    Choices { options: options.map(str::to_owned).collect() }
}

fn record(text: &str) -> Result<ExternalRecord, String> {
    let link = words::parse_link(text)?;
    Ok(ExternalRecord { system: link.system, r#type: link.r#type, key: link.key, url: link.url })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use api::checklist::v1::Field;
    use insta::assert_snapshot;

    use super::*;

    fn types(fields: &[(&str, FieldType)]) -> FieldTypes {
        let field = |(key, r#type): &(&str, FieldType)| Field {
            key: (*key).to_owned(),
            r#type: *r#type as i32,
            ..Field::default()
        };
        FieldTypes::of(&Content { fields: fields.iter().map(field).collect(), ..Content::default() })
    }

    fn json(types: &FieldTypes, pair: &str) -> String {
        let (key, value) = types.parse_pair(pair).unwrap();
        format!("{key} {}", api::to_json(&value))
    }

    #[test]
    fn a_value_is_typed_by_the_template() {
        let types = types(&[
            ("seats", FieldType::Integer),
            ("value", FieldType::Money),
            ("signed", FieldType::Bool),
            ("go_live", FieldType::Date),
            ("kick_off", FieldType::Timestamp),
            ("modules", FieldType::MultiChoice),
            ("deal", FieldType::ExternalRecord),
            ("contract", FieldType::Attachment),
            ("note", FieldType::LongText),
        ]);
        let pairs = [
            "seats=40",
            "value=1200.00 eur",
            "signed=yes",
            "go_live=2026-12-01",
            "kick_off=2026-12-01T09:00:00Z",
            "modules=core, reports",
            "deal=crm/deal/D-1",
            "contract=https://files/contract.pdf",
            "note=int:7",
        ];
        let told: Vec<String> = pairs.iter().map(|pair| json(&types, pair)).collect();
        assert_snapshot!(told.join("\n"), @r#"
        seats {"integer":40}
        value {"money":{"amount":"1200.00","currency":"EUR"}}
        signed {"flag":true}
        go_live {"date":"2026-12-01"}
        kick_off {"timestamp":"2026-12-01T09:00:00Z"}
        modules {"choices":{"options":["core","reports"]}}
        deal {"record":{"key":"D-1","system":"crm","type":"deal"}}
        contract {"attachment":{"name":"contract.pdf","url":"https://files/contract.pdf"}}
        note {"text":"int:7"}
        "#);
        assert_eq!(types.parse_pair("seats=many").unwrap_err(), "seats: \"many\" is no whole number");
    }

    #[test]
    fn without_a_template_a_prefix_says_the_type() {
        let types = FieldTypes::default();
        assert_eq!(json(&types, "a=int:7"), r#"a {"integer":7}"#);
        assert_eq!(json(&types, "a=flag:no"), r#"a {"flag":false}"#);
        assert_eq!(json(&types, "a=https://x/y"), r#"a {"text":"https://x/y"}"#);
        assert_eq!(json(&types, "a=b=c"), r#"a {"text":"b=c"}"#);
        assert!(types.parse_pair("a").is_err());
    }

    #[test]
    fn a_file_holds_many_answers() {
        let types = types(&[("seats", FieldType::Integer), ("budget", FieldType::Decimal)]);
        let answers = types
            .parse_file("seats: 40\nbudget: \"12.50\"\nold: null\nurgent: true\nmodules: [core, reports]\nvalue: {money: {amount: \"1.00\", currency: EUR}}\n")
            .unwrap();
        let told: Vec<String> = answers
            .iter()
            .map(|(key, value)| {
                format!("{key} {}", value.as_ref().map_or("-".to_owned(), |v| api::to_json(v).to_string()))
            })
            .collect();
        assert_snapshot!(told.join("\n"), @r#"
        budget {"decimal":"12.50"}
        modules {"choices":{"options":["core","reports"]}}
        old -
        seats {"integer":40}
        urgent {"flag":true}
        value {"money":{"amount":"1.00","currency":"EUR"}}
        "#);
        assert!(types.parse_file("seats: many").is_err());
        assert!(types.parse_file("value: {coins: 1}").is_err());
    }

    #[test]
    fn a_value_is_shown_as_it_is_typed() {
        let types = types(&[("value", FieldType::Money), ("deal", FieldType::ExternalRecord), ("ok", FieldType::Bool)]);
        for pair in ["value=1200.00 EUR", "deal=crm/deal/D-1", "ok=yes"] {
            let (key, value) = types.parse_pair(pair).unwrap();
            assert_eq!(format!("{key}={}", show(&value)), pair);
        }
    }
}
