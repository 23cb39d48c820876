//! Authorities of a test's own, and the certificates that they give, in files.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tls::Pair;
use tokio_rustls::rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Whoever trusts its file takes the certificates that it gives.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut itself = CertificateParams::default();
        itself.distinguished_name.push(DnType::CommonName, name);
        itself.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key is made");
        let issuer = CertifiedIssuer::self_signed(itself, key).expect("it signs itself");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("its certificate is written");
        Self { issuer, folder }
    }

    /// Its own certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// A file beside those that it gives.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gives a certificate for this machine, with its key, under that name.
    pub(crate) fn give(&self, name: &str) -> Pair {
        self.give_as(name, |_| {})
    }

    /// Gives one that is not quite as it should be.
    pub(crate) fn give_as(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let pair = Pair { cert_file: self.file(&format!("{name}.pem")), key_file: self.file(&format!("{name}.key")) };
        self.put(&pair, change);
        pair
    }

    /// Gives another certificate in the place of the one that is there.
    pub(crate) fn replace(&self, pair: &Pair) {
        self.put(pair, |_| {});
    }

    fn put(&self, pair: &Pair, change: impl FnOnce(&mut CertificateParams)) {
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let mut certificate = CertificateParams::new(names).expect("names of this machine");
        change(&mut certificate);
        let key = KeyPair::generate().expect("a key is made");
        let signed = certificate.signed_by(&key, &self.issuer).expect("the authority signs it");
        write(&pair.cert_file, &signed.pem());
        write(&pair.key_file, &key.serialize_pem());
    }

    /// What trusts it, and nobody else.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("an authority");
        roots
    }
}

/// Puts a text into the place of a file in one instant: nobody ever reads half of it.
pub(crate) fn write(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).expect("it is written");
    std::fs::rename(&new, file).expect("it is put into place");
}

/// The first certificate of a file.
pub(crate) fn certificate(file: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(file).expect("a certificate")
}
