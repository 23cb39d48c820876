//! The story of a handoff: everything that was heard of it and of its clocks, in order. All figures are made from it.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CalendarId, ClockId, HandoffId, PolicyId, Side,
    heard::{About, What},
};

kernel::named! {
    /// What is to be done in time.
    pub enum ClockKind {
        /// Upstream hands over.
        Delivery = "DELIVERY",
        /// Downstream decides.
        Acceptance = "ACCEPTANCE",
        /// Downstream begins.
        Begin = "BEGIN",
        /// Downstream completes.
        Completion = "COMPLETION",
        /// Upstream hands over again.
        Redelivery = "REDELIVERY",
        /// A side answers.
        Answer = "ANSWER",
        /// A side does something.
        Action = "ACTION",
    }
}

kernel::named! {
    /// Where a clock is in its life.
    pub enum ClockLife {
        /// Time passes.
        Running = "RUNNING",
        /// No time passes.
        Paused = "PAUSED",
        /// Done in time.
        Met = "MET",
        /// Done, or ended, late.
        Late = "LATE",
        /// Ended without being done, in time.
        Cancelled = "CANCELLED",
    }
}

/// A handoff as it was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// Which handoff.
    pub id: HandoffId,
    /// How it stands, as its last fact says; of one whose own facts were not heard yet, its teams alone.
    pub about: About,
    /// Its facts.
    pub facts: Vec<Fact>,
    /// Its clocks.
    pub clocks: BTreeMap<ClockId, Clock>,
}

/// Something that happened to a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its place in the history of the handoff.
    #[serde(rename = "n")]
    pub sequence: i64,
    /// When it happened.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// When it was written down.
    #[serde(rename = "rec", with = "micros")]
    pub recorded_at: Timestamp,
    /// Whether an import brought it.
    #[serde(rename = "old", default, skip_serializing_if = "std::ops::Not::not")]
    pub historic: bool,
    /// Who caused it.
    pub by: String,
    /// Whether that was a service.
    #[serde(rename = "svc", default, skip_serializing_if = "std::ops::Not::not")]
    pub by_service: bool,
    /// What.
    #[serde(rename = "is")]
    pub what: What,
}

/// A clock with all that it went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What never changes.
    #[serde(flatten)]
    pub promise: Promise,
    /// How it stood after each of its facts, in order; never empty.
    pub went: Vec<ClockFact>,
}

/// What never changes of a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// What is to be done in time.
    pub kind: ClockKind,
    /// The side that is accountable.
    pub side: Side,
    /// When it started.
    #[serde(rename = "from", with = "micros")]
    pub started_at: Timestamp,
    /// Whether an import of history started it.
    #[serde(rename = "old", default, skip_serializing_if = "std::ops::Not::not")]
    pub historic: bool,
}

/// How a clock stood after a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFact {
    /// The fact's place in the history of the handoff's clocks.
    #[serde(rename = "n")]
    pub sequence: i64,
    /// When it happened.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// When it was written down.
    #[serde(rename = "rec", with = "micros")]
    pub recorded_at: Timestamp,
    /// How it stood.
    #[serde(flatten)]
    pub state: ClockState,
}

/// How a clock stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct ClockState {
    /// Where it is in its life.
    #[serde(rename = "is")]
    pub life: ClockLife,
    /// The version of the policy that set it; none where no policy did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The calendar that counts.
    #[serde(rename = "cal", default, skip_serializing_if = "CalendarVersion::is_always")]
    pub calendar: CalendarVersion,
    /// How much time there is, in microseconds counted by the calendar.
    #[serde(rename = "has")]
    pub target_micros: i64,
    /// How much of it had passed then.
    #[serde(rename = "used")]
    pub elapsed_micros: i64,
    /// When it is due, or was; of one that has breached, when it breached; none while it is paused.
    #[serde(rename = "due", default, skip_serializing_if = "Option::is_none", with = "micros::optional")]
    pub due_at: Option<Timestamp>,
    /// When it ended; none before.
    #[serde(rename = "end", default, skip_serializing_if = "Option::is_none", with = "micros::optional")]
    pub ended_at: Option<Timestamp>,
    /// What ended it; empty before.
    #[serde(rename = "by", default, skip_serializing_if = "String::is_empty")]
    pub end_cause: String,
    /// Whether it ended without being done, in time or late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
    /// Whether a breach stands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub breached: bool,
    /// Whether it was warned of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warned: bool,
    /// Whether the breach was excused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excused: bool,
}

impl ClockState {
    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        matches!(self.life, ClockLife::Running | ClockLife::Paused)
    }
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Which policy.
    pub id: PolicyId,
    /// Its version.
    pub version: i32,
}

/// A version of a calendar; without an id the built-in one, which is always open.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CalendarVersion {
    /// Which calendar.
    pub id: Option<CalendarId>,
    /// Its version.
    pub version: i32,
}

impl CalendarVersion {
    /// Whether it is the built-in one.
    pub fn is_always(&self) -> bool {
        self.id.is_none()
    }
}

impl Story {
    /// One of which nothing was heard yet.
    pub fn new(id: HandoffId, about: About) -> Self {
        Self { id, about, facts: vec![], clocks: BTreeMap::new() }
    }

    /// The story as it was then: what happened later is left out.
    #[must_use]
    pub fn until(&self, as_of: Timestamp) -> Self {
        let mut story = self.clone();
        story.facts.retain(|fact| fact.at <= as_of);
        for clock in story.clocks.values_mut() {
            clock.went.retain(|fact| fact.at <= as_of);
        }
        story.clocks.retain(|_, clock| !clock.went.is_empty());
        story
    }

    /// The story through one of its facts, with the handoff as that fact told it; without clocks.
    #[must_use]
    pub fn through(&self, sequence: i64, about: &About) -> Self {
        let facts = self.facts.iter().filter(|fact| fact.sequence <= sequence).cloned().collect();
        Self { id: self.id, about: about.clone(), facts, clocks: BTreeMap::new() }
    }

    /// How many of its facts had happened by then and were written down after it.
    pub fn late(&self, as_of: Timestamp) -> i64 {
        let times = self.facts.iter().map(|fact| (fact.at, fact.recorded_at));
        let of_clocks = self.clocks.values().flat_map(|clock| &clock.went).map(|fact| (fact.at, fact.recorded_at));
        let late = times.chain(of_clocks).filter(|(at, recorded_at)| *at <= as_of && *recorded_at > as_of);
        i64::try_from(late.count()).unwrap_or(i64::MAX)
    }
}

/// Instants as microseconds since the epoch.
pub(super) mod micros {
    use kernel::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
    pub(in crate::domain) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_micros())
    }

    pub(in crate::domain) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_micros)
    }

    pub(super) mod optional {
        use super::{Deserialize, Deserializer, Serializer, Timestamp};

        #[expect(clippy::ref_option, reason = "as serde asks for it")]
        pub(in super::super) fn serialize<S: Serializer>(
            at: &Option<Timestamp>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => serializer.serialize_some(&at.as_micros()),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_micros))
        }
    }
}
