//! Requests about teams.

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{
    Page,
    reading::{Masked, each, edits, expected, name, optional_name},
};
use crate::{
    domain::{
        Expected, TeamId,
        limits::MEMBERS_MAX,
        team::{Create, Edit, Member, MemberRole},
    },
    grpc::twins::Twin,
};

impl Parse for Create {
    type Request = pb::CreateTeamRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("team_id", &request.team_id);
        let display_name = optional_name(fields, "display_name", &request.display_name);
        let members = members(fields, request.members);
        let escalation_contact = optional_name(fields, "escalation_contact", &request.escalation_contact);
        let calendar_id = fields.optional_slug("calendar_id", &request.calendar_id);
        Some(Self {
            id: id?,
            display_name: display_name?,
            members: members?,
            escalation_contact: escalation_contact?,
            calendar_id: calendar_id?,
        })
    }
}

pub(in crate::grpc) struct GetTeam {
    pub(in crate::grpc) id: TeamId,
}

impl Parse for GetTeam {
    type Request = pb::GetTeamRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.slug("team_id", &request.team_id)? })
    }
}

pub(in crate::grpc) struct ListTeams {
    pub(in crate::grpc) page: Page<TeamId>,
}

impl Parse for ListTeams {
    type Request = pb::ListTeamsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (page_size, page_token) = (std::mem::take(&mut request.page_size), std::mem::take(&mut request.page_token));
        Some(Self { page: Page::read(fields, page_size, &page_token, &request)? })
    }
}

pub(in crate::grpc) struct UpdateTeam {
    pub(in crate::grpc) id: TeamId,
    pub(in crate::grpc) expected: Expected,
    pub(in crate::grpc) edits: Vec<Edit>,
}

impl Parse for UpdateTeam {
    type Request = pb::UpdateTeamRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("team_id", &request.team_id);
        let expected = expected(fields, request.expected_revision);
        let mask = request.update_mask.take();
        let edits = edits(fields, mask, |fields, path| match path {
            "display_name" => Masked::Edit(name(fields, path, &request.display_name).map(Edit::DisplayName)),
            "members" => Masked::Edit(members(fields, std::mem::take(&mut request.members)).map(Edit::Members)),
            "escalation_contact" => {
                let contact = optional_name(fields, path, &request.escalation_contact);
                Masked::Edit(contact.map(Edit::EscalationContact))
            }
            "calendar_id" => Masked::Edit(fields.optional_slug(path, &request.calendar_id).map(Edit::CalendarId)),
            _ => Masked::Unknown,
        });
        Some(Self { id: id?, expected: expected?, edits: edits? })
    }
}

pub(super) fn members(fields: &mut Fields, members: Vec<pb::Member>) -> Option<Vec<Member>> {
    each(fields, "members", members, MEMBERS_MAX, |fields, path, member| {
        let principal = name(fields, &format!("{path}.principal"), &member.principal);
        let role = MemberRole::read_optional(fields, &format!("{path}.role"), member.role);
        Some(Member { principal: principal?, role: role?.unwrap_or(MemberRole::Member) })
    })
}
