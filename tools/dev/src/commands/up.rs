//! `cargo dev up`: the whole system in the foreground, on data that is kept.

use std::process::ExitCode;

use dev::Result;
use dev::progress::say;

use crate::home::Home;
use crate::project::Project;
use crate::stack::{Profile, Stack};

/// Run the whole system here until Ctrl-C, on data that is kept
///
/// Builds the services, starts PostgreSQL and NATS on free ports, migrates, serves, and writes endpoints and tokens of
/// several principals to target/dev/env, for a shell; logs are in target/dev/logs. Then it prints how to call the
/// services.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo dev up\n  cargo dev up --release")]
pub(crate) struct Up {
    /// Build with optimisations, for measuring
    #[arg(long)]
    release: bool,
}

impl Up {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let project = Project::find()?;
        let home = Home::of(&project)?;
        let _running = home.lock()?;
        let mut stack = Stack::start(&project, &home.stack(), Profile::of(self.release))?;
        let file = home.write_environment(&stack.environment())?;
        say("ready; stop it with Ctrl-C, or: cargo dev down");
        let letters = stack.mail().folder().display().to_string();
        println!("{}", guide(&file.display().to_string(), &stack.program("baton").display().to_string(), &letters));
        let outcome = stack.watch();
        stack.stop();
        home.forget_environment();
        outcome.map(|()| ExitCode::SUCCESS)
    }
}

/// How to call what runs, from another terminal.
fn guide(environment: &str, baton: &str, letters: &str) -> String {
    format!(
        "In another terminal:

  source {environment}
  alias baton={baton}

The command line, as whoever --as names: admin, anna and sam of sales, ivan and ines of implementation, kim of both,
and the services reader and importer. (A fresh system is empty: cargo dev demo shows what to type first.)

  baton --as admin team list
  baton --as ivan inbox
  baton --as ivan notify subscribe --email ivan@example.com
  baton --help

Letters that the system sends are kept in {letters}.

Any gRPC client, by reflection; every call needs a token, and reflection is one too:

  AUTH=\"authorization: Bearer $BATON_TOKEN_ANNA\"
  grpcurl -plaintext -H \"$AUTH\" ${{BATON_HANDOFF_URL#http://}} list
  grpcurl -plaintext -H \"$AUTH\" -d '{{}}' ${{BATON_HANDOFF_URL#http://}} baton.handoff.v1.HandoffService/ListHandoffs
"
    )
}
