//! Replicas that are stopped, one after another, while a client calls them: the gRPC library for Python, with the service
//! configuration that is shipped.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use api::handoff::v1::{CreateTeamRequest, ListTeamsRequest};
use handoff::HandoffService;
use nix::sys::signal::Signal;
use prost::Message as _;
use serde::Deserialize;
use tempfile::TempDir;
use testkit::{People, Program, Setting, binaries, eventually, request_id};

/// How a client has fared.
#[derive(Debug, Deserialize)]
pub(crate) struct Fared {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    #[serde(default)]
    pub(crate) failures: Vec<String>,
    #[serde(default)]
    ended: bool,
}

/// A client in another language that calls all the time.
pub(crate) struct Client {
    child: Child,
    said: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Client {
    /// Calls the replicas at those ports in turn, from several threads: creates teams, and lists them.
    pub(crate) fn start(setting: &Setting, ports: &[u16]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let calls = folder.path().join("calls");
        std::fs::write(&calls, calls_of(20_000)).expect("the calls are written");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let addresses: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut child = Command::new("python3")
            .arg(here.join("operations/client.py"))
            .arg(format!("ipv4:{}", addresses.join(",")))
            .arg(service_config(here))
            .arg(setting.issuer().token(&People::Admin.claims()))
            .arg(calls)
            .arg("8")
            .env("PYTHONPATH", binaries::grpc().expect("the gRPC library for Python"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let said = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, said, _folder: folder }
    }

    /// Waits until it has made so many calls more; how it has fared so far.
    pub(crate) fn goes_on(&mut self, calls: usize) -> Fared {
        let first = self.next();
        loop {
            let fared = self.next();
            if fared.done >= first.done + calls {
                return fared;
            }
        }
    }

    /// Lets it end; how it has fared in all.
    pub(crate) fn end(mut self) -> Fared {
        drop(self.child.stdin.take());
        loop {
            let fared = self.next();
            if fared.ended {
                return fared;
            }
        }
    }

    fn next(&mut self) -> Fared {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("it speaks");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the client has ended: {line}"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn service_config(here: &Path) -> PathBuf {
    here.join("../deploy/grpc/service-config.json")
}

/// Calls, one a line.
fn calls_of(number: usize) -> String {
    let call = |n: usize| {
        if n.is_multiple_of(2) {
            let create =
                CreateTeamRequest { request_id: request_id(), team_id: format!("team-{n}"), ..Default::default() };
            format!("/baton.handoff.v1.DirectoryService/CreateTeam {}\n", hex::encode(create.encode_to_vec()))
        } else {
            let list = ListTeamsRequest { page_size: 10, ..Default::default() };
            format!("/baton.handoff.v1.DirectoryService/ListTeams {}\n", hex::encode(list.encode_to_vec()))
        }
    };
    (0..number).map(call).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_stop_under_load_fail_no_call() {
    const ROUNDS: usize = 3;
    let setting = Setting::new::<HandoffService>().await;
    let knobs = [("SERVICE__SLA_URL", String::new()), ("GRPC__DRAIN_SECONDS", "20".to_owned())];
    let mut replicas = vec![];
    for _ in 0..2 {
        replicas.push(Program::start::<HandoffService>(&setting, &knobs).await);
    }
    let ports: Vec<u16> = replicas.iter().map(|replica| replica.grpc_port).collect();
    let mut client = Client::start(&setting, &ports);
    client.goes_on(200);
    for round in 0..ROUNDS {
        let replica = &mut replicas[round % 2];
        // Somebody who holds on, and says nothing more.
        let mut hostile = TcpStream::connect(("127.0.0.1", replica.grpc_port)).expect("it listens");
        hostile.write_all(b"PRI * HTTP/2.0\r\n").expect("it reads");
        let told = tokio::time::Instant::now();
        replica.process.signal(Signal::SIGTERM);
        let status = replica.process.wait(Duration::from_secs(25)).expect("it ends within 25 s");
        assert!(status.success(), "{status}: {}", replica.process.last_words());
        let fared = client.goes_on(100);
        println!(
            "round {round}: it ended {:.1?} after SIGTERM; {} calls, {} failed",
            told.elapsed(),
            fared.done,
            fared.failed
        );
        replica.start_again().await;
        client.goes_on(200);
        drop(hostile);
    }
    let Fared { done, failed, failures, .. } = client.end();
    println!("{done} calls, {failed} failed");
    assert!(failed == 0, "{failed} of {done} calls failed: {failures:?}");
    let mut store = setting.database.connect().await;
    let is_whole = "SELECT count(*) = count(DISTINCT aggregate) FROM event_log WHERE type LIKE '%team_created'";
    let is_whole: bool = sqlx::query_scalar(is_whole).fetch_one(&mut store).await.expect("an answer");
    assert!(is_whole, "each team was created once");
    eventually("all of it is ordered", async || {
        let ordered = "SELECT (SELECT count(*) FROM event_log) = (SELECT position FROM sequencer)";
        sqlx::query_scalar::<_, bool>(ordered).fetch_one(&mut store).await.ok()?.then_some(())
    })
    .await;
}
