//! Working time between two instants, and the instant at which so much of it has passed.

use jiff::tz::TimeZone;
use kernel::{Timestamp, Violation};

use crate::{
    days::{DAY_MICROS, Days},
    due::{Beyond, HORIZON_DAYS},
    spec::{self, Spec, Window},
};

/// When a team works, ready to be computed with.
#[derive(Clone, Debug)]
pub struct Calendar {
    pub(crate) zone: TimeZone,
    pub(crate) days: Days,
}

impl Calendar {
    /// A calendar, or everything that is wrong with its spec: an unknown or fixed zone; windows out of the day, overlapping, or
    /// running into the next day's; dates given twice, or as holiday and override at once; nothing open in a week, or for 400
    /// days in a row.
    pub fn new(spec: &Spec) -> Result<Self, Vec<Violation>> {
        spec::read(spec).map(|(zone, days)| Self { zone, days })
    }

    /// Always open: what counts for a team without a calendar.
    pub fn always() -> Self {
        let weekly = std::array::from_fn(|_| vec![Window { start_seconds: 0, end_seconds: 86_400 }]);
        let spec = Spec { time_zone: "UTC".to_owned(), weekly, holidays: vec![], overrides: vec![] };
        Self { zone: TimeZone::UTC, days: Days::new(&spec) }
    }

    /// Whether an instant is open.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.between(at, Timestamp::from_micros(at.as_micros() + 1)) > 0
    }

    /// The open time from one instant until before another, in microseconds; 0 where the second is not after the first.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> i64 {
        let mut open = 0;
        for Period { from, until, offset } in self.periods(from.as_micros(), until.as_micros()) {
            open += self.days.open_between(from + offset, until + offset);
        }
        open
    }

    /// The earliest instant up to which so much time is open, in microseconds: `add(t, 0)` is `t`, open or not, and eight
    /// hours from 09:00 in a day from 09 to 17 are over at 17:00 that day. Refused where that lies beyond the horizon.
    pub fn add(&self, from: Timestamp, micros: i64) -> Result<Timestamp, Beyond> {
        if micros <= 0 {
            return Ok(from);
        }
        let mut left = micros;
        for Period { from, until, offset } in
            self.periods(from.as_micros(), from.as_micros().saturating_add(HORIZON_DAYS * DAY_MICROS))
        {
            match self.days.advance(from + offset, until + offset, left) {
                Ok(at) => return Ok(Timestamp::from_micros(at - offset)),
                Err(more) => left = more,
            }
        }
        Err(Beyond)
    }

    /// What is open and what is shut from one instant until before another: stretches without gap, by turns.
    pub fn stretches(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Stretch> {
        let mut open = self.open_spans(from.as_micros(), until.as_micros()).peekable();
        let (mut at, end) = (from.as_micros(), until.as_micros());
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (is_open, mut until) = match open.peek() {
                Some((start, _)) if *start > at => (false, *start),
                Some((_, until)) => (true, *until),
                None => (false, end),
            };
            // Spans that touch, at midnight or where the offset changes, are one.
            while is_open && open.peek().is_some_and(|(start, _)| *start <= until) {
                until = open.next().map_or(until, |(_, next)| next.max(until));
            }
            let from = std::mem::replace(&mut at, until);
            Some(Stretch { from: Timestamp::from_micros(from), until: Timestamp::from_micros(until), is_open })
        })
    }

    /// What is open, in order; spans may touch.
    fn open_spans(&self, from: i64, until: i64) -> impl Iterator<Item = (i64, i64)> {
        self.periods(from, until).flat_map(|Period { from, until, offset }| {
            let spans = self.days.open_spans(from + offset, until + offset);
            spans.map(move |(start, end)| (start - offset, end - offset))
        })
    }

    /// The stretches of one offset from an instant until before another.
    fn periods(&self, from: i64, until: i64) -> impl Iterator<Item = Period> {
        let mut at = from;
        std::iter::from_fn(move || {
            if at >= until {
                return None;
            }
            let instant = instant(at);
            let offset = i64::from(self.zone.to_offset(instant).seconds()) * 1_000_000;
            let next = self.zone.following(instant).next().map_or(i64::MAX, |it| it.timestamp().as_microsecond());
            let period = Period { from: at, until: next.min(until), offset };
            at = period.until;
            Some(period)
        })
    }
}

/// A stretch of time that is open or shut as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Whether it is open.
    pub is_open: bool,
}

/// A stretch in which the wall clock runs on evenly, in microseconds: UTC, and what is to be added for the local time.
struct Period {
    from: i64,
    until: i64,
    offset: i64,
}

/// The instant as the library has it; one that it does not know is its first or last.
pub(crate) fn instant(micros: i64) -> jiff::Timestamp {
    let bound = if micros < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(micros).unwrap_or(bound)
}
