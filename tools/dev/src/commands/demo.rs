//! `cargo dev demo`: a story told on the real system, with data that goes when it ends.

use std::path::PathBuf;
use std::process::ExitCode;

use dev::Result;
use dev::scratch::Scratch;

use crate::project::Project;
use crate::stack::{Place, Profile, Stack};
use crate::story;

/// Tell the story of one piece of work that crosses from sales to implementation
///
/// Runs the whole system on fresh data and stops it at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev demo --import handoffs.jsonl")]
pub(crate) struct Demo {
    /// Records of past handoffs to import, one a line
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let project = Project::find()?;
        let scratch = Scratch::new()?;
        let mut stack = Stack::start(&project, &Place::below(scratch.path()), Profile::of(false))?;
        let outcome = story::run(&stack, self.import.as_deref());
        stack.stop();
        outcome.map(|()| ExitCode::SUCCESS)
    }
}
