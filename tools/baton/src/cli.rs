//! The command line: its options, its commands, and the exit code of each outcome.

use std::{path::PathBuf, process::ExitCode};

use clap::{
    Args, CommandFactory as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

use crate::{
    commands::{
        action, completion, events, handoff, import, inbox, map,
        metrics::{board, compare, improve, pareto, report, survey, trend},
        notify, propose, question, review, route, sla, team, template, terms, watch, whoami, workflow,
    },
    errors::Result,
    session::Session,
};

const AFTER_HELP: &str = "\
Who you are: with --as NAME the token in BATON_TOKEN_<NAME>; or the one in the file that --token-file or BATON_TOKEN_FILE \
names; or BATON_TOKEN. Where the services are: --handoff-url, --checklist-url, --sla-url, --metrics-url, --notifier-url, \
--nats-url, or their variables. `cargo dev up` starts them and writes all of it to target/dev/env: `source target/dev/env`.

Exit codes:
  0  done
  1  something unexpected; errors on the map, with `map check --strict`
  2  wrong usage, or the request is malformed (INVALID_ARGUMENT)
  3  there is no such thing (NOT_FOUND)
  4  refused by the state or by a guard (FAILED_PRECONDITION, ABORTED, ALREADY_EXISTS)
  5  not allowed (UNAUTHENTICATED, PERMISSION_DENIED)
  6  away, overloaded or too slow (UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED)
  7  the import is done, and refused some lines

Example:
  baton --as anna handoff submit crm/D-1042";

/// Everything that can stand on the command line.
#[derive(Debug, Parser)]
#[command(name = "baton", version, about = "Hands work from one team to another without dropping it.", after_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Act with the token in BATON_TOKEN_<NAME>; goes before any other token
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub(crate) principal: Option<String>,
    /// Read the token from this file; goes before BATON_TOKEN
    #[arg(long, global = true, value_name = "FILE", env = "BATON_TOKEN_FILE", hide_env_values = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// Where the handoff service answers
    #[arg(long, global = true, value_name = "URL", env = "BATON_HANDOFF_URL", hide_env_values = true)]
    pub(crate) handoff_url: Option<String>,
    /// Where the template service answers
    #[arg(long, global = true, value_name = "URL", env = "BATON_CHECKLIST_URL", hide_env_values = true)]
    pub(crate) checklist_url: Option<String>,
    /// Where the SLA monitor answers
    #[arg(long, global = true, value_name = "URL", env = "BATON_SLA_URL", hide_env_values = true)]
    pub(crate) sla_url: Option<String>,
    /// Where the metrics service answers
    #[arg(long, global = true, value_name = "URL", env = "BATON_METRICS_URL", hide_env_values = true)]
    pub(crate) metrics_url: Option<String>,
    /// Where the notifier answers
    #[arg(long, global = true, value_name = "URL", env = "BATON_NOTIFIER_URL", hide_env_values = true)]
    pub(crate) notifier_url: Option<String>,
    /// Trust the authority in this PEM file for https addresses; without it, those that browsers trust
    #[arg(long, global = true, value_name = "FILE", env = "BATON_CA_FILE", hide_env_values = true)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Show this certificate (PEM) to services that ask for one
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "BATON_CERT_FILE",
        hide_env_values = true,
        requires = "key_file"
    )]
    pub(crate) cert_file: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "BATON_KEY_FILE",
        hide_env_values = true,
        requires = "cert_file"
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// Where NATS answers
    #[arg(long, global = true, value_name = "URL", env = "BATON_NATS_URL", hide_env_values = true)]
    pub(crate) nats_url: Option<String>,
    /// Print what the service answered as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Give a call up after so long [default: 10; an import: never]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) timeout: Option<u32>,
}

/// The nouns.
#[derive(Debug, Subcommand)]
enum Command {
    /// Teams: the ends of every route
    #[command(subcommand)]
    Team(team::Command),
    /// Routes: the handoff points between teams, and their traffic
    #[command(subcommand)]
    Route(route::Command),
    /// Terms: what binds both sides of a route, by agreement or set by an administrator
    #[command(subcommand)]
    Terms(terms::Command),
    /// Workflows: chains of routes
    #[command(subcommand)]
    Workflow(workflow::Command),
    /// The map: all teams, routes and workflows as one whole
    #[command(subcommand)]
    Map(map::Command),
    /// Templates: what a handoff must bring along
    #[command(subcommand)]
    Template(template::Command),
    /// Handoffs: work on its way from one team to another
    #[command(subcommand)]
    Handoff(handoff::Command),
    /// Questions of one side of a handoff to the other
    #[command(subcommand)]
    Question(question::Command),
    /// Reviews: meetings of both sides about a handoff
    #[command(subcommand)]
    Review(review::Command),
    /// Propose what needs both sides: a hold, a deadline, a priority, a waiver, an end
    #[command(subcommand)]
    Propose(propose::Command),
    /// Agree to what the other side proposed, and it is done
    Agree(propose::Agree),
    /// Decline what the other side proposed
    Decline(propose::Decline),
    /// Actions: small duties inside a handoff
    #[command(subcommand)]
    Action(action::Command),
    /// Time commitments: calendars, policies, clocks, and how well promises were kept
    #[command(subcommand)]
    Sla(sla::Command),
    /// All figures of a route, a team, a workflow, or of everything
    Report(report::Report),
    /// A figure over time, with the band that it moves in by itself
    Trend(trend::Trend),
    /// What rejections, returns, questions and breaches are mostly due to
    Pareto(pareto::Pareto),
    /// What is different under two versions of a template, of terms or of an SLA policy
    Compare(compare::Compare),
    /// What is open now: in limbo, at risk, breached, by team and side
    Board(board::Board),
    /// Surveys: what both sides think of a transfer
    #[command(subcommand)]
    Survey(survey::Command),
    /// Improvement: what the figures suggest, what was decided, and whether it helped
    #[command(subcommand)]
    Improve(improve::Command),
    /// Notifications: be told when it is your turn, by webhook, chat or email
    #[command(subcommand)]
    Notify(notify::Command),
    /// What waits on a team, what is due first first
    Inbox(inbox::Inbox),
    /// What happens to handoffs, live
    Watch(watch::Watch),
    /// Bring the history of another system in
    Import(import::Import),
    /// The facts that the services publish
    #[command(subcommand)]
    Events(events::Command),
    /// What the token says about you; it is read here, and nobody is asked whether it is genuine
    #[command(after_help = "Example:\n  baton --as anna whoami")]
    Whoami,
    /// What a shell needs to complete commands and options
    Completion(completion::Completion),
}

