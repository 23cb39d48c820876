//! Children that end with their parent, however it ends: kill -9 of the launcher leaves no orphan.
//!
//! Linux offers this (`PR_SET_PDEATHSIG`), but only to a process about itself, and forgets it when the user changes.
//! So a child starts as `dev tether`, which drops its rights, asks for the signal, looks whether its parent is still
//! there, and becomes the program it was told to run. All of that without a line of unsafe code. Elsewhere (macOS) a
//! watcher sends the signal.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{OnceLock, mpsc};

use nix::sys::signal::Signal;
use nix::unistd::{Pid, User, geteuid, getppid};

use crate::error::OrSay as _;
use crate::{Error, Result, watch};

/// Names the launcher's program to tests, which cannot tether anything themselves.
pub const LAUNCHER_ENV: &str = "BATON_DEV_BIN";

/// Starts programs that end with this process.
#[derive(Debug, Clone)]
pub struct Tether {
    launcher: PathBuf,
}

impl Tether {
    /// `launcher` is the program `dev`.
    pub fn new(launcher: PathBuf) -> Self {
        Self { launcher }
    }

    /// In a test: the launcher that runs it.
    pub fn from_env() -> Result<Self> {
        std::env::var_os(LAUNCHER_ENV)
            .map(|launcher| Self::new(launcher.into()))
            .ok_or_else(|| Error::new(format_args!("{LAUNCHER_ENV} is not set"), "run: cargo dev test"))
    }

    /// The program `dev`.
    pub fn launcher(&self) -> &Path {
        &self.launcher
    }

    /// A command that runs `program` (arguments may follow) tethered; start it with [`spawn`].
    pub fn command(&self, program: &Path, when_orphaned: Signal, user: Option<&str>) -> Command {
        let mut command = Command::new(&self.launcher);
        command.args(["tether", "--parent", &std::process::id().to_string(), "--signal", when_orphaned.as_str()]);
        command.args(user.map(|user| ["--user", user]).into_iter().flatten());
        command.arg("--").arg(program);
        command
    }
}

/// Starts a command from a thread that lives as long as the process: the kernel takes the end of the thread that
/// started a child for the end of its parent.
///
/// # Panics
/// Never: the thread outlives every caller.
pub fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer)).expect("the spawner lives as long as the process");
    child.recv().expect("the spawner answers every order")
}

/// The user that servers run as: they refuse to run as root. `None` when this process is not root.
pub fn unprivileged_user() -> Result<Option<&'static str>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    ["postgres", "nobody"].into_iter().find(|name| matches!(User::from_name(name), Ok(Some(_)))).map(Some).ok_or_else(
        || {
            Error::new(
                "there is neither a user postgres nor a user nobody to run servers as",
                "add one: useradd --system postgres",
            )
        },
    )
}

/// What `dev tether` is told.
#[derive(Debug, clap::Args)]
pub struct Hold {
    /// Process that has to be the parent (default: whoever started this)
    #[arg(long)]
    parent: Option<i32>,
    /// Signal that the program gets when its parent ends
    #[arg(long, default_value = "SIGKILL")]
    signal: Signal,
    /// User to become first
    #[arg(long)]
    user: Option<String>,
    /// Leave the signal to a watcher, as where the kernel has none
    #[arg(long)]
    watched: bool,
    /// Program and its arguments
    #[arg(trailing_var_arg = true, required = true)]
    program: Vec<OsString>,
}

impl Hold {
    /// Becomes the program; returns only when that fails.
    pub fn run(self) -> Result<()> {
        let remedy = "this command is the launcher's own; use cargo dev --help";
        let parent = self.parent.map_or_else(getppid, Pid::from_raw);
        let (program, arguments) = self.program.split_first().expect("clap requires a program");
        let mut command = Command::new(program);
        command.args(arguments);
        let is_watched = self.watched || !cfg!(target_os = "linux");
        if is_watched {
            watch::start(parent, self.signal)?;
        }
        if let Some(name) = &self.user {
            let remedy = "run as that user, or as root";
            let user = User::from_name(name).or_say(format_args!("looking up user {name}"), remedy)?;
            let user = user.ok_or_else(|| Error::new(format_args!("there is no user {name}"), remedy))?;
            system::become_user(&user, &mut command).or_say(format_args!("becoming user {name}"), remedy)?;
        }
        if !is_watched {
            system::end_with_parent(self.signal).or_say("tethering to the parent", remedy)?;
        }
        if getppid() != parent {
            return Err(Error::new("the parent has ended", remedy));
        }
        Err::<(), _>(command.exec()).or_say(
            format_args!("starting {}", program.display()),
            "look whether it is there, and reachable for the user that servers run as",
        )
    }
}

#[cfg(target_os = "linux")]
mod system {
    //! What Linux offers.

    use std::ffi::CString;
    use std::process::Command;

    use nix::errno::Errno;
    use nix::sys::{prctl::set_pdeathsig, signal::Signal};
    use nix::unistd::{User, initgroups, setgid, setuid};

    /// At once: the kernel forgets the signal when the user changes.
    pub(super) fn become_user(user: &User, _command: &mut Command) -> nix::Result<()> {
        let login = CString::new(user.name.as_str()).map_err(|_| Errno::EINVAL)?;
        initgroups(&login, user.gid).and_then(|()| setgid(user.gid)).and_then(|()| setuid(user.uid))
    }

    pub(super) fn end_with_parent(signal: Signal) -> nix::Result<()> {
        set_pdeathsig(signal)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    //! What every Unix offers.

    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use nix::errno::Errno;
    use nix::sys::signal::Signal;
    use nix::unistd::User;

    /// When the command is run.
    pub(super) fn become_user(user: &User, command: &mut Command) -> nix::Result<()> {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        Ok(())
    }

    pub(super) fn end_with_parent(_signal: Signal) -> nix::Result<()> {
        Err(Errno::ENOTSUP)
    }
}
