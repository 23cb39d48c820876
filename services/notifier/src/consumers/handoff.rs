//! What the handoff service says.

use api::handoff::v1::{self as pb, handoff_event::Kind};
use kernel::{Error, Result};
use prost::Message;

use super::{Frame, News, name, side, slug};
use crate::domain::{
    Side, Team,
    notice::{Concern, Handoff, Opens, Party},
};

pub(super) fn read(frame: &Frame<'_>) -> Result<News> {
    let event = pb::HandoffEvent::decode(&frame.message.payload[..]).map_err(Error::fault)?;
    let by_person = name(&event.actor).filter(|_| !event.by_service);
    let Some(kind) = event.kind else { return Ok(News::Nothing) };
    let Some(context) = event.handoff else { return reference(frame, by_person, kind) };
    let (mut to, what) = told(&kind, &event.actor, frame.event());
    if matches!(kind, Kind::HandoffCancelled(_)) {
        // Whoever speaks for a side has told it.
        to.retain(|side| *owner(&context, *side) != event.actor);
    }
    let headline = format!("{}: {what}", title(&context.title, &context.from_team, &context.to_team));
    let mut notice = frame.notice(by_person, &headline);
    notice.to = to;
    notice.opens = Opens::Handoff(context.handoff_id.clone());
    notice.handoff = Some(Handoff { id: context.handoff_id.clone(), confidential: context.confidential });
    notice.concerns = Some(concern(context)?);
    Ok(News::Notice(Box::new(notice)))
}

fn owner(context: &pb::HandoffContext, side: Side) -> &String {
    match side {
        Side::Upstream => &context.upstream_owner,
        Side::Downstream => &context.downstream_owner,
    }
}

/// Facts about teams, routes and workflows.
fn reference(frame: &Frame<'_>, by_person: Option<String>, kind: Kind) -> Result<News> {
    let proposed = |route_id: &str, proposal: Option<pb::TermsProposal>, is_answer: bool, what: &str| -> Result<News> {
        let Some(from) = proposal.and_then(|proposal| side(proposal.side)) else { return Ok(News::Nothing) };
        let to = if is_answer { from } else { from.other() };
        let notice = frame.notice(by_person.clone(), &format!("{route_id}: new terms are {what}"));
        Ok(News::OfRoute { route: slug(route_id)?, to, notice: Box::new(notice) })
    };
    match kind {
        Kind::TeamCreated(pb::TeamCreated { team }) | Kind::TeamUpdated(pb::TeamUpdated { team }) => {
            let team = team.unwrap_or_default();
            let is_lead = |member: &pb::Member| member.role() == pb::MemberRole::Lead;
            let leads = team.members.iter().filter(|it| is_lead(it)).map(|it| it.principal.clone()).collect();
            Ok(News::Team(Team { id: slug(&team.id)?, leads }))
        }
        Kind::RouteCreated(pb::RouteCreated { route }) | Kind::RouteDiscovered(pb::RouteDiscovered { route }) => {
            let route = route.unwrap_or_default();
            let (from_team, to_team) = (slug(&route.from_team)?, slug(&route.to_team)?);
            Ok(News::Route { id: slug(&route.id)?, from_team, to_team })
        }
        Kind::TermsProposed(it) => proposed(&it.route_id, it.proposal, false, "proposed, and wait for your side"),
        Kind::TermsAgreed(it) => proposed(&it.route_id, it.proposal, true, "agreed to, and in force"),
        Kind::TermsDeclined(it) => proposed(&it.route_id, it.proposal, true, "declined"),
        _ => {
            let headline = format!("{}: {}", frame.message.aggregate, frame.event().replace('_', " "));
            Ok(News::Notice(Box::new(frame.notice(by_person, &headline))))
        }
    }
}

fn concern(context: pb::HandoffContext) -> Result<Concern> {
    Ok(Concern {
        priority: context.priority().as_str_name().trim_start_matches("PRIORITY_").to_owned(),
        route: slug(&context.route_id)?,
        upstream: Party { team: slug(&context.from_team)?, owner: name(&context.upstream_owner) },
        downstream: Party { team: slug(&context.to_team)?, owner: name(&context.downstream_owner) },
    })
}

