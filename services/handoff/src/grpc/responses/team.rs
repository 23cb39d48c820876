//! Teams on the wire.

use api::handoff::v1 as pb;

use crate::{
    domain::{Team, team::Member},
    grpc::twins::Twin,
};

pub(crate) fn into_team(team: &Team) -> pb::Team {
    let member = |member: &Member| pb::Member { principal: member.principal.clone(), role: member.role.write() };
    pb::Team {
        id: team.id.to_string(),
        display_name: team.display_name.clone(),
        members: team.members.iter().map(member).collect(),
        escalation_contact: team.escalation_contact.clone().unwrap_or_default(),
        revision: team.head.revision,
        calendar_id: team.calendar_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        created_at: Some(api::timestamp(team.created_at)),
    }
}
