//! What tests stand on: a service on a free port with a database, a stream and a clock of its own, on the real servers that
//! `cargo dev test` has started; callers with tokens; and waiting on a condition instead of sleeping.

mod caller;
mod database;
mod errors;
mod program;
mod service;
mod stream;
mod wait;
pub mod who;

pub use caller::{Bearer, Caller, People};
pub use database::Database;
pub use dev::{
    binaries,
    keys::{Claims, Issuer},
    scratch::Scratch,
    servers::{Access, Launch, Mail, Nats, Options, Postgres, Process, free_port},
    tether::Tether,
};
pub use errors::{Refusal, refusal};
pub use program::Program;
pub use service::{Served, Setting, jwks_file};
pub use stream::{Fact, read_stream};
pub use wait::eventually;

/// A fresh request id.
#[expect(clippy::disallowed_methods, reason = "a test is a caller: its request ids need only differ")]
pub fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// What `cargo dev test` says of its servers.
fn of_run(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "<package>".to_owned());
        panic!("{variable} is not set: these tests need real servers; run: cargo dev test -p {package}")
    })
}
