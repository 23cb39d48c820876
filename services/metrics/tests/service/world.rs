//! A small world of its own for each test: sales hands over to implementation, with all services that figures are made from.

use api::{
    checklist::v1::{ImportTemplateRequest, TemplateVersion},
    handoff::v1 as pb,
    metrics::v1::MetricsEvent,
};
use baton_metrics::{Metrics, config::Config};
use checklist_template::ChecklistTemplate;
use futures::future::LocalBoxFuture;
use handoff::HandoffService;
use kernel::Timestamp;
use prost::Message;
use sla_monitor::SlaMonitor;
use sqlx::Connection;
use tempfile::TempDir;
use testkit::{Database, Fact, People, Served, Setting, eventually, request_id};

use crate::{
    person::Person,
    requests::{create_calendar, create_policy, office, targets},
};

/// The route of most stories, the policy that its terms name, and the calendar of both teams.
pub(crate) const ROUTE: &str = "sales-to-implementation";
pub(crate) const POLICY: &str = "standard";
pub(crate) const CALENDAR: &str = "office";
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

/// All services, and the people who work with them. It is Monday, 2026-03-02, nine o'clock.
pub(crate) struct World {
    pub(crate) handoff: Served,
    pub(crate) templates: Served,
    pub(crate) monitor: Served,
    pub(crate) metrics: Served,
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
    /// Of legal.
    pub(crate) otto: Person,
    /// A system of sales.
    pub(crate) crm: Person,
    /// A system that imports history.
    pub(crate) importer: Person,
    pub(crate) config: Config,
    /// Holds the services' own token.
    _folder: TempDir,
}

