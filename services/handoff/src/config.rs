//! What only this service is configured by.

use std::path::PathBuf;

use chassis::config::wrong;
use serde::{Deserialize, Serialize};

/// The `[service]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the template service answers gRPC.
    pub checklist_url: String,
    /// The file with this service's own token; read again at every call, so that a new token needs no restart.
    pub token_file: PathBuf,
    /// How long the template service may take to answer, in milliseconds, 100 to 60,000.
    pub checklist_timeout_ms: u64,
    /// Where the SLA monitor answers gRPC; empty where there is none.
    pub sla_url: String,
    /// Watches open at once, 1 to 100,000.
    pub max_watches: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            checklist_url: "http://127.0.0.1:7011".into(),
            token_file: PathBuf::new(),
            checklist_timeout_ms: 2_000,
            sla_url: "http://127.0.0.1:7013".into(),
            max_watches: 10_000,
        }
    }
}

impl Config {
    /// Everything that cannot work, in words for an operator.
    pub(crate) fn wrong(&self) -> Vec<String> {
        wrong([
            ((100..=60_000).contains(&self.checklist_timeout_ms), "service.checklist_timeout_ms must be 100 to 60000"),
            ((1..=100_000).contains(&self.max_watches), "service.max_watches must be 1 to 100000"),
            (
                !self.token_file.as_os_str().is_empty(),
                "service.token_file is required: the file with this service's own token, role READER",
            ),
        ])
    }
}
