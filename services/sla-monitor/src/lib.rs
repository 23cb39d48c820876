//! The SLA monitor: calendars, policies, and a clock on every promise between teams; it says when one is broken.

use std::{sync::Arc, time::Duration};

use api::sla::v1::{
    calendar_service_server::CalendarServiceServer, clock_service_server::ClockServiceServer,
    policy_service_server::PolicyServiceServer,
};
use chassis::{Context, Identity, Mount, Peer, Service, consumer::Hears, feed::Feed};
use futures::future::BoxFuture;
use kernel::Result;

pub mod config;
mod consumers;
pub mod domain;
mod events;
mod feeds;
mod grpc;
mod ops;
mod rebuild;
mod store;
mod tasks;

/// The service.
#[derive(Debug)]
pub struct SlaMonitor;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Service for SlaMonitor {
    const IDENTITY: Identity = Identity {
        name: "sla-monitor",
        package: "baton.sla.v1",
        event_message: Some("baton.sla.v1.SlaEvent"),
        schema: "sla",
        migrations: &MIGRATIONS,
    };

    type Config = config::Config;

    fn wrong(config: &config::Config) -> Vec<String> {
        config.wrong()
    }

    async fn mount(context: &Context, config: config::Config) -> Result<Mount> {
        let max_bytes = context.limits().max_message_bytes;
        let shelf = store::book::Shelf::default();
        let hears = hears(context, &config, &shelf)?;
        let evidence_wait = Duration::from_secs(config.evidence_wait_seconds);
        let timers = tasks::Timers::new(shelf.clone(), hears.producer.clone(), evidence_wait);
        let feed = Feed::new(context, config.max_watches as usize);
        let clocks = grpc::Clocks { context: context.clone(), shelf, feed };
        let (calendars, policies) = (grpc::Calendars(context.clone()), grpc::Policies(context.clone()));
        Ok(Mount::default()
            .hears(hears)
            .task("the clocks", move |context| timers.clone().tick(context))
            .grpc(CalendarServiceServer::new(calendars).max_decoding_message_size(max_bytes))
            .grpc(PolicyServiceServer::new(policies).max_decoding_message_size(max_bytes))
            .grpc(ClockServiceServer::new(clocks).max_decoding_message_size(max_bytes)))
    }
    fn rebuild(context: Context, config: config::Config) -> Option<BoxFuture<'static, Result<()>>> {
        let hears = hears(&context, &config, &store::book::Shelf::default());
        Some(Box::pin(async move { rebuild::rebuild(context, hears?).await }))
    }
}

/// The handoff service, as this one hears it.
fn hears(context: &Context, config: &config::Config, shelf: &store::book::Shelf) -> Result<Hears> {
    let timeout = Duration::from_millis(config.handoff_timeout_ms);
    let producer = Peer::new(context, "the handoff service", &config.handoff_url, &config.token_file, timeout)?;
    let consumer = Arc::new(consumers::Handoffs(shelf.clone()));
    Ok(Hears { package: consumers::HANDOFF, producer, consumer })
}
