//! What `cargo dev` and the tests stand on: real servers without Docker, databases, keys, and no process left behind.

pub mod binaries;
pub mod contract;
pub mod databases;
pub mod error;
mod fetch;
pub mod keys;
pub mod progress;
mod random;
pub mod scratch;
pub mod servers;
pub mod tether;
pub mod wait;
pub mod watch;

pub use error::{Error, Result};
