//! What comes next on a clock's axis, and making it happen.

use calendar::HORIZON_DAYS;
use kernel::Timestamp;

use super::{Book, Breach, Cause, Clock, Escalated, Evidence, Fact, Given};
use crate::domain::SECOND;

/// A warning is late when it comes so long after its instant.
const LATE_SECONDS: i64 = 60;

/// Something that comes when so much time has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The warning of that number, from 0 on.
    Warning(usize),
    /// The due time passes.
    Breach,
    /// The next escalation.
    Escalation,
}

/// By what right marks are made to happen.
#[derive(Clone, Copy, Debug)]
pub struct Firing {
    /// The present instant.
    pub now: Timestamp,
    /// How sure it is that nothing earlier can still come.
    pub evidence: Evidence,
    /// What lies before this instant belongs to imported history.
    pub historic_until: Option<Timestamp>,
}

impl Firing {
    /// Whether what happens then belongs to imported history.
    pub fn is_historic(&self, at: Timestamp) -> bool {
        self.historic_until.is_some_and(|until| at < until)
    }
}

impl Clock {
    /// The next mark and its instant; none while the clock is paused or has stopped.
    pub fn next_mark(&self, book: &Book) -> Option<(Timestamp, Mark)> {
        let due_at = self.due_at.filter(|_| self.is_open())?;
        if self.breach.is_some() {
            return self.next_escalation(book).map(|at| (at, Mark::Escalation));
        }
        let planned = self.warnings.iter().enumerate().find(|(_, it)| it.given == Given::Not);
        let warning = planned.map(|(n, warning)| (self.instant_of(warning.after, book), Mark::Warning(n)));
        // One at the breach's own instant would say nothing more.
        Some(warning.filter(|(at, _)| *at < due_at).unwrap_or((due_at, Mark::Breach)))
    }

    /// Makes the next mark happen, where its instant lies before another; answers the instant and what happened.
    pub fn fire(&mut self, until: Timestamp, firing: &Firing, book: &Book) -> Option<(Timestamp, Fact)> {
        let (at, mark) = self.next_mark(book).filter(|(at, _)| *at < until)?;
        let breaches = |due_at: Timestamp| due_at < until;
        match mark {
            Mark::Warning(n) if self.due_at.is_some_and(breaches) => {
                self.warnings[n].given = Given::Folded;
                self.fire(until, firing, book)
            }
            Mark::Warning(n) => {
                let after = self.warnings[n].after;
                let is_past = after < self.counted() || at.plus_seconds(LATE_SECONDS) < firing.now;
                self.warnings[n].given = Given::At(firing.now.max(at));
                Some((at, Fact::Warned { after, planned_at: at, late: is_past }))
            }
            Mark::Breach => Some((at, self.breach_at(at, firing))),
            Mark::Escalation => {
                let notify = self.escalations[self.escalated.len()].notify.clone();
                let step = i32::try_from(self.escalated.len() + 1).unwrap_or(i32::MAX);
                self.escalated.push(Escalated { step, notify, at: firing.now.max(at) });
                Some((at, Fact::Escalated))
            }
        }
    }

    fn breach_at(&mut self, due_at: Timestamp, firing: &Firing) -> Fact {
        self.breached(Breach {
            number: i32::try_from(self.retracted.len() + 1).unwrap_or(i32::MAX),
            due_at,
            detected_at: firing.now.max(due_at),
            evidence: firing.evidence,
            cause: if self.is_retargeted { Cause::Retarget } else { Cause::Time },
            historic: firing.is_historic(due_at),
            retracted_at: None,
        });
        let folded = self.warnings.iter().filter(|warning| warning.given == Given::Folded).count();
        Fact::Breached { folded: i32::try_from(folded).unwrap_or(i32::MAX) }
    }

    /// A breach stands from now on; warnings that were not given never are.
    pub(in crate::domain) fn breached(&mut self, breach: Breach) {
        for warning in self.warnings.iter_mut().filter(|warning| warning.given == Given::Not) {
            warning.given = Given::Folded;
        }
        self.due_at = self.due_at.map(|_| breach.due_at);
        self.breach = Some(breach);
    }

    fn next_escalation(&self, book: &Book) -> Option<Timestamp> {
        let step = self.escalated.len();
        let after = |step: usize| {
            let put_off = self.acknowledged.as_ref().filter(|it| it.step == step).map_or(0, |it| it.delay);
            self.escalations.get(step).map(|it| it.after_seconds * SECOND + put_off)
        };
        // A step that was put off holds back those after it.
        let reached = (0..step).filter_map(after).max().unwrap_or(0);
        let from = self.breach.as_ref().filter(|it| it.cause == Cause::Retarget);
        // A target that was passed when it was set counts from then on.
        let base = from.map_or(self.target, |breach| self.target.max(self.counted_until(breach.due_at, book)));
        after(step).map(|after| self.instant_of(base + after.max(reached), book))
    }

    /// How much had counted up to an instant of the past.
    fn counted_until(&self, at: Timestamp, book: &Book) -> i64 {
        let stretches = self.ledger.iter().filter(|it| it.paused_by.is_empty() && it.from < at);
        stretches
            .map(|it| match it.until {
                Some(until) if until <= at => it.counted,
                _ => book.pinned(&it.calendar).between(it.from, at),
            })
            .sum()
    }

    /// When so much will have counted, if nothing pauses it any more; the beginning of the stretch that goes on where that much
    /// has counted before it.
    pub(super) fn instant_of(&self, counted: i64, book: &Book) -> Timestamp {
        let Some(current) = self.current() else { return self.started_at };
        let left = (counted - self.counted()).max(0);
        let due = book.pinned(&current.calendar).add(current.from, left);
        due.unwrap_or_else(|_| current.from.plus_seconds(HORIZON_DAYS * 86_400))
    }
}
