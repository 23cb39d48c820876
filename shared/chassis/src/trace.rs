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
    let (name, service, method) = named(path);
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

/// A path of gRPC as spans name it: whole, and its service and method.
fn named(path: &str) -> (&str, &str, &str) {
    let name = path.trim_start_matches('/');
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    (name, service, method)
}

/// A call of another service.
pub(crate) fn call(path: &str) -> Span {
    let (name, service, method) = named(path);
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

/// Whether a text is the trace context of somebody.
pub(crate) fn is_one(traceparent: &str) -> bool {
    read(traceparent).is_some()
}

/// A `traceparent` header, as W3C Trace Context, version 00, has it; none where it is no trace.
fn read(traceparent: &str) -> Option<SpanContext> {
    let is_hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let parts: Vec<&str> = traceparent.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return None };
    let lengths = [version, trace, span, flags].map(str::len);
    if lengths != [2, 32, 16, 2] || version == "ff" || !parts.into_iter().all(is_hex) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn given(flags: &str) -> String {
        format!("00-{TRACE}-{SPAN}-{flags}")
    }

    /// Does it as where a collector is configured, but sends nothing.
    fn traced<T>(work: impl FnOnce() -> T) -> T {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("baton"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work)
    }

    #[test]
    fn a_context_is_read_as_it_is_written() {
        let context = read(&given("01")).unwrap();
        assert_eq!((context.trace_id().to_string(), context.span_id().to_string()), (TRACE.into(), SPAN.into()));
        assert!(context.is_sampled() && context.is_remote());
        assert!(!read(&given("00")).unwrap().is_sampled());
        assert!(read(&given("03")).unwrap().is_sampled(), "other flags are left alone");
    }

    #[test]
    fn what_is_no_context_is_not_read() {
        let good = given("01");
        for bad in [
            "",
            "00",
            &good[1..],
            &good.to_uppercase(),
            &good.replace('-', "_"),
            &format!("{good}-00"),
            &good.replacen("00", "ff", 1),
            &good.replace(TRACE, &"0".repeat(32)),
            &good.replace(SPAN, &"0".repeat(16)),
            &good.replace(TRACE, &TRACE[1..]),
            &good.replace(SPAN, "+7ad6b7169203331"),
            &given("0g"),
            &given("1"),
        ] {
            assert!(!is_one(bad), "{bad:?}");
        }
    }

    #[test]
    fn without_a_collector_what_was_given_goes_on_as_it_came() {
        let span = rpc("/baton.x/Y", &given("01"));
        assert_eq!(traceparent(&span, &given("01")), given("01"));
        assert_eq!(traceparent(&span, ""), "");
        assert!(process("baton.x", "happened", &given("01")).is_none());
    }

    #[test]
    fn with_one_a_span_is_of_the_callers_trace_and_what_it_causes_is_of_the_span() {
        traced(|| {
            for flags in ["01", "00"] {
                let written = traceparent(&rpc("/baton.x/Y", &given(flags)), &given(flags));
                let context = read(&written).unwrap();
                assert_eq!(context.trace_id().to_string(), TRACE);
                assert_ne!(context.span_id().to_string(), SPAN);
                assert!(written.ends_with(&format!("-{flags}")), "{written}");
            }
            let begun = traceparent(&rpc("/baton.x/Y", ""), "");
            assert!(is_one(&begun) && !begun.contains(TRACE), "a call without a trace begins one: {begun}");
        });
    }

    #[test]
    fn a_fact_is_followed_where_somebody_follows_its_trace() {
        traced(|| {
            let span = process("baton.x", "happened", &given("01")).unwrap();
            assert_eq!(read(&traceparent(&span, "")).unwrap().trace_id().to_string(), TRACE);
            for unfollowed in [given("00"), String::new(), "no trace".into()] {
                assert!(process("baton.x", "happened", &unfollowed).is_none(), "{unfollowed:?}");
            }
        });
    }
}
