//! Reading a configuration, and everything that may be wrong with one.

use std::path::PathBuf;

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Config, files::is_given};

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the configuration cannot be used; correct the file or the environment (`config --help` says how they are read):\n{0}"
)]
pub struct BadConfig(String);

/// The keys whose value may stand in a file named by `<KEY>_FILE`.
const SECRETS: [&str; 4] = ["database.url", "database.owner_url", "database.read_url", "nats.password"];

impl<S: DeserializeOwned + Serialize + Default> Config<S> {
    /// Reads the file (if one is given), then the environment, then the files that hold secrets: those of every service, and the
    /// service's own.
    pub fn load(file: Option<&PathBuf>, own_secrets: &'static [&'static str]) -> Result<Self, BadConfig> {
        let mut sources = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            must_be_toml(file)?;
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
            (
                nats.url.split(',').all(is_open),
                "nats.url must not hold a name and a password: give nats.user and nats.password, which are shown nowhere",
            ),
            (
                is_open(&self.auth.discovery_url) && is_open(&telemetry.otlp_endpoint),
                "auth.discovery_url and telemetry.otlp_endpoint must not hold a name and a password: they are shown",
            ),
            (
                grpc.insecure || is_private(&self.auth.discovery_url),
                "auth.discovery_url is plain http and not loopback: whoever is on the way could make keys of his own; write https, or \
                 set grpc.insecure = true",
            ),
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

/// Refuses a file that is no TOML, by its line: what stands there may be a secret.
fn must_be_toml(file: &PathBuf) -> Result<(), BadConfig> {
    let wrong = |why: String| BadConfig(format!("- {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    toml::from_str::<toml::Table>(&text).map(drop).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        wrong(format!("TOML parse error in line {line}: {}", error.message()))
    })
}

/// Whether an address has a name and a password in it, where it would be shown.
fn is_open(address: &str) -> bool {
    !address.split("://").last().unwrap_or_default().split(['/', '?']).next().unwrap_or_default().contains('@')
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

/// Whether nobody on the way can read what is said to an address: by TLS, or on this machine.
pub(crate) fn is_private(address: &str) -> bool {
    let Ok(address) = address.parse::<http::Uri>() else { return true };
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
    address.scheme_str() != Some("http") || is_loopback
}

fn is_address(text: &str) -> bool {
    let address = text.parse::<http::Uri>();
    address.is_ok_and(|it| matches!(it.scheme_str(), Some("http" | "https")) && it.host().is_some())
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
    use serde::Deserialize;

    use super::{super::Secret, *};

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
