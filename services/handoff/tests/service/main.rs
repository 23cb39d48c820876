//! The handoff service through its gRPC face, on a real PostgreSQL and a real NATS, with the real template service beside it.
#![expect(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]
#![expect(clippy::unnecessary_wraps, reason = "parts of requests are made as messages hold them: optional")]

mod agreement;
mod clocks;
mod confidential;
mod creating;
mod deciding;
mod events;
mod history;
mod holds;
mod importing;
mod inbox;
mod malformed;
mod map;
mod map_text;
mod migrating;
mod monitor;
mod notes;
mod pages;
mod person;
mod preparing;
mod proposals;
mod questions;
mod races;
mod races_of_all;
mod refusals;
mod repeats;
mod requests;
mod reviews;
mod routes;
mod search;
mod teams;
mod templates;
mod templates_away;
mod timeline;
mod volvo;
mod watching;
mod who_may;
mod words;
mod workflows;
mod working;
mod world;
