//! What is done to handoffs.

use std::collections::BTreeMap;

use chassis::Tx;
use criteria::{Attachment, Value};
use kernel::{Actor, Result, Timestamp};

use super::{Place, Target, route};
use crate::{
    domain::{
        Acting, ActionId, Handoff, HandoffId, Happened, Link, NewAction, Origin, Pin, Priority, Refused, Side, Summary,
        handoff::{
            Accept, Binding, Cancel, ConfirmReadBack, Create, MigrateTo, Migrated, Reject, Reopen, Return, TickItem,
            Update,
        },
        route as map,
    },
    events::said,
    store::{self, handoff::Changed},
    templates::Pinned,
};

/// A handoff to be created.
#[derive(Debug, Clone)]
pub(crate) struct New {
    /// Where.
    pub(crate) place: Place,
    /// Why an administrator acts for a side it is not in.
    pub(crate) override_reason: Option<String>,
    /// What.
    pub(crate) draft: Draft,
}

/// All that its creator says of it; see [`Create`].
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) side: Option<Side>,
    pub(crate) title: String,
    pub(crate) summary: Summary,
    pub(crate) priority: Priority,
    pub(crate) confidential: bool,
    pub(crate) triggered_at: Option<Timestamp>,
    pub(crate) deliver_by: Option<Timestamp>,
    pub(crate) fields: BTreeMap<String, Value>,
    pub(crate) origin: Option<Origin>,
    pub(crate) follows: Option<HandoffId>,
    pub(crate) links: Vec<Link>,
    pub(crate) attachments: Vec<Attachment>,
}

/// Downstream takes the work.
#[derive(Debug, Clone)]
pub(crate) struct Accepting {
    pub(crate) attempt: i32,
    pub(crate) read_back: Option<String>,
    pub(crate) conditions: Vec<Duty>,
}

/// A small duty that is to be laid down.
#[derive(Debug, Clone)]
pub(crate) struct Duty {
    pub(crate) text: String,
    pub(crate) side: Side,
    pub(crate) due_at: Timestamp,
    pub(crate) owner: Option<String>,
}

impl Duty {
    pub(super) fn named(self, tx: &mut Tx) -> NewAction {
        let Self { text, side, due_at, owner } = self;
        NewAction { id: ActionId::from(tx.new_id()), text, side, owner, due_at }
    }
}

/// A draft, or the handoff that its origin has already; and whether it was made. `pinned` is the version that the terms named
/// when it was looked up.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, new: &New, pinned: Option<&Pinned>) -> Result<(Handoff, bool)> {
    if let Some(origin) = &new.draft.origin
        && let Some(there) = store::handoff::lock_by_origin(tx, &Actor::System, &[origin]).await?.pop()
    {
        return if there.visible_to(by) {
            Ok((there, false))
        } else {
            Err(Refused::OriginTaken(origin.clone()).into())
        };
    }
    if let Some(follows) = new.draft.follows
        && store::handoff::lock(tx, by, follows).await?.is_none()
    {
        return Err(Refused::NotFound { kind: "handoff", id: follows.to_string() }.into());
    }
    let route = find_route(tx, by, &new.place).await?;
    let choice = route.terms.as_ref().and_then(|terms| terms.template.as_ref());
    let (pin, criteria) = match (choice, pinned) {
        (Some(choice), Some(pinned)) if pinned.choice == *choice => (pinned.pin.clone(), pinned.criteria.clone()),
        (None, _) => {
            let empty = Pin::empty();
            let criteria = store::template::criteria(tx.connection(), empty.content_hash).await?;
            (empty, criteria)
        }
        _ => return Err(Refused::TermsMoved(route.id).into()),
    };
    let acting = Acting { actor: by, override_reason: new.override_reason.as_deref() };
    let binding = Binding::to(&route, pin, criteria)?;
    let id = HandoffId::from(tx.new_id());
    let (mut handoff, happened) = Handoff::create(acting, binding, new.draft.clone().named(id), tx.now())?;
    say(tx, by, &mut handoff, happened).await?;
    Ok((handoff, true))
}

/// Upstream changes what it hands over.
pub(crate) async fn update(tx: &mut Tx, by: &Actor, target: &Target, update: Update) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.update(acting, update, now)).await
}

/// The item's side ticks it.
pub(crate) async fn tick(tx: &mut Tx, by: &Actor, target: &Target, tick: TickItem) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.tick(acting, tick, now)).await
}

/// Upstream hands over.
pub(crate) async fn submit(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    let mut handoff = lock(tx, by, target).await?;
    let first_time_pair = store::handoff::first_time_pair(tx.connection(), &handoff.route_id).await?;
    let happened = handoff.submit(target.acting(by), first_time_pair, tx.now())?;
    say(tx, by, &mut handoff, happened).await?;
    Ok(handoff)
}

