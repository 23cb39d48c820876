//! A service on free ports, all of its own.

use std::{path::PathBuf, sync::LazyLock};

use chassis::{
    Clock, Running, Service, TestClock,
    config::{Config, Secret},
};
use dev::keys::Issuer;
use kernel::Timestamp;
use sqlx::Connection;
use tempfile::TempDir;

use crate::{Bearer, Caller, Database, Fact, People, eventually, of_run, read_stream, request_id};

/// One issuer for a test binary, its keys in a file.
static ISSUER: LazyLock<(Issuer, TempDir)> = LazyLock::new(|| {
    let issuer = Issuer::generate();
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("jwks.json"), issuer.jwks()).expect("the keys are written");
    (issuer, folder)
});

/// Where a service runs: what it shares with its replicas and what outlives it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its database.
    pub database: Database,
    /// Its clock, which only the test moves.
    pub clock: TestClock,
    /// Where NATS answers.
    pub nats_url: String,
    /// The prefix of its subjects and stream.
    pub prefix: String,
}

impl Setting {
    /// A fresh one on the run's servers; the clock stands at 2026-03-02T09:00:00Z, a Monday.
    pub async fn new<S: Service>() -> Self {
        Self::with::<S>(Database::new::<S>().await, of_run("BATON_TEST_NATS_URL"))
    }

    /// One on that database and that NATS.
    pub fn with<S: Service>(database: Database, nats_url: String) -> Self {
        let monday: Timestamp = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let prefix = format!("t{}", request_id().replace('-', "").chars().skip(4).take(24).collect::<String>());
        Self { database, clock: TestClock::at(monday), nats_url, prefix }
    }

    /// The configuration of a service in this setting.
    pub fn config<S: Service>(&self, service: S::Config) -> Config<S::Config> {
        let mut config = Config { service, ..Default::default() };
        config.database.url = Secret::from(self.database.url());
        config.database.owner_url = Secret::from(self.database.owner_url());
        config.database.max_connections = 8;
        config.nats.url.clone_from(&self.nats_url);
        config.nats.prefix.clone_from(&self.prefix);
        config.nats.max_age_hours = 0;
        config.grpc.reflection = true;
        config.grpc.drain_seconds = 2;
        config.auth.jwks_file = jwks_file();
        config
    }

    /// Starts a service in this setting; started twice, there are two replicas.
    pub async fn serve<S: Service>(&self, service: S::Config) -> Served {
        self.serve_as::<S>(self.config::<S>(service)).await
    }

    /// Starts a service with that configuration.
    pub async fn serve_as<S: Service>(&self, config: Config<S::Config>) -> Served {
        let running =
            Running::start::<S>(config, Clock::Test(self.clock.clone()), None).await.expect("the service starts");
        Served { stream: format!("{}_{}", self.prefix, domain::<S>()).to_uppercase(), setting: self.clone(), running }
    }

    /// The issuer that services of this test binary trust.
    pub fn issuer(&self) -> &'static Issuer {
        &ISSUER.0
    }
}

/// A service that runs.
#[derive(Debug)]
pub struct Served {
    /// Where it runs.
    pub setting: Setting,
    /// The service.
    pub running: Running,
    stream: String,
}

impl Served {
    /// Starts a service in a fresh setting.
    pub async fn start<S: Service>(service: S::Config) -> Self {
        Setting::new::<S>().await.serve::<S>(service).await
    }

    /// A caller with that person's token.
    pub fn caller(&self, who: People) -> Caller {
        who.bearer(self.setting.issuer()).calling(self.running.grpc())
    }

    /// A caller with whatever it sends.
    pub fn caller_with(&self, bearer: Bearer) -> Caller {
        bearer.calling(self.running.grpc())
    }

    /// The URL of its gRPC face.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.grpc())
    }

    /// The name of its stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Waits until every committed fact is in the stream, and returns the stream's messages.
    pub async fn settle(&self) -> Vec<Fact> {
        let expected = self.facts().await;
        eventually("every fact is in the stream", async || {
            let facts = read_stream(&self.setting.nats_url, &self.stream).await?;
            (i64::try_from(facts.len()).ok()? >= expected).then_some(facts)
        })
        .await
    }

    /// How many facts the event log holds.
    pub async fn facts(&self) -> i64 {
        let mut connection = self.setting.database.connect().await;
        let count = sqlx::query_scalar("SELECT count(*) FROM event_log").fetch_one(&mut connection).await;
        connection.close().await.expect("the connection closes");
        count.expect("the log is counted")
    }

    /// Stops it as SIGTERM would.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// The keys that services of this test binary trust.
pub fn jwks_file() -> PathBuf {
    ISSUER.1.path().join("jwks.json")
}

fn domain<S: Service>() -> &'static str {
    S::IDENTITY.package.split('.').nth(1).expect("a package is baton.<domain>.<version>")
}
