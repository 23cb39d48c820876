//! Making happen what is due.

use std::collections::BTreeMap;

use chassis::Tx;
use kernel::{Actor, Result, Timestamp};

use super::say;
use crate::{
    domain::{Course, HandoffId, clock::Evidence},
    store::{
        self,
        book::Shelf,
        course::{Changed, Generation},
    },
};

/// So many handoffs that have waited longest are taken at once, and as many of those that come due just now.
pub(crate) const BATCH: i64 = 250;
/// What came due within so many seconds comes due just now.
const FRESH_SECONDS: i64 = 2;

/// What may happen, and by what right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    /// Marks before this instant.
    pub(crate) until: Timestamp,
    /// Imports up to this place are known to have been heard to their end.
    pub(crate) position: i64,
    /// How sure it is that nothing earlier can still come.
    pub(crate) evidence: Evidence,
}

/// Fires the marks of a batch of handoffs, but of some that could not be done; returns of how many.
pub(crate) async fn fire(tx: &mut Tx, shelf: &Shelf, due: Due, but: &[HandoffId]) -> Result<usize> {
    store::course::enter(tx).await?;
    let fresh_since = due.until.plus_seconds(-FRESH_SECONDS);
    let courses = store::course::claim(tx, due.until, due.position, fresh_since, but, BATCH).await?;
    let taken = courses.len();
    happen(tx, shelf, due, courses).await?;
    Ok(taken)
}

/// Fires the marks of one handoff.
pub(crate) async fn fire_one(tx: &mut Tx, shelf: &Shelf, due: Due, id: HandoffId) -> Result<()> {
    store::course::enter(tx).await?;
    let mut courses = store::course::lock(tx, Generation::CURRENT, &[id]).await?;
    courses.retain(|_, course| !course.parked && course.standing.imported_position.unwrap_or(0) <= due.position);
    happen(tx, shelf, due, courses).await
}

async fn happen(tx: &mut Tx, shelf: &Shelf, due: Due, courses: BTreeMap<HandoffId, Course>) -> Result<()> {
    if courses.is_empty() {
        return Ok(());
    }
    let book = shelf.pinned(tx.connection(), courses.values()).await?;
    let now = tx.now();
    let mut changed = Changed::default();
    for (id, mut course) in courses {
        let said = course.fire(due.until, now, due.evidence, &book);
        say(tx, &Actor::System, &mut course, &said, &mut changed)?;
        changed.courses.insert(id, course);
    }
    store::course::save(tx, Generation::CURRENT, &changed, &book).await
}
