//! A small world of its own for each test: sales hands over to implementation, and both work from nine to five.

use api::{handoff::v1 as pb, sla::v1 as sla};
use handoff::HandoffService;
use kernel::Timestamp;
use prost::Message;
use sla::{Clock, ClockKind, ListClocksRequest, SlaEvent};
use sla_monitor::{SlaMonitor, config::Config};
use sqlx::Connection;
use tempfile::TempDir;
use testkit::{Database, Fact, People, Served, Setting, eventually, request_id};

use crate::{
    line::Line,
    person::Person,
    requests::{create_calendar, create_policy, office, targets},
};

/// The route of most stories, the policy that its terms name, and the calendar of both teams.
pub(crate) const ROUTE: &str = "sales-to-implementation";
pub(crate) const POLICY: &str = "standard";
pub(crate) const CALENDAR: &str = "office";
/// Whom the monitor hears.
pub(crate) const HEARD: &str = "baton.handoff.v1";
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// Both services, and the people who work with them.
pub(crate) struct World {
    pub(crate) handoff: Served,
    pub(crate) monitor: Served,
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
    /// A system that imports history.
    pub(crate) importer: Person,
    config: Config,
    /// Holds the services' own token.
    _folder: TempDir,
}

/// A fact of the monitor, with its message.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) fact: Fact,
    pub(crate) event: SlaEvent,
}

impl World {
    /// With every kind of clock.
    pub(crate) async fn new() -> Self {
        Self::under(targets()).await
    }

    /// With a policy of these targets.
    pub(crate) async fn under(targets: Vec<sla::Target>) -> Self {
        let world = Self::bare().await;
        Box::pin(world.furnished(targets)).await
    }

    /// Both services, and nothing in them.
    pub(crate) async fn bare() -> Self {
        let setting = Setting::new::<HandoffService>().await;
        Box::pin(Self::within(setting, None, &|handoff| (handoff.url(), 60))).await
    }

    /// The services hear each other over a line alone, which the test may cut: their brokers' subjects differ. Without the
    /// other one's answer the monitor waits a second.
    pub(crate) async fn apart(targets: Vec<sla::Target>) -> (Self, Line) {
        Box::pin(async {
            let setting = Setting::new::<HandoffService>().await;
            let prefix = Setting::with::<SlaMonitor>(setting.database.clone(), setting.nats_url.clone()).prefix;
            let handoff = Self::serve_handoff(&setting).await;
            let line = Line::to(handoff.0.running.grpc()).await;
            let url = line.url();
            let world = Self::beside(handoff, Setting { prefix, ..setting }, &|_| (url.clone(), 1)).await;
            (Box::pin(world.furnished(targets)).await, line)
        })
        .await
    }

    async fn within(setting: Setting, prefix: Option<String>, place: &dyn Fn(&Served) -> (String, u64)) -> Self {
        let handoff = Self::serve_handoff(&setting).await;
        let prefix = prefix.unwrap_or_else(|| setting.prefix.clone());
        Self::beside(handoff, Setting { prefix, ..setting }, place).await
    }

