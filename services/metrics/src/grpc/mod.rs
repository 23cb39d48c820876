//! The gRPC face: read, act, write.

mod improvements;
mod read;
mod reports;
mod surveys;
pub(crate) mod write;

use chassis::Context;

use crate::store::book::Shelf;

/// Answers about surveys.
pub(crate) struct Surveys(pub(crate) Context);

/// Answers about improvement, with figures.
pub(crate) struct Improvements(pub(crate) Reports);

/// Answers with figures.
#[derive(Clone)]
pub(crate) struct Reports {
    pub(crate) context: Context,
    pub(crate) shelf: Shelf,
}
