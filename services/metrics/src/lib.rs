//! The metrics service: figures about handoffs, surveys of both sides, and improvement with evidence.

use std::{sync::Arc, time::Duration};

use api::metrics::v1::{
    improvement_service_server::ImprovementServiceServer, report_service_server::ReportServiceServer,
    survey_service_server::SurveyServiceServer,
};
use chassis::{Context, Identity, Mount, Peer, Service, consumer::Hears};
use futures::future::BoxFuture;
use kernel::{Error, Result};

pub mod config;
mod consumers;
pub mod domain;
mod events;
mod grpc;
mod ops;
mod rebuild;
mod store;
mod tasks;

use consumers::{Hearing, Producer};
use store::book::Shelf;

/// The service.
#[derive(Debug)]
pub struct Metrics;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Service for Metrics {
    const IDENTITY: Identity = Identity {
        name: "baton-metrics",
        package: "baton.metrics.v1",
        event_message: Some("baton.metrics.v1.MetricsEvent"),
        schema: "metrics",
        migrations: &MIGRATIONS,
    };

    type Config = config::Config;

    fn wrong(config: &config::Config) -> Vec<String> {
        config.wrong()
    }

    async fn mount(context: &Context, config: config::Config) -> Result<Mount> {
        let max_bytes = context.limits().max_message_bytes;
        let shelf = Shelf::default();
        let mut mount = Mount::default();
        for (_, hears) in hears(context, &config, &shelf)? {
            mount = mount.hears(hears);
        }
        let reports = grpc::Reports { context: context.clone(), shelf: shelf.clone() };
        let improvements = grpc::Improvements(reports.clone());
        let every = Duration::from_secs(config.look_every_seconds);
        let days = i32::try_from(config.look_days).map_err(Error::fault)?;
        let looking = tasks::Looking::new(shelf.clone(), every, days);
        Ok(mount
            .task("what calendars have changed for", move |context| tasks::measure_stale(context, shelf.clone()))
            .task("follow-up surveys", tasks::follow_up)
            .task("reviews", tasks::reviews)
            .task("suggestions", move |context| looking.clone().tick(context))
            .grpc(ImprovementServiceServer::new(improvements).max_decoding_message_size(max_bytes))
            .grpc(SurveyServiceServer::new(grpc::Surveys(context.clone())).max_decoding_message_size(max_bytes))
            .grpc(ReportServiceServer::new(reports).max_decoding_message_size(max_bytes)))
    }

    fn rebuild(context: Context, config: config::Config) -> Option<BoxFuture<'static, Result<()>>> {
        let hears = hears(&context, &config, &Shelf::default());
        Some(Box::pin(async move { rebuild::rebuild(context, hears?).await }))
    }
}

/// Whom it hears.
fn hears(context: &Context, config: &config::Config, shelf: &Shelf) -> Result<Vec<(Producer, Hears)>> {
    let timeout = Duration::from_millis(config.peer_timeout_ms);
    let hears = |producer: Producer| {
        let (name, url) = match producer {
            Producer::Handoff => ("the handoff service", &config.handoff_url),
            Producer::Sla => ("the SLA monitor", &config.sla_url),
            Producer::Checklist => ("the template service", &config.checklist_url),
        };
        let peer = Peer::new(context, name, url, &config.token_file, timeout)?;
        let consumer = Arc::new(Hearing { producer, shelf: shelf.clone() });
        Ok((producer, Hears { package: producer.package(), producer: peer, consumer }))
    };
    Producer::ALL.into_iter().map(hears).collect()
}
