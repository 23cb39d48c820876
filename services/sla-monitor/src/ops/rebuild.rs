//! The second generation of courses and clocks: made from everything that was said, without saying any of it again.

use std::collections::{BTreeMap, BTreeSet};

use chassis::Tx;
use kernel::{Error, Head, Result};

use super::hear::Batch;
use crate::{
    domain::{ClockId, Course, HandoffId, course::Decision, heard::Heard},
    store::{self, book::Shelf, course::Generation},
};

/// A fact of this service's own log: its end of the history, and what was decided, if anything was.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// The end of the history with it.
    pub(crate) head: Head,
    /// The handoff's fact before it.
    pub(crate) revision: i64,
    /// What was decided about which clock.
    pub(crate) decision: Option<(ClockId, Decision)>,
}

/// What this service has said of the handoffs of a batch, in order.
pub(crate) type Owns = BTreeMap<HandoffId, Vec<Own>>;

/// The handoffs that facts are about.
pub(crate) fn handoffs(heard: &[Heard]) -> BTreeSet<HandoffId> {
    let ids = heard.iter().filter_map(|one| match one {
        Heard::Handoff(fact) => Some(fact.id),
        _ => None,
    });
    ids.collect()
}

/// Goes through facts once more, with what was decided between them.
pub(crate) async fn go_through(
    tx: &mut Tx,
    shelf: &Shelf,
    generation: Generation,
    heard: &[Heard],
    owns: &Owns,
) -> Result<()> {
    let mut batch = Batch::load(tx, shelf, generation, heard).await?;
    let now = tx.now();
    for one in heard {
        let Some(fact) = batch.refer(one) else { continue };
        let mut course = batch.take(fact);
        decide(&mut batch, &mut course, owns);
        match batch.happen(&mut course, fact, now) {
            Ok(_) => {}
            Err(Error::Fault(error)) => {
                tracing::warn!(handoff = %fact.id, revision = fact.revision, %error, "a fact is passed over");
                // What is put aside is so in this generation too. But what was given up in the one in use is missed in no other.
                if fact.revision <= store::course::heard_until(tx, fact.id).await? {
                    course.revision = fact.revision - 1;
                    if batch.happen(&mut course, fact, now).is_err() {
                        course.revision = fact.revision;
                    }
                }
            }
            Err(error) => return Err(error),
        }
        decide(&mut batch, &mut course, owns);
        batch.put(course);
    }
    batch.save(tx).await
}

/// Takes up what was decided after these handoffs' last facts, which the generation in use has and this one has not.
pub(crate) async fn catch_up(tx: &mut Tx, shelf: &Shelf, generation: Generation, owns: &Owns) -> Result<()> {
    let ids: Vec<HandoffId> = owns.keys().copied().collect();
    let courses = store::course::lock(tx, generation, &ids).await?;
    let mut batch = Batch::load(tx, shelf, generation, &[]).await?;
    for (_, mut course) in courses {
        decide(&mut batch, &mut course, owns);
        batch.put(course);
    }
    batch.save(tx).await
}

/// Decides what was decided at this place of the course, once.
fn decide(batch: &mut Batch, course: &mut Course, owns: &Owns) {
    let at_this_place = |own: &&Own| own.revision == course.revision && own.head.revision > course.head.revision;
    let due: Vec<Own> = owns.get(&course.id).into_iter().flatten().filter(at_this_place).cloned().collect();
    for own in due {
        course.head = own.head;
        if let Some((clock, decision)) = own.decision {
            course.replay(clock, decision, &batch.book);
            batch.changed.clocks.insert(clock);
        }
    }
}
