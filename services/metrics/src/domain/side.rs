//! The two sides of a handoff.

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
