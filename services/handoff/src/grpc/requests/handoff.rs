//! Requests for a new handoff, and questions about those that are there.

use std::mem::take;

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{Page, parts, reading::name};
use crate::{
    domain::{HandoffId, Priority, RouteId, TeamId, limits::TEXT_MAX_BYTES},
    grpc::{timeline::Place, twins::Twin},
    ops::{
        self,
        handoff::{Draft, New},
    },
};

impl Parse for New {
    type Request = pb::CreateHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let place = place(fields, &request);
        let title = name(fields, "title", &request.title);
        let summary = parts::summary(fields, request.summary);
        let priority = Priority::read_optional(fields, "priority", request.priority);
        let triggered_at = fields.optional_time("triggered_at", request.triggered_at);
        let deliver_by = fields.optional_time("deliver_by", request.deliver_by);
        let values = parts::values(fields, "fields", request.fields);
        let origin = parts::optional_origin(fields, request.origin.as_ref());
        let follows = fields.optional_uuid("follows", &request.follows);
        let links = parts::links(fields, request.links);
        let attachments = parts::attachments(fields, request.attachments);
        let side = parts::optional_side(fields, "side", request.side);
        let override_reason = fields.optional_text("override_reason", &request.override_reason, TEXT_MAX_BYTES);
        let draft = Draft {
            side: side?,
            title: title?,
            summary: summary?,
            priority: priority?.unwrap_or(Priority::Normal),
            confidential: request.confidential,
            triggered_at: triggered_at?,
            deliver_by: deliver_by?,
            fields: values?,
            origin: origin?,
            follows: follows?.map(HandoffId::from),
            links: links?,
            attachments: attachments?,
        };
        Some(Self { place: place?, override_reason: override_reason?, draft })
    }
}

/// The route, or in its place both teams.
fn place(fields: &mut Fields, request: &pb::CreateHandoffRequest) -> Option<ops::Place> {
    let is_pair = !request.from_team.is_empty() || !request.to_team.is_empty();
    match (request.route_id.as_str(), is_pair) {
        ("", false) => fields.refuse("route_id", "is required, or else both from_team and to_team"),
        ("", true) => {
            let from: Option<TeamId> = fields.slug("from_team", &request.from_team);
            let to: Option<TeamId> = fields.slug("to_team", &request.to_team);
            Some(ops::Place::Pair(from?, to?))
        }
        (_, true) => fields.refuse("route_id", "is given beside a pair of teams; give the one or the other"),
        (id, false) => fields.slug::<RouteId>("route_id", id).map(ops::Place::Route),
    }
}

pub(in crate::grpc) struct GetHandoff {
    pub(in crate::grpc) id: HandoffId,
}

impl Parse for GetHandoff {
    type Request = pb::GetHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.uuid("handoff_id", &request.handoff_id)?.into() })
    }
}

pub(in crate::grpc) struct EvaluateHandoff {
    pub(in crate::grpc) id: HandoffId,
}

impl Parse for EvaluateHandoff {
    type Request = pb::EvaluateHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.uuid("handoff_id", &request.handoff_id)?.into() })
    }
}

pub(in crate::grpc) struct ListTimeline {
    pub(in crate::grpc) id: HandoffId,
    /// Continued after a place.
    pub(in crate::grpc) page: Page<Place>,
}

impl Parse for ListTimeline {
    type Request = pb::ListTimelineRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (page_size, page_token) = (take(&mut request.page_size), take(&mut request.page_token));
        let page = Page::read(fields, page_size, &page_token, &request);
        let id = fields.uuid("handoff_id", &request.handoff_id);
        Some(Self { id: id?.into(), page: page? })
    }
}
