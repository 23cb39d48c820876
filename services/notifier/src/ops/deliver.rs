//! Sending messages: claimed, tried, settled.

use chassis::Tx;
use kernel::{Result, Timestamp};

use crate::{
    domain::{
        Delivery, Outcome,
        subscription::{Change, State},
    },
    store::{
        delivery::{self, Claim, Claimed, Ended},
        subscription::{self, Filters},
    },
};

/// What is due.
#[derive(Debug)]
pub(crate) struct Due {
    /// When that was.
    pub(crate) now: Timestamp,
    /// What is to be sent.
    pub(crate) to_send: Vec<Claimed>,
    /// Whether anything was due, to be sent or put off.
    pub(crate) is_any: bool,
}

/// Claims messages that are due; those whose recipient is not to be disturbed now are put off until that is over.
pub(crate) async fn claim(tx: &mut Tx, claim: &Claim) -> Result<Due> {
    let now = tx.now();
    let mut to_send = vec![];
    let due = delivery::claim(tx, claim).await?;
    let is_any = !due.is_empty();
    for claimed in due {
        let over_at = claimed.quiet_hours.as_ref().filter(|_| !claimed.is_test).map(|quiet| quiet.over_at(now));
        match over_at.filter(|over_at| *over_at > now) {
            Some(over_at) => delivery::put_off(tx, &claimed.delivery, over_at).await?,
            None => to_send.push(claimed),
        }
    }
    Ok(Due { now, to_send, is_any })
}

/// An attempt, as it went.
#[derive(Debug, Clone)]
pub(crate) struct Went {
    pub(crate) delivery: Delivery,
    /// Where it was sent.
    pub(crate) address: String,
    pub(crate) started_at: Timestamp,
    pub(crate) millis: i32,
    pub(crate) status: i32,
    pub(crate) outcome: Outcome,
}

/// Notes how an attempt went, and what follows: a receiver that wants nothing more is sent nothing more.
pub(crate) async fn settle(tx: &mut Tx, filters: &Filters, went: &Went) -> Result<()> {
    let now = tx.now();
    let Went { delivery: it, address, started_at, millis, status, outcome } = went;
    if let Outcome::Gone { problem } = outcome
        && let Some(mut gone) = subscription::lock(tx, filters, it.subscription_id).await?
        && gone.state == State::Enabled
        && gone.place.address() == *address
    {
        gone.change(Change { state: Some(State::Disabled(problem.clone())), ..Change::default() }, now)?;
        subscription::update(tx, &gone).await?;
    }
    let ended =
        Ended { started_at: *started_at, millis: *millis, status: *status, problem: outcome.problem().to_owned() };
    delivery::settle(tx, it, &ended, &it.after(outcome, now)).await
}
