//! What every call passes on its way in and out: a place for it, its deadline, its caller's identity, its measure, and the
//! last net for defects.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures::FutureExt;
use http::HeaderMap;
use kernel::{Code, Error, Refusal, Result};
use tokio::time::{Instant, timeout_at};
use tonic::{Status, server::NamedService};
use tracing::Instrument as _;

use crate::{
    admission::{Admission, Entered},
    auth::{Verified, Verifier},
    call::{Asked, Deadline, Traceparent},
    config::Config,
    status::{DEFECT, into_status},
    trace,
};

/// The library has a timer for the caller's deadline too, and answers CANCELLED; ours is ahead of it.
const AHEAD: Duration = Duration::from_millis(5);

/// What the edge keeps to.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) admission: Arc<Admission>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) default_deadline: Duration,
}

impl Edge {
    /// As it is configured.
    pub(crate) fn new<S>(config: &Config<S>, verifier: Arc<Verifier>) -> Result<Self> {
        let admission = Admission::new(&config.grpc, config.database.max_connections, api::DESCRIPTORS)?;
        Ok(Self {
            admission: Arc::new(admission),
            verifier,
            default_deadline: Duration::from_millis(config.grpc.default_deadline_ms.into()),
        })
    }
}

/// The layer around every service of the server.
pub(crate) async fn edge(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let began_at = Instant::now();
    let path = request.uri().path().to_owned();
    let is_health = is_health(&path);
    // First of all: a call for which there is no room must cost nothing.
    let entered = match (!is_health).then(|| edge.admission.enter(&path)).transpose() {
        Ok(entered) => entered,
        Err(overloaded) => return answer(overloaded),
    };
    let given = traceparent(request.headers()).unwrap_or_default();
    let span = if is_health { tracing::Span::none() } else { trace::rpc(&path, given) };
    let traceparent = trace::traceparent(&span, given);
    let answering = admitted(&edge, request, next, &path, began_at, entered, traceparent).instrument(span.clone());
    let response = answering.await;
    trace::answered(&span, Status::from_header_map(response.headers()).as_ref());
    measure(&path, &response, began_at);
    response
}

/// A call that there is room for.
async fn admitted(
    edge: &Edge,
    mut request: Request,
    next: Next,
    path: &str,
    began_at: Instant,
    entered: Option<Entered>,
    traceparent: String,
) -> Response {
    let is_health = entered.is_none();
    let asked = grpc_timeout(request.headers());
    let deadline = began_at + asked.unwrap_or(edge.default_deadline);
    let verified = if is_health {
        Ok(None)
    } else {
        edge.verifier.verify(text(request.headers(), "authorization")).await.map(Some)
    };
    if let Ok(Some(Verified { actor, .. })) = &verified
        && let Err(too_often) = edge.admission.count(actor.name())
    {
        return answer(into_status(too_often));
    }
    match verified {
        Err(error) => answer(into_status(error)),
        Ok(verified) => {
            let mut bounds = Asked { deadline: asked.map(|asked| began_at + asked), token_ends_at: None };
            if let Some(Verified { actor, ends_at }) = verified {
                bounds.token_ends_at = Some(ends_at);
                request.extensions_mut().insert(actor);
            }
            request.extensions_mut().insert(bounds);
            if let Some(held) = entered.as_ref().and_then(Entered::held) {
                request.extensions_mut().insert(held);
            }
            request.extensions_mut().insert(Deadline(deadline));
            request.extensions_mut().insert(Traceparent(traceparent));
            let call = AssertUnwindSafe(next.run(request)).catch_unwind();
            // Only a caller's own deadline cuts a call off; the default one bounds the work done for it.
            let cut_at = began_at + asked.map_or(Duration::from_hours(24), |asked| asked.saturating_sub(AHEAD));
            match timeout_at(cut_at, call).await {
                Ok(Ok(response)) if asked.is_some() && Instant::now() >= cut_at && is_unavailable(&response) => late(),
                Ok(Ok(response)) => in_our_words(response),
                Ok(Err(_panic)) => answer(into_status(Error::fault(format!("a panic in {path}")))),
                Err(_elapsed) => late(),
            }
        }
    }
}

