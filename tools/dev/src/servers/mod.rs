//! Real servers on free ports of this machine, each with a folder of its own.

mod mail;
mod nats;
mod postgres;
mod process;

use std::net::TcpListener;
use std::path::{Path, PathBuf};

pub use mail::Mail;
pub use nats::{Nats, READER};
pub use postgres::Postgres;
pub use process::{Launch, Process};

use crate::error::OrSay as _;
use crate::tether::{self, Tether};
use crate::{Result, binaries, progress};

/// Where and how a server runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder for data, configuration and log; made when missing. Data found there is used again.
    pub folder: PathBuf,
    /// Survives a power cut too, not only a kill. Tests do without: they are faster.
    pub durable: bool,
}

/// Who may use a NATS server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, everything: for tests, each of which has a subject prefix of its own.
    Open,
    /// The shipped users, for the subject prefix `baton`.
    Users,
}

/// The two servers of a run: its own, or those that the environment names, which are used as they are.
#[derive(Debug)]
pub struct Servers {
    /// URL of a superuser.
    pub postgres_url: String,
    /// Address of a NATS with JetStream.
    pub nats_url: String,
    /// Ours, unless the environment names one.
    pub postgres: Option<Postgres>,
    /// Ours, unless the environment names one.
    pub nats: Option<Nats>,
}

impl Servers {
    /// Starts what the environment does not name, below `folder`.
    pub fn start(tether: &Tether, folder: &Path, durable: bool, access: Access) -> Result<Self> {
        let (postgres_url, postgres) = postgres(tether, folder, durable)?;
        let (nats_url, nats) = match std::env::var(binaries::NATS_ENV) {
            Ok(url) => (url, None),
            Err(_) => Nats::start(tether, &Options { folder: folder.join("nats"), durable }, access)
                .map(|server| (server.url(), Some(server)))?,
        };
        Ok(Self { postgres_url, nats_url, postgres, nats })
    }

    /// Address and password for a user of NATS; no password where everybody is let in, or where the address that the
    /// environment names says all.
    pub fn nats_login(&self, user: &str) -> (String, Option<String>) {
        match &self.nats {
            Some(server) => (server.address(), server.password(user).map(str::to_owned)),
            None => (self.nats_url.clone(), None),
        }
    }

    /// The name and last words of a server of ours that has ended by itself.
    pub fn casualty(&mut self) -> Option<String> {
        let postgres = self.postgres.as_mut().and_then(Postgres::casualty);
        postgres.or_else(|| self.nats.as_mut().and_then(Nats::casualty))
    }

    /// Stops both, in good order.
    pub fn stop(&mut self) {
        let step = progress::step("stopping the servers");
        self.nats.iter_mut().for_each(Nats::stop);
        self.postgres.iter_mut().for_each(Postgres::stop);
        step.done("the servers are stopped");
    }
}

/// URL of a superuser on a server of ours below `folder`, or on the one that the environment names.
pub fn postgres(tether: &Tether, folder: &Path, durable: bool) -> Result<(String, Option<Postgres>)> {
    match std::env::var(binaries::POSTGRES_ENV) {
        Ok(url) => Ok((url, None)),
        Err(_) => Postgres::start(tether, &Options { folder: folder.join("postgres"), durable })
            .map(|server| (server.superuser_url(), Some(server))),
    }
}

/// A port of 127.0.0.1 that nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .or_say("looking for a free port", "look whether the loopback network is up")
}

/// Makes a folder that the user who runs the servers owns.
fn own_folder(folder: &Path) -> Result<()> {
    let remedy = "look whether the disk is full and the folder writable";
    let what = format!("making {}", folder.display());
    std::fs::create_dir_all(folder).or_say(&what, remedy)?;
    if let Some(name) = tether::unprivileged_user()? {
        let user = nix::unistd::User::from_name(name).or_say(&what, remedy)?;
        let (uid, gid) = user.map(|user| (user.uid.as_raw(), user.gid.as_raw())).unzip();
        std::os::unix::fs::chown(folder, uid, gid).or_say(&what, remedy)?;
    }
    Ok(())
}
