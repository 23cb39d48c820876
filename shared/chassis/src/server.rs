//! A running service: its gRPC face, its probes, its sequencer and its publisher; and how all of it stops.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture};
use kernel::{Error, Result};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::Connection as _;
use tls::{Connection, Shown};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::server::HealthReporter;

use crate::{
    Context, Peer, Service,
    auth::{NoKeys, Verifier},
    broker,
    clock::Clock,
    config::Config,
    consumer::{self, Hears},
    context::{Limits, SILENT_AFTER, bounded},
    edge::{Edge, edge},
    event_log_service::EventLog,
    gauges::Gauges,
    housekeeping, migrate, publisher,
    status::chain,
    store::{self, Wrong},
    stream::Stream,
    task::{self, Next, Task},
    web,
};

/// What a service answers, beside what the chassis answers for it.
#[derive(Debug, Default)]
pub struct Mount {
    routes: tonic::service::RoutesBuilder,
    names: Vec<&'static str>,
    tasks: Vec<Task>,
    works: Vec<Work>,
    hears: Vec<Hears>,
    calls: Vec<Peer>,
}

/// Work that goes on for as long as the service runs.
struct Work {
    name: &'static str,
    work: Box<dyn FnOnce(Context, CancellationToken) -> BoxFuture<'static, ()> + Send>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Mount {
    /// Adds another service that this one hears.
    #[must_use]
    pub fn hears(mut self, hears: Hears) -> Self {
        self.hears.push(hears);
        self
    }

    /// Adds another service that this one calls without hearing it, for whoever looks at the deployment.
    #[must_use]
    pub fn calls(mut self, peer: Peer) -> Self {
        self.calls.push(peer);
        self
    }

    /// Whom it calls without hearing them.
    pub(crate) fn called(&self) -> &[Peer] {
        &self.calls
    }

    /// Whom it hears.
    pub(crate) fn heard(&self) -> &[Hears] {
        &self.hears
    }

    /// Adds a timer: `tick` is run again and again, on every replica, and says when the next one is due.
    #[must_use]
    pub fn task<F>(mut self, name: &'static str, tick: impl Fn(Context) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Next>> + Send + 'static,
    {
        self.tasks.push(Task { name, tick: Arc::new(move |context| Box::pin(tick(context))) });
        self
    }

    /// Adds work that is no timer: it goes on, on every replica, until its token is cancelled; what it has begun may end then, within
    /// the drain time.
    #[must_use]
    pub fn work<F>(
        mut self,
        name: &'static str,
        work: impl FnOnce(Context, CancellationToken) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.works.push(Work { name, work: Box::new(move |context, stop| Box::pin(work(context, stop))) });
        self
    }

    /// Adds a gRPC service.
    #[must_use]
    pub fn grpc<S>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<tonic::body::Body>, Error = std::convert::Infallible>
            + tonic::server::NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }
}

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    grpc: SocketAddr,
    http: SocketAddr,
    context: Context,
    health: HealthReporter,
    names: Vec<&'static str>,
    stop_tasks: CancellationToken,
    stop_server: CancellationToken,
    loops: Loops,
    servers: Loops,
    drain: Duration,
}

/// What runs until it is told to stop; each bears a name, by which it is told of where it ends by itself.
#[derive(Debug, Default)]
struct Loops(JoinSet<String>);

impl Loops {
    fn spawn(&mut self, name: impl Into<String>, work: impl Future<Output = ()> + Send + 'static) {
        let name = name.into();
        self.0.spawn(async move {
            // The panic itself was told by the hook, with its place.
            let _ = AssertUnwindSafe(work).catch_unwind().await;
            name
        });
    }

    /// The next that has ended; pending where there is none.
    async fn ended(&mut self) -> String {
        match self.0.join_next().await {
            Some(ended) => ended.unwrap_or_else(|error| error.to_string()),
            None => std::future::pending().await,
        }
    }

