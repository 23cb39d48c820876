//! What PEM files hold, and from when until when a certificate is valid.

use std::{path::Path, time::SystemTime};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_parser::{parse_x509_certificate, time::ASN1Time};

use crate::{Unusable, kept::Read};

/// From when until when a certificate is valid, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: i64,
    /// The last one.
    pub not_after: i64,
}

impl Validity {
    /// How many seconds are left of it; negative once it has expired.
    pub fn seconds_left(&self) -> i64 {
        self.not_after - now()
    }
}

#[expect(clippy::disallowed_methods, reason = "certificates are valid by the clock of the machine that looks at them")]
fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// The certificates of a file, its owner's first, and how long that one is valid; refused where it is not valid now.
pub(crate) fn chain(file: &Read) -> Result<(Vec<CertificateDer<'static>>, Validity), Unusable> {
    let chain = certificates(file)?;
    let malformed = || Unusable::Malformed(file.path.clone(), "certificate");
    let (_, own) = chain.first().and_then(|own| parse_x509_certificate(own).ok()).ok_or_else(malformed)?;
    let validity = own.validity();
    let told = |time: ASN1Time| time.to_rfc2822().unwrap_or_else(|_| time.timestamp().to_string());
    let (not_before, not_after) = (validity.not_before, validity.not_after);
    if not_after.timestamp() < now() {
        return Err(Unusable::Expired(file.path.clone(), told(not_after)));
    }
    if not_before.timestamp() > now() {
        return Err(Unusable::NotYet(file.path.clone(), told(not_before)));
    }
    let validity = Validity { not_before: not_before.timestamp(), not_after: not_after.timestamp() };
    Ok((chain, validity))
}

pub(crate) fn key(file: &Read) -> Result<PrivateKeyDer<'static>, Unusable> {
    PrivateKeyDer::from_pem_slice(&file.bytes).map_err(|_| Unusable::Malformed(file.path.clone(), "private key"))
}

/// The authorities of a file.
pub(crate) fn authorities(file: &Read) -> Result<RootCertStore, Unusable> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(file)? {
        roots.add(authority).map_err(|error| Unusable::Refused(file.path.clone(), error))?;
    }
    Ok(roots)
}

fn certificates(file: &Read) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let malformed = |path: &Path| Unusable::Malformed(path.to_owned(), "certificate");
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or_else(|| malformed(&file.path))
}
