//! `baton`: the command line for people.

mod advice;
mod chart;
mod cli;
mod client;
mod commands;
mod errors;
mod numbered;
mod output;
mod record;
mod session;
mod show;
mod spans;
mod values;
mod words;
mod yaml;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cli::run().await
}
