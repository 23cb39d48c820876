//! What one side asks and the other answers.

use chassis::Tx;
use kernel::{Actor, Result};

use super::{Target, handoff::change};
use crate::domain::{
    Handoff, QuestionId,
    handoff::{Ask, Reply},
};

/// A side asks.
pub(crate) async fn ask(tx: &mut Tx, by: &Actor, target: &Target, ask: Ask) -> Result<Handoff> {
    let id = QuestionId::from(tx.new_id());
    change(tx, by, target, |handoff, acting, now| handoff.ask(acting, id, ask, now)).await
}

/// The other side answers.
pub(crate) async fn answer(tx: &mut Tx, by: &Actor, target: &Target, reply: Reply) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.answer(acting, reply, now)).await
}

/// The asking side calls the answer insufficient.
pub(crate) async fn mark_insufficient(tx: &mut Tx, by: &Actor, target: &Target, reply: Reply) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.mark_insufficient(acting, reply, now)).await
}

/// The asking side closes its question.
pub(crate) async fn close(tx: &mut Tx, by: &Actor, target: &Target, id: QuestionId) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.close_question(acting, id, now)).await
}
