//! The configuration of a service: one TOML file, the environment over it, secrets from files over both.
//!
//! `BATON_<SECTION>__<KEY>` in the environment sets `[section] key`; a secret can also be named by the file that holds it,
//! `BATON_<SECTION>__<KEY>_FILE`.

use std::{fmt, net::SocketAddr, path::PathBuf};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{status::chain, store::Wrong};

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
    /// The same database as the schema's owner; used by `migrate` and `events rebase` only.
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
    /// Allows plaintext on an address that is not loopback.
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
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

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

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the configuration cannot be used; correct the file or the environment (`config --help` says how they are read):\n{0}"
)]
pub struct BadConfig(String);

/// The keys whose value may stand in a file named by `<KEY>_FILE`.
const SECRETS: [&str; 4] = ["database.url", "database.owner_url", "database.read_url", "nats.password"];

impl Peers {
    /// What other services are called with.
    pub(crate) fn trusted(&self) -> kernel::Result<tls::Trusted> {
        let given = |file: &PathBuf| is_given(file).then(|| file.clone());
        let trusted = tls::Trusted::new(given(&self.ca_file), pair(&self.cert_file, &self.key_file), &[b"h2"]);
        trusted.map_err(|error| unusable("peers.ca_file, cert_file and key_file", &error))
    }
}

impl Grpc {
    /// The certificate to show, where one is configured.
    pub(crate) fn shown(&self) -> kernel::Result<Option<tls::Shown>> {
        let Some(pair) = pair(&self.tls_cert_file, &self.tls_key_file) else { return Ok(None) };
        let client_ca_file = is_given(&self.tls_client_ca_file).then(|| self.tls_client_ca_file.clone());
        let shown = tls::Shown::new(pair, client_ca_file);
        shown.map(Some).map_err(|error| unusable("grpc.tls_cert_file, tls_key_file and tls_client_ca_file", &error))
    }
}

fn pair(cert_file: &std::path::Path, key_file: &std::path::Path) -> Option<tls::Pair> {
    is_given(cert_file).then(|| tls::Pair { cert_file: cert_file.to_owned(), key_file: key_file.to_owned() })
}

fn unusable(knobs: &str, error: &tls::Unusable) -> kernel::Error {
    let remedy = "put PEM files there that this user may read and that are valid now";
    Wrong::new(format!("{knobs}: {}", chain(error)), remedy).into()
}

