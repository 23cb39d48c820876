//! Who a bearer token says it is: a signed JWT, checked against the issuer's published keys.
//!
//! Keys come from a file, or from where the issuer's discovery document says (OpenID Connect Discovery 1.0, section 4). They are
//! read again when a token names an unknown one, and kept while their source is away.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::{client::legacy, rt::TokioExecutor};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp, jwk::JwkSet};
use kernel::{Actor, Code, Error, Kind, Principal, Refusal, Result, Role, Slug};
use serde::Deserialize;
use tokio::time::Instant;

use crate::{
    config::{Auth, is_given},
    event::digest,
};

/// Signatures that a published key can check; a shared secret, or none at all, is no proof.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

const LEEWAY_SECONDS: u64 = 60;
/// The longest name of a principal.
const PRINCIPAL_BYTES: usize = 200;
/// A verified token is remembered so long, and never past its end.
const REMEMBERED: Duration = Duration::from_mins(1);
const REMEMBERED_TOKENS: usize = 10_000;
/// Keys are read again for an unknown `kid` at most so often.
const KEYS_READ_EVERY: Duration = Duration::from_secs(2);
/// And without one, so that a key that the issuer has withdrawn is taken no longer.
const KEYS_KEPT: Duration = Duration::from_mins(10);
/// A token with an unknown key waits so long for the issuer, where other keys are known.
const UNKNOWN_KEY_WAITS: Duration = Duration::from_millis(500);
/// The issuer may take so long to answer, so much.
const ISSUER_TIMEOUT: Duration = Duration::from_secs(3);
const ISSUER_BYTES: usize = 1024 * 1024;

/// Verifies tokens; keeps the keys through an outage of their source.
#[derive(Debug)]
pub(crate) struct Verifier {
    issuer: String,
    audience: String,
    source: Source,
    keys: RwLock<Keys>,
    /// Held by whoever reads the keys again; the others wait for what that brings.
    reading: tokio::sync::Mutex<()>,
    verified: Mutex<HashMap<[u8; 32], (Verified, Instant)>>,
}

/// Who a token says it is, and until when it is taken.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) actor: Actor,
    pub(crate) ends_at: Instant,
}

/// Keys as they were last read; none before the issuer was reached for the first time.
#[derive(Debug)]
struct Keys {
    set: Option<JwkSet>,
    read_at: Option<Instant>,
}

/// Where the issuer's keys come from.
#[derive(Debug)]
enum Source {
    File(PathBuf),
    Issuer { name: String, discovery_url: http::Uri, client: Box<Client> },
}

type Client = legacy::Client<tls::Trusted, Empty<bytes::Bytes>>;

/// What of a discovery document is read.
#[derive(Debug, Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

/// A JWK set as it is published. Keys of kinds that are not known here are left out, as RFC 7517 has it in section 5: they are for
/// something else.
#[derive(Debug, Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

impl From<Published> for JwkSet {
    fn from(published: Published) -> Self {
        let known = published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Self { keys: known.collect() }
    }
}

