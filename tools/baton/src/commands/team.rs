//! `baton team`.

use api::handoff::v1::{
    CreateTeamRequest, GetTeamRequest, ListTeamsRequest, ListTeamsResponse, Member, MemberRole, UpdateTeamRequest,
};
use clap::{Args, Subcommand};
use prost_types::FieldMask;

use crate::{
    client::{pages, request_id},
    errors::Result,
    session::Session,
    show::team as show,
    words::Word as _,
};

/// What can be done with teams.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a team (ADMIN)
    #[command(
        after_help = "Example:\n  baton --as admin team create sales --name Sales --member anna=lead --member sam"
    )]
    Create {
        /// The id: a-z, 0-9 and '-'
        team: String,
        #[command(flatten)]
        about: About,
    },
    /// List the teams
    #[command(after_help = "Example:\n  baton team list")]
    List {
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Show one team
    #[command(after_help = "Example:\n  baton team show sales")]
    Show {
        /// The team
        team: String,
    },
    /// Change a team (one of its leads, or ADMIN)
    #[command(after_help = "Example:\n  baton --as anna team update sales --escalation '+49 30 1234'")]
    Update {
        /// The team
        team: String,
        #[command(flatten)]
        about: About,
        /// Only if the team still has this revision
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        expected_revision: i64,
    },
}

/// What describes a team.
#[derive(Debug, Args)]
pub(crate) struct About {
    /// The name as a person reads it
    #[arg(long)]
    name: Option<String>,
    /// A member, and whether it leads the team; again for each; all of them, when they change
    #[arg(long = "member", value_name = "PRINCIPAL[=lead]", value_parser = parse_member)]
    members: Vec<Member>,
    /// Whom to call when the team does not answer
    #[arg(long, value_name = "CONTACT")]
    escalation: Option<String>,
    /// The calendar that the team works by
    #[arg(long, value_name = "CALENDAR")]
    calendar: Option<String>,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    match command {
        Command::Create { team, about } => create(team, about, session).await,
        Command::List { limit } => list(limit, session).await,
        Command::Show { team } => {
            let handoff = session.handoff()?;
            let request = GetTeamRequest { team_id: team };
            let answer = handoff.call(request, async |request| handoff.directory().get_team(request).await).await?;
            session.answer(&answer, |answer, screen| show::card(&answer.team.clone().unwrap_or_default(), screen))
        }
        Command::Update { team, about, expected_revision } => update(team, about, expected_revision, session).await,
    }
}

async fn create(team: String, about: About, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let request = CreateTeamRequest {
        request_id: request_id(),
        team_id: team,
        display_name: about.name.unwrap_or_default(),
        members: about.members,
        escalation_contact: about.escalation.unwrap_or_default(),
        calendar_id: about.calendar.unwrap_or_default(),
    };
    let answer = handoff.call(request, async |request| handoff.directory().create_team(request).await).await?;
    session.answer(&answer, |answer, screen| show::card(&answer.team.clone().unwrap_or_default(), screen))
}

async fn list(limit: usize, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let (teams, next_page_token) = pages(limit, async |page_size, page_token| {
        let request = ListTeamsRequest { page_size, page_token };
        let page = handoff.call(request, async |request| handoff.directory().list_teams(request).await).await?;
        Ok((page.teams, page.next_page_token))
    })
    .await?;
    session.answer(&ListTeamsResponse { teams, next_page_token }, show::list)
}

async fn update(team: String, about: About, expected_revision: i64, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    let changed = [
        ("display_name", about.name.is_some()),
        ("members", !about.members.is_empty()),
        ("escalation_contact", about.escalation.is_some()),
        ("calendar_id", about.calendar.is_some()),
    ];
    let request = UpdateTeamRequest {
        request_id: request_id(),
        team_id: team,
        expected_revision,
        update_mask: Some(mask_of(&changed)),
        display_name: about.name.unwrap_or_default(),
        members: about.members,
        escalation_contact: about.escalation.unwrap_or_default(),
        calendar_id: about.calendar.unwrap_or_default(),
    };
    let answer = handoff.call(request, async |request| handoff.directory().update_team(request).await).await?;
    session.answer(&answer, |answer, screen| show::card(&answer.team.clone().unwrap_or_default(), screen))
}

/// The mask of what was given.
pub(crate) fn mask_of(changed: &[(&str, bool)]) -> FieldMask {
    FieldMask { paths: changed.iter().filter(|(_, is_given)| *is_given).map(|(path, _)| (*path).to_owned()).collect() }
}

fn parse_member(text: &str) -> Result<Member, String> {
    let (principal, role) = text.split_once('=').unwrap_or((text, "member"));
    Ok(Member { principal: principal.to_owned(), role: MemberRole::parse(role)?.into() })
}
