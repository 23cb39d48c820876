//! What a server shows, and whom it lets in.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _};
use rustls::{
    ServerConfig,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;

use crate::{
    Connection, Pair, Unusable, Validity, certificate,
    kept::{Kept, Read},
    provider,
};

/// Who has not finished its greeting by then is cut off.
const GREETING: Duration = Duration::from_secs(5);
/// So many may greet at once; more wait for a place among them.
const GREETING_AT_ONCE: usize = 5_000;

/// The certificate that a server shows, and the authority whose certificates its clients must show, where there is one.
#[derive(Debug)]
pub struct Shown(Kept<Made>);

#[derive(Debug)]
struct Made {
    config: Arc<ServerConfig>,
    validity: Validity,
}

impl Shown {
    /// Reads the files; refuses those by which nobody could be let in.
    pub fn new(pair: Pair, client_ca_file: Option<PathBuf>) -> Result<Self, Unusable> {
        let paths = [pair.cert_file, pair.key_file].into_iter().chain(client_ca_file).collect();
        Kept::new(paths, make).map(Self)
    }

    /// How long the certificate is valid that is shown now.
    pub fn validity(&self) -> Validity {
        self.0.latest().validity
    }

    /// Secures connections as they come in. Who greets wrongly or not at all is dropped, and keeps nobody waiting.
    pub fn secure(
        self: Arc<Self>,
        plain: impl Stream<Item = io::Result<TcpStream>> + Send + 'static,
    ) -> impl Stream<Item = io::Result<Connection>> + Send {
        let greet = move |incoming: io::Result<TcpStream>| {
            let shown = self.clone();
            async move {
                let tcp = match incoming {
                    Ok(tcp) => tcp,
                    Err(error) => return Some(Err(error)),
                };
                let acceptor = TlsAcceptor::from(shown.0.latest().config.clone());
                match timeout(GREETING, acceptor.accept(tcp)).await {
                    Ok(Ok(secured)) => Some(Ok(Connection::from(tokio_rustls::TlsStream::from(secured)))),
                    Ok(Err(error)) => {
                        tracing::debug!(%error, "a client was not let in");
                        None
                    }
                    Err(_late) => None,
                }
            }
        };
        plain.map(greet).buffer_unordered(GREETING_AT_ONCE).filter_map(std::future::ready)
    }
}

fn make(files: &[Read]) -> Result<Made, Unusable> {
    let [cert, key, authority @ ..] = files else { unreachable!("a server has a pair of files") };
    let (chain, validity) = certificate::chain(cert)?;
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| refused(cert, error))?;
    let builder = match authority.first() {
        None => builder.with_no_client_auth(),
        Some(authority) => builder.with_client_cert_verifier(verifier(authority)?),
    };
    let config = builder.with_single_cert(chain, certificate::key(key)?);
    let mut config = config.map_err(|error| refused(key, error))?;
    // Web pages come by HTTP/1.1.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Made { config: Arc::new(config), validity })
}

fn verifier(authority: &Read) -> Result<Arc<dyn ClientCertVerifier>, Unusable> {
    let roots = Arc::new(certificate::authorities(authority)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
    verifier.map_err(|_| Unusable::Malformed(authority.path.clone(), "certificate of an authority"))
}

fn refused(file: &Read, error: rustls::Error) -> Unusable {
    Unusable::Refused(file.path.clone(), error)
}
