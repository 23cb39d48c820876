//! How a clock starts, pauses, goes on, gets another target, and stops.

use std::collections::BTreeSet;

use calendar::{Duration, HORIZON_DAYS};
use kernel::Timestamp;

use super::{Book, Breach, Clock, End, Fact, Given, Goal, PauseReason, PolicyPin, State, Stretch, Warning};
use crate::domain::{
    SECOND,
    calendar::{Pin, Ready},
    policy::{Target, WarnAt},
};

impl Goal {
    /// What a target gives that starts then.
    pub fn of(target: &Target, start: Timestamp, calendar: &Ready) -> Self {
        match target.duration {
            Duration::Working(seconds) | Duration::Elapsed(seconds) => Self::Counted(seconds * SECOND),
            days @ Duration::BusinessDays { .. } => {
                let due = calendar.calendar.due(start, days);
                Self::Until(due.unwrap_or_else(|_| start.plus_seconds(HORIZON_DAYS * 86_400)))
            }
        }
    }

    /// How much time that is in all, for a clock that started then.
    fn counted(self, start: Timestamp, pin: &Pin, book: &Book) -> i64 {
        match self {
            Self::Counted(micros) => micros,
            Self::Until(instant) => book.pinned(pin).between(start, instant),
        }
    }
}

impl Clock {
    /// Starts: with what pauses it from the beginning, if anything does.
    pub(in crate::domain) fn start(&mut self, paused_by: BTreeSet<PauseReason>, book: &Book) -> Fact {
        self.target = self.goal.counted(self.started_at, &self.calendar, book);
        self.plan_warnings();
        self.go_on(self.started_at, paused_by, book);
        Fact::Started
    }

    /// Is paused by exactly this from then on; none where it is so already.
    pub(in crate::domain) fn pause(
        &mut self,
        paused_by: BTreeSet<PauseReason>,
        at: Timestamp,
        book: &Book,
    ) -> Option<Fact> {
        let before = self.paused_by().cloned().unwrap_or_default();
        if before == paused_by {
            return None;
        }
        let fact = if paused_by.is_empty() { Fact::Resumed } else { Fact::Paused };
        self.close(at, book);
        self.go_on(at, paused_by, book);
        Some(fact)
    }

    /// What it measures was done.
    pub(in crate::domain) fn stop(&mut self, cause: &str, at: Timestamp, book: &Book) -> Fact {
        self.end(State::Met, cause, at, book);
        Fact::Stopped
    }

    /// It ends without that.
    pub(in crate::domain) fn cancel(&mut self, cause: &str, at: Timestamp, book: &Book) -> Fact {
        self.end(State::Cancelled, cause, at, book);
        Fact::Cancelled
    }

    fn end(&mut self, in_time: State, cause: &str, at: Timestamp, book: &Book) {
        let state = if self.breach.is_some() { State::Late } else { in_time };
        if self.due_at.is_none() && self.breach.is_none() {
            // Paused: it is due when it would have been if it had gone on.
            let pin = self.current().map_or(&self.calendar, |stretch| &stretch.calendar);
            let left = (self.target - self.counted()).max(0);
            self.due_at = book.pinned(pin).add(at, left).ok();
        }
        if let Some(breach) = &self.breach {
            self.due_at = Some(breach.due_at);
        }
        self.close(at, book);
        self.end = Some(End { at, state, cause: cause.to_owned() });
    }

    /// Takes the breach back, where what happens then shows that it was none: it fired without evidence, and this was in time.
    pub(in crate::domain) fn retract(&mut self, at: Timestamp, now: Timestamp, book: &Book) -> Option<Fact> {
        let is_wrong = |breach: &&mut Breach| breach.evidence == super::Evidence::Incomplete && at <= breach.due_at;
        let breach = self.breach.as_mut().filter(is_wrong)?;
        breach.retracted_at = Some(now);
        let breach = breach.clone();
        self.breach = None;
        self.retracted.push(breach.clone());
        self.escalated.clear();
        self.acknowledged = None;
        self.excused = None;
        for warning in self.warnings.iter_mut().filter(|warning| warning.given == Given::Folded) {
            warning.given = Given::Not;
        }
        self.plan_due(book);
        Some(Fact::Retracted(breach))
    }

    /// Both sides agreed on an instant; or upstream promised one alone, which counts where it is earlier than what was promised.
    pub(in crate::domain) fn promise(
        &mut self,
        agreed: Option<Timestamp>,
        alone: Option<Timestamp>,
        at: Timestamp,
        book: &Book,
    ) -> Option<Fact> {
        let before = self.clone();
        if let Some(agreed) = agreed {
            (self.promised, self.stands) = (Goal::Until(agreed), true);
        }
        self.goal = self.earlier(alone, book);
        self.retarget(at, book);
        self.moved_from(&before, at)
    }

