//! `baton sla`: what is to be done in time, and what was.

mod breach;
mod calendar;
mod clocks;
mod due;
mod import;
mod migrate;
mod named;
mod policy;
mod report;
mod watch;

use clap::Subcommand;

use self::named::Named;
use crate::{errors::Result, session::Session};

/// What can be done with time commitments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Calendars: when teams work
    #[command(subcommand)]
    Calendar(calendar::Command),
    /// Policies: what both sides of a route have promised each other in time; the terms of a route name one
    #[command(subcommand)]
    Policy(policy::Command),
    /// When something that starts then is due
    Due(due::Due),
    /// How much working time lies between two instants
    Measure(due::Measure),
    /// List clocks, what is due first first
    Clocks(clocks::List),
    /// Show a clock, or all of a handoff
    #[command(
        after_help = "Examples:\n  baton sla clock crm/D-1042\n  baton sla clock crm/D-1042:acceptance\n  baton sla clock 01994f7e-0000-7000-8000-000000000001"
    )]
    Clock {
        /// The clock's id; or the handoff, its id or SYSTEM/KEY, with :KIND for the clocks of that kind alone
        #[arg(value_name = "CLOCK|HANDOFF[:KIND]")]
        clock: Named,
    },
    /// Where a clock's time went, stretch by stretch
    Explain(clocks::Explain),
    /// What happens to clocks, live
    Watch(watch::Watch),
    /// Move running clocks to another version of their policy (ADMIN); only tells what would move, without --yes
    Migrate(migrate::Migrate),
    /// Say that your side knows that it is late; puts the next escalation off, once
    Acknowledge(breach::Acknowledge),
    /// Do not hold a breach against the other side (a LEAD of the side that waits)
    Excuse(breach::Excuse),
    /// How well promises were kept
    Report(report::Report),
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let sla = session.sla()?;
    match command {
        Command::Calendar(command) => calendar::run(command, &sla, session).await,
        Command::Policy(command) => policy::run(command, &sla, session).await,
        Command::Due(due) => due.run(&sla, session).await,
        Command::Measure(measure) => measure.run(&sla, session).await,
        Command::Clocks(list) => list.run(&sla, session).await,
        Command::Clock { clock } => clocks::show(&clock, &sla, session).await,
        Command::Explain(explain) => explain.run(&sla, session).await,
        Command::Watch(watch) => watch.run(session).await,
        Command::Migrate(migrate) => migrate.run(&sla, session).await,
        Command::Acknowledge(acknowledge) => acknowledge.run(&sla, session).await,
        Command::Excuse(excuse) => excuse.run(&sla, session).await,
        Command::Report(report) => report.run(&sla, session).await,
    }
}
