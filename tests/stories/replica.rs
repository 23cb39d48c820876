//! The handoff service as its own process, which can be killed.

use std::path::Path;

use api::handoff::v1::{
    CreateRouteRequest, CreateTeamRequest, directory_service_client::DirectoryServiceClient,
    handoff_service_client::HandoffServiceClient, route_service_client::RouteServiceClient,
};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use testkit::{Caller, Launch, People, Process, Setting, Tether, eventually, free_port, request_id};

/// A running replica.
pub(crate) struct Replica {
    pub(crate) process: Process,
    pub(crate) grpc_port: u16,
    pub(crate) http_port: u16,
    launch: Launch,
    setting: Setting,
    _folder: TempDir,
}

impl Replica {
    /// Starts one in that setting and waits until it answers.
    pub(crate) async fn start(setting: &Setting) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (grpc_port, http_port) = (free_port().expect("a port"), free_port().expect("a port"));
        std::fs::write(folder.path().join("token"), "never asked for: the routes of these stories name no template")
            .expect("a file is written");
        let environment = [
            ("BATON_DATABASE__URL", setting.database.url()),
            ("BATON_NATS__URL", setting.nats_url.clone()),
            ("BATON_NATS__PREFIX", setting.prefix.clone()),
            ("BATON_NATS__MAX_AGE_HOURS", "0".to_owned()),
            ("BATON_GRPC__LISTEN", format!("127.0.0.1:{grpc_port}")),
            ("BATON_GRPC__DRAIN_SECONDS", "3".to_owned()),
            ("BATON_HTTP__LISTEN", format!("127.0.0.1:{http_port}")),
            ("BATON_AUTH__JWKS_FILE", testkit::jwks_file().display().to_string()),
            ("BATON_SERVICE__TOKEN_FILE", folder.path().join("token").display().to_string()),
        ];
        let programs = std::env::var_os("BATON_BIN_DIR").expect("run: cargo dev test -p tests");
        let launch = Launch {
            name: "handoff".to_owned(),
            program: Path::new(&programs).join("handoff"),
            arguments: vec!["serve".into()],
            environment: environment.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            forgotten: vec![],
            folder: folder.path().to_owned(),
            log: folder.path().join("log"),
            when_orphaned: Signal::SIGKILL,
            user: None,
        };
        let process = Process::start(&Tether::from_env().expect("run: cargo dev test"), launch.clone());
        let process = process.expect("the service starts");
        let replica = Self { process, grpc_port, http_port, launch, setting: setting.clone(), _folder: folder };
        replica.answers().await;
        replica
    }

    /// Kills it as kill -9 does, and starts it again on the same ports.
    pub(crate) async fn kill_and_start_again(&mut self) {
        self.process.kill();
        let tether = Tether::from_env().expect("run: cargo dev test");
        self.process = Process::start(&tether, self.launch.clone()).expect("the service starts");
        self.answers().await;
    }

    async fn answers(&self) {
        eventually("the replica answers", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.grpc_port)).await.ok()
        })
        .await;
    }

    pub(crate) fn caller(&self, who: People) -> Caller {
        who.bearer(self.setting.issuer()).calling(([127, 0, 0, 1], self.grpc_port).into())
    }

    pub(crate) fn handoffs(&self, who: People) -> HandoffServiceClient<Caller> {
        HandoffServiceClient::new(self.caller(who))
    }

    /// Two teams and the route between them, without terms.
    pub(crate) async fn map(&self) {
        let mut directory = DirectoryServiceClient::new(self.caller(People::Admin));
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
        RouteServiceClient::new(self.caller(People::Admin)).create_route(request).await.expect("the route is created");
    }
}