/// Health is for those who decide whether to send calls here: it needs no token, and is never refused for want of room.
fn is_health(path: &str) -> bool {
    const NAME: &str = tonic_health::pb::health_server::HealthServer::<()>::NAME;
    path.strip_prefix('/').and_then(|path| path.strip_prefix(NAME)).is_some_and(|rest| rest.starts_with('/'))
}

/// A store that was stopped at the caller's deadline is not away.
fn is_unavailable(response: &Response) -> bool {
    Status::from_header_map(response.headers()).is_some_and(|status| status.code() == tonic::Code::Unavailable)
}

fn late() -> Response {
    let message =
        "the call's deadline has passed; a mutation may still have happened: repeat it with the same request_id";
    answer(into_status(Refusal::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message).into()))
}

/// What the library says of a message that it could not read is an invalid argument to a caller: one over the size limit comes
/// as OUT_OF_RANGE, one that is no message as INTERNAL.
fn in_our_words(response: Response) -> Response {
    let Some(status) = Status::from_header_map(response.headers()) else { return response };
    let reason = match status.code() {
        tonic::Code::OutOfRange if status.message().contains("message length too large") => "TOO_LARGE",
        tonic::Code::Internal if status.message() != DEFECT => "MALFORMED",
        _ => return response,
    };
    answer(into_status(Refusal::new(Code::InvalidArgument, reason, status.message().to_owned()).into()))
}

fn answer(status: Status) -> Response {
    status.into_http::<Body>()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The `traceparent` header; what is not of its form is no trace.
fn traceparent(headers: &HeaderMap) -> Option<&str> {
    text(headers, "traceparent").filter(|text| trace::is_one(text))
}

/// The `grpc-timeout` header: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let header = text(headers, "grpc-timeout")?;
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    let is_amount = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let amount: u64 = is_amount.then(|| digits.parse().ok())??;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

fn measure(path: &str, response: &Response, began_at: Instant) {
    let mut parts = path.split('/').skip(1);
    let (service, method) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let code = Status::from_header_map(response.headers()).map_or(tonic::Code::Ok, |status| status.code());
    // A path that nobody serves must not become a label; before a token is verified, nobody knows.
    let is_unknown = matches!(code, tonic::Code::Unimplemented | tonic::Code::Unauthenticated);
    let (service, method) = if is_unknown { ("unknown", "unknown") } else { (service, method) };
    let labels = [("service", service.to_owned()), ("method", method.to_owned()), ("code", format!("{code:?}"))];
    metrics::counter!("grpc_server_handled_total", &labels).increment(1);
    metrics::histogram!("grpc_server_handling_seconds", &labels[..2]).record(began_at.elapsed().as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn a_timeout_is_read_in_every_unit() {
        let read = |text| grpc_timeout(&headers("grpc-timeout", text));
        assert_eq!(read("2H"), Some(Duration::from_hours(2)));
        assert_eq!(read("3M"), Some(Duration::from_mins(3)));
        assert_eq!(read("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(read("5m"), Some(Duration::from_millis(5)));
        assert_eq!(read("6u"), Some(Duration::from_micros(6)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
    }

    #[test]
    fn a_timeout_that_is_none_is_not_read() {
        for text in ["", "5", "S", "-5S", "+5S", " 5S", "5 S", "5x", "0x5S", "100000000S", "5.5S"] {
            assert_eq!(grpc_timeout(&headers("grpc-timeout", text)), None, "{text:?}");
        }
        assert_eq!(grpc_timeout(&HeaderMap::new()), None);
    }

    #[test]
    fn a_trace_context_is_read_only_in_its_one_form() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&headers("traceparent", good)), Some(good));
        for bad in ["", "00", &good.to_uppercase(), &good[1..], &format!("{good}-00"), &good.replace('-', "_")] {
            assert_eq!(traceparent(&headers("traceparent", bad)), None, "{bad:?}");
        }
    }
}
