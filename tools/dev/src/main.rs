//! `cargo dev`: the local stack, the tests and the checks, on real servers without Docker.

mod cli;
mod commands;
mod home;
mod project;
mod services;
mod signals;
mod stack;
mod story;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run().unwrap_or_else(|error| {
        eprintln!("dev: {error}");
        ExitCode::FAILURE
    })
}
