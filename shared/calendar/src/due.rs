//! The three kinds of duration, and when they are over.

use std::num::NonZeroU32;

use jiff::{
    Span,
    civil::{Date, DateTime},
    tz::AmbiguousOffset,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    days::{DAY_SECONDS, day_of},
    time::{Calendar, instant},
};

/// How far ahead anything may be due, in days: ten years.
pub const HORIZON_DAYS: i64 = 3_653;

/// How long something may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duration {
    /// So many seconds of working time.
    Working(i64),
    /// So many seconds, day and night.
    Elapsed(i64),
    /// Until the n-th business date strictly after the local date of the start.
    BusinessDays {
        /// How many.
        days: NonZeroU32,
        /// At this wall clock time, in seconds from midnight, at most 86,400; the start's own where it is not given.
        at_seconds: Option<i32>,
    },
}

/// It would be due more than ten years ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is not due within ten years")]
pub struct Beyond;

impl Calendar {
    /// When it is over, counted from a start; refused beyond the horizon. A wall clock time that a day jumps over is the
    /// jump, one that it has twice is the first.
    pub fn due(&self, start: Timestamp, duration: Duration) -> Result<Timestamp, Beyond> {
        match duration {
            Duration::Working(seconds) => self.add(start, seconds.checked_mul(1_000_000).ok_or(Beyond)?),
            Duration::Elapsed(seconds) if seconds > HORIZON_DAYS * DAY_SECONDS => Err(Beyond),
            Duration::Elapsed(seconds) => Ok(start.plus_seconds(seconds)),
            Duration::BusinessDays { days, at_seconds } => {
                let local = self.zone.to_datetime(instant(start.as_micros()));
                let date = self.business_date(local.date(), days)?;
                let at = match at_seconds {
                    Some(seconds) => {
                        date.to_datetime(jiff::civil::Time::midnight()).checked_add(Span::new().seconds(seconds))
                    }
                    None => Ok(date.to_datetime(local.time())),
                };
                Ok(self.instant_of(at.map_err(|_| Beyond)?))
            }
        }
    }

    /// The n-th business date after a date.
    fn business_date(&self, after: Date, days: NonZeroU32) -> Result<Date, Beyond> {
        let first = day_of(after) + 1;
        let is_counted = |(day, date): &(i64, Date)| self.days.is_business(*day) && self.is_there(*date);
        let dates = (first..first + HORIZON_DAYS).zip(after.series(Span::new().days(1)).skip(1));
        let nth = usize::try_from(days.get() - 1).map_err(|_| Beyond)?;
        dates.filter(is_counted).nth(nth).map(|(_, date)| date).ok_or(Beyond)
    }

    /// Whether the zone has the date: where it moved across the date line, one is missing.
    fn is_there(&self, date: Date) -> bool {
        let begins = self.instant_of(date.to_datetime(jiff::civil::Time::midnight()));
        self.zone.to_datetime(instant(begins.as_micros())).date() == date
    }

    /// The instant of a wall clock time: the first of two, the jump where it is jumped over.
    fn instant_of(&self, at: DateTime) -> Timestamp {
        let ambiguous = self.zone.to_ambiguous_timestamp(at);
        let micros = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(at).map(jiff::Timestamp::as_microsecond)
            }
            // The jump follows the time that the later offset gives.
            AmbiguousOffset::Gap { after, .. } => after
                .to_timestamp(at)
                .map(|early| self.zone.following(early).next().map_or(early, |jump| jump.timestamp()).as_microsecond()),
        };
        Timestamp::from_micros(micros.unwrap_or(i64::MAX))
    }
}
