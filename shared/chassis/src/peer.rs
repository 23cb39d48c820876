//! Another service as this one calls it: its address, this service's own token, and how long an answer may take.

use std::{
    error::Error as _,
    future::Future,
    path::{Path, PathBuf},
    task::{self, Poll},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use http::{Request as HttpRequest, Response as HttpResponse};
use kernel::{Error, Result};
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    transport::{self, Endpoint},
};
use tower::Service;
use tracing::Instrument as _;

use crate::{Context, config::is_private, store::Wrong, trace};

/// A service that this one calls.
#[derive(Debug, Clone)]
pub struct Peer {
    /// As a caller would name it: "the template service".
    what: &'static str,
    channel: Channel,
    token_file: PathBuf,
    timeout: Duration,
}

impl Peer {
    /// A service at an address, by TLS where that begins with `https`; connected when it is first called. The token is read at every
    /// call, so that a new one needs no restart.
    pub fn new(context: &Context, what: &'static str, url: &str, token_file: &Path, timeout: Duration) -> Result<Self> {
        if !context.limits().insecure && !is_private(url) {
            let is =
                format!("the address of {what} is {url}: the token would go there readable for whoever is on the way");
            return Err(Wrong::new(
                is,
                "write https, or set grpc.insecure = true where a proxy or a mesh takes care of it",
            )
            .into());
        }
        let endpoint = Endpoint::from_shared(url.to_owned());
        let endpoint = endpoint.map_err(|error| Error::fault(format!("the address of {what}: {error}")))?;
        let channel = endpoint
            .connect_timeout(Duration::from_secs(2))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(true)
            .connect_with_connector_lazy(context.trusted().clone());
        Ok(Self { what, channel: Channel(channel), token_file: token_file.to_owned(), timeout })
    }

    /// As a caller would name it.
    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// How long an answer may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What generated clients take.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// One call. None where there is no such thing; Away where it does not answer in time.
    pub async fn ask<M, R, F>(&self, message: M, call: impl FnOnce(Request<M>) -> F) -> Result<Option<R>>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        let header = format!("Bearer {}", self.token().await?).parse().map_err(Error::fault)?;
        request.metadata_mut().insert("authorization", header);
        let answer = tokio::time::timeout(self.timeout, call(request))
            .await
            .map_err(|late| Error::Away { what: self.what, source: late.into() })?;
        match answer {
            Ok(answer) => Ok(Some(answer.into_inner())),
            // What has a source was not said by the other side: the connection to it broke, or was refused after its greeting.
            Err(status) if status.source().is_some() => Err(Error::Away { what: self.what, source: status.into() }),
            Err(status) => match status.code() {
                Code::NotFound => Ok(None),
                Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted => {
                    Err(Error::Away { what: self.what, source: status.into() })
                }
                _ => Err(Error::fault(status)),
            },
        }
    }

    /// This service's own token.
    pub(crate) async fn token(&self) -> Result<String> {
        let text = tokio::fs::read_to_string(&self.token_file).await;
        let text =
            text.map_err(|error| Error::fault(format!("service.token_file: {}: {error}", self.token_file.display())))?;
        Ok(text.trim().to_owned())
    }
}

/// The way to another service; every call over it is a span, and tells the other side of which trace it is.
#[derive(Debug, Clone)]
pub struct Channel(transport::Channel);

impl Service<HttpRequest<Body>> for Channel {
    type Response = HttpResponse<Body>;
    type Error = transport::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest<Body>) -> Self::Future {
        let span = trace::call(request.uri().path());
        // Without a collector there is none.
        let traceparent = trace::traceparent(&span, "");
        if let Some(traceparent) = traceparent.parse().ok().filter(|_| !traceparent.is_empty()) {
            request.headers_mut().insert("traceparent", traceparent);
        }
        let answering = self.0.call(request);
        let answered = span.clone();
        let answering = async move {
            let answer = answering.await;
            if let Ok(answer) = &answer {
                trace::answered(&answered, Status::from_header_map(answer.headers()).as_ref());
            }
            answer
        };
        answering.instrument(span).boxed()
    }
}
