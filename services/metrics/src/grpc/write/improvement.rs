//! Suggestions and improvements as messages.

use api::metrics::v1 as pb;

use super::report::{promise, proportion};
use crate::domain::{
    improvement::{Improvement, Outcome},
    query::Version,
    suggestion::{Kind, State, Suggestion},
};

pub(crate) fn suggestion(it: &Suggestion) -> pb::Suggestion {
    let kind = match it.finding.kind {
        Kind::RaiseSeverity => pb::SuggestionKind::RaiseSeverity,
        Kind::DropCriterion => pb::SuggestionKind::DropCriterion,
        Kind::AddCriterion => pb::SuggestionKind::AddCriterion,
        Kind::TargetMissed => pb::SuggestionKind::TargetMissed,
        Kind::TargetLoose => pb::SuggestionKind::TargetLoose,
        Kind::NameOwner => pb::SuggestionKind::NameOwner,
        Kind::ClarifyField => pb::SuggestionKind::ClarifyField,
    };
    let state = match it.state {
        State::Open => pb::SuggestionState::Open,
        State::Closed => pb::SuggestionState::Closed,
        State::Gone => pb::SuggestionState::Gone,
    };
    pb::Suggestion {
        id: it.id.to_string(),
        route_id: it.route_id.to_string(),
        kind: kind.into(),
        subject: it.finding.subject.clone(),
        finding: it.finding.found.clone(),
        proposal: it.finding.proposal.clone(),
        evidence: Some(proportion(it.finding.evidence)),
        promise: it.finding.promise.as_ref().map(|it| promise(&it.promise())),
        raised_at: Some(api::timestamp(it.raised_at)),
        looked_at: Some(api::timestamp(it.looked_at)),
        state: state.into(),
        improvement_id: it.improvement_id.map(|id| id.to_string()).unwrap_or_default(),
    }
}

pub(crate) fn improvement(it: &Improvement) -> pb::Improvement {
    let decision = &it.decision;
    let outcome = match decision.outcome {
        Outcome::Changed => pb::ImprovementOutcome::Changed,
        Outcome::Kept => pb::ImprovementOutcome::Kept,
    };
    pb::Improvement {
        id: it.id.to_string(),
        route_id: it.route_id.to_string(),
        outcome: outcome.into(),
        suggestion_id: decision.suggestion_id.map(|id| id.to_string()).unwrap_or_default(),
        text: decision.text.clone(),
        version: decision.version.as_ref().map(version),
        decided_by: decision.decided_by.clone(),
        review_on: decision.review_on.map(|day| day.date().to_string()).unwrap_or_default(),
        recorded_by: it.recorded_by.clone(),
        recorded_at: Some(api::timestamp(it.recorded_at)),
        review_due_at: it.review_due_at.map(api::timestamp),
        reviewed: it.reviewed,
    }
}

fn version(it: &Version) -> pb::Version {
    use pb::version::Kind;
    let kind = match it {
        Version::Template(it) => {
            Kind::Template(pb::TemplateVersion { template_id: it.id.to_string(), version: it.version })
        }
        Version::Terms(route, version) => {
            Kind::Terms(pb::TermsVersion { route_id: route.to_string(), version: *version })
        }
        Version::Policy(it) => Kind::Policy(pb::PolicyVersion { policy_id: it.id.to_string(), version: it.version }),
    };
    pb::Version { kind: Some(kind) }
}
