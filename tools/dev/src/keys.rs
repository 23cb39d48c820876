//! The local issuer of tokens: a fresh key pair, its public half as a key set, and tokens, good and bad ones.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::random;

/// Who issues, by default.
pub const ISSUER: &str = "baton-dev";
/// Whom the tokens are for.
pub const AUDIENCE: &str = "baton";

const DEFAULT_LIFETIME: Duration = Duration::from_hours(24 * 7);
/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410).
const PKCS8_PREFIX: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
/// `{"alg":"none","typ":"JWT"}`
const UNSIGNED_HEADER: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

/// An Ed25519 key pair that signs tokens. The private half never leaves this process.
pub struct Issuer {
    key_id: String,
    key: EncodingKey,
}

/// What a token says. Public fields: a test may write whatever it wants to see refused.
#[derive(Debug, Clone, Serialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The principal.
    pub sub: String,
    /// Issued at, in unix seconds.
    pub iat: u64,
    /// Not valid before, in unix seconds.
    pub nbf: u64,
    /// Not valid from then on, in unix seconds.
    pub exp: u64,
    /// `user` or `service`.
    pub kind: String,
    /// Team to `LEAD` or `MEMBER`.
    pub teams: BTreeMap<String, String>,
    /// `ADMIN`, `READER`, `IMPORTER`.
    pub roles: Vec<String>,
}

impl Claims {
    /// A person, valid from now on for a week.
    pub fn user(principal: &str) -> Self {
        Self::new("user", principal)
    }

    /// A program, valid from now on for a week.
    pub fn service(principal: &str) -> Self {
        Self::new("service", principal)
    }

    /// Leads a team.
    #[must_use]
    pub fn lead(self, team: &str) -> Self {
        self.team(team, "LEAD")
    }

    /// Is a member of a team.
    #[must_use]
    pub fn member(self, team: &str) -> Self {
        self.team(team, "MEMBER")
    }

    /// Has a role: `ADMIN`, `READER`, `IMPORTER`.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    /// Valid from `nbf` until `exp`, in unix seconds.
    #[must_use]
    pub fn valid(mut self, nbf: u64, exp: u64) -> Self {
        (self.iat, self.nbf, self.exp) = (nbf, nbf, exp);
        self
    }

    /// Valid from now on for that long.
    #[must_use]
    pub fn lasting(self, lifetime: Duration) -> Self {
        let now = unix_seconds();
        self.valid(now, now + lifetime.as_secs())
    }

    /// Ended an hour ago.
    #[must_use]
    pub fn expired(self) -> Self {
        let now = unix_seconds();
        self.valid(now - 7200, now - 3600)
    }

    fn new(kind: &str, principal: &str) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: principal.to_owned(),
            iat: 0,
            nbf: 0,
            exp: 0,
            kind: kind.to_owned(),
            teams: BTreeMap::new(),
            roles: Vec::new(),
        }
        .lasting(DEFAULT_LIFETIME)
    }

    fn team(mut self, team: &str, role: &str) -> Self {
        self.teams.insert(team.to_owned(), role.to_owned());
        self
    }
}

impl Issuer {
    /// Makes a new key pair.
    ///
    /// # Panics
    /// When the system has no randomness to give.
    pub fn generate() -> Self {
        Self::with_key_id(&hex::encode(random::bytes::<8>()))
    }

    /// An impostor: another key pair that claims this one's key id.
    #[must_use]
    pub fn forger(&self) -> Self {
        Self::with_key_id(&self.key_id)
    }

    /// The public half as a JSON Web Key Set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> String {
        let mut key = Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).expect("the key is an Ed25519 key");
        key.common.key_id = Some(self.key_id.clone());
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        key.common.key_operations = Some(vec![KeyOperations::Verify]);
        serde_json::to_string_pretty(&JwkSet { keys: vec![key] }).expect("a key set is plain data")
    }

    /// A signed token.
    pub fn token(&self, claims: &Claims) -> String {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.key).expect("claims are plain data and the key fits the algorithm")
    }

    /// A token that says it needs no signature (`alg: none`).
    pub fn unsigned(&self, claims: &Claims) -> String {
        let signed = self.token(claims);
        let payload = signed.split('.').nth(1).expect("a token has three parts");
        format!("{UNSIGNED_HEADER}.{payload}.")
    }

    fn with_key_id(key_id: &str) -> Self {
        let private = [PKCS8_PREFIX.as_slice(), &random::bytes::<32>()].concat();
        Self { key_id: key_id.to_owned(), key: EncodingKey::from_ed_der(&private) }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the issuer stands outside the system, as an identity provider does: its time is the wall clock"
)]
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};

    use super::*;

    fn verify(issuer: &Issuer, token: &str) -> Result<serde_json::Value, jsonwebtoken::errors::Error> {
        let keys: JwkSet = serde_json::from_str(&issuer.jwks()).unwrap();
        let key = keys.find(&decode_header(token)?.kid.unwrap()).expect("the key id is known");
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        decode(token, &DecodingKey::from_jwk(key).unwrap(), &rules).map(|data| data.claims)
    }

    #[test]
    fn a_token_is_verified_by_the_key_set() {
        let issuer = Issuer::generate();
        let claims = verify(&issuer, &issuer.token(&Claims::user("anna").lead("sales").role("ADMIN"))).unwrap();
        assert_eq!(claims["sub"], "anna");
        assert_eq!(claims["teams"]["sales"], "LEAD");
        assert_eq!(claims["roles"][0], "ADMIN");
    }

    #[test]
    fn forged_expired_and_unsigned_tokens_are_refused() {
        let issuer = Issuer::generate();
        let claims = Claims::user("anna");
        assert!(verify(&issuer, &issuer.forger().token(&claims)).is_err());
        assert!(verify(&issuer, &issuer.token(&claims.clone().expired())).is_err());
        assert!(verify(&issuer, &issuer.unsigned(&claims)).is_err());
    }

    #[test]
    fn two_issuers_have_two_keys() {
        assert_ne!(Issuer::generate().jwks(), Issuer::generate().jwks());
    }
}
