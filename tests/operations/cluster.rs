//! NATS as a cluster of three nodes, each stream in three copies: one node may die under load.

use std::{path::Path, time::Duration};

use async_nats::jetstream;
use handoff::HandoffService;
use nix::sys::signal::Signal;
use sla_monitor::SlaMonitor;
use testkit::{Database, Launch, Process, Scratch, Setting, Tether, binaries, eventually, free_port, read_stream};

use crate::story::Story;

const NODES: usize = 3;
/// The configuration that is shipped; the command line says what makes a node of it.
const SERVER: &str = include_str!("../../deploy/nats/nats-server.conf");

/// Three servers on loopback.
struct Cluster {
    tether: Tether,
    launches: Vec<Launch>,
    ports: Vec<u16>,
    nodes: Vec<Option<Process>>,
    _scratch: Scratch,
}

impl Cluster {
    fn start() -> Self {
        let (tether, scratch) = (Tether::from_env().expect("run: cargo dev test"), Scratch::new().expect("a folder"));
        let program = binaries::nats().expect("nats-server").path;
        let free = || (0..NODES).map(|_| free_port().expect("a port")).collect::<Vec<u16>>();
        let (ports, routes) = (free(), free());
        let all: Vec<String> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let launch = |n: usize| {
            let folder = scratch.path().join(format!("node-{n}"));
            std::fs::create_dir_all(&folder).expect("a folder");
            for (file, text) in [("nats-server.conf", SERVER), ("users.conf", "")] {
                std::fs::write(folder.join(file), text).expect("the configuration is written");
            }
            let (name, port) = (format!("node-{n}"), ports[n].to_string());
            let own =
                ["-c", "nats-server.conf", "-a", "127.0.0.1", "-p", &port, "-n", &name, "--cluster_name", "baton"];
            let cluster = ["--cluster", &all[n], "--routes", &all.join(",")].map(ToOwned::to_owned);
            Launch {
                name: name.clone(),
                program: program.clone(),
                arguments: own.map(ToOwned::to_owned).into_iter().chain(cluster).map(Into::into).collect(),
                environment: vec![("BATON_NATS_STORE_DIR".to_owned(), format!("{:?}", shown(&folder.join("data"))))],
                forgotten: vec![],
                log: folder.join("log"),
                folder,
                when_orphaned: Signal::SIGKILL,
                user: None,
            }
        };
        let launches: Vec<Launch> = (0..NODES).map(launch).collect();
        let nodes = launches.iter().map(|launch| Process::start(&tether, launch.clone()).ok()).collect();
        Self { tether, launches, ports, nodes, _scratch: scratch }
    }

    /// Every node's address, as `nats.url` takes them.
    fn url(&self) -> String {
        (0..NODES).map(|n| self.url_of(n)).collect::<Vec<_>>().join(",")
    }

    fn url_of(&self, n: usize) -> String {
        format!("nats://127.0.0.1:{}", self.ports[n])
    }

    /// As a crash does.
    fn kill(&mut self, n: usize) {
        self.nodes[n].take().expect("it runs").kill();
    }

    fn start_again(&mut self, n: usize) {
        self.nodes[n] = Some(Process::start(&self.tether, self.launches[n].clone()).expect("the node starts"));
    }

    /// Which node leads a stream, and how many others have all of it.
    async fn leader(&self, ask: usize, stream: &str) -> Option<(usize, usize)> {
        let client = async_nats::connect(self.url_of(ask)).await.ok()?;
        let stream = jetstream::new(client).get_stream(stream).await.ok()?;
        let cluster = stream.cached_info().cluster.clone()?;
        let leader = cluster.leader?.strip_prefix("node-")?.parse().ok()?;
        Some((leader, cluster.replicas.iter().filter(|replica| replica.current && !replica.offline).count()))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_loses_a_node_under_load_loses_no_fact_and_holds_nobody_up() {
    let mut cluster = Cluster::start();
    eventually("the cluster has a leader", async || {
        let client = async_nats::connect(cluster.url_of(0)).await.ok()?;
        jetstream::new(client).query_account().await.ok()
    })
    .await;
    let database = Database::new::<HandoffService>().await;
    let setting = Setting::with::<HandoffService>(database, cluster.url());
    let copies = [("NATS__REPLICAS", NODES.to_string())];
    let story = Story::begin_on(setting.clone(), Database::new::<SlaMonitor>().await, &copies).await;
    story.map().await;
    let stream = format!("{}_HANDOFF", setting.prefix.to_uppercase());
    let (leader, current) = eventually("the stream has three copies", async || {
        cluster.leader(0, &stream).await.filter(|(_, current)| *current == NODES - 1)
    })
    .await;
    println!("node {leader} leads {stream}, {current} others have all of it");

    for n in 0..20 {
        story.submit(&format!("before {n}")).await;
    }
    cluster.kill(leader);
    let killed = tokio::time::Instant::now();
    for n in 0..60 {
        story.submit(&format!("without node {leader}, {n}")).await;
    }
    println!("60 handoffs were handed over in {:.1?} without the leader", killed.elapsed());
    let ask = (leader + 1) % NODES;
    let facts = published(&cluster, ask, &story, &stream).await;
    eventually("the monitor has heard all", async || (story.heard_by_monitor().await? >= facts).then_some(())).await;
    println!("all {facts} facts are published and heard {:.1?} after the kill", killed.elapsed());

    cluster.start_again(leader);
    for n in 0..20 {
        story.submit(&format!("after {n}")).await;
    }
    let facts = published(&cluster, ask, &story, &stream).await;
    eventually("the node has caught up", async || {
        cluster.leader(ask, &stream).await.filter(|(_, current)| *current == NODES - 1)
    })
    .await;
    // What the node that was dead has, is all of it.
    let told = eventually("it tells all", async || {
        let told = read_stream(&cluster.url_of(leader), &stream).await?;
        (i64::try_from(told.len()).ok()? == facts).then_some(told)
    })
    .await;
    assert!(told.iter().zip(1..).all(|(fact, position)| fact.sequence == position));
    let ids: std::collections::BTreeSet<_> = told.iter().map(|fact| fact.header("ce-id").to_owned()).collect();
    assert_eq!(ids.len(), told.len(), "each once");
}

/// Waits until every fact of the log is in the stream; how many there are.
async fn published(cluster: &Cluster, ask: usize, story: &Story, stream: &str) -> i64 {
    let mut store = story.handoff_setting.database.connect().await;
    let facts: i64 = sqlx::query_scalar("SELECT count(*) FROM event_log").fetch_one(&mut store).await.expect("a count");
    let patience = Duration::from_mins(1);
    let waiting = eventually("every fact is in the stream", async || {
        let told = read_stream(&cluster.url_of(ask), stream).await?;
        (i64::try_from(told.len()).ok()? >= facts).then_some(())
    });
    tokio::time::timeout(patience, waiting).await.expect("in a minute");
    facts
}
