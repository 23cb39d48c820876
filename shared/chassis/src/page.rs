//! Page tokens: opaque, and bound to the filter that they continue.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::{event::digest, fields::Fields};

const SEAL_BYTES: usize = 8;

/// A token that continues a list after `cursor`, for that filter (any bytes that identify it) alone.
pub fn token(filter: &[u8], cursor: &impl Serialize) -> String {
    let mut bytes = digest(&[filter])[..SEAL_BYTES].to_vec();
    bytes.extend(serde_json::to_vec(cursor).expect("a cursor of plain values is JSON"));
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The cursor of a token; an empty token is the beginning. A token that is damaged or belongs to another filter is a violation
/// of `page_token`.
pub fn cursor<C: DeserializeOwned>(fields: &mut Fields, filter: &[u8], token: &str) -> Option<Option<C>> {
    if token.is_empty() {
        return Some(None);
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let Some((seal, cursor)) = bytes.split_at_checked(SEAL_BYTES) else {
        return fields.refuse("page_token", "is damaged: begin the list anew");
    };
    if seal != &digest(&[filter])[..SEAL_BYTES] {
        return fields.refuse("page_token", "belongs to another filter or order: begin the list anew");
    }
    match serde_json::from_slice(cursor) {
        Ok(cursor) => Some(Some(cursor)),
        Err(_) => fields.refuse("page_token", "is damaged: begin the list anew"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Cursor = (i64, String);

    fn read(filter: &[u8], token: &str) -> Result<Option<Cursor>, Vec<String>> {
        let mut fields = Fields::default();
        let read = cursor(&mut fields, filter, token);
        read.ok_or_else(|| fields.violations().iter().map(|it| format!("{} {}", it.field, it.description)).collect())
    }

    #[test]
    fn a_token_continues_the_list_that_it_was_made_for() {
        let place: Cursor = (i64::MIN, "naïve \0 \u{1F600}".into());
        assert_eq!(read(b"filter", &token(b"filter", &place)), Ok(Some(place)));
        assert_eq!(read(b"filter", ""), Ok(None));
    }

    #[test]
    fn a_token_of_another_filter_is_refused_and_says_so() {
        let refused = read(b"other", &token(b"filter", &(1, "a"))).unwrap_err();
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("page_token belongs to another filter"), "{refused:?}");
    }

    #[test]
    fn a_damaged_token_is_refused_whatever_the_damage() {
        let good = token(b"filter", &(1, "a"));
        let of_another_kind = token(b"filter", &"text");
        for damaged in ["*", "AA", &good[..good.len() - 3], &of_another_kind, "\u{1F600}"] {
            let refused = read(b"filter", damaged).unwrap_err();
            assert_eq!(refused, ["page_token is damaged: begin the list anew"], "{damaged}");
        }
    }
}
