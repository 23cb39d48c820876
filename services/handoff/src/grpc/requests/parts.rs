//! The parts of a handoff that several requests bring.

use std::collections::BTreeMap;

use api::{criteria as read, handoff::v1 as pb, r#type::v1 as common};
use chassis::Fields;
use criteria::{Attachment, Content, Record, Side, Value, limits::ENTRIES_MAX};
use kernel::shortened;

use super::reading::{each, optional_name, required_short, short};
use crate::domain::{
    Link, Origin, Reason, Summary,
    limits::{
        ATTACHMENTS_MAX, KEY_MAX_CHARS, LINKS_MAX, QUOTED_MAX_CHARS, REASONS_MAX, SUMMARY_ENTRIES_MAX,
        SYSTEM_MAX_CHARS, TEXT_MAX_BYTES, URL_MAX_CHARS,
    },
    summary::{Contact, Contingency, SummaryAction},
};
use crate::ops::handoff::Duty;

/// A side, or none where it is left to Baton.
pub(super) fn optional_side(fields: &mut Fields, path: &str, side: i32) -> Option<Option<Side>> {
    if side == 0 { Some(None) } else { read::read_side(path, side, fields.violations()).map(Some) }
}

pub(super) fn summary(fields: &mut Fields, summary: Option<pb::Summary>) -> Option<Summary> {
    let summary = summary.unwrap_or_default();
    let severity = text(fields, "summary.severity", &summary.severity);
    let situation = text(fields, "summary.situation", &summary.situation);
    let actions = each(fields, "summary.actions", summary.actions, SUMMARY_ENTRIES_MAX, |fields, path, action| {
        let words = fields.required_text(&format!("{path}.text"), &action.text, TEXT_MAX_BYTES);
        let owner = text(fields, &format!("{path}.owner"), &action.owner);
        let due_at = fields.optional_time(&format!("{path}.due_at"), action.due_at);
        Some(SummaryAction { text: words?, owner: owner?, due_at: due_at? })
    });
    let plans = summary.contingencies;
    let contingencies = each(fields, "summary.contingencies", plans, SUMMARY_ENTRIES_MAX, |fields, path, plan| {
        let case = text(fields, &format!("{path}.if"), &plan.r#if);
        let then = text(fields, &format!("{path}.then"), &plan.then);
        Some(Contingency { r#if: case?, then: then? })
    });
    let contacts = each(fields, "summary.contacts", summary.contacts, SUMMARY_ENTRIES_MAX, |fields, path, contact| {
        let name = fields.required_text(&format!("{path}.name"), &contact.name, TEXT_MAX_BYTES);
        let role = text(fields, &format!("{path}.role"), &contact.role);
        let how = text(fields, &format!("{path}.how"), &contact.how);
        Some(Contact { name: name?, role: role?, how: how? })
    });
    Some(Summary {
        severity: severity?,
        situation: situation?,
        actions: actions?,
        contingencies: contingencies?,
        contacts: contacts?,
    })
}

pub(super) fn origin(fields: &mut Fields, path: &str, origin: &pb::Origin) -> Option<Origin> {
    let system = required_short(fields, &format!("{path}.system"), &origin.system, SYSTEM_MAX_CHARS);
    let key = required_short(fields, &format!("{path}.key"), &origin.key, KEY_MAX_CHARS);
    Some(Origin { system: system?, key: key? })
}

pub(super) fn optional_origin(fields: &mut Fields, given: Option<&pb::Origin>) -> Option<Option<Origin>> {
    given.map_or(Some(None), |given| origin(fields, "origin", given).map(Some))
}

pub(super) fn links(fields: &mut Fields, links: Vec<pb::Link>) -> Option<Vec<Link>> {
    each(fields, "links", links, LINKS_MAX, link)
}

pub(super) fn link(fields: &mut Fields, path: &str, link: pb::Link) -> Option<Link> {
    let system = required_short(fields, &format!("{path}.system"), &link.system, SYSTEM_MAX_CHARS);
    let r#type = required_short(fields, &format!("{path}.type"), &link.r#type, SYSTEM_MAX_CHARS);
    let key = required_short(fields, &format!("{path}.key"), &link.key, KEY_MAX_CHARS);
    let url = address(fields, &format!("{path}.url"), &link.url);
    Some(Link { system: system?, r#type: r#type?, key: key?, url: url? })
}

/// A small duty that is to be laid down.
pub(super) fn duty(fields: &mut Fields, path: &str, action: pb::NewAction) -> Option<Duty> {
    let text = fields.required_text(&format!("{path}.text"), &action.text, TEXT_MAX_BYTES);
    let side = read::read_side(&format!("{path}.side"), action.side, fields.violations());
    let due_at = fields.time(&format!("{path}.due_at"), action.due_at);
    let owner = optional_name(fields, &format!("{path}.owner"), &action.owner);
    Some(Duty { text: text?, side: side?, due_at: due_at?, owner: owner? })
}

/// Where a person opens something; may be empty. Other schemes could do harm where a page shows them as links.
pub(super) fn address(fields: &mut Fields, path: &str, url: &str) -> Option<String> {
    let url = short(fields, path, url, URL_MAX_CHARS)?;
    if url.contains(char::is_control) {
        return fields.refuse(path, "an address has no line breaks or other control characters");
    }
    if url.is_empty() || ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Some(url);
    }
    fields.refuse(path, "an address begins with https:// or http://")
}

/// References to documents, each held to what a field of the type ATTACHMENT is held to.
pub(super) fn attachments(fields: &mut Fields, attachments: Vec<common::Attachment>) -> Option<Vec<Attachment>> {
    each(fields, "attachments", attachments, ATTACHMENTS_MAX, attachment)
}

pub(super) fn attachment(fields: &mut Fields, path: &str, attachment: common::Attachment) -> Option<Attachment> {
    let attachment = read::read_attachment(path, attachment, fields.violations())?;
    let value = storable(fields, path, Value::Attachment(attachment.clone()))?;
    match Content::default().admit("attachment", &value) {
        Ok(()) => Some(attachment),
        Err(misfit) => fields.refuse(path, misfit.message),
    }
}

/// Values by field. Which keys and which types the template takes is for the domain to say.
pub(super) fn values(
    fields: &mut Fields,
    path: &str,
    values: BTreeMap<String, common::FieldValue>,
) -> Option<BTreeMap<String, Value>> {
    fields.at_most(path, values.len(), ENTRIES_MAX)?;
    // A key that is none goes into no path: it may be of any length.
    if let Some(key) = values.keys().find(|key| !criteria::is_key(key)) {
        return fields.refuse(path, format!("no field has the key {:?}", shortened(key, QUOTED_MAX_CHARS)));
    }
    let values = read::read_fields(path, values, fields.violations())?;
    let values: Vec<_> = values
        .into_iter()
        .map(|(key, value)| Some((storable(fields, &format!("{path}.{key}"), value)?, key)))
        .collect();
    values.into_iter().map(|read| read.map(|(value, key)| (key, value))).collect()
}

pub(super) fn reasons(fields: &mut Fields, reasons: Vec<pb::Reason>) -> Option<Vec<Reason>> {
    if reasons.is_empty() {
        return fields.refuse("reasons", "give at least one reason");
    }
    each(fields, "reasons", reasons, REASONS_MAX, reason)
}

fn reason(fields: &mut Fields, path: &str, reason: pb::Reason) -> Option<Reason> {
    let at = |field: &str| format!("{path}.{field}");
    let kind: Option<pb::ReasonKind> = fields.choice(&at("kind"), reason.kind);
    let more = fields.optional_text(&at("text"), &reason.text, TEXT_MAX_BYTES);
    let cites = !reason.criterion.is_empty();
    match kind? {
        pb::ReasonKind::Criterion => {
            let key = required_short(fields, &at("criterion"), &reason.criterion, criteria::limits::KEY_MAX_CHARS);
            Some(Reason::Criterion { key: key?, text: more? })
        }
        _ if cites => fields.refuse(at("criterion"), "is for the kind CRITERION alone"),
        pb::ReasonKind::Incomplete => Some(Reason::Incomplete { text: said(fields, &at("text"), more?)? }),
        pb::ReasonKind::Other => Some(Reason::Other { text: said(fields, &at("text"), more?)? }),
        pb::ReasonKind::WrongTeam => Some(Reason::WrongTeam { text: more? }),
        pb::ReasonKind::Duplicate => Some(Reason::Duplicate { text: more? }),
        pb::ReasonKind::Unknown | pb::ReasonKind::Unspecified => {
            fields.refuse(at("kind"), "UNKNOWN is for imported history; give the reason")
        }
    }
}

fn said(fields: &mut Fields, path: &str, text: Option<String>) -> Option<String> {
    if text.is_none() { fields.refuse(path, "is required: say what") } else { text }
}

fn text(fields: &mut Fields, path: &str, text: &str) -> Option<String> {
    fields.text(path, text, TEXT_MAX_BYTES)
}

/// A value without the one character that the store cannot keep.
fn storable(fields: &mut Fields, path: &str, value: Value) -> Option<Value> {
    let texts: Vec<&str> = match &value {
        Value::Text(text) => vec![text],
        Value::Choices(choices) => choices.iter().map(String::as_str).collect(),
        Value::Record(Record { system, r#type, key, url }) => {
            [system, r#type, key].into_iter().chain(url).map(String::as_str).collect()
        }
        Value::Attachment(Attachment { name, url, media_type, sha256, .. }) => {
            [name, url].into_iter().chain(media_type).chain(sha256).map(String::as_str).collect()
        }
        Value::Money(money) => vec![&money.currency],
        Value::Integer(_) | Value::Decimal(_) | Value::Bool(_) | Value::Date(_) | Value::Timestamp(_) => vec![],
    };
    if texts.iter().any(|text| text.contains('\0')) {
        return fields.refuse(path, "holds a NUL character, which cannot be stored");
    }
    Some(value)
}
