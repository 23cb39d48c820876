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
