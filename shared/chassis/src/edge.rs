//! What every call passes on its way in and out: its deadline, its caller's identity, its measure, and the last net for defects.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures::FutureExt;
use http::HeaderMap;
use kernel::{Code, Error, Refusal};
use tokio::time::{Instant, timeout_at};
use tonic::{Status, server::NamedService};

use crate::{
    auth::Verifier,
    call::{Deadline, Traceparent},
    status::into_status,
};

/// What the edge keeps to.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) default_deadline: Duration,
}

/// The layer around every service of the server.
pub(crate) async fn edge(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let began_at = Instant::now();
    let path = request.uri().path().to_owned();
    let asked = grpc_timeout(request.headers());
    let deadline = began_at + asked.unwrap_or(edge.default_deadline);
    let traceparent = text(request.headers(), "traceparent").unwrap_or_default().to_owned();

    let is_health = path.starts_with(&format!("/{}/", tonic_health::pb::health_server::HealthServer::<()>::NAME));
    let identity = if is_health { None } else { Some(edge.verifier.verify(text(request.headers(), "authorization"))) };
    let response = match identity {
        Some(Err(error)) => answer(into_status(error)),
        verified => {
            if let Some(Ok(actor)) = verified {
                request.extensions_mut().insert(actor);
            }
            request.extensions_mut().insert(Deadline(deadline));
            request.extensions_mut().insert(Traceparent(traceparent));
            let call = AssertUnwindSafe(next.run(request)).catch_unwind();
            // Only a caller's own deadline cuts a call off; the default one bounds the work done for it.
            let cut_at = asked.map_or(began_at + Duration::from_hours(24), |asked| began_at + asked);
            match timeout_at(cut_at, call).await {
                Ok(Ok(response)) => within_limits(response),
                Ok(Err(_panic)) => answer(into_status(Error::fault(format!("a panic in {path}")))),
                Err(_elapsed) => {
                    let message = "the call's deadline has passed; a mutation may still have happened: repeat it with the same request_id";
                    answer(into_status(Refusal::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message).into()))
                }
            }
        }
    };
    measure(&path, &response, began_at);
    response
}

/// A message over the size limit comes back from the library as OUT_OF_RANGE; to a caller it is an invalid argument.
fn within_limits(response: Response) -> Response {
    match Status::from_header_map(response.headers()) {
        Some(status)
            if status.code() == tonic::Code::OutOfRange && status.message().contains("message length too large") =>
        {
            answer(into_status(Refusal::new(Code::InvalidArgument, "TOO_LARGE", status.message().to_owned()).into()))
        }
        _ => response,
    }
}

fn answer(status: Status) -> Response {
    status.into_http::<Body>()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The `grpc-timeout` header: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let header = text(headers, "grpc-timeout")?;
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    let amount: u64 = (digits.len() <= 8).then(|| digits.parse().ok())??;
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
    // A path that nobody serves must not become a label.
    let (service, method) = if code == tonic::Code::Unimplemented { ("unknown", "unknown") } else { (service, method) };
    let labels = [("service", service.to_owned()), ("method", method.to_owned()), ("code", format!("{code:?}"))];
    metrics::counter!("grpc_server_handled_total", &labels).increment(1);
    metrics::histogram!("grpc_server_handling_seconds", &labels[..2]).record(began_at.elapsed().as_secs_f64());
}
