//! What the chassis promises, proven on real servers by breaking things. Run: `cargo dev test -p chassis`

mod authority;
mod broker;
mod browser;
mod config;
mod discovery;
mod edge;
mod feed;
mod flood;
mod hearing;
mod log;
mod mirror;
mod once;
mod order;
mod probe;
mod secured;
mod servers;
mod stopping;
mod store;
mod tls;
mod tokens;
mod trouble;
mod watermark;
mod wire;
