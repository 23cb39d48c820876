//! The gRPC face: read, act, write.

mod deliveries;
mod read;
mod subscriptions;
mod write;

use chassis::Context;

use crate::{channels::Channels, store::subscription::Filters};

/// Answers about subscriptions and deliveries.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) context: Context,
    pub(crate) channels: Channels,
    pub(crate) filters: Filters,
}
