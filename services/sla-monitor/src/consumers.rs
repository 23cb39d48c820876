//! What this service hears: the facts of the handoff service, read into the domain's terms and taken in by one op.

use std::{collections::BTreeMap, ops::RangeInclusive};

use api::{handoff::v1 as pb, r#type::v1 as common};
use chassis::{
    Tx,
    consumer::{Consumer, Heard as Message},
};
use futures::future::BoxFuture;
use kernel::{Error, Result, Timestamp};
use prost::Message as _;

use crate::{
    domain::{
        CalendarId, HandoffId, PolicyId, Priority, Side, SubjectId,
        heard::{About, Fact, Heard, Link, State, What},
    },
    ops,
    store::book::Shelf,
};

/// The package of the handoff service.
pub(crate) const HANDOFF: &str = "baton.handoff.v1";

/// Longer texts are no values that a condition could ask for.
const VALUE_BYTES: usize = 200;

/// Takes in what the handoff service says.
#[derive(Debug, Clone)]
pub(crate) struct Handoffs(pub(crate) Shelf);

impl Consumer for Handoffs {
    fn apply<'t>(&'t self, tx: &'t mut Tx, facts: &'t [Message]) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            let heard = facts.iter().map(read).collect::<Result<Vec<_>>>()?;
            ops::hear::take_in(tx, &self.0, &heard).await
        })
    }

    fn park<'t>(&'t self, tx: &'t mut Tx, aggregate: &'t str) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            match handoff(aggregate) {
                Some(id) => ops::hear::park(tx, id).await,
                None => Ok(()),
            }
        })
    }

    fn unpark<'t>(
        &'t self,
        tx: &'t mut Tx,
        aggregate: &'t str,
        given_up: Option<RangeInclusive<i64>>,
    ) -> BoxFuture<'t, Result<()>> {
        Box::pin(async move {
            match handoff(aggregate) {
                Some(id) => ops::hear::unpark(tx, id, given_up).await,
                None => Ok(()),
            }
        })
    }
}

fn handoff(aggregate: &str) -> Option<HandoffId> {
    let id = aggregate.strip_prefix("handoff/")?.parse::<uuid::Uuid>().ok()?;
    Some(id.into())
}

/// A fact in the domain's terms.
pub(crate) fn read(message: &Message) -> Result<Heard> {
    let event = pb::HandoffEvent::decode(&message.payload[..]).map_err(Error::fault)?;
    let Some(context) = event.handoff else { return reference(message, event.kind) };
    let id = context.handoff_id.parse::<uuid::Uuid>().map_err(Error::fault)?;
    let what = match event.kind {
        Some(kind) => what(kind)?,
        None => What::Other { known: false },
    };
    Ok(Heard::Handoff(Box::new(Fact {
        id: id.into(),
        revision: message.aggregate_seq,
        position: message.position,
        at: message.occurred_at,
        recorded_at: message.recorded_at,
        historic: message.historic,
        about: about(context)?,
        what,
    })))
}

fn reference(message: &Message, kind: Option<pb::handoff_event::Kind>) -> Result<Heard> {
    use pb::handoff_event::Kind;
    let route = |route: Option<pb::Route>| {
        let route = route.unwrap_or_default();
        terms(&route.id, route.terms)
    };
    match kind {
        Some(Kind::TeamCreated(pb::TeamCreated { team }) | Kind::TeamUpdated(pb::TeamUpdated { team })) => {
            let team = team.unwrap_or_default();
            Ok(Heard::Team {
                team: slug(&team.id)?,
                calendar: optional_slug::<CalendarId>(&team.calendar_id)?,
                at: message.occurred_at,
            })
        }
        Some(Kind::RouteCreated(it)) => route(it.route),
        Some(Kind::RouteUpdated(it)) => route(it.route),
        Some(Kind::RouteDiscovered(it)) => route(it.route),
        Some(Kind::TermsSet(it)) => terms(&it.route_id, it.terms),
        Some(Kind::TermsAgreed(it)) => terms(&it.route_id, it.terms),
        _ => Ok(Heard::Nothing),
    }
}

