//! The figures of a report.

use crate::domain::{
    interval::{Proportion, Rate},
    percentile::Durations,
};

/// Everything that a report says; each figure is defined in the contract, by its message of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How much there was.
    pub volume: Volume,
    /// What waited between the teams.
    pub limbo: Limbo,
    /// Where the time went, in microseconds.
    pub ledger: Ledger,
    /// Whether it could be taken at once.
    pub quality: Quality,
    /// What came back.
    pub rework: Rework,
    /// Whether promises were kept: all kinds together, then each.
    pub attainment: Vec<Attainment>,
    /// What was promised beside what is delivered.
    pub promises: Vec<Promise>,
    /// What is open, and how old it is.
    pub ageing: Ageing,
    /// Rejections and returns for each handoff.
    pub bounces: Rate,
    /// What was asked.
    pub questions: Questions,
    /// What was put on hold.
    pub holds: Holds,
    /// How much of the time was work.
    pub flow: Flow,
    /// What was restated.
    pub read_backs: ReadBacks,
    /// What each criterion is good for, those cited most first.
    pub criteria: Vec<Criterion>,
}

/// How much happened on the days of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Volume {
    pub created: i64,
    pub submitted: i64,
    pub recalled: i64,
    pub accepted: i64,
    pub rejected: i64,
    pub returned: i64,
    pub completed: i64,
    pub cancelled: i64,
    /// Open at `as_of`, whenever they were created.
    pub open: i64,
}

/// Durations by the wall clock, and by the receiver's calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// By the wall clock.
    pub elapsed: Durations,
    /// While the receiver's calendar was open.
    pub working: Durations,
}

/// Work that waits between two teams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limbo {
    /// From each submit to its decision.
    pub decision: Both,
    /// From each submit that was taken back, or cancelled, to then.
    pub withdrawn: Both,
    /// From each acceptance to the begin.
    pub begin: Both,
    /// From each acceptance that was dropped before the work began, to then.
    pub never_begun: Both,
}

/// Where the time went, in microseconds; the parts sum exactly to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Ledger {
    pub hold: i64,
    pub asked_upstream: i64,
    pub asked_downstream: i64,
    pub upstream: i64,
    pub downstream: i64,
    pub closed: i64,
    pub done: i64,
    pub total: i64,
    pub handoffs: i64,
}

/// Whether it could be taken at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Quality {
    pub first_pass_yield: Proportion,
    pub complete_and_accurate: Proportion,
    pub too_young: i64,
    pub rejection_rate: Proportion,
    pub ever_rejected: Proportion,
    pub incomplete: Proportion,
    pub rejected_then_accepted_unchanged: Proportion,
    pub returned_then_accepted_unchanged: Proportion,
}

/// Work that came back after it had been accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Rework {
    pub rate: Proportion,
    pub too_young: i64,
    pub later: i64,
    pub returns_per_handoff: Rate,
}

/// Whether promises were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Attainment {
    /// Empty for all kinds.
    pub kind: String,
    pub met: i64,
    pub late: i64,
    pub open_breached: i64,
    pub open: i64,
    /// By cause, the most frequent first.
    pub cancelled: Vec<(String, i64)>,
    pub excused: i64,
    pub undone: i64,
    pub met_by_pause: i64,
}

impl Attainment {
    /// MET / (MET + LATE + open and breached).
    pub fn share(&self) -> Proportion {
        Proportion::new(self.met, self.met + self.late + self.open_breached)
    }
}

/// What was promised beside what is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// The kind of clock.
    pub kind: String,
    /// The target that most of them had; of several equally frequent ones the shortest.
    pub target_seconds: i64,
    /// How many had it.
    pub with_target: i64,
    /// What they took.
    pub delivered: Durations,
}

/// How old what is open is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Ageing {
    pub below_p50: i64,
    pub below_p85: i64,
    pub above_p85: i64,
    pub unknown: i64,
    pub cycle: Durations,
    pub age: Durations,
}

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Questions {
    pub rounds_per_handoff: Rate,
    pub without: Proportion,
    pub answer: Durations,
    pub unanswered: i64,
    /// The most frequent first.
    pub about: Vec<(String, i64)>,
}

/// What was put on hold, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Holds {
    pub agreed_upstream: i64,
    pub agreed_downstream: i64,
    pub lone_upstream: i64,
    pub lone_downstream: i64,
    pub holds: i64,
}

/// How much of the time was work, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Flow {
    pub working_progress: i64,
    pub working_total: i64,
    pub elapsed_progress: i64,
    pub elapsed_total: i64,
    pub handoffs: i64,
}

/// What was restated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct ReadBacks {
    pub given: Proportion,
    pub confirmed: Proportion,
    pub corrections: Rate,
}

/// What a criterion is good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says, defined in the contract")]
pub struct Criterion {
    pub key: String,
    pub required: i64,
    /// Of those, where it could not stop them.
    pub advisory: i64,
    pub unmet: i64,
    pub rejections: i64,
    pub returns: i64,
    pub questions: i64,
    pub may_be_dropped: bool,
}

impl Criterion {
    /// How often it was cited.
    pub fn cited(&self) -> i64 {
        self.rejections + self.returns + self.questions
    }
}