    async fn serve_handoff(setting: &Setting) -> (Served, TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, setting.issuer().token(&People::Reader.claims())).expect("the token is written");
        let config = handoff::config::Config {
            checklist_url: NOBODY.into(),
            token_file,
            sla_url: String::new(),
            ..Default::default()
        };
        (setting.serve::<HandoffService>(config).await, folder)
    }

    async fn beside(
        (handoff, folder): (Served, TempDir),
        setting: Setting,
        place: &dyn Fn(&Served) -> (String, u64),
    ) -> Self {
        let (handoff_url, evidence_wait_seconds) = place(&handoff);
        let token_file = folder.path().join("token");
        let config = Config { handoff_url, token_file, evidence_wait_seconds, ..Default::default() };
        let setting = Setting { database: Database::new::<SlaMonitor>().await, ..setting };
        let monitor = setting.serve::<SlaMonitor>(config.clone()).await;
        let person = |who| Person::new(&handoff, &monitor, who);
        Self {
            ada: person(People::Admin),
            anna: person(People::Anna),
            sam: person(People::Sam),
            ivan: person(People::Ivan),
            ines: person(People::Ines),
            otto: person(People::Otto),
            importer: person(People::Importer),
            handoff,
            monitor,
            config,
            _folder: folder,
        }
    }

    async fn furnished(self, targets: Vec<sla::Target>) -> Self {
        self.ada.create_calendar(create_calendar(CALENDAR, office())).await.unwrap();
        self.ada.create_policy(create_policy(POLICY, targets)).await.unwrap();
        for team in ["sales", "implementation"] {
            let request = pb::CreateTeamRequest {
                request_id: request_id(),
                team_id: team.into(),
                calendar_id: CALENDAR.into(),
                ..Default::default()
            };
            self.ada.directory.clone().create_team(request).await.unwrap();
        }
        let route = pb::CreateRouteRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            ..Default::default()
        };
        self.ada.routes.clone().create_route(route).await.unwrap();
        self.set_policy(POLICY).await;
        self
    }

    /// The route's terms name that policy from now on; none, where it is empty.
    pub(crate) async fn set_policy(&self, policy: &str) {
        let terms = pb::SetTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            sla_policy_id: policy.into(),
            ..Default::default()
        };
        self.ada.routes.clone().set_terms(terms).await.unwrap();
    }

    /// Another replica of the monitor.
    pub(crate) async fn replica(&self) -> Served {
        self.monitor.setting.serve::<SlaMonitor>(self.config.clone()).await
    }

    /// Where both services' clock stands.
    pub(crate) fn now(&self) -> Timestamp {
        self.monitor.setting.clock.now()
    }

    /// So many seconds from now, as requests give it.
    pub(crate) fn after(&self, seconds: i64) -> Option<prost_types::Timestamp> {
        Some(api::timestamp(self.now().plus_seconds(seconds)))
    }

    /// Moves the clock, once the monitor has heard all that was before.
    pub(crate) async fn pass(&self, seconds: i64) {
        self.heard().await;
        self.pass_unheard(seconds);
    }

    /// Moves the clock.
    pub(crate) fn pass_unheard(&self, seconds: i64) {
        self.monitor.setting.clock.advance_seconds(seconds);
        self.monitor.running.context().stir();
    }

    /// Waits until the monitor has heard all that the handoff service has said.
    pub(crate) async fn heard(&self) {
        let said = self.handoff.facts().await;
        let mut connection = self.monitor.setting.database.connect().await;
        eventually("all is heard", async || {
            let heard = chassis::consumer::position(&mut connection, HEARD).await.expect("the position is read");
            (heard >= said).then_some(())
        })
        .await;
        connection.close().await.expect("the connection closes");
    }

    /// Waits until all is heard, and all that is due has fired.
    pub(crate) async fn settled(&self) {
        const DUE: &str = "SELECT count(*) FROM sla.handoff WHERE next_at < $1 AND NOT parked";
        self.heard().await;
        self.monitor.running.context().stir();
        let mut connection = self.monitor.setting.database.connect().await;
        eventually("all that is due has fired", async || {
            let due: i64 = sqlx::query_scalar(DUE).bind(self.now()).fetch_one(&mut connection).await.expect("a count");
            (due == 0).then_some(())
        })
        .await;
        connection.close().await.expect("the connection closes");
    }

    /// The clocks of a handoff once all has settled, by kind and cycle.
    pub(crate) async fn clocks(&self, handoff: &pb::Handoff) -> Vec<Clock> {
        self.settled().await;
        self.clocks_as_they_are(handoff).await
    }

    pub(crate) async fn clocks_as_they_are(&self, handoff: &pb::Handoff) -> Vec<Clock> {
        let request = ListClocksRequest { handoff_id: handoff.id.clone(), page_size: 1000, ..Default::default() };
        let mut clocks = self.ada.list_clocks(request).await.unwrap().clocks;
        clocks.sort_by_key(|clock| (clock.kind, clock.started_at.map(|at| (at.seconds, at.nanos)), clock.cycle));
        clocks
    }

    /// The latest clock of a kind once all has settled.
    pub(crate) async fn clock(&self, handoff: &pb::Handoff, kind: ClockKind) -> Clock {
        let mut clocks = self.clocks(handoff).await;
        clocks.retain(|clock| clock.kind() == kind);
        let latest = clocks.pop().expect("there is such a clock");
        let tied = clocks.iter().any(|other| (other.started_at, other.cycle) == (latest.started_at, latest.cycle));
        assert!(!tied, "two {kind:?} clocks began at once: let time pass between them, so that one is the latest");
        latest
    }

    /// All that the monitor has said once all has settled, as it came out of NATS.
    pub(crate) async fn said(&self) -> Vec<Said> {
        self.settled().await;
        let facts = self.monitor.settle().await;
        let said = facts.into_iter().map(|fact| {
            let event = SlaEvent::decode(&fact.payload[..]).expect("a fact is a message");
            Said { fact, event }
        });
        said.collect()
    }

    /// What it has said of the clocks of a handoff: "breached ACCEPTANCE".
    pub(crate) async fn said_of(&self, handoff: &pb::Handoff) -> Vec<Said> {
        let mut said = self.said().await;
        said.retain(|said| said.fact.header("ce-subject") == format!("clocks/{}", handoff.id));
        said
    }

    /// The names of facts of that kind of clock, in order, without starts, pauses and ends.
    pub(crate) async fn alarms(&self, handoff: &pb::Handoff) -> Vec<String> {
        let said = self.said_of(handoff).await;
        let names = said.iter().map(|said| said.fact.name().to_owned());
        names.filter(|name| !name.starts_with("clock_")).collect()
    }
}
