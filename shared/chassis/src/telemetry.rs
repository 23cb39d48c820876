//! Logs, metrics and traces of a process.

use std::{io::IsTerminal as _, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tls::Trusted;
use tonic::transport::Endpoint;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::{
    Identity,
    config::{Log, LogFormat, Telemetry},
    trace,
};

/// Seconds, from a fast read to a call at its deadline.
const SECONDS_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Seconds, from a moment to an hour: for what waits, as a breach that is to be told.
const WAITING_BUCKETS: [f64; 12] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 900.0, 3600.0];
/// How long what is left of the traces may take to be sent at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Sends the traces of this process, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take()
            && let Err(error) = provider.shutdown_with_timeout(LAST_WORDS)
        {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}

/// Writes the logs of this process to its standard error from here on, in colour where that is a terminal; and sends its traces
/// where a collector is configured. To be called within a runtime.
pub(crate) fn start(identity: &Identity, log: &Log, traces: Option<(&Telemetry, Trusted)>) -> Result<Traces, String> {
    // The library tells of every connection twice; what of it matters is told by whoever uses it.
    let filter = format!("async_nats=warn,{}", log.filter);
    let filter = EnvFilter::try_new(&filter).map_err(|error| format!("log.filter: {error}"))?;
    let lines = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    let traces = traces.filter(|(telemetry, _)| !telemetry.otlp_endpoint.is_empty());
    let provider = traces.map(|(telemetry, trusted)| provider(identity, telemetry, trusted)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("baton"));
        // Whose code a span is from is in its name; threads and lines would double what is sent.
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        layer.with_filter(Targets::new().with_target(trace::TARGET, tracing::Level::INFO))
    });
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans)
        .try_init()
        .map_err(|error| error.to_string())?;
    Ok(Traces(provider))
}

fn provider(identity: &Identity, telemetry: &Telemetry, trusted: Trusted) -> Result<SdkTracerProvider, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("telemetry.otlp_endpoint: {error}");
    let endpoint = Endpoint::from_shared(telemetry.otlp_endpoint.clone()).map_err(|error| wrong(&error))?;
    let channel = endpoint.connect_timeout(Duration::from_secs(2)).connect_with_connector_lazy(trusted);
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_channel(channel)
        .with_timeout(Duration::from_secs(5))
        .build()
        .map_err(|error| wrong(&error))?;
    let resource = Resource::builder_empty().with_attributes([
        KeyValue::new("service.namespace", "baton"),
        KeyValue::new("service.name", identity.name),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance()),
    ]);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(telemetry.sample_ratio))))
        .with_resource(resource.build())
        .build())
}

/// Which replica this is: the name of its container where that has one.
fn instance() -> String {
    std::env::var("HOSTNAME").unwrap_or_else(|_| std::process::id().to_string())
}

/// Collects the metrics of this process from here on; the handle renders them for Prometheus.
pub(crate) fn collect_metrics(identity: &Identity) -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&SECONDS_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_lateness_seconds".to_owned()), &WAITING_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_delay_seconds".to_owned()), &WAITING_BUCKETS)?
        .install_recorder()?;
    let labels = [("service", identity.name), ("version", env!("CARGO_PKG_VERSION"))];
    metrics::gauge!("baton_build_info", &labels).set(1.0);
    Ok(handle)
}
