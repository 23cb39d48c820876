//! The hash of a content or a submission: SHA-256 of its JSON with sorted keys.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// A SHA-256 over canonical JSON; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

/// A text that is no hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a content hash: 64 hexadecimal digits are expected")]
pub struct BadContentHash;

impl ContentHash {
    /// The hash of a value of this crate: keys sorted by their bytes, no white space, decimals as strings (they serialize
    /// so), and no floating point number anywhere.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let json =
            serde_json::to_value(value).expect("contents and submissions have string keys and no fallible parts");
        let mut text = String::new();
        write_canonical(&json, &mut text);
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Written out rather than left to the map's order, which a feature of `serde_json` can change for the whole build.
fn write_canonical(json: &Json, out: &mut String) {
    match json {
        Json::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_bytes());
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Json::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Json::Array(entries) => {
            out.push('[');
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(entry, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl FromStr for ContentHash {
    type Err = BadContentHash;

    fn from_str(text: &str) -> Result<Self, BadContentHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BadContentHash)?;
        Ok(Self(bytes))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_and_white_space_do_not_matter() {
        let a: Json = serde_json::from_str(r#"{"b": [1, {"y": null, "x": "é\n"}], "a": true}"#).unwrap();
        let mut text = String::new();
        write_canonical(&a, &mut text);
        assert_eq!(text, r#"{"a":true,"b":[1,{"x":"é\n","y":null}]}"#);
    }

    #[test]
    fn a_hash_reads_back_from_its_text() {
        let hash = ContentHash::of(&"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("beef".parse::<ContentHash>(), Err(BadContentHash));
    }
}
