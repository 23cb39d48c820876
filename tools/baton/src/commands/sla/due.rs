//! The due calculator.

use api::sla::v1::{BusinessDays, ComputeDueRequest, MeasureWorkingTimeRequest, TargetDuration, target_duration::Kind};
use clap::Args;
use prost_types::Duration;

use crate::{
    client::Remote,
    errors::Result,
    session::Session,
    show::sla::due as show,
    spans::{parse_elapsed, parse_working},
    words::{When, parse_time},
    yaml::calendar::is_wall_clock,
};

/// What starts when, and how long it may take.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  baton sla due berlin --from 2026-11-27T15:00+01:00 --working 8h\n  baton sla due berlin --from 2026-11-27T15:00+01:00 --elapsed 2d\n  baton sla due berlin --business-days 2 --at 17:00"
)]
pub(crate) struct Due {
    /// The calendar; always counts by day and by night
    calendar: String,
    /// Its version [default: the latest]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: i32,
    /// When it starts; UTC, where no offset is given [default: now]
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    from: Option<When>,
    #[command(flatten)]
    target: Target,
    /// At this time of the last business day [default: the same as at the start]
    #[arg(long, value_name = "HH:MM", value_parser = parse_wall_clock, conflicts_with_all = ["working", "elapsed"])]
    at: Option<String>,
}

/// How long; a bare day is never enough to say.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// So much working time: 8h, 1h30m
    #[arg(long, value_name = "SPAN", value_parser = parse_working)]
    working: Option<Duration>,
    /// So much time by day and by night: 2d, 36h
    #[arg(long, value_name = "SPAN", value_parser = parse_elapsed)]
    elapsed: Option<Duration>,
    /// Until the so many-th business day after the one it starts on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1000))]
    business_days: Option<i32>,
}

/// Between what.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  baton sla measure berlin --from 2026-11-27T15:00+01:00 --to 2026-11-30T12:00+01:00"
)]
pub(crate) struct Measure {
    /// The calendar; always counts by day and by night
    calendar: String,
    /// Its version [default: the latest]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: i32,
    /// From here on; UTC, where no offset is given
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: prost_types::Timestamp,
    /// Until before here [default: now]
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    to: Option<When>,
}

impl Due {
    /// Prints when it is due.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let start = self.from.unwrap_or(When::After(0)).instant(session.screen().now());
        let request = ComputeDueRequest {
            calendar_id: self.calendar.clone(),
            version: self.version,
            start: Some(start),
            duration: Some(self.target.duration(self.at)),
        };
        let answer = sla.call(request, async |request| sla.calendars().compute_due(request).await).await?;
        session.answer(&answer, |answer, screen| show::due(&start, &self.calendar, answer, screen))
    }
}

impl Target {
    fn duration(self, at: Option<String>) -> TargetDuration {
        let until = |days| Kind::BusinessDays(BusinessDays { days, at: at.unwrap_or_default() });
        let kinds = [self.working.map(Kind::Working), self.elapsed.map(Kind::Elapsed), self.business_days.map(until)];
        TargetDuration { kind: kinds.into_iter().flatten().next() }
    }
}

impl Measure {
    /// Prints how much it is.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let to = self.to.unwrap_or(When::After(0)).instant(session.screen().now());
        let request = MeasureWorkingTimeRequest {
            calendar_id: self.calendar.clone(),
            version: self.version,
            from: Some(self.from),
            to: Some(to),
        };
        let answer = sla.call(request, async |request| sla.calendars().measure_working_time(request).await).await?;
        session.answer(&answer, |answer, screen| show::measured([&self.from, &to], &self.calendar, answer, screen))
    }
}

fn parse_wall_clock(text: &str) -> Result<String, String> {
    if is_wall_clock(text) { Ok(text.to_owned()) } else { Err(format!("{text:?} is no time of a day; write 17:00")) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        due: Due,
    }

    fn kind(line: &str) -> Option<Kind> {
        let due = Line::try_parse_from(["due", "berlin"].into_iter().chain(line.split_whitespace())).ok()?.due;
        due.target.duration(due.at).kind
    }

    #[test]
    fn exactly_one_kind_of_duration_is_given() {
        assert_eq!(kind("--working 8h"), Some(Kind::Working(api::duration_from_seconds(28_800))));
        assert_eq!(kind("--elapsed 2d"), Some(Kind::Elapsed(api::duration_from_seconds(172_800))));
        let until = BusinessDays { days: 2, at: "17:00".to_owned() };
        assert_eq!(kind("--business-days 2 --at 17:00"), Some(Kind::BusinessDays(until)));
        for wrong in ["", "--working 1d", "--working 8h --elapsed 2d", "--working 8h --at 17:00", "--business-days 0"] {
            assert_eq!(kind(wrong), None, "{wrong}");
        }
    }
}
