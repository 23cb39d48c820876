//! One trace through services: from a client's call through transactions and the stream to what other services make of it.

use api::{
    handoff::v1::{
        CreateHandoffRequest, CreateRouteRequest, CreateTeamRequest, SetTermsRequest, SubmitHandoffRequest,
        directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
    },
    sla::v1::{
        ClockKind, CreatePolicyRequest, Target, TargetDuration, policy_service_client::PolicyServiceClient,
        target_duration,
    },
};
use handoff::HandoffService;
use sla_monitor::SlaMonitor;
use testkit::{Database, Fact, People, Program, Setting, eventually, free_port, read_stream, request_id};
use tonic::{Code, Request};

use crate::collector::Collector;

const ROUTE: &str = "sales-to-implementation";
const POLICY: &str = "an-hour";
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";
/// What the client is doing all the while.
const CLIENT_SPAN: &str = "b7ad6b7169203331";

/// The handoff service and the SLA monitor, which hear each other and send their traces.
struct Stage {
    setting: Setting,
    handoff: Program,
    monitor: Program,
    collector: Collector,
}

impl Stage {
    /// With a route whose policy gives an hour.
    async fn new() -> Self {
        let collector = Collector::start().await;
        let setting = Setting::new::<HandoffService>().await;
        let monitoring = Setting { database: Database::new::<SlaMonitor>().await, ..setting.clone() };
        let ports = [free_port().expect("a port"), free_port().expect("a port")];
        let [handoff, monitor] = ports.map(|port| format!("http://127.0.0.1:{port}"));
        let traced = ("TELEMETRY__OTLP_ENDPOINT", collector.url());
        let knobs = [("SERVICE__SLA_URL", monitor), ("SERVICE__CHECKLIST_URL", NOBODY.to_owned()), traced.clone()];
        let handoff_program = Program::start_at::<HandoffService>(&setting, ports[0], &knobs).await;
        let knobs = [("SERVICE__HANDOFF_URL", handoff), traced];
        let monitor_program = Program::start_at::<SlaMonitor>(&monitoring, ports[1], &knobs).await;
        let stage = Self { setting, handoff: handoff_program, monitor: monitor_program, collector };
        stage.map().await;
        stage
    }

    async fn map(&self) {
        let an_hour = target_duration::Kind::Elapsed(api::duration_from_seconds(3_600));
        let target = Target {
            clock: ClockKind::Acceptance.into(),
            duration: Some(TargetDuration { kind: Some(an_hour) }),
            ..Default::default()
        };
        let policy = CreatePolicyRequest {
            request_id: request_id(),
            policy_id: POLICY.into(),
            targets: vec![target],
            ..Default::default()
        };
        let mut policies = PolicyServiceClient::new(self.monitor.caller(People::Admin));
        policies.create_policy(policy).await.expect("the policy is created");
        let mut directory = DirectoryServiceClient::new(self.handoff.caller(People::Admin));
        for team in ["sales", "implementation"] {
            let team = CreateTeamRequest { request_id: request_id(), team_id: team.into(), ..Default::default() };
            directory.create_team(team).await.expect("the team is created");
        }
        let route = CreateRouteRequest {
            request_id: request_id(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            ..Default::default()
        };
        let mut routes = RouteServiceClient::new(self.handoff.caller(People::Admin));
        routes.create_route(route).await.expect("the route is created");
        let terms = SetTermsRequest { sla_policy_id: POLICY.into(), ..terms() };
        routes.set_terms(terms).await.expect("the terms are set");
    }

    /// Hands something over within a trace of the client's; the handoff's id.
    async fn hand_over(&self, traceparent: &str) -> String {
        let mut handoffs = HandoffServiceClient::new(self.handoff.caller(People::Sam));
        let create = CreateHandoffRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            title: "Acme".into(),
            ..Default::default()
        };
        let created = handoffs.create_handoff(within(traceparent, create)).await.expect("it is created");
        let id = created.into_inner().handoff.expect("the answer holds the handoff").id;
        let submit = SubmitHandoffRequest { request_id: request_id(), handoff_id: id.clone(), ..Default::default() };
        handoffs.submit_handoff(within(traceparent, submit)).await.expect("it is submitted");
        id
    }

    /// The fact by which the SLA monitor says that a handoff's clock has started.
    async fn started(&self, handoff: &str) -> Fact {
        let stream = format!("{}_SLA", self.setting.prefix.to_uppercase());
        eventually("the clock has started", async || {
            let facts = read_stream(&self.setting.nats_url, &stream).await?;
            let is_start = |fact: &Fact| fact.name() == "clock_started" && fact.header("ce-subject").contains(handoff);
            facts.into_iter().find(is_start)
        })
        .await
    }
}

