//! `dlq`: looking at facts that could not be taken in, trying them again, giving them up.

use std::time::Duration;

use kernel::{Error, Result};

use crate::{
    Context, Service,
    clock::Clock,
    config::Config,
    consumer::{self, Hears},
    server::open,
};

const DEADLINE: Duration = Duration::from_mins(1);

/// What can be done with facts that could not be taken in.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Dlq {
    /// List what is put aside: for each aggregate how many facts, and what went wrong
    #[command(after_help = "Example:\n  <service> dlq list")]
    List,
    /// Show the facts of an aggregate that are put aside
    #[command(after_help = "Example:\n  <service> dlq show handoff/0190c6f0-0000-7000-8000-000000000000")]
    Show {
        /// The aggregate, as `list` names it
        aggregate: String,
    },
    /// Take in what is put aside of an aggregate, in order; all of it or nothing
    #[command(after_help = "Example:\n  <service> dlq retry handoff/0190c6f0-0000-7000-8000-000000000000")]
    Retry {
        /// The aggregate, as `list` names it
        aggregate: String,
    },
    /// Give up what is put aside of an aggregate; its later facts are taken in again as they come
    #[command(after_help = "Example:\n  <service> dlq discard handoff/0190c6f0-0000-7000-8000-000000000000")]
    Discard {
        /// The aggregate, as `list` names it
        aggregate: String,
    },
}

/// Does it, on the service's own store.
pub(crate) async fn run<S: Service>(config: Config<S::Config>, command: Dlq) -> Result<()> {
    let context = open::<S>(&config, Clock::Database, DEADLINE).await?;
    let mount = S::mount(&context, config.service).await?;
    for hears in mount.heard() {
        act(&context, hears, &command).await?;
    }
    Ok(())
}

async fn act(context: &Context, hears: &Hears, command: &Dlq) -> Result<()> {
    let letters = async |aggregate: Option<&str>| consumer::letters(context.pool(), hears.package, aggregate).await;
    match command {
        Dlq::List => {
            let all = letters(None).await?;
            if all.is_empty() {
                println!("{}: nothing is put aside", hears.package);
            }
            for first in all.iter().filter(|letter| !letter.error.is_empty()) {
                let facts = all.iter().filter(|letter| letter.aggregate == first.aggregate).count();
                println!(
                    "{}  {}: {} from position {}: {}",
                    hears.package, first.aggregate, facts, first.position, first.error
                );
            }
        }
        Dlq::Show { aggregate } => {
            for letter in letters(Some(aggregate)).await? {
                let (position, sequence, name, at) =
                    (letter.position, letter.aggregate_seq, letter.r#type, letter.occurred_at);
                let error = if letter.error.is_empty() { "waits behind another" } else { &letter.error };
                println!("{position}  #{sequence} {name} of {at}, {} bytes: {error}", letter.payload.len());
            }
        }
        Dlq::Retry { aggregate } | Dlq::Discard { aggregate } if letters(Some(aggregate)).await?.is_empty() => {
            println!("{}: nothing of {aggregate} is put aside; `dlq list` shows what is", hears.package);
        }
        Dlq::Retry { aggregate } => {
            let taken = consumer::retry(context, hears, aggregate).await;
            let taken = taken
                .map_err(|error| Error::fault(format!("nothing was taken in: {}", crate::status::chain(&error))))?;
            println!("{}: {taken} facts of {aggregate} are taken in", hears.package);
        }
        Dlq::Discard { aggregate } => {
            let given_up = consumer::discard(context, hears, aggregate).await?;
            println!("{}: {given_up} facts of {aggregate} are given up", hears.package);
        }
    }
    Ok(())
}
