//! Keys that an issuer tells of by a discovery document: taken, taken anew, kept, and refused.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::Response,
    routing::get,
};
use chassis::{Clock, Running, config};
use futures::{StreamExt as _, TryStreamExt as _, future::join_all, stream::BoxStream};
use testkit::{Issuer, People, Served, Setting, eventually, free_port};
use tls::{Connection, Pair, Shown};
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;

use crate::{
    authority::Authority,
    probe::{Config, Probe},
    servers::{probe, probed},
    tokens::told,
};

/// Against hanging: far longer than any answer should take.
const HANGING: Duration = Duration::from_secs(20);

/// What is answered to a question.
#[derive(Debug, Clone)]
enum Answer {
    Text(String),
    Status(u16),
    /// It never ends.
    Endless,
    /// It never begins.
    Silence,
}

/// Whoever issues tokens, as far as a service asks it.
struct Provider {
    port: u16,
    shown: Option<Arc<Shown>>,
    told: Arc<Told>,
    serving: Option<JoinHandle<io::Result<()>>>,
}

/// What it tells, and how often it was asked.
struct Told {
    document: Mutex<Answer>,
    keys: Mutex<Answer>,
    documents: AtomicUsize,
    key_sets: AtomicUsize,
}

impl Provider {
    /// One with a discovery document and those keys, plain or by TLS; it is away.
    fn new(keys: &Issuer, shown: Option<&Pair>) -> Self {
        let port = free_port().expect("a port");
        let shown = shown.map(|pair| Arc::new(Shown::new(pair.clone(), None).expect("the files are good")));
        let told = Told {
            document: Mutex::new(Answer::Silence),
            keys: Mutex::new(Answer::Text(keys.jwks())),
            documents: AtomicUsize::new(0),
            key_sets: AtomicUsize::new(0),
        };
        let provider = Self { port, shown, told: Arc::new(told), serving: None };
        provider.says("baton-dev", &provider.url("/keys"));
        provider
    }

    /// One that is there.
    async fn start(keys: &Issuer, shown: Option<&Pair>) -> Self {
        let mut provider = Self::new(keys, shown);
        provider.come().await;
        provider
    }

    fn url(&self, path: &str) -> String {
        format!("http{}://127.0.0.1:{}{path}", if self.shown.is_some() { "s" } else { "" }, self.port)
    }

    /// Its document says so from here on.
    fn says(&self, issuer: &str, jwks_uri: &str) {
        let document = format!(r#"{{"issuer": "{issuer}", "jwks_uri": "{jwks_uri}", "scopes_supported": ["openid"]}}"#);
        self.document(Answer::Text(document));
    }

    fn document(&self, answer: Answer) {
        *self.told.document.lock().expect("nobody panics with it") = answer;
    }

    fn keys(&self, answer: Answer) {
        *self.told.keys.lock().expect("nobody panics with it") = answer;
    }

    /// It has those keys, and no others, from here on.
    fn has(&self, keys: &Issuer) {
        self.keys(Answer::Text(keys.jwks()));
    }

    async fn come(&mut self) {
        let router = Router::new()
            .route(
                "/document",
                get(async |State(told): State<Arc<Told>>| told.answer(&told.documents, &told.document).await),
            )
            .route("/keys", get(async |State(told): State<Arc<Told>>| told.answer(&told.key_sets, &told.keys).await))
            .with_state(self.told.clone());
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("its port is free");
        let plain = TcpListenerStream::new(listener);
        let connections = match self.shown.clone() {
            Some(shown) => shown.secure(plain).boxed(),
            None => plain.map_ok(Connection::from).boxed(),
        };
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        self.serving = Some(tokio::spawn(async move { axum::serve(Connections(connections, address), router).await }));
    }

    /// Nobody listens from here on.
    async fn go(&mut self) {
        let serving = self.serving.take().expect("it is there");
        serving.abort();
        let _ = serving.await;
    }

    fn documents(&self) -> usize {
        self.told.documents.load(Ordering::SeqCst)
    }

    fn config(&self, setting: &Setting) -> config::Config<Config> {
        let mut config = setting.config::<Probe>(Config::default());
        config.auth.jwks_file = "".into();
        config.auth.discovery_url = self.url("/document");
        config
    }

    /// A service that takes its tokens.
    async fn serve(&self) -> Served {
        let setting = Setting::new::<Probe>().await;
        setting.serve_as::<Probe>(self.config(&setting)).await
    }
}

impl Told {
    async fn answer(&self, count: &AtomicUsize, answer: &Mutex<Answer>) -> Response {
        count.fetch_add(1, Ordering::SeqCst);
        let answer = answer.lock().expect("nobody panics with it").clone();
        // Nothing stays open: one that goes away takes its connections with it.
        let response = Response::builder().header("connection", "close");
        match answer {
            Answer::Text(text) => response.body(text.into()),
            Answer::Status(status) => response.status(status).body(Body::empty()),
            Answer::Endless => {
                let spaces = futures::stream::repeat(Bytes::from_static(&[b' '; 16 * 1024]));
                response.body(Body::from_stream(spaces.map(Ok::<_, io::Error>)))
            }
            Answer::Silence => std::future::pending().await,
        }
        .expect("an answer")
    }
}

/// Connections, plain or by TLS, as the HTTP server takes them.
struct Connections(BoxStream<'static, io::Result<Connection>>, SocketAddr);

impl axum::serve::Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            if let Ok(connection) = self.0.next().await.expect("it listens") {
                return (connection, self.1);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.1)
    }
}

