//! Tells the story: chapters, who does what and why, the real command line, and whether it did what was expected.

use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use dev::error::OrSay as _;
use dev::{Error, Result, tether, wait};

use super::act::{Act, Outcome};
use super::layout::{INDENT, Paint, WIDTH, typed, wrap};
use super::watcher::Watcher;
use crate::project::{Project, interrupted};
use crate::stack::Stack;

/// A large import in a debug build is the longest that the story waits for.
const COMMAND_BOUND: Duration = Duration::from_mins(5);
/// What is about to begin has begun by then.
const DUE_BOUND: Duration = Duration::from_secs(30);
pub(super) const REMEDY: &str =
    "look at what it says above; where that is right, correct the story in tools/dev/src/story";

pub(super) struct Teller<'a> {
    project: &'a Project,
    baton: PathBuf,
    environment: Vec<(String, String)>,
    paint: Paint,
    chapters: usize,
    acts: usize,
}

impl<'a> Teller<'a> {
    pub(super) fn new(project: &'a Project, stack: &Stack) -> Self {
        let mut environment = stack.environment();
        environment.push(("COLUMNS".to_owned(), WIDTH.to_string()));
        let baton = stack.program("baton");
        Self { project, baton, environment, paint: Paint::of_stdout(), chapters: 0, acts: 0 }
    }

    /// Begins a chapter, with who does what and why.
    pub(super) fn chapter(&mut self, title: &str, text: &str) -> Result<()> {
        self.chapters += 1;
        print(&format!("\n{}", self.paint.heading(&format!("{}. {title}", self.chapters))))?;
        self.say(text)
    }

