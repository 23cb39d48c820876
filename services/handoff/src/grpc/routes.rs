//! Answers about routes, their terms, and workflows.

use api::handoff::v1 as pb;
use chassis::{Call, into_status};
use kernel::Timestamp;
use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Routes, act, found,
    requests::{
        DecideTerms, Decides, GetRoute, GetWorkflow, ListRoutes, ListWorkflows, PromoteRoute, ProposeTerms,
        RetireRoute, SetTerms, UpdateRoute, UpdateWorkflow,
    },
    responses::{into_route, into_workflow},
};
use crate::{
    domain::{
        Refused, Route, RouteId, WorkflowId,
        route::{self, ProposalId, TemplateChoice},
        workflow,
    },
    ops, store,
};

#[tonic::async_trait]
impl pb::route_service_server::RouteService for Routes {
    async fn create_route(
        &self,
        request: Request<pb::CreateRouteRequest>,
    ) -> Result<Response<pb::CreateRouteResponse>, Status> {
        act::<route::Create, _, _>(
            &self.context,
            request,
            |tx, by, create| Box::pin(ops::route::create(tx, by, create.clone())),
            |route| pb::CreateRouteResponse { route: Some(into_route(route)) },
        )
        .await
    }

    async fn get_route(&self, request: Request<pb::GetRouteRequest>) -> Result<Response<pb::GetRouteResponse>, Status> {
        let (_, query) = Call::query::<GetRoute>(request)?;
        let route = found(store::route::get(self.context.pool(), &query.id).await, "route", &query.id)?;
        Ok(Response::new(pb::GetRouteResponse { route: Some(into_route(&route)) }))
    }

    async fn list_routes(
        &self,
        request: Request<pb::ListRoutesRequest>,
    ) -> Result<Response<pb::ListRoutesResponse>, Status> {
        let (_, ListRoutes { team, status, page }) = Call::query(request)?;
        let after = page.after().map_or("", RouteId::as_str);
        let routes = store::route::list(self.context.pool(), team.as_ref(), status, after, page.limit()).await;
        let (routes, next_page_token) = page.cut(routes.map_err(into_status)?, |route| route.id.clone());
        Ok(Response::new(pb::ListRoutesResponse { routes: routes.iter().map(into_route).collect(), next_page_token }))
    }

