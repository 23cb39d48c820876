//! One clock: one cycle of one time commitment, with the ledger of where its time went.
//!
//! Times that matter to it are marks on one axis, the time that has counted: warnings come before the target, the breach at the
//! target, escalations after it. While the clock runs, each mark has an instant; while it is paused, none has.

mod marks;
mod moving;
mod view;

use std::collections::BTreeSet;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    marks::{Firing, Mark},
    view::{Entry, EntryKind, Ledger, View},
};
use super::{
    Book, ClockId, HandoffId, PolicyId, Side, SubjectId,
    calendar::Pin,
    policy::{Escalation, Kind, PauseReason, WarnAt},
};

kernel::named! {
    /// The life of a clock.
    pub enum State {
        /// Time passes while its calendar is open.
        Running = "RUNNING",
        /// No time passes.
        Paused = "PAUSED",
        /// Done in time.
        Met = "MET",
        /// Done, or ended, after the due time.
        Late = "LATE",
        /// Ended in time without being done.
        Cancelled = "CANCELLED",
    }
}

kernel::named! {
    /// How sure a breach is.
    pub enum Evidence {
        /// Nothing earlier can still come.
        Complete = "COMPLETE",
        /// The handoff service did not answer for long.
        Incomplete = "INCOMPLETE",
    }
}

kernel::named! {
    /// Why a clock was due when it was.
    pub enum Cause {
        /// Its time passed.
        Time = "TIME",
        /// Its target was changed to less than what had passed.
        Retarget = "RETARGET",
    }
}

/// A clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Made from what it is about: the same facts give the same id.
    pub id: ClockId,
    /// What is to be done in time.
    pub kind: Kind,
    /// The question, proposal or action that it is about.
    pub subject: Option<SubjectId>,
    /// The how many-th of its kind and subject.
    pub cycle: i32,
    /// The accountable side.
    pub side: Side,
    /// The target that set it; none for an action with a due time of its own and no policy.
    pub policy: Option<PolicyPin>,
    /// When it started.
    pub started_at: Timestamp,
    /// What the policy gives, or both sides agreed on.
    pub promised: Goal,
    /// Whether that stands above any policy: both sides agreed on it, it is the subject's own, or a cycle before has left it.
    pub stands: bool,
    /// What counts: the promise, or an earlier one that upstream made alone.
    pub goal: Goal,
    /// How much time that is in all, in microseconds by the calendar.
    pub target: i64,
    /// What pauses it, beside what its kind says.
    pub pause_on: BTreeSet<PauseReason>,
    /// When to warn, as its target says.
    pub warn_at: Vec<WarnAt>,
    /// The warnings, in order.
    pub warnings: Vec<Warning>,
    /// Whom to tell of a breach that lasts.
    pub escalations: Vec<Escalation>,
    /// The calendar that counts now.
    pub calendar: Pin,
    /// Where its time went: without gap, the last stretch open until it stops.
    pub ledger: Vec<Stretch>,
    /// When it is due; when it was, once it has stopped. None while it is paused.
    pub due_at: Option<Timestamp>,
    /// Whether its target was changed to less than what had passed.
    pub is_retargeted: bool,
    /// The breach that stands.
    pub breach: Option<Breach>,
    /// Breaches that were taken back.
    pub retracted: Vec<Breach>,
    /// Who was told of the breach.
    pub escalated: Vec<Escalated>,
    /// What the accountable side said to it.
    pub acknowledged: Option<Acknowledged>,
    /// What the other side excused.
    pub excused: Option<Excused>,
    /// How it stopped.
    pub end: Option<End>,
    /// When the completion that it measured was undone.
    pub undone_at: Option<Timestamp>,
    /// Whether an import started it.
    pub historic: bool,
}

/// The target that set a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyPin {
    /// The policy.
    pub id: PolicyId,
    /// Its version.
    pub version: i32,
    /// Which of its targets, from 1 on.
    pub target: i32,
}

/// When a clock is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// When so many microseconds have counted.
    Counted(i64),
    /// At an instant; until the first pause, then it is Counted.
    Until(Timestamp),
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// When so many microseconds have counted.
    pub after: i64,
    /// What became of it.
    pub given: Given,
}

/// What became of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given {
    /// It is planned.
    Not,
    /// It was given then.
    At(Timestamp),
    /// The breach took its place.
    Folded,
}

