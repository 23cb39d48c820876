//! The handoff service: teams, the routes between them, and every handoff from draft to completion.

use api::handoff::v1::{
    directory_service_server::DirectoryServiceServer, handoff_service_server::HandoffServiceServer,
    route_service_server::RouteServiceServer,
};
use chassis::{Context, Identity, Mount, Service, feed::Feed};
use kernel::Result;

pub mod config;
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
        event_message: "baton.handoff.v1.HandoffEvent",
        schema: "handoff",
        migrations: &MIGRATIONS,
    };

    type Config = config::Config;

    async fn mount(context: &Context, config: config::Config) -> Result<Mount> {
        let max_bytes = context.limits().max_message_bytes;
        let templates = templates::Templates::new(&config)?;
        let directory = grpc::Directory(context.clone());
        let routes = grpc::Routes { context: context.clone(), templates: templates.clone() };
        let feed = Feed::new(context, config.max_watches as usize);
        let handoffs = grpc::Handoffs { context: context.clone(), templates, feed };
        Ok(Mount::default()
            .task("the end of holds", tasks::end_holds)
            .grpc(DirectoryServiceServer::new(directory).max_decoding_message_size(max_bytes))
            .grpc(RouteServiceServer::new(routes).max_decoding_message_size(max_bytes))
            .grpc(HandoffServiceServer::new(handoffs).max_decoding_message_size(max_bytes)))
    }
}
