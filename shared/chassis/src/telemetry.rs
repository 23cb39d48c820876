//! Logs and metrics of a process.

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Seconds, from a fast read to a call at its deadline.
const SECONDS_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Writes the logs of this process to its standard error from here on; in colour where that is a terminal.
pub(crate) fn log(config: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|error| format!("log.filter: {error}"))?;
    let is_terminal = std::io::stderr().is_terminal();
    let lines = fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(std::io::stderr);
    let set = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    set.map_err(|error| error.to_string())
}

/// Collects the metrics of this process from here on; the handle renders them for Prometheus.
pub(crate) fn collect_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().set_buckets(&SECONDS_BUCKETS)?.install_recorder()
}
