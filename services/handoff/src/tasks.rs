//! What happens by itself when its time has come.

use chassis::{Context, Next};
use kernel::Result;

use crate::{ops, store};

/// Ends holds whose time has come.
pub(crate) async fn end_holds(context: Context) -> Result<Next> {
    let next = store::handoff::next_hold_until(context.pool()).await?;
    let Some(until) = next else { return Ok(Next::Idle) };
    if context.now().await? < until {
        return Ok(Next::At(until));
    }
    let ended = context.transact("", &(), |tx, ()| Box::pin(ops::hold::expire(tx))).await?;
    // Those that another transaction holds are looked for again after a breath.
    Ok(if ended > 0 { Next::AtOnce } else { Next::Idle })
}