    /// What was promised, or the earlier instant that upstream has promised alone.
    pub(in crate::domain) fn earlier(&self, alone: Option<Timestamp>, book: &Book) -> Goal {
        let counted = |goal: Goal| goal.counted(self.started_at, &self.calendar, book);
        match (alone, self.promised) {
            (Some(alone), Goal::Until(promised)) if alone < promised => Goal::Until(alone),
            (Some(alone), Goal::Counted(promised)) if counted(Goal::Until(alone)) < promised => Goal::Until(alone),
            (_, promised) => promised,
        }
    }

    /// Goes on under a target of another policy version, with the calendar that is in force now. What has counted is kept.
    pub(in crate::domain) fn migrate(
        &mut self,
        pin: PolicyPin,
        target: &Target,
        calendar: &Ready,
        alone: Option<Timestamp>,
        at: Timestamp,
        book: &Book,
    ) -> Option<Fact> {
        let before = self.clone();
        let paused_by = self.paused_by().cloned().unwrap_or_default();
        if self.calendar != calendar.pin {
            self.close(at, book);
            self.calendar = calendar.pin.clone();
            self.go_on(at, paused_by, book);
        }
        if !self.stands {
            self.promised = Goal::of(target, self.started_at, calendar);
        }
        self.goal = self.earlier(alone, book);
        self.pause_on.clone_from(&target.pause_on);
        self.warn_at.clone_from(&target.warn_at);
        self.escalations.clone_from(&target.escalations);
        self.policy = Some(pin);
        self.retarget(at, book);
        self.moved_from(&before, at)
    }

    fn moved_from(&self, before: &Self, at: Timestamp) -> Option<Fact> {
        (before != self).then(|| Fact::Migrated {
            from_version: before.policy.as_ref().map_or(0, |pin| pin.version),
            due_at_before: before.due_at,
            target_before: before.target,
            at,
        })
    }

    /// Takes its goal up from then on.
    fn retarget(&mut self, at: Timestamp, book: &Book) {
        let target = self.goal.counted(self.started_at, &self.calendar, book);
        if self.ledger.iter().any(|stretch| !stretch.paused_by.is_empty()) {
            self.goal = Goal::Counted(target);
        }
        let is_passed = match self.goal {
            Goal::Counted(_) => self.elapsed(at, book) > target,
            Goal::Until(instant) => instant < at,
        };
        self.target = target;
        self.plan_warnings();
        if is_passed && self.breach.is_none() {
            self.is_retargeted = true;
            if self.paused_by().is_none() {
                // The breach is dated at the change, never back.
                self.due_at = Some(at);
                return;
            }
        } else {
            self.is_retargeted &= self.breach.is_some();
        }
        self.plan_due(book);
    }

    /// Each warning as whole seconds of the target; those given stay.
    fn plan_warnings(&mut self) {
        let target_seconds = self.target.div_euclid(SECOND);
        let after = |warning: &WarnAt| match warning {
            WarnAt::Percent(percent) => (target_seconds * percent + 99).div_euclid(100),
            WarnAt::BeforeDue(before) => target_seconds - before,
        };
        let mut planned: Vec<Warning> = std::mem::take(&mut self.warnings);
        planned.retain(|warning| warning.given != Given::Not);
        let given = planned.len();
        let open = self.warn_at.iter().map(|warning| after(warning) * SECOND);
        let mut open: Vec<i64> = open.filter(|after| *after > 0 && *after < self.target).collect();
        open.sort_unstable();
        open.dedup();
        // One that was given for the target before does not come again.
        let open = open.into_iter().skip(given.min(self.warn_at.len()));
        planned.extend(open.map(|after| Warning { after, given: Given::Not }));
        self.warnings = planned;
    }

    fn close(&mut self, at: Timestamp, book: &Book) {
        let Some(current) = self.ledger.last_mut().filter(|stretch| stretch.until.is_none()) else { return };
        let at = at.max(current.from);
        if current.paused_by.is_empty() {
            current.counted = book.pinned(&current.calendar).between(current.from, at);
        }
        current.until = Some(at);
        if current.from == at {
            self.ledger.pop();
        }
    }

    fn go_on(&mut self, at: Timestamp, paused_by: BTreeSet<PauseReason>, book: &Book) {
        if !paused_by.is_empty()
            && let Goal::Until(_) = self.goal
        {
            // An instant stands until the first pause; from then on it is the time that it gave.
            self.goal = Goal::Counted(self.target);
        }
        let from = self.ledger.last().and_then(|stretch| stretch.until).unwrap_or(at).max(at);
        self.ledger.push(Stretch { from, until: None, paused_by, calendar: self.calendar.clone(), counted: 0 });
        self.plan_due(book);
    }

    fn plan_due(&mut self, book: &Book) {
        self.due_at = match (&self.breach, self.goal) {
            _ if self.paused_by().is_some() => None,
            (Some(breach), _) => Some(breach.due_at),
            (None, Goal::Until(instant)) => Some(instant.max(self.started_at)),
            (None, Goal::Counted(micros)) => Some(self.instant_of(micros, book)),
        };
    }
}