/// The work and its way.
pub(super) fn title(title: &str, from_team: &str, to_team: &str) -> String {
    let title = if title.is_empty() { "A handoff" } else { title };
    format!("{title} ({from_team} to {to_team})")
}

/// Which sides are told unasked, and what: whoever has to act now, and whoever wants to know what became of what it did.
fn told(kind: &Kind, by: &str, event: &str) -> (Vec<Side>, String) {
    use Side::{Downstream, Upstream};
    let both = || vec![Upstream, Downstream];
    let of = |value: i32| side(value).into_iter().collect::<Vec<_>>();
    let other = |value: i32| side(value).map(Side::other).into_iter().collect::<Vec<_>>();
    match kind {
        Kind::HandoffSubmitted(it) => (vec![Downstream], format!("handed over by {by}, attempt {}", it.attempt)),
        Kind::HandoffRecalled(it) => (vec![Downstream], format!("taken back by {by}, attempt {}", it.attempt)),
        Kind::HandoffReopened(_) => (vec![Downstream], format!("reopened by {by}")),
        Kind::HandoffAccepted(_) => (vec![Upstream], format!("accepted by {by}")),
        Kind::HandoffRejected(it) => (vec![Upstream], format!("rejected by {by}: {}", reasons(&it.reasons))),
        Kind::HandoffReturned(it) => (vec![Upstream], format!("given back by {by}: {}", reasons(&it.reasons))),
        Kind::HandoffCompleted(_) => (vec![Upstream], format!("completed by {by}")),
        Kind::HandoffCancelled(_) => (both(), format!("cancelled by {by}")),
        Kind::HandoffReassigned(it) => (of(it.side), format!("{} speaks for the side now, says {by}", it.owner)),
        Kind::QuestionAsked(pb::QuestionAsked { question })
        | Kind::QuestionInsufficient(pb::QuestionInsufficient { question }) => {
            let question = question.clone().unwrap_or_default();
            let text = question.rounds.last().map(|round| round.text.clone()).unwrap_or_default();
            (other(question.side), format!("{by} asks{}", after_colon(&text)))
        }
        Kind::QuestionAnswered(pb::QuestionAnswered { question }) => {
            let question = question.clone().unwrap_or_default();
            let text = question.rounds.last().map(|round| round.answer.clone()).unwrap_or_default();
            (of(question.side), format!("{by} answers{}", after_colon(&text)))
        }
        Kind::ProposalMade(pb::ProposalMade { proposal }) => {
            let proposal = proposal.clone().unwrap_or_default();
            (
                other(proposal.side),
                format!("{by} proposes something that waits for your side{}", after_colon(&proposal.reason)),
            )
        }
        Kind::ProposalAgreed(pb::ProposalAgreed { proposal }) => {
            (of(proposal.clone().unwrap_or_default().side), format!("{by} agrees to what you proposed"))
        }
        Kind::ProposalDeclined(pb::ProposalDeclined { proposal }) => {
            let proposal = proposal.clone().unwrap_or_default();
            (of(proposal.side), format!("{by} declines what you proposed{}", after_colon(&proposal.decline_reason)))
        }
        Kind::ReviewScheduled(_) => (both(), format!("a review is scheduled by {by}")),
        Kind::ActionAdded(pb::ActionAdded { action }) => {
            let action = action.clone().unwrap_or_default();
            (of(action.side), format!("{by} gives you something to do{}", after_colon(&action.text)))
        }
        _ => (vec![], format!("{}, by {by}", event.replace('_', " "))),
    }
}

fn after_colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn reasons(reasons: &[pb::Reason]) -> String {
    let one = |reason: &pb::Reason| {
        let kind = reason.kind().as_str_name().trim_start_matches("REASON_KIND_").to_lowercase().replace('_', " ");
        match (reason.criterion.is_empty(), reason.text.is_empty()) {
            (false, true) => reason.criterion.clone(),
            (false, false) => format!("{}, {}", reason.criterion, reason.text),
            (true, false) => reason.text.clone(),
            (true, true) => kind,
        }
    };
    reasons.iter().map(one).collect::<Vec<_>>().join("; ")
}
