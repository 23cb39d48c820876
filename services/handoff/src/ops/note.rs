//! What either side adds beside the work, and who looks at it or speaks for a side.

use chassis::Tx;
use criteria::Attachment;
use kernel::{Actor, Result};

use super::{
    Target,
    handoff::{Duty, change},
};
use crate::domain::{
    ActionId, CommentId, Handoff, Link,
    handoff::{Comment, Confidential, LinkedRecord, Note, Reassign},
};

/// A side says something.
pub(crate) async fn comment(tx: &mut Tx, by: &Actor, target: &Target, note: Note<Comment>) -> Result<Handoff> {
    let id = CommentId::from(tx.new_id());
    change(tx, by, target, |handoff, acting, now| handoff.comment(acting, id, note, now)).await
}

/// A side links an outside record.
pub(crate) async fn add_link(tx: &mut Tx, by: &Actor, target: &Target, note: Note<Link>) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.add_link(acting, note, now)).await
}

/// A side takes a link away.
pub(crate) async fn remove_link(tx: &mut Tx, by: &Actor, target: &Target, note: Note<LinkedRecord>) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.remove_link(acting, note, now)).await
}

/// A side refers to a document.
pub(crate) async fn add_attachment(
    tx: &mut Tx,
    by: &Actor,
    target: &Target,
    note: Note<Attachment>,
) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.add_attachment(acting, note, now)).await
}

/// A lead says who may see the handoff.
pub(crate) async fn set_confidential(
    tx: &mut Tx,
    by: &Actor,
    target: &Target,
    note: Note<Confidential>,
) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.set_confidential(acting, note, now)).await
}

/// A side lays down a small duty.
pub(crate) async fn add_action(tx: &mut Tx, by: &Actor, target: &Target, note: Note<Duty>) -> Result<Handoff> {
    let note = Note { side: note.side, what: note.what.named(tx) };
    change(tx, by, target, |handoff, acting, now| handoff.add_action(acting, note, now)).await
}

/// The side that is to do an action takes it on.
pub(crate) async fn confirm_action(tx: &mut Tx, by: &Actor, target: &Target, id: ActionId) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.confirm_action(acting, id, now)).await
}

/// The action's side has done it.
pub(crate) async fn complete_action(tx: &mut Tx, by: &Actor, target: &Target, id: ActionId) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.complete_action(acting, id, now)).await
}

/// Somebody of downstream looks at it.
pub(crate) async fn claim(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    change(tx, by, target, Handoff::claim).await
}

/// Nobody does any more.
pub(crate) async fn unclaim(tx: &mut Tx, by: &Actor, target: &Target) -> Result<Handoff> {
    change(tx, by, target, Handoff::unclaim).await
}

/// A lead names who speaks for a side.
pub(crate) async fn reassign(tx: &mut Tx, by: &Actor, target: &Target, reassign: Reassign) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.reassign(acting, reassign, now)).await
}