/// Downstream takes the work.
pub(crate) async fn accept(tx: &mut Tx, by: &Actor, target: &Target, accepting: Accepting) -> Result<Handoff> {
    let conditions = accepting.conditions.into_iter().map(|duty| duty.named(tx)).collect();
    let accept = Accept { attempt: accepting.attempt, read_back: accepting.read_back, conditions };
    change(tx, by, target, |handoff, acting, now| handoff.accept(acting, accept, now)).await
}

/// Downstream does not take the work.
pub(crate) async fn reject(tx: &mut Tx, by: &Actor, target: &Target, reject: Reject) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.reject(acting, reject, now)).await
}

/// Downstream begins.
pub(crate) async fn begin(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    change(tx, by, target, Handoff::begin).await
}

/// Downstream has done the work.
pub(crate) async fn complete(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    change(tx, by, target, Handoff::complete).await
}

/// Downstream gives accepted work back.
pub(crate) async fn give_back(tx: &mut Tx, by: &Actor, target: &Target, give_back: Return) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.give_back(acting, give_back, now)).await
}

/// Upstream reopens completed work.
pub(crate) async fn reopen(tx: &mut Tx, by: &Actor, target: &Target, reopen: Reopen) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.reopen(acting, reopen, now)).await
}

/// Upstream gives the handoff up.
pub(crate) async fn cancel(tx: &mut Tx, by: &Actor, target: &Target, cancel: Cancel) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.cancel(acting, cancel, now)).await
}

/// Upstream takes it back.
pub(crate) async fn recall(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    change(tx, by, target, Handoff::recall).await
}

/// Upstream confirms or corrects a read-back.
pub(crate) async fn confirm_read_back(
    tx: &mut Tx,
    by: &Actor,
    target: &Target,
    confirm: ConfirmReadBack,
) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.confirm_read_back(acting, confirm, now)).await
}

/// Upstream moves a draft to the version that was looked up.
pub(crate) async fn migrate_draft(
    tx: &mut Tx,
    by: &Actor,
    target: &Target,
    to: &MigrateTo,
) -> Result<(Handoff, Migrated)> {
    let mut handoff = lock(tx, by, target).await?;
    let (happened, migrated) = handoff.migrate(target.acting(by), to, tx.now())?;
    say(tx, by, &mut handoff, happened).await?;
    Ok((handoff, migrated))
}

/// Load, decide, say, save: every command on one handoff.
pub(super) async fn change(
    tx: &mut Tx,
    by: &Actor,
    target: &Target,
    decide: impl FnOnce(&mut Handoff, Acting<'_>, Timestamp) -> Result<Happened, Refused>,
) -> Result<Handoff> {
    let mut handoff = lock(tx, by, target).await?;
    let happened = decide(&mut handoff, target.acting(by), tx.now())?;
    say(tx, by, &mut handoff, happened).await?;
    Ok(handoff)
}

async fn lock(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    let unknown = || Refused::NotFound { kind: "handoff", id: target.id.to_string() };
    let handoff = store::handoff::lock(tx, by, target.id).await?.ok_or_else(unknown)?;
    target.expected.must_match(handoff.head.revision)?;
    Ok(handoff)
}

pub(super) async fn say(tx: &mut Tx, by: &Actor, handoff: &mut Handoff, happened: Happened) -> Result<()> {
    if happened.facts.is_empty() {
        return Ok(());
    }
    let facts = happened.facts.clone();
    tx.emit(handoff, by, &said(happened))?;
    store::handoff::save(tx, &[Changed::by(handoff, &facts)]).await
}

async fn find_route(tx: &mut Tx, by: &Actor, place: &Place) -> Result<map::Route> {
    match place {
        Place::Route(id) => {
            let unknown = || Refused::NotFound { kind: "route", id: id.to_string() };
            Ok(store::route::get(tx.connection(), id).await?.ok_or_else(unknown)?)
        }
        Place::Pair(from, to) => match map::of_pair(store::route::of_pair(tx.connection(), from, to).await?)? {
            Some(route) => Ok(route),
            None => route::discover(tx, by, from, to).await,
        },
    }
}

impl Draft {
    fn named(self, id: HandoffId) -> Create {
        Create {
            id,
            side: self.side,
            title: self.title,
            summary: self.summary,
            priority: self.priority,
            confidential: self.confidential,
            triggered_at: self.triggered_at,
            deliver_by: self.deliver_by,
            fields: self.fields,
            origin: self.origin,
            follows: self.follows,
            links: self.links,
            attachments: self.attachments,
        }
    }
}
