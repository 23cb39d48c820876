//! What the SLA monitor tells, beside the handoffs that it tells it of.

use chassis::Tx;
use kernel::Result;

use crate::{
    domain::clock::{Told, is_shown, latest},
    store,
};

/// Keeps the clocks as they now are and what the timeline shows of them, and moves the due times in the lists with them. A repeat
/// changes nothing; what is of no handoff here is left out. Nothing of it is a change of the handoff.
pub(crate) async fn take_in(tx: &mut Tx, told: &[Told]) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    store::clock::save(tx, &latest(told)).await?;
    let shown: Vec<&Told> = told.iter().filter(|told| is_shown(&told.fact.name)).collect();
    store::clock::record(tx, &shown).await?;
    let handoffs: Vec<_> = told.iter().map(|told| told.handoff).collect();
    store::clock::show_due(tx, &handoffs).await
}
