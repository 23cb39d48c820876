//! The gRPC face: read, act, write.

mod read;
mod reports;
pub(crate) mod write;

use chassis::Context;

use crate::store::book::Shelf;

/// Answers with figures.
pub(crate) struct Reports {
    pub(crate) context: Context,
    pub(crate) shelf: Shelf,
}
