//! What a team expects of its calendar, by example.

use std::num::NonZeroU32;

use calendar::{Beyond, Calendar, Date, Duration, Override, Spec, TZ_VERSION, Window};
use kernel::Timestamp;

use crate::any::at;

const HOUR: i64 = 3_600;

pub(crate) fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// From nine to five, Monday to Friday.
pub(crate) fn office(zone: &str) -> Spec {
    let day = || vec![Window::new((9, 0), (17, 0))];
    let weekly = [day(), day(), day(), day(), day(), vec![], vec![]];
    Spec { time_zone: zone.to_owned(), weekly, holidays: vec![], overrides: vec![] }
}

/// From 22:00 to 06:00, every night.
fn nights(zone: &str) -> Spec {
    Spec { weekly: std::array::from_fn(|_| vec![Window::new((22, 0), (6, 0))]), ..office(zone) }
}

fn calendar(spec: &Spec) -> Calendar {
    Calendar::new(spec).expect("a calendar")
}

fn working(spec: &Spec, from: &str, seconds: i64) -> Timestamp {
    calendar(spec).due(at(from), Duration::Working(seconds)).expect("within ten years")
}

/// Whole open hours.
fn hours(spec: &Spec, from: &str, until: &str) -> i64 {
    let micros = calendar(spec).between(at(from), at(until));
    assert_eq!(micros % (HOUR * 1_000_000), 0, "whole hours");
    micros / (HOUR * 1_000_000)
}

fn business_days(spec: &Spec, from: &str, days: u32, at_seconds: Option<i32>) -> Result<Timestamp, Beyond> {
    let days = NonZeroU32::new(days).expect("a day");
    calendar(spec).due(at(from), Duration::BusinessDays { days, at_seconds })
}

#[test]
fn eight_hours_from_nine_are_over_at_five_and_one_second_more_the_next_morning() {
    let office = office("Europe/Berlin");
    assert_eq!(working(&office, "2026-11-26T08:00:00Z", 8 * HOUR), at("2026-11-26T16:00:00Z"));
    assert_eq!(working(&office, "2026-11-26T08:00:00Z", 8 * HOUR + 1), at("2026-11-27T08:00:01Z"));
    assert_eq!(working(&office, "2026-11-27T15:00:00Z", 2 * HOUR), at("2026-11-30T09:00:00Z"), "over the weekend");
}

