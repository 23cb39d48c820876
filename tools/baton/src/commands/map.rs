//! `baton map`.

use std::{fs, path::PathBuf};

use api::handoff::v1::{
    CheckMapRequest, CheckMapResponse, ExportMapRequest, ExportMapResponse, ImportMapRequest, MapFormat,
};
use clap::Subcommand;

use super::answers::read_text;
use crate::{
    client::{Remote, request_id},
    errors::{Error, Result},
    output::{note, print},
    session::Session,
    show::map as show,
};

/// What can be done with the map.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything that is wrong with the map, worst first, each with what to do about it
    #[command(after_help = "Examples:\n  baton map check\n  baton map check --team sales --strict")]
    Check {
        /// Only what concerns this team
        #[arg(long)]
        team: Option<String>,
        /// Exit with 1 where there are findings of severity ERROR
        #[arg(long)]
        strict: bool,
        /// At most so many findings
        #[arg(long, default_value_t = 200)]
        limit: usize,
    },
    /// Write the map as one YAML text, to be looked through, changed and imported
    #[command(after_help = "Examples:\n  baton map export --out map.yaml\n  baton map export --team sales")]
    Export {
        /// Only this team, its routes, and the teams at their other ends
        #[arg(long)]
        team: Option<String>,
        /// Into this file [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Bring a map in from its YAML text, whole or not at all (ADMIN); nothing is ever deleted
    #[command(after_help = "\
What the text does not name stays as it is, also a field of what it names; `status: RETIRED` retires a route.

Examples:
  baton --as admin map import map.yaml --dry-run
  baton --as admin map import map.yaml")]
    Import {
        /// The file; - is stdin
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Draw the map as a Mermaid flowchart: discovered routes dashed, retired ones left out, workflows in colour
    #[command(after_help = "Examples:\n  baton map draw --out map.mmd\n  baton map draw --team sales")]
    Draw {
        /// Only this team, its routes, and the teams at their other ends
        #[arg(long)]
        team: Option<String>,
        /// Into this file [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Check { team, strict, limit } => check(team, strict, limit, session).await,
        Command::Export { team, out } => write(MapFormat::Yaml, team, out, session).await,
        Command::Draw { team, out } => write(MapFormat::Mermaid, team, out, session).await,
        Command::Import { file, dry_run } => {
            let handoff = session.handoff()?;
            let request = ImportMapRequest { request_id: request_id(), yaml: read_text(&file)?, dry_run };
            let answer = handoff.call(request, async |request| handoff.routes().import_map(request).await).await?;
            session.answer(&answer, |answer, screen| show::import(answer, dry_run, screen))
        }
    }
}

async fn check(team: Option<String>, strict: bool, limit: usize, session: &Session) -> Result<()> {
    let answer = findings(team.unwrap_or_default(), limit, &session.handoff()?).await?;
    session.answer(&answer, show::check)?;
    let has_errors = answer.counts.is_some_and(|counts| counts.errors > 0);
    if strict && has_errors { Err(Error::ErrorsFound) } else { Ok(()) }
}

/// Pages of findings, with the counts of all.
async fn findings(team: String, limit: usize, handoff: &Remote) -> Result<CheckMapResponse> {
    let mut whole = CheckMapResponse::default();
    let (findings, next_page_token) = crate::client::pages(limit, async |page_size, page_token| {
        let request = CheckMapRequest { team: team.clone(), page_size, page_token };
        let page = handoff.call(request, async |request| handoff.routes().check_map(request).await).await?;
        whole.counts = page.counts;
        whole.templates_away |= page.templates_away;
        Ok((page.findings, page.next_page_token))
    })
    .await?;
    Ok(CheckMapResponse { findings, next_page_token, ..whole })
}

async fn write(format: MapFormat, team: Option<String>, out: Option<PathBuf>, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let request = ExportMapRequest { format: format.into(), team: team.unwrap_or_default() };
    let answer: ExportMapResponse =
        handoff.call(request, async |request| handoff.routes().export_map(request).await).await?;
    let Some(out) = out else {
        return if session.is_json() { session.answer(&answer, |_, _| String::new()) } else { print(&answer.text) };
    };
    fs::write(&out, &answer.text)
        .map_err(|error| Error::usage(format!("{}: {error}", out.display()), "name a file that can be written"))?;
    note(&format!("{} lines in {}", answer.text.lines().count(), out.display()));
    Ok(())
}
