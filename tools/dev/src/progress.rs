//! Steps shown while they last: a spinner on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// One step under way. Dropped without `done` it leaves no trace: the error that follows says what failed.
pub struct Step {
    bar: ProgressBar,
    started: Instant,
}

/// Begins a step, for instance "starting PostgreSQL".
///
/// # Panics
/// Never: the template is constant.
pub fn step(doing: impl Into<String>) -> Step {
    let bar = if std::io::stderr().is_terminal() {
        let bar = ProgressBar::new_spinner();
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is well formed"),
        );
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    } else {
        ProgressBar::hidden()
    };
    bar.set_message(doing.into());
    Step { bar, started: Instant::now() }
}

impl Step {
    /// Ends the step with a line that says what is so now, and how long it took.
    pub fn done(self, outcome: impl std::fmt::Display) {
        self.bar.finish_and_clear();
        say(format_args!("{outcome} ({:.1} s)", self.started.elapsed().as_secs_f64()));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// One line about what goes on; on the error stream, so that it never mixes with a command's output.
pub fn say(line: impl std::fmt::Display) {
    eprintln!("dev: {line}");
}
