//! Who a bearer token says it is: a signed JWT, checked against the issuer's published keys.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Mutex, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp, jwk::JwkSet};
use kernel::{Actor, Code, Error, Kind, Principal, Refusal, Result, Role, Slug};
use serde::Deserialize;
use tokio::time::Instant;

use crate::{config::Auth, event::digest};

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

/// Verifies tokens; keeps the keys through an outage of their source.
#[derive(Debug)]
pub(crate) struct Verifier {
    issuer: String,
    audience: String,
    jwks_file: PathBuf,
    keys: RwLock<Keys>,
    verified: Mutex<HashMap<[u8; 32], (Verified, Instant)>>,
}

/// Who a token says it is, and until when it is taken.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) actor: Actor,
    pub(crate) ends_at: Instant,
}

#[derive(Debug)]
struct Keys {
    set: JwkSet,
    read_at: Instant,
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
}

impl Verifier {
    pub(crate) fn new(config: &Auth) -> Result<Self, NoKeys> {
        let set = read_keys(&config.jwks_file)?;
        Ok(Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            jwks_file: config.jwks_file.clone(),
            keys: RwLock::new(Keys { set, read_at: Instant::now() }),
            verified: Mutex::default(),
        })
    }

    /// The actor of an `authorization` header.
    pub(crate) fn verify(&self, header: Option<&str>) -> Result<Verified> {
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
        let claims = self.claims(token)?;
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

    fn claims(&self, token: &str) -> Result<Claims> {
        let header = decode_header(token)
            .map_err(|_| refused("BAD_TOKEN", "the token is not a signed JWT with an algorithm that can be checked"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(refused("BAD_TOKEN", "the token is not signed with a public key"));
        }
        let kid = header.kid.ok_or_else(|| refused("BAD_TOKEN", "the token names no key (kid)"))?;
        let key =
            self.key(&kid).ok_or_else(|| refused("UNKNOWN_KEY", "the token names a key that is not the issuer's"))?;
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

    fn key(&self, kid: &str) -> Option<DecodingKey> {
        let find = |keys: &Keys| keys.set.find(kid).map(DecodingKey::from_jwk);
        {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(key) = find(&keys) {
                return key.ok();
            }
            if keys.read_at.elapsed() < KEYS_READ_EVERY {
                return None;
            }
        }
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.read_at = Instant::now();
        match read_keys(&self.jwks_file) {
            Ok(set) => keys.set = set,
            Err(error) => tracing::warn!(%error, "the issuer's keys cannot be read: the last ones are kept"),
        }
        find(&keys)?.ok()
    }
}

fn read_keys(file: &PathBuf) -> Result<JwkSet, NoKeys> {
    let text = std::fs::read_to_string(file).map_err(|error| NoKeys::Unreadable(file.clone(), error))?;
    serde_json::from_str(&text).map_err(|error| NoKeys::Malformed(file.clone(), error))
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