impl<S: DeserializeOwned + Serialize + Default> Config<S> {
    /// Reads the file (if one is given), then the environment, then the files that hold secrets: those of every service, and the
    /// service's own.
    pub fn load(file: Option<&PathBuf>, own_secrets: &'static [&'static str]) -> Result<Self, BadConfig> {
        let mut sources = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            sources = sources.merge(Toml::file_exact(file));
        }
        let is_setting = |key: &figment::value::UncasedStr| key.as_str().contains("__");
        let is_secret = move |key: &figment::value::UncasedStr| {
            SECRETS
                .iter()
                .chain(own_secrets)
                .map(|secret| secret.replace('.', "__"))
                .any(|it| key == it.as_str() || key == format!("{it}_FILE").as_str())
        };
        sources =
            sources.merge(Env::prefixed("BATON_").filter(move |key| is_setting(key) && !is_secret(key)).split("__"));
        for secret in SECRETS.iter().chain(own_secrets).copied() {
            let variable = format!("BATON_{}", secret.replace('.', "__").to_uppercase());
            // Letter by letter: elsewhere `007` is read as a number and `[` as the beginning of a list.
            if let Ok(text) = std::env::var(&variable) {
                sources = sources.merge((secret, text));
            }
            let variable = format!("{variable}_FILE");
            if let Ok(path) = std::env::var(&variable) {
                let text =
                    std::fs::read_to_string(&path).map_err(|e| BadConfig(format!("- {variable}: {path}: {e}")))?;
                sources = sources.merge((secret, text.trim_end().to_owned()));
            }
        }
        let config: Self = sources.extract().map_err(|errors| {
            BadConfig(errors.into_iter().map(|error| format!("- {error}")).collect::<Vec<_>>().join("\n"))
        })?;
        config.check()?;
        Ok(config)
    }

    /// Refuses to serve without what has no default, and what the service says of its own section; everything at once.
    pub fn must_serve(&self, own: Vec<String>) -> Result<(), BadConfig> {
        let url = !self.database.url.is_empty();
        let sources = [is_given(&self.auth.jwks_file), !self.auth.discovery_url.is_empty()];
        let wrong = wrong([
            (url, "database.url is required: PostgreSQL, as the service's own role"),
            (
                sources != [false, false],
                "auth.jwks_file or auth.discovery_url is required: the public keys of the issuer of tokens",
            ),
            (sources != [true, true], "auth.jwks_file and auth.discovery_url are both given: keys come from one place"),
        ]);
        all([wrong, own].concat())
    }

    /// Refuses to migrate without the owner's address.
    pub fn must_migrate(&self) -> Result<(), BadConfig> {
        let owner_url = self.database.owner_url.is_empty();
        all(wrong([(!owner_url, "database.owner_url is required: PostgreSQL, as the schema's owner")]))
    }

    /// Every bound that does not hold.
    fn check(&self) -> Result<(), BadConfig> {
        let (database, nats, grpc) = (&self.database, &self.nats, &self.grpc);
        let prefix_fits = nats.prefix.len() <= 32
            && nats.prefix.starts_with(|c: char| c.is_ascii_lowercase())
            && nats.prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let (peers, telemetry) = (&self.peers, &self.telemetry);
        let is_pair = |cert: &PathBuf, key: &PathBuf| is_given(cert) == is_given(key);
        all(wrong([
            ((2..=200).contains(&database.max_connections), "database.max_connections must be 2 to 200"),
            (
                (100..=60_000).contains(&database.statement_timeout_ms),
                "database.statement_timeout_ms must be 100 to 60000",
            ),
            (prefix_fits, "nats.prefix must be 1 to 32 of a-z and 0-9, beginning with a letter"),
            ((1..=5).contains(&nats.replicas), "nats.replicas must be 1 to 5"),
            (
                (65_536..=4_194_304).contains(&grpc.max_message_bytes),
                "grpc.max_message_bytes must be 65536 to 4194304 (64 KiB to 4 MiB)",
            ),
            ((1..=10_000).contains(&grpc.max_concurrent_streams), "grpc.max_concurrent_streams must be 1 to 10000"),
            ((100..=60_000).contains(&grpc.default_deadline_ms), "grpc.default_deadline_ms must be 100 to 60000"),
            ((1..=20).contains(&grpc.drain_seconds), "grpc.drain_seconds must be 1 to 20"),
            ((8..=100_000).contains(&grpc.max_in_flight), "grpc.max_in_flight must be 8 to 100000"),
            (grpc.rate_per_second <= 100_000, "grpc.rate_per_second must be 0 to 100000; 0 is without a bound"),
            ((1..=1_000_000).contains(&grpc.rate_burst), "grpc.rate_burst must be 1 to 1000000"),
            (
                grpc.web_origins.len() <= 50 && grpc.web_origins.iter().all(|origin| is_origin(origin)),
                "grpc.web_origins must be at most 50 origins as a browser writes them, without a path: \"https://app.example\"",
            ),
            (
                grpc.listen.ip().is_loopback() || grpc.insecure || is_given(&grpc.tls_cert_file),
                "grpc.listen is not loopback and the face is plaintext: give grpc.tls_cert_file and grpc.tls_key_file, or put a TLS \
                 proxy before it and set grpc.insecure = true",
            ),
            (is_pair(&grpc.tls_cert_file, &grpc.tls_key_file), "grpc.tls_cert_file and grpc.tls_key_file go together"),
            (
                is_given(&grpc.tls_cert_file) || !is_given(&grpc.tls_client_ca_file),
                "grpc.tls_client_ca_file needs grpc.tls_cert_file and grpc.tls_key_file",
            ),
            (is_pair(&nats.tls_cert_file, &nats.tls_key_file), "nats.tls_cert_file and nats.tls_key_file go together"),
            (is_pair(&peers.cert_file, &peers.key_file), "peers.cert_file and peers.key_file go together"),
            ((0.0..=1.0).contains(&telemetry.sample_ratio), "telemetry.sample_ratio must be 0 to 1"),
            (
                telemetry.otlp_endpoint.is_empty() || is_address(&telemetry.otlp_endpoint),
                "telemetry.otlp_endpoint must be an address such as http://127.0.0.1:4317",
            ),
            (
                self.auth.discovery_url.is_empty() || is_address(&self.auth.discovery_url),
                "auth.discovery_url must be an address such as https://idp.example/.well-known/openid-configuration",
            ),
        ]))
    }

    /// The effective configuration as TOML, secrets hidden.
    pub fn redacted(&self) -> String {
        toml::to_string_pretty(self).expect("a configuration of plain values is TOML")
    }
}

