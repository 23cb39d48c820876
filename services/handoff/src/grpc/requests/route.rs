//! Requests about routes.

use std::{mem::take, ops::RangeInclusive};

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{
    Page,
    reading::{Masked, each, edits, expected, optional_name, short},
};
use crate::{
    domain::{
        Expected, RouteId, TeamId,
        limits::{NAME_MAX_CHARS, REVIEW_EVERY_DEFAULT_SECONDS, RISKS_MAX, TEXT_MAX_BYTES},
        route::{About, Create, Edit, Risk, RiskKind, Status, Trigger},
    },
    grpc::twins::Twin,
};

/// How often both sides may look at a route together: from every day to every ten years.
const REVIEW_EVERY_SECONDS: RangeInclusive<i64> = 86_400..=3_660 * 86_400;

impl Parse for Create {
    type Request = pb::CreateRouteRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id: Option<Option<RouteId>> = fields.optional_slug("route_id", &request.route_id);
        let from_team: Option<TeamId> = fields.slug("from_team", &request.from_team);
        let to_team: Option<TeamId> = fields.slug("to_team", &request.to_team);
        let name = short(fields, "name", &request.name, NAME_MAX_CHARS);
        let owner = optional_name(fields, "owner", &request.owner);
        let information = fields.text("information", &request.information, TEXT_MAX_BYTES);
        let trigger = trigger(fields, request.trigger);
        let risks = risks(fields, request.risks);
        let review_every_seconds = review_every(fields, request.review_every);
        let about = About {
            name: name?,
            owner: owner?,
            information: information?,
            trigger: trigger?,
            risks: risks?,
            review_every_seconds: review_every_seconds?,
        };
        let (from_team, to_team) = (from_team?, to_team?);
        let id = id?.or_else(|| RouteId::of_pair(&from_team, &to_team).next());
        Some(Self { id: id?, from_team, to_team, about })
    }
}

pub(in crate::grpc) struct GetRoute {
    pub(in crate::grpc) id: RouteId,
}

impl Parse for GetRoute {
    type Request = pb::GetRouteRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.slug("route_id", &request.route_id)? })
    }
}

pub(in crate::grpc) struct ListRoutes {
    pub(in crate::grpc) team: Option<TeamId>,
    pub(in crate::grpc) status: Option<Status>,
    pub(in crate::grpc) page: Page<RouteId>,
}

impl Parse for ListRoutes {
    type Request = pb::ListRoutesRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (page_size, page_token) = (take(&mut request.page_size), take(&mut request.page_token));
        let page = Page::read(fields, page_size, &page_token, &request);
        let team = fields.optional_slug("team", &request.team);
        let status = Status::read_optional(fields, "status", request.status);
        Some(Self { team: team?, status: status?, page: page? })
    }
}

pub(in crate::grpc) struct UpdateRoute {
    pub(in crate::grpc) id: RouteId,
    pub(in crate::grpc) expected: Expected,
    pub(in crate::grpc) edits: Vec<Edit>,
}

impl Parse for UpdateRoute {
    type Request = pb::UpdateRouteRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("route_id", &request.route_id);
        let expected = expected(fields, request.expected_revision);
        let mask = request.update_mask.take();
        let edits = edits(fields, mask, |fields, path| {
            Masked::Edit(match path {
                "name" => short(fields, path, &request.name, NAME_MAX_CHARS).map(Edit::Name),
                "owner" => optional_name(fields, path, &request.owner).map(Edit::Owner),
                "information" => fields.text(path, &request.information, TEXT_MAX_BYTES).map(Edit::Information),
                "trigger" => trigger(fields, request.trigger.take()).map(Edit::Trigger),
                "risks" => risks(fields, take(&mut request.risks)).map(Edit::Risks),
                "review_every" => review_every(fields, request.review_every.take()).map(Edit::ReviewEverySeconds),
                _ => return Masked::Unknown,
            })
        });
        Some(Self { id: id?, expected: expected?, edits: edits? })
    }
}

pub(in crate::grpc) struct RetireRoute {
    pub(in crate::grpc) id: RouteId,
}

impl Parse for RetireRoute {
    type Request = pb::RetireRouteRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        Some(Self { id: fields.slug("route_id", &request.route_id)? })
    }
}

pub(in crate::grpc) struct PromoteRoute {
    pub(in crate::grpc) id: RouteId,
    pub(in crate::grpc) expected: Expected,
}

impl Parse for PromoteRoute {
    type Request = pb::PromoteRouteRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("route_id", &request.route_id);
        let expected = expected(fields, request.expected_revision);
        Some(Self { id: id?, expected: expected? })
    }
}

pub(super) fn trigger(fields: &mut Fields, trigger: Option<pb::Trigger>) -> Option<Trigger> {
    let trigger = trigger.unwrap_or_default();
    let description = fields.text("trigger.description", &trigger.description, TEXT_MAX_BYTES);
    let event_type = optional_name(fields, "trigger.event_type", &trigger.event_type);
    Some(Trigger { description: description?, event_type: event_type? })
}

pub(super) fn risks(fields: &mut Fields, risks: Vec<pb::Risk>) -> Option<Vec<Risk>> {
    each(fields, "risks", risks, RISKS_MAX, |fields, path, risk| {
        let kind = RiskKind::read(fields, &format!("{path}.kind"), risk.kind);
        let note = fields.text(&format!("{path}.note"), &risk.note, TEXT_MAX_BYTES);
        Some(Risk { kind: kind?, note: note? })
    })
}

pub(super) fn review_every(fields: &mut Fields, every: Option<prost_types::Duration>) -> Option<i64> {
    fields.seconds_or("review_every", every, REVIEW_EVERY_DEFAULT_SECONDS, REVIEW_EVERY_SECONDS)
}