#[test]
fn nothing_moves_while_nothing_is_open() {
    let office = office("Europe/Berlin");
    assert_eq!(working(&office, "2026-11-28T12:00:00Z", 0), at("2026-11-28T12:00:00Z"));
    assert_eq!(hours(&office, "2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z"), 0);
    assert_eq!(hours(&office, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"), 40);
}

#[test]
fn a_night_is_an_hour_shorter_in_spring_and_an_hour_longer_in_autumn() {
    let nights = nights("Europe/Berlin");
    assert_eq!(hours(&nights, "2026-03-28T20:00:00Z", "2026-03-29T10:00:00Z"), 7);
    assert_eq!(hours(&nights, "2026-10-24T19:00:00Z", "2026-10-25T10:00:00Z"), 9);
}

#[test]
fn an_edge_in_the_gap_takes_effect_at_the_jump() {
    let window = vec![Window::new((2, 30), (4, 0))];
    let spec = Spec { weekly: std::array::from_fn(|_| window.clone()), ..office("Europe/Berlin") };
    assert_eq!(hours(&spec, "2026-03-29T00:00:00Z", "2026-03-29T06:00:00Z"), 1, "from 03:00 on, not 03:30");
    assert_eq!(working(&spec, "2026-03-29T00:00:00Z", 1), at("2026-03-29T01:00:01Z"));
    assert_eq!(hours(&spec, "2026-10-25T00:00:00Z", "2026-10-25T06:00:00Z"), 2, "from 02:30 in both passes");
}

#[test]
fn a_holiday_closes_its_date_and_the_night_that_falls_on_it() {
    let nights = Spec { holidays: vec![date("2026-12-25")], ..nights("Europe/Berlin") };
    assert_eq!(hours(&nights, "2026-12-24T11:00:00Z", "2026-12-25T11:00:00Z"), 2, "until midnight");
    assert_eq!(hours(&nights, "2026-12-25T11:00:00Z", "2026-12-26T11:00:00Z"), 6, "from midnight on");
}

#[test]
fn a_date_may_have_windows_of_its_own() {
    let eve = Override { date: date("2026-12-24"), windows: vec![Window::new((9, 0), (12, 0))] };
    let sunday = Override { date: date("2026-12-27"), windows: vec![Window::new((10, 0), (24, 0))] };
    let spec = Spec { overrides: vec![eve, sunday], ..office("Europe/Berlin") };
    assert_eq!(hours(&spec, "2026-12-24T00:00:00Z", "2026-12-24T23:00:00Z"), 3);
    assert_eq!(hours(&spec, "2026-12-26T23:00:00Z", "2026-12-27T23:00:00Z"), 14);
}

#[test]
fn a_business_day_is_a_date_not_a_span() {
    let spec = Spec { holidays: vec![date("2026-12-25")], ..office("Europe/Berlin") };
    let noon = Some(12 * 3_600);
    assert_eq!(business_days(&spec, "2026-12-24T09:00:00Z", 1, noon), Ok(at("2026-12-28T11:00:00Z")));
    assert_eq!(business_days(&spec, "2026-12-24T09:00:00Z", 2, None), Ok(at("2026-12-29T09:00:00Z")), "same wall time");
    assert_eq!(business_days(&spec, "2026-12-26T09:00:00Z", 1, Some(86_400)), Ok(at("2026-12-28T23:00:00Z")));
    assert_eq!(business_days(&spec, "2026-12-26T09:00:00Z", 3_000, None), Err(Beyond));
    let cairo = Spec { weekly: std::array::from_fn(|_| vec![Window::new((0, 0), (24, 0))]), ..office("Africa/Cairo") };
    let jumped = business_days(&cairo, "2026-04-23T12:00:00Z", 1, Some(1_800));
    assert_eq!(jumped, Ok(at("2026-04-23T22:00:00Z")), "00:30 is jumped over: the jump");
    let apia = Spec { time_zone: "Pacific/Apia".to_owned(), ..cairo };
    let next = business_days(&apia, "2011-12-30T00:00:00Z", 1, None);
    assert_eq!(next, Ok(at("2011-12-31T00:00:00Z")), "the day after the 29th was the 31st");
}

#[test]
fn ten_years_are_the_horizon() {
    let second = vec![Window { start_seconds: 0, end_seconds: 1 }];
    let mut weekly: [Vec<Window>; 7] = std::array::from_fn(|_| vec![]);
    weekly[0] = second;
    let calendar = calendar(&Spec { weekly, ..office("Europe/Berlin") });
    assert!(calendar.due(at("2026-01-01T00:00:00Z"), Duration::Working(500)).is_ok());
    assert_eq!(calendar.due(at("2026-01-01T00:00:00Z"), Duration::Working(530)), Err(Beyond));
    assert_eq!(calendar.due(at("2026-01-01T00:00:00Z"), Duration::Working(i64::MAX)), Err(Beyond));
    assert_eq!(calendar.due(at("2026-01-01T00:00:00Z"), Duration::Elapsed(3_654 * 86_400)), Err(Beyond));
}

#[test]
fn who_has_no_calendar_always_works() {
    let always = Calendar::always();
    let (from, until) = (at("2026-03-28T20:00:00Z"), at("2026-03-29T20:00:00Z"));
    assert_eq!(always.between(from, until), 86_400_000_000);
    assert_eq!(always.due(from, Duration::Working(86_400)), always.due(from, Duration::Elapsed(86_400)));
}

#[test]
fn the_tz_database_has_a_version() {
    assert!(TZ_VERSION.starts_with("20") && TZ_VERSION.len() == 5, "{TZ_VERSION}");
}
