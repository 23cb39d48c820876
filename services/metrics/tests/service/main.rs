//! The metrics service through its real face, and its figures held to a naive reference.
#![expect(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]

mod improvement;
mod malformed;
mod person;
mod rebuilding;
mod reports;
mod requests;
mod scale;
mod surveys;
mod world;
