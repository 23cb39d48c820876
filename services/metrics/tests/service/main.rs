//! The metrics service through its real face, and its figures held to a naive reference.
#![expect(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]
#![expect(clippy::unnecessary_wraps, reason = "parts of requests are made as messages hold them: optional")]

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
