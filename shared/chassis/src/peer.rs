//! Another service as this one calls it: its address, this service's own token, and how long an answer may take.

use std::{path::PathBuf, time::Duration};

use kernel::{Error, Result};
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Endpoint},
};

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
    /// A service at an address; connected when it is first called. The token is read at every call, so that a new one needs no
    /// restart.
    pub fn new(what: &'static str, url: &str, token_file: PathBuf, timeout: Duration) -> Result<Self> {
        let channel = Endpoint::from_shared(url.to_owned())
            .map_err(|error| Error::fault(format!("the address of {what}: {error}")))?
            .connect_timeout(Duration::from_secs(2))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(Self { what, channel, token_file, timeout })
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
        let token = tokio::fs::read_to_string(&self.token_file)
            .await
            .map_err(|error| Error::fault(format!("service.token_file: {}: {error}", self.token_file.display())))?;
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        let header = format!("Bearer {}", token.trim()).parse().map_err(Error::fault)?;
        request.metadata_mut().insert("authorization", header);
        let answer = tokio::time::timeout(self.timeout, call(request))
            .await
            .map_err(|late| Error::Away { what: self.what, source: late.into() })?;
        match answer {
            Ok(answer) => Ok(Some(answer.into_inner())),
            Err(status) => match status.code() {
                Code::NotFound => Ok(None),
                Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted => {
                    Err(Error::Away { what: self.what, source: status.into() })
                }
                _ => Err(Error::fault(status)),
            },
        }
    }
}
