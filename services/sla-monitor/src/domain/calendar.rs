//! Calendars in versions that never change.

use std::sync::Arc;

use calendar::{Calendar, Spec};
use kernel::{Actor, Head, Timestamp, Violation};
use serde::{Deserialize, Serialize};

use super::{CalendarId, Refused, TeamId};

/// The built-in calendar, open by day and by night: what counts for a team without one.
pub const ALWAYS: &str = "always";

/// A version of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The calendar.
    pub id: CalendarId,
    /// 1, 2, 3, ...
    pub number: i32,
    /// The name as a person reads it.
    pub display_name: String,
    /// When its teams work.
    pub spec: Spec,
    /// Since when it counts; the first counts for what was before, too.
    pub in_force_since: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// A calendar with its latest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The end of its history.
    pub head: Head,
    /// The team whose leads may change it; none: an ADMIN alone may.
    pub owner_team: Option<TeamId>,
    /// Its latest version.
    pub latest: Version,
}

/// A version of a calendar as a clock remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pin {
    /// The calendar; none is the built-in one.
    pub id: Option<CalendarId>,
    /// Its version; 0 of the built-in one.
    pub version: i32,
}

impl Pin {
    /// The built-in calendar.
    pub const ALWAYS: Self = Self { id: None, version: 0 };

    /// The name: the calendar's id, or "always".
    pub fn name(&self) -> &str {
        self.id.as_ref().map_or(ALWAYS, CalendarId::as_str)
    }
}

/// What a version can be computed with.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Which it is.
    pub pin: Pin,
    /// Since when it counts.
    pub in_force_since: Timestamp,
    /// The arithmetic.
    pub calendar: Arc<Calendar>,
}

impl Kept {
    /// A new calendar. A lead of its owner team makes it, or an ADMIN; everything that is wrong with it is named.
    pub fn create(
        by: &Actor,
        id: CalendarId,
        display_name: Option<String>,
        owner_team: Option<TeamId>,
        spec: Spec,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        must_keep(by, owner_team.as_ref())?;
        if id.as_str() == ALWAYS {
            return Err(Refused::CalendarExists(id));
        }
        check(&spec)?;
        let display_name = display_name.unwrap_or_else(|| id.to_string());
        let created_by = by.name().to_owned();
        let latest = Version { id, number: 1, display_name, spec, in_force_since: now, created_by };
        Ok(Self { head: Head::default(), owner_team, latest })
    }

    /// The next version, in force since then; false where it is equal to the latest.
    pub fn update(
        &mut self,
        by: &Actor,
        display_name: Option<String>,
        spec: Spec,
        expected: Option<i32>,
        in_force_since: Timestamp,
    ) -> Result<bool, Refused> {
        must_keep(by, self.owner_team.as_ref())?;
        must_be_seen(expected, self.latest.number)?;
        check(&spec)?;
        let display_name = display_name.unwrap_or_else(|| self.latest.display_name.clone());
        if spec == self.latest.spec && display_name == self.latest.display_name {
            return Ok(false);
        }
        let number = self.latest.number + 1;
        let (id, created_by) = (self.latest.id.clone(), by.name().to_owned());
        self.latest = Version { id, number, display_name, spec, in_force_since, created_by };
        Ok(true)
    }
}

fn must_keep(by: &Actor, owner_team: Option<&TeamId>) -> Result<(), Refused> {
    let is_lead = owner_team.is_some_and(|team| by.is_lead_of(team.as_slug()));
    if is_lead || by.is_admin() { Ok(()) } else { Err(Refused::NotOwner(owner_team.cloned())) }
}

/// Refuses a change of another version than the caller has seen.
pub(super) fn must_be_seen(expected: Option<i32>, current: i32) -> Result<(), Refused> {
    match expected {
        Some(expected) if expected != current => Err(Refused::VersionMoved { current }),
        _ => Ok(()),
    }
}

fn check(spec: &Spec) -> Result<(), Refused> {
    let below = |flaw: Violation| Violation { field: format!("spec.{}", flaw.field), ..flaw };
    match Calendar::new(spec) {
        Ok(_) => Ok(()),
        Err(flaws) => Err(Refused::Invalid(flaws.into_iter().map(below).map(with_day).collect())),
    }
}

/// The contract names weekdays, it does not number them.
fn with_day(flaw: Violation) -> Violation {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let named = |text: String| {
        let days = DAYS.iter().enumerate();
        days.fold(text, |text, (n, day)| text.replace(&format!("weekly[{n}]"), &format!("weekly.{day}")))
    };
    Violation { field: named(flaw.field), description: named(flaw.description) }
}