fn terms(route: &str, terms: Option<pb::Terms>) -> Result<Heard> {
    let Some(terms) = terms else { return Ok(Heard::Nothing) };
    let policy = optional_slug::<PolicyId>(&terms.sla_policy_id)?;
    Ok(Heard::Terms { route: slug(route)?, version: terms.version, policy })
}

fn about(context: pb::HandoffContext) -> Result<About> {
    let state = context.state().as_str_name();
    let priority = context.priority().as_str_name();
    let unknown = |what: &str, name: &str| Error::fault(format!("a handoff of {what} {name}"));
    Ok(About {
        state: State::from_name(state.trim_start_matches("HANDOFF_STATE_")).ok_or_else(|| unknown("state", state))?,
        priority: Priority::from_name(priority.trim_start_matches("PRIORITY_")).unwrap_or(Priority::Normal),
        route_id: slug(&context.route_id)?,
        from_team: slug(&context.from_team)?,
        to_team: slug(&context.to_team)?,
        title: context.title,
        confidential: context.confidential,
        upstream_owner: context.upstream_owner,
        downstream_owner: context.downstream_owner,
        origin: context.origin.map(|origin| (origin.system, origin.key)),
    })
}

#[expect(clippy::too_many_lines, reason = "one arm for each fact: the list is what is to be read")]
fn what(kind: pb::handoff_event::Kind) -> Result<What> {
    use pb::handoff_event::Kind;
    Ok(match kind {
        Kind::HandoffCreated(it) => What::Created {
            terms_version: it.terms_version,
            triggered_at: optional_instant(it.triggered_at)?,
            deliver_by: optional_instant(it.deliver_by)?,
            fields: it.fields.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect(),
            links: links(it.links),
        },
        Kind::HandoffEdited(it) => edited(it)?,
        Kind::HandoffSubmitted(_) => What::Submitted,
        Kind::HandoffRecalled(_) => What::Recalled,
        Kind::HandoffAccepted(_) => What::Accepted,
        Kind::HandoffRejected(_) => What::Rejected,
        Kind::HandoffBegun(_) => What::Begun,
        Kind::HandoffCompleted(_) => What::Completed,
        Kind::HandoffReopened(_) => What::Reopened,
        Kind::HandoffReturned(_) => What::Returned,
        Kind::HandoffCancelled(_) => What::Cancelled,
        Kind::HandoffHeld(it) => What::Held { agreed: it.agreed },
        Kind::HandoffResumed(_) => What::Resumed,
        Kind::QuestionAsked(pb::QuestionAsked { question })
        | Kind::QuestionInsufficient(pb::QuestionInsufficient { question }) => {
            let question = question.unwrap_or_default();
            What::Asked {
                question: subject(&question.id)?,
                side: side(question.side)?,
                blocking: question.blocking,
                round: i32::try_from(question.rounds.len()).map_err(Error::fault)?,
            }
        }
        Kind::QuestionAnswered(it) => What::Answered { question: subject(&it.question.unwrap_or_default().id)? },
        Kind::QuestionClosed(it) => What::Closed { question: subject(&it.question.unwrap_or_default().id)? },
        Kind::ProposalMade(it) => {
            let proposal = it.proposal.unwrap_or_default();
            What::Proposed { proposal: subject(&proposal.id)?, side: side(proposal.side)? }
        }
        Kind::ProposalAgreed(it) => What::Agreed { proposal: subject(&it.proposal.unwrap_or_default().id)? },
        Kind::ProposalDeclined(it) => What::Declined { proposal: subject(&it.proposal.unwrap_or_default().id)? },
        Kind::ProposalLapsed(it) => What::Lapsed { proposal: subject(&it.proposal.unwrap_or_default().id)? },
        Kind::ActionAdded(pb::ActionAdded { action }) | Kind::ActionConfirmed(pb::ActionConfirmed { action }) => {
            let action = action.unwrap_or_default();
            if action.unconfirmed {
                return Ok(What::Other { known: true });
            }
            What::ActionDue {
                action: subject(&action.id)?,
                side: side(action.side)?,
                due_at: optional_instant(action.due_at)?,
            }
        }
        Kind::ActionDone(it) => What::ActionDone { action: subject(&it.action.unwrap_or_default().id)? },
        Kind::DeadlineChanged(it) => What::DeadlineChanged { deliver_by: instant(it.deliver_by)? },
        Kind::LinkAdded(it) => What::Linked(link(it.link.unwrap_or_default())),
        Kind::LinkRemoved(it) => What::Unlinked(link(it.link.unwrap_or_default())),
        Kind::ItemChanged(_)
        | Kind::HandoffClaimed(_)
        | Kind::HandoffUnclaimed(_)
        | Kind::HandoffReassigned(_)
        | Kind::HandoffMigrated(_)
        | Kind::ReadBackConfirmed(_)
        | Kind::ReviewScheduled(_)
        | Kind::ReviewHeld(_)
        | Kind::ReviewMissed(_)
        | Kind::ReviewWaived(_)
        | Kind::ReviewCancelled(_)
        | Kind::PriorityChanged(_)
        | Kind::CriterionWaived(_)
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
        | Kind::WorkflowUpdated(_) => What::Other { known: true },
    })
}

