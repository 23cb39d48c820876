//! `cargo dev faults`: the long form of the tests that break things.

use std::ffi::OsString;
use std::process::ExitCode;

use dev::Result;

use super::test;
use crate::stack::Profile;

/// Break things at length: the fault tests in their long form
///
/// Kills, stops and stalls services and servers while deadlines pass, at hundreds of moments; the quick form of the same
/// tests is part of `cargo dev test`. Takes some twenty minutes. The test of clocks that are apart needs Debian's
/// package `faketime`, and is skipped without it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cargo dev faults\n  cargo dev faults --release backlog")]
pub(crate) struct Faults {
    /// Build the services with optimisations
    #[arg(long)]
    release: bool,
    /// Only tests whose names hold one of these
    names: Vec<OsString>,
}

impl Faults {
    pub(crate) fn run(self) -> Result<ExitCode> {
        // One at a time: each is to have the machine to itself.
        let own = ["-p", "tests", "--test", "faults", "--", "--nocapture", "--test-threads=1"];
        let arguments: Vec<OsString> = own.iter().map(OsString::from).chain(self.names).collect();
        test::run(Profile::of(self.release), &arguments, &[("BATON_FAULTS", "long")])
    }
}
