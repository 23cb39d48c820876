//! `cargo dev release-contract`: what protos and migrations say now is what later changes are held against.

use std::process::ExitCode;

use dev::progress::say;
use dev::{Result, binaries, contract};

use crate::project::Project;

/// Take the protos and the migrations as they are for the released contract
///
/// Writes proto/released.binpb and deploy/postgres/released-migrations.txt, which `cargo dev check` holds every change against;
/// commit them with the release. Refuses protos that break what was released before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: cargo dev release-contract")]
pub(crate) struct ReleaseContract {}

impl ReleaseContract {
    pub(crate) fn run() -> Result<ExitCode> {
        let project = Project::find()?;
        let written = contract::release(&binaries::buf()?.path, &project.root)?;
        let migrations = contract::release_migrations(&project.root)?;
        say(format_args!("written: {} and {}; commit them with the release", written.display(), migrations.display()));
        Ok(ExitCode::SUCCESS)
    }
}