fn edited(mut it: pb::HandoffEdited) -> Result<What> {
    let mut fields = BTreeMap::new();
    for key in it.changed.iter().filter_map(|changed| changed.strip_prefix("fields.")) {
        fields.insert(key.to_owned(), it.fields.get(key).and_then(text));
    }
    let is_changed = |name: &str| it.changed.iter().any(|changed| changed == name);
    let deliver_by = is_changed("deliver_by").then(|| optional_instant(it.deliver_by)).transpose()?;
    let has_links = is_changed("links");
    let its_links = std::mem::take(&mut it.links);
    Ok(What::Edited { fields, deliver_by, links: has_links.then(|| links(its_links)) })
}

/// A value as conditions write it; none where it has no such form, or is long.
fn text(value: &common::FieldValue) -> Option<String> {
    use common::field_value::Kind;
    let text = match value.kind.as_ref()? {
        Kind::Text(text) | Kind::Decimal(text) | Kind::Date(text) => text.clone(),
        Kind::Integer(number) => number.to_string(),
        Kind::Flag(flag) => flag.to_string(),
        Kind::Money(_) | Kind::Timestamp(_) | Kind::Choices(_) | Kind::Record(_) | Kind::Attachment(_) => return None,
    };
    (text.len() <= VALUE_BYTES).then_some(text)
}

fn links(links: Vec<pb::Link>) -> Vec<Link> {
    links.into_iter().map(link).collect()
}

fn link(link: pb::Link) -> Link {
    Link { system: link.system, key: link.key, url: link.url }
}

fn side(value: i32) -> Result<Side> {
    match common::Side::try_from(value) {
        Ok(common::Side::Upstream) => Ok(Side::Upstream),
        Ok(common::Side::Downstream) => Ok(Side::Downstream),
        _ => Err(Error::fault("a fact without its side")),
    }
}

fn subject(id: &str) -> Result<SubjectId> {
    id.parse::<uuid::Uuid>().map(Into::into).map_err(Error::fault)
}

fn slug<T: std::str::FromStr<Err = kernel::BadSlug>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::fault)
}

fn optional_slug<T: std::str::FromStr<Err = kernel::BadSlug>>(text: &str) -> Result<Option<T>> {
    if text.is_empty() { Ok(None) } else { slug(text).map(Some) }
}

fn instant(time: Option<prost_types::Timestamp>) -> Result<Timestamp> {
    optional_instant(time)?.ok_or_else(|| Error::fault("a fact without an instant"))
}

fn optional_instant(time: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>> {
    let Some(time) = time else { return Ok(None) };
    let read = Timestamp::from_seconds_and_nanos(time.seconds, time.nanos);
    read.map(Some).ok_or_else(|| Error::fault("an instant out of range"))
}
