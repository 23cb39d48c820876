//! `cargo dev release-contract`: what the protos say now is what later changes are held against.

use std::process::ExitCode;

use dev::progress::say;
use dev::{Result, binaries, contract};

use crate::project::Project;

/// Take the protos as they are for the released contract
///
/// Writes proto/released.binpb, which `cargo dev check` holds every change against; commit it with the release. Refuses
/// protos that break what was released before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev release-contract")]
pub(crate) struct ReleaseContract {}

impl ReleaseContract {
    pub(crate) fn run() -> Result<ExitCode> {
        let project = Project::find()?;
        let written = contract::release(&binaries::buf()?.path, &project.root)?;
        say(format_args!("written: {}; commit it with the release", written.display()));
        Ok(ExitCode::SUCCESS)
    }
}
