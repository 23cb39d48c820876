//! An SMTP server that keeps the letters it takes in a folder, for tests and for looking at them.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{Launch, Process, free_port};
use crate::error::OrSay as _;
use crate::tether::Tether;
use crate::{Error, Result, binaries, wait};

const START_BOUND: Duration = Duration::from_secs(30);

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Mail {
    tether: Tether,
    launch: Launch,
    port: u16,
    folder: PathBuf,
    process: Option<Process>,
}

impl Mail {
    /// Starts one below a folder; returns when it answers.
    pub fn start(tether: &Tether, folder: &Path) -> Result<Self> {
        let library = binaries::mail()?;
        std::fs::create_dir_all(folder).or_say("making a folder for letters", "look whether the disk is full")?;
        let port = free_port()?;
        let letters = folder.join("letters");
        let address = format!("127.0.0.1:{port}");
        let arguments = ["-m", "aiosmtpd", "-n", "-l", &address, "-c", "aiosmtpd.handlers.Mailbox"];
        let launch = Launch {
            name: "the SMTP server".to_owned(),
            program: "python3".into(),
            arguments: arguments.map(Into::into).into_iter().chain([letters.clone().into()]).collect(),
            environment: vec![("PYTHONPATH".to_owned(), library.display().to_string())],
            forgotten: vec![],
            folder: folder.to_owned(),
            log: folder.join("smtp.log"),
            when_orphaned: Signal::SIGKILL,
            user: None,
        };
        let mut server = Self { tether: tether.clone(), launch, port, folder: letters, process: None };
        server.start_again()?;
        Ok(server)
    }

    /// Its address, as the notifier is told it.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Where it keeps letters, a Maildir.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The letters that it has taken, as they came.
    pub fn letters(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.join("new")).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        files.sort();
        files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect()
    }

    /// Ends it as a crash does; the letters stay.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port; does nothing while it runs.
    pub fn start_again(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut process = Process::start(&self.tether, self.launch.clone())?;
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let answers = wait::until(START_BOUND, || match process.casualty() {
            Some(casualty) => Some(Err(Error::new(casualty, "look at what it says above"))),
            None => TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok().map(|_| Ok(())),
        });
        answers.unwrap_or_else(|| Err(Error::new("the SMTP server does not answer", "look at its log")))?;
        self.process = Some(process);
        Ok(())
    }
}
