//! Subscribing, changing and ending.

use chassis::Tx;
use kernel::{Actor, Result};

use crate::{
    domain::{
        DeliveryId, Digest, Place, QuietHours, Recipient, Refused, Selection, Subscription, SubscriptionId,
        subscription::{Change, State},
    },
    store::{
        delivery::{self, Again},
        notification,
        subscription::{self, Filters},
    },
};

/// So many subscriptions a recipient may have.
const MOST_OF_ONE: i64 = 100;

/// A place is tested at most so often: nobody is to be flooded.
const TEST_EVERY_SECONDS: i64 = 10;

/// What somebody wants to subscribe to.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) who: Recipient,
    pub(crate) what: Selection,
    pub(crate) place: Place,
    pub(crate) quiet_hours: Option<QuietHours>,
    pub(crate) digest: Option<Digest>,
}

/// Subscribes; a webhook gets its key.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, wish: Wish) -> Result<Subscription> {
    wish.who.must_be_changed_by(by)?;
    wish.what.must_fit(&wish.who)?;
    if subscription::count(tx, &wish.who).await? >= MOST_OF_ONE {
        return Err(Refused::TooMany(MOST_OF_ONE).into());
    }
    let now = tx.now();
    let Wish { who, what, mut place, quiet_hours, digest } = wish;
    if place.lacks_key() {
        place.rotate(subscription::new_key(tx).await?, now, 0);
    }
    let created = Subscription {
        id: tx.new_id().into(),
        who,
        what,
        place,
        quiet_hours,
        digest,
        state: State::Enabled,
        revision: 1,
        created_by: by.name().to_owned(),
        created_at: now,
        updated_at: now,
    };
    created.must_not_collect_for_programs()?;
    subscription::insert(tx, &created).await?;
    Ok(created)
}

/// A subscription that the caller may change, locked.
async fn own(tx: &mut Tx, filters: &Filters, by: &Actor, id: SubscriptionId) -> Result<Subscription> {
    let found = subscription::lock(tx, filters, id).await?.filter(|it| it.who.is_seen_by(by));
    let found = found.ok_or(Refused::SubscriptionNotFound(id))?;
    found.who.must_be_changed_by(by)?;
    Ok(found)
}

/// The same, of one that is not ended.
async fn alive(tx: &mut Tx, filters: &Filters, by: &Actor, id: SubscriptionId) -> Result<Subscription> {
    let found = own(tx, filters, by, id).await?;
    if found.state == State::Ended {
        return Err(Refused::SubscriptionNotFound(id).into());
    }
    Ok(found)
}

/// Changes a subscription; at another revision than the expected one (0: any) it refuses.
pub(crate) async fn change(
    tx: &mut Tx,
    filters: &Filters,
    by: &Actor,
    (id, expected_revision): (SubscriptionId, i64),
    change: Change,
) -> Result<Subscription> {
    let mut changed = alive(tx, filters, by, id).await?;
    if expected_revision != 0 && expected_revision != changed.revision {
        return Err(Refused::RevisionMismatch { id, revision: changed.revision }.into());
    }
    let (other_digest, other_hours) = (change.digest.is_some(), change.quiet_hours.is_some());
    changed.change(change, tx.now())?;
    subscription::update(tx, &changed).await?;
    if other_digest {
        notification::gather_now(tx, id).await?;
    }
    if other_hours {
        delivery::put_off_no_more(tx, id).await?;
    }
    Ok(changed)
}

/// Ends a subscription, with all that it has not sent yet; again, it changes nothing. Returns how many messages are given up.
pub(crate) async fn end(tx: &mut Tx, filters: &Filters, by: &Actor, id: SubscriptionId) -> Result<u64> {
    let mut ended = own(tx, filters, by, id).await?;
    if ended.state == State::Ended {
        return Ok(0);
    }
    ended.change(Change { state: Some(State::Ended), ..Change::default() }, tx.now())?;
    subscription::update(tx, &ended).await?;
    delivery::give_up(tx, id, "the subscription was ended").await
}

/// Gives a webhook another key; those before sign beside it for a while.
pub(crate) async fn rotate(
    tx: &mut Tx,
    filters: &Filters,
    by: &Actor,
    id: SubscriptionId,
    overlap_seconds: i64,
) -> Result<Subscription> {
    let mut rotated = alive(tx, filters, by, id).await?;
    let key = subscription::new_key(tx).await?;
    rotated.rotate(key, overlap_seconds, tx.now())?;
    subscription::update(tx, &rotated).await?;
    Ok(rotated)
}

/// Sends a test, one at a time.
pub(crate) async fn test(tx: &mut Tx, filters: &Filters, by: &Actor, id: SubscriptionId) -> Result<DeliveryId> {
    if alive(tx, filters, by, id).await?.state != State::Enabled {
        return Err(Refused::Disabled(id).into());
    }
    let since = tx.now().plus_seconds(-TEST_EVERY_SECONDS);
    if delivery::is_tested_since(tx, id, since).await? {
        return Err(Refused::JustTested(id).into());
    }
    let delivery_id = tx.new_id().into();
    delivery::insert_test(tx, delivery_id, id).await?;
    Ok(delivery_id)
}

/// Sends again what has ended; how many messages.
pub(crate) async fn send_again(tx: &mut Tx, filters: &Filters, by: &Actor, again: &Again) -> Result<u64> {
    alive(tx, filters, by, again.subscription_id).await?;
    if let Some(id) = again.delivery_id
        && !delivery::has(tx, again.subscription_id, id).await?
    {
        return Err(Refused::DeliveryNotFound(id).into());
    }
    delivery::send_again(tx, again).await
}
