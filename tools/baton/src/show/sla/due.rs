//! The due calculator's answers, for people.

use api::sla::v1::{ComputeDueResponse, MeasureWorkingTimeResponse};
use jiff::tz::TimeZone;
use prost_types::{Duration, Timestamp};

use crate::{show::Screen, spans, words};

/// When something that starts then is due: on the wall of the calendar's zone, and in UTC.
pub(crate) fn due(start: &Timestamp, calendar: &str, answer: &ComputeDueResponse, screen: &Screen) -> String {
    let zone = TimeZone::get(&answer.time_zone).unwrap_or(TimeZone::UTC);
    let at = |time: Option<&Timestamp>| format!("{}   ({} UTC)", on_the_wall(time, &zone), words::time(time));
    let heading = format!("Due {} in {}", on_the_wall(answer.due_at.as_ref(), &zone), answer.time_zone);
    let facts = screen.facts(&[
        ("start", at(Some(start))),
        ("due", at(answer.due_at.as_ref())),
        ("working time", answer.working.map(spans::precise).unwrap_or_default()),
        ("by the wall", wall(answer.wall)),
        ("counted by", counted_by(calendar, answer.calendar_version, &answer.tz_version)),
    ]);
    format!("{}\n{facts}", screen.heading(&heading))
}

/// How much working time lies between two instants.
pub(crate) fn measured(
    [from, to]: [&Timestamp; 2],
    calendar: &str,
    answer: &MeasureWorkingTimeResponse,
    screen: &Screen,
) -> String {
    let working = answer.working.map(spans::precise).unwrap_or_default();
    let facts = screen.facts(&[
        ("from", format!("{} UTC", words::time(Some(from)))),
        ("to", format!("{} UTC", words::time(Some(to)))),
        ("by the wall", wall(answer.wall)),
        ("counted by", counted_by(calendar, answer.calendar_version, &answer.tz_version)),
    ]);
    format!("{}\n{facts}", screen.heading(&format!("{working} of working time")))
}

fn counted_by(calendar: &str, version: i32, tz_version: &str) -> String {
    let calendar = if calendar.is_empty() { super::ALWAYS } else { calendar };
    let version = if version == 0 { String::new() } else { format!(" v{version}") };
    format!("{calendar}{version}, tz {tz_version}")
}

fn wall(wall: Option<Duration>) -> String {
    wall.map(spans::elapsed).unwrap_or_default()
}

/// `Mon 2026-11-30 15:00 +01:00`; to the second, where it is not a whole minute.
fn on_the_wall(time: Option<&Timestamp>, zone: &TimeZone) -> String {
    let instant = words::instant(time).and_then(|at| jiff::Timestamp::from_microsecond(at.as_micros()).ok());
    let Some(zoned) = instant.map(|at| at.to_zoned(zone.clone())) else { return String::new() };
    let form = if zoned.second() == 0 { "%a %Y-%m-%d %H:%M %:z" } else { "%a %Y-%m-%d %H:%M:%S %:z" };
    zoned.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::words::parse_time;

    #[test]
    fn a_due_time_over_a_weekend_is_told_in_both_zones() {
        let start = parse_time("2026-11-27T15:00").unwrap();
        let answer = ComputeDueResponse {
            due_at: parse_time("2026-11-30T15:00").ok(),
            calendar_version: 3,
            tz_version: "2025b".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            working: Some(api::duration_from_seconds(28_800)),
            wall: Some(api::duration_from_seconds(3 * 86_400)),
        };
        assert_snapshot!(due(&start, "berlin", &answer, &Screen::of_test()), @"
        Due Mon 2026-11-30 16:00 +01:00 in Europe/Berlin
          start         Fri 2026-11-27 16:00 +01:00   (2026-11-27 15:00 UTC)
          due           Mon 2026-11-30 16:00 +01:00   (2026-11-30 15:00 UTC)
          working time  8h
          by the wall   3d
          counted by    berlin v3, tz 2025b
        ");
    }

    #[test]
    fn a_measure_tells_work_and_wall() {
        let [from, to] = ["2026-11-27T15:00", "2026-11-30T15:00"].map(|text| parse_time(text).unwrap());
        let answer = MeasureWorkingTimeResponse {
            working: Some(api::duration_from_seconds(28_800)),
            wall: Some(api::duration_from_seconds(3 * 86_400)),
            calendar_version: 0,
            tz_version: "2025b".to_owned(),
        };
        assert_snapshot!(measured([&from, &to], "", &answer, &Screen::of_test()), @"
        8h of working time
          from         2026-11-27 15:00 UTC
          to           2026-11-30 15:00 UTC
          by the wall  3d
          counted by   always, tz 2025b
        ");
    }
}
