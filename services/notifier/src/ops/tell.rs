//! Telling whoever wants to know.

use std::collections::BTreeSet;

use chassis::Tx;
use kernel::Result;

use crate::{
    domain::{DAY_SECONDS, DeliveryId, Notice, Side, Subscription, TeamId},
    store::{
        map, notification,
        notification::Told,
        subscription::{self, Filters},
    },
};

/// Tells each notice to every subscription that wants it, once, however often it is heard. What happened longer ago than deliveries are
/// kept is told to nobody: whether it was told is forgotten. `body` gives the event of the notice at a place.
pub(crate) async fn tell(
    tx: &mut Tx,
    filters: &Filters,
    notices: &[Notice],
    keep_days: u32,
    body: &(dyn Fn(usize) -> String + Sync),
) -> Result<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let oldest = tx.now().plus_seconds(-i64::from(keep_days) * DAY_SECONDS);
    let teams = distinct(notices.iter().flat_map(teams_of).map(TeamId::to_string));
    let leads = map::leads(tx, &teams).await?;
    let names = distinct(notices.iter().flat_map(|notice| {
        let owners = notice.concerns.iter().flat_map(|it| [&it.upstream.owner, &it.downstream.owner]);
        owners.flatten().chain(&notice.to_name).cloned().collect::<Vec<_>>()
    }));
    let names = distinct(names.into_iter().chain(teams).chain(leads.values().flatten().cloned()));
    let events = distinct(notices.iter().map(|notice| notice.event.clone()));
    let subscriptions = subscription::that_may_want(tx, filters, &names, &events).await?;
    let is_lead = |team: &TeamId, person: &str| {
        leads.get(team.as_str()).is_some_and(|leads| leads.iter().any(|lead| lead == person))
    };
    let (mut facts, mut bodies, mut told) = (vec![], vec![], vec![]);
    for (place, notice) in notices.iter().enumerate().filter(|(_, notice)| notice.occurred_at >= oldest) {
        let mut wanted: Vec<&Subscription> = subscriptions.iter().filter(|it| it.wants(notice, is_lead)).collect();
        wanted.sort_by_key(|it| it.readiness(tx.now()));
        if wanted.is_empty() {
            if notice.is_addressed() {
                metrics::counter!("baton_notify_unheard_total", "event" => notice.event.clone()).increment(1);
            }
            continue;
        }
        facts.push(notice);
        bodies.push(body(place));
        told.extend(wanted.into_iter().map(|subscription| to(tx, subscription, notice)));
    }
    if !told.is_empty() {
        notification::insert_facts(tx, &facts, &bodies).await?;
        let made = notification::insert(tx, &told).await?;
        metrics::counter!("baton_notify_notifications_total").increment(made);
    }
    hide(tx, notices).await
}

/// Takes the words out of what is kept of handoffs that are confidential by now.
async fn hide(tx: &mut Tx, notices: &[Notice]) -> Result<()> {
    let confidential = notices.iter().filter(|it| it.is_confidential()).filter_map(|it| it.handoff.as_ref());
    let handoffs = distinct(confidential.map(|it| it.id.clone()));
    if handoffs.is_empty() { Ok(()) } else { notification::hide(tx, &handoffs).await }
}

fn to(tx: &Tx, subscription: &Subscription, notice: &Notice) -> Told {
    let address = subscription.place.address();
    let moment = notice.clock.as_ref().and_then(|clock| clock.moment.as_ref());
    let moment = moment.map(|moment| kernel::derived_uuid(&[address.as_bytes(), moment.as_bytes()]));
    let own = || {
        let parts = [subscription.id.as_uuid(), notice.id.as_uuid()];
        DeliveryId::from(kernel::derived_uuid(&[parts[0].as_bytes(), parts[1].as_bytes()]))
    };
    let (delivery_id, gather_at) = match &subscription.digest {
        None => (Some(own()), tx.now()),
        Some(digest) => (None, digest.next_at(tx.now())),
    };
    Told { subscription_id: subscription.id, fact_id: notice.id, delivery_id, gather_at, moment }
}

fn teams_of(notice: &Notice) -> impl Iterator<Item = &TeamId> {
    let sides = [Side::Upstream, Side::Downstream];
    notice.concerns.iter().flat_map(move |concern| sides.map(|side| &concern.party(side).team))
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Puts what waits for a digest that is due into messages; of how many subscriptions.
pub(crate) async fn gather(tx: &mut Tx) -> Result<usize> {
    let due = notification::lock_due(tx).await?;
    for subscription in &due {
        notification::gather(tx, *subscription).await?;
    }
    Ok(due.len())
}

/// Forgets some of what is older than deliveries are kept; how much.
pub(crate) async fn forget(tx: &mut Tx, keep_days: u32) -> Result<u64> {
    let before = tx.now().plus_seconds(-i64::from(keep_days) * DAY_SECONDS);
    notification::forget(tx, before).await
}
