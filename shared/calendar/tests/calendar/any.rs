//! Calendars and instants of every kind, the nasty ones first.

use calendar::{Date, Override, Spec, Window};
use kernel::Timestamp;
use proptest::prelude::*;

/// A zone, and an instant beside which it does something worth a look.
const PLACES: [(&str, &str); 18] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    // Summer time begins at midnight: the day has no 00:30.
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00:00Z"),
    // By half an hour.
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    // There is no 2011-12-30.
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
    ("Australia/Sydney", "2026-04-04T16:00:00Z"),
    ("Australia/Sydney", "2026-10-03T16:00:00Z"),
    ("Europe/London", "2026-03-29T01:00:00Z"),
    ("Europe/London", "2026-10-25T01:00:00Z"),
    // Back for Ramadan, forth after it.
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Africa/Casablanca", "2026-03-22T02:00:00Z"),
    ("America/St_Johns", "2026-03-08T05:30:00Z"),
    ("UTC", "2026-01-01T00:00:00Z"),
];

const DAY: i32 = 86_400;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Windows of a day that do not overlap, on second boundaries that matter: whole hours, halves, and any.
fn windows() -> impl Strategy<Value = Vec<Window>> {
    let second = prop_oneof![
        3 => (0..=24).prop_map(|hour| hour * 3_600),
        2 => (0..=48).prop_map(|half| half * 1_800),
        1 => 0..=DAY,
    ];
    prop::collection::btree_set(second, 0..6).prop_map(|edges| {
        let edges: Vec<i32> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|pair| Window { start_seconds: pair[0], end_seconds: pair[1] }).collect()
    })
}

/// A week, perhaps with a night shift that begins after all else of its day and ends before all else of the next one.
fn week() -> impl Strategy<Value = [Vec<Window>; 7]> {
    let nights = prop::array::uniform7(prop::option::weighted(0.3, (1..3_600, 0..3_600)));
    (prop::array::uniform7(windows()), nights).prop_map(|(mut week, nights)| {
        for (day, night) in nights.iter().enumerate() {
            let Some((before_midnight, after_midnight)) = night else { continue };
            let start_seconds = DAY - before_midnight;
            let is_free = week[day].iter().all(|it| it.end_seconds <= start_seconds && !it.is_overnight())
                && week[(day + 1) % 7].iter().all(|it| it.start_seconds >= *after_midnight);
            if is_free {
                week[day].push(Window { start_seconds, end_seconds: *after_midnight });
            }
        }
        week
    })
}

/// A calendar, an instant near something worth a look there, and the zone's name.
pub(crate) fn calendar_and_instant() -> impl Strategy<Value = (Spec, Timestamp)> {
    let dates = prop::collection::btree_set(-6_i32..=6, 0..4);
    let overrides = prop::collection::btree_map(-6_i32..=6, windows(), 0..3);
    (prop::sample::select(&PLACES[..]), week(), dates, overrides, -3 * DAY..3 * DAY).prop_filter_map(
        "a calendar with something open",
        |((zone, anchor), weekly, holidays, overrides, offset)| {
            let anchor = at(anchor);
            let date = |days: i32| date_of(anchor.plus_seconds(i64::from(days) * 86_400));
            let overrides = overrides.into_iter().filter(|(day, _)| !holidays.contains(day));
            let spec = Spec {
                time_zone: zone.to_owned(),
                weekly,
                overrides: overrides.map(|(day, windows)| Override { date: date(day), windows }).collect(),
                holidays: holidays.iter().map(|day| date(*day)).collect(),
            };
            calendar::Calendar::new(&spec).ok().map(|_| (spec, anchor.plus_seconds(offset.into())))
        },
    )
}

fn date_of(at: Timestamp) -> Date {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).expect("an instant");
    jiff::tz::TimeZone::UTC.to_datetime(instant).date()
}
