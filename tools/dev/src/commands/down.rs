//! `cargo dev down`: ends what `up` runs.

use std::process::ExitCode;

use dev::Result;
use dev::progress::say;

use crate::home::Home;
use crate::project::Project;

/// End a running `cargo dev up`, from another terminal
///
/// Its data is kept, and the next `up` goes on with it, unless --wipe is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev down --wipe")]
pub(crate) struct Down {
    /// Delete its data too
    #[arg(long)]
    wipe: bool,
}

impl Down {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let home = Home::of(&Project::find()?)?;
        let stopped = home.end()?;
        if !stopped {
            // What a killed one has left behind names addresses that nobody answers at.
            home.forget_environment();
            say("nothing was running");
        }
        if self.wipe {
            home.wipe()?;
            say("the data is deleted");
        }
        Ok(ExitCode::SUCCESS)
    }
}
