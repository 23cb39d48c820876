//! Web pages of other origins: who of them may call, and what they may send and see.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

/// A browser may remember for so long that it may call.
const REMEMBERED: Duration = Duration::from_hours(1);

/// Answers a browser that asks whether a page of those origins may call. None for no origins: then no page of another one may,
/// since its browser asks in vain.
pub(crate) fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let sent = ["grpc-timeout", "traceparent", "x-grpc-web", "x-user-agent"].map(HeaderName::from_static);
    let seen = ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static);
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::POST])
            .allow_headers(sent.into_iter().chain([header::CONTENT_TYPE, header::AUTHORIZATION]).collect::<Vec<_>>())
            .expose_headers(seen)
            .max_age(REMEMBERED)
    })
}
