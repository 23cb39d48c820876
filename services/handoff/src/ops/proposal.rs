//! What needs the consent of both sides.

use chassis::Tx;
use kernel::{Actor, Result};

use super::{Target, handoff::change};
use crate::domain::{
    Handoff, ProposalId,
    handoff::{Decline, Propose},
};

/// A side proposes.
pub(crate) async fn propose(tx: &mut Tx, by: &Actor, target: &Target, propose: Propose) -> Result<Handoff> {
    let id = ProposalId::from(tx.new_id());
    change(tx, by, target, |handoff, acting, now| handoff.propose(acting, id, propose, now)).await
}

/// The other side agrees.
pub(crate) async fn agree(tx: &mut Tx, by: &Actor, target: &Target, id: ProposalId) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.agree(acting, id, now)).await
}

/// The other side declines.
pub(crate) async fn decline(tx: &mut Tx, by: &Actor, target: &Target, decline: Decline) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.decline(acting, decline, now)).await
}
