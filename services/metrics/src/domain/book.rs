//! Which team works by which calendar, since when.

use std::{collections::BTreeMap, sync::Arc};

use calendar::Calendar;
use kernel::Timestamp;

use super::{CalendarId, TeamId, story::CalendarVersion};

/// As much of it as is at hand.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// By which calendar a team has worked since when, in order.
    pub teams: BTreeMap<TeamId, Vec<(Timestamp, Option<CalendarId>)>>,
    /// The versions of calendars, in order.
    pub calendars: BTreeMap<CalendarId, Vec<Version>>,
}

/// A version of a calendar, ready to be computed with.
#[derive(Clone, Debug)]
pub struct Version {
    /// 1, 2, 3, ...
    pub number: i32,
    /// Since when it counts; the first counts for what was before, too.
    pub since: Timestamp,
    /// The arithmetic.
    pub calendar: Arc<Calendar>,
}

/// The built-in calendar, always open.
pub fn always() -> Arc<Calendar> {
    static ALWAYS: std::sync::OnceLock<Arc<Calendar>> = std::sync::OnceLock::new();
    ALWAYS.get_or_init(|| Arc::new(Calendar::always())).clone()
}

impl Book {
    /// The version of the calendar that a team worked by then; before its first one, the first.
    pub fn calendar_of(&self, team: &TeamId, at: Timestamp) -> CalendarVersion {
        let found = self.teams.get(team).and_then(|history| in_force(history, at, |(since, _)| *since));
        let Some(id) = found.and_then(|(_, id)| id.as_ref()) else { return CalendarVersion::default() };
        let version = self.calendars.get(id).and_then(|versions| in_force(versions, at, |version| version.since));
        version.map_or_else(CalendarVersion::default, |version| CalendarVersion {
            id: Some(id.clone()),
            version: version.number,
        })
    }

    /// The arithmetic of a version; one that is not there is the built-in one.
    pub fn calendar(&self, version: &CalendarVersion) -> Arc<Calendar> {
        let versions = version.id.as_ref().and_then(|id| self.calendars.get(id));
        let found = versions.and_then(|versions| versions.iter().find(|it| it.number == version.version));
        found.map_or_else(always, |it| it.calendar.clone())
    }

    /// The open time of a span, in microseconds.
    pub fn open_micros(&self, version: &CalendarVersion, from: Timestamp, until: Timestamp) -> i64 {
        if version.is_always() {
            return until.as_micros() - from.as_micros();
        }
        self.calendar(version).between(from, until)
    }
}

/// The last that is in force at an instant; before the first, the first.
fn in_force<T>(versions: &[T], at: Timestamp, since: impl Fn(&T) -> Timestamp) -> Option<&T> {
    versions.iter().rev().find(|version| since(version) <= at).or_else(|| versions.first())
}
