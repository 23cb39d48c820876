//! Policies: ordered targets with conditions, in versions that never change.

mod check;
mod explain;

use std::collections::{BTreeMap, BTreeSet};

use calendar::Duration;
use kernel::{Actor, Head, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::explain::{Explanation, Step};
use super::{CalendarId, PolicyId, Priority, Refused, Side, calendar::must_be_seen};

kernel::named! {
    /// The kinds of clock.
    pub enum Kind {
        /// Upstream delivers.
        Delivery = "DELIVERY",
        /// Downstream decides.
        Acceptance = "ACCEPTANCE",
        /// Downstream begins.
        Begin = "BEGIN",
        /// Downstream completes.
        Completion = "COMPLETION",
        /// Upstream delivers again.
        Redelivery = "REDELIVERY",
        /// The side asked answers.
        Answer = "ANSWER",
        /// A side does an action.
        Action = "ACTION",
    }
}

kernel::named! {
    /// What can pause a clock.
    pub enum PauseReason {
        /// An open blocking question of the accountable side.
        BlockingQuestion = "BLOCKING_QUESTION",
        /// A hold that both sides agreed on.
        AgreedHold = "AGREED_HOLD",
        /// A hold that one side declared alone.
        LoneHold = "LONE_HOLD",
        /// Downstream decides; of DELIVERY and REDELIVERY, whatever a policy says.
        Submitted = "SUBMITTED",
    }
}

/// What pauses a clock where its target does not say.
pub const PAUSE_ON: [PauseReason; 2] = [PauseReason::BlockingQuestion, PauseReason::AgreedHold];

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The policy.
    pub id: PolicyId,
    /// 1, 2, 3, ...
    pub number: i32,
    /// The name as a person reads it.
    pub display_name: String,
    /// The time commitments, in order.
    pub targets: Vec<Target>,
    /// Since when it counts; the first counts for what was before, too.
    pub in_force_since: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// A policy with its latest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The end of its history.
    pub head: Head,
    /// Its latest version.
    pub latest: Policy,
}

/// One time commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What is to be done in time.
    pub kind: Kind,
    /// One of these must hold; none always do.
    pub when: Vec<Match>,
    /// How long it may take.
    pub duration: Duration,
    /// The calendar; none is that of the accountable team.
    pub calendar: Option<CalendarId>,
    /// When to warn.
    pub warn_at: Vec<WarnAt>,
    /// What pauses it.
    pub pause_on: BTreeSet<PauseReason>,
    /// Whom to tell of a breach that lasts.
    pub escalations: Vec<Escalation>,
}

/// A condition on a handoff; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// One of these; none is any.
    pub priorities: BTreeSet<Priority>,
    /// Confidential, or not; none is either.
    pub confidential: Option<bool>,
    /// By field, one of these values as text.
    pub fields: BTreeMap<String, BTreeSet<String>>,
}

/// When to warn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WarnAt {
    /// When so much of the target has passed.
    Percent(i64),
    /// When so many seconds of it are left.
    BeforeDue(i64),
}

/// Whom to tell of a breach that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// Seconds past the target, counted as the target is.
    pub after_seconds: i64,
    /// Whom.
    pub notify: String,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// How urgent the handoff is.
    pub priority: Priority,
    /// Whether it is confidential.
    pub confidential: bool,
    /// Its fields, as text.
    pub fields: &'a BTreeMap<String, String>,
}

impl Kept {
    /// A new policy; an ADMIN makes it. Everything that is wrong with it is named.
    pub fn create(
        by: &Actor,
        id: PolicyId,
        display_name: Option<String>,
        targets: Vec<Target>,
        known: &BTreeSet<CalendarId>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        must_be_admin(by)?;
        check::check(&targets, known)?;
        let display_name = display_name.unwrap_or_else(|| id.to_string());
        let created_by = by.name().to_owned();
        let latest = Policy { id, number: 1, display_name, targets, in_force_since: now, created_by };
        Ok(Self { head: Head::default(), latest })
    }

    /// The next version, in force since then; false where it is equal to the latest.
    pub fn update(
        &mut self,
        by: &Actor,
        display_name: Option<String>,
        targets: Vec<Target>,
        known: &BTreeSet<CalendarId>,
        expected: Option<i32>,
        in_force_since: Timestamp,
    ) -> Result<bool, Refused> {
        must_be_admin(by)?;
        must_be_seen(expected, self.latest.number)?;
        check::check(&targets, known)?;
        let display_name = display_name.unwrap_or_else(|| self.latest.display_name.clone());
        if targets == self.latest.targets && display_name == self.latest.display_name {
            return Ok(false);
        }
        let number = self.latest.number + 1;
        let (id, created_by) = (self.latest.id.clone(), by.name().to_owned());
        self.latest = Policy { id, number, display_name, targets, in_force_since, created_by };
        Ok(true)
    }
}

/// Refuses whoever is no ADMIN.
pub fn must_be_admin(by: &Actor) -> Result<(), Refused> {
    if by.is_admin() { Ok(()) } else { Err(Refused::AdminOnly) }
}

impl Policy {
    /// The target that applies to a kind of clock, with its number from 1 on: the first whose condition holds.
    pub fn target(&self, kind: Kind, circumstances: &Circumstances<'_>) -> Option<(i32, &Target)> {
        let of_kind = (1..).zip(&self.targets).filter(|(_, target)| target.kind == kind);
        of_kind.into_iter().find(|(_, target)| target.applies(circumstances))
    }
}

impl Target {
    fn applies(&self, circumstances: &Circumstances<'_>) -> bool {
        self.when.is_empty() || self.when.iter().any(|condition| condition.misses(circumstances).is_none())
    }
}

impl Match {
    /// Why the condition does not hold; none where it does.
    fn misses(&self, circumstances: &Circumstances<'_>) -> Option<String> {
        if !self.priorities.is_empty() && !self.priorities.contains(&circumstances.priority) {
            return Some(format!("the priority is {}, not {}", circumstances.priority, one_of(&self.priorities)));
        }
        if let Some(confidential) = self.confidential
            && confidential != circumstances.confidential
        {
            let is = if circumstances.confidential { "it is confidential" } else { "it is not confidential" };
            return Some(is.to_owned());
        }
        if !self.fields.is_empty() && circumstances.confidential {
            return Some("it is confidential: its fields are not known".to_owned());
        }
        self.fields.iter().find_map(|(key, values)| match circumstances.fields.get(key) {
            Some(value) if values.contains(value) => None,
            Some(value) => Some(format!("the field {key} is {value:?}, not {}", one_of(values))),
            None => Some(format!("the field {key} is not given")),
        })
    }
}

impl Kind {
    /// The side that is accountable for a clock of that kind; none where it is the side asked, or the action's.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Delivery | Self::Redelivery => Some(Side::Upstream),
            Self::Acceptance | Self::Begin | Self::Completion => Some(Side::Downstream),
            Self::Answer | Self::Action => None,
        }
    }

    /// Whether it waits while downstream decides.
    pub const fn waits_while_submitted(self) -> bool {
        matches!(self, Self::Delivery | Self::Redelivery)
    }
}

fn one_of<T: std::fmt::Display>(values: &BTreeSet<T>) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}
