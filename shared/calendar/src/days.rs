//! What is open on each local date, and how much of a stretch of wall clock time is open: no zone is known here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};

use crate::spec::{Spec, Window};

pub(crate) const DAY_SECONDS: i64 = 86_400;
pub(crate) const DAY_MICROS: i64 = DAY_SECONDS * 1_000_000;

/// The days since 1970-01-01.
pub(crate) fn day_of(day: Date) -> i64 {
    i64::from((day - date(1970, 1, 1)).get_days())
}

/// The weekday of a day, Monday first: the epoch was a Thursday.
pub(crate) fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default()
}

/// The places of two spans that overlap; such as touch do not.
pub(crate) fn windows_overlap(spans: impl Iterator<Item = (i64, i64)>) -> Option<(usize, usize)> {
    let mut sorted: Vec<_> = spans.enumerate().map(|(place, (start, end))| (start, end, place)).collect();
    sorted.sort_unstable();
    let overlapping = sorted.windows(2).find(|pair| pair[1].0 < pair[0].1)?;
    Some((overlapping[0].2, overlapping[1].2))
}

/// What is open on one date, in microseconds from midnight: apart from each other, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Day {
    open: Vec<(i64, i64)>,
    total: i64,
}

/// What is open on every date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    week: [Day; 7],
    week_total: i64,
    /// Dates that are not as their weekday: holidays, overrides, and the morning after an override.
    special: BTreeMap<i64, Day>,
    /// Dates that count, or do not count, as business dates against their weekday.
    business: BTreeMap<i64, bool>,
    business_week: [bool; 7],
}

impl Days {
    pub(crate) fn new(spec: &Spec) -> Self {
        let week: [Day; 7] =
            std::array::from_fn(|weekday| Day::of(&spec.weekly[(weekday + 6) % 7], &spec.weekly[weekday]));
        let holidays: BTreeSet<i64> = spec.holidays.iter().map(|date| day_of(*date)).collect();
        let overrides: BTreeMap<i64, &[Window]> =
            spec.overrides.iter().map(|it| (day_of(it.date), it.windows.as_slice())).collect();
        let windows = |day: i64| overrides.get(&day).copied().unwrap_or(&spec.weekly[weekday(day)]);
        let after = overrides.keys().map(|day| day + 1);
        let changed: BTreeSet<i64> = holidays.iter().copied().chain(overrides.keys().copied()).chain(after).collect();
        let special = changed.into_iter().map(|day| {
            let of_day = if holidays.contains(&day) { Day::default() } else { Day::of(windows(day - 1), windows(day)) };
            (day, of_day)
        });
        let mut business: BTreeMap<i64, bool> = overrides.iter().map(|(day, it)| (*day, !it.is_empty())).collect();
        business.extend(holidays.iter().map(|day| (*day, false)));
        Self {
            week_total: week.iter().map(|day| day.total).sum(),
            special: special.collect(),
            business,
            business_week: std::array::from_fn(|weekday| !spec.weekly[weekday].is_empty()),
            week,
        }
    }

    /// What is open in a week as any other.
    pub(crate) fn week_micros(&self) -> i64 {
        self.week_total
    }

    /// Whether a date is a business date: it has windows of its own and is no holiday.
    pub(crate) fn is_business(&self, day: i64) -> bool {
        self.business.get(&day).copied().unwrap_or(self.business_week[weekday(day)])
    }

    /// The longest run of dates without an open second, and when it begins; none where no date is special.
    pub(crate) fn longest_closed(&self) -> Option<(Date, i64)> {
        // In a week as any other something is open, so that a run lies within eight days of a special date.
        let mut longest: Option<(i64, i64)> = None;
        let mut seen = i64::MIN;
        for special in self.special.keys() {
            let mut day = (*special - 7).max(seen);
            let mut run = 0;
            while day <= *special + 7 || run > 0 {
                run = if self.day(day).total == 0 { run + 1 } else { 0 };
                if longest.is_none_or(|(_, length)| run > length) {
                    longest = Some((day - run + 1, run));
                }
                day += 1;
            }
            seen = day;
        }
        longest
            .filter(|(_, run)| *run > 0)
            .map(|(day, run)| (date(1970, 1, 1).saturating_add(jiff::Span::new().days(day)), run))
    }

