//! The SLA monitor through its gRPC face, on a real PostgreSQL and a real NATS, with the real handoff service beside it.
#![expect(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]
#![expect(clippy::unnecessary_wraps, reason = "parts of requests are made as messages hold them: optional")]

mod breaches;
mod clocks;
mod evidence;
mod imported;
mod line;
mod malformed;
mod parked;
mod person;
mod requests;
mod rules;
mod watching;
mod who_may;
mod words;
mod world;