/// The claims of a token that Baton reads.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    kind: ClaimedKind,
    #[serde(default)]
    teams: BTreeMap<Slug, ClaimedRole>,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClaimedKind {
    User,
    Service,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum ClaimedRole {
    Member,
    Lead,
}

/// A configuration by which no token could be verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoKeys {
    #[error("auth.jwks_file: {0:?} cannot be read")]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("auth.jwks_file: {0:?} is not a JWK set")]
    Malformed(PathBuf, #[source] serde_json::Error),
    #[error("auth.ca_file")]
    Untrusted(#[source] tls::Unusable),
    #[error("auth.discovery_url: {0} does not answer")]
    Silent(http::Uri, #[source] kernel::Source),
    #[error("auth.discovery_url: {0} answers with status {1}")]
    Refused(http::Uri, http::StatusCode),
    #[error("auth.discovery_url: what {0} answers cannot be read")]
    Document(http::Uri, #[source] serde_json::Error),
    #[error("auth.discovery_url: it is the document of the issuer {found:?}, and auth.issuer is {expected:?}")]
    AnotherIssuer { found: String, expected: String },
    #[error("the keys are not there yet")]
    Late,
    #[error("auth.discovery_url: {0:?} is no address")]
    NoAddress(String),
    #[error("auth.discovery_url: the document came by TLS, and says that keys are at {0}, which is plain")]
    Plain(http::Uri),
}

impl NoKeys {
    /// What an operator has to do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable(..) | Self::Malformed(..) => {
                "name a file that this user may read, with the public keys of the issuer as a JWK set: {\"keys\": [...]}"
            }
            Self::Untrusted(_) => {
                "put a PEM file there that this user may read, with the authority of the issuer's certificate"
            }
            _ => {
                "look whether the issuer runs there, at auth.discovery_url and auth.issuer, and with https at auth.ca_file"
            }
        }
    }
}

impl Verifier {
    /// Reads a file of keys; an issuer is asked for its keys when they are needed, so that one that is away stops no start.
    pub(crate) fn new(config: &Auth) -> Result<Self, NoKeys> {
        let source = if config.discovery_url.is_empty() {
            Source::File(config.jwks_file.clone())
        } else {
            let no_address = |_| NoKeys::NoAddress(config.discovery_url.clone());
            let ca_file = is_given(&config.ca_file).then(|| config.ca_file.clone());
            let trusted = tls::Trusted::new(ca_file, None, &[b"http/1.1"]).map_err(NoKeys::Untrusted)?;
            let client = legacy::Client::builder(TokioExecutor::new()).build(trusted);
            let discovery_url = config.discovery_url.parse().map_err(no_address)?;
            Source::Issuer { name: config.issuer.clone(), discovery_url, client: Box::new(client) }
        };
        let keys = match &source {
            Source::File(file) => Keys { set: Some(read_file(file)?), read_at: Some(Instant::now()) },
            Source::Issuer { .. } => Keys { set: None, read_at: None },
        };
        Ok(Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            source,
            keys: RwLock::new(keys),
            reading: tokio::sync::Mutex::default(),
            verified: Mutex::default(),
        })
    }

    /// Reads the keys, and says how many there are.
    pub(crate) async fn load(&self) -> Result<usize, NoKeys> {
        let _reading = self.reading.lock().await;
        let read = self.source.read().await;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.read_at = Some(Instant::now());
        let set = read?;
        let number = set.keys.len();
        keys.set = Some(set);
        Ok(number)
    }

    /// Whether any keys were ever read: before that nobody can be let in.
    pub(crate) fn has_keys(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).set.is_some()
    }

    /// Reads the keys again and again, those of an issuer at first until they are there.
    pub(crate) async fn keep_keys(&self) {
        let mut trouble = crate::publisher::Trouble::new("the issuer's keys");
        loop {
            let pause = match self.load().await {
                Ok(_) => {
                    trouble.is_over();
                    KEYS_KEPT
                }
                Err(error) => {
                    trouble.is(&Error::fault(error));
                    KEYS_READ_EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The actor of an `authorization` header.
    pub(crate) async fn verify(&self, header: Option<&str>) -> Result<Verified> {
        let token = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| refused("NO_TOKEN", "send a token: authorization: Bearer <token>"))?;
        let key = digest(&[token.as_bytes()]);
        let now = Instant::now();
        if let Some((found, until)) = self.verified().get(&key)
            && now < *until
        {
            return Ok(found.clone());
        }
        let claims = self.claims(token).await?;
        let left =
            Duration::from_secs(claims.exp.saturating_add(LEEWAY_SECONDS).saturating_sub(get_current_timestamp()));
        // An end further away than the clock can count is none that anybody lives to see.
        let ends_at = now + left.min(Duration::from_hours(24 * 365));
        let found = Verified { actor: actor(claims), ends_at };
        let mut verified = self.verified();
        if verified.len() >= REMEMBERED_TOKENS {
            verified.clear();
        }
        verified.insert(key, (found.clone(), now + left.min(REMEMBERED)));
        Ok(found)
    }

    fn verified(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], (Verified, Instant)>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn claims(&self, token: &str) -> Result<Claims> {
        let header = decode_header(token)
            .map_err(|_| refused("BAD_TOKEN", "the token is not a signed JWT with an algorithm that can be checked"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(refused("BAD_TOKEN", "the token is not signed with a public key"));
        }
        let kid = header.kid.ok_or_else(|| refused("BAD_TOKEN", "the token names no key (kid)"))?;
        let unknown = || refused("UNKNOWN_KEY", "the token names a key that is not the issuer's");
        let key = self.key(&kid).await?.ok_or_else(unknown)?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let claims = decode::<Claims>(token, &key, &validation).map(|data| data.claims).map_err(|error| {
            use jsonwebtoken::errors::ErrorKind;
            match error.kind() {
                ErrorKind::ExpiredSignature => refused("TOKEN_EXPIRED", "the token has expired: get a new one"),
                ErrorKind::ImmatureSignature => refused("TOKEN_NOT_YET_VALID", "the token is not valid yet"),
                ErrorKind::InvalidIssuer => refused("BAD_TOKEN", "the token is from another issuer"),
                ErrorKind::InvalidAudience => refused("BAD_TOKEN", "the token is for another audience"),
                ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => {
                    refused("BAD_TOKEN", "the token lacks claims: sub, kind (user, service), exp, iss, aud are needed")
                }
                _ => refused("BAD_TOKEN", "the token's signature is not the issuer's"),
            }
        })?;
        // Facts are signed with the name: it must be storable, and must not pass for Baton's own.
        let name = claims.sub.as_str();
        if name.is_empty() || name.len() > PRINCIPAL_BYTES || name.contains('\0') || name == Actor::System.name() {
            return Err(refused("BAD_TOKEN", "the token's sub must be 1 to 200 bytes, without NUL, and not `system`"));
        }
        Ok(claims)
    }

    /// The key of that name; Away where no keys could be read yet.
    async fn key(&self, kid: &str) -> Result<Option<DecodingKey>> {
        if let Some(key) = self.known_key(kid) {
            return Ok(key.ok());
        }
        if self.may_read() {
            // Whoever waits for keys takes a place: where there are some, it waits for moments only.
            let patience = if self.has_keys() { UNKNOWN_KEY_WAITS } else { ISSUER_TIMEOUT };
            let loading = tokio::time::timeout(patience, self.load()).await;
            match loading.unwrap_or_else(|_late| Err(NoKeys::Late)) {
                Ok(_) => {}
                Err(error) if self.has_keys() => {
                    tracing::warn!(error = %crate::status::chain(&error), "the issuer's keys cannot be read: the last ones are kept");
                }
                Err(error) => return Err(Error::Away { what: "the issuer of tokens", source: error.into() }),
            }
        } else {
            // Somebody may be reading them at this moment.
            drop(self.reading.lock().await);
        }
        if !self.has_keys() {
            return Err(Error::Away { what: "the issuer of tokens", source: "no keys could be read yet".into() });
        }
        Ok(self.known_key(kid).and_then(Result::ok))
    }

    fn known_key(&self, kid: &str) -> Option<jsonwebtoken::errors::Result<DecodingKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.set.as_ref()?.find(kid).map(DecodingKey::from_jwk)
    }

    /// Whether it is time to read the keys again; who is told so does it.
    fn may_read(&self) -> bool {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let may = keys.read_at.is_none_or(|read_at| read_at.elapsed() >= KEYS_READ_EVERY);
        if may {
            keys.read_at = Some(Instant::now());
        }
        may
    }
}

impl Source {
    async fn read(&self) -> Result<JwkSet, NoKeys> {
        match self {
            Self::File(file) => read_file(file),
            Self::Issuer { name, discovery_url, client } => {
                let asked = tokio::time::timeout(ISSUER_TIMEOUT, discover(name, discovery_url, client)).await;
                asked.unwrap_or_else(|late| Err(NoKeys::Silent(discovery_url.clone(), late.into())))
            }
        }
    }
}

fn read_file(file: &PathBuf) -> Result<JwkSet, NoKeys> {
    let text = std::fs::read_to_string(file).map_err(|error| NoKeys::Unreadable(file.clone(), error))?;
    let published: Published = serde_json::from_str(&text).map_err(|error| NoKeys::Malformed(file.clone(), error))?;
    Ok(published.into())
}

/// The keys of the issuer whose discovery document is there; the document must be that issuer's own.
async fn discover(issuer: &str, document: &http::Uri, client: &Client) -> Result<JwkSet, NoKeys> {
    let discovered: Discovered = get(document, client).await?;
    if discovered.issuer != issuer {
        return Err(NoKeys::AnotherIssuer { found: discovered.issuer, expected: issuer.to_owned() });
    }
    let keys: http::Uri = discovered.jwks_uri.parse().map_err(|_| NoKeys::NoAddress(discovered.jwks_uri))?;
    // Keys that come plainly, where the document came by TLS, are nobody's proof.
    if document.scheme_str() == Some("https") && keys.scheme_str() != Some("https") {
        return Err(NoKeys::Plain(keys));
    }
    get::<Published>(&keys, client).await.map(JwkSet::from)
}

async fn get<T: serde::de::DeserializeOwned>(from: &http::Uri, client: &Client) -> Result<T, NoKeys> {
    let silent = |error: kernel::Source| NoKeys::Silent(from.clone(), error);
    let answer = client.get(from.clone()).await.map_err(|error| silent(error.into()))?;
    if !answer.status().is_success() {
        return Err(NoKeys::Refused(from.clone(), answer.status()));
    }
    let body = Limited::new(answer.into_body(), ISSUER_BYTES).collect().await.map_err(silent)?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| NoKeys::Document(from.clone(), error))
}

fn actor(claims: Claims) -> Actor {
    let has = |role: &str| claims.roles.iter().any(|claimed| claimed == role);
    let kind = match claims.kind {
        ClaimedKind::User => Kind::User,
        ClaimedKind::Service => Kind::Service,
    };
    Actor::Principal(Principal {
        is_admin: has("ADMIN"),
        is_reader: has("READER") && kind == Kind::Service,
        is_importer: has("IMPORTER") && kind == Kind::Service,
        kind,
        teams: claims
            .teams
            .into_iter()
            .map(|(team, role)| {
                let role = match role {
                    ClaimedRole::Member => Role::Member,
                    ClaimedRole::Lead => Role::Lead,
                };
                (team, role)
            })
            .collect(),
        name: claims.sub,
    })
}

fn refused(reason: &'static str, message: &'static str) -> Error {
    Refusal::new(Code::Unauthenticated, reason, message).into()
}
