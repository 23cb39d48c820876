//! `cargo dev test`: the tests, on a PostgreSQL and a NATS of their own.

use std::ffi::OsString;
use std::process::ExitCode;

use dev::Result;
use dev::scratch::Scratch;
use dev::servers::{Access, Servers};
use dev::tether::LAUNCHER_ENV;

use crate::project::Project;
use crate::stack::{self, Profile};

/// Run the tests on real servers
///
/// Builds the services, starts one PostgreSQL and one NATS on free ports with data that goes when the run ends, and hands
/// everything else to cargo test. The servers of `cargo dev up` are not touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo dev test\n  cargo dev test -p handoff accept -- --nocapture")]
pub(crate) struct Test {
    /// Arguments of cargo test (default: --workspace)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Test {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let all = ["--workspace".into()];
        let arguments = if self.arguments.is_empty() { &all[..] } else { &self.arguments };
        run(Profile::Debug, arguments, &[])
    }
}

/// Runs cargo test with these arguments and that environment, on real servers of the run and services built so.
pub(super) fn run(profile: Profile, arguments: &[OsString], environment: &[(&str, &str)]) -> Result<ExitCode> {
    let project = Project::find()?;
    let programs = stack::build(&project, profile)?;
    let scratch = Scratch::new()?;
    let mut servers = Servers::start(&project.tether, scratch.path(), false, Access::Open)?;

    let mut cargo = project.cargo();
    // Tests that cargo starts end with cargo, which ends with the launcher.
    let runner = [project.tether.launcher().to_string_lossy().into_owned(), "tether".to_owned(), "--".to_owned()];
    cargo.args(["--config", &format!("target.'cfg(all())'.runner = {}", serde_json::json!(runner)), "test"]);
    cargo.args(arguments).envs(environment.iter().copied());
    cargo.env("BATON_TEST_POSTGRES_URL", &servers.postgres_url);
    cargo.env("BATON_TEST_NATS_URL", &servers.nats_url);
    cargo.env("BATON_BIN_DIR", programs);
    cargo.env(LAUNCHER_ENV, project.tether.launcher());
    let status = project.run(cargo)?;
    servers.stop();
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
