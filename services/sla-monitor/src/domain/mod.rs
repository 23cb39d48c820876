//! What both sides of a route have promised in time, and how the clocks on it stand: pure, synchronous, `now` is an argument.
//!
//! A [`Course`] is a handoff as far as clocks care. Everything that its own service says of it goes through [`Course::hear`], and
//! time goes through [`Course::fire`]; both answer what is to be said, clock by clock. The end of its history
//! ([`kernel::Head`]) is read here and raised by whoever writes the facts down.

pub mod book;
pub mod calendar;
pub mod clock;
pub mod course;
pub mod heard;
pub mod policy;
pub mod refused;
pub mod side;

pub use book::Book;
pub use clock::Clock;
pub use course::{Course, Said};
pub use refused::Refused;
pub use side::Side;

kernel::slug_id! {
    /// A team.
    TeamId
}
kernel::slug_id! {
    /// A route.
    RouteId
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
    /// A question, a proposal or an action.
    SubjectId
}

kernel::named! {
    /// How urgent a handoff is.
    pub enum Priority {
        /// Can wait.
        Low = "LOW",
        /// As usual.
        Normal = "NORMAL",
        /// Before others.
        High = "HIGH",
        /// Now.
        Urgent = "URGENT",
    }
}

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;

#[cfg(test)]
mod tests;