/// The command line as clap knows it.
#[cfg(test)]
pub(crate) fn command() -> clap::Command {
    Arguments::command()
}

/// Does what the command line says; what went wrong goes to stderr.
pub(crate) async fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(mut help_or_mistake) => {
            leave_out_what_the_environment_gave(&mut help_or_mistake);
            // A closed pipe is all that can go wrong here, and then nobody reads.
            let _ = help_or_mistake.print();
            return ExitCode::from(u8::try_from(help_or_mistake.exit_code()).unwrap_or(2));
        }
    };
    let session = Session::new(arguments.global);
    match Box::pin(dispatch(arguments.command, &session)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// In its usage clap names every option that has a value, also one of which nobody has typed a letter.
fn leave_out_what_the_environment_gave(mistake: &mut clap::Error) {
    let Some(ContextValue::StyledStr(usage)) = mistake.get(ContextKind::Usage) else { return };
    let mut usage = usage.to_string();
    let options = [
        "--token-file <FILE>",
        "--handoff-url <URL>",
        "--checklist-url <URL>",
        "--sla-url <URL>",
        "--metrics-url <URL>",
        "--notifier-url <URL>",
        "--nats-url <URL>",
        "--ca-file <FILE>",
        "--cert-file <FILE>",
        "--key-file <FILE>",
    ];
    for option in options {
        usage = usage.replace(&format!(" {option}"), "");
    }
    mistake.insert(ContextKind::Usage, ContextValue::StyledStr(usage.into()));
}

async fn dispatch(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Team(command) => team::run(command, session).await,
        Command::Route(command) => route::run(command, session).await,
        Command::Terms(command) => terms::run(command, session).await,
        Command::Workflow(command) => workflow::run(command, session).await,
        Command::Map(command) => map::run(command, session).await,
        Command::Template(command) => template::run(command, session).await,
        Command::Handoff(command) => handoff::run(command, session).await,
        Command::Question(command) => question::run(command, session).await,
        Command::Review(command) => review::run(command, session).await,
        Command::Propose(command) => propose::run(command, session).await,
        Command::Agree(agree) => agree.run(session).await,
        Command::Decline(decline) => decline.run(session).await,
        Command::Action(command) => action::run(command, session).await,
        Command::Sla(command) => sla::run(command, session).await,
        Command::Report(report) => report.run(session).await,
        Command::Trend(trend) => trend.run(session).await,
        Command::Pareto(pareto) => pareto.run(session).await,
        Command::Compare(compare) => compare.run(session).await,
        Command::Board(board) => board.run(session).await,
        Command::Survey(command) => survey::run(command, session).await,
        Command::Improve(command) => improve::run(command, session).await,
        Command::Notify(command) => Box::pin(notify::run(command, session)).await,
        Command::Inbox(inbox) => inbox.run(session).await,
        Command::Watch(watch) => watch.run(session).await,
        Command::Import(import) => import.run(session).await,
        Command::Events(command) => events::run(command, session).await,
        Command::Whoami => whoami::run(session),
        Command::Completion(completion) => completion.run(Arguments::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn usage_names_no_option_that_nobody_typed() {
        let mut mistake =
            Arguments::try_parse_from(["baton", "question", "ask", "--handoff-url", "http://[::1]:1", "crm/D-1"])
                .unwrap_err();
        leave_out_what_the_environment_gave(&mut mistake);
        let text = mistake.to_string();
        assert!(text.contains("Usage: baton question ask <HANDOFF> <TEXT>"), "{text}");
    }

    #[test]
    fn every_command_shows_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(command.has_subcommands() || help.contains("Example"), "{path} has no example");
            command.get_subcommands().for_each(|below| visit(below, &format!("{path} {}", below.get_name())));
        }
        visit(&Arguments::command(), "baton");
    }
}
