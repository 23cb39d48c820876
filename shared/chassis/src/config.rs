//! The configuration of a service: one TOML file, the environment over it, secrets from files over both.
//!
//! `BATON_<SECTION>__<KEY>` in the environment sets `[section] key`; a secret can also be named by the file that holds it,
//! `BATON_<SECTION>__<KEY>_FILE`.

mod files;
mod load;

use std::{fmt, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use files::is_given;
pub(crate) use load::is_private;
pub use load::{BadConfig, wrong};

/// What every service is configured by, and its own section `S`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config<S> {
    /// The store.
    pub database: Database,
    /// The message broker.
    pub nats: Nats,
    /// The gRPC face.
    pub grpc: Grpc,
    /// The HTTP port for probes and metrics.
    pub http: Http,
    /// How other services are called.
    pub peers: Peers,
    /// Who may call.
    pub auth: Auth,
    /// Logs.
    pub log: Log,
    /// Traces.
    pub telemetry: Telemetry,
    /// What only this service knows.
    pub service: S,
}

/// The store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// PostgreSQL (>= 16) as the service's own role.
    pub url: Secret,
    /// The same database as the schema's owner; used by `migrate` and `events rebase`, and looked at by `doctor`.
    pub owner_url: Secret,
    /// A read replica of the same database, as the service's own role, for reads that may be some moments behind: reports of the
    /// metrics service. Empty: the store itself.
    pub read_url: Secret,
    /// Connections at most, 2 to 200.
    pub max_connections: u32,
    /// How long a statement may take, in milliseconds, 100 to 60,000.
    pub statement_timeout_ms: u32,
}

/// The message broker.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nats {
    /// nats-server (>= 2.12) with JetStream; several addresses of a cluster are separated by commas; `tls://` asks for TLS.
    pub url: String,
    /// The user that may publish this service's subjects; empty for none.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// First token of every subject and stream name, `[a-z][a-z0-9]*`, at most 32 characters.
    pub prefix: String,
    /// How long the stream keeps a fact, in hours; 0 keeps it for ever. The event log keeps it in any case.
    pub max_age_hours: u32,
    /// Copies of the stream in a cluster, 1 to 5.
    pub replicas: u32,
    /// A PEM file with the authority of the broker's certificate; empty: those that the machine trusts.
    pub tls_ca_file: PathBuf,
    /// The certificate to show to a broker that asks for one, PEM; read again at every connection.
    pub tls_cert_file: PathBuf,
    /// Its private key, PEM.
    pub tls_key_file: PathBuf,
}

/// The gRPC face.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grpc {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Allows plaintext on addresses that are not loopback: this one, those of other services, that of the issuer.
    pub insecure: bool,
    /// The certificate to show, with those between it and the authority, PEM; empty: plaintext. Read again when it changes.
    pub tls_cert_file: PathBuf,
    /// Its private key, PEM.
    pub tls_key_file: PathBuf,
    /// A PEM file with the authority whose certificates every client has to show; empty: none has to.
    pub tls_client_ca_file: PathBuf,
    /// Answers reflection.
    pub reflection: bool,
    /// Bytes of a message at most, 64 KiB to 4 MiB.
    pub max_message_bytes: u32,
    /// Streams open at once on a connection, 1 to 10,000.
    pub max_concurrent_streams: u32,
    /// How long a call without a deadline may take, in milliseconds, 100 to 60,000.
    pub default_deadline_ms: u32,
    /// How long calls may take to end after SIGTERM, in seconds, 1 to 20.
    pub drain_seconds: u32,
    /// Calls under way at once in this process, 8 to 100,000; what is over it is refused at once (OVERLOADED). While calls
    /// take longer than a second there are fewer, down to four for each connection to the store.
    pub max_in_flight: u32,
    /// Calls a second of one principal, 0 to 100,000; 0 lets everybody call as fast as they can (RATE_LIMITED).
    pub rate_per_second: u32,
    /// Calls that a principal may make at once after a pause, 1 to 1,000,000.
    pub rate_burst: u32,
    /// Web pages of other origins that may call by gRPC-web, at most 50: "https://app.example"; a page of the same origin
    /// always may.
    pub web_origins: Vec<String>,
}

/// The HTTP port for probes and metrics.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// How other services are called.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peers {
    /// A PEM file with the authority of other services' certificates; empty: those that browsers trust. Read again when it changes.
    pub ca_file: PathBuf,
    /// The certificate to show to services that ask for one, PEM.
    pub cert_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
}

/// Who may call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// The `iss` of every token.
    pub issuer: String,
    /// The `aud` that a token must name.
    pub audience: String,
    /// The issuer's public keys, a JWK set; read again when a token names an unknown key.
    pub jwks_file: PathBuf,
    /// In its place, where the issuer tells of its keys (OpenID Connect Discovery): `https://idp.example/.well-known/openid-configuration`.
    pub discovery_url: String,
    /// A PEM file with the authority of the issuer's certificate; empty: those that browsers trust.
    pub ca_file: PathBuf,
}

/// Logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// JSON for machines, text for people.
    pub format: LogFormat,
    /// What is written, in the notation of tracing's filter: "info,handoff=debug".
    pub filter: String,
}

/// Traces.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Where a collector takes traces by OTLP over gRPC: `http://127.0.0.1:4317`; empty: none are sent.
    pub otlp_endpoint: String,
    /// The share of traces begun here that are sent, 0 to 1; what a caller has begun follows the caller's choice.
    pub sample_ratio: f64,
}

/// The form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// A text that is shown nowhere.
#[derive(Clone, Default)]
pub struct Secret(String);

/// In the library's own words a value that is no text would be shown.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer);
        text.map(Self).map_err(|_| serde::de::Error::custom("it is a secret, and must be a text in quotes"))
    }
}

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it was not given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "(secret)" })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { "(secret)" })
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            owner_url: Secret::default(),
            read_url: Secret::default(),
            max_connections: 16,
            statement_timeout_ms: 10_000,
        }
    }
}

impl Default for Nats {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".into(),
            user: String::new(),
            password: Secret::default(),
            prefix: "baton".into(),
            max_age_hours: 30 * 24,
            replicas: 1,
            tls_ca_file: PathBuf::new(),
            tls_cert_file: PathBuf::new(),
            tls_key_file: PathBuf::new(),
        }
    }
}

impl Default for Grpc {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            insecure: false,
            tls_cert_file: PathBuf::new(),
            tls_key_file: PathBuf::new(),
            tls_client_ca_file: PathBuf::new(),
            reflection: false,
            max_message_bytes: 1024 * 1024,
            max_concurrent_streams: 200,
            default_deadline_ms: 10_000,
            drain_seconds: 20,
            max_in_flight: 256,
            rate_per_second: 2000,
            rate_burst: 4000,
            web_origins: vec![],
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: ([127, 0, 0, 1], 0).into() }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            issuer: "baton-dev".into(),
            audience: "baton".into(),
            jwks_file: PathBuf::new(),
            discovery_url: String::new(),
            ca_file: PathBuf::new(),
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp_endpoint: String::new(), sample_ratio: 1.0 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Json, filter: "info".into() }
    }
}
