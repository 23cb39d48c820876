//! The metrics service: figures about handoffs, surveys of both sides, and improvement with evidence.

pub mod domain;