fn terms() -> SetTermsRequest {
    SetTermsRequest { request_id: request_id(), route_id: ROUTE.into(), ..Default::default() }
}

fn within<T>(traceparent: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("traceparent", traceparent.parse().expect("it is ASCII"));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_and_what_it_causes_in_other_services_are_one_trace_and_nothing_of_one_that_nobody_follows_is_sent() {
    const FOLLOWED: &str = "0af7651916cd43dd8448eb211c80319c";
    const UNFOLLOWED: &str = "1bf7651916cd43dd8448eb211c80319c";
    let stage = Stage::new().await;
    let unfollowed = stage.hand_over(&format!("00-{UNFOLLOWED}-{CLIENT_SPAN}-00")).await;
    let handoff = stage.hand_over(&format!("00-{FOLLOWED}-{CLIENT_SPAN}-01")).await;

    let trace = stage.collector.trace(FOLLOWED, 7).await;
    println!("trace {FOLLOWED}\n{}", trace.picture());
    let expected = "\
        handoff server baton.handoff.v1.HandoffService/CreateHandoff\n\
        \x20 handoff client transaction handoff\n\
        \x20 sla-monitor consumer process handoff_created\n\
        handoff server baton.handoff.v1.HandoffService/SubmitHandoff\n\
        \x20 handoff client transaction handoff\n\
        \x20 sla-monitor consumer process handoff_submitted\n\
        \x20   handoff consumer process clock_started\n";
    assert_eq!(trace.tree(), expected);
    let submit = trace.span("handoff", "baton.handoff.v1.HandoffService/SubmitHandoff");
    assert_eq!(submit.parent_id, CLIENT_SPAN, "the client's own span is above all");

    let process = trace.span("sla-monitor", "process handoff_submitted");
    let started = stage.started(&handoff).await;
    assert_eq!(started.header("traceparent"), format!("00-{FOLLOWED}-{}-01", process.id));
    let of_submit = (FOLLOWED.to_owned(), submit.id.clone());
    let sent = eventually("what was sent into the stream points to it", async || {
        stage.collector.spans().into_iter().find(|span| span.links.contains(&of_submit))
    })
    .await;
    let stream = format!("send {}_HANDOFF", stage.setting.prefix.to_uppercase());
    assert_eq!((sent.service.as_str(), sent.kind.as_str(), sent.name), ("handoff", "producer", stream));

    // It came first: had any of it been sent, it would be there.
    let spans = stage.collector.spans();
    assert!(spans.iter().all(|span| span.trace_id != UNFOLLOWED), "{spans:?}");
    let started = stage.started(&unfollowed).await;
    let traceparent = started.header("traceparent");
    assert!(traceparent.starts_with(&format!("00-{UNFOLLOWED}-")) && traceparent.ends_with("-00"), "{traceparent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_another_service_is_of_the_trace_that_it_is_made_in() {
    let stage = Stage::new().await;
    // The SLA monitor asks for evidence by itself: such a trace begins there.
    let (call, answer) = eventually("a call and its answer were sent", async || {
        let spans = stage.collector.spans();
        let answers = spans.iter().filter(|span| (span.service.as_str(), span.kind.as_str()) == ("handoff", "server"));
        let pairs = answers.filter_map(|answer| {
            let call = spans.iter().find(|span| span.id == answer.parent_id)?;
            Some((call.clone(), answer.clone()))
        });
        pairs.into_iter().next()
    })
    .await;
    assert_eq!((call.service.as_str(), call.kind.as_str()), ("sla-monitor", "client"));
    assert_eq!((call.trace_id, call.name), (answer.trace_id, answer.name));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_of_a_call_says_of_which_trace_it_is() {
    const TRACE: &str = "2cf7651916cd43dd8448eb211c80319c";
    let stage = Stage::new().await;
    // Whoever follows it or not: the log is for those who look.
    for flags in ["00", "01"] {
        let terms = SetTermsRequest { template_id: "somewhere".into(), ..terms() };
        let terms = within(&format!("00-{TRACE}-{CLIENT_SPAN}-{flags}"), terms);
        let refused = RouteServiceClient::new(stage.handoff.caller(People::Admin)).set_terms(terms).await;
        assert_eq!(refused.expect_err("the template service is away").code(), Code::Unavailable);
    }
    let lines = eventually("the log says so", async || {
        let words = stage.handoff.process.last_words();
        let lines = words.lines().filter(|line| line.contains("the template service is away"));
        let lines: Vec<serde_json::Value> =
            lines.filter_map(|line| serde_json::from_str(line.trim_start_matches([' ', '|'])).ok()).collect();
        (lines.len() == 2).then_some(lines)
    })
    .await;
    for line in lines {
        assert_eq!(line["spans"][0]["trace_id"], TRACE, "{line}");
        assert_eq!(line["level"], "WARN", "{line}");
    }
}
