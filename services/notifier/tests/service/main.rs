//! The notifier through its real face, with real receivers of webhooks, chats and letters.
#![expect(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "what a test is told it compares; another answer than the expected one fails it"
)]
#![expect(clippy::unnecessary_wraps, reason = "parts of requests are made as messages hold them: optional")]

mod breaches;
mod hours;
mod kills;
mod load;
mod malformed;
mod person;
mod receiver;
mod receivers;
mod signatures;
mod subscribing;
mod telling;
mod who_may;
mod world;
