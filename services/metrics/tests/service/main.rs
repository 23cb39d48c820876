//! The metrics service through its real face, and its figures held to a naive reference.
#![expect(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]

mod figures;
mod improvement;
mod laws;
mod lived;
mod malformed;
mod person;
mod rebuilding;
mod reference;
mod reports;
mod requests;
mod scale;
mod stories;
mod surveys;
mod volvo;
mod who_may;
mod world;
