//! Figures about handoffs, and what is made of them: pure, synchronous, `now` is an argument.
//!
//! What the other services say of a handoff is its [`Story`]; [`Life`] reads it; [`measure()`] says what it adds to the [`Sums`] of
//! each day. Sums are added up to a [`Total`], and [`report`] makes the figures of it. So every metric is defined once, for one
//! handoff and for a million.

pub mod board;
pub mod book;
pub mod heard;
pub mod improvement;
pub mod interval;
pub mod life;
pub mod measure;
pub mod path;
pub mod percentile;
pub mod query;
pub mod refused;
pub mod report;
pub mod side;
pub mod story;
pub mod suggestion;
pub mod sums;
pub mod survey;
mod tally;
pub mod total;

pub use book::Book;
pub use life::Life;
pub use measure::measure;
pub use query::Query;
pub use refused::Refused;
pub use side::Side;
pub use story::Story;
pub use sums::Sums;
pub use total::Total;

kernel::slug_id! {
    /// A team.
    TeamId
}
kernel::slug_id! {
    /// A route.
    RouteId
}
kernel::slug_id! {
    /// A workflow.
    WorkflowId
}
kernel::slug_id! {
    /// A template.
    TemplateId
}
kernel::slug_id! {
    /// A calendar.
    CalendarId
}
kernel::slug_id! {
    /// A policy.
    PolicyId
}
kernel::uuid_id! {
    /// A handoff.
    HandoffId
}
kernel::uuid_id! {
    /// A clock.
    ClockId
}
kernel::uuid_id! {
    /// A question.
    QuestionId
}

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Nothing happens before it: 0001-01-01.
pub const BEGINNING: kernel::Timestamp = kernel::Timestamp::from_micros(-62_135_596_800 * SECOND);
/// Seconds in a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A day, UTC: so many after 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

impl Day {
    /// The day of an instant.
    pub fn of(at: kernel::Timestamp) -> Self {
        let day = at.as_micros().div_euclid(SECOND * DAY_SECONDS);
        Self(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Its first instant.
    pub fn start(self) -> kernel::Timestamp {
        kernel::Timestamp::from_micros(i64::from(self.0) * DAY_SECONDS * SECOND)
    }

    /// The day of a date.
    pub fn from_date(date: calendar::Date) -> Self {
        let midnight: Result<kernel::Timestamp, _> = format!("{date}T00:00:00Z").parse();
        Self::of(midnight.expect("a date has a midnight"))
    }

    /// As a date.
    pub fn date(self) -> calendar::Date {
        let midnight = self.start().to_string();
        midnight.split('T').next().and_then(|date| date.parse().ok()).unwrap_or(calendar::Date::MAX)
    }

    /// The first day of its month.
    #[must_use]
    pub fn month(self) -> Self {
        Self::from_date(self.date().first_of_month())
    }

    /// The first day of the month after its own.
    #[must_use]
    pub fn next_month(self) -> Self {
        self.month().plus(31).month()
    }

    /// The day so many later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}
