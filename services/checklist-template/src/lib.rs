//! The template service: what a handoff on a route must bring along, in versions that never change once published.

use api::checklist::v1::template_service_server::TemplateServiceServer;
use chassis::{Context, Identity, Mount, Service};
use kernel::Result;
use serde::{Deserialize, Serialize};

pub mod domain;
mod events;
mod grpc;
mod ops;
mod starters;
mod store;

/// The service.
#[derive(Debug)]
pub struct ChecklistTemplate;

/// It needs no settings of its own.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Service for ChecklistTemplate {
    const IDENTITY: Identity = Identity {
        name: "checklist-template",
        package: "baton.checklist.v1",
        event_message: Some("baton.checklist.v1.TemplateEvent"),
        schema: "checklist",
        migrations: &MIGRATIONS,
    };

    type Config = Config;

    async fn mount(context: &Context, _config: Config) -> Result<Mount> {
        let templates = TemplateServiceServer::new(grpc::Templates(context.clone()))
            .max_decoding_message_size(context.limits().max_message_bytes);
        Ok(Mount::default().grpc(templates))
    }
}
