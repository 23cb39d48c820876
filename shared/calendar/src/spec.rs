//! A calendar as people write it, and everything that can be wrong with it.

use std::collections::BTreeMap;

use jiff::{
    Timestamp,
    civil::Date,
    tz::{self, TimeZone},
};
use kernel::Violation;
use serde::{Deserialize, Serialize};

use crate::days::{DAY_SECONDS, Days, day_of, windows_overlap};

/// Windows of a day, at most.
const WINDOWS_MAX: usize = 24;
/// Holidays, and overrides, at most.
const DATES_MAX: usize = 2_000;
/// The years that holidays and overrides may lie in.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;
/// So many days may follow each other without an open second.
const CLOSED_DAYS_MAX: i64 = 399;

/// A stretch of a day, in seconds from midnight by the wall clock: open from its start on, until before its end. One that ends
/// at or before its start ends on the next day, and belongs to the date that it starts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// From 0 to 86,399.
    pub start_seconds: i32,
    /// From 0 to 86,400, which is 24:00.
    pub end_seconds: i32,
}

/// A local date with windows of its own, in place of those of its weekday; none close it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The date.
    pub date: Date,
    /// Its windows.
    pub windows: Vec<Window>,
}

/// When a team works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The name of a zone in the tz database: `Europe/Berlin`. A fixed offset is none, but for UTC.
    pub time_zone: String,
    /// The windows of each weekday, Monday first.
    pub weekly: [Vec<Window>; 7],
    /// Local dates on which nothing is open.
    pub holidays: Vec<Date>,
    /// Local dates with windows of their own.
    pub overrides: Vec<Override>,
}

impl Window {
    /// From one wall clock time to another, in hours and minutes.
    pub const fn new(start: (i32, i32), end: (i32, i32)) -> Self {
        Self { start_seconds: start.0 * 3_600 + start.1 * 60, end_seconds: end.0 * 3_600 + end.1 * 60 }
    }

    /// Whether it ends on the next day.
    pub const fn is_overnight(self) -> bool {
        self.end_seconds <= self.start_seconds
    }
}

/// Reads a spec, noting everything that is wrong with it.
pub(crate) fn read(spec: &Spec) -> Result<(TimeZone, Days), Vec<Violation>> {
    let mut flaws = Flaws(vec![]);
    let zone = flaws.zone(&spec.time_zone);
    for (index, windows) in spec.weekly.iter().enumerate() {
        flaws.windows(&format!("weekly[{index}]"), windows);
    }
    flaws.dates("holidays", spec.holidays.iter().copied());
    flaws.dates("overrides", spec.overrides.iter().map(|it| it.date));
    for (index, of_date) in spec.overrides.iter().enumerate() {
        flaws.windows(&format!("overrides[{index}].windows"), &of_date.windows);
        if spec.holidays.contains(&of_date.date) {
            flaws.add(
                format!("overrides[{index}].date"),
                format!("{} is a holiday too; give the one or the other", of_date.date),
            );
        }
    }
    if flaws.0.is_empty() {
        flaws.neighbours(spec);
    }
    let (Some(zone), true) = (zone, flaws.0.is_empty()) else { return Err(flaws.0) };
    let days = Days::new(spec);
    if days.week_micros() == 0 {
        flaws.add("weekly".to_owned(), "gives no weekday a window: nothing would ever be due".to_owned());
    } else if let Some((from, days)) = days.longest_closed().filter(|(_, days)| *days > CLOSED_DAYS_MAX) {
        flaws.add(
            "holidays".to_owned(),
            format!("from {from} on nothing is open for {days} days; at most {CLOSED_DAYS_MAX} are allowed"),
        );
    }
    if flaws.0.is_empty() { Ok((zone, days)) } else { Err(flaws.0) }
}

struct Flaws(Vec<Violation>);

impl Flaws {
    fn add(&mut self, field: String, description: String) {
        self.0.push(Violation { field, description });
    }

