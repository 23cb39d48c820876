//! The notifier: each side is told, once, when it is its turn.

use std::{sync::Arc, time::Duration};

use api::notify::v1::{
    delivery_service_server::DeliveryServiceServer, subscription_service_server::SubscriptionServiceServer,
};
use chassis::{Context, Identity, Mount, Peer, Service, consumer::Hears};
use futures::future::BoxFuture;
use kernel::Result;

mod channels;
pub mod config;
mod consumers;
pub mod domain;
mod grpc;
mod ops;
mod store;
mod tasks;

use channels::Channels;
use consumers::{Hearing, Producer};
use store::subscription::Filters;
use tasks::{Dispatcher, Housekeeping};

/// The service.
#[derive(Debug)]
pub struct Notifier;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

impl Service for Notifier {
    const IDENTITY: Identity = Identity {
        name: "baton-notifier",
        package: "baton.notify.v1",
        event_message: None,
        schema: "notifier",
        migrations: &MIGRATIONS,
    };

    const SECRETS: &'static [&'static str] = &["service.smtp_url"];

    type Config = config::Config;

    fn wrong(config: &config::Config) -> Vec<String> {
        config.wrong()
    }

    async fn mount(context: &Context, config: config::Config) -> Result<Mount> {
        let max_bytes = context.limits().max_message_bytes;
        let (channels, filters) = (Channels::new(&config)?, Filters::default());
        let face = grpc::Face { context: context.clone(), channels: channels.clone(), filters: filters.clone() };
        let dispatcher = Dispatcher::new(channels, filters.clone(), &config);
        let housekeeping = Housekeeping::new(config.keep_days);
        let mut mount = Mount::default();
        for producer in Producer::ALL {
            mount = mount.hears(hears(context, &config, producer, &filters)?);
        }
        Ok(mount
            .task("digests", tasks::gather)
            .task("what is old, and what is on its way", move |context| housekeeping.clone().tick(context))
            .work("deliveries", move |context, stop| dispatcher.run(context, stop))
            .grpc(SubscriptionServiceServer::new(face.clone()).max_decoding_message_size(max_bytes))
            .grpc(DeliveryServiceServer::new(face).max_decoding_message_size(max_bytes)))
    }

    fn rebuild(context: Context, config: config::Config) -> Option<BoxFuture<'static, Result<()>>> {
        Some(Box::pin(async move {
            let handoff = hears(&context, &config, Producer::Handoff, &Filters::default())?;
            consumers::learn_the_map(&context, &handoff).await
        }))
    }
}

fn hears(context: &Context, config: &config::Config, producer: Producer, filters: &Filters) -> Result<Hears> {
    let (name, url) = match producer {
        Producer::Handoff => ("the handoff service", &config.handoff_url),
        Producer::Sla => ("the SLA monitor", &config.sla_url),
        Producer::Metrics => ("the metrics service", &config.metrics_url),
    };
    let timeout = Duration::from_millis(config.peer_timeout_ms);
    let peer = Peer::new(context, name, url, &config.token_file, timeout)?;
    let consumer = Arc::new(Hearing { producer, filters: filters.clone(), keep_days: config.keep_days });
    Ok(Hears { package: producer.package(), producer: peer, consumer })
}
