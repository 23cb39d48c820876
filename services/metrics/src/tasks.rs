//! What time does.

use chassis::{Context, Next};
use kernel::Result;

use crate::{
    ops,
    store::{Generation, book::Shelf},
};

/// Asks both sides again where that is due, some at a time.
pub(crate) async fn follow_up(context: Context) -> Result<Next> {
    let asked = context.transact("", &(), |tx, ()| Box::pin(ops::survey::follow_up(tx)));
    Ok(if asked.await? > 0 { Next::AtOnce } else { Next::Idle })
}

/// Measures handoffs anew that a calendar has changed for, some at a time.
pub(crate) async fn measure_stale(context: Context, shelf: Shelf) -> Result<Next> {
    let measured = context.transact("", &shelf, |tx, shelf| {
        Box::pin(async move {
            let generation = Generation::enter(tx).await?;
            ops::hear::measure_stale(tx, shelf, generation).await
        })
    });
    Ok(if measured.await? > 0 { Next::AtOnce } else { Next::Idle })
}
