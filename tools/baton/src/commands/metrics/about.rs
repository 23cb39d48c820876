//! About which handoffs figures are asked for: where, on which days, as of when, with or without history.

use api::{
    metrics::v1::{Historic, Query, Scope, TeamPair, TeamScope, Version, Window, scope::Kind},
    r#type::v1::Side,
};
use clap::Args;
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use kernel::Timestamp;

use crate::words::{self, Word as _, parse_time};

/// Where: one of them, or everywhere.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "About what")]
pub(super) struct Place {
    /// One route
    #[arg(long, value_name = "ROUTE", conflicts_with_all = ["from_team", "to_team", "team", "workflow"])]
    pub(super) route: Option<String>,
    /// From this team to --to-team, whatever the route
    #[arg(long, value_name = "TEAM", requires = "to_team", conflicts_with_all = ["team", "workflow"])]
    from_team: Option<String>,
    /// The team that receives, with --from-team
    #[arg(long, value_name = "TEAM", requires = "from_team", conflicts_with_all = ["team", "workflow"])]
    to_team: Option<String>,
    /// All that one team hands over or receives
    #[arg(long, value_name = "TEAM", conflicts_with = "workflow")]
    team: Option<String>,
    /// Of --team only what it hands over (upstream), or receives (downstream)
    #[arg(long, value_name = "SIDE", requires = "team", value_parser = Side::parse)]
    side: Option<Side>,
    /// All routes of a workflow
    #[arg(long, value_name = "WORKFLOW")]
    pub(super) workflow: Option<String>,
}

/// Where, when, and what counts.
#[derive(Debug, Args)]
#[command(next_help_heading = "About what")]
pub(super) struct About {
    #[command(flatten)]
    pub(super) place: Place,
    /// From this day on, UTC: 2026-08-01 [default: the last 90 days]
    #[arg(long, value_name = "DAY", value_parser = parse_day, conflicts_with = "days", group = "first")]
    from: Option<Date>,
    /// Up to this day, without it [default: the day after --as-of]
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "first")]
    until: Option<Date>,
    /// So many days, the last before --until
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), group = "first")]
    days: Option<u16>,
    /// Only what had happened by then [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<prost_types::Timestamp>,
    /// Without handoffs that an import of history brought
    #[arg(long, conflicts_with = "only_history")]
    without_history: bool,
    /// Only handoffs that an import of history brought
    #[arg(long)]
    only_history: bool,
    /// A return counts as rework within so many days [default: 14]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=365))]
    return_days: Option<i32>,
}

impl Place {
    /// The scope; none is everywhere.
    pub(super) fn scope(&self) -> Option<Scope> {
        let pair = self.from_team.clone().zip(self.to_team.clone());
        let side = self.side.unwrap_or_default().into();
        let kinds = [
            self.route.clone().map(Kind::RouteId),
            pair.map(|(from_team, to_team)| Kind::Pair(TeamPair { from_team, to_team })),
            self.team.clone().map(|team_id| Kind::Team(TeamScope { team_id, side })),
            self.workflow.clone().map(Kind::WorkflowId),
        ];
        kinds.into_iter().flatten().next().map(|kind| Scope { kind: Some(kind) })
    }
}

impl About {
    /// What is asked, of handoffs under a version or under any, where it is `now` now.
    pub(super) fn query(&self, version: Option<Version>, now: Timestamp) -> Query {
        let historic = match (self.without_history, self.only_history) {
            (true, _) => Historic::Exclude,
            (_, true) => Historic::Only,
            _ => Historic::Include,
        };
        Query {
            scope: self.place.scope(),
            window: self.window(now),
            as_of: self.as_of,
            historic: historic.into(),
            version,
            return_days: self.return_days.unwrap_or_default(),
        }
    }

    /// None where neither end was given: the service knows the last 90 days.
    fn window(&self, now: Timestamp) -> Option<Window> {
        let until = self.until.or_else(|| day_of(self.as_of, now).tomorrow().ok())?;
        let from = match self.days {
            Some(days) => until.checked_sub(i64::from(days).days()).ok()?,
            None => self.from?,
        };
        Some(Window { from: from.to_string(), until: until.to_string() })
    }
}

/// Reads a day.
pub(super) fn parse_day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("{text:?} is no day; write 2026-08-01"))
}

/// The day in UTC of an instant, or of now.
fn day_of(time: Option<prost_types::Timestamp>, now: Timestamp) -> Date {
    let micros = words::instant(time.as_ref()).unwrap_or(now).as_micros();
    jiff::Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        about: About,
    }

    fn parse(line: &str) -> Result<Query, String> {
        let now = "2026-11-23T09:00:00Z".parse().expect("a valid instant");
        let words = std::iter::once("report").chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|mistake| mistake.to_string())?;
        Ok(line.about.query(None, now))
    }

    fn days(line: &str) -> String {
        let window = parse(line).unwrap().window;
        window.map(|window| format!("{} {}", window.from, window.until)).unwrap_or_default()
    }

    #[test]
    fn a_scope_is_one_of_four_or_everywhere() {
        let kind = |line: &str| parse(line).unwrap().scope.and_then(|scope| scope.kind);
        let team = |side: Side| Kind::Team(TeamScope { team_id: "sales".to_owned(), side: side.into() });
        let pair = TeamPair { from_team: "a".to_owned(), to_team: "b".to_owned() };
        assert_eq!(kind(""), None);
        assert_eq!(kind("--route r"), Some(Kind::RouteId("r".to_owned())));
        assert_eq!(kind("--from-team a --to-team b"), Some(Kind::Pair(pair)));
        assert_eq!(kind("--team sales"), Some(team(Side::Unspecified)));
        assert_eq!(kind("--team sales --side upstream"), Some(team(Side::Upstream)));
        assert_eq!(kind("--workflow w"), Some(Kind::WorkflowId("w".to_owned())));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let wrong = [
            "--route r --team t",
            "--route r --from-team a --to-team b",
            "--from-team a",
            "--to-team b",
            "--side upstream",
            "--team t --workflow w",
            "--from 2026-01-01 --days 7",
            "--until 2026-01-01",
            "--without-history --only-history",
            "--return-days 0",
            "--days 0",
            "--from yesterday",
        ];
        for line in wrong {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn days_end_with_today_or_with_the_day_of_as_of() {
        assert_eq!(days(""), "");
        assert_eq!(days("--as-of 2026-09-30"), "");
        assert_eq!(days("--days 7"), "2026-11-17 2026-11-24");
        assert_eq!(days("--days 7 --as-of 2026-09-30T12:00"), "2026-09-24 2026-10-01");
        assert_eq!(days("--days 30 --until 2026-10-01"), "2026-09-01 2026-10-01");
        assert_eq!(days("--from 2026-08-01"), "2026-08-01 2026-11-24");
        assert_eq!(days("--from 2026-09-01 --until 2026-08-01"), "2026-09-01 2026-08-01");
    }

    #[test]
    fn what_counts_goes_into_the_query() {
        let query = parse("--only-history --return-days 30 --as-of 2026-09-30").unwrap();
        assert_eq!((query.historic(), query.return_days), (Historic::Only, 30));
        assert_eq!(query.as_of, parse_time("2026-09-30").ok());
        assert_eq!(parse("--without-history").unwrap().historic(), Historic::Exclude);
        assert_eq!(parse("").unwrap(), Query { historic: Historic::Include.into(), ..Query::default() });
    }
}
