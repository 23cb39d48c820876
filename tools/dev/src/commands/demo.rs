//! `cargo dev demo`: a story told on the real system, with data that goes when it ends.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dev::error::OrSay as _;
use dev::scratch::Scratch;
use dev::{Error, Result};

use crate::project::Project;
use crate::stack::{Place, Profile, Stack};
use crate::story;

/// A real log of handoffs that lies beside the checkout where it is shared.
const SHARED_HISTORY: &str = "../shared/data/volvo-2013/handoffs.jsonl";

/// Tell the story of one piece of work that crosses from sales to implementation
///
/// Starts the whole system on fresh data, plays the story with the command line `baton`, step by step, and stops
/// everything. Fails where a step does not do what the story says. A running `cargo dev up` is not touched.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo dev demo\n  cargo dev demo --import handoffs.jsonl\n  cargo dev demo | less"
)]
pub(crate) struct Demo {
    /// Records of past handoffs to import at the end, one a line
    ///
    /// Without it: those in ../shared/data/volvo-2013, where that is there. `baton import --help` shows their form.
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let project = Project::find()?;
        let history = self.history(&project.root)?;
        let scratch = Scratch::new()?;
        let mut stack = Stack::start(&project, &Place::below(scratch.path()), Profile::of(false))?;
        let outcome = story::run(&project, &stack, history.as_deref());
        if outcome.is_err() && !project.signals.caught() {
            stack.say_last_words();
        }
        stack.stop();
        outcome.map(|()| ExitCode::SUCCESS)
    }

    /// The file to import, as seen from the root of the project, where the story runs its commands.
    fn history(self, root: &Path) -> Result<Option<PathBuf>> {
        let Some(file) = self.import else {
            return Ok(Some(PathBuf::from(SHARED_HISTORY)).filter(|file| root.join(file).is_file()));
        };
        if !file.is_file() {
            let remedy = "name a file of records, one a line, or leave --import out";
            return Err(Error::new(format_args!("there is no file {}", file.display()), remedy));
        }
        std::path::absolute(&file).or_say("looking where we are", "call it in a folder that is there").map(Some)
    }
}