    async fn all_ended(&mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

impl Running {
    /// Starts a service on its configured addresses (port 0 takes free ones). It answers as soon as this returns.
    pub async fn start<S: Service>(
        config: Config<S::Config>,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self> {
        config.must_serve(S::wrong(&config.service)).map_err(Error::fault)?;
        let identity = S::IDENTITY;
        let shown = config.grpc.shown()?.map(Arc::new);
        let verifier = Arc::new(Verifier::new(&config.auth).map_err(without_keys)?);
        let edge_state = Edge::new(&config, verifier.clone())?;
        broker::must_not_be_old(&config.nats).await?;
        let context = open::<S>(&config, clock, edge_state.default_deadline).await?;
        let mut mount = S::mount(&context, config.service).await?;
        if identity.event_message.is_some() {
            let log = EventLog(context.clone());
            mount = mount.grpc(api::event::v1::event_log_service_server::EventLogServiceServer::new(log));
        }

        let health = answer_health(&mut mount).await;
        if config.grpc.reflection {
            reflect(&mut mount)?;
        }
        let layered = mount
            .routes
            .routes()
            .prepare()
            .into_axum_router()
            .layer(axum::middleware::from_fn_with_state(edge_state, edge));

        let grpc = listen("grpc.listen", config.grpc.listen).await?;
        let http = listen("http.listen", config.http.listen).await?;
        let (grpc_address, http_address) =
            (grpc.local_addr().map_err(Error::fault)?, http.local_addr().map_err(Error::fault)?);

        let (stop_server, stop_tasks) = (CancellationToken::new(), context.stopping().clone());
        let mut servers = Loops::default();
        servers.spawn(
            "the gRPC server",
            serve_grpc(&config.grpc, Routes::from(layered), grpc, shown.clone(), stop_server.clone()),
        );
        let probes =
            Probes { context: context.clone(), verifier: verifier.clone(), stopping: stop_tasks.clone(), metrics };
        servers.spawn("the HTTP server", serve_http(http, probes, stop_server.clone()));

        let client = broker::connect(&config.nats).await?;
        let stream = Stream::of(client.clone(), &identity, &config.nats);
        let packages = mount.hears.iter().map(|hears| hears.package).collect();
        let mut loops = Loops::default();
        spawn_tasks(&mut loops, &context, stream, mount.tasks, &stop_tasks);
        for Work { name, work } in mount.works {
            loops.spawn(name, work(context.clone(), stop_tasks.clone()));
        }
        for hears in mount.hears {
            let prefix = config.nats.prefix.clone();
            let name = format!("the consumer of {}", hears.package);
            loops.spawn(name, consumer::run(context.clone(), client.clone(), prefix, hears, stop_tasks.clone()));
        }
        let stop = stop_tasks.clone();
        loops.spawn(
            "the issuer's keys",
            async move { stop.run_until_cancelled(verifier.keep_keys()).await.unwrap_or(()) },
        );
        let gauges = Gauges { context: context.clone(), packages, shown };
        loops.spawn("the gauges", gauges.run(stop_tasks.clone()));

        Ok(Self {
            grpc: grpc_address,
            http: http_address,
            context,
            health,
            names: mount.names,
            stop_tasks,
            stop_server,
            loops,
            servers,
            drain: Duration::from_secs(config.grpc.drain_seconds.into()),
        })
    }

    /// Where it answers gRPC.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where it answers probes.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// What its drivers share.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns what has ended by itself, by a panic, though it should run for as long as the service; until then, never. What was
    /// under way was rolled back; a process without that part would look alive and not be it.
    pub async fn part_ended(&mut self) -> String {
        tokio::select! {
            name = self.loops.ended() => name,
            name = self.servers.ended() => name,
        }
    }

    /// Stops: says so to probes, ends tasks at the edge of a batch, lets calls end, and after the drain time cuts what is left.
    pub async fn stop(mut self) {
        for name in self.names.iter().copied().chain([""]) {
            self.health.set_service_status(name, tonic_health::ServingStatus::NotServing).await;
        }
        self.stop_tasks.cancel();
        self.stop_server.cancel();
        let drained = timeout(self.drain, async {
            self.loops.all_ended().await;
            self.servers.all_ended().await;
        })
        .await;
        if drained.is_err() {
            tracing::warn!(drain_seconds = self.drain.as_secs(), "some calls did not end in time and were cut");
        }
        // Dropping the sets aborts what is left in them; a pool with a silent peer must not hold the process.
        let _ = timeout(Duration::from_secs(1), self.context.pool().close()).await;
    }
}

async fn answer_health(mount: &mut Mount) -> HealthReporter {
    let (health, health_service) = tonic_health::server::health_reporter();
    for name in mount.names.iter().copied().chain([""]) {
        health.set_service_status(name, tonic_health::ServingStatus::Serving).await;
    }
    mount.routes.add_service(health_service);
    health
}

fn reflect(mount: &mut Mount) -> Result<()> {
    let all = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(api::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health")
    };
    let reflection = || mount.names.iter().fold(all(), |listed, name| listed.with_service_name(*name));
    let (v1, v1alpha) = (reflection().build_v1(), reflection().build_v1alpha());
    mount.routes.add_service(v1.map_err(Error::fault)?);
    mount.routes.add_service(v1alpha.map_err(Error::fault)?);
    Ok(())
}

/// What a service without the keys of its issuer has to be told.
pub(crate) fn without_keys(error: NoKeys) -> Error {
    Wrong::new(chain(&error), error.remedy()).into()
}

async fn listen(knob: &'static str, address: SocketAddr) -> Result<TcpListener, Wrong> {
    TcpListener::bind(address).await.map_err(|error| {
        let remedy = format!(
            "end what listens there (ss -ltnp shows it), or take another port in {knob}; port 0 takes a free one"
        );
        Wrong::new(format!("{knob}: {address} cannot be listened on: {error}"), remedy)
    })
}

/// What drivers share, on a store whose schema this version knows.
pub(crate) async fn open<S: Service>(config: &Config<S::Config>, clock: Clock, deadline: Duration) -> Result<Context> {
    let mut store = store::connect("database.url", &config.database.url).await?;
    bounded(SILENT_AFTER, store::must_be_own(&mut store, &S::IDENTITY)).await??;
    bounded(SILENT_AFTER, migrate::check(&S::IDENTITY, &mut store)).await??;
    store.close().await?;
    let pools = (store::pool(&config.database)?, store::read_pool(&config.database)?);
    let limits = Limits {
        default_deadline: deadline,
        max_message_bytes: config.grpc.max_message_bytes as usize,
        insecure: config.grpc.insecure,
    };
    Ok(Context::new(S::IDENTITY, pools, clock, limits, config.peers.trusted()?))
}

/// What runs beside the calls: the sequencer and the publisher of a service that has something to say, the housekeeping, and the
/// service's own timers.
fn spawn_tasks(
    loops: &mut Loops,
    context: &Context,
    stream: Option<Stream>,
    timers: Vec<Task>,
    stop: &CancellationToken,
) {
    if let Some(stream) = stream {
        let sequenced = Arc::new(Notify::new());
        loops.spawn("the sequencer", {
            let (context, sequenced, stop) = (context.clone(), sequenced.clone(), stop.clone());
            async move { publisher::run_sequencer(context, &sequenced, stop).await }
        });
        loops.spawn("the publisher", {
            let (context, stop) = (context.clone(), stop.clone());
            async move { publisher::run_publisher(context, stream, &sequenced, stop).await }
        });
    }
    loops.spawn("housekeeping", housekeeping::run(context.clone(), stop.clone()));
    for timer in timers {
        loops.spawn(timer.name, task::run(context.clone(), timer, stop.clone()));
    }
}

fn serve_grpc(
    config: &crate::config::Grpc,
    routes: Routes,
    listener: TcpListener,
    shown: Option<Arc<Shown>>,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let server = Server::builder()
        .max_concurrent_streams(config.max_concurrent_streams)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .http2_max_header_list_size(16 * 1024)
        // No grace: with one, the library cuts calls off after it and never says that the connection is to go.
        .max_connection_age(Duration::from_mins(30))
        // Web pages come by HTTP/1.1 where nothing before the service speaks HTTP/2 to them.
        .accept_http1(true)
        .layer(tower::util::option_layer(web::cors(&config.web_origins)))
        .layer(tonic_web::GrpcWebLayer::new())
        .add_routes(routes);
    async move {
        // Else small answers wait for the client's delayed acknowledgement, some 40 ms each.
        let plain = TcpIncoming::from(listener).with_nodelay(Some(true));
        let incoming = match shown {
            Some(shown) => shown.secure(plain).boxed(),
            None => plain.map_ok(Connection::from).boxed(),
        };
        if let Err(error) = server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await {
            tracing::error!(%error, "the gRPC server ended");
        }
    }
}

#[derive(Clone)]
struct Probes {
    context: Context,
    verifier: Arc<Verifier>,
    stopping: CancellationToken,
    metrics: Option<PrometheusHandle>,
}

async fn serve_http(listener: TcpListener, probes: Probes, stop: CancellationToken) {
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .route(
            "/metrics",
            get(async |State(probes): State<Probes>| probes.metrics.map(|it| it.render()).unwrap_or_default()),
        )
        .with_state(probes);
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// Ready means that the store answers, and that there are keys to let anybody in by; a broker that is away holds nothing up.
async fn readiness(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    if probes.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if !probes.verifier.has_keys() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the issuer of tokens has told no keys yet\n");
    }
    let asked = timeout(Duration::from_secs(1), sqlx::query("SELECT 1").execute(probes.context.pool())).await;
    match asked {
        Ok(Ok(_)) => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store is away\n"),
    }
}
