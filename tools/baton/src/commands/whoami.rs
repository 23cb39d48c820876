//! `baton whoami`.

use std::collections::BTreeMap;

use api::notify::v1::recipient::Recipient;
use jsonwebtoken::dangerous::insecure_decode_claims;
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    errors::{Error, Result},
    output::{print, print_json},
    session::Session,
    show::{Screen, Tone},
    words,
};

/// What a token says.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    kind: String,
    /// The role in each team.
    #[serde(default)]
    pub(crate) teams: BTreeMap<String, String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    iss: String,
    exp: Option<i64>,
}

/// Prints what the token says, without asking anybody whether it is genuine.
pub(crate) fn run(session: &Session) -> Result<()> {
    let token = session.token()?;
    if session.is_json() {
        let claims: Map<String, Value> = insecure_decode_claims(&token).map_err(|error| unreadable(&error))?;
        let is_expired = is_expired(claims.get("exp").and_then(Value::as_i64), session.screen().now());
        return print_json(&json!({ "claims": claims, "expired": is_expired }));
    }
    print(&card(&Claims::of(&token)?, session.screen()))
}

impl Claims {
    /// Who it is, as somebody who can be told something.
    pub(crate) fn recipient(self) -> Recipient {
        if self.kind == "service" { Recipient::Service(self.sub) } else { Recipient::Person(self.sub) }
    }

    /// Of a token, which is not verified.
    pub(crate) fn of(token: &str) -> Result<Self> {
        insecure_decode_claims(token).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &jsonwebtoken::errors::Error) -> Error {
    Error::usage(format!("the token cannot be read: {error}"), "get a new one")
}

fn card(claims: &Claims, screen: &Screen) -> String {
    let teams: Vec<String> =
        claims.teams.iter().map(|(team, role)| format!("{team} ({})", role.to_lowercase())).collect();
    let facts = screen.facts(&[
        ("kind", claims.kind.clone()),
        ("teams", teams.join(", ")),
        ("roles", claims.roles.join(", ")),
        ("issuer", claims.iss.clone()),
        ("until", until(claims.exp, screen)),
    ]);
    format!("{}\n{facts}", screen.heading(&claims.sub))
}

fn until(exp: Option<i64>, screen: &Screen) -> String {
    let Some(seconds) = exp else { return "no end".to_owned() };
    let end = Some(prost_types::Timestamp { seconds, nanos: 0 });
    let age = words::age(end.as_ref(), screen.now());
    let time = words::time(end.as_ref());
    if is_expired(exp, screen.now()) {
        screen.paint(Tone::Bad, &format!("{time}: expired {age} ago"))
    } else {
        format!("{time} ({age})")
    }
}

fn is_expired(exp: Option<i64>, now: Timestamp) -> bool {
    exp.is_some_and(|exp| exp <= now.to_seconds_and_nanos().0)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn claims(exp: i64) -> Claims {
        Claims {
            sub: "anna".to_owned(),
            kind: "user".to_owned(),
            teams: [("sales".to_owned(), "LEAD".to_owned())].into(),
            roles: vec![],
            iss: "baton-dev".to_owned(),
            exp: Some(exp),
        }
    }

    #[test]
    fn a_token_says_who_somebody_is_and_until_when() {
        assert_snapshot!(card(&claims(1_795_600_000), &Screen::of_test()), @"
        anna
          kind    user
          teams   sales (lead)
          issuer  baton-dev
          until   2026-11-25 09:46 (in 2 d)
        ");
    }

    #[test]
    fn an_expired_token_says_so() {
        assert_snapshot!(card(&claims(1_700_000_000), &Screen::of_test()), @"
        anna
          kind    user
          teams   sales (lead)
          issuer  baton-dev
          until   2023-11-14 22:13: expired 3 y ago
        ");
    }
}