    async fn update_route(
        &self,
        request: Request<pb::UpdateRouteRequest>,
    ) -> Result<Response<pb::UpdateRouteResponse>, Status> {
        act::<UpdateRoute, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::route::update(tx, by, &c.id, c.expected, c.edits.clone())),
            |route| pb::UpdateRouteResponse { route: Some(into_route(route)) },
        )
        .await
    }

    async fn retire_route(
        &self,
        request: Request<pb::RetireRouteRequest>,
    ) -> Result<Response<pb::RetireRouteResponse>, Status> {
        act::<RetireRoute, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::route::retire(tx, by, &c.id)),
            |route| pb::RetireRouteResponse { route: Some(into_route(route)) },
        )
        .await
    }

    async fn promote_route(
        &self,
        request: Request<pb::PromoteRouteRequest>,
    ) -> Result<Response<pb::PromoteRouteResponse>, Status> {
        act::<PromoteRoute, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::route::promote(tx, by, &c.id, c.expected)),
            |route| pb::PromoteRouteResponse { route: Some(into_route(route)) },
        )
        .await
    }

    async fn set_terms(&self, request: Request<pb::SetTermsRequest>) -> Result<Response<pb::SetTermsResponse>, Status> {
        let (call, command) = Call::parse::<SetTerms>(request)?;
        if let Some(answer) = self.context.answered(&call).await.map_err(into_status)? {
            return Ok(Response::new(answer));
        }
        // Whoever may not set terms is refused by the op, and costs the template service no call.
        if let Some(template) = command.terms.template.as_ref().filter(|_| call.by().is_admin()) {
            self.templates.must_be_there(template).await.map_err(into_status)?;
        }
        self.context
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let route = ops::route::set_terms(tx, by, &c.id, c.expected, c.terms.clone()).await?;
                    Ok(pb::SetTermsResponse { route: Some(into_route(&route)) })
                })
            })
            .await
    }

    async fn propose_terms(
        &self,
        request: Request<pb::ProposeTermsRequest>,
    ) -> Result<Response<pb::ProposeTermsResponse>, Status> {
        let (call, command) = Call::parse::<ProposeTerms>(request)?;
        if let Some(answer) = self.context.answered(&call).await.map_err(into_status)? {
            return Ok(Response::new(answer));
        }
        if let Some(template) = command.propose.terms.template.clone() {
            let may = |route: &mut Route, now| {
                route.propose_terms(call.by(), ProposalId::from(Uuid::nil()), command.propose.clone(), now)
            };
            self.look_up(&command.id, &template, may).await?;
        }
        self.context
            .once(call, command, |tx, by, c| {
                Box::pin(async move {
                    let route = ops::route::propose_terms(tx, by, &c.id, c.expected, c.propose.clone()).await?;
                    Ok(pb::ProposeTermsResponse { route: Some(into_route(&route)) })
                })
            })
            .await
    }

    async fn agree_terms(
        &self,
        request: Request<pb::AgreeTermsRequest>,
    ) -> Result<Response<pb::AgreeTermsResponse>, Status> {
        let (call, command) = Call::parse::<DecideTerms<pb::AgreeTermsRequest>>(request)?;
        if let Some(answer) = self.context.answered(&call).await.map_err(into_status)? {
            return Ok(Response::new(answer));
        }
        let route = store::route::get(self.context.pool(), &command.id).await.map_err(into_status)?;
        // What a proposal says never changes, so it can be looked up before.
        if let Some(template) = route.and_then(|route| route.open_proposal()?.terms.template.clone()) {
            let may = |route: &mut Route, now| route.agree_terms(call.by(), command.proposal, now);
            self.look_up(&command.id, &template, may).await?;
        }
        self.decide(call, command, |route| pb::AgreeTermsResponse { route }).await
    }

    async fn decline_terms(
        &self,
        request: Request<pb::DeclineTermsRequest>,
    ) -> Result<Response<pb::DeclineTermsResponse>, Status> {
        let (call, command) = Call::parse::<DecideTerms<pb::DeclineTermsRequest>>(request)?;
        self.decide(call, command, |route| pb::DeclineTermsResponse { route }).await
    }

    async fn withdraw_terms(
        &self,
        request: Request<pb::WithdrawTermsRequest>,
    ) -> Result<Response<pb::WithdrawTermsResponse>, Status> {
        let (call, command) = Call::parse::<DecideTerms<pb::WithdrawTermsRequest>>(request)?;
        self.decide(call, command, |route| pb::WithdrawTermsResponse { route }).await
    }

    async fn create_workflow(
        &self,
        request: Request<pb::CreateWorkflowRequest>,
    ) -> Result<Response<pb::CreateWorkflowResponse>, Status> {
        act::<workflow::Create, _, _>(
            &self.context,
            request,
            |tx, by, create| Box::pin(ops::workflow::create(tx, by, create.clone())),
            |workflow| pb::CreateWorkflowResponse { workflow: Some(into_workflow(workflow)) },
        )
        .await
    }

    async fn get_workflow(
        &self,
        request: Request<pb::GetWorkflowRequest>,
    ) -> Result<Response<pb::GetWorkflowResponse>, Status> {
        let (_, query) = Call::query::<GetWorkflow>(request)?;
        let workflow = found(store::workflow::get(self.context.pool(), &query.id).await, "workflow", &query.id)?;
        Ok(Response::new(pb::GetWorkflowResponse { workflow: Some(into_workflow(&workflow)) }))
    }

    async fn list_workflows(
        &self,
        request: Request<pb::ListWorkflowsRequest>,
    ) -> Result<Response<pb::ListWorkflowsResponse>, Status> {
        let (_, ListWorkflows { route, page }) = Call::query(request)?;
        let after = page.after().map_or("", WorkflowId::as_str);
        let workflows = store::workflow::list(self.context.pool(), route.as_ref(), after, page.limit()).await;
        let (workflows, next_page_token) = page.cut(workflows.map_err(into_status)?, |workflow| workflow.id.clone());
        let workflows = workflows.iter().map(into_workflow).collect();
        Ok(Response::new(pb::ListWorkflowsResponse { workflows, next_page_token }))
    }

    async fn update_workflow(
        &self,
        request: Request<pb::UpdateWorkflowRequest>,
    ) -> Result<Response<pb::UpdateWorkflowResponse>, Status> {
        act::<UpdateWorkflow, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::workflow::update(tx, by, &c.id, c.expected, c.edits.clone())),
            |workflow| pb::UpdateWorkflowResponse { workflow: Some(into_workflow(workflow)) },
        )
        .await
    }

    async fn check_map(&self, request: Request<pb::CheckMapRequest>) -> Result<Response<pb::CheckMapResponse>, Status> {
        super::map::check(self, request).await
    }

    async fn export_map(
        &self,
        request: Request<pb::ExportMapRequest>,
    ) -> Result<Response<pb::ExportMapResponse>, Status> {
        super::map::export(self, request).await
    }

    async fn import_map(
        &self,
        request: Request<pb::ImportMapRequest>,
    ) -> Result<Response<pb::ImportMapResponse>, Status> {
        super::map::import(self, request).await
    }
}

impl Routes {
    /// Refuses a template that is not there, or retired; but whoever may not do what it is for is refused by the op, and costs
    /// the template service no call.
    async fn look_up(
        &self,
        id: &RouteId,
        template: &TemplateChoice,
        may: impl FnOnce(&mut Route, Timestamp) -> Result<Vec<route::Fact>, Refused>,
    ) -> Result<(), Status> {
        let route = store::route::get(self.context.pool(), id).await.map_err(into_status)?;
        let Some(mut route) = route else { return Ok(()) };
        let now = route.head.at;
        if may(&mut route, now).is_ok_and(|facts| !facts.is_empty()) {
            self.templates.must_be_there(template).await.map_err(into_status)?;
        }
        Ok(())
    }

    async fn decide<R: Decides + 'static, A: Message + Default + 'static>(
        &self,
        call: Call,
        command: DecideTerms<R>,
        answer: fn(Option<pb::Route>) -> A,
    ) -> Result<Response<A>, Status> {
        self.context
            .once(call, command, move |tx, by, c| {
                Box::pin(async move {
                    let told = (c.proposal, c.reason.clone());
                    let route = ops::route::decide_terms(tx, by, R::DECIDES, (&c.id, c.expected), told).await?;
                    Ok(answer(Some(into_route(&route))))
                })
            })
            .await
    }
}
