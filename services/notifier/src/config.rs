//! What only this service is configured by.

use std::path::PathBuf;

use chassis::config::{Secret, wrong};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The `[service]` section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the handoff service answers gRPC.
    pub handoff_url: String,
    /// Where the SLA monitor answers gRPC.
    pub sla_url: String,
    /// Where the metrics service answers gRPC.
    pub metrics_url: String,
    /// The file with this service's own token; read again at every call, so that a new token needs no restart.
    pub token_file: PathBuf,
    /// How long another service may take to answer, in milliseconds, 100 to 60,000.
    pub peer_timeout_ms: u64,
    /// Networks that are not public and that webhooks and chats may be in, with or without TLS: `["10.2.0.0/16"]`.
    pub allowed_networks: Vec<IpNet>,
    /// A PEM file with authorities that receivers' certificates may be from, beside the public ones.
    pub ca_file: PathBuf,
    /// How long an attempt may take in all, in milliseconds, 100 to 60,000.
    pub send_timeout_ms: u64,
    /// Attempts under way at once in this process, 1 to 10,000.
    pub max_sending: u32,
    /// Of them at most so many to one subscription, 1 to 100; one while its receiver fails.
    pub max_sending_each: u32,
    /// How long deliveries and what they tell are kept, in days, 7 to 365; what happened longer ago is not told any more.
    pub keep_days: u32,
    /// Where letters are handed over: `smtps://user:password@smtp.example:465`, `smtp://smtp.example:587?tls=required`; empty: none are
    /// sent.
    pub smtp_url: Secret,
    /// Whom letters are from: `Baton <baton@example.com>`.
    pub smtp_from: String,
    /// What opens a handoff, with `{id}` for its id: `https://baton.example/handoffs/{id}`; empty: the command that shows it.
    pub open_handoff: String,
    /// What opens a survey, with `{token}` for the token of its link; empty: the command that answers it.
    pub open_survey: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            handoff_url: "http://127.0.0.1:7012".into(),
            sla_url: "http://127.0.0.1:7013".into(),
            metrics_url: "http://127.0.0.1:7014".into(),
            token_file: PathBuf::new(),
            peer_timeout_ms: 2_000,
            allowed_networks: vec![],
            ca_file: PathBuf::new(),
            send_timeout_ms: 10_000,
            max_sending: 256,
            max_sending_each: 8,
            keep_days: 30,
            smtp_url: Secret::default(),
            smtp_from: String::new(),
            open_handoff: String::new(),
            open_survey: String::new(),
        }
    }
}

impl Config {
    /// Everything that cannot work, in words for an operator.
    pub(crate) fn wrong(&self) -> Vec<String> {
        wrong([
            ((100..=60_000).contains(&self.peer_timeout_ms), "service.peer_timeout_ms must be 100 to 60000"),
            ((100..=60_000).contains(&self.send_timeout_ms), "service.send_timeout_ms must be 100 to 60000"),
            ((1..=10_000).contains(&self.max_sending), "service.max_sending must be 1 to 10000"),
            ((1..=100).contains(&self.max_sending_each), "service.max_sending_each must be 1 to 100"),
            ((7..=365).contains(&self.keep_days), "service.keep_days must be 7 to 365"),
            (
                self.smtp_url.is_empty() || !self.smtp_from.is_empty(),
                "service.smtp_from is required beside service.smtp_url: whom letters are from",
            ),
            (
                self.open_handoff.is_empty() || self.open_handoff.contains("{id}"),
                "service.open_handoff must hold {id}, which stands for the handoff's id",
            ),
            (
                self.open_survey.is_empty() || self.open_survey.contains("{token}"),
                "service.open_survey must hold {token}, which stands for the token of the survey's link",
            ),
            (
                !self.token_file.as_os_str().is_empty(),
                "service.token_file is required: the file with this service's own token, role READER",
            ),
        ])
    }
}
