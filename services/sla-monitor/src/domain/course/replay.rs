//! Going through what was decided once more, without saying it again: how a course is rebuilt from its history.

use kernel::Timestamp;

use super::{Book, Course};
use crate::domain::{
    ClockId, PolicyId,
    clock::{Acknowledged, Breach, Escalated, Excused, Given},
};

/// Something that time or a person decided about a clock, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A warning was given.
    Warned {
        /// When so many microseconds had counted.
        after: i64,
        /// When.
        at: Timestamp,
    },
    /// A due time passed.
    Breached(Breach),
    /// Somebody was told.
    Escalated(Escalated),
    /// A breach was taken back.
    Retracted {
        /// When.
        at: Timestamp,
    },
    /// The accountable side knows.
    Acknowledged {
        /// Who, and what.
        said: Acknowledged,
    },
    /// The other side excused it.
    Excused(Excused),
    /// It went on under a version of its policy.
    Migrated {
        /// The policy.
        policy: PolicyId,
        /// Its version.
        version: i32,
        /// When.
        at: Timestamp,
    },
}

impl Course {
    /// Decides as it was decided. A clock that is not there is passed over.
    pub fn replay(&mut self, id: ClockId, decision: Decision, book: &Book) {
        let Some(index) = self.clocks.iter().position(|clock| clock.id == id) else { return };
        let clock = &mut self.clocks[index];
        match decision {
            Decision::Warned { after, at } => {
                if let Some(warning) = clock.warnings.iter_mut().find(|warning| warning.after == after) {
                    warning.given = Given::At(at);
                }
            }
            Decision::Breached(breach) => clock.breached(breach),
            Decision::Escalated(escalated) => clock.escalated.push(escalated),
            Decision::Retracted { at } => {
                let due_at = clock.breach.as_ref().map_or(at, |breach| breach.due_at);
                clock.retract(due_at, at, book);
            }
            Decision::Acknowledged { said } => {
                let step = clock.escalated.len();
                clock.acknowledged = Some(Acknowledged { step, ..said });
            }
            Decision::Excused(excused) => clock.excused = Some(excused),
            Decision::Migrated { policy, version, at } => {
                let found = book.policies.get(&policy).and_then(|all| all.iter().find(|it| it.number == version));
                if let Some(policy) = found.cloned() {
                    self.migrate_one(index, &policy, at, book);
                }
            }
        }
    }
}
