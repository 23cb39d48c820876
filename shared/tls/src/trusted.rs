//! What a client trusts, and what it shows.

use std::{future::Future, io, path::PathBuf, pin::Pin, sync::Arc, task};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::Service;

use crate::{
    Connection, Pair, Unusable, Validity, certificate,
    kept::{Kept, Read},
    provider,
};

/// The authorities that a client trusts, and the certificate that it shows where it is asked for one. A connector for channels:
/// `https` is spoken by TLS, `http` plainly.
#[derive(Debug, Clone)]
pub struct Trusted(Arc<Kept<Made>>);

#[derive(Debug)]
struct Made {
    config: Arc<ClientConfig>,
    shown: Option<Validity>,
}

impl Trusted {
    /// Reads the files. Without a file of authorities, those that browsers trust are trusted.
    pub fn new(
        ca_file: Option<PathBuf>,
        shown: Option<Pair>,
        alpn: &'static [&'static [u8]],
    ) -> Result<Self, Unusable> {
        let has_authorities = ca_file.is_some();
        let pair = shown.into_iter().flat_map(|pair| [pair.cert_file, pair.key_file]);
        let paths = ca_file.into_iter().chain(pair).collect();
        Kept::new(paths, move |files| make(files, has_authorities, alpn)).map(|kept| Self(Arc::new(kept)))
    }

    /// How long the certificate is valid that is shown now; none where none is.
    pub fn shown(&self) -> Option<Validity> {
        self.0.latest().shown
    }

    async fn connect(self, to: Uri) -> io::Result<Connection> {
        let unusable = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{to}: {what}"));
        let host = to.host().ok_or_else(|| unusable("it names no host"))?.trim_matches(['[', ']']);
        let is_secured = to.scheme_str() == Some("https");
        let port = to.port_u16().unwrap_or(if is_secured { 443 } else { 80 });
        let tcp = TcpStream::connect((host, port)).await?;
        // Else small questions wait for the server's delayed acknowledgement, some 40 ms each.
        tcp.set_nodelay(true)?;
        if !is_secured {
            return Ok(tcp.into());
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| unusable("that is no name of a server"))?;
        let secured = TlsConnector::from(self.0.latest().config.clone()).connect(name, tcp).await?;
        Ok(tokio_rustls::TlsStream::from(secured).into())
    }
}

impl Service<Uri> for Trusted {
    type Response = TokioIo<Connection>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<io::Result<()>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.clone().connect(to);
        Box::pin(async { connecting.await.map(TokioIo::new) })
    }
}

fn make(files: &[Read], has_authorities: bool, alpn: &[&[u8]]) -> Result<Made, Unusable> {
    let (authorities, pair) = files.split_at(usize::from(has_authorities));
    let roots = match authorities {
        [file] => certificate::authorities(file)?,
        _ => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.expect("the provider knows the usual versions").with_root_certificates(roots);
    let (mut config, shown) = match pair {
        [cert, key] => {
            let (chain, validity) = certificate::chain(cert)?;
            let config = builder.with_client_auth_cert(chain, certificate::key(key)?);
            (config.map_err(|error| Unusable::Refused(key.path.clone(), error))?, Some(validity))
        }
        _ => (builder.with_no_client_auth(), None),
    };
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Made { config: Arc::new(config), shown })
}
