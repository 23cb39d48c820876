//! The two sides of a handoff, by name.

pub use criteria::Side;

/// Upstream, then downstream.
pub const BOTH: [Side; 2] = [Side::Upstream, Side::Downstream];

/// The name in columns and in the contract.
pub const fn name(side: Side) -> &'static str {
    match side {
        Side::Upstream => "UPSTREAM",
        Side::Downstream => "DOWNSTREAM",
    }
}

/// The side of that name.
pub fn from_name(text: &str) -> Option<Side> {
    BOTH.into_iter().find(|side| name(*side) == text)
}

/// The other one.
pub const fn other(side: Side) -> Side {
    match side {
        Side::Upstream => Side::Downstream,
        Side::Downstream => Side::Upstream,
    }
}
