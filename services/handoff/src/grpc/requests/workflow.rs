//! Requests about workflows.

use std::mem::take;

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{
    Page,
    reading::{Masked, each, edits, expected, name, optional_name},
};
use crate::domain::{
    Expected, RouteId, WorkflowId,
    limits::WORKFLOW_ROUTES_MAX,
    workflow::{Create, Edit},
};

impl Parse for Create {
    type Request = pb::CreateWorkflowRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("workflow_id", &request.workflow_id);
        let name = optional_name(fields, "name", &request.name);
        let routes = routes(fields, request.routes);
        Some(Self { id: id?, name: name?, routes: routes? })
    }
}

pub(in crate::grpc) struct GetWorkflow {
    pub(in crate::grpc) id: WorkflowId,
}

impl Parse for GetWorkflow {
    type Request = pb::GetWorkflowRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.slug("workflow_id", &request.workflow_id)? })
    }
}

pub(in crate::grpc) struct ListWorkflows {
    pub(in crate::grpc) route: Option<RouteId>,
    pub(in crate::grpc) page: Page<WorkflowId>,
}

impl Parse for ListWorkflows {
    type Request = pb::ListWorkflowsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (page_size, page_token) = (take(&mut request.page_size), take(&mut request.page_token));
        let page = Page::read(fields, page_size, &page_token, &request);
        let route = fields.optional_slug("route_id", &request.route_id);
        Some(Self { route: route?, page: page? })
    }
}

pub(in crate::grpc) struct UpdateWorkflow {
    pub(in crate::grpc) id: WorkflowId,
    pub(in crate::grpc) expected: Expected,
    pub(in crate::grpc) edits: Vec<Edit>,
}

impl Parse for UpdateWorkflow {
    type Request = pb::UpdateWorkflowRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("workflow_id", &request.workflow_id);
        let expected = expected(fields, request.expected_revision);
        let mask = request.update_mask.take();
        let edits = edits(fields, mask, |fields, path| match path {
            "name" => Masked::Edit(name(fields, path, &request.name).map(Edit::Name)),
            "routes" => Masked::Edit(routes(fields, take(&mut request.routes)).map(Edit::Routes)),
            _ => Masked::Unknown,
        });
        Some(Self { id: id?, expected: expected?, edits: edits? })
    }
}

/// A chain of routes; whether they are there, and follow each other, is for the domain to say.
pub(super) fn routes(fields: &mut Fields, routes: Vec<String>) -> Option<Vec<RouteId>> {
    each(fields, "routes", routes, WORKFLOW_ROUTES_MAX, |fields, path, route| fields.slug(path, &route))
}
