//! The handoff service through its gRPC face, on a real PostgreSQL and a real NATS, with the real template service beside it.

mod deciding;
mod person;
mod preparing;
mod requests;
mod words;
mod working;
mod world;
