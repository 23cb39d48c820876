//! What only this service is configured by.

use std::path::PathBuf;

use chassis::config::wrong;
use serde::{Deserialize, Serialize};

/// The `[service]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the handoff service answers gRPC.
    pub handoff_url: String,
    /// Where the SLA monitor answers gRPC.
    pub sla_url: String,
    /// Where the template service answers gRPC.
    pub checklist_url: String,
    /// The file with this service's own token; read again at every call, so that a new token needs no restart.
    pub token_file: PathBuf,
    /// How long another service may take to answer, in milliseconds, 100 to 60,000.
    pub peer_timeout_ms: u64,
    /// How often figures for Prometheus, suggestions and reviews are looked at anew, in seconds, 1 to 86,400.
    pub look_every_seconds: u64,
    /// The days that figures for Prometheus and suggestions are made from, up to and with today, 7 to 36,600.
    pub look_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            handoff_url: "http://127.0.0.1:7012".into(),
            sla_url: "http://127.0.0.1:7013".into(),
            checklist_url: "http://127.0.0.1:7011".into(),
            token_file: PathBuf::new(),
            peer_timeout_ms: 2_000,
            look_every_seconds: 60,
            look_days: 90,
        }
    }
}

impl Config {
    /// Everything that cannot work, in words for an operator.
    pub(crate) fn wrong(&self) -> Vec<String> {
        wrong([
            ((100..=60_000).contains(&self.peer_timeout_ms), "service.peer_timeout_ms must be 100 to 60000"),
            ((1..=86_400).contains(&self.look_every_seconds), "service.look_every_seconds must be 1 to 86400"),
            ((7..=36_600).contains(&self.look_days), "service.look_days must be 7 to 36600"),
            (
                !self.token_file.as_os_str().is_empty(),
                "service.token_file is required: the file with this service's own token, role READER",
            ),
        ])
    }
}
