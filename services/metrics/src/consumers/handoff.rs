//! What the handoff service says.

use api::{
    handoff::v1::{self as pb, handoff_event::Kind},
    r#type::v1 as common,
};
use kernel::{Error, Result, Timestamp};
use prost::Message;

use super::{id, instant, optional_slug, side, slug, unknown};
use crate::domain::heard::{About, Applied, News, Reason, ReasonKind, Route, Template, Terms, Tie, Told, What};

/// A review of a route is due after so many days, where it says nothing else.
const REVIEW_EVERY_SECONDS: i64 = 90 * crate::domain::DAY_SECONDS;

pub(super) fn read(payload: &[u8]) -> Result<News> {
    let event = pb::HandoffEvent::decode(payload).map_err(Error::fault)?;
    let Some(kind) = event.kind else { return unknown() };
    let Some(context) = event.handoff else { return reference(kind) };
    Ok(News::Handoff(Box::new(Told {
        id: id(&context.handoff_id)?,
        about: about(context)?,
        by: event.actor,
        by_service: event.by_service,
        what: what(kind)?,
    })))
}

/// Facts about teams, routes and workflows.
fn reference(kind: Kind) -> Result<News> {
    Ok(match kind {
        Kind::TeamCreated(pb::TeamCreated { team }) | Kind::TeamUpdated(pb::TeamUpdated { team }) => {
            let team = team.unwrap_or_default();
            News::Team { id: slug(&team.id)?, calendar: optional_slug(&team.calendar_id)? }
        }
        Kind::RouteCreated(pb::RouteCreated { route })
        | Kind::RouteUpdated(pb::RouteUpdated { route })
        | Kind::RouteDiscovered(pb::RouteDiscovered { route }) => route_of(route.unwrap_or_default())?,
        Kind::RouteRetired(it) => News::RouteRetired(slug(&it.route_id)?),
        Kind::TermsSet(pb::TermsSet { route_id, terms, .. })
        | Kind::TermsAgreed(pb::TermsAgreed { route_id, terms, .. }) => match terms_of(terms) {
            Some(terms) => News::Terms { route: slug(&route_id)?, terms },
            None => News::Nothing,
        },
        Kind::WorkflowCreated(pb::WorkflowCreated { workflow })
        | Kind::WorkflowUpdated(pb::WorkflowUpdated { workflow }) => {
            let workflow = workflow.unwrap_or_default();
            let routes = workflow.routes.iter().map(|route| slug(route)).collect::<Result<_>>()?;
            News::Workflow { id: slug(&workflow.id)?, routes }
        }
        _ => News::Nothing,
    })
}

fn route_of(route: pb::Route) -> Result<News> {
    let discovered = route.status() == pb::RouteStatus::Discovered;
    let seconds = route.review_every.map_or(REVIEW_EVERY_SECONDS, |every| every.seconds);
    Ok(News::Route(Box::new(Route {
        id: slug(&route.id)?,
        from_team: slug(&route.from_team)?,
        to_team: slug(&route.to_team)?,
        owner: route.owner,
        review_every_seconds: if seconds > 0 { seconds } else { REVIEW_EVERY_SECONDS },
        discovered,
        created_at: instant(route.created_at).unwrap_or(Timestamp::EPOCH),
        terms: terms_of(route.terms),
    })))
}

fn terms_of(terms: Option<pb::Terms>) -> Option<Terms> {
    let terms = terms?;
    Some(Terms { version: terms.version, template_id: terms.template_id, policy_id: terms.sla_policy_id })
}

fn about(context: pb::HandoffContext) -> Result<About> {
    Ok(About {
        route_id: slug(&context.route_id)?,
        from_team: slug(&context.from_team)?,
        to_team: slug(&context.to_team)?,
        title: context.title,
        confidential: context.confidential,
        upstream_owner: context.upstream_owner,
        downstream_owner: context.downstream_owner,
    })
}