/// A stretch of a clock's time under one calendar and the same pauses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it; none: it goes on.
    pub until: Option<Timestamp>,
    /// What pauses it.
    pub paused_by: BTreeSet<PauseReason>,
    /// The calendar.
    pub calendar: Pin,
    /// How many microseconds of it counted; once it has ended.
    pub counted: i64,
}

/// A due time that passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// 1, 2, 3, ... for each clock.
    pub number: i32,
    /// When it was due.
    pub due_at: Timestamp,
    /// When that was found.
    pub detected_at: Timestamp,
    /// How sure it is.
    pub evidence: Evidence,
    /// Why it was due then.
    pub cause: Cause,
    /// Whether it lies in imported history.
    pub historic: bool,
    /// When it was taken back.
    pub retracted_at: Option<Timestamp>,
}

/// Somebody was told of a breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// 1, 2, 3, ...
    pub step: i32,
    /// Whom.
    pub notify: String,
    /// When.
    pub at: Timestamp,
}

/// The accountable side knows of a breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In words.
    pub note: String,
    /// Why it is late.
    pub cause: String,
    /// The escalation that it puts off, from 0 on.
    pub step: usize,
    /// By how many microseconds, counted as the target is.
    pub delay: i64,
}

/// The other side excused a breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excused {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// How a clock stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// MET, LATE or CANCELLED.
    pub state: State,
    /// What stopped it: "accepted".
    pub cause: String,
}

/// Something that happened to a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It started.
    Started,
    /// It was paused.
    Paused,
    /// It went on.
    Resumed,
    /// It stopped: what it measures was done.
    Stopped,
    /// It ended without that.
    Cancelled,
    /// It goes on under another target.
    Migrated {
        /// The policy version before; 0 for none.
        from_version: i32,
        /// When it was due before.
        due_at_before: Option<Timestamp>,
        /// The target before, in microseconds.
        target_before: i64,
        /// When.
        at: Timestamp,
    },
    /// A due time comes near.
    Warned {
        /// When so many microseconds have counted.
        after: i64,
        /// When that was.
        planned_at: Timestamp,
        /// Whether it comes later than planned.
        late: bool,
    },
    /// A due time passed.
    Breached {
        /// Warnings that it takes the place of.
        folded: i32,
    },
    /// A breach lasts.
    Escalated,
    /// A breach was none.
    Retracted(Breach),
    /// The accountable side knows of a breach.
    Acknowledged,
    /// The other side excused a breach.
    Excused,
}

impl Clock {
    /// The id of a clock about that.
    pub fn id_of(handoff: HandoffId, kind: Kind, subject: Option<SubjectId>, cycle: i32) -> ClockId {
        let subject = subject.map(|id| id.as_uuid().into_bytes()).unwrap_or_default();
        let (handoff, cycle) = (handoff.as_uuid().into_bytes(), cycle.to_be_bytes());
        kernel::derived_uuid(&[&handoff, kind.name().as_bytes(), &subject, &cycle]).into()
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        match &self.end {
            Some(end) => end.state,
            None if self.paused_by().is_some() => State::Paused,
            None => State::Running,
        }
    }

    /// Whether its due time has passed and no breach of it is told yet.
    pub fn is_late_untold(&self, now: Timestamp) -> bool {
        self.is_open() && self.breach.is_none() && self.due_at.is_some_and(|due_at| due_at < now)
    }

    /// Whether it has not stopped.
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// What pauses it now; none where nothing does, or it has stopped.
    pub fn paused_by(&self) -> Option<&BTreeSet<PauseReason>> {
        self.current().map(|stretch| &stretch.paused_by).filter(|reasons| !reasons.is_empty())
    }

    /// The stretch that goes on.
    pub fn current(&self) -> Option<&Stretch> {
        self.ledger.last().filter(|stretch| stretch.until.is_none())
    }

    /// How many microseconds have counted before the stretch that goes on; in all, once it has stopped.
    pub fn counted(&self) -> i64 {
        self.ledger.iter().filter(|stretch| stretch.until.is_some()).map(|stretch| stretch.counted).sum()
    }

    /// How many microseconds have counted up to an instant that is not before the stretch that goes on.
    pub fn elapsed(&self, at: Timestamp, book: &Book) -> i64 {
        let current = self.current().filter(|stretch| stretch.paused_by.is_empty());
        self.counted() + current.map_or(0, |stretch| book.pinned(&stretch.calendar).between(stretch.from, at))
    }
}