    /// How much is open from one wall clock time until before another, in microseconds since 1970-01-01 00:00.
    pub(crate) fn open_between(&self, from: i64, until: i64) -> i64 {
        let (first, last) = (from.div_euclid(DAY_MICROS), until.div_euclid(DAY_MICROS));
        let (from, until) = (from.rem_euclid(DAY_MICROS), until.rem_euclid(DAY_MICROS));
        if first == last {
            return self.day(first).within(from, until);
        }
        self.day(first).within(from, DAY_MICROS) + self.whole_days(first + 1, last) + self.day(last).within(0, until)
    }

    /// The earliest wall clock time up to which so much is open, counted from one time and no later than another; else what is
    /// left of it there.
    pub(crate) fn advance(&self, from: i64, until: i64, mut left: i64) -> Result<i64, i64> {
        let mut day = from.div_euclid(DAY_MICROS);
        let mut from = from.rem_euclid(DAY_MICROS);
        loop {
            let midnight = day * DAY_MICROS;
            let day_end = DAY_MICROS.min(until - midnight);
            for (start, end) in self.day(day).open.iter().map(|(start, end)| (*start.max(&from), *end.min(&day_end))) {
                if end <= start {
                    continue;
                }
                if left <= end - start {
                    return Ok(midnight + start + left);
                }
                left -= end - start;
            }
            if midnight + DAY_MICROS >= until {
                return Err(left);
            }
            (day, from) = (day + 1, 0);
            let next_special = self.special.range(day..).next().map_or(i64::MAX, |(day, _)| *day);
            let ordinary = next_special.min(until.div_euclid(DAY_MICROS)) - day;
            let weeks = (ordinary / 7).min((left - 1) / self.week_total).max(0);
            day += weeks * 7;
            left -= weeks * self.week_total;
        }
    }

    /// What is open from one wall clock time until before another, in order; spans may touch.
    pub(crate) fn open_spans(&self, from: i64, until: i64) -> impl Iterator<Item = (i64, i64)> {
        let days = from.div_euclid(DAY_MICROS)..=(until - 1).div_euclid(DAY_MICROS);
        let spans = days.flat_map(|day| {
            self.day(day).open.iter().map(move |(start, end)| (day * DAY_MICROS + start, day * DAY_MICROS + end))
        });
        spans.map(move |(start, end)| (start.max(from), end.min(until))).filter(|(start, end)| start < end)
    }

    fn day(&self, day: i64) -> &Day {
        self.special.get(&day).unwrap_or(&self.week[weekday(day)])
    }

    /// How much is open on the dates from one until before another.
    fn whole_days(&self, first: i64, last: i64) -> i64 {
        let (mut total, mut day) = (0, first);
        for (special, it) in self.special.range(first..last.max(first)) {
            total += self.ordinary_days(day, *special) + it.total;
            day = special + 1;
        }
        total + self.ordinary_days(day, last)
    }

    fn ordinary_days(&self, first: i64, last: i64) -> i64 {
        let weeks = (last - first).max(0) / 7;
        let rest = first + weeks * 7..last;
        weeks * self.week_total + rest.map(|day| self.week[weekday(day)].total).sum::<i64>()
    }
}

impl Day {
    /// The date with these windows, after one with those.
    fn of(before: &[Window], windows: &[Window]) -> Self {
        let micros = |seconds: i32| i64::from(seconds) * 1_000_000;
        let morning = before.iter().filter(|it| it.is_overnight()).map(|it| (0, micros(it.end_seconds)));
        let own = windows.iter().map(|it| {
            let end = if it.is_overnight() { DAY_MICROS } else { micros(it.end_seconds) };
            (micros(it.start_seconds), end)
        });
        let mut open: Vec<(i64, i64)> = morning.chain(own).filter(|(start, end)| start < end).collect();
        open.sort_unstable();
        let total = open.iter().map(|(start, end)| end - start).sum();
        Self { open, total }
    }

    fn within(&self, from: i64, until: i64) -> i64 {
        self.open.iter().map(|(start, end)| (end.min(&until) - start.max(&from)).max(0)).sum()
    }
}
