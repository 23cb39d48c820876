//! The handoff service: teams, the routes between them, and every handoff from draft to completion.

use std::{sync::Arc, time::Duration};

use api::handoff::v1::{
    directory_service_server::DirectoryServiceServer, handoff_service_server::HandoffServiceServer,
    route_service_server::RouteServiceServer,
};
use chassis::{Context, Identity, Mount, Peer, Service, consumer::Hears, feed::Feed};
use kernel::Result;

pub mod config;
mod consumers;
pub mod domain;
mod events;
mod feeds;
mod grpc;
mod ops;
mod store;
mod tasks;
mod templates;

/// The service.
#[derive(Debug)]
pub struct HandoffService;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Service for HandoffService {
    const IDENTITY: Identity = Identity {
        name: "handoff",
        package: "baton.handoff.v1",
        event_message: Some("baton.handoff.v1.HandoffEvent"),
        schema: "handoff",
        migrations: &MIGRATIONS,
    };

    type Config = config::Config;

    fn wrong(config: &config::Config) -> Vec<String> {
        config.wrong()
    }

    async fn mount(context: &Context, config: config::Config) -> Result<Mount> {
        let max_bytes = context.limits().max_message_bytes;
        let templates = templates::Templates::new(context, &config)?;
        let template_service = templates.peer().clone();
        let hears = hears(context, &config)?;
        let directory = grpc::Directory(context.clone());
        let routes = grpc::Routes { context: context.clone(), templates: templates.clone() };
        let feed = Feed::new(context, config.max_watches as usize);
        let handoffs = grpc::Handoffs { context: context.clone(), templates, feed };
        Ok(hears
            .into_iter()
            .fold(Mount::default(), Mount::hears)
            .calls(template_service)
            .task("the end of holds", tasks::end_holds)
            .grpc(DirectoryServiceServer::new(directory).max_decoding_message_size(max_bytes))
            .grpc(RouteServiceServer::new(routes).max_decoding_message_size(max_bytes))
            .grpc(HandoffServiceServer::new(handoffs).max_decoding_message_size(max_bytes)))
    }
}

/// How long the SLA monitor may take to say what its stream has lost.
const REPAIR_TIMEOUT: Duration = Duration::from_secs(10);

/// The SLA monitor, where there is one.
fn hears(context: &Context, config: &config::Config) -> Result<Option<Hears>> {
    if config.sla_url.is_empty() {
        return Ok(None);
    }
    let producer = Peer::new(context, "the SLA monitor", &config.sla_url, &config.token_file, REPAIR_TIMEOUT)?;
    Ok(Some(Hears { package: "baton.sla.v1", producer, consumer: Arc::new(consumers::Clocks) }))
}
