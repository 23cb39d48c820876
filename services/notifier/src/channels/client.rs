//! Posting to a webhook or a chat: to addresses that may be sent to, without following where an answer points.

use std::{
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioIo},
};
use kernel::{Error, Result};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject as _};
use tokio::net::TcpStream;

use super::{
    failed,
    guard::{Guard, Scheme},
};
use crate::domain::{Attempted, Outcome};

/// So much of an answer is read; a connection with more behind it is not used again.
const ANSWER_BYTES: usize = 64 * 1024;
/// And it is waited for so long, once the status is there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// So much of an answer that is no success is told.
const TOLD_CHARS: usize = 200;
/// So many connections to one host wait for the next message.
const IDLE_CONNECTIONS: usize = 8;

type Inner = legacy::Client<HttpsConnector<Guarded>, Full<Bytes>>;

/// Posts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    guard: Guard,
    inner: Inner,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("guard", &self.guard).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that trusts the public authorities, and those of the file.
    pub(crate) fn new(guard: Guard, ca_file: &Path) -> Result<Self> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if !ca_file.as_os_str().is_empty() {
            let unreadable = |error| Error::fault(format!("service.ca_file: {}: {error}", ca_file.display()));
            let authorities = CertificateDer::pem_file_iter(ca_file).map_err(unreadable)?;
            for authority in authorities {
                roots.add(authority.map_err(unreadable)?).map_err(Error::fault)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::fault)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Guarded(guard.clone()));
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(IDLE_CONNECTIONS).pool_timer(hyper_util::rt::TokioTimer::new());
        Ok(Self { guard, inner: builder.build(connector) })
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Posts JSON, and says what became of it by the status of the answer: 2xx is taken, 410 wants nothing more, all else is tried again.
    /// A redirect is not followed: what is signed is for who was named.
    pub(crate) async fn post(
        &self,
        url: &str,
        content_type: &'static str,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Attempted {
        let url = match self.guard.check_url(url) {
            Ok(url) => url,
            Err(why) => return failed(0, format!("the address {why}")),
        };
        let mut request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, content_type)
            .header(header::USER_AGENT, concat!("baton-notifier/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = match request.body(Full::new(Bytes::from(body))) {
            Ok(request) => request,
            Err(error) => return failed(0, format!("the address cannot be posted to: {error}")),
        };
        match self.inner.request(request).await {
            Ok(answer) => read(answer).await,
            Err(error) => failed(0, chassis::chain(&error)),
        }
    }
}

async fn read(answer: http::Response<hyper::body::Incoming>) -> Attempted {
    let status = answer.status();
    let code = i32::from(status.as_u16());
    let retry_after_seconds = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok());
    // Read, so that the connection can be used again, and told where it is no success; it decides nothing, so it is not waited for long.
    let body = http_body_util::Limited::new(answer.into_body(), ANSWER_BYTES).collect();
    let body = tokio::time::timeout(ANSWER_TIMEOUT, body).await;
    let outcome = match status {
        status if status.is_success() => Outcome::Arrived,
        StatusCode::GONE => Outcome::Gone { problem: "the receiver answered 410 Gone: it wants nothing more".into() },
        // Where it points to is not told: of a chat it may be the secret address.
        status if status.is_redirection() => {
            let problem = format!("the receiver answered {status}: redirects are not followed");
            Outcome::Failed { problem, retry_after_seconds }
        }
        status => {
            let said = match body {
                Ok(Ok(said)) => String::from_utf8_lossy(&said.to_bytes()).into_owned(),
                _ => String::new(),
            };
            let said: String = said.chars().filter(|c| !c.is_control()).take(TOLD_CHARS).collect();
            let colon = if said.is_empty() { "" } else { ": " };
            Outcome::Failed { problem: format!("the receiver answered {status}{colon}{said}"), retry_after_seconds }
        }
    };
    Attempted { status: code, outcome }
}

/// Connects to addresses that may be sent to, as a name has them at that moment.
#[derive(Debug, Clone)]
struct Guarded(Guard);

impl tower::Service<Uri> for Guarded {
    type Response = TokioIo<TcpStream>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let guard = self.0.clone();
        Box::pin(async move {
            let (scheme, usual_port) =
                if uri.scheme_str() == Some("http") { (Scheme::Http, 80) } else { (Scheme::Https, 443) };
            let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            let port = uri.port_u16().unwrap_or(usual_port);
            let addresses = tokio::net::lookup_host((host, port)).await?.collect();
            let addresses = guard.choose(scheme, addresses).map_err(|why| format!("{host}: {why}"))?;
            let stream = TcpStream::connect(&addresses[..]).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}
