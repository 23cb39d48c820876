//! Where somebody is told, and the keys that sign what a webhook is sent.

use std::fmt;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// Where somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A program of the recipient's.
    Webhook {
        /// Where it answers.
        url: String,
        /// What signs, the newest first.
        keys: Vec<Key>,
    },
    /// A channel of a chat; who knows the address may write to it.
    Chat {
        /// Where it answers.
        url: String,
    },
    /// A mailbox.
    Email {
        /// Its address.
        address: String,
    },
}

/// A key that signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its bytes.
    pub secret: KeyBytes,
    /// Since when it signs.
    pub created_at: Timestamp,
    /// Until when; none for the newest.
    pub until: Option<Timestamp>,
}

/// The bytes of a key; shown in no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyBytes(pub Vec<u8>);

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyBytes(hidden)")
    }
}

impl Place {
    /// The same for the same place, whoever is told there.
    pub fn address(&self) -> String {
        match self {
            Self::Webhook { url, .. } => format!("webhook {url}"),
            Self::Chat { url } => format!("chat {url}"),
            Self::Email { address } => format!("email {}", address.to_lowercase()),
        }
    }

    /// The place in place of another one of its kind, or none: a webhook keeps its keys.
    #[must_use]
    pub fn instead_of(self, before: &Self) -> Option<Self> {
        match (self, before) {
            (Self::Webhook { url, .. }, Self::Webhook { keys, .. }) => Some(Self::Webhook { url, keys: keys.clone() }),
            (place @ Self::Chat { .. }, Self::Chat { .. }) | (place @ Self::Email { .. }, Self::Email { .. }) => {
                Some(place)
            }
            _ => None,
        }
    }

    /// Whether it is a webhook that nothing signs for yet.
    pub fn lacks_key(&self) -> bool {
        matches!(self, Self::Webhook { keys, .. } if keys.is_empty())
    }

    /// Gives a webhook a new key; those before sign beside it for a while, at most two.
    pub fn rotate(&mut self, secret: KeyBytes, now: Timestamp, overlap_seconds: i64) {
        const BESIDE: usize = 2;
        let Self::Webhook { keys, .. } = self else { return };
        let until = now.plus_seconds(overlap_seconds);
        keys.retain(|key| key.signs(now));
        for key in keys.iter_mut() {
            key.until = Some(key.until.map_or(until, |before| before.min(until)));
        }
        keys.retain(|key| key.signs(now));
        keys.truncate(BESIDE);
        keys.insert(0, Key { secret, created_at: now, until: None });
    }
}

impl Key {
    /// Whether it signs at an instant.
    pub fn signs(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(place: &Place) -> Vec<(u8, Option<i64>)> {
        let Place::Webhook { keys, .. } = place else { return vec![] };
        keys.iter().map(|key| (key.secret.0[0], key.until.map(|it| it.as_micros() / 1_000_000))).collect()
    }

    #[test]
    fn a_new_key_signs_beside_those_before_for_a_while() {
        let now = |seconds: i64| Timestamp::EPOCH.plus_seconds(seconds);
        let mut place = Place::Webhook { url: "https://example.com".into(), keys: vec![] };
        assert!(place.lacks_key());
        place.rotate(KeyBytes(vec![1]), now(0), 100);
        place.rotate(KeyBytes(vec![2]), now(10), 100);
        assert_eq!(keys(&place), [(2, None), (1, Some(110))]);
        place.rotate(KeyBytes(vec![3]), now(20), 100);
        assert_eq!(keys(&place), [(3, None), (2, Some(120)), (1, Some(110))]);
        place.rotate(KeyBytes(vec![4]), now(115), 0);
        assert_eq!(keys(&place), [(4, None)], "an overlap of nothing ends the others at once");
        assert!(!place.lacks_key());
    }
}