#[expect(clippy::too_many_lines, reason = "one arm for each fact: the list is what is to be read")]
fn what(kind: Kind) -> Result<What> {
    Ok(match kind {
        Kind::HandoffCreated(it) => What::Created {
            terms_version: it.terms_version,
            template: template(it.template)?,
            ties: ties(&it.follows, &it.links)?,
        },
        Kind::HandoffMigrated(it) => What::Migrated(template(it.to)?),
        Kind::HandoffEdited(it) if it.changed.iter().any(|changed| changed == "links") => {
            What::Tied(ties("", &it.links)?)
        }
        Kind::LinkAdded(it) => What::TieAdded(record(&it.link.unwrap_or_default())),
        Kind::LinkRemoved(it) => What::TieRemoved(record(&it.link.unwrap_or_default())),
        Kind::HandoffSubmitted(it) => What::Submitted {
            content_hash: it.content_hash,
            criteria: it.results.into_iter().filter_map(applied).collect(),
        },
        Kind::HandoffRecalled(_) => What::Recalled,
        Kind::HandoffClaimed(_) => What::Claimed,
        Kind::ReviewHeld(_) => What::ReviewHeld,
        Kind::CriterionWaived(_) => What::Waived,
        Kind::HandoffAccepted(it) => What::Accepted { read_back: it.has_read_back, conditions: it.conditions },
        Kind::ReadBackConfirmed(it) => What::ReadBackConfirmed { corrections: it.correction_count },
        Kind::HandoffRejected(it) => What::Rejected(reasons(it.reasons)),
        Kind::HandoffBegun(_) => What::Begun,
        Kind::HandoffCompleted(_) => What::Completed,
        Kind::HandoffReopened(_) => What::Reopened,
        Kind::HandoffReturned(it) => What::Returned(reasons(it.reasons)),
        Kind::HandoffCancelled(_) => What::Cancelled,
        Kind::HandoffHeld(it) => What::Held { agreed: it.agreed, side: side(it.side)? },
        Kind::HandoffResumed(_) => What::Resumed,
        Kind::QuestionAsked(pb::QuestionAsked { question })
        | Kind::QuestionInsufficient(pb::QuestionInsufficient { question }) => {
            let question = question.unwrap_or_default();
            What::Asked {
                question: id(&question.id)?,
                side: side(question.side)?,
                blocking: question.blocking,
                round: i32::try_from(question.rounds.len()).map_err(Error::fault)?,
                about: question.about,
            }
        }
        Kind::QuestionAnswered(it) => What::Answered(id(&it.question.unwrap_or_default().id)?),
        Kind::QuestionClosed(it) => What::Closed(id(&it.question.unwrap_or_default().id)?),
        Kind::HandoffEdited(_)
        | Kind::ItemChanged(_)
        | Kind::HandoffUnclaimed(_)
        | Kind::HandoffReassigned(_)
        | Kind::ReviewScheduled(_)
        | Kind::ReviewMissed(_)
        | Kind::ReviewWaived(_)
        | Kind::ReviewCancelled(_)
        | Kind::ProposalMade(_)
        | Kind::ProposalAgreed(_)
        | Kind::ProposalDeclined(_)
        | Kind::ProposalLapsed(_)
        | Kind::ActionAdded(_)
        | Kind::ActionConfirmed(_)
        | Kind::ActionDone(_)
        | Kind::DeadlineChanged(_)
        | Kind::PriorityChanged(_)
        | Kind::CommentAdded(_)
        | Kind::AttachmentAdded(_)
        | Kind::ConfidentialityChanged(_)
        | Kind::TeamCreated(_)
        | Kind::TeamUpdated(_)
        | Kind::RouteCreated(_)
        | Kind::RouteUpdated(_)
        | Kind::RouteDiscovered(_)
        | Kind::RouteRetired(_)
        | Kind::TermsSet(_)
        | Kind::TermsProposed(_)
        | Kind::TermsAgreed(_)
        | Kind::TermsDeclined(_)
        | Kind::WorkflowCreated(_)
        | Kind::WorkflowUpdated(_) => What::Other,
    })
}

/// The empty template has no id.
fn template(pin: Option<pb::TemplatePin>) -> Result<Option<Template>> {
    let Some(pin) = pin else { return Ok(None) };
    let id = optional_slug(&pin.template_id)?;
    Ok(id.map(|id| Template { id, version: pin.version }))
}

fn ties(follows: &str, links: &[pb::Link]) -> Result<std::collections::BTreeSet<Tie>> {
    let follows = if follows.is_empty() { None } else { Some(Tie::Follows(id(follows)?)) };
    Ok(follows.into_iter().chain(links.iter().map(record)).collect())
}

fn record(link: &pb::Link) -> Tie {
    Tie::Record(format!("{}/{}", link.system, link.key))
}

/// A criterion that applied; none of one that did not.
fn applied(result: common::CriterionResult) -> Option<Applied> {
    let unmet = match result.outcome() {
        common::Outcome::Met => false,
        common::Outcome::Unmet | common::Outcome::Waived => true,
        common::Outcome::NotApplicable | common::Outcome::Unspecified => return None,
    };
    Some(Applied { blocking: result.severity() == common::Severity::Blocking, unmet, key: result.key })
}

fn reasons(reasons: Vec<pb::Reason>) -> Vec<Reason> {
    let read = |reason: pb::Reason| {
        let (kind, text) = match reason.kind() {
            pb::ReasonKind::Criterion => (ReasonKind::Criterion, reason.criterion),
            pb::ReasonKind::Incomplete => (ReasonKind::Incomplete, reason.text),
            pb::ReasonKind::WrongTeam => (ReasonKind::WrongTeam, String::new()),
            pb::ReasonKind::Duplicate => (ReasonKind::Duplicate, String::new()),
            pb::ReasonKind::Other => (ReasonKind::Other, String::new()),
            pb::ReasonKind::Unknown | pb::ReasonKind::Unspecified => (ReasonKind::Unknown, String::new()),
        };
        Reason { kind, text }
    };
    reasons.into_iter().map(read).collect()
}
