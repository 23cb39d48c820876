//! Traces: what one request caused, through calls, the event log, the stream, and the services that hear of it.
//!
//! Spans are named and described by the semantic conventions of OpenTelemetry (RPC, database, messaging). Where no collector is
//! configured nothing is sent, and the trace context that a caller gave is passed on as it came.

use opentelemetry::{
    Context as Trace,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tonic::{Code, Status};
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Whose spans are sent: those of this module, and no library's.
pub(crate) const TARGET: &str = "baton::trace";

/// Facts of one batch that its span points to, at most.
const LINKS: usize = 64;

/// A call that is answered here, in the trace that its caller has begun.
pub(crate) fn rpc(path: &str, traceparent: &str) -> Span {
    let name = path.trim_start_matches('/');
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    let span = info_span!(
        target: TARGET,
        "rpc",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
        trace_id = Empty,
    );
    if let Some(parent) = read(traceparent) {
        // Without a collector there is nothing that could take a parent.
        let _ = span.set_parent(Trace::new().with_remote_span_context(parent));
    }
    if let Some(id) = read(&self::traceparent(&span, traceparent)).map(|context| context.trace_id()) {
        span.record("trace_id", id.to_string());
    }
    span
}

/// A call of another service.
pub(crate) fn call(path: &str) -> Span {
    let name = path.trim_start_matches('/');
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    info_span!(
        target: TARGET,
        "call",
        otel.name = name,
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = Empty,
    )
}

/// How a call ended; none: well.
pub(crate) fn answered(span: &Span, status: Option<&Status>) {
    let code = status.map_or(Code::Ok, Status::code);
    span.record("rpc.grpc.status_code", i32::from(code));
    // The conventions call an error what the server is to blame for.
    if matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    ) {
        span.record("otel.status_code", "ERROR");
    }
}

/// A transaction of the store.
pub(crate) fn transaction(schema: &'static str) -> Span {
    info_span!(
        target: TARGET,
        "transaction",
        otel.name = format_args!("transaction {schema}"),
        otel.kind = "client",
        db.system.name = "postgresql",
        db.namespace = schema,
    )
}

/// A batch of facts on its way into the stream: it points to what has caused them.
pub(crate) fn send<'t>(stream: &str, traceparents: impl ExactSizeIterator<Item = &'t str>) -> Span {
    let span = info_span!(
        target: TARGET,
        "send",
        otel.name = format_args!("send {stream}"),
        otel.kind = "producer",
        messaging.system = "nats",
        messaging.operation.name = "send",
        messaging.operation.r#type = "send",
        messaging.destination.name = stream,
        messaging.batch.message_count = traceparents.len(),
    );
    if !span.is_disabled() {
        for context in traceparents.filter_map(read).take(LINKS) {
            span.add_link(context);
        }
    }
    span
}

/// A fact of another service that is taken in here, in the trace that has caused it; none where nobody follows that.
pub(crate) fn process(package: &str, fact: &str, traceparent: &str) -> Option<Span> {
    let parent = read(traceparent).filter(SpanContext::is_sampled)?;
    let span = info_span!(
        target: TARGET,
        parent: None,
        "process",
        otel.name = format_args!("process {fact}"),
        otel.kind = "consumer",
        messaging.system = "nats",
        messaging.operation.name = "process",
        messaging.operation.r#type = "process",
        messaging.destination.name = package,
    );
    if span.is_disabled() {
        return None;
    }
    span.set_parent(Trace::new().with_remote_span_context(parent)).ok().map(|()| span)
}

/// The W3C trace context of a span, for whatever it causes; what was given where nobody follows the span.
pub(crate) fn traceparent(span: &Span, given: &str) -> String {
    let trace = span.context();
    let context = trace.span().span_context().clone();
    if !context.is_valid() {
        return given.to_owned();
    }
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), flags.to_u8())
}

/// A `traceparent` header, as W3C Trace Context, version 00, has it; none where it is no trace.
fn read(traceparent: &str) -> Option<SpanContext> {
    let parts: Vec<&str> = traceparent.split('-').collect();
    let [_, trace, span, flags] = parts[..] else { return None };
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}
