//! The handoff service and replicas of the SLA monitor as processes, and a route under terms that name a policy of seconds.

use std::time::Duration;

use api::{
    handoff::v1::{
        CreateRouteRequest, CreateTeamRequest, SetTermsRequest, directory_service_client::DirectoryServiceClient,
        handoff_service_client::HandoffServiceClient, route_service_client::RouteServiceClient,
    },
    sla::v1::{
        ClockKind, CreatePolicyRequest, Match, Target, TargetDuration, policy_service_client::PolicyServiceClient,
        target_duration,
    },
    r#type::v1::Priority,
};
use handoff::HandoffService;
use sla_monitor::SlaMonitor;
use testkit::{Caller, Database, People, Program, Setting, request_id};

/// The route, whose terms name the policy.
pub(crate) const ROUTE: &str = "sales-to-implementation";

/// How many seconds acceptance may take, by priority: the policy, as the tests check it.
pub(crate) const ACCEPTANCE_SECONDS: [(Priority, i64); 4] =
    [(Priority::Urgent, 1), (Priority::High, 2), (Priority::Normal, 3), (Priority::Low, 3_600)];

/// Where a test plays.
pub(crate) struct Stage {
    /// Where the handoff service runs.
    pub(crate) handoff_setting: Setting,
    /// Where the SLA monitor runs.
    pub(crate) monitor_setting: Setting,
    pub(crate) handoff: Program,
    pub(crate) monitors: Vec<Program>,
}

impl Stage {
    /// On the run's servers, with so many replicas of the monitor.
    pub(crate) async fn new(replicas: usize) -> Self {
        let setting = Setting::new::<HandoffService>().await;
        let database = Database::new::<SlaMonitor>().await;
        Self::with(setting, database, replicas, &[]).await
    }

    /// In that setting; the environments, which are not Baton's, go to the replicas in turn.
    pub(crate) async fn with(
        handoff_setting: Setting,
        database: Database,
        replicas: usize,
        environments: &[Vec<(&str, String)>],
    ) -> Self {
        let monitor_setting = Setting { database, ..handoff_setting.clone() };
        let handoff = Program::start::<HandoffService>(&handoff_setting, &[("SERVICE__SLA_URL", String::new())]).await;
        let mut stage = Self { handoff_setting, monitor_setting, handoff, monitors: vec![] };
        for n in 0..replicas {
            let environment = environments.get(n).map(Vec::as_slice).unwrap_or_default();
            let monitor = stage.monitor(environment).await;
            stage.monitors.push(monitor);
        }
        stage
    }

    /// One more replica of the monitor.
    pub(crate) async fn monitor(&self, environment: &[(&str, String)]) -> Program {
        let knobs =
            [("SERVICE__HANDOFF_URL", self.handoff.url()), ("SERVICE__EVIDENCE_WAIT_SECONDS", "600".to_owned())];
        Program::start_with::<SlaMonitor>(&self.monitor_setting, &knobs, environment).await
    }

    pub(crate) fn handoffs(&self, who: People) -> HandoffServiceClient<Caller> {
        HandoffServiceClient::new(self.handoff.caller(who))
    }

    /// The policy, two teams, and the route between them under terms that name it.
    pub(crate) async fn map(&self) {
        let mut policies = PolicyServiceClient::new(self.monitors[0].caller(People::Admin));
        policies.create_policy(policy()).await.expect("the policy is created");
        let mut directory = DirectoryServiceClient::new(self.handoff.caller(People::Admin));
        for team in ["sales", "implementation"] {
            let request = CreateTeamRequest { request_id: request_id(), team_id: team.into(), ..Default::default() };
            directory.create_team(request).await.expect("the team is created");
        }
        let mut routes = RouteServiceClient::new(self.handoff.caller(People::Admin));
        let request = CreateRouteRequest {
            request_id: request_id(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            ..Default::default()
        };
        routes.create_route(request).await.expect("the route is created");
        let terms = SetTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            sla_policy_id: "seconds".into(),
            ..Default::default()
        };
        routes.set_terms(terms).await.expect("the terms are set");
    }
}

fn policy() -> CreatePolicyRequest {
    let targets = ACCEPTANCE_SECONDS.map(|(priority, seconds)| Target {
        clock: ClockKind::Acceptance.into(),
        when: vec![Match { priorities: vec![priority.into()], ..Default::default() }],
        duration: Some(TargetDuration {
            kind: Some(target_duration::Kind::Elapsed(api::duration_from_seconds(seconds))),
        }),
        ..Default::default()
    });
    CreatePolicyRequest {
        request_id: request_id(),
        policy_id: "seconds".into(),
        targets: targets.into(),
        ..Default::default()
    }
}

/// Until then, nothing: a caller's own schedule.
pub(crate) async fn at(instant: tokio::time::Instant) {
    let _ = tokio::time::timeout_at(instant, std::future::pending::<()>()).await;
}

/// For so long, nothing.
pub(crate) async fn pass(time: Duration) {
    at(tokio::time::Instant::now() + time).await;
}

/// Waits until a count has come so far, for as long as it grows.
pub(crate) async fn grown(what: &str, target: i64, mut count: impl AsyncFnMut() -> Option<i64>) -> i64 {
    let mut last = -1;
    while last < target {
        last = testkit::eventually(what, async || count().await.filter(|now| *now > last || *now >= target)).await;
        pass(Duration::from_millis(100)).await;
    }
    last
}