    /// Who does what, and why; a blank line before it parts it from the command above.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        print(&format!("\n{}\n", self.paint.narration(&wrap(text, 0).join("\n"))))
    }

    /// What follows from what was shown, or stands for it.
    pub(super) fn note(&mut self, text: &str) -> Result<()> {
        let lines = wrap(text, 0).into_iter().map(|line| format!("{INDENT}{}\n", self.paint.note(&line)));
        print(&lines.collect::<String>())
    }

    /// Runs a command, shows it with what came of it, and fails where that is not what was expected.
    pub(super) fn play(&mut self, act: &Act) -> Result<Outcome> {
        self.type_in(act)?;
        let outcome = self.perform(act)?;
        self.tell(act, outcome)
    }

    /// As [`Self::play`], of what can only be done at its time: does it again for as long as it is refused for this reason.
    pub(super) fn play_when_due(&mut self, act: &Act, reason: &str) -> Result<Outcome> {
        self.type_in(act)?;
        let outcome = wait::until(DUE_BOUND, || match self.perform(act) {
            Ok(outcome) if outcome.says(reason) => None,
            outcome => Some(outcome),
        });
        self.tell(act, outcome.unwrap_or_else(|| self.perform(act))?)
    }

    /// As [`Self::play`], of what comes by itself: does it again until it says what is expected.
    pub(super) fn play_until(&mut self, act: &Act) -> Result<Outcome> {
        self.type_in(act)?;
        let outcome = wait::until(DUE_BOUND, || match self.perform(act) {
            Ok(outcome) if act.deviation(&outcome).is_some() => None,
            outcome => Some(outcome),
        });
        self.tell(act, outcome.unwrap_or_else(|| self.perform(act))?)
    }

    /// Shows a command that goes on in another terminal, and starts it; returns once it hears what happens.
    pub(super) fn watch(&mut self, act: &Act) -> Result<Watcher> {
        self.type_in(act)?;
        Watcher::start(self.command(act), &["watching"])
    }

    /// As [`Self::watch`], of what begins with the past and so misses nothing.
    pub(super) fn listen(&mut self, act: &Act) -> Result<Watcher> {
        self.type_in(act)?;
        Watcher::start(self.command(act), &[])
    }

    /// Ends it once it has said all of this, and shows what it said.
    pub(super) fn end_watch(watcher: Watcher, words: &[&str]) -> Result<()> {
        show(watcher.end(words)?.lines())
    }

    fn type_in(&mut self, act: &Act) -> Result<()> {
        self.acts += 1;
        print(&format!("{}\n", self.paint.command(&typed(&act.arguments))))
    }

    /// Shows what came of it, and fails where that is not what was expected.
    fn tell(&self, act: &Act, outcome: Outcome) -> Result<Outcome> {
        if act.is_shown {
            show(outcome.lines())?;
        }
        if let Some(deviation) = act.deviation(&outcome) {
            return Err(Error::new(deviation, REMEDY));
        }
        let meaning = match act.exit_code {
            4 => "(exit code 4: refused by the state or by a guard)",
            5 => "(exit code 5: not allowed)",
            _ => return Ok(outcome),
        };
        print(&format!("{INDENT}{}\n", self.paint.refusal(meaning)))?;
        Ok(outcome)
    }

    /// Runs a command that is no part of the story; fails where it does not do what was expected.
    pub(super) fn look(&mut self, act: &Act) -> Result<Outcome> {
        let outcome = self.perform(act)?;
        act.deviation(&outcome).map_or(Ok(outcome), |deviation| Err(Error::new(deviation, REMEDY)))
    }

    /// As [`Self::look`], again until what it says is enough.
    pub(super) fn look_until(&mut self, act: &Act, is_enough: impl Fn(&Outcome) -> bool) -> Result<()> {
        let outcome = wait::until(COMMAND_BOUND, || match self.look(act) {
            Ok(outcome) if !is_enough(&outcome) => None,
            outcome => Some(outcome.map(drop)),
        });
        outcome.unwrap_or_else(|| Err(Error::new(format_args!("never enough: {}", typed(&act.arguments)), REMEDY)))
    }

    /// Fails unless what the story claims is so.
    pub(super) fn claim(is_so: bool, claim: &str) -> Result<()> {
        if is_so { Ok(()) } else { Err(Error::new(format_args!("the story is not true: {claim}"), REMEDY)) }
    }

    /// The last words.
    pub(super) fn end(&mut self, took: Duration) -> Result<()> {
        let (acts, seconds) = (self.acts, took.as_secs_f64());
        let text =
            format!("Each of the {acts} commands did what the story says, in {seconds:.1} s. Your turn: cargo dev up");
        self.chapter("The end", &text)
    }

    fn command(&self, act: &Act) -> Command {
        let mut command = self.project.command(&self.baton);
        command.args(&act.arguments).envs(self.environment.iter().cloned());
        command
    }

    fn perform(&self, act: &Act) -> Result<Outcome> {
        let mut command = self.command(act);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if act.has_progress && io::stderr().is_terminal() {
            command.stderr(Stdio::inherit());
        }
        self.capture(command)
    }

    fn capture(&self, command: Command) -> Result<Outcome> {
        let remedy = "look whether the machine is out of memory or file handles";
        let mut child = tether::spawn(command).or_say("starting baton", remedy)?;
        let stdout = child.stdout.take().map(read);
        let stderr = child.stderr.take().map(read);
        let ended = wait::until(COMMAND_BOUND, || match child.try_wait() {
            _ if self.project.signals.caught() => Some(Err(interrupted())),
            Ok(None) => None,
            Ok(Some(status)) => Some(Ok(status)),
            Err(cause) => Some(Err(Error::new(format_args!("waiting for baton: {cause}"), remedy))),
        });
        let status = ended.unwrap_or_else(|| Err(Error::new("baton does not end", REMEDY)));
        if status.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let text = |reader: Option<JoinHandle<String>>| {
            reader.map(|reader| reader.join().expect("reading does not panic")).unwrap_or_default()
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        Ok(Outcome { exit_code: status?.code(), stdout, stderr })
    }
}

/// Reads all of it, so that the writer never waits.
fn read(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Shows what a command says.
fn show<'a>(lines: impl Iterator<Item = &'a str>) -> Result<()> {
    let lines = lines.flat_map(|line| wrap(line, 4)).map(|line| format!("{INDENT}{line}"));
    print(&lines.map(|line| line.trim_end().to_owned() + "\n").collect::<String>())
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.or_say("telling the story", "look whether somebody reads the output to its end")
}
