//! Ends a program when its parent has ended, where the kernel has no signal for that: a process beside both looks at them.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::OrSay as _;
use crate::{Error, Result, wait};

const REMEDY: &str = "look whether the machine is out of memory or processes";

/// What `dev watch` is told.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// Process whose end is waited for
    #[arg(long)]
    parent: i32,
    /// Process that ends with it
    #[arg(long)]
    program: i32,
    /// Signal that the program gets
    #[arg(long)]
    signal: Signal,
}

impl Watch {
    /// Says that it looks, and returns when one of both has ended; the program then has its signal.
    pub fn run(self) -> Result<()> {
        let (parent, program) = (Pid::from_raw(self.parent), Pid::from_raw(self.program));
        let mut output = std::io::stdout();
        output.write_all(b".").and_then(|()| output.flush()).or_say("saying that the watch has begun", REMEDY)?;
        // Both are looked at: the number of a program that has ended may become another one's.
        wait::forever(|| (!is_there(parent) || !is_there(program)).then_some(()));
        let _ = kill(program, self.signal);
        Ok(())
    }
}

/// Starts a watcher for this process, whatever program it becomes; returns when it looks.
pub(crate) fn start(parent: Pid, signal: Signal) -> Result<()> {
    let what = "starting the watcher";
    let launcher = std::env::current_exe().or_say(what, REMEDY)?;
    // Started by a shell that ends at once, the watcher is no child of the program, which may not expect to have one; in a
    // group of its own, Ctrl-C does not reach it.
    let mut shell = Command::new("sh")
        .args(["-c", r#""$0" "$@" </dev/null &"#])
        .arg(launcher)
        .args(["watch", "--parent", &parent.to_string(), "--program", &std::process::id().to_string()])
        .args(["--signal", signal.as_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .or_say(what, REMEDY)?;
    let mut output = shell.stdout.take().ok_or_else(|| Error::new("the watcher has no output", REMEDY))?;
    output.read_exact(&mut [0]).or_say(what, REMEDY)?;
    shell.wait().or_say(what, REMEDY).map(drop)
}

/// Another user's process is there too, though it may not be touched.
fn is_there(process: Pid) -> bool {
    kill(process, None) != Err(Errno::ESRCH)
}
