//! A handoff service and an SLA monitor that hear each other, as programs.

use api::handoff::v1::{
    CreateHandoffRequest, CreateRouteRequest, CreateTeamRequest, SubmitHandoffRequest,
    directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
    route_service_client::RouteServiceClient,
};
use handoff::HandoffService;
use nix::sys::signal::Signal;
use sla_monitor::SlaMonitor;
use testkit::{Database, People, Program, Setting, eventually, free_port, request_id};
use tokio::sync::{Mutex, MutexGuard};

/// How long a program may take to end.
const ENDS_WITHIN: std::time::Duration = std::time::Duration::from_secs(25);

/// The two programs.
pub(crate) struct Story {
    /// Where the handoff service runs.
    pub(crate) handoff_setting: Setting,
    /// Where the SLA monitor runs.
    pub(crate) monitor_setting: Setting,
    monitor: Program,
    handoff: Mutex<Program>,
}

impl Story {
    /// On the run's servers.
    pub(crate) async fn begin() -> Self {
        Self::begin_on(Setting::new::<HandoffService>().await, Database::new::<SlaMonitor>().await, &[]).await
    }

    /// In that setting, with knobs for both.
    pub(crate) async fn begin_on(handoff_setting: Setting, database: Database, both: &[(&str, String)]) -> Self {
        let monitor_setting = Setting { database, ..handoff_setting.clone() };
        let sla_port = free_port().expect("a port");
        let knobs = |own: (&'static str, String)| [both, &[own]].concat();
        let sla_url = format!("http://127.0.0.1:{sla_port}");
        let handoff = Program::start::<HandoffService>(&handoff_setting, &knobs(("SERVICE__SLA_URL", sla_url))).await;
        let listen = format!("127.0.0.1:{sla_port}");
        let knobs = [knobs(("SERVICE__HANDOFF_URL", handoff.url())), vec![("GRPC__LISTEN", listen)]].concat();
        let monitor = Program::start_at::<SlaMonitor>(&monitor_setting, sla_port, &knobs).await;
        let story = Self { handoff_setting, monitor_setting, monitor, handoff: Mutex::new(handoff) };
        let settled = async || (story.heard_by_handoff().await? >= 0).then_some(());
        eventually("the handoff service hears", settled).await;
        story
    }

    /// What the handoff service is told beside its setting.
    pub(crate) fn knobs(&self) -> Vec<(&'static str, String)> {
        vec![("SERVICE__SLA_URL", self.monitor.url())]
    }

    pub(crate) async fn handoff(&self) -> MutexGuard<'_, Program> {
        self.handoff.lock().await
    }

    pub(crate) fn monitor(&self) -> &Program {
        &self.monitor
    }

    pub(crate) async fn stop_handoff(&self) {
        let mut handoff = self.handoff.lock().await;
        handoff.process.signal(Signal::SIGTERM);
        handoff.process.wait(ENDS_WITHIN).expect("it ends");
    }

    pub(crate) async fn start_handoff(&self) {
        self.handoff.lock().await.start_again().await;
    }

    /// The handoff service in what is its setting now, at the same address.
    pub(crate) async fn serve_again(&self, knobs: &[(&str, String)]) {
        let mut handoff = self.handoff.lock().await;
        *handoff = Program::start_at::<HandoffService>(&self.handoff_setting, handoff.grpc_port, knobs).await;
    }

    /// Two teams and the route between them.
    pub(crate) async fn map(&self) {
        let handoff = self.handoff().await;
        let mut directory = DirectoryServiceClient::new(handoff.caller(People::Admin));
        for team in ["sales", "implementation"] {
            let request = CreateTeamRequest { request_id: request_id(), team_id: team.into(), ..Default::default() };
            directory.create_team(request).await.expect("the team is created");
        }
        let request = CreateRouteRequest {
            request_id: request_id(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            ..Default::default()
        };
        let mut routes = RouteServiceClient::new(handoff.caller(People::Admin));
        routes.create_route(request).await.expect("the route is created");
    }

    /// A handoff that is submitted; its id.
    pub(crate) async fn submit(&self, title: &str) -> String {
        let mut handoffs = HandoffServiceClient::new(self.handoff().await.caller(People::Anna));
        let request = CreateHandoffRequest {
            request_id: request_id(),
            route_id: "sales-to-implementation".into(),
            title: title.into(),
            ..Default::default()
        };
        let created = handoffs.create_handoff(request).await.expect("the handoff is created").into_inner();
        let handoff_id = created.handoff.expect("it is in the answer").id;
        let request =
            SubmitHandoffRequest { request_id: request_id(), handoff_id: handoff_id.clone(), ..Default::default() };
        handoffs.submit_handoff(request).await.expect("the handoff is submitted");
        handoff_id
    }

    /// How far the SLA monitor has taken in what the handoff service says.
    pub(crate) async fn heard_by_monitor(&self) -> Option<i64> {
        let mut store = self.monitor_setting.database.connect().await;
        chassis::consumer::position(&mut store, "baton.handoff.v1").await.ok()
    }

    async fn heard_by_handoff(&self) -> Option<i64> {
        let mut store = self.handoff_setting.database.connect().await;
        let begun = sqlx::query_scalar("SELECT position FROM consumer WHERE package = 'baton.sla.v1'");
        begun.fetch_optional(&mut store).await.ok()?
    }
}

/// The folder with the programs of this checkout.
pub(crate) fn programs() -> std::path::PathBuf {
    std::env::var_os("BATON_BIN_DIR").expect("run: cargo dev test").into()
}
