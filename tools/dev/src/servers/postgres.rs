//! A PostgreSQL server with a data folder of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{Launch, Options, Process, free_port, own_folder};
use crate::binaries::{self, Found};
use crate::tether::{self, Tether};
use crate::{Error, Result, progress, wait};

const INITDB_BOUND: Duration = Duration::from_mins(2);
/// Recovery after a kill is part of a start.
const START_BOUND: Duration = Duration::from_mins(1);
const STOP_GRACE: Duration = Duration::from_secs(10);
/// A start fails at once when the port was taken meanwhile, or the processes of a killed server are not all gone.
const STARTS: u32 = 20;

/// A running server, or one that was stopped or killed and can be started again with its data and port.
#[derive(Debug)]
pub struct Postgres {
    tether: Tether,
    options: Options,
    program: Found,
    port: u16,
    process: Option<Process>,
}

impl Postgres {
    /// Starts a server of our own (never one that the environment names); returns when it answers.
    pub fn start(tether: &Tether, options: &Options) -> Result<Self> {
        let program = binaries::postgres()?;
        let step = progress::step("starting PostgreSQL");
        own_folder(&options.folder)?;
        let mut server = Self { tether: tether.clone(), options: options.clone(), program, port: 0, process: None };
        server.initialise()?;
        server.run(free_port)?;
        step.done(format_args!("PostgreSQL {} runs on port {}", server.program.major, server.port));
        Ok(server)
    }

    /// Starts a server that follows another one and takes reads: its read replica.
    pub fn standby_of(primary: &Self, options: &Options) -> Result<Self> {
        let (tether, program) = (primary.tether.clone(), primary.program.clone());
        own_folder(&options.folder)?;
        let mut server = Self { tether, options: options.clone(), program, port: 0, process: None };
        let source = format!("host=127.0.0.1 port={} user=postgres", primary.port);
        let copy = ["-D", "data", "-R", "-X", "stream", "--checkpoint=fast", "--no-sync", "-d", &source];
        let mut copying = server.launch("pg_basebackup", Signal::SIGKILL, &copy)?;
        if !copying.wait(INITDB_BOUND).is_some_and(|status| status.success()) {
            let what = format!("pg_basebackup failed:\n{}", copying.last_words());
            return Err(Error::new(what, "look at what it says above"));
        }
        server.run(free_port)?;
        Ok(server)
    }

    /// URL of the superuser, in the database `postgres`. No password: the server trusts this machine.
    pub fn superuser_url(&self) -> String {
        self.url("postgres", "postgres")
    }

    /// URL of a role in a database.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops it; open transactions are rolled back, what is committed is on disk.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(Signal::SIGINT, STOP_GRACE);
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

    fn initialise(&self) -> Result<()> {
        let data = self.options.folder.join("data");
        if let Ok(version) = std::fs::read_to_string(data.join("PG_VERSION")) {
            return if version.trim() == self.program.major.to_string() {
                Ok(())
            } else {
                let what = format!(
                    "the data in {} is of PostgreSQL {}, the server is {}",
                    data.display(),
                    version.trim(),
                    self.program.major
                );
                Err(Error::new(what, "delete the data: cargo dev down --wipe"))
            };
        }
        let mut arguments =
            vec!["-D", "data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions"];
        let builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
        let older =
            if cfg!(target_os = "macos") { &["--locale=C", "--lc-ctype=UTF-8"][..] } else { &["--locale=C.UTF-8"] };
        arguments.extend(if self.program.major >= 17 { &builtin[..] } else { older });
        arguments.extend((!self.options.durable).then_some("--no-sync"));
        let mut initdb = self.launch("initdb", Signal::SIGKILL, &arguments)?;
        match initdb.wait(INITDB_BOUND) {
            Some(status) if status.success() => Ok(()),
            _ => {
                // Half a data folder would be taken for a whole one by the next start.
                let _ = std::fs::remove_dir_all(&data);
                Err(Error::new(
                    format_args!("initdb failed:\n{}", initdb.last_words()),
                    "look at what it says above; a full disk is the usual cause",
                ))
            }
        }
    }

    fn run(&mut self, mut port: impl FnMut() -> Result<u16>) -> Result<()> {
        for _ in 0..STARTS {
            self.port = port()?;
            let mut process = self.launch("postgres", Signal::SIGQUIT, &self.arguments())?;
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
        Err(Error::new(format_args!("PostgreSQL does not start:\n{words}"), "look at what it says above"))
    }

    fn arguments(&self) -> Vec<String> {
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            // Socket paths have a length limit that a deep folder would break.
            "unix_socket_directories=".to_owned(),
            "max_connections=400".to_owned(),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
        ];
        if !self.options.durable {
            // Commits still reach the operating system before they are answered: a killed server loses none.
            settings.extend(["fsync=off", "full_page_writes=off"].map(str::to_owned));
        }
        let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
        ["-D".to_owned(), "data".to_owned()].into_iter().chain(settings).collect()
    }

    fn launch<A: AsRef<str>>(&self, program: &str, when_orphaned: Signal, arguments: &[A]) -> Result<Process> {
        let launch = Launch {
            name: program.to_owned(),
            program: self.program.path.with_file_name(program),
            arguments: arguments.iter().map(|argument| argument.as_ref().into()).collect(),
            environment: Vec::new(),
            forgotten: Vec::new(),
            folder: self.options.folder.clone(),
            log: self.options.folder.join(format!("{program}.log")),
            when_orphaned,
            user: tether::unprivileged_user()?,
        };
        Process::start(&self.tether, launch)
    }

    /// Whether it lets a session in: it accepts connections long before, and answers them with "starting up".
    fn answers(&self) -> bool {
        const HELLO: &[u8] = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
        const GOODBYE: &[u8] = b"X\0\0\0\x04";
        let bound = Duration::from_secs(2);
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let ask = || -> std::io::Result<u8> {
            let mut stream = TcpStream::connect_timeout(&address, bound)?;
            stream.set_read_timeout(Some(bound))?;
            let length = u32::try_from(HELLO.len() + 4).expect("the packet is short");
            stream.write_all(&[&length.to_be_bytes(), HELLO].concat())?;
            let mut kind = [0];
            stream.read_exact(&mut kind)?;
            stream.write_all(GOODBYE)?;
            Ok(kind[0])
        };
        matches!(ask(), Ok(b'R'))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}
