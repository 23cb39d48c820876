//! Resume tokens: opaque, signed, and good for the viewer and the filter that they were given for alone.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Actor, Code, Error, Refusal, Timestamp, Violation};
use sha2::Sha256;

use super::order::End;
use crate::event::digest;

/// The first byte of every token: the form of what follows.
const FORM: u8 = 1;
const HASH_BYTES: usize = 8;
const SEAL_BYTES: usize = 16;
const BODY_BYTES: usize = 1 + 3 * 8 + 2 * HASH_BYTES;

/// A token is good for so long.
const KEPT_SECONDS: i64 = 24 * 3600;
/// To read further than this from the order costs more than a list.
const BEHIND_AT_MOST: i64 = 100_000;

type Hash = [u8; HASH_BYTES];

/// Whom and what a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Binding {
    viewer: Hash,
    /// Zero in a token of a list, which any filter may go on from.
    filter: Hash,
}

impl Binding {
    /// For that viewer, with the rights that it has now, and for that filter; without one, for any.
    pub(super) fn new(viewer: &Actor, filter: Option<&[u8]>) -> Self {
        let is_admin = [u8::from(viewer.is_admin())];
        let teams: Vec<&[u8]> = viewer.teams().map(|team| team.as_str().as_bytes()).collect();
        let parts: Vec<&[u8]> = [viewer.name().as_bytes(), &is_admin].into_iter().chain(teams).collect();
        Self { viewer: short(&parts), filter: filter.map(|filter| short(&[filter])).unwrap_or_default() }
    }
}

fn short(parts: &[&[u8]]) -> Hash {
    digest(parts)[..HASH_BYTES].try_into().expect("a digest is longer")
}

/// What signs the tokens of one service.
#[derive(Debug)]
pub(super) struct Key {
    mac: Hmac<Sha256>,
}

impl Key {
    /// The key of a service: tokens of another one are forged ones here, though both had the same secret.
    pub(super) fn new(secret: &[u8], service: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
        mac.update(&digest(&[b"resume token", service.as_bytes()]));
        Self { mac }
    }

    /// The token that goes on after `position`, given out at `at`.
    pub(super) fn token(&self, binding: Binding, generation: i64, position: i64, at: Timestamp) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES + SEAL_BYTES);
        bytes.push(FORM);
        for number in [generation, position, at.as_micros()] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(binding.viewer);
        bytes.extend(binding.filter);
        let seal = self.mac.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(&seal[..SEAL_BYTES]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that a token goes on after.
    pub(super) fn read(&self, token: &str, binding: Binding, end: &End) -> Result<i64, Error> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let sealed = bytes.split_at_checked(BODY_BYTES).filter(|(body, seal)| {
            let mac = self.mac.clone().chain_update(body);
            seal.len() == SEAL_BYTES && body[0] == FORM && mac.verify_truncated_left(seal).is_ok()
        });
        let Some((body, _)) = sealed else {
            return Err(refused("is damaged, or was not given out by this service"));
        };
        let mut numbers = body[1..].chunks_exact(8).map(|it| i64::from_be_bytes(it.try_into().expect("eight bytes")));
        let mut number = || numbers.next().expect("a body holds them");
        let (generation, position, given_at) = (number(), number(), number());
        let (viewer, filter) = body[1 + 3 * 8..].split_at(HASH_BYTES);
        if viewer != binding.viewer {
            return Err(refused("belongs to another viewer, or to one with other teams"));
        }
        if filter != binding.filter && filter != Hash::default() {
            return Err(refused("belongs to another filter"));
        }
        let is_old = end.at > Timestamp::from_micros(given_at).plus_seconds(KEPT_SECONDS);
        let is_far = end.position.saturating_sub(position) > BEHIND_AT_MOST;
        // A position that was never given, or is of an order that was begun anew since: the store was restored.
        let is_foreign = generation != end.generation || position > end.position;
        if is_old || is_far || is_foreign {
            let message = "the resume_token has expired: list anew, and watch from the list's resume_token";
            return Err(Refusal::new(Code::OutOfRange, "RESUME_TOKEN_EXPIRED", message).into());
        }
        Ok(position)
    }
}

