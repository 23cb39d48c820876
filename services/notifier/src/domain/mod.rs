//! Who is told what, where and when: pure, synchronous, `now` is an argument.
//!
//! A fact of another service becomes a [`Notice`]; a [`Subscription`] says whether it wants it; what it wants is sent as a [`Delivery`],
//! which is tried until it has arrived or is given up.

pub mod delivery;
pub mod hours;
pub mod notice;
pub mod place;
pub mod refused;
pub mod subscription;

pub use delivery::{Attempted, Delivery, Outcome};
pub use hours::{Digest, QuietHours};
pub use notice::{Notice, Team};
pub use place::{Key, Place};
pub use refused::Refused;
pub use subscription::{Recipient, Selection, Subscription};

kernel::slug_id! {
    /// A team.
    TeamId
}
kernel::slug_id! {
    /// A route.
    RouteId
}
kernel::uuid_id! {
    /// A subscription.
    SubscriptionId
}
kernel::uuid_id! {
    /// A delivery.
    DeliveryId
}
kernel::uuid_id! {
    /// A fact that somebody is told.
    FactId
}

/// Seconds in a day.
pub const DAY_SECONDS: i64 = 86_400;

kernel::named! {
    /// One side of a handoff.
    pub enum Side {
        /// The team that hands over.
        Upstream = "UPSTREAM",
        /// The team that receives.
        Downstream = "DOWNSTREAM",
    }
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Upstream => Self::Downstream,
            Self::Downstream => Self::Upstream,
        }
    }
}
