//! Routes and their terms on the wire.

use api::handoff::v1 as pb;

use crate::{
    domain::{
        Route,
        route::{Proposal, Risk, SetTerms, Terms, Trigger},
    },
    grpc::{responses::side, twins::Twin},
};

pub(crate) fn into_route(route: &Route) -> pb::Route {
    let about = &route.about;
    pb::Route {
        id: route.id.to_string(),
        from_team: route.from_team.to_string(),
        to_team: route.to_team.to_string(),
        name: about.name.clone(),
        owner: about.owner.clone().unwrap_or_default(),
        information: about.information.clone(),
        trigger: (about.trigger != Trigger::default()).then(|| trigger(&about.trigger)),
        terms: route.terms.as_ref().map(into_terms),
        risks: about.risks.iter().map(risk).collect(),
        review_every: Some(api::duration_from_seconds(about.review_every_seconds)),
        status: route.status.write(),
        revision: route.head.revision,
        created_at: Some(api::timestamp(route.created_at)),
        proposal: route.proposal.as_ref().map(into_proposal),
    }
}

pub(crate) fn into_terms(terms: &Terms) -> pb::Terms {
    pb::Terms {
        version: terms.version,
        set_by: terms.set_by.clone(),
        set_at: Some(api::timestamp(terms.set_at)),
        ..said(&terms.said())
    }
}

pub(crate) fn into_proposal(proposal: &Proposal) -> pb::TermsProposal {
    let end = proposal.end.as_ref();
    pb::TermsProposal {
        id: proposal.id.to_string(),
        side: side(Some(proposal.side)),
        terms: Some(said(&proposal.terms)),
        reason: proposal.reason.clone(),
        proposed_by: proposal.proposed_by.clone(),
        proposed_at: Some(api::timestamp(proposal.proposed_at)),
        state: proposal.state.write(),
        ended_by: end.map(|end| end.by.clone()).unwrap_or_default(),
        ended_at: end.map(|end| api::timestamp(end.at)),
        end_reason: end.map(|end| end.reason.clone()).unwrap_or_default(),
    }
}

/// What terms say, without when and by whom.
fn said(terms: &SetTerms) -> pb::Terms {
    let template = terms.template.as_ref();
    pb::Terms {
        version: 0,
        template_id: template.map(|template| template.id.to_string()).unwrap_or_default(),
        template_version: template.and_then(|template| template.version).unwrap_or_default(),
        read_back: terms.read_back.write(),
        return_window: Some(api::duration_from_seconds(terms.return_window_seconds)),
        sla_policy_id: terms.sla_policy_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        review_rule: terms.review_rule.clone(),
        set_by: String::new(),
        set_at: None,
    }
}

fn trigger(trigger: &Trigger) -> pb::Trigger {
    pb::Trigger { description: trigger.description.clone(), event_type: trigger.event_type.clone().unwrap_or_default() }
}

fn risk(risk: &Risk) -> pb::Risk {
    pb::Risk { kind: risk.kind.write(), note: risk.note.clone() }
}
