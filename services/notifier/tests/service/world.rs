//! A small world of its own for each test: sales hands over to implementation, and is told.

use api::{handoff::v1 as pb, sla::v1 as sla};
use baton_metrics::Metrics;
use baton_notifier::{Notifier, config::Config};
use handoff::HandoffService;
use kernel::Timestamp;
use sla::{ClockKind, target_duration::Kind};
use sla_monitor::SlaMonitor;
use sqlx::Connection as _;
use tempfile::TempDir;
use testkit::{Database, Mail, People, Served, Setting, Tether, eventually, request_id};

use crate::person::Person;

pub(crate) const ROUTE: &str = "sales-to-implementation";
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

/// All services, and the people who work with them. It is Monday, 2026-03-02, nine o'clock.
pub(crate) struct World {
    pub(crate) handoff: Served,
    pub(crate) monitor: Served,
    pub(crate) metrics: Served,
    pub(crate) notifier: Served,
    pub(crate) config: Config,
    /// An administrator.
    pub(crate) ada: Person,
    /// Leads sales.
    pub(crate) anna: Person,
    /// Of sales.
    pub(crate) sam: Person,
    /// Leads implementation.
    pub(crate) ivan: Person,
    /// Of implementation.
    pub(crate) ines: Person,
    /// A system of implementation.
    pub(crate) desk: Person,
    /// Holds the services' own token.
    pub(crate) folder: TempDir,
}

