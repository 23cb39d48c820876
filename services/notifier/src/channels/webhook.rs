//! Signing what a webhook is sent, by the Standard Webhooks specification (v1: HMAC-SHA256).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Timestamp;
use sha2::Sha256;

use crate::domain::{DeliveryId, Key};

/// `webhook-id`, `webhook-timestamp` (whole seconds), and `webhook-signature` with one signature for each key that signs now.
pub(super) fn headers(id: DeliveryId, now: Timestamp, keys: &[Key], body: &str) -> Vec<(&'static str, String)> {
    let (seconds, _) = now.to_seconds_and_nanos();
    let signed = format!("{id}.{seconds}.{body}");
    let sign = |key: &Key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret.0).expect("a key of any length will do");
        mac.update(signed.as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    };
    let signatures: Vec<String> = keys.iter().filter(|key| key.signs(now)).map(sign).collect();
    vec![
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}
