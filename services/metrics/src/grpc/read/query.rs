//! Which handoffs a figure is about, as a caller asks.

use api::{metrics::v1 as pb, r#type::v1 as common};
use calendar::Date;
use chassis::Fields;
use kernel::{Timestamp, Violation};

use crate::domain::{
    Day, PolicyId, Query, Refused, RouteId, Side, TeamId, TemplateId, WorkflowId,
    heard::Template,
    query::{Historic, Scope, Version},
    story::Policy,
};

/// Days, where no window is given.
const DAYS: i32 = 90;
/// A return counts within so many days, where nothing else is said.
const RETURN_DAYS: i32 = 14;

/// A query whose instants are not settled and whose workflow is not looked up.
#[derive(Debug, Clone)]
pub(in crate::grpc) struct Asked {
    pub(in crate::grpc) place: Where,
    window: Option<(Day, Day)>,
    as_of: Option<Timestamp>,
    historic: Historic,
    version: Option<Version>,
    return_days: i32,
}

/// Where.
#[derive(Debug, Clone)]
pub(in crate::grpc) enum Where {
    All,
    Route(RouteId),
    Pair(TeamId, TeamId),
    Team(TeamId, Option<Side>),
    Workflow(WorkflowId),
}

impl Asked {
    pub(super) fn read(fields: &mut Fields, query: Option<pb::Query>) -> Option<Self> {
        let query = query.unwrap_or_default();
        let historic = match query.historic() {
            pb::Historic::Unspecified | pb::Historic::Include => Historic::Include,
            pb::Historic::Exclude => Historic::Exclude,
            pb::Historic::Only => Historic::Only,
        };
        let known = fields.optional_choice::<pb::Historic>("query.historic", query.historic);
        let place = Where::read(fields, "query.scope", query.scope);
        let window = match query.window {
            None => Some(None),
            Some(window) => read_window(fields, &window).map(Some),
        };
        let as_of = fields.optional_time("query.as_of", query.as_of);
        let version = match query.version {
            None => Some(None),
            Some(version) => read_version(fields, "query.version", version).map(Some),
        };
        let return_days = match query.return_days {
            0 => Some(RETURN_DAYS),
            days @ 1..=365 => Some(days),
            _ => fields.refuse("query.return_days", "must be 1 to 365; 0 is 14"),
        };
        known?;
        Some(Self {
            place: place?,
            window: window?,
            as_of: as_of?,
            historic,
            version: version?,
            return_days: return_days?,
        })
    }

    /// All that is known to the figures, as of an instant.
    pub(in crate::grpc) fn settle(self, scope: Scope, now: Timestamp) -> Result<Query, Refused> {
        let as_of = self.as_of.unwrap_or(now);
        if as_of > now {
            let description = format!("must not be in the future: it is {now} now");
            return Err(Refused::Invalid(vec![Violation { field: "query.as_of".into(), description }]));
        }
        let (from, until) = self.window.unwrap_or_else(|| {
            let tomorrow = Day::of(as_of).plus(1);
            (tomorrow.plus(-DAYS), tomorrow)
        });
        let (historic, version, return_days) = (self.historic, self.version, self.return_days);
        Ok(Query { scope, from, until, as_of, historic, version, return_days })
    }
}

impl Where {
    pub(super) fn read(fields: &mut Fields, field: &str, scope: Option<pb::Scope>) -> Option<Self> {
        use pb::scope::Kind;
        Some(match scope.unwrap_or_default().kind {
            None => Self::All,
            Some(Kind::RouteId(id)) => Self::Route(fields.slug(&format!("{field}.route_id"), &id)?),
            Some(Kind::WorkflowId(id)) => Self::Workflow(fields.slug(&format!("{field}.workflow_id"), &id)?),
            Some(Kind::Pair(pair)) => {
                let from = fields.slug(&format!("{field}.pair.from_team"), &pair.from_team);
                let to = fields.slug(&format!("{field}.pair.to_team"), &pair.to_team);
                Self::Pair(from?, to?)
            }
            Some(Kind::Team(team)) => {
                let id = fields.slug(&format!("{field}.team.team_id"), &team.team_id);
                let side = fields.optional_choice(&format!("{field}.team.side"), team.side);
                let side = side?.and_then(|side| match side {
                    common::Side::Upstream => Some(Side::Upstream),
                    common::Side::Downstream => Some(Side::Downstream),
                    common::Side::Unspecified => None,
                });
                Self::Team(id?, side)
            }
        })
    }
}

fn read_window(fields: &mut Fields, window: &pb::Window) -> Option<(Day, Day)> {
    let from = day(fields, "query.window.from", &window.from);
    let until = day(fields, "query.window.until", &window.until);
    let (from, until) = (from?, until?);
    if until <= from {
        return fields.refuse("query.window.until", "must be after `from`: it is the day after the last");
    }
    Some((from, until))
}

/// A day between the years 1900 and 2300.
pub(super) fn day(fields: &mut Fields, field: &str, text: &str) -> Option<Day> {
    let date = if text.len() == 10 { text.parse::<Date>().ok() } else { None };
    match date.filter(|date| (1900..2300).contains(&date.year())) {
        Some(date) => Some(Day::from_date(date)),
        None => fields.refuse(field, "must be a day between the years 1900 and 2300, as 2026-11-27"),
    }
}

pub(in crate::grpc) fn read_version(fields: &mut Fields, field: &str, version: pb::Version) -> Option<Version> {
    use pb::version::Kind;
    let number = |fields: &mut Fields, name: &str, number: i32| {
        if number > 0 { Some(number) } else { fields.refuse(format!("{field}.{name}.version"), "must be 1 or more") }
    };
    match version.kind {
        None => fields.refuse(field, "is empty: give a template, terms or policy with its version"),
        Some(Kind::Template(it)) => {
            let id: Option<TemplateId> = fields.slug(&format!("{field}.template.template_id"), &it.template_id);
            let version = number(fields, "template", it.version);
            Some(Version::Template(Template { id: id?, version: version? }))
        }
        Some(Kind::Terms(it)) => {
            let route = fields.slug(&format!("{field}.terms.route_id"), &it.route_id);
            let version = number(fields, "terms", it.version);
            Some(Version::Terms(route?, version?))
        }
        Some(Kind::Policy(it)) => {
            let id: Option<PolicyId> = fields.slug(&format!("{field}.policy.policy_id"), &it.policy_id);
            let version = number(fields, "policy", it.version);
            Some(Version::Policy(Policy { id: id?, version: version? }))
        }
    }
}
