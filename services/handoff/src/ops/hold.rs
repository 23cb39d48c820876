//! Declared waits, and how they end by themselves.

use chassis::Tx;
use kernel::{Actor, Result};

use super::{
    Target,
    handoff::{change, say},
};
use crate::{
    domain::{Handoff, Side, handoff::Wait},
    store,
};

/// So many holds end in one transaction.
const BATCH: i64 = 100;

/// A side declares a wait.
pub(crate) async fn hold(tx: &mut Tx, by: &Actor, target: &Target, wait: Wait) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.wait(acting, wait, now)).await
}

/// A hold ends.
pub(crate) async fn resume(tx: &mut Tx, by: &Actor, target: &Target, side: Option<Side>) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.resume(acting, side, now)).await
}

/// Ends holds whose time has come, the longest past first; returns how many. Handoffs that others work on at this moment are
/// left to the next round.
pub(crate) async fn expire(tx: &mut Tx) -> Result<usize> {
    let due = store::handoff::lock_held_until(tx, tx.now(), BATCH).await?;
    let count = due.len();
    for mut handoff in due {
        let happened = handoff.expire_hold(tx.now())?;
        say(tx, &Actor::System, &mut handoff, happened).await?;
    }
    Ok(count)
}
