//! The parts of a handoff on the wire, as answers and events show them.

use api::{handoff::v1 as pb, r#type::v1 as common};

use crate::domain::{
    Action, Link, Origin, Pin, Reason, Side, Summary,
    summary::{Contact, Contingency, SummaryAction},
};

/// A side; none is nobody.
pub(crate) fn side(side: Option<Side>) -> i32 {
    side.map_or(common::Side::Unspecified.into(), api::criteria::side)
}

pub(crate) fn summary(summary: &Summary) -> pb::Summary {
    let action = |action: &SummaryAction| pb::SummaryAction {
        text: action.text.clone(),
        owner: action.owner.clone(),
        due_at: action.due_at.map(api::timestamp),
    };
    let contingency = |plan: &Contingency| pb::Contingency { r#if: plan.r#if.clone(), then: plan.then.clone() };
    let contact = |contact: &Contact| pb::Contact {
        name: contact.name.clone(),
        role: contact.role.clone(),
        how: contact.how.clone(),
    };
    pb::Summary {
        severity: summary.severity.clone(),
        situation: summary.situation.clone(),
        actions: summary.actions.iter().map(action).collect(),
        contingencies: summary.contingencies.iter().map(contingency).collect(),
        contacts: summary.contacts.iter().map(contact).collect(),
    }
}

pub(crate) fn pin(pin: &Pin) -> pb::TemplatePin {
    pb::TemplatePin {
        template_id: pin.template_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        version: pin.version,
        content_hash: pin.content_hash.to_string(),
    }
}

pub(crate) fn origin(origin: &Origin) -> pb::Origin {
    pb::Origin { system: origin.system.clone(), key: origin.key.clone() }
}

pub(crate) fn link(link: &Link) -> pb::Link {
    pb::Link { system: link.system.clone(), r#type: link.r#type.clone(), key: link.key.clone(), url: link.url.clone() }
}

pub(crate) fn reason(reason: &Reason) -> pb::Reason {
    let kind = match reason {
        Reason::Criterion { .. } => pb::ReasonKind::Criterion,
        Reason::Incomplete { .. } => pb::ReasonKind::Incomplete,
        Reason::WrongTeam { .. } => pb::ReasonKind::WrongTeam,
        Reason::Duplicate { .. } => pb::ReasonKind::Duplicate,
        Reason::Other { .. } => pb::ReasonKind::Other,
        Reason::Unknown => pb::ReasonKind::Unknown,
    };
    pb::Reason {
        kind: kind.into(),
        criterion: reason.criterion().unwrap_or_default().to_owned(),
        text: reason.text().unwrap_or_default().to_owned(),
    }
}

pub(crate) fn action(action: &Action) -> pb::Action {
    let done = action.done.as_ref();
    pb::Action {
        id: action.id.to_string(),
        text: action.text.clone(),
        side: side(Some(action.side)),
        owner: action.owner.clone().unwrap_or_default(),
        due_at: Some(api::timestamp(action.due_at)),
        done_at: done.map(|done| api::timestamp(done.at)),
        done_by: done.map(|done| done.by.clone()).unwrap_or_default(),
        unconfirmed: action.unconfirmed,
        added_by: action.added_by.clone(),
        review_id: action.review_id.map(|id| id.to_string()).unwrap_or_default(),
        closed: false,
    }
}