/// Scheme, host in lower case and a port where it is not the usual one, as browsers write an origin: nothing else would
/// ever be equal to one.
fn is_origin(text: &str) -> bool {
    let Some((scheme @ ("http" | "https"), host)) = text.split_once("://") else { return false };
    let usual = if scheme == "http" { ":80" } else { ":443" };
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
    let authority = host.parse::<http::uri::Authority>();
    authority.is_ok_and(|it| !it.host().is_empty()) && host.bytes().all(fits) && !host.ends_with(usual)
}

fn is_address(text: &str) -> bool {
    let address = text.parse::<http::Uri>();
    address.is_ok_and(|it| matches!(it.scheme_str(), Some("http" | "https")) && it.host().is_some())
}

/// Whether a file is named.
pub(crate) fn is_given(file: &std::path::Path) -> bool {
    !file.as_os_str().is_empty()
}

/// What is said of the conditions that do not hold, each in a sentence for an operator.
pub fn wrong<const N: usize>(conditions: [(bool, &str); N]) -> Vec<String> {
    conditions.into_iter().filter(|(holds, _)| !holds).map(|(_, wrong)| wrong.to_owned()).collect()
}

/// Everything that is wrong, at once.
fn all(wrong: Vec<String>) -> Result<(), BadConfig> {
    let wrong: Vec<String> = wrong.into_iter().map(|it| format!("- {it}")).collect();
    if wrong.is_empty() { Ok(()) } else { Err(BadConfig(wrong.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default, Serialize, Deserialize)]
    struct NoSection {}

    #[test]
    fn every_bound_that_does_not_hold_is_named_at_once() {
        let mut config = Config::<NoSection>::default();
        config.nats.prefix = "Baton.x".into();
        config.grpc.drain_seconds = 0;
        config.grpc.listen = "0.0.0.0:7001".parse().unwrap();
        let wrong = config.check().unwrap_err().to_string();
        for key in ["nats.prefix", "grpc.drain_seconds", "grpc.insecure"] {
            assert!(wrong.contains(key), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_taken_only_as_a_browser_writes_it() {
        for good in ["https://app.example", "http://localhost:8080", "https://127.0.0.1:3000", "http://[::1]:8080"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "*",
            "app.example",
            "https://",
            "https://app.example/",
            "https://App.example",
            "https://a.example:443",
            "ftp://a",
            "https://u@a",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_shown_nowhere() {
        let mut config = Config::<NoSection>::default();
        config.database.url = Secret::from("postgres://handoff:hunter2@db/baton".to_owned());
        assert!(!config.redacted().contains("hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