async fn is_ready(served: &Served) -> bool {
    probe(served.running.http(), "/readyz").await == Some(200)
}

async fn until_ready(served: &Served) {
    eventually("it is ready", async || is_ready(served).await.then_some(())).await;
}

/// Nobody is let in, since there are no keys yet, and the service says so.
async fn assert_waiting(served: &Served, issuer: &Issuer, case: &str) {
    let readiness = probed(served.running.http(), "/readyz").await;
    assert_eq!(readiness, Some((503, "the issuer of tokens has told no keys yet".to_owned())), "{case}");
    assert_eq!(probe(served.running.http(), "/livez").await, Some(200), "{case}");
    let call = timeout(HANGING, told(served, People::Anna.bearer(issuer))).await.expect("no call hangs");
    assert_eq!(call, (Code::Unavailable, "AWAY".to_owned()), "{case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_the_keys_that_an_issuer_tells_of_are_taken_and_a_new_key_needs_no_restart() {
    let (old, new) = (Issuer::generate(), Issuer::generate());
    let provider = Provider::start(&old, None).await;
    let served = provider.serve().await;
    until_ready(&served).await;
    assert_eq!(told(&served, People::Anna.bearer(&old)).await.0, Code::Ok);
    assert_eq!(told(&served, People::Anna.bearer(&new)).await, (Code::Unauthenticated, "UNKNOWN_KEY".to_owned()));
    assert_eq!(told(&served, People::Anna.bearer(&old.forger())).await.1, "BAD_TOKEN");

    provider.has(&new);
    let newcomer = async || (told(&served, People::Anna.bearer(&new)).await.0 == Code::Ok).then_some(());
    eventually("the new key is found", newcomer).await;
    assert_eq!(told(&served, People::Ivan.bearer(&old)).await.1, "UNKNOWN_KEY", "the old key is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_unknown_keys_make_the_issuer_be_asked_every_two_seconds_at_most() {
    let issuer = Issuer::generate();
    let provider = Provider::start(&issuer, None).await;
    let served = provider.serve().await;
    until_ready(&served).await;
    let (begun, before) = (Instant::now(), provider.documents());
    let mut calls = 0;
    eventually("two rounds have passed", async || {
        let many = (0..10).map(|_| told(&served, People::Anna.bearer(&Issuer::generate())));
        for (_, reason) in join_all(many).await {
            assert_eq!(reason, "UNKNOWN_KEY");
            calls += 1;
        }
        (begun.elapsed() > Duration::from_millis(4_500)).then_some(())
    })
    .await;
    let asked = provider.documents() - before;
    let most = usize::try_from(begun.elapsed().as_secs() / 2 + 1).unwrap();
    assert!((1..=most).contains(&asked), "{asked} times for {calls} calls in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_goes_away_keeps_nobody_out_whose_key_is_known() {
    let issuer = Issuer::generate();
    let mut provider = Provider::start(&issuer, None).await;
    let served = provider.serve().await;
    until_ready(&served).await;
    assert_eq!(told(&served, People::Anna.bearer(&issuer)).await.0, Code::Ok);
    provider.go().await;
    let begun = Instant::now();
    eventually("it was asked, to no avail", async || {
        // It makes the issuer be asked, every two seconds.
        assert_eq!(told(&served, People::Anna.bearer(&Issuer::generate())).await.1, "UNKNOWN_KEY");
        (begun.elapsed() > Duration::from_millis(2_500)).then_some(())
    })
    .await;
    // Tokens that were never seen before.
    for person in [People::Ivan, People::Ines, People::Bo] {
        assert_eq!(told(&served, person.bearer(&issuer)).await.0, Code::Ok);
    }
    assert!(is_ready(&served).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_issuer_away_a_service_starts_is_not_ready_and_becomes_so_when_it_comes() {
    let issuer = Issuer::generate();
    let mut provider = Provider::new(&issuer, None);
    let served = provider.serve().await;
    assert_waiting(&served, &issuer, "away").await;
    provider.come().await;
    // Nobody calls: it asks by itself.
    until_ready(&served).await;
    assert_eq!(told(&served, People::Anna.bearer(&issuer)).await.0, Code::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_discovery_or_no_key_set_is_refused_until_the_issuer_says_what_it_should() {
    type Harm = fn(&Provider);
    let cases: [(&str, Harm); 9] = [
        ("the document of another issuer", |it| it.says("another", &it.url("/keys"))),
        ("keys at no address", |it| it.says("baton-dev", "somewhere else")),
        ("a document that is none", |it| it.document(Answer::Text("<html>".into()))),
        ("a document without end", |it| it.document(Answer::Endless)),
        ("a document that never comes", |it| it.document(Answer::Silence)),
        ("an error for a document", |it| it.document(Answer::Status(500))),
        ("keys that are none", |it| it.keys(Answer::Text("[]".into()))),
        ("keys without end", |it| it.keys(Answer::Endless)),
        ("an error for keys", |it| it.keys(Answer::Status(503))),
    ];
    let held = cases.map(|(case, harm)| async move {
        let issuer = Issuer::generate();
        let provider = Provider::start(&issuer, None).await;
        harm(&provider);
        let served = provider.serve().await;
        // The second time comes after whatever the first time has brought.
        eventually(case, async || (provider.documents() > 1).then_some(())).await;
        assert_waiting(&served, &issuer, case).await;
        provider.says("baton-dev", &provider.url("/keys"));
        provider.has(&issuer);
        until_ready(&served).await;
        assert_eq!(told(&served, People::Anna.bearer(&issuer)).await.0, Code::Ok, "{case}");
        served.stop().await;
    });
    join_all(held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_kinds_that_are_not_known_take_nothing_from_those_that_are() {
    let issuer = Issuer::generate();
    let provider = Provider::start(&issuer, None).await;
    let mut set: serde_json::Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let others = [
        serde_json::json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "coins"}),
        serde_json::json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "later"}),
        serde_json::json!({"kty": "OKP", "crv": "X25519", "x": "AA", "use": "enc", "kid": "secrets"}),
    ];
    set["keys"].as_array_mut().unwrap().splice(..0, others);
    provider.keys(Answer::Text(set.to_string()));
    let served = provider.serve().await;
    until_ready(&served).await;
    assert_eq!(told(&served, People::Anna.bearer(&issuer)).await.0, Code::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_is_asked_over_tls_and_believed_only_where_its_authority_is_trusted() {
    let (authority, another) = (Authority::new("ours"), Authority::new("another"));
    let issuer = Issuer::generate();
    let provider = Provider::start(&issuer, Some(&authority.give("issuer"))).await;
    let setting = Setting::new::<Probe>().await;
    let trusting = async |ca_file| {
        let mut config = provider.config(&setting);
        config.auth.ca_file = ca_file;
        setting.serve_as::<Probe>(config).await
    };
    for (case, ca_file) in [("another authority", another.ca_file()), ("those that browsers trust", "".into())] {
        let served = trusting(ca_file).await;
        assert_waiting(&served, &issuer, case).await;
        assert_eq!(provider.documents(), 0, "{case}: it was asked");
        served.stop().await;
    }
    let served = trusting(authority.ca_file()).await;
    until_ready(&served).await;
    assert_eq!(told(&served, People::Anna.bearer(&issuer)).await.0, Code::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_in_plain_text_are_refused_where_the_document_came_by_tls() {
    let authority = Authority::new("ours");
    let issuer = Issuer::generate();
    let provider = Provider::start(&issuer, Some(&authority.give("issuer"))).await;
    let plain = Provider::start(&issuer, None).await;
    provider.says("baton-dev", &plain.url("/keys"));
    let setting = Setting::new::<Probe>().await;
    let mut config = provider.config(&setting);
    config.auth.ca_file = authority.ca_file();
    let served = setting.serve_as::<Probe>(config).await;
    eventually("the document was read", async || (provider.documents() > 1).then_some(())).await;
    assert_waiting(&served, &issuer, "plain keys").await;
    assert_eq!(plain.told.key_sets.load(Ordering::SeqCst), 0, "nobody even asks for them");
}

/// Why a service with that configuration does not start.
async fn refused(config: config::Config<Config>) -> String {
    let refused = Running::start::<Probe>(config, Clock::Database, None).await.expect_err("it is refused");
    let kernel::Error::Fault(source) = refused else { panic!("{refused:?}") };
    source.to_string()
}

#[tokio::test]
async fn keys_come_from_one_place_that_can_be_used_or_the_service_does_not_start() {
    let setting = Setting::new::<Probe>().await;
    let provider = Provider::new(&Issuer::generate(), None);
    let mut both = provider.config(&setting);
    both.auth.jwks_file = testkit::jwks_file();
    let told = refused(both).await;
    assert!(told.contains("auth.jwks_file and auth.discovery_url are both given"), "{told}");

    let mut neither = provider.config(&setting);
    neither.auth.discovery_url.clear();
    let told = refused(neither).await;
    assert!(told.contains("auth.jwks_file or auth.discovery_url is required"), "{told}");

    let mut nowhere = provider.config(&setting);
    nowhere.auth.ca_file = "/nowhere/ca.pem".into();
    let told = refused(nowhere).await;
    for part in ["auth.ca_file", "\"/nowhere/ca.pem\" cannot be read", "What to do: put a PEM file there"] {
        assert!(told.contains(part), "{part:?} is missing in {told:?}");
    }
}
