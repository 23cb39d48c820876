//! `baton sla calendar`.

use std::path::PathBuf;

use api::sla::v1::{
    Calendar, CreateCalendarRequest, GetCalendarRequest, GetCalendarResponse, ListCalendarsRequest,
    ListCalendarsResponse, UpdateCalendarRequest,
};
use clap::Subcommand;

use super::import::{Done, Imported, read_files, tell};
use crate::{
    client::{Remote, pages, request_id},
    errors::Result,
    output::note,
    session::Session,
    show::sla::calendar as show,
    yaml::calendar::CalendarFile,
};

const FILE_HELP: &str = "\
A file, of which name, owner_team, holidays and overrides may be left out:
  calendar: berlin
  name: Berlin office
  owner_team: implementation
  time_zone: Europe/Berlin
  weekly:
    monday: [09:00-12:00, 13:00-17:00]
    friday: [09:00-12:00]
  holidays: [2026-12-25]
  overrides:
    2026-12-24: [09:00-12:00]
A window that ends at or before its start goes on until the next day. What is equal to the latest version changes nothing; no \
running clock moves: see `baton sla migrate`.

Examples:
  baton --as ivan sla calendar import berlin.yaml --owner-team implementation
  baton sla calendar export berlin | baton --as ivan sla calendar import -";

/// What can be done with calendars.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the calendars
    #[command(after_help = "Example:\n  baton sla calendar list --owner-team implementation")]
    List {
        /// Only those of this team
        #[arg(long, value_name = "TEAM", default_value = "", hide_default_value = true)]
        owner_team: String,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show a calendar
    #[command(after_help = "Example:\n  baton sla calendar show berlin --version 2")]
    Show {
        /// The calendar
        calendar: String,
        /// The version [default: the latest]
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        version: i32,
    },
    /// Print a calendar as the YAML that `import` reads
    #[command(after_help = "Example:\n  baton sla calendar export berlin > berlin.yaml")]
    Export {
        /// The calendar
        calendar: String,
        /// The version [default: the latest]
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        version: i32,
    },
    /// Create calendars from YAML, or make their next versions (a lead of the owner team, or ADMIN)
    #[command(after_help = FILE_HELP)]
    Import {
        /// The YAML files, a calendar each; - is stdin
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The team that owns a new calendar; goes before the file's own `owner_team`
        #[arg(long, value_name = "TEAM")]
        owner_team: Option<String>,
    },
}

/// Does it.
pub(super) async fn run(command: Command, sla: &Remote, session: &Session) -> Result<()> {
    match command {
        Command::List { owner_team, limit } => list(owner_team, limit, sla, session).await,
        Command::Show { calendar, version } => {
            let answer = get(calendar, version, sla).await?;
            session.answer(&answer, |answer, screen| show::card(&answer.calendar.clone().unwrap_or_default(), screen))
        }
        Command::Export { calendar, version } => {
            let answer = get(calendar, version, sla).await?;
            session.answer(&answer, |answer, _| CalendarFile::of(answer.calendar.clone().unwrap_or_default()).to_yaml())
        }
        Command::Import { files, owner_team } => {
            // All are read before the first one is sent.
            let mut imported = vec![];
            for mut file in read_files(&files, CalendarFile::from_yaml)? {
                if let Some(owner_team) = &owner_team {
                    file.owner_team.clone_from(owner_team);
                }
                imported.push(bring_in(file, sla).await?);
            }
            tell(&imported, session)
        }
    }
}

async fn list(owner_team: String, limit: usize, sla: &Remote, session: &Session) -> Result<()> {
    let (calendars, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListCalendarsRequest { owner_team: owner_team.clone(), page_size, page_token };
        let page = sla.call(request, async |request| sla.calendars().list_calendars(request).await).await?;
        Ok((page.calendars, page.next_page_token))
    })
    .await?;
    session.answer(&ListCalendarsResponse { calendars, next_page_token }, show::list)
}

async fn get(calendar_id: String, version: i32, sla: &Remote) -> Result<GetCalendarResponse> {
    let request = GetCalendarRequest { calendar_id, version };
    sla.call(request, async |request| sla.calendars().get_calendar(request).await).await
}

async fn bring_in(file: CalendarFile, sla: &Remote) -> Result<Imported> {
    match get(file.id.clone(), 0, sla).await {
        Ok(answer) => update(file, answer.calendar.unwrap_or_default(), sla).await,
        Err(error) if error.is_not_found() => create(file, sla).await,
        Err(error) => Err(error),
    }
}

async fn create(file: CalendarFile, sla: &Remote) -> Result<Imported> {
    let request = CreateCalendarRequest {
        request_id: request_id(),
        calendar_id: file.id,
        display_name: file.display_name,
        owner_team: file.owner_team,
        spec: Some(file.spec),
    };
    let answer = sla.call(request, async |request| sla.calendars().create_calendar(request).await).await?;
    let Calendar { id, version, .. } = answer.calendar.unwrap_or_default();
    Ok(Imported { id, version, done: Done::Created })
}

async fn update(file: CalendarFile, latest: Calendar, sla: &Remote) -> Result<Imported> {
    if !file.owner_team.is_empty() && file.owner_team != latest.owner_team {
        let owner = if latest.owner_team.is_empty() { "ADMIN" } else { &latest.owner_team };
        note(&format!("{} stays with {owner}: the owner of a calendar does not change", file.id));
    }
    let request = UpdateCalendarRequest {
        request_id: request_id(),
        calendar_id: file.id,
        display_name: file.display_name,
        spec: Some(file.spec),
        expected_version: latest.version,
    };
    let answer = sla.call(request, async |request| sla.calendars().update_calendar(request).await).await?;
    let Calendar { id, version, .. } = answer.calendar.unwrap_or_default();
    Ok(Imported { id, version, done: if answer.changed { Done::Updated } else { Done::Unchanged } })
}
