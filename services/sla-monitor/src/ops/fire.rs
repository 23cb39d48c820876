//! Making happen what is due.

use chassis::Tx;
use kernel::{Actor, Result, Timestamp};

use super::say;
use crate::{
    domain::clock::Evidence,
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

/// Fires the marks of a batch of handoffs; returns of how many.
pub(crate) async fn fire(tx: &mut Tx, shelf: &Shelf, due: Due) -> Result<usize> {
    store::course::enter(tx).await?;
    let fresh_since = due.until.plus_seconds(-FRESH_SECONDS);
    let courses = store::course::claim(tx, due.until, due.position, fresh_since, BATCH).await?;
    let book = shelf.pinned(tx.connection(), courses.values()).await?;
    let (now, taken) = (tx.now(), courses.len());
    let mut changed = Changed::default();
    for (id, mut course) in courses {
        let said = course.fire(due.until, now, due.evidence, &book);
        for one in &said {
            count(one, now);
        }
        say(tx, &Actor::System, &mut course, &said, &mut changed)?;
        changed.courses.insert(id, course);
    }
    if taken > 0 {
        store::course::save(tx, Generation::CURRENT, &changed, &book).await?;
    }
    Ok(taken)
}

fn count(said: &crate::domain::Said, now: Timestamp) {
    use crate::domain::clock::Fact;
    let Some(breach) = said.view.clock.breach.as_ref().filter(|_| matches!(said.fact, Fact::Breached { .. })) else {
        return;
    };
    metrics::counter!("baton_sla_breaches_total", "kind" => said.view.clock.kind.name(),
                      "evidence" => breach.evidence.name(), "historic" => if breach.historic { "true" } else { "false" })
    .increment(1);
    if !breach.historic {
        #[expect(clippy::cast_precision_loss, reason = "a histogram of seconds")]
        let late_seconds = (now.as_micros() - breach.due_at.as_micros()) as f64 / 1e6;
        metrics::histogram!("baton_sla_lateness_seconds").record(late_seconds.max(0.0));
    }
}
