//! The handoff service through its gRPC face, on a real PostgreSQL and a real NATS, with the real template service beside it.

mod confidential;
mod creating;
mod deciding;
mod events;
mod history;
mod importing;
mod inbox;
mod malformed;
mod pages;
mod person;
mod preparing;
mod refusals;
mod repeats;
mod requests;
mod routes;
mod teams;
mod templates;
mod templates_away;
mod timeline;
mod words;
mod working;
mod world;
