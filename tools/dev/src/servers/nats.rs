//! A NATS server with JetStream, on the configuration that is shipped.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{Access, Launch, Options, Process, free_port, own_folder};
use crate::databases::SCHEMAS;
use crate::error::OrSay as _;
use crate::tether::{self, Tether};
use crate::{Error, Result, binaries, progress, random, wait};

/// The user of consumers outside: it reads every stream and changes none.
pub const READER: &str = "reader";

const SERVER: &str = include_str!("../../../../deploy/nats/nats-server.conf");
const USERS: &str = include_str!("../../../../deploy/nats/users.conf");
const START_BOUND: Duration = Duration::from_secs(30);
const STOP_GRACE: Duration = Duration::from_secs(10);
/// A start fails at once when the port was taken meanwhile.
const STARTS: u32 = 5;

/// A running server, or one that was stopped or killed and can be started again with its data and port.
#[derive(Debug)]
pub struct Nats {
    tether: Tether,
    options: Options,
    program: PathBuf,
    /// By user; empty where everybody is let in.
    passwords: BTreeMap<&'static str, String>,
    port: u16,
    process: Option<Process>,
}

impl Nats {
    /// Starts a server of our own (never one that the environment names); returns when it answers.
    pub fn start(tether: &Tether, options: &Options, access: Access) -> Result<Self> {
        Self::start_with(tether, options, access, "")
    }

    /// The same, with more to its configuration than what is shipped; files that it names are looked for in the server's folder.
    pub fn start_with(tether: &Tether, options: &Options, access: Access, more: &str) -> Result<Self> {
        let program = binaries::nats()?.path;
        let step = progress::step("starting NATS");
        own_folder(&options.folder)?;
        let (users, names) = match access {
            Access::Open => ("", vec![]),
            Access::Users => (USERS, [&SCHEMAS[..], &[READER]].concat()),
        };
        for (file, text) in [("nats-server.conf", SERVER), ("users.conf", &format!("{users}\n{more}"))] {
            std::fs::write(options.folder.join(file), text)
                .or_say("writing the configuration of NATS", "look whether the disk is full and the folder writable")?;
        }
        let passwords = names.into_iter().map(|name| (name, hex::encode(random::bytes::<16>()))).collect();
        let (tether, options) = (tether.clone(), options.clone());
        let mut server = Self { tether, options, program, passwords, port: 0, process: None };
        server.run(free_port)?;
        step.done(format_args!("NATS runs on port {}", server.port));
        Ok(server)
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its address for consumers outside, with the reader's name and password where they are asked for.
    pub fn url(&self) -> String {
        let reader = self.password(READER).map(|password| format!("{READER}:{password}@")).unwrap_or_default();
        format!("nats://{reader}127.0.0.1:{}", self.port)
    }

    /// The password of a user; `None` where everybody is let in.
    pub fn password(&self, user: &str) -> Option<&str> {
        self.passwords.get(user).map(String::as_str)
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Signal::SIGTERM, STOP_GRACE);
        }
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts a stopped or killed server again, with the same data on the same port; does nothing while it runs.
    pub fn start_again(&mut self) -> Result<()> {
        let port = self.port;
        if self.process.is_some() { Ok(()) } else { self.run(|| Ok(port)) }
    }

    /// Stops it and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        self.start_again()
    }

    /// Its last words, if it has ended by itself.
    pub fn casualty(&mut self) -> Option<String> {
        self.process.as_mut().and_then(Process::casualty)
    }

    fn run(&mut self, mut port: impl FnMut() -> Result<u16>) -> Result<()> {
        for _ in 0..STARTS {
            self.port = port()?;
            let mut process = Process::start(&self.tether, self.launch()?)?;
            let ready = wait::until(START_BOUND, || match process.ended() {
                Some(_) => Some(false),
                None => self.answers().then_some(true),
            });
            self.process = Some(process);
            if ready == Some(true) {
                return Ok(());
            }
        }
        let words = self.process.take().map(|process| process.last_words()).unwrap_or_default();
        Err(Error::new(format_args!("NATS does not start:\n{words}"), "look at what it says above"))
    }

    fn launch(&self) -> Result<Launch> {
        let folder = &self.options.folder;
        let port = self.port.to_string();
        // The server reads these values by the rules of its configuration: quoted, any text is one word.
        let quoted = |text: &str| format!("{text:?}");
        let mut environment = vec![("BATON_NATS_STORE_DIR".to_owned(), quoted(&folder.join("data").to_string_lossy()))];
        for (user, password) in &self.passwords {
            environment.push((format!("BATON_NATS_{}_PASSWORD", user.to_uppercase()), quoted(password)));
        }
        Ok(Launch {
            name: "nats-server".to_owned(),
            program: self.program.clone(),
            arguments: ["-c", "nats-server.conf", "-a", "127.0.0.1", "-p", &port].map(Into::into).to_vec(),
            environment,
            forgotten: Vec::new(),
            folder: folder.clone(),
            log: folder.join("nats-server.log"),
            when_orphaned: Signal::SIGKILL,
            user: tether::unprivileged_user()?,
        })
    }

    /// Whether it greets a client and offers JetStream.
    fn answers(&self) -> bool {
        let bound = Duration::from_secs(2);
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let ask = || -> std::io::Result<String> {
            let stream = TcpStream::connect_timeout(&address, bound)?;
            stream.set_read_timeout(Some(bound))?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line)?;
            Ok(line)
        };
        ask().is_ok_and(|line| line.starts_with("INFO ") && line.contains("\"jetstream\":true"))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.stop();
    }
}