impl World {
    /// Receivers on this machine may be sent to.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let token_file = folder.path().join("token");
        let setting = Setting::new::<HandoffService>().await;
        std::fs::write(&token_file, setting.issuer().token(&People::Reader.claims())).expect("the token is written");
        let beside = async |database: Database| Setting { database, ..setting.clone() };
        let config =
            handoff::config::Config { token_file: token_file.clone(), sla_url: String::new(), ..Default::default() };
        let handoff = setting.serve::<HandoffService>(config).await;
        let config = sla_monitor::config::Config {
            handoff_url: handoff.url(),
            token_file: token_file.clone(),
            ..Default::default()
        };
        let monitor = beside(Database::new::<SlaMonitor>().await).await.serve::<SlaMonitor>(config).await;
        let config = baton_metrics::config::Config {
            handoff_url: handoff.url(),
            sla_url: monitor.url(),
            token_file: token_file.clone(),
            ..Default::default()
        };
        let metrics = beside(Database::new::<Metrics>().await).await.serve::<Metrics>(config).await;
        let mut config = Config {
            handoff_url: handoff.url(),
            sla_url: monitor.url(),
            metrics_url: metrics.url(),
            token_file,
            allowed_networks: vec!["127.0.0.0/8".parse().expect("a network")],
            send_timeout_ms: 1_000,
            ..Default::default()
        };
        change(&mut config);
        let notifier = beside(Database::new::<Notifier>().await).await.serve::<Notifier>(config.clone()).await;
        let person = |who| Person::new([&handoff, &monitor, &notifier], who);
        let world = Self {
            ada: person(People::Admin),
            anna: person(People::Anna),
            sam: person(People::Sam),
            ivan: person(People::Ivan),
            ines: person(People::Ines),
            desk: person(People::Desk),
            handoff,
            monitor,
            metrics,
            notifier,
            config,
            folder,
        };
        world.furnish().await;
        world
    }

    async fn furnish(&self) {
        let member = |(name, role): (&str, pb::MemberRole)| pb::Member { principal: name.into(), role: role.into() };
        for (id, lead, other) in [("sales", "anna", "sam"), ("implementation", "ivan", "ines")] {
            let members = [(lead, pb::MemberRole::Lead), (other, pb::MemberRole::Member)].map(member).to_vec();
            let request =
                pb::CreateTeamRequest { request_id: request_id(), team_id: id.into(), members, ..Default::default() };
            self.ada.directory.clone().create_team(request).await.expect("a team");
        }
        let route = pb::CreateRouteRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            ..Default::default()
        };
        self.ada.routes.clone().create_route(route).await.expect("a route");
    }

    /// The route's terms name a policy: a decision within eight hours, a warning after six, and a ladder.
    pub(crate) async fn promise(&self) {
        let seconds = |seconds: i64| Some(prost_types::Duration { seconds, nanos: 0 });
        let elapsed = seconds(8 * HOUR).map(|it| sla::TargetDuration { kind: Some(Kind::Elapsed(it)) });
        let warning = sla::Warning { at: seconds(2 * HOUR).map(sla::warning::At::BeforeDue) };
        let step = |after: i64, notify: &str| sla::Escalation { after: seconds(after), notify: notify.into() };
        let target = sla::Target {
            clock: ClockKind::Acceptance.into(),
            duration: elapsed,
            warn_at: vec![warning],
            escalations: vec![step(HOUR, "ivan"), step(2 * HOUR, "implementation")],
            ..Default::default()
        };
        let policy = sla::CreatePolicyRequest {
            request_id: request_id(),
            policy_id: "standard".into(),
            targets: vec![target],
            ..Default::default()
        };
        self.ada.policies.clone().create_policy(policy).await.expect("a policy");
        let terms = pb::SetTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            sla_policy_id: "standard".into(),
            ..Default::default()
        };
        self.ada.routes.clone().set_terms(terms).await.expect("terms");
    }

    /// An SMTP server that ends with the test.
    pub(crate) fn mail() -> (Mail, TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mail = Mail::start(&Tether::from_env().expect("run: cargo dev test"), folder.path());
        (mail.expect("the SMTP server starts"), folder)
    }

    /// Another replica of the notifier.
    pub(crate) async fn replica(&self) -> Served {
        self.notifier.setting.serve::<Notifier>(self.config.clone()).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.notifier.setting.clock.now()
    }

    /// Moves the clock, once all has been heard that was before.
    pub(crate) async fn pass(&self, seconds: i64) {
        self.heard().await;
        self.notifier.setting.clock.advance_seconds(seconds);
        self.monitor.running.context().stir();
        self.notifier.running.context().stir();
    }

    /// Waits until the SLA monitor has heard all and fired what is due, and the notifier has heard all of both.
    pub(crate) async fn heard(&self) {
        self.heard_by(&self.monitor, "baton.handoff.v1", self.handoff.facts().await).await;
        self.monitor.running.context().stir();
        let due = "SELECT count(*) FROM sla.handoff WHERE next_at < $1 AND NOT parked";
        self.is_zero(&self.monitor, due).await;
        self.heard_by(&self.notifier, "baton.handoff.v1", self.handoff.facts().await).await;
        self.heard_by(&self.notifier, "baton.sla.v1", self.monitor.facts().await).await;
        self.heard_by(&self.metrics, "baton.handoff.v1", self.handoff.facts().await).await;
        self.heard_by(&self.notifier, "baton.metrics.v1", self.metrics.facts().await).await;
    }

    /// Waits until all is heard, and nothing is due that may be sent.
    pub(crate) async fn settled(&self) {
        self.heard().await;
        self.notifier.running.context().stir();
        // What is under way has one attempt more than have been noted.
        let due =
            "SELECT (SELECT count(*) FROM notifier.delivery d JOIN notifier.subscription s ON s.id = d.subscription_id
                           WHERE d.state = 'PENDING' AND s.state = 'ENABLED'
                             AND (next_at <= $1 OR attempts > (SELECT count(*) FROM notifier.attempt WHERE delivery_id = d.id)))
                        + (SELECT count(*) FROM notifier.notification WHERE delivery_id IS NULL AND gather_at <= $1)";
        self.is_zero(&self.notifier, due).await;
    }

    async fn heard_by(&self, consumer: &Served, package: &str, facts: i64) {
        let mut connection = consumer.setting.database.connect().await;
        eventually("all is heard", async || {
            let heard = chassis::consumer::position(&mut connection, package).await.expect("the position is read");
            (heard >= facts).then_some(())
        })
        .await;
        connection.close().await.expect("the connection closes");
    }

    async fn is_zero(&self, service: &Served, count: &'static str) {
        let mut connection = service.setting.database.connect().await;
        eventually("all is done", async || {
            let left: i64 =
                sqlx::query_scalar(count).bind(self.now()).fetch_one(&mut connection).await.expect("a count");
            (left == 0).then_some(())
        })
        .await;
        connection.close().await.expect("the connection closes");
    }

    /// A number that the notifier's store holds.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        let mut connection = self.notifier.setting.database.connect_as_owner().await;
        let number = sqlx::query_scalar(statement).fetch_one(&mut connection).await.expect("a number");
        connection.close().await.expect("the connection closes");
        number
    }
}
