//! What a configuration names by files: certificates to show, and authorities to trust.

use std::path::{Path, PathBuf};

use super::{Grpc, Nats, Peers};
use crate::{status::chain, store::Wrong};

impl Peers {
    /// What other services are called with.
    pub(crate) fn trusted(&self) -> Result<tls::Trusted, Wrong> {
        let trusted = tls::Trusted::new(given(&self.ca_file), pair(&self.cert_file, &self.key_file), &[b"h2"]);
        trusted.map_err(|error| unusable("peers.ca_file, cert_file and key_file", &error))
    }
}

impl Nats {
    /// Refuses files by which no TLS can be spoken. The library reads them at every connection, and would try for ever.
    pub(crate) fn must_be_usable(&self) -> Result<(), Wrong> {
        let pair = pair(&self.tls_cert_file, &self.tls_key_file);
        let usable = tls::Trusted::new(given(&self.tls_ca_file), pair, &[]);
        usable.map(drop).map_err(|error| unusable("nats.tls_ca_file, tls_cert_file and tls_key_file", &error))
    }
}

impl Grpc {
    /// The certificate to show, where one is configured.
    pub(crate) fn shown(&self) -> Result<Option<tls::Shown>, Wrong> {
        let Some(pair) = pair(&self.tls_cert_file, &self.tls_key_file) else { return Ok(None) };
        let shown = tls::Shown::new(pair, given(&self.tls_client_ca_file));
        shown.map(Some).map_err(|error| unusable("grpc.tls_cert_file, tls_key_file and tls_client_ca_file", &error))
    }
}

fn pair(cert_file: &Path, key_file: &Path) -> Option<tls::Pair> {
    is_given(cert_file).then(|| tls::Pair { cert_file: cert_file.to_owned(), key_file: key_file.to_owned() })
}

fn given(file: &Path) -> Option<PathBuf> {
    is_given(file).then(|| file.to_owned())
}

fn unusable(knobs: &str, error: &tls::Unusable) -> Wrong {
    let remedy = "put PEM files there that this user may read and that are valid now";
    Wrong::new(format!("{knobs}: {}", chain(error)), remedy)
}

/// Whether a file is named.
pub(crate) fn is_given(file: &Path) -> bool {
    !file.as_os_str().is_empty()
}
