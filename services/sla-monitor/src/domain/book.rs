//! What clocks are set by: whose terms name which policy, which team works by which calendar, and all their versions.

use std::{collections::BTreeMap, sync::Arc};

use calendar::Calendar;
use kernel::Timestamp;

use super::{
    CalendarId, PolicyId, RouteId, TeamId,
    calendar::{Pin, Ready},
    policy::Policy,
};

/// As much of it as is at hand.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// By which calendar a team has worked since when, in order.
    pub teams: BTreeMap<TeamId, Vec<(Timestamp, Option<CalendarId>)>>,
    /// The policy that a version of a route's terms names.
    pub terms: BTreeMap<(RouteId, i32), Option<PolicyId>>,
    /// The versions of calendars, in order.
    pub calendars: BTreeMap<CalendarId, Vec<Ready>>,
    /// The versions of policies, in order.
    pub policies: BTreeMap<PolicyId, Vec<Arc<Policy>>>,
}

/// The built-in calendar.
pub fn always() -> Arc<Calendar> {
    static ALWAYS: std::sync::OnceLock<Arc<Calendar>> = std::sync::OnceLock::new();
    ALWAYS.get_or_init(|| Arc::new(Calendar::always())).clone()
}

impl Book {
    /// The policy version that a clock keeps which something that happened then has started.
    pub fn policy(&self, id: &PolicyId, at: Timestamp) -> Option<&Arc<Policy>> {
        in_force(self.policies.get(id)?, at, |policy| policy.in_force_since)
    }

    /// A version of a calendar that counts for what happened then. One that is not there is the built-in one.
    pub fn calendar(&self, id: Option<&CalendarId>, at: Timestamp) -> Ready {
        let found = id.and_then(|id| in_force(self.calendars.get(id)?, at, |ready| ready.in_force_since));
        found.cloned().unwrap_or_else(|| Ready {
            pin: Pin::ALWAYS,
            in_force_since: Timestamp::EPOCH,
            calendar: always(),
        })
    }

    /// The calendar that a team worked by then.
    pub fn calendar_of(&self, team: &TeamId, at: Timestamp) -> Ready {
        let since = self.teams.get(team).and_then(|history| in_force(history, at, |(since, _)| *since));
        self.calendar(since.and_then(|(_, calendar)| calendar.as_ref()), at)
    }

    /// The version that a clock remembers.
    pub fn pinned(&self, pin: &Pin) -> Arc<Calendar> {
        let versions = pin.id.as_ref().and_then(|id| self.calendars.get(id));
        let found = versions.and_then(|versions| versions.iter().find(|ready| ready.pin.version == pin.version));
        found.map_or_else(always, |ready| ready.calendar.clone())
    }

    /// A team works by another calendar from then on.
    pub fn team_works_by(&mut self, team: TeamId, since: Timestamp, calendar: Option<CalendarId>) {
        let history = self.teams.entry(team).or_default();
        history.retain(|(at, _)| *at != since);
        history.push((since, calendar));
        history.sort_by_key(|(at, _)| *at);
    }
}

/// The last that is in force at an instant; before the first, the first.
fn in_force<T>(versions: &[T], at: Timestamp, since: impl Fn(&T) -> Timestamp) -> Option<&T> {
    versions.iter().rev().find(|version| since(version) <= at).or_else(|| versions.first())
}
