//! Where the project is, and how programs are run in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use dev::error::OrSay as _;
use dev::tether::{self, Tether};
use dev::{Error, Result, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::signals::Signals;

/// The checkout that the launcher was called in.
pub(crate) struct Project {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Starts children that end with the launcher.
    pub(crate) tether: Tether,
    /// Whether the launcher is to end.
    pub(crate) signals: Signals,
}

impl Project {
    /// Looks upwards from the current folder.
    pub(crate) fn find() -> Result<Self> {
        let remedy = "call it inside of the project, as: cargo dev";
        let here = std::env::current_dir().or_say("looking for the project", remedy)?;
        let root = here.ancestors().find(|folder| folder.join("tools/dev/Cargo.toml").exists());
        let root = root.ok_or_else(|| Error::new("this is not inside of the project", remedy))?.to_owned();
        let launcher = std::env::current_exe().or_say("looking for the launcher itself", remedy)?;
        Ok(Self { root, tether: Tether::new(launcher), signals: Signals::catch()? })
    }

    /// A program at the root that ends with the launcher.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.tether.command(Path::new(program.as_ref()), Signal::SIGTERM, None);
        command.current_dir(&self.root);
        command
    }

    /// A `cargo` at the root, without what the `cargo` that started us left in the environment: build scripts that look
    /// at it would run again each time.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let left = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_"];
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| left.iter().any(|prefix| name.starts_with(prefix))) {
                cargo.env_remove(name);
            }
        }
        cargo
    }

    /// Runs a command to its end; a signal that reached only the launcher is handed on.
    pub(crate) fn run(&self, command: Command) -> Result<ExitStatus> {
        let remedy = "look whether the program is installed";
        let mut child = tether::spawn(command).or_say("starting a program", remedy)?;
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a process id is a positive i32"));
        let mut told = false;
        let ended = wait::forever(|| {
            if self.signals.caught() && !told {
                told = true;
                let _ = kill(pid, Signal::SIGTERM);
            }
            child.try_wait().transpose()
        });
        let status = ended.or_say("waiting for a program", remedy)?;
        if self.signals.caught() { Err(interrupted()) } else { Ok(status) }
    }

    /// Where cargo builds; it may lie outside of the checkout.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        let remedy = "look what `cargo metadata --no-deps` says";
        let output = self.cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output();
        let output = output.or_say("asking cargo for its target folder", remedy)?;
        if !output.status.success() {
            return Err(Error::new(String::from_utf8_lossy(&output.stderr).trim(), remedy));
        }
        let metadata: serde_json::Value =
            serde_json::from_slice(&output.stdout).or_say("reading cargo's answer", remedy)?;
        let target = metadata["target_directory"].as_str();
        target.map(PathBuf::from).ok_or_else(|| Error::new("cargo names no target folder", remedy))
    }
}

/// Somebody asked the launcher to end before it was done.
pub(crate) fn interrupted() -> Error {
    Error::new("interrupted, and everything is stopped", "run it again")
}
