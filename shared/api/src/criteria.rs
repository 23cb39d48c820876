//! Contents, submissions and evaluations on the wire and in the criteria library.
//!
//! Reading notes every violation under its path and then answers None; writing cannot fail.

use std::collections::BTreeMap;

use ::criteria::{
    Attachment, Category, Change, ChangeClass, ChangeKind, Constraints, Content, CriterionKind, CriterionResult,
    Evaluation, Evidence, Field, FieldType, Finding, Item, Money, Outcome, Record, Rule, Severity, Side, Submission,
    Tick, TickState, Value,
};
use kernel::{Timestamp, Violation};

use crate::{checklist::v1 as checklist, timestamp, r#type::v1 as pb};

type Violations = Vec<Violation>;

fn refuse<T>(violations: &mut Violations, path: impl Into<String>, description: impl Into<String>) -> Option<T> {
    violations.push(Violation { field: path.into(), description: description.into() });
    None
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// One Rust enum and one protobuf enum with the same members, both ways; reading refuses what is not given or not known.
macro_rules! same_members {
    ($read:ident, $write:ident, $rust:ident, $proto:path { $($member:ident),+ }) => {
        #[doc = concat!("Reads a [`", stringify!($rust), "`].")]
        pub fn $read(path: &str, value: i32, violations: &mut Violations) -> Option<$rust> {
            use $proto as Proto;
            match Proto::try_from(value) {
                $(Ok(Proto::$member) => Some($rust::$member),)+
                Ok(_) => refuse(violations, path, "is required"),
                Err(_) => refuse(violations, path, format!("is {value}, which this version does not know")),
            }
        }

        #[doc = concat!("Writes a [`", stringify!($rust), "`].")]
        pub fn $write(value: $rust) -> i32 {
            use $proto as Proto;
            match value {
                $($rust::$member => Proto::$member as i32,)+
            }
        }
    };
}

same_members!(read_side, side, Side, pb::Side { Upstream, Downstream });
same_members!(read_severity, severity, Severity, pb::Severity { Blocking, Warning, Info });
same_members!(read_tick_state, tick_state, TickState, pb::TickState { Open, Done, NotApplicable });
same_members!(read_criterion_kind, criterion_kind, CriterionKind, pb::CriterionKind { Field, Item, Rule });
same_members!(read_outcome, outcome, Outcome, pb::Outcome { Met, Unmet, NotApplicable, Waived });
same_members!(
    read_category,
    category,
    Category,
    checklist::ItemCategory { Deliverable, Information, Quality, Documentation }
);
same_members!(read_evidence, evidence, Evidence, checklist::EvidenceKind { None, Text, Link, Attachment });
same_members!(
    read_change_kind,
    change_kind,
    ChangeKind,
    checklist::ChangeKind {
        Level,
        Added,
        Removed,
        Type,
        Required,
        RequiredIf,
        VisibleIf,
        Expression,
        ConstraintsNarrowed,
        ConstraintsWidened,
        Severity,
        Evidence,
        Side,
        MayBeNa,
        Category,
        Wording,
        Moved
    }
);
same_members!(read_change_class, change_class, ChangeClass, checklist::ChangeClass { Editorial, Compatible, Breaking });
same_members!(
    read_field_type,
    field_type,
    FieldType,
    checklist::FieldType {
        Text,
        LongText,
        Integer,
        Decimal,
        Money,
        Bool,
        Date,
        Timestamp,
        Choice,
        MultiChoice,
        Url,
        Email,
        Person,
        ExternalRecord,
        Attachment
    }
);

/// Reads an enum that stands for its first member where it is not given.
macro_rules! or_default {
    ($read:ident, $path:expr, $value:expr, $violations:expr) => {
        if $value == 0 { Some(Default::default()) } else { $read($path, $value, $violations) }
    };
}

/// Reads a field's value.
pub fn read_value(path: &str, value: pb::FieldValue, violations: &mut Violations) -> Option<Value> {
    use pb::field_value::Kind;
    let Some(kind) = value.kind else { return refuse(violations, path, "holds no value") };
    Some(match kind {
        Kind::Text(text) => Value::Text(text),
        Kind::Integer(number) => Value::Integer(number),
        Kind::Decimal(text) => Value::Decimal(read_decimal(path, &text, violations)?),
        Kind::Money(money) => Value::Money(Money {
            amount: read_decimal(&format!("{path}.money.amount"), &money.amount, violations)?,
            currency: money.currency,
        }),
        Kind::Flag(flag) => Value::Bool(flag),
        Kind::Date(text) => match text.parse() {
            Ok(date) if text.len() == 10 => Value::Date(date),
            _ => return refuse(violations, path, "is not a day; write YYYY-MM-DD"),
        },
        Kind::Timestamp(time) => match Timestamp::from_seconds_and_nanos(time.seconds, time.nanos) {
            Some(instant) => Value::Timestamp(instant),
            None => return refuse(violations, path, "is not an instant between the years 1 and 9999"),
        },
        Kind::Choices(choices) => Value::Choices(choices.options),
        Kind::Record(record) => Value::Record(Record {
            system: record.system,
            r#type: record.r#type,
            key: record.key,
            url: some(record.url),
        }),
        Kind::Attachment(attachment) => Value::Attachment(read_attachment(path, attachment, violations)?),
    })
}

fn read_decimal(path: &str, text: &str, violations: &mut Violations) -> Option<rust_decimal::Decimal> {
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => refuse(violations, path, "is not a decimal number; write it plainly, as 12.50"),
    }
}

/// Reads a reference to a document.
pub fn read_attachment(path: &str, from: pb::Attachment, violations: &mut Violations) -> Option<Attachment> {
    let Ok(size_bytes) = u64::try_from(from.size_bytes) else {
        return refuse(violations, format!("{path}.size_bytes"), "must not be negative");
    };
    Some(Attachment {
        name: from.name,
        url: from.url,
        media_type: some(from.media_type),
        size_bytes: (size_bytes > 0).then_some(size_bytes),
        sha256: some(from.sha256),
    })
}

/// Reads a tick.
pub fn read_tick(path: &str, tick: pb::Tick, violations: &mut Violations) -> Option<Tick> {
    let state = read_tick_state(&format!("{path}.state"), tick.state, violations)?;
    Some(Tick { state, evidence: some(tick.evidence), reason: some(tick.reason) })
}

/// Reads values by field.
pub fn read_fields(
    path: &str,
    fields: BTreeMap<String, pb::FieldValue>,
    violations: &mut Violations,
) -> Option<BTreeMap<String, Value>> {
    let read: Vec<_> = fields
        .into_iter()
        .map(|(key, value)| Some((key.clone(), read_value(&format!("{path}.{key}"), value, violations)?)))
        .collect();
    read.into_iter().collect()
}

/// Reads a submission.
pub fn read_submission(path: &str, submission: pb::Submission, violations: &mut Violations) -> Option<Submission> {
    let fields = read_fields(&format!("{path}.fields"), submission.fields, violations);
    let items: Vec<_> = submission
        .items
        .into_iter()
        .map(|(key, tick)| Some((key.clone(), read_tick(&format!("{path}.items.{key}"), tick, violations)?)))
        .collect();
    Some(Submission { fields: fields?, items: items.into_iter().collect::<Option<_>>()? })
}

/// Reads a content. What is wrong with it as a content is for `Content::findings` to say.
pub fn read_content(path: &str, content: checklist::Content, violations: &mut Violations) -> Option<Content> {
    let fields = content
        .fields
        .into_iter()
        .enumerate()
        .map(|(place, field)| read_field(&format!("{path}.fields[{place}]"), field, violations))
        .collect::<Vec<_>>();
    let items = content
        .items
        .into_iter()
        .enumerate()
        .map(|(place, item)| read_item(&format!("{path}.items[{place}]"), item, violations))
        .collect::<Vec<_>>();
    let rules = content
        .rules
        .into_iter()
        .enumerate()
        .map(|(place, rule)| read_rule(&format!("{path}.rules[{place}]"), rule, violations))
        .collect::<Vec<_>>();
    let criteria_level = if content.criteria_level == 0 { ::criteria::LEVEL } else { content.criteria_level };
    Some(Content {
        criteria_level,
        fields: fields.into_iter().collect::<Option<_>>()?,
        items: items.into_iter().collect::<Option<_>>()?,
        rules: rules.into_iter().collect::<Option<_>>()?,
    })
}

fn read_field(path: &str, field: checklist::Field, violations: &mut Violations) -> Option<Field> {
    let r#type = read_field_type(&format!("{path}.type"), field.r#type, violations);
    let severity = or_default!(read_severity, &format!("{path}.severity"), field.severity, violations);
    let bounds = field.constraints.unwrap_or_default();
    let mut bound = |name: &str, text: String| match some(text) {
        Some(text) => read_decimal(&format!("{path}.constraints.{name}"), &text, violations).map(Some),
        None => Some(None),
    };
    let (min, max) = (bound("min", bounds.min), bound("max", bounds.max));
    Some(Field {
        key: field.key,
        label: field.label,
        help: field.help,
        r#type: r#type?,
        required: field.required,
        required_if: some(field.required_if),
        visible_if: some(field.visible_if),
        severity: severity?,
        constraints: Constraints {
            min: min?,
            max: max?,
            min_length: bounds.min_length,
            max_length: bounds.max_length,
            pattern: some(bounds.pattern),
            choices: bounds.choices,
        },
    })
}

fn read_item(path: &str, item: checklist::Item, violations: &mut Violations) -> Option<Item> {
    let category = or_default!(read_category, &format!("{path}.category"), item.category, violations);
    let side = or_default!(read_side, &format!("{path}.side"), item.side, violations);
    let severity = or_default!(read_severity, &format!("{path}.severity"), item.severity, violations);
    let evidence = or_default!(read_evidence, &format!("{path}.evidence"), item.evidence, violations);
    Some(Item {
        key: item.key,
        text: item.text,
        category: category?,
        side: side?,
        severity: severity?,
        evidence: evidence?,
        may_be_na: item.may_be_na,
        visible_if: some(item.visible_if),
    })
}

fn read_rule(path: &str, rule: checklist::Rule, violations: &mut Violations) -> Option<Rule> {
    let severity = or_default!(read_severity, &format!("{path}.severity"), rule.severity, violations);
    Some(Rule { key: rule.key, message: rule.message, expression: rule.expression, severity: severity? })
}

/// Writes a field's value.
pub fn value(value: Value) -> pb::FieldValue {
    use pb::field_value::Kind;
    let kind = match value {
        Value::Text(text) => Kind::Text(text),
        Value::Integer(number) => Kind::Integer(number),
        Value::Decimal(number) => Kind::Decimal(number.to_string()),
        Value::Money(money) => Kind::Money(pb::Money { amount: money.amount.to_string(), currency: money.currency }),
        Value::Bool(flag) => Kind::Flag(flag),
        Value::Date(date) => Kind::Date(date.to_string()),
        Value::Timestamp(instant) => Kind::Timestamp(timestamp(instant)),
        Value::Choices(options) => Kind::Choices(pb::Choices { options }),
        Value::Record(record) => Kind::Record(pb::ExternalRecord {
            system: record.system,
            r#type: record.r#type,
            key: record.key,
            url: record.url.unwrap_or_default(),
        }),
        Value::Attachment(it) => Kind::Attachment(attachment(it)),
    };
    pb::FieldValue { kind: Some(kind) }
}

/// Writes a reference to a document.
pub fn attachment(attachment: Attachment) -> pb::Attachment {
    pb::Attachment {
        name: attachment.name,
        url: attachment.url,
        media_type: attachment.media_type.unwrap_or_default(),
        size_bytes: attachment.size_bytes.and_then(|size| i64::try_from(size).ok()).unwrap_or_default(),
        sha256: attachment.sha256.unwrap_or_default(),
    }
}

/// Writes a tick.
pub fn tick(tick: Tick) -> pb::Tick {
    pb::Tick {
        state: tick_state(tick.state),
        evidence: tick.evidence.unwrap_or_default(),
        reason: tick.reason.unwrap_or_default(),
    }
}

/// Writes values by field.
pub fn fields(fields: BTreeMap<String, Value>) -> BTreeMap<String, pb::FieldValue> {
    fields.into_iter().map(|(key, it)| (key, value(it))).collect()
}

/// Writes a submission.
pub fn submission(submission: Submission) -> pb::Submission {
    pb::Submission {
        fields: fields(submission.fields),
        items: submission.items.into_iter().map(|(key, it)| (key, tick(it))).collect(),
    }
}

/// Writes an evaluation.
pub fn evaluation(evaluation: Evaluation) -> pb::Evaluation {
    pb::Evaluation {
        ready: evaluation.is_ready(),
        results: evaluation.results.into_iter().map(criterion_result).collect(),
    }
}

/// Writes one criterion's result.
pub fn criterion_result(result: CriterionResult) -> pb::CriterionResult {
    pb::CriterionResult {
        key: result.key,
        kind: criterion_kind(result.kind),
        severity: severity(result.severity),
        outcome: outcome(result.outcome),
        problem: result.problem,
        fix: result.fix,
    }
}

/// Writes a content.
pub fn content(content: Content) -> checklist::Content {
    checklist::Content {
        criteria_level: content.criteria_level,
        fields: content
            .fields
            .into_iter()
            .map(|field| checklist::Field {
                key: field.key,
                label: field.label,
                help: field.help,
                r#type: field_type(field.r#type),
                required: field.required,
                required_if: field.required_if.unwrap_or_default(),
                visible_if: field.visible_if.unwrap_or_default(),
                severity: severity(field.severity),
                constraints: (!field.constraints.is_empty()).then(|| constraints(field.constraints)),
            })
            .collect(),
        items: content
            .items
            .into_iter()
            .map(|item| checklist::Item {
                key: item.key,
                text: item.text,
                category: category(item.category),
                side: side(item.side),
                severity: severity(item.severity),
                evidence: evidence(item.evidence),
                may_be_na: item.may_be_na,
                visible_if: item.visible_if.unwrap_or_default(),
            })
            .collect(),
        rules: content
            .rules
            .into_iter()
            .map(|rule| checklist::Rule {
                key: rule.key,
                message: rule.message,
                expression: rule.expression,
                severity: severity(rule.severity),
            })
            .collect(),
    }
}

fn constraints(constraints: Constraints) -> checklist::Constraints {
    checklist::Constraints {
        min: constraints.min.map(|min| min.to_string()).unwrap_or_default(),
        max: constraints.max.map(|max| max.to_string()).unwrap_or_default(),
        min_length: constraints.min_length,
        max_length: constraints.max_length,
        pattern: constraints.pattern.unwrap_or_default(),
        choices: constraints.choices,
    }
}

/// Writes a finding.
pub fn finding(finding: Finding) -> checklist::Finding {
    checklist::Finding { path: finding.path, code: finding.code.to_string(), message: finding.message }
}

/// Writes a change between two versions.
pub fn change(change: Change) -> checklist::Change {
    checklist::Change {
        part: change.part.map(criterion_kind).unwrap_or_default(),
        key: change.key,
        kind: change_kind(change.kind),
        class: change_class(change.class),
        was: change.was,
        now: change.now,
    }
}
