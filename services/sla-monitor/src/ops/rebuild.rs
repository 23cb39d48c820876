//! The second generation of courses and clocks: made from everything that was said, without saying any of it again.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use chassis::Tx;
use kernel::{Head, Result};

use super::hear::Batch;
use crate::{
    domain::{
        ClockId, Course, HandoffId,
        course::Decision,
        heard::{Fact, Heard},
    },
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
    let ids: Vec<HandoffId> = handoffs(heard).into_iter().collect();
    let in_use = InUse::load(tx, &ids).await?;
    let mut batch = Batch::load(tx, shelf, generation, heard).await?;
    let now = tx.now();
    for one in heard {
        let Some(fact) = batch.refer(one) else { continue };
        if in_use.has_not_heard(fact) {
            continue;
        }
        let mut course = batch.take(fact);
        decide(&mut batch, &mut course, owns, &in_use);
        batch.happen(&mut course, fact, now)?;
        decide(&mut batch, &mut course, owns, &in_use);
        batch.put(course);
    }
    batch.save(tx).await
}

/// How far the generation in use has come with handoffs, and what of them was given up. What is put aside there is so here.
struct InUse {
    heard_until: BTreeMap<HandoffId, i64>,
    given_up: BTreeMap<HandoffId, Vec<RangeInclusive<i64>>>,
}

impl InUse {
    async fn load(tx: &mut Tx, ids: &[HandoffId]) -> Result<Self> {
        let heard_until = store::rebuild::heard_until(tx, ids).await?;
        Ok(Self { heard_until, given_up: store::rebuild::given_up(tx, ids).await? })
    }

    fn has_not_heard(&self, fact: &Fact) -> bool {
        self.heard_until.get(&fact.id).is_none_or(|until| fact.revision > *until)
    }

    /// The end of what was given up right after a place.
    fn given_up_after(&self, id: HandoffId, revision: i64) -> Option<i64> {
        let places = self.given_up.get(&id)?.iter().find(|places| *places.start() == revision + 1)?;
        Some(*places.end())
    }
}

/// Takes up what was decided after these handoffs' last facts, or given up, which the generation in use has and this one has not. Of
/// those that have lost facts nothing is left to decide upon: their history goes on after what was said of them.
pub(crate) async fn catch_up(
    tx: &mut Tx,
    shelf: &Shelf,
    generation: Generation,
    ids: &[HandoffId],
    owns: &Owns,
    lost: &BTreeSet<HandoffId>,
) -> Result<()> {
    let courses = store::course::lock(tx, generation, ids).await?;
    let in_use = InUse::load(tx, ids).await?;
    let teams =
        courses.values().flat_map(|it| [it.standing.about.from_team.clone(), it.standing.about.to_team.clone()]);
    let mut batch = Batch::load(tx, shelf, generation, &[]).await?;
    batch.book = shelf.book(tx.connection(), &teams.collect(), &BTreeSet::new()).await?;
    for (_, mut course) in courses {
        decide(&mut batch, &mut course, owns, &in_use);
        let said = owns.get(&course.id).and_then(|owns| owns.last()).filter(|_| lost.contains(&course.id));
        if let Some(last) = said.filter(|last| last.head.revision > course.head.revision) {
            // What was decided upon facts that are lost counts no more; but it was said, and what is said next comes after it.
            course.head = last.head;
        }
        batch.put(course);
    }
    batch.save(tx).await
}

/// Decides what was decided at this place of the course, once; and goes over what was given up after it.
fn decide(batch: &mut Batch, course: &mut Course, owns: &Owns, in_use: &InUse) {
    loop {
        let at_this_place = |own: &&Own| own.revision == course.revision && own.head.revision > course.head.revision;
        let due: Vec<Own> = owns.get(&course.id).into_iter().flatten().filter(at_this_place).cloned().collect();
        for own in due {
            course.head = own.head;
            if let Some((clock, decision)) = own.decision {
                course.replay(clock, decision, &batch.book);
                batch.changed.clocks.insert(clock);
            }
        }
        let Some(last) = in_use.given_up_after(course.id, course.revision) else { return };
        course.revision = last;
    }
}
