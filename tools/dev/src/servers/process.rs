//! A child process with a log file, tethered to this process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::OrSay as _;
use crate::tether::{self, Tether};
use crate::{Result, wait};

const LAST_LINES: usize = 15;

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// For people.
    pub name: String,
    /// Path of the program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Added to this process's environment.
    pub environment: Vec<(String, String)>,
    /// Left out of this process's environment.
    pub forgotten: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Gets all it says; begun anew with each start.
    pub log: PathBuf,
    /// What it gets when this process ends without stopping it.
    pub when_orphaned: Signal,
    /// The user to become; `None`: stay.
    pub user: Option<&'static str>,
}

/// A started program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    launch: Launch,
    child: Child,
}

impl Process {
    /// Starts it, in a process group of its own: Ctrl-C reaches the launcher, which stops its children in order.
    pub fn start(tether: &Tether, launch: Launch) -> Result<Self> {
        let remedy = "look whether the folder is there and writable";
        let what = format!("starting {}", launch.name);
        let log = File::create(&launch.log).or_say(&what, remedy)?;
        let mut command = tether.command(&launch.program, launch.when_orphaned, launch.user);
        for name in &launch.forgotten {
            command.env_remove(name);
        }
        command.args(&launch.arguments).envs(launch.environment.iter().cloned()).current_dir(&launch.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone().or_say(&what, remedy)?).stderr(log).process_group(0);
        let child = tether::spawn(command).or_say(&what, remedy)?;
        Ok(Self { launch, child })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits at most `bound` for its end.
    pub fn wait(&mut self, bound: Duration) -> Option<ExitStatus> {
        wait::until(bound, || self.ended())
    }

    /// Its name, how it ended and its last words, if it has ended.
    pub fn casualty(&mut self) -> Option<String> {
        let status = self.ended()?;
        Some(format!(
            "{} ended ({status}). The end of {}:\n{}",
            self.launch.name,
            self.launch.log.display(),
            self.last_words()
        ))
    }

    /// The last lines of its log.
    pub fn last_words(&self) -> String {
        let text = fs::read(&self.launch.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        format!("  | {}", last.join("\n  | "))
    }

    /// Asks it to end with `signal`, and after `grace` makes it. True when it ended by itself.
    pub fn stop(&mut self, signal: Signal, grace: Duration) -> bool {
        self.signal(signal);
        let gone = self.wait(grace).is_some();
        if !gone {
            self.kill();
        }
        gone
    }

    /// Ends it at once, as kill -9 does, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Sends a signal, if it still runs.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let pid = i32::try_from(self.child.id()).expect("a process id is a positive i32");
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
