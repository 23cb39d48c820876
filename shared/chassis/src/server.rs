//! A running service: its gRPC face, its probes, its sequencer and its publisher; and how all of it stops.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use futures::future::BoxFuture;
use kernel::{Error, Result};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::{
    Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::server::HealthReporter;

use crate::{
    Context, Service,
    clock::Clock,
    config::Config,
    consumer::{self, Hears},
    context::Limits,
    edge::{Edge, edge},
    event_log_service::EventLog,
    housekeeping, migrate, publisher,
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
}

/// Work that goes on for as long as the service runs.
struct Work(Box<dyn FnOnce(Context, CancellationToken) -> BoxFuture<'static, ()> + Send>);

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl Mount {
    /// Adds another service that this one hears.
    #[must_use]
    pub fn hears(mut self, hears: Hears) -> Self {
        self.hears.push(hears);
        self
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
    pub fn work<F>(mut self, work: impl FnOnce(Context, CancellationToken) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.works.push(Work(Box::new(move |context, stop| Box::pin(work(context, stop)))));
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
    tasks: JoinSet<()>,
    server: JoinSet<()>,
    drain: Duration,
}

impl Running {
    /// Starts a service on its configured addresses (port 0 takes free ones). It answers as soon as this returns.
    pub async fn start<S: Service>(
        config: Config<S::Config>,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Self> {
        let identity = S::IDENTITY;
        let edge_state = Edge::new(&config)?;
        let context = open::<S>(&config, clock, edge_state.default_deadline).await?;
        let mut mount = S::mount(&context, config.service).await?;
        if identity.event_message.is_some() {
            let log = EventLog(context.clone());
            mount = mount.grpc(api::event::v1::event_log_service_server::EventLogServiceServer::new(log));
        }

        let (health, health_service) = tonic_health::server::health_reporter();
        for name in mount.names.iter().copied().chain([""]) {
            health.set_service_status(name, tonic_health::ServingStatus::Serving).await;
        }
        mount.routes.add_service(health_service);
        if config.grpc.reflection {
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
        }
        let layered = mount
            .routes
            .routes()
            .prepare()
            .into_axum_router()
            .layer(axum::middleware::from_fn_with_state(edge_state, edge));

        let grpc = TcpListener::bind(config.grpc.listen).await.map_err(Error::fault)?;
        let http = TcpListener::bind(config.http.listen).await.map_err(Error::fault)?;
        let (grpc_address, http_address) =
            (grpc.local_addr().map_err(Error::fault)?, http.local_addr().map_err(Error::fault)?);

        let (stop_server, stop_tasks) = (CancellationToken::new(), context.stopping().clone());
        let mut server = JoinSet::new();
        server.spawn(serve_grpc(&config.grpc, Routes::from(layered), grpc, stop_server.clone()));
        server.spawn(serve_http(http, context.clone(), stop_tasks.clone(), metrics, stop_server.clone()));

        let client = connect(&config.nats).await?;
        let stream = Stream::of(client.clone(), &identity, &config.nats);
        let mut tasks = spawn_tasks(&context, stream, mount.tasks, &stop_tasks);
        for Work(work) in mount.works {
            tasks.spawn(work(context.clone(), stop_tasks.clone()));
        }
        for hears in mount.hears {
            let prefix = config.nats.prefix.clone();
            tasks.spawn(consumer::run(context.clone(), client.clone(), prefix, hears, stop_tasks.clone()));
        }

        Ok(Self {
            grpc: grpc_address,
            http: http_address,
            context,
            health,
            names: mount.names,
            stop_tasks,
            stop_server,
            tasks,
            server,
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

    /// Stops: says so to probes, ends tasks at the edge of a batch, lets calls end, and after the drain time cuts what is left.
    pub async fn stop(mut self) {
        for name in self.names.iter().copied().chain([""]) {
            self.health.set_service_status(name, tonic_health::ServingStatus::NotServing).await;
        }
        self.stop_tasks.cancel();
        self.stop_server.cancel();
        let drained = timeout(self.drain, async {
            while self.tasks.join_next().await.is_some() {}
            while self.server.join_next().await.is_some() {}
        })
        .await;
        if drained.is_err() {
            tracing::warn!(drain_seconds = self.drain.as_secs(), "some calls did not end in time and were cut");
        }
        // Dropping the sets aborts what is left in them; a pool with a silent peer must not hold the process.
        let _ = timeout(Duration::from_secs(2), self.context.pool().close()).await;
    }
}

/// What drivers share, on a store whose schema this version knows.
pub(crate) async fn open<S: Service>(config: &Config<S::Config>, clock: Clock, deadline: Duration) -> Result<Context> {
    let pool = pool(&config.database)?;
    if let Err(remedy) = migrate::check(&S::IDENTITY, &pool).await? {
        return Err(Error::fault(remedy));
    }
    let limits = Limits { default_deadline: deadline, max_message_bytes: config.grpc.max_message_bytes as usize };
    Ok(Context::new(S::IDENTITY, pool, clock, limits))
}

/// What runs beside the calls: the sequencer and the publisher of a service that has something to say, the housekeeping, and the
/// service's own timers.
fn spawn_tasks(context: &Context, stream: Option<Stream>, timers: Vec<Task>, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if let Some(stream) = stream {
        let sequenced = Arc::new(Notify::new());
        tasks.spawn({
            let (context, sequenced, stop) = (context.clone(), sequenced.clone(), stop.clone());
            async move { publisher::run_sequencer(context, &sequenced, stop).await }
        });
        tasks.spawn({
            let (context, stop) = (context.clone(), stop.clone());
            async move { publisher::run_publisher(context, stream, &sequenced, stop).await }
        });
    }
    tasks.spawn(housekeeping::run(context.clone(), stop.clone()));
    for timer in timers {
        tasks.spawn(task::run(context.clone(), timer, stop.clone()));
    }
    tasks
}

fn pool(config: &crate::config::Database) -> Result<PgPool> {
    let options: PgConnectOptions = config
        .url
        .expose()
        .parse::<PgConnectOptions>()
        .map_err(|error| Error::fault(format!("database.url is not a PostgreSQL address: {error}")))?
        .options([
            ("statement_timeout", format!("{}ms", config.statement_timeout_ms)),
            ("idle_in_transaction_session_timeout", format!("{}ms", config.statement_timeout_ms)),
        ]);
    Ok(PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false)
        // The library asks the same of every connection that comes back, but without a bound: one whose peer has fallen
        // silent would keep its place in the pool for ever.
        .after_release(|connection, _| {
            Box::pin(async move {
                let answered = timeout(Duration::from_secs(2), connection.ping()).await;
                answered.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
        .connect_lazy_with(options))
}

/// A client that keeps trying: the service works with NATS away.
async fn connect(config: &crate::config::Nats) -> Result<async_nats::Client> {
    let mut options = async_nats::ConnectOptions::new()
        .retry_on_initial_connect()
        .connection_timeout(Duration::from_secs(3))
        .event_callback(|event| async move { tracing::debug!(%event, "nats") });
    if !config.user.is_empty() {
        options = options.user_and_password(config.user.clone(), config.password.expose().to_owned());
    }
    options.connect(&config.url).await.map_err(|error| Error::fault(format!("nats.url: {error}")))
}

fn serve_grpc(
    config: &crate::config::Grpc,
    routes: Routes,
    listener: TcpListener,
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
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        if let Err(error) = server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await {
            tracing::error!(%error, "the gRPC server ended");
        }
    }
}

#[derive(Clone)]
struct Probes {
    context: Context,
    stopping: CancellationToken,
    metrics: Option<PrometheusHandle>,
}

async fn serve_http(
    listener: TcpListener,
    context: Context,
    stopping: CancellationToken,
    metrics: Option<PrometheusHandle>,
    stop: CancellationToken,
) {
    let router = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .route(
            "/metrics",
            get(async |State(probes): State<Probes>| probes.metrics.map(|it| it.render()).unwrap_or_default()),
        )
        .with_state(Probes { context, stopping, metrics });
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// Ready means that the store answers; a broker that is away holds nothing up.
async fn readiness(State(probes): State<Probes>) -> (StatusCode, &'static str) {
    if probes.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    let asked = timeout(Duration::from_secs(1), sqlx::query("SELECT 1").execute(probes.context.pool())).await;
    match asked {
        Ok(Ok(_)) => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store is away\n"),
    }
}
