//! Ids that are given out and taken back sealed: who holds one got it from this service.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use kernel::Result;
use sha2::Sha256;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::event::digest;

const ID_BYTES: usize = 16;
const SEAL_BYTES: usize = 16;

/// What seals ids for one purpose, by the key of the service, which all its replicas share.
#[derive(Debug, Clone)]
pub struct Seal {
    mac: Hmac<Sha256>,
}

impl Seal {
    /// The seal for a purpose: an id that was sealed for another one is a forged one here.
    pub async fn load(store: impl PgExecutor<'_>, purpose: &str) -> Result<Self> {
        let secret: Vec<u8> = sqlx::query_scalar!("SELECT key FROM token_key").fetch_one(store).await?;
        Ok(Self::new(&secret, purpose))
    }

    fn new(secret: &[u8], purpose: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
        mac.update(&digest(&[b"sealed id", purpose.as_bytes()]));
        Self { mac }
    }

    /// The id with its seal, in letters that a link may hold.
    pub fn seal(&self, id: Uuid) -> String {
        let mut bytes = id.as_bytes().to_vec();
        let seal = self.mac.clone().chain_update(id.as_bytes()).finalize().into_bytes();
        bytes.extend(&seal[..SEAL_BYTES]);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The id; none where the seal is not ours.
    pub fn open(&self, sealed: &str) -> Option<Uuid> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (id, seal) = bytes.split_at_checked(ID_BYTES)?;
        let mac = self.mac.clone().chain_update(id);
        let is_ours = seal.len() == SEAL_BYTES && mac.verify_truncated_left(seal).is_ok();
        Uuid::from_slice(id).ok().filter(|_| is_ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_for_its_own_service_and_purpose_alone_and_not_once_it_was_touched() {
        let (own, id) = (Seal::new(&[7; 32], "survey link"), Uuid::from_u128(42));
        let sealed = own.seal(id);
        assert_eq!(own.open(&sealed), Some(id));
        assert_eq!(Seal::new(&[7; 32], "another").open(&sealed), None);
        assert_eq!(Seal::new(&[8; 32], "survey link").open(&sealed), None);
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(own.open(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)), None, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(own.open(&sealed[..sealed.len() - 2]), None);
        assert_eq!(own.open("no seal"), None);
    }
}
