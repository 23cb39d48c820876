//! Answers about routes and their terms.

use api::handoff::v1 as pb;
use chassis::{Call, into_status};
use tonic::{Request, Response, Status};

use super::{
    Routes, act, found,
    requests::{GetRoute, ListRoutes, RetireRoute, SetTerms, UpdateRoute},
    responses::into_route,
};
use crate::{
    domain::{RouteId, route},
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
}
