//! Which handoffs a figure is about.

use kernel::Timestamp;

use super::{DAY_SECONDS, Day, RouteId, Side, TeamId, heard::Template, story::Policy, sums::Cohort};

/// Which handoffs a figure is about; all of it must hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where.
    pub scope: Scope,
    /// The first day.
    pub from: Day,
    /// The day after the last.
    pub until: Day,
    /// Only what had happened by then counts.
    pub as_of: Timestamp,
    /// What to do with handoffs that an import brought.
    pub historic: Historic,
    /// Under which version alone.
    pub version: Option<Version>,
    /// A return counts as rework within so many days.
    pub return_days: i32,
}

/// Where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    All,
    /// On one of these routes.
    Routes(Vec<RouteId>),
    /// From one team to another.
    Pair(TeamId, TeamId),
    /// What one team hands over or receives; on one side alone, where one is given.
    Team(TeamId, Option<Side>),
}

/// What to do with handoffs that an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Historic {
    /// They count as all others.
    #[default]
    Include,
    /// They are left out.
    Exclude,
    /// They alone count.
    Only,
}

/// A version of something that handoffs are under.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Version {
    /// Of a template.
    Template(Template),
    /// Of the terms of a route.
    Terms(RouteId, i32),
    /// Of a policy.
    Policy(Policy),
}

impl Query {
    /// Whether a day lies in the window.
    pub fn has_day(&self, day: Day) -> bool {
        self.from <= day && day < self.until
    }

    /// Whether a cohort is asked for.
    pub fn has(&self, cohort: &Cohort) -> bool {
        let in_scope = match &self.scope {
            Scope::All => true,
            Scope::Routes(routes) => routes.contains(&cohort.route_id),
            Scope::Pair(from, to) => cohort.from_team == *from && cohort.to_team == *to,
            Scope::Team(team, side) => {
                let is_on = |asked: Side, it: &TeamId| side.is_none_or(|side| side == asked) && it == team;
                is_on(Side::Upstream, &cohort.from_team) || is_on(Side::Downstream, &cohort.to_team)
            }
        };
        let is_of_version = match &self.version {
            None => true,
            Some(Version::Template(template)) => cohort.template.as_ref() == Some(template),
            Some(Version::Terms(route, version)) => cohort.route_id == *route && cohort.terms_version == *version,
            Some(Version::Policy(policy)) => cohort.policy.as_ref() == Some(policy),
        };
        let is_wanted = match self.historic {
            Historic::Include => true,
            Historic::Exclude => !cohort.historic,
            Historic::Only => cohort.historic,
        };
        in_scope && is_of_version && is_wanted
    }

    /// Whether the days of a month, by its first, are asked for all or none, and all of them old enough to say whether they came back
    /// or none: then the month counts as one of them.
    fn has_whole(&self, month: Day) -> bool {
        let (next, edge) = (month.next_month(), Day::of(self.mature_until()));
        let is_within = self.from <= month && next <= self.until;
        let is_outside = next <= self.from || self.until <= month;
        (is_within || is_outside) && (edge < month || next <= edge)
    }

    /// The months whose sums can stand for those of their days in each of these queries, by their first days.
    pub fn whole_months<'q>(queries: impl Iterator<Item = &'q Self> + Clone) -> Vec<Day> {
        let from = queries.clone().map(|query| query.from).min();
        let until = queries.clone().map(|query| query.until.min(Day::of(query.as_of).plus(1))).max();
        let (Some(from), Some(until)) = (from, until) else { return vec![] };
        // Nothing happened before it; what is asked for before needs no rows.
        let first = from.max(Day(-25_567)).month();
        let months = std::iter::successors(Some(first), |month| Some(month.next_month()));
        let asked = months.take_while(|month| *month < until);
        asked.filter(|month| queries.clone().all(|query| query.has_whole(*month))).collect()
    }

    /// Whose clocks count: of a team those that it is accountable for, else those of both sides.
    pub fn accountable(&self, cohort: &Cohort) -> Option<Side> {
        match &self.scope {
            Scope::Team(team, _) if cohort.from_team == *team => Some(Side::Upstream),
            Scope::Team(..) => Some(Side::Downstream),
            _ => None,
        }
    }

    /// What happened at this instant or before it is old enough to say whether it came back.
    pub fn mature_until(&self) -> Timestamp {
        self.as_of.plus_seconds(-i64::from(self.return_days) * DAY_SECONDS)
    }

    /// The bound of rework in seconds.
    pub fn return_seconds(&self) -> i64 {
        i64::from(self.return_days) * DAY_SECONDS
    }
}