fn refused(what: &str) -> Error {
    let description = format!("{what}: list anew, and watch from the list's resume_token");
    Refusal::invalid(vec![Violation { field: "resume_token".to_owned(), description }]).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kernel::{Kind, Principal, Role};

    use super::*;

    const END: End = End { position: 500_000, generation: 3, at: Timestamp::from_micros(1_000_000_000_000_000) };

    fn viewer(name: &str, teams: &[&str], is_admin: bool) -> Actor {
        let teams: BTreeMap<_, _> = teams.iter().map(|team| (team.parse().unwrap(), Role::Member)).collect();
        let kind = Kind::User;
        Actor::Principal(Principal { name: name.into(), kind, teams, is_admin, is_reader: false, is_importer: false })
    }

    fn sam(filter: Option<&[u8]>) -> Binding {
        Binding::new(&viewer("sam", &["sales"], false), filter)
    }

    fn key() -> Key {
        Key::new(&[7; 32], "baton.handoff.v1")
    }

    /// What is said of a token, in short.
    fn said(token: &str, binding: Binding, end: &End) -> Result<i64, String> {
        key().read(token, binding, end).map_err(|error| match error {
            Error::Refused(refusal) => match refusal.violations.first() {
                Some(violation) => violation.description.split(':').next().unwrap_or_default().to_owned(),
                None => refusal.reason.to_owned(),
            },
            error => error.to_string(),
        })
    }

    #[test]
    fn a_token_goes_on_for_its_viewer_and_filter_alone() {
        let mine = sam(Some(b"inbox"));
        let token = key().token(mine, 3, 499_000, END.at);
        assert_eq!(said(&token, mine, &END), Ok(499_000));
        assert_eq!(said(&token, sam(Some(b"team")), &END), Err("belongs to another filter".into()));
        let others = [
            viewer("sara", &["sales"], false),
            viewer("sam", &["sales", "legal"], false),
            viewer("sam", &[], false),
            viewer("sam", &["sales"], true),
        ];
        for other in others {
            let refused = said(&token, Binding::new(&other, Some(b"inbox")), &END);
            assert_eq!(refused, Err("belongs to another viewer, or to one with other teams".into()), "{other:?}");
        }
    }

    #[test]
    fn a_lists_token_opens_any_filter_of_its_viewer() {
        let token = key().token(sam(None), 3, 499_000, END.at);
        assert_eq!(said(&token, sam(Some(b"inbox")), &END), Ok(499_000));
        assert_eq!(said(&token, sam(Some(b"team")), &END), Ok(499_000));
        assert!(said(&token, Binding::new(&viewer("sara", &["sales"], false), Some(b"inbox")), &END).is_err());
    }

    #[test]
    fn a_token_that_was_touched_anywhere_is_refused() {
        let mine = sam(Some(b"inbox"));
        let token = key().token(mine, 3, 499_000, END.at);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
        let damaged = Err("is damaged, or was not given out by this service".to_owned());
        for (place, bit) in (0..bytes.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut touched = bytes.clone();
            touched[place] ^= 1 << bit;
            assert_eq!(said(&BASE64_URL_SAFE_NO_PAD.encode(touched), mine, &END), damaged, "byte {place} bit {bit}");
        }
        for text in ["", "*", "AA", &token[..token.len() - 2], &format!("{token}AA"), "\u{1F600}"] {
            assert_eq!(said(text, mine, &END), damaged, "{text:?}");
        }
        for foreign in [Key::new(&[8; 32], "baton.handoff.v1"), Key::new(&[7; 32], "baton.checklist.v1")] {
            assert_eq!(said(&foreign.token(mine, 3, 499_000, END.at), mine, &END), damaged);
        }
    }

    #[test]
    fn a_token_expires_with_age_distance_and_the_order_it_is_of() {
        let mine = sam(Some(b"inbox"));
        let read = |generation, position, given_before_seconds: i64| {
            said(&key().token(mine, generation, position, END.at.plus_seconds(-given_before_seconds)), mine, &END)
        };
        let expired = Err("RESUME_TOKEN_EXPIRED".to_owned());
        assert_eq!(read(3, 400_000, 24 * 3600), Ok(400_000));
        assert_eq!(read(3, 499_999, 24 * 3600 + 1), expired, "too old");
        assert_eq!(read(3, 399_999, 0), expired, "too far behind");
        assert_eq!(read(2, 499_999, 0), expired, "of an order that was begun anew since");
        assert_eq!(read(3, 500_001, 0), expired, "of a future that was restored away");
        assert_eq!(read(3, 500_000, -60), Ok(500_000), "a clock that went back harms nobody");
    }
}
