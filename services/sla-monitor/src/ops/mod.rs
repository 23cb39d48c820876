//! What is done to calendars, policies and clocks, one decision each.

pub(crate) mod calendar;
pub(crate) mod clock;
pub(crate) mod fire;
pub(crate) mod hear;
pub(crate) mod policy;
pub(crate) mod rebuild;

use chassis::Tx;
use kernel::{Actor, Result, Timestamp};

use crate::{
    domain::{Course, Said, clock::Fact},
    store::course::Changed,
};

/// Says what happened to the clocks of a course, and notes which of them changed.
fn say(tx: &mut Tx, by: &Actor, course: &mut Course, said: &[Said], changed: &mut Changed) -> Result<()> {
    for one in said {
        changed.clocks.insert(one.view.clock.id);
        count(one, tx.now());
        match one.historic {
            Some(at) => tx.emit_historic(course, by.name(), at, one)?,
            None => tx.emit(course, by, std::slice::from_ref(one))?,
        }
    }
    Ok(())
}

fn count(said: &Said, now: Timestamp) {
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
