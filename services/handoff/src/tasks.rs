//! What happens by itself when its time has come.

use chassis::{Context, Next};
use kernel::{Error, Result};

use crate::{ops, store};

/// So many holds end in one tick.
const BATCH: i64 = 100;

/// Ends holds whose time has come, the longest past first, each on its own: one that cannot be ended keeps no other waiting.
pub(crate) async fn end_holds(context: Context) -> Result<Next> {
    let Some(until) = store::handoff::next_hold_until(context.pool()).await? else { return Ok(Next::Idle) };
    let now = context.now().await?;
    if now < until {
        return Ok(Next::At(until));
    }
    let mut next = Next::Idle;
    for id in store::handoff::held_until(context.pool(), now, BATCH).await? {
        match context.transact("", &id, |tx, id| Box::pin(ops::hold::expire(tx, *id))).await {
            Ok(()) => next = Next::AtOnce,
            Err(away @ Error::Away { .. }) => return Err(away),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(handoff = %id, error, "the hold cannot be ended");
            }
        }
    }
    Ok(next)
}