    fn zone(&mut self, name: &str) -> Option<TimeZone> {
        let zone = tz::db().get(name).ok();
        let description = match &zone {
            None => "is no zone of the tz database; write one as Europe/Berlin",
            Some(zone) if is_fixed(zone) => "is a fixed offset, which knows no summer time; name the zone of a place",
            Some(_) => return zone,
        };
        self.add("time_zone".to_owned(), description.to_owned());
        None
    }

    fn windows(&mut self, path: &str, windows: &[Window]) {
        if windows.len() > WINDOWS_MAX {
            self.add(path.to_owned(), format!("TOO_LARGE: {} windows; at most {WINDOWS_MAX}", windows.len()));
        }
        let last = i32::try_from(DAY_SECONDS).unwrap_or(i32::MAX);
        for (index, window) in windows.iter().enumerate() {
            if !(0..last).contains(&window.start_seconds) || !(0..=last).contains(&window.end_seconds) {
                self.add(format!("{path}[{index}]"), "starts from 00:00 to 23:59:59 and ends until 24:00".to_owned());
            }
        }
        if let Some((one, other)) = windows_overlap(windows.iter().map(|it| span(0, *it))) {
            self.add(path.to_owned(), format!("windows {one} and {other} overlap; they may touch"));
        }
    }

    fn dates(&mut self, path: &str, dates: impl Iterator<Item = Date>) {
        let mut seen = BTreeMap::new();
        for (index, date) in dates.enumerate() {
            let place = || format!("{path}[{index}]");
            if !YEARS.contains(&date.year()) {
                self.add(place(), format!("{date} lies outside of the years {} to {}", YEARS.start(), YEARS.end()));
            }
            if let Some(first) = seen.insert(date, index) {
                self.add(place(), format!("{date} is given by {path}[{first}] already"));
            }
        }
        if seen.len() > DATES_MAX {
            self.add(path.to_owned(), format!("TOO_LARGE: {} dates; at most {DATES_MAX}", seen.len()));
        }
    }

    /// An overnight window must not run into what opens on the next day.
    fn neighbours(&mut self, spec: &Spec) {
        for (index, windows) in spec.weekly.iter().enumerate() {
            let next = (index + 1) % 7;
            if runs_into(windows, &spec.weekly[next]) {
                self.add(format!("weekly[{index}]"), format!("an overnight window runs into one of weekly[{next}]"));
            }
        }
        let overrides: BTreeMap<i64, &[Window]> =
            spec.overrides.iter().map(|it| (day_of(it.date), it.windows.as_slice())).collect();
        let of_day = |day: i64| overrides.get(&day).copied().unwrap_or(&spec.weekly[crate::days::weekday(day)]);
        for (index, it) in spec.overrides.iter().enumerate() {
            let day = day_of(it.date);
            if runs_into(of_day(day - 1), &it.windows) || runs_into(&it.windows, of_day(day + 1)) {
                self.add(
                    format!("overrides[{index}]"),
                    format!("{}: an overnight window runs into one of the next day", it.date),
                );
            }
        }
    }
}

/// The span of a window whose day begins at `day_start`, in seconds.
fn span(day_start: i64, window: Window) -> (i64, i64) {
    let next = if window.is_overnight() { DAY_SECONDS } else { 0 };
    (day_start + i64::from(window.start_seconds), day_start + next + i64::from(window.end_seconds))
}

fn runs_into(windows: &[Window], next: &[Window]) -> bool {
    let overnight = windows.iter().filter(|it| it.is_overnight()).map(|it| span(0, *it));
    windows_overlap(overnight.chain(next.iter().map(|it| span(DAY_SECONDS, *it)))).is_some()
}

/// One offset for all times, and another one than that of UTC.
fn is_fixed(zone: &TimeZone) -> bool {
    zone.following(Timestamp::MIN).next().is_none() && zone.to_offset(Timestamp::UNIX_EPOCH).seconds() != 0
}
