//! Declared waits, and how they end by themselves.

use chassis::Tx;
use kernel::{Actor, Result};

use super::{
    Target,
    handoff::{change, say},
};
use crate::{
    domain::{Handoff, HandoffId, Side, handoff::Wait},
    store,
};

/// A side declares a wait.
pub(crate) async fn hold(tx: &mut Tx, by: &Actor, target: &Target, wait: Wait) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.wait(acting, wait, now)).await
}

/// A hold ends.
pub(crate) async fn resume(tx: &mut Tx, by: &Actor, target: &Target, side: Option<Side>) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.resume(acting, side, now)).await
}

/// Ends the hold of a handoff, if its time has come.
pub(crate) async fn expire(tx: &mut Tx, id: HandoffId) -> Result<()> {
    let Some(mut handoff) = store::handoff::lock(tx, &Actor::System, id).await? else { return Ok(()) };
    let happened = handoff.expire_hold(tx.now())?;
    say(tx, &Actor::System, &mut handoff, happened).await
}
