//! What the SLA monitor tells of a handoff: its clocks, and what stands of them in the timeline.

use std::collections::BTreeMap;

use kernel::Timestamp;

use super::{HandoffId, Side};

kernel::uuid_id! {
    /// A clock's id.
    ClockId
}

/// The facts that stand in the timeline. Of when a clock runs, waits or stops the handoff's own facts tell.
const SHOWN: [&str; 7] =
    ["clock_migrated", "warned", "breached", "escalated", "breach_retracted", "breach_acknowledged", "breach_excused"];

/// A clock as it was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Its id.
    pub id: ClockId,
    /// The side that is accountable.
    pub side: Side,
    /// When it started.
    pub started_at: Timestamp,
    /// When it is due; none while it is paused.
    pub due_at: Option<Timestamp>,
    /// Whether it runs, or is paused.
    pub is_open: bool,
    /// Whether it has passed its due time, and that stands.
    pub is_breached: bool,
    /// The whole of it, in the monitor's own form.
    pub whole: Vec<u8>,
}

/// A fact for the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaFact {
    /// The handoff's own fact that it stands after.
    pub after_revision: i64,
    /// Its place in the history of the handoff's clocks.
    pub sla_seq: i64,
    /// Its name: `breached`.
    pub name: String,
    /// Who caused it.
    pub actor: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// Whether an import of history brought it about.
    pub historic: bool,
    /// The whole of it, in the monitor's own form.
    pub whole: Vec<u8>,
}

/// What one fact of the monitor tells of a handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The handoff.
    pub handoff: HandoffId,
    /// The clock right after the fact.
    pub clock: Clock,
    /// The fact.
    pub fact: SlaFact,
}

/// Whether the timeline shows facts of that name.
pub fn is_shown(name: &str) -> bool {
    SHOWN.contains(&name)
}

/// The last that was told of each clock.
pub fn latest(told: &[Told]) -> Vec<&Told> {
    let mut latest: BTreeMap<ClockId, &Told> = BTreeMap::new();
    for told in told {
        let last = latest.entry(told.clock.id).or_insert(told);
        if last.fact.sla_seq < told.fact.sla_seq {
            *last = told;
        }
    }
    latest.into_values().collect()
}
