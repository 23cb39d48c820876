//! The servers behind a service by TLS: NATS and PostgreSQL, trusted or not.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_nats::jetstream;
use chassis::{
    Clock, Running,
    config::{self, Secret},
};
use kernel::Error;
use sqlx::postgres::PgConnectOptions;
use testkit::{Served, Setting, eventually};
use tls::Pair;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, pem::PemObject},
    },
};

use crate::{
    authority::{Authority, certificate},
    probe::{Config, Deed, Probe, client, request},
    servers::{Broker, probe},
};

/// A NATS that speaks TLS alone, and asks clients for a certificate of that authority where there is one.
fn broker(shown: &Pair, clients: Option<&Authority>) -> Broker {
    let verify = if clients.is_some() { "ca_file: \"clients.pem\", verify: true" } else { "" };
    let more = format!("tls {{ cert_file: \"nats.pem\", key_file: \"nats.key\", {verify} }}");
    let ca_file = clients.map(Authority::ca_file);
    let own: [(&str, &Path); 2] = [("nats.pem", &shown.cert_file), ("nats.key", &shown.key_file)];
    let files: Vec<_> = own.into_iter().chain(ca_file.as_deref().map(|file| ("clients.pem", file))).collect();
    Broker::start_with(&more, &files)
}

/// The configuration of a service at that NATS, which it trusts by that authority.
fn by_tls(setting: &Setting, trusts: &Authority) -> config::Config<Config> {
    let mut config = setting.config::<Probe>(Config::default());
    config.nats.url = setting.nats_url.replace("nats://", "tls://");
    config.nats.tls_ca_file = trusts.ca_file();
    config
}

/// How many facts are in its stream, as one sees who is let in.
async fn in_the_stream(served: &Served, trusts: &Authority, shows: Option<&Pair>) -> Option<u64> {
    let mut options = async_nats::ConnectOptions::new().add_root_certificates(trusts.ca_file()).require_tls(true);
    if let Some(Pair { cert_file, key_file }) = shows {
        options = options.add_client_certificate(cert_file.clone(), key_file.clone());
    }
    let client = options.connect(&served.setting.nats_url).await.expect("NATS answers");
    let stream = jetstream::new(client).get_stream(served.stream()).await.ok()?;
    Some(stream.cached_info().state.messages)
}

/// Waits until NATS has seen several greetings that came to nothing.
async fn turned_away(broker: &Broker) {
    eventually("NATS has turned somebody away, again and again", async || {
        (broker.log().matches("TLS handshake error").count() > 1).then_some(())
    })
    .await;
}

