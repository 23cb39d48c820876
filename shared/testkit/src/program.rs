//! A service as a process of its own, which can be killed, stopped and doubled.

use std::path::{Path, PathBuf};

use chassis::Service;
use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::{Caller, Launch, People, Process, Setting, Tether, eventually, free_port};

/// A running program of a service.
pub struct Program {
    /// The process.
    pub process: Process,
    /// Where it answers gRPC.
    pub grpc_port: u16,
    /// Where it answers probes.
    pub http_port: u16,
    launch: Launch,
    setting: Setting,
    _folder: TempDir,
}

impl Program {
    /// Starts it in that setting, with knobs of its own beside (`SERVICE__HANDOFF_URL`), and waits until it answers.
    pub async fn start<S: Service>(setting: &Setting, knobs: &[(&str, String)]) -> Self {
        Self::start_with::<S>(setting, knobs, &[]).await
    }

    /// The same, with an environment that is not Baton's.
    pub async fn start_with<S: Service>(
        setting: &Setting,
        knobs: &[(&str, String)],
        environment: &[(&str, String)],
    ) -> Self {
        Self::begin::<S>(&programs(), setting, free_port().expect("a port"), knobs, environment).await
    }

    /// The same, where it has to answer gRPC at that port.
    pub async fn start_at<S: Service>(setting: &Setting, grpc_port: u16, knobs: &[(&str, String)]) -> Self {
        Self::begin::<S>(&programs(), setting, grpc_port, knobs, &[]).await
    }

    /// The same, of the programs in another folder, as those of another release.
    pub async fn start_from<S: Service>(programs: &Path, setting: &Setting, knobs: &[(&str, String)]) -> Self {
        Self::begin::<S>(programs, setting, free_port().expect("a port"), knobs, &[]).await
    }

    async fn begin<S: Service>(
        programs: &Path,
        setting: &Setting,
        grpc_port: u16,
        knobs: &[(&str, String)],
        environment: &[(&str, String)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let http_port = free_port().expect("a port");
        let launch = launch::<S>(programs, setting, folder.path(), [grpc_port, http_port], knobs, environment);
        let process = Process::start(&Tether::from_env().expect("run: cargo dev test"), launch.clone());
        let process = process.expect("the service starts");
        let program = Self { process, grpc_port, http_port, launch, setting: setting.clone(), _folder: folder };
        program.answers().await;
        program
    }

    /// Runs a command of a service in that setting, where none need serve; what it printed, and whether it went well.
    pub async fn once<S: Service>(setting: &Setting, knobs: &[(&str, String)], arguments: &[&str]) -> (bool, String) {
        Self::once_from::<S>(&programs(), setting, knobs, arguments).await
    }

    /// The same, of the programs in another folder.
    pub async fn once_from<S: Service>(
        programs: &Path,
        setting: &Setting,
        knobs: &[(&str, String)],
        arguments: &[&str],
    ) -> (bool, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        run(&launch::<S>(programs, setting, folder.path(), [0, 0], knobs, &[]), arguments).await
    }

    /// Where it answers gRPC.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc_port)
    }

    /// Kills it as kill -9 does, and starts it again on the same ports.
    pub async fn kill_and_start_again(&mut self) {
        self.process.kill();
        self.start_again().await;
    }

    /// Starts it again on the same ports.
    pub async fn start_again(&mut self) {
        let tether = Tether::from_env().expect("run: cargo dev test");
        self.process = Process::start(&tether, self.launch.clone()).expect("the service starts");
        self.answers().await;
    }

    /// Starts it again on the same ports, of the programs in another folder.
    pub async fn start_again_from(&mut self, programs: &Path) {
        let name = self.launch.program.file_name().expect("a program has a name").to_owned();
        self.launch.program = programs.join(name);
        self.start_again().await;
    }

    /// Runs another command of the same program in the same environment; what it printed, and whether it went well. Dropped before
    /// it has ended, it is killed as kill -9 does.
    pub async fn run(&self, arguments: &[&str]) -> (bool, String) {
        run(&self.launch, arguments).await
    }

    /// A caller with that person's token.
    pub fn caller(&self, who: People) -> Caller {
        who.bearer(self.setting.issuer()).calling(([127, 0, 0, 1], self.grpc_port).into())
    }

    async fn answers(&self) {
        eventually("the program answers", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", self.grpc_port)).await.ok()
        })
        .await;
    }
}

/// Where the programs of this checkout are.
fn programs() -> PathBuf {
    std::env::var_os("BATON_BIN_DIR").expect("run: cargo dev test").into()
}

/// How the service is started: in that setting, on those ports for gRPC and probes.
fn launch<S: Service>(
    programs: &Path,
    setting: &Setting,
    folder: &Path,
    [grpc_port, http_port]: [u16; 2],
    knobs: &[(&str, String)],
    environment: &[(&str, String)],
) -> Launch {
    let token = folder.join("token");
    std::fs::write(&token, setting.issuer().token(&People::Reader.claims())).expect("the token is written");
    let own = [
        ("DATABASE__URL", setting.database.url()),
        ("NATS__URL", setting.nats_url.clone()),
        ("NATS__PREFIX", setting.prefix.clone()),
        ("NATS__MAX_AGE_HOURS", "0".to_owned()),
        ("GRPC__LISTEN", format!("127.0.0.1:{grpc_port}")),
        ("GRPC__DRAIN_SECONDS", "3".to_owned()),
        ("GRPC__RATE_PER_SECOND", "0".to_owned()),
        ("HTTP__LISTEN", format!("127.0.0.1:{http_port}")),
        ("AUTH__JWKS_FILE", crate::jwks_file().display().to_string()),
        ("SERVICE__TOKEN_FILE", token.display().to_string()),
    ];
    let knobs = own.into_iter().chain(knobs.iter().map(|(name, value)| (*name, value.clone())));
    let knobs = knobs.map(|(name, value)| (format!("BATON_{name}"), value));
    let beside = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Launch {
        name: S::IDENTITY.name.to_owned(),
        program: programs.join(S::IDENTITY.name),
        arguments: vec!["serve".into()],
        environment: knobs.chain(beside).collect(),
        forgotten: vec![],
        folder: folder.to_owned(),
        log: folder.join("log"),
        when_orphaned: Signal::SIGKILL,
        user: None,
    }
}

async fn run(launch: &Launch, arguments: &[&str]) -> (bool, String) {
    let mut command = tokio::process::Command::new(&launch.program);
    command.args(arguments).kill_on_drop(true).envs(launch.environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().await.expect("the program runs");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}
