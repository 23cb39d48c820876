//! All that a service needs and that has no domain noun: configuration, logs and metrics, the store's transactions, answers
//! given once, the event log with its sequencer and publisher, the gRPC server, identity, start and stop.
//!
//! A service is a [`Service`]: an identity and a `mount` that lists what it answers. A driver parses a [`Call`], runs an op by
//! [`Context::once`], and the op works on a [`Tx`].

mod admission;
mod auth;
mod broker;
mod call;
mod clock;
pub mod config;
pub mod consumer;
mod context;
mod dlq;
mod doctor;
mod edge;
mod event;
mod event_log_service;
pub mod feed;
mod fields;
mod gauges;
mod housekeeping;
pub mod log;
mod migrate;
pub mod page;
mod peer;
mod probe;
mod publisher;
mod rebase;
mod run;
mod seal;
mod sequencer;
mod server;
mod status;
mod store;
mod stream;
mod task;
mod telemetry;
mod trace;
mod tx;
pub mod verify;
mod web;

use futures::future::BoxFuture;

pub use call::{Call, Parse, actor};
pub use clock::{Clock, TestClock};
pub use context::{Context, Identity, Limits};
pub use event::{Aggregate, Author, Event, MAX_PAYLOAD_BYTES};
pub use fields::{Fields, TEXT_BYTES};
pub use peer::{Channel, Peer};
pub use run::run;
pub use seal::Seal;
pub use server::{Mount, Running};
pub use status::chain;
pub use status::into_status;
pub use task::Next;
pub use tx::Tx;

/// One service: who it is, what configures it, what it answers.
pub trait Service: Send + Sync + 'static {
    /// Which service it is.
    const IDENTITY: Identity;

    /// Keys of its own section that are secrets: `service.smtp_url`. Each may stand in a file.
    const SECRETS: &'static [&'static str] = &[];

    /// Its own section of the configuration.
    type Config: serde::Serialize + serde::de::DeserializeOwned + Default + Send;

    /// Everything that cannot work in its own section, each in a sentence for an operator.
    fn wrong(_config: &Self::Config) -> Vec<String> {
        vec![]
    }

    /// The table of contents: every gRPC service that it answers.
    fn mount(context: &Context, config: Self::Config) -> impl Future<Output = kernel::Result<Mount>> + Send;

    /// Makes anew what it has made of other services' facts, beside the rows in use, and puts it in their place, while it goes on
    /// serving. None for a service that hears nobody.
    fn rebuild(_context: Context, _config: Self::Config) -> Option<BoxFuture<'static, kernel::Result<()>>> {
        None
    }
}

/// Brings a service's schema to the form that it knows, as the schema's owner.
pub async fn migrate<S: Service>(owner_url: &config::Secret) -> kernel::Result<()> {
    migrate::migrate(&S::IDENTITY, owner_url).await
}
