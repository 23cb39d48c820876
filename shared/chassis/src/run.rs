//! The one `main` of every service: `serve`, `migrate`, `config`, `health`, `doctor`, `verify`, `rebuild`, `dlq`, `events`.

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use kernel::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Service,
    clock::Clock,
    config::Config,
    dlq::{self, Dlq},
    doctor, migrate, probe,
    rebase::{self, Events},
    server::{Running, open},
    status::cause,
    telemetry, verify,
};

/// A transaction of a rebuild may take so long.
const REBUILD_DEADLINE: std::time::Duration = std::time::Duration::from_mins(10);

#[derive(Debug, Parser)]
#[command(
    after_help = "Settings come from the file, then from BATON_<SECTION>__<KEY> in the environment; `config` shows them all.\n\
                        Example: BATON_DATABASE__URL_FILE=/run/secrets/url <service> serve --config service.toml"
)]
struct Arguments {
    /// The configuration, TOML
    #[arg(long, global = true, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer calls until SIGTERM
    #[command(after_help = "Example:\n  <service> serve --config service.toml")]
    Serve {
        /// Bring the schema to this version first; for development
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the schema to this version, as its owner (database.owner_url)
    #[command(after_help = "Example:\n  <service> migrate --config service.toml")]
    Migrate,
    /// Print the effective configuration, secrets hidden
    #[command(after_help = "Example:\n  <service> config --config service.toml")]
    Config,
    /// Ask the service that runs beside it whether it is ready; for a container's health command
    #[command(after_help = "Example:\n  <service> health --config service.toml")]
    Health {
        /// Ask whether it is alive, whatever its store does
        #[arg(long)]
        live: bool,
    },
    /// Look at everything that the service stands on: store, roles, schema, broker, stream, clocks, keys, certificates, the others
    #[command(
        after_help = "Example:\n  <service> doctor --config service.toml\nFails where anything is wrong; says what to do."
    )]
    Doctor,
    /// Make anew what was made of other services' facts, while it serves; says nothing twice
    #[command(after_help = "Example:\n  <service> rebuild --config service.toml")]
    Rebuild,
    /// Walk every chain of hashes in the event log: whether anything was changed, taken out or put in since it was written
    #[command(after_help = "Example:\n  <service> verify --config service.toml")]
    Verify,
    /// Facts of other services that could not be taken in
    #[command(subcommand, after_help = "Example:\n  <service> dlq list --config service.toml")]
    Dlq(Dlq),
    /// The order of the events that the service has said
    #[command(subcommand, after_help = "Example:\n  <service> events rebase --config service.toml")]
    Events(Events),
}

/// Runs a service from its command line.
pub fn run<S: Service>() -> ExitCode {
    let command = Arguments::command().name(S::IDENTITY.name).version(env!("CARGO_PKG_VERSION"));
    let arguments = Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let name = S::IDENTITY.name;
    let config = match configured::<S>(&arguments) {
        Ok(config) => config,
        Err(remedy) => {
            eprintln!("{name}: {remedy}");
            return ExitCode::from(2);
        }
    };
    let is_serving = matches!(arguments.command, Command::Serve { .. });
    let result = match arguments.command {
        Command::Config => {
            print!("{}", config.redacted());
            return ExitCode::SUCCESS;
        }
        Command::Health { live } => probe::ask(&config.http, if live { "/livez" } else { "/readyz" }),
        command => block_on(execute::<S>(config, command)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // At start nothing is anybody's defect yet: the cause is what an operator can mend.
            let cause = cause(&error);
            if is_serving && tracing::enabled!(tracing::Level::ERROR) {
                tracing::error!(cause, "{name} ends");
            } else {
                eprintln!("{name}: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn execute<S: Service>(config: Config<S::Config>, command: Command) -> Result<()> {
    let identity = S::IDENTITY;
    let is_serving = matches!(command, Command::Serve { .. });
    let traces = if is_serving { Some((&config.telemetry, config.peers.trusted()?)) } else { None };
    let _traces = telemetry::start(&identity, &config.log, traces).map_err(Error::fault)?;
    match command {
        Command::Migrate => migrate::migrate(&identity, &config.database.owner_url).await,
        Command::Serve { migrate } => serve::<S>(config, migrate).await,
        Command::Rebuild => rebuild::<S>(config).await,
        Command::Verify => verify::run::<S>(config).await,
        Command::Doctor => doctor::run::<S>(config).await,
        Command::Dlq(command) => dlq::run::<S>(config, command).await,
        Command::Events(Events::Rebase { generation }) => rebase::run(&identity, &config, generation).await,
        Command::Config | Command::Health { .. } => Ok(()),
    }
}

/// The configuration that the command needs, and logs that go where it says.
fn configured<S: Service>(arguments: &Arguments) -> Result<Config<S::Config>, String> {
    let config = Config::<S::Config>::load(arguments.config.as_ref(), S::SECRETS).map_err(|error| error.to_string())?;
    match arguments.command {
        Command::Config | Command::Health { .. } => Ok(()),
        Command::Serve { migrate: false } | Command::Rebuild | Command::Verify | Command::Doctor | Command::Dlq(_) => {
            config.must_serve(S::wrong(&config.service))
        }
        Command::Serve { migrate: true } => {
            config.must_serve(S::wrong(&config.service)).and_then(|()| config.must_migrate())
        }
        Command::Migrate | Command::Events(_) => config.must_migrate(),
    }
    .map_err(|error| error.to_string())?;
    Ok(config)
}

fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::fault)?;
    let result = runtime.block_on(work);
    // What a hostile peer holds open must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}

async fn rebuild<S: Service>(config: Config<S::Config>) -> Result<()> {
    let context = open::<S>(&config, Clock::Database, REBUILD_DEADLINE).await?;
    match S::rebuild(context, config.service) {
        Some(work) => work.await,
        None => Err(Error::fault(format!("{} hears nobody: there is nothing to rebuild", S::IDENTITY.name))),
    }
}

async fn serve<S: Service>(config: Config<S::Config>, migrate: bool) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::fault)?;
    let metrics = telemetry::collect_metrics(&S::IDENTITY).map_err(Error::fault)?;
    let start = async {
        if migrate {
            migrate::migrate(&S::IDENTITY, &config.database.owner_url).await?;
        }
        Running::start::<S>(config, Clock::Database, Some(metrics)).await
    };
    // A start may wait, as for a store that has fallen silent; nobody has to wait for it.
    let mut running = tokio::select! {
        running = start => running?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    tracing::info!(grpc = %running.grpc(), http = %running.http(), "{} serves", S::IDENTITY.name);
    let ended = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        name = running.part_ended() => Some(name),
    };
    tracing::info!("{} stops", S::IDENTITY.name);
    running.stop().await;
    match ended {
        None => Ok(()),
        // Whoever runs the process starts it anew.
        Some(name) => Err(Error::fault(format!("{name} has ended by itself: the log says why"))),
    }
}
