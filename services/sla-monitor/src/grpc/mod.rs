//! The gRPC face: read, act, write.

mod calendars;
mod clocks;
mod policies;
mod read;
pub(crate) mod write;

use chassis::{Context, feed::Feed, into_status};
use kernel::Result;
use tonic::Status;

use crate::{domain::Refused, feeds::Live, store::book::Shelf};

/// Answers about calendars.
pub(crate) struct Calendars(pub(crate) Context);

/// Answers about policies.
pub(crate) struct Policies(pub(crate) Context);

/// Answers about clocks.
pub(crate) struct Clocks {
    pub(crate) context: Context,
    pub(crate) shelf: Shelf,
    pub(crate) feed: Feed<Live>,
}

/// What was asked for, or why there is none.
fn found<T>(found: Result<Option<T>>, unknown: impl FnOnce() -> Refused) -> Result<T, Status> {
    found.map_err(into_status)?.ok_or_else(|| into_status(unknown().into()))
}