impl World {
    /// Both teams work from nine to five; the route's terms name a policy and no template.
    pub(crate) fn new() -> LocalBoxFuture<'static, Self> {
        Box::pin(async {
            let world = Self::bare().await;
            Box::pin(world.furnish()).await;
            world
        })
    }

    /// The same, with a template in the terms.
    pub(crate) fn with_template(text: &str) -> LocalBoxFuture<'_, Self> {
        Box::pin(async move {
            let world = Self::new().await;
            Box::pin(world.publish(text)).await;
            world.set_terms("intake", 0).await;
            world
        })
    }

    /// All services, and nothing in them.
    pub(crate) fn bare() -> LocalBoxFuture<'static, Self> {
        Box::pin(Self::serve())
    }

    async fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let token_file = folder.path().join("token");
        let setting = Setting::new::<HandoffService>().await;
        std::fs::write(&token_file, setting.issuer().token(&People::Reader.claims())).expect("the token is written");

        let beside = async |database: Database| Setting { database, ..setting.clone() };
        let templates = beside(Database::new::<ChecklistTemplate>().await).await;
        let templates = templates.serve::<ChecklistTemplate>(checklist_template::Config {}).await;
        let config = handoff::config::Config {
            checklist_url: templates.url(),
            token_file: token_file.clone(),
            sla_url: String::new(),
            ..Default::default()
        };
        let handoff = setting.serve::<HandoffService>(config).await;
        let config = sla_monitor::config::Config {
            handoff_url: handoff.url(),
            token_file: token_file.clone(),
            ..Default::default()
        };
        let monitor = beside(Database::new::<SlaMonitor>().await).await;
        let monitor = monitor.serve::<SlaMonitor>(config).await;
        let config = Config {
            handoff_url: handoff.url(),
            sla_url: monitor.url(),
            checklist_url: templates.url(),
            token_file,
            look_every_seconds: 1,
            ..Default::default()
        };
        let metrics = beside(Database::new::<Metrics>().await).await;
        let metrics = metrics.serve::<Metrics>(config.clone()).await;
        let person = |who| Person::new([&handoff, &templates, &monitor, &metrics], who);
        Self {
            ada: person(People::Admin),
            anna: person(People::Anna),
            sam: person(People::Sam),
            ivan: person(People::Ivan),
            ines: person(People::Ines),
            otto: person(People::Otto),
            crm: person(People::Crm),
            importer: person(People::Importer),
            handoff,
            templates,
            monitor,
            metrics,
            config,
            _folder: folder,
        }
    }

    async fn furnish(&self) {
        self.ada.create_calendar(create_calendar(CALENDAR, office())).await.unwrap();
        self.ada.create_policy(create_policy(POLICY, targets())).await.unwrap();
        for team in ["sales", "implementation"] {
            let request = pb::CreateTeamRequest {
                request_id: request_id(),
                team_id: team.into(),
                calendar_id: CALENDAR.into(),
                ..Default::default()
            };
            self.ada.directory.clone().create_team(request).await.unwrap();
        }
        self.create_route(ROUTE, "sales", "implementation").await;
        self.set_terms("", 0).await;
    }

    /// A new route between two teams.
    pub(crate) async fn create_route(&self, id: &str, from: &str, to: &str) {
        let route = pb::CreateRouteRequest {
            request_id: request_id(),
            route_id: id.into(),
            from_team: from.into(),
            to_team: to.into(),
            ..Default::default()
        };
        self.ada.routes.clone().create_route(route).await.unwrap();
    }

    /// Publishes the next version of a template, from its text.
    pub(crate) async fn publish(&self, text: &str) -> TemplateVersion {
        let request = ImportTemplateRequest {
            request_id: request_id(),
            yaml: text.into(),
            owner_team: "implementation".into(),
            publish: true,
        };
        let answer = self.ada.templates.clone().import_template(request).await.unwrap().into_inner();
        answer.version.expect("a version is published")
    }

    /// The route's terms name that template and the policy from now on.
    pub(crate) async fn set_terms(&self, template_id: &str, template_version: i32) {
        let terms = pb::SetTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            template_id: template_id.into(),
            template_version,
            sla_policy_id: POLICY.into(),
            review_rule: "attempt >= 9".into(),
            ..Default::default()
        };
        self.ada.routes.clone().set_terms(terms).await.unwrap();
    }

    /// Another replica of the metrics service.
    pub(crate) async fn replica(&self) -> Served {
        self.metrics.setting.serve::<Metrics>(self.config.clone()).await
    }

    /// Where all clocks stand.
    pub(crate) fn now(&self) -> Timestamp {
        self.metrics.setting.clock.now()
    }

    /// So many seconds from now, as requests give it.
    pub(crate) fn after(&self, seconds: i64) -> Option<prost_types::Timestamp> {
        Some(api::timestamp(self.now().plus_seconds(seconds)))
    }

    /// Moves the clock, once all has been heard that was before.
    pub(crate) async fn pass(&self, seconds: i64) {
        self.heard().await;
        self.metrics.setting.clock.advance_seconds(seconds);
        self.monitor.running.context().stir();
        self.metrics.running.context().stir();
    }

    /// Waits until the SLA monitor has heard all and fired what is due, and the metrics service has heard all of all.
    pub(crate) async fn heard(&self) {
        const DUE: &str = "SELECT count(*) FROM sla.handoff WHERE next_at < $1 AND NOT parked";
        const STALE: &str = "SELECT count(*) FROM metrics.handoff WHERE is_stale AND $1::timestamptz IS NOT NULL";
        self.heard_by(&self.monitor, "baton.handoff.v1", self.handoff.facts().await).await;
        self.monitor.running.context().stir();
        self.is_zero(&self.monitor, DUE).await;
        for (producer, package) in [
            (&self.templates, "baton.checklist.v1"),
            (&self.handoff, "baton.handoff.v1"),
            (&self.monitor, "baton.sla.v1"),
        ] {
            self.heard_by(&self.metrics, package, producer.facts().await).await;
        }
        self.is_zero(&self.metrics, STALE).await;
    }

    /// Waits until all is heard, and the months that have passed are added up.
    pub(crate) async fn added_up(&self) {
        const CHANGED: &str = "SELECT count(*) FROM metrics.month_changed
                               WHERE generation = metrics.current() AND month < extract(epoch FROM $1) / 86400 - 31";
        self.heard().await;
        self.is_zero(&self.metrics, CHANGED).await;
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

    /// All that the metrics service has said, as it came out of NATS.
    pub(crate) async fn said(&self) -> Vec<(Fact, MetricsEvent)> {
        let facts = self.metrics.settle().await.into_iter();
        let read = |fact: Fact| {
            let event = MetricsEvent::decode(&fact.payload[..]).expect("a fact is a message");
            (fact, event)
        };
        facts.map(read).collect()
    }
}