async fn count(served: &Served, times: usize) {
    for _ in 0..times {
        client(served).create_team(request("counter", Deed::Count)).await.expect("it is counted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_reach_a_nats_that_is_trusted_and_no_other_while_calls_are_answered() {
    let (authority, another) = (Authority::new("ours"), Authority::new("another"));
    let broker = broker(&authority.give("nats"), None);
    let setting = broker.setting().await;
    let distrusting = setting.serve_as::<Probe>(by_tls(&setting, &another)).await;
    turned_away(&broker).await;
    count(&distrusting, 3).await;
    assert_eq!(probe(distrusting.running.http(), "/readyz").await, Some(200));
    assert_eq!(in_the_stream(&distrusting, &authority, None).await, None, "not even a stream");
    distrusting.stop().await;

    let served = setting.serve_as::<Probe>(by_tls(&setting, &authority)).await;
    count(&served, 2).await;
    eventually("all facts are in the stream", async || {
        (in_the_stream(&served, &authority, None).await == Some(5)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_that_asks_for_a_certificate_lets_in_a_service_that_has_one() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let broker = broker(&authority.give("nats"), Some(&clients));
    let setting = broker.setting().await;
    let own = clients.give("probe");
    let without = setting.serve_as::<Probe>(by_tls(&setting, &authority)).await;
    turned_away(&broker).await;
    count(&without, 1).await;
    assert_eq!(in_the_stream(&without, &authority, Some(&own)).await, None);
    without.stop().await;

    let mut config = by_tls(&setting, &authority);
    (config.nats.tls_cert_file, config.nats.tls_key_file) = (own.cert_file.clone(), own.key_file.clone());
    let served = setting.serve_as::<Probe>(config).await;
    count(&served, 1).await;
    eventually("all facts are in the stream", async || {
        (in_the_stream(&served, &authority, Some(&own)).await == Some(2)).then_some(())
    })
    .await;
}

/// Speaks TLS before the run's PostgreSQL, which may have been built without.
struct Front {
    address: SocketAddr,
    /// Connections that have greeted it.
    greeted: Arc<AtomicUsize>,
}

impl Front {
    async fn of(setting: &Setting, shown: &Pair) -> Self {
        const WANTS_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
        let real: PgConnectOptions = setting.database.url().parse().expect("an address");
        let key = PrivateKeyDer::from_pem_file(&shown.key_file).expect("a key");
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate(&shown.cert_file)], key).expect("they belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let front = Self { address: listener.local_addr().expect("it has one"), greeted: Arc::default() };
        let greeted = front.greeted.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (acceptor, real, greeted) = (acceptor.clone(), real.clone(), greeted.clone());
                tokio::spawn(async move {
                    let mut asked = [0; 8];
                    near.read_exact(&mut asked).await?;
                    assert_eq!(asked, WANTS_TLS, "nothing is said in plain text");
                    near.write_all(b"S").await?;
                    let mut near = acceptor.accept(near).await?;
                    greeted.fetch_add(1, Ordering::SeqCst);
                    let mut far = TcpStream::connect((real.get_host(), real.get_port())).await?;
                    tokio::io::copy_bidirectional(&mut near, &mut far).await
                });
            }
        });
        front
    }

    /// The address of the setting's database by way of it.
    fn url(&self, setting: &Setting, host: &str, tls: &str) -> Secret {
        let real: PgConnectOptions = setting.database.url().parse().expect("an address");
        let (role, database) = (real.get_username(), real.get_database().expect("a database"));
        Secret::from(format!("postgres://{role}@{host}:{}/{database}?{tls}", self.address.port()))
    }
}

/// Starts a service on that store; what it is told where it does not start.
async fn started(setting: &Setting, url: Secret) -> Result<Running, String> {
    let mut config = setting.config::<Probe>(Config::default());
    config.database.url = url;
    let started = Running::start::<Probe>(config, Clock::Test(setting.clock.clone()), None).await;
    started.map_err(|error| match error {
        Error::Fault(source) => source.to_string(),
        other => panic!("{other:?}"),
    })
}

fn verify_full(ca_file: &Path) -> String {
    format!("sslmode=verify-full&sslrootcert={}", ca_file.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_authority_is_trusted_is_worked_on_by_tls() {
    let setting = Setting::new::<Probe>().await;
    let authority = Authority::new("ours");
    let front = Front::of(&setting, &authority.give("postgres")).await;
    let mut config = setting.config::<Probe>(Config::default());
    config.database.url = front.url(&setting, "127.0.0.1", &verify_full(&authority.ca_file()));
    let served = setting.serve_as::<Probe>(config).await;
    count(&served, 3).await;
    assert_eq!(probe(served.running.http(), "/readyz").await, Some(200));
    assert_eq!(served.settle().await.len(), 3);
    assert!(front.greeted.load(Ordering::SeqCst) > 1, "the first connection, and those of the pool");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_not_who_it_should_be_refuses_the_start_with_the_remedy() {
    let setting = Setting::new::<Probe>().await;
    let (authority, another) = (Authority::new("ours"), Authority::new("another"));
    let front = Front::of(&setting, &authority.give("postgres")).await;
    let elsewhere = authority.give_as("elsewhere", |it| it.subject_alt_names.clear());
    let nameless = Front::of(&setting, &elsewhere).await;
    let nothing = authority.file("nothing.pem");
    let place = |front: &Front| format!("127.0.0.1:{}", front.address.port());
    for (case, front, ca_file) in [
        ("of another authority", &front, another.ca_file()),
        ("for another name", &nameless, authority.ca_file()),
        ("no authority there", &front, nothing),
    ] {
        let url = front.url(&setting, "127.0.0.1", &verify_full(&ca_file));
        let told = started(&setting, url).await.expect_err(case);
        for part in ["database.url: no TLS with", &place(front), "What to do: look at sslmode, sslrootcert"] {
            assert!(told.contains(part), "{case}: {part:?} is missing in {told:?}");
        }
    }
    assert_eq!(nameless.greeted.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_which_tls_is_required_alone_need_not_be_known_and_must_speak_it() {
    let setting = Setting::new::<Probe>().await;
    let front = Front::of(&setting, &Authority::new("nobody").give("postgres")).await;
    let running = started(&setting, front.url(&setting, "127.0.0.1", "sslmode=require")).await.unwrap();
    assert_eq!(probe(running.http(), "/readyz").await, Some(200));
    assert!(front.greeted.load(Ordering::SeqCst) > 0);
    running.stop().await;

    // Says to everybody that it speaks no TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = Front { address: listener.local_addr().unwrap(), greeted: Arc::default() };
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await?;
        near.read_exact(&mut [0; 8]).await?;
        near.write_all(b"N").await
    });
    let told = started(&setting, plain.url(&setting, "127.0.0.1", "sslmode=require")).await.unwrap_err();
    assert!(told.contains("no TLS with") && told.contains("does not support TLS"), "{told}");
}
