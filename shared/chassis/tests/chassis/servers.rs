//! Servers of a test's own, to be stopped, killed and wiped; locks by which a test holds transactions; probes by HTTP.

use std::{net::SocketAddr, path::Path};

use sqlx::{Connection, PgConnection};
use testkit::{Access, Database, Nats, Options, Postgres, Scratch, Setting, Tether, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::probe::{Probe, aggregate};

/// A NATS of a test's own.
pub(crate) struct Broker {
    pub(crate) nats: Nats,
    scratch: Scratch,
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self::start_with("", &[])
    }

    /// One with more to its configuration, and copies of the files that this names.
    pub(crate) fn start_with(more: &str, files: &[(&str, &Path)]) -> Self {
        let (tether, scratch) = (Tether::from_env().expect("cargo dev test"), Scratch::new().expect("a folder"));
        let options = Options { folder: scratch.path().join("nats"), durable: false };
        std::fs::create_dir(&options.folder).expect("its folder is made");
        for (name, file) in files {
            std::fs::copy(file, options.folder.join(name)).expect("the file is copied");
        }
        Self { nats: Nats::start_with(&tether, &options, Access::Open, more).expect("NATS starts"), scratch }
    }

    /// A setting with this broker.
    pub(crate) async fn setting(&self) -> Setting {
        Setting::with::<Probe>(Database::new::<Probe>().await, self.nats.url())
    }

    /// What it has written into its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("nats/nats-server.log")).expect("it writes a log")
    }

    /// Ends it, deletes all that it knew, and starts it again.
    pub(crate) fn wipe(&mut self) {
        self.nats.stop();
        std::fs::remove_dir_all(self.scratch.path().join("nats/data")).expect("its data is deleted");
        self.nats.start_again().expect("NATS starts again");
    }
}

/// A PostgreSQL of a test's own.
pub(crate) struct Store {
    pub(crate) postgres: Postgres,
    _scratch: Scratch,
}

impl Store {
    pub(crate) fn start() -> Self {
        let (tether, scratch) = (Tether::from_env().expect("cargo dev test"), Scratch::new().expect("a folder"));
        let options = Options { folder: scratch.path().join("postgres"), durable: false };
        Self { postgres: Postgres::start(&tether, &options).expect("PostgreSQL starts"), _scratch: scratch }
    }
}

/// A way to the run's PostgreSQL that can fall silent: bytes are taken and never delivered, as when a network is cut.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    cut: watch::Sender<u64>,
}

impl Wire {
    pub(crate) async fn to(host: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has one");
        let (cut, _) = watch::channel(0);
        let cuts = cut.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (host, mut cuts) = (host.clone(), cuts.subscribe());
                tokio::spawn(async move {
                    let is_whole = *cuts.borrow_and_update() % 2 == 0;
                    if is_whole {
                        let mut far = TcpStream::connect(host).await.expect("PostgreSQL listens");
                        tokio::select! {
                            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
                            _ = cuts.changed() => {}
                        }
                    }
                    // Open, and silent for ever.
                    std::future::pending::<()>().await;
                    drop(near);
                });
            }
        });
        Self { address, cut }
    }

    /// Whatever is connected is dead from here on, and whoever connects hears nothing.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// New connections work again; the dead stay dead.
    pub(crate) fn mend(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}

/// A lock that a test holds, so that transactions of the service wait where the test wants them.
pub(crate) struct Hold(PgConnection);

impl Hold {
    /// Whoever works on that counter waits, in the middle of its transaction.
    pub(crate) async fn counter(database: &Database, counter: &str) -> Self {
        Self::named(database, &aggregate(counter)).await
    }

    /// Whoever commits a fact named `held` waits, its fact written and its commit begun; needs [`slow_commits`].
    pub(crate) async fn commits(database: &Database) -> Self {
        Self::named(database, "commits").await
    }

    async fn named(database: &Database, name: &str) -> Self {
        let mut connection = database.connect_as_owner().await;
        sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
            .bind(name)
            .execute(&mut connection)
            .await
            .expect("the lock is given");
        Self(connection)
    }

    /// Returns when so many transactions wait.
    pub(crate) async fn until_waiting(&mut self, transactions: i64) {
        const WAITING: &str = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                               WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";
        eventually("the transactions wait", async || {
            let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut self.0).await.expect("locks are listed");
            (waiting == transactions).then_some(())
        })
        .await;
    }

    pub(crate) async fn release(self) {
        self.0.close().await.expect("the connection closes");
    }
}

/// From here on a fact's name decides what its commit does: `lingering` takes its time, `doomed` takes its time and fails,
/// `held` waits for [`Hold::commits`].
pub(crate) async fn slow_commits(database: &Database) {
    const TRIGGER: &str = "
        CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.type LIKE '%.held' THEN
                PERFORM pg_advisory_xact_lock_shared(hashtextextended('commits', 0));
            ELSE
                PERFORM pg_sleep(random() * 0.03);
            END IF;
            IF NEW.type LIKE '%.doomed' THEN
                RAISE EXCEPTION 'doomed';
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON event_log DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.type ~ '(held|lingering|doomed)$') EXECUTE FUNCTION slow_commit()";
    let mut owner = database.connect_as_owner().await;
    sqlx::raw_sql(TRIGGER).execute(&mut owner).await.expect("the trigger is made");
    owner.close().await.expect("the connection closes");
}

/// The HTTP status of a probe; None where nobody answers.
pub(crate) async fn probe(address: SocketAddr, path: &str) -> Option<u16> {
    probed(address, path).await.map(|(status, _)| status)
}

/// The same, and what it says.
pub(crate) async fn probed(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.trim().to_owned()))
}
