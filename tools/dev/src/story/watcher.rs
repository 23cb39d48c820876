//! Somebody who watches in another terminal while the story goes on.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dev::error::OrSay as _;
use dev::{Error, Result, tether, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::teller::REMEDY;

/// A change reaches a watcher in far less than a second; a busy machine is slower.
const BOUND: Duration = Duration::from_secs(30);

/// A running `baton watch`; killed when dropped.
pub(super) struct Watcher {
    child: Child,
    stdout: Heard,
    stderr: Heard,
}

/// What a stream has said so far.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Watcher {
    /// Starts it; returns once it has said on the side that it is ready, in these words.
    pub(super) fn start(mut command: Command, ready: &[&str]) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = tether::spawn(command).or_say("starting baton", "look whether the machine is out of memory")?;
        let (stdout, stderr) = (Heard::of(child.stdout.take()), Heard::of(child.stderr.take()));
        let watcher = Self { child, stdout, stderr };
        watcher.hear(&watcher.stderr, ready)?;
        Ok(watcher)
    }

    /// Ends it as Ctrl-C does, once it has said all of this; what it said.
    pub(super) fn end(mut self, words: &[&str]) -> Result<String> {
        self.hear(&self.stdout, words)?;
        let id = i32::try_from(self.child.id()).expect("a process id is a positive i32");
        kill(Pid::from_raw(id), Signal::SIGINT).or_say("ending baton", REMEDY)?;
        let ended = wait::until(BOUND, || self.child.try_wait().ok().flatten());
        match ended {
            Some(status) if status.success() => Ok(self.stdout.text()),
            _ => Err(Error::new(format_args!("the watch did not end well: {}", self.stderr.text()), REMEDY)),
        }
    }

    /// Waits until it has ended by itself; what it said.
    pub(super) fn finish(mut self) -> Result<String> {
        match wait::until(BOUND, || self.child.try_wait().ok().flatten()) {
            Some(status) if status.success() => Ok(self.stdout.text()),
            _ => Err(Error::new(format_args!("it did not end well: {}", self.stderr.text()), REMEDY)),
        }
    }

    fn hear(&self, heard: &Heard, words: &[&str]) -> Result<()> {
        let all = wait::until(BOUND, || words.iter().all(|words| heard.text().contains(words)).then_some(()));
        all.ok_or_else(|| {
            let (stdout, stderr) = (self.stdout.text(), self.stderr.text());
            Error::new(format_args!("the watch does not say all of {words:?}, but:\n{stdout}{stderr}"), REMEDY)
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Heard {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let heard = Self::default();
        let into = heard.clone();
        std::thread::spawn(move || {
            let (mut stream, mut buffer) = (stream?, [0; 4096]);
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                into.0.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..read]);
            }
            Some(())
        });
        heard
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
