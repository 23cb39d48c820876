//! TLS as every program of Baton speaks it: certificates come from files, and are read again while it runs.
//!
//! A server has what it [`Shown`] shows, a client what it [`Trusted`] trusts. Whoever issues certificates puts a new file in the place
//! of the old one; connections that are made from then on are made with it, those that are there go on as they are.

mod certificate;
mod connection;
mod kept;
mod shown;
mod trusted;

use std::{path::PathBuf, sync::Arc};

use rustls::crypto::CryptoProvider;

pub use certificate::Validity;
pub use connection::Connection;
pub use shown::Shown;
pub use trusted::Trusted;

/// A certificate that a program shows, with its key: PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, and those between it and the authority.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// Files by which no TLS can be spoken.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is not there, or may not be read.
    #[error("{0:?} cannot be read")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It is something else than it should be.
    #[error("{0:?} holds no {1} in PEM form")]
    Malformed(PathBuf, &'static str),
    /// It was valid once.
    #[error("the certificate in {0:?} has expired on {1}")]
    Expired(PathBuf, String),
    /// It will be valid.
    #[error("the certificate in {0:?} is not valid before {1}")]
    NotYet(PathBuf, String),
    /// The two do not belong together, or the algorithm is not known.
    #[error("{0:?} cannot be used")]
    Refused(PathBuf, #[source] rustls::Error),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
