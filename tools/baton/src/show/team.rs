//! Teams for people.

use api::handoff::v1::{ListTeamsResponse, Team};

use super::{Screen, more};
use crate::words::{self, Word as _};

/// All teams, a line each.
pub(crate) fn list(answer: &ListTeamsResponse, screen: &Screen) -> String {
    let rows = answer
        .teams
        .iter()
        .map(|team| [team.id.clone(), team.display_name.clone(), members(team), team.escalation_contact.clone()]);
    screen.table(&["TEAM", "Name", "Members", "Escalation"], rows) + more(&answer.next_page_token)
}

/// One team.
pub(crate) fn card(team: &Team, screen: &Screen) -> String {
    let facts = screen.facts(&[
        ("team", team.id.clone()),
        ("members", members(team)),
        ("escalation", team.escalation_contact.clone()),
        ("calendar", team.calendar_id.clone()),
        ("created", words::time(team.created_at.as_ref())),
        ("revision", team.revision.to_string()),
    ]);
    format!("{}\n{facts}", screen.heading(&team.display_name))
}

fn members(team: &Team) -> String {
    let one = |member: &api::handoff::v1::Member| match member.role().word() {
        "LEAD" => format!("{} (lead)", member.principal),
        _ => member.principal.clone(),
    };
    team.members.iter().map(one).collect::<Vec<_>>().join(", ")
}
