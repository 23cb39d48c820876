//! A collector of a test's own: takes traces by OTLP, and shows them as trees.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    resource::v1::Resource,
    trace::v1::span::{Link, SpanKind},
};
use testkit::eventually;
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

/// A span that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Who sent it.
    pub(crate) service: String,
    pub(crate) name: String,
    /// `server`, `client`, `producer`, `consumer`, `internal`.
    pub(crate) kind: String,
    pub(crate) trace_id: String,
    pub(crate) id: String,
    /// Empty where it is a root.
    pub(crate) parent_id: String,
    /// The trace and the span of each that it points to.
    pub(crate) links: Vec<(String, String)>,
    began_at_nanos: u64,
    ended_at_nanos: u64,
}

/// All that was sent so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    url: String,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it has one"));
        let collector = Self { spans: Arc::default(), url };
        let server = Server::builder().add_service(TraceServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        collector
    }

    /// Where it takes traces.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("nobody panics with it").clone()
    }

    /// Waits for so many spans of a trace; they are in the order in which they began.
    pub(crate) async fn trace(&self, trace_id: &str, spans: usize) -> Trace {
        eventually("the trace was sent", async || {
            let mut trace: Vec<_> = self.spans().into_iter().filter(|span| span.trace_id == trace_id).collect();
            trace.sort_by_key(|span| (span.began_at_nanos, span.id.clone()));
            (trace.len() >= spans).then_some(Trace(trace))
        })
        .await
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().expect("nobody panics with it");
        for batch in request.into_inner().resource_spans {
            let service = service(batch.resource);
            let sent = batch.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| Span {
                service: service.clone(),
                kind: kind(span.kind()),
                name: span.name,
                trace_id: hex::encode(span.trace_id),
                id: hex::encode(span.span_id),
                parent_id: hex::encode(span.parent_span_id),
                links: span.links.into_iter().map(ends).collect(),
                began_at_nanos: span.start_time_unix_nano,
                ended_at_nanos: span.end_time_unix_nano,
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn service(resource: Option<Resource>) -> String {
    let attributes = resource.map(|resource| resource.attributes).unwrap_or_default();
    let name = attributes.into_iter().find(|attribute| attribute.key == "service.name");
    match name.and_then(|name| name.value?.value) {
        Some(Value::StringValue(name)) => name,
        other => panic!("every resource names its service: {other:?}"),
    }
}

fn kind(kind: SpanKind) -> String {
    kind.as_str_name().trim_start_matches("SPAN_KIND_").to_lowercase()
}

fn ends(link: Link) -> (String, String) {
    (hex::encode(link.trace_id), hex::encode(link.span_id))
}

/// The spans of one trace, in the order in which they began.
#[derive(Debug, Clone)]
pub(crate) struct Trace(Vec<Span>);

impl Trace {
    /// The span of that service and that name; there is one.
    pub(crate) fn span(&self, service: &str, name: &str) -> &Span {
        let found: Vec<_> = self.0.iter().filter(|span| span.service == service && span.name == name).collect();
        let [span] = found[..] else { panic!("{service} {name}: {found:?}") };
        span
    }

    /// A line for each span, below the one that caused it: service, kind and name.
    pub(crate) fn tree(&self) -> String {
        self.told(|span| format!("{} {} {}", span.service, span.kind, span.name))
    }

    /// The same, with how long each took, for people to look at.
    pub(crate) fn picture(&self) -> String {
        self.told(|span| {
            let micros = (span.ended_at_nanos - span.began_at_nanos) / 1_000;
            let millis = format!("{}.{:03} ms", micros / 1_000, micros % 1_000);
            format!("{:<12} {:<9} {:<60} {millis:>12}", span.service, span.kind, span.name)
        })
    }

    fn told(&self, tell: impl Fn(&Span) -> String) -> String {
        let mut lines = String::new();
        // Whoever began the trace does not send its own spans.
        let is_root = |span: &&Span| !self.0.iter().any(|other| other.id == span.parent_id);
        for root in self.0.iter().filter(is_root) {
            self.tell(root, 0, &tell, &mut lines);
        }
        lines
    }

    fn tell(&self, span: &Span, depth: usize, tell: &impl Fn(&Span) -> String, lines: &mut String) {
        writeln!(lines, "{}{}", "  ".repeat(depth), tell(span)).expect("a text takes a line");
        for child in self.0.iter().filter(|child| child.parent_id == span.id) {
            self.tell(child, depth + 1, tell, lines);
        }
    }
}
