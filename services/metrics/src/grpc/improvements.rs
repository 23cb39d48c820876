//! Answers about improvement.

use std::collections::BTreeMap;

use api::metrics::v1 as pb;
use chassis::{Call, into_status};
use kernel::Result;
use tonic::{Request, Response, Status};

use super::{
    Improvements,
    read::{GetImprovement, ListImprovements, ListReviewsDue, ListSuggestions, RecordImprovement},
    write,
};
use crate::{
    domain::{
        Day, Query, Refused, RouteId, TeamId,
        improvement::{Improvement, ImprovementId},
        query::{Historic, Scope, Version},
        report::{Comparison, compare, verdict},
    },
    ops, store,
};

/// A return counts within so many days.
const RETURN_DAYS: i32 = 14;
/// The figures to discuss are of so many days.
const REVIEW_DAYS: i32 = 90;

impl Improvements {
    /// Of a route, or several, from a day up to and with today.
    async fn query(&self, routes: Vec<RouteId>, days: Option<i32>) -> Result<Query> {
        let as_of = self.0.context.now().await?;
        let until = Day::of(as_of).plus(1);
        let from = days.map_or(Day::of(crate::domain::BEGINNING), |days| until.plus(-days));
        let (scope, historic) = (Scope::Routes(routes), Historic::Include);
        Ok(Query { scope, from, until, as_of, historic, version: None, return_days: RETURN_DAYS })
    }

    async fn reviews(&self, team: Option<&TeamId>, limit: i64) -> Result<pb::ListReviewsDueResponse> {
        let pool = self.0.context.pool();
        let due = store::improvement::reviews(pool, team, limit).await?;
        let mut routes: Vec<RouteId> = due.iter().map(|it| it.route_id.clone()).collect();
        routes.sort_unstable();
        routes.dedup();
        let query = self.query(routes.clone(), Some(REVIEW_DAYS)).await?;
        let of = |route: &RouteId| Query { scope: Scope::Routes(vec![route.clone()]), ..query.clone() };
        let (totals, through) = self.0.totals(&query.scope, routes.iter().map(of).collect()).await?;
        let reports = totals.iter().map(|total| write::report(total, &through, vec![]));
        let reports: BTreeMap<&RouteId, pb::Report> = routes.iter().zip(reports).collect();
        let names: Vec<String> = routes.iter().map(ToString::to_string).collect();
        let suggestions = store::suggestion::count(pool, &names).await?;
        let total = due.first().map_or(0, |first| first.total);
        let reviews = due.iter().map(|it| pb::ReviewDue {
            route_id: it.route_id.to_string(),
            due_at: Some(api::timestamp(it.since)),
            improvement_id: it.improvement_id.map(|id| id.to_string()).unwrap_or_default(),
            report: reports.get(&it.route_id).cloned(),
            suggestions: suggestions
                .get(it.route_id.as_str())
                .and_then(|count| i32::try_from(*count).ok())
                .unwrap_or_default(),
        });
        Ok(pb::ListReviewsDueResponse { reviews: reviews.collect(), total: i32::try_from(total).unwrap_or(i32::MAX) })
    }

    /// What is different under exactly its version, and the one before.
    async fn effect(&self, improvement: &Improvement, versions: (Version, Version)) -> Result<Vec<Comparison>> {
        let query = self.query(vec![improvement.route_id.clone()], None).await?;
        let of = |version| Query { version: Some(version), ..query.clone() };
        let (totals, _) = self.0.totals(&query.scope, vec![of(versions.0), of(versions.1)]).await?;
        match &totals[..] {
            [before, after] => Ok(compare(before, after)),
            _ => Err(kernel::Error::fault("no total for each of two versions")),
        }
    }

    async fn improvement(&self, id: ImprovementId) -> Result<pb::GetImprovementResponse> {
        let found = store::improvement::get(self.0.context.pool(), id).await?;
        let improvement = found.ok_or(Refused::ImprovementNotFound(id))?;
        let effect = match improvement.before() {
            Some(versions) => self.effect(&improvement, versions).await?,
            None => vec![],
        };
        let said = match improvement.decision.version {
            Some(_) => write::verdict(verdict(&effect)),
            None => pb::Verdict::Unspecified,
        };
        Ok(pb::GetImprovementResponse {
            improvement: Some(write::improvement(&improvement)),
            effect: effect.iter().map(write::comparison).collect(),
            verdict: said.into(),
        })
    }
}

#[tonic::async_trait]
impl pb::improvement_service_server::ImprovementService for Improvements {
    async fn list_suggestions(
        &self,
        request: Request<pb::ListSuggestionsRequest>,
    ) -> Result<Response<pb::ListSuggestionsResponse>, Status> {
        let (_, ListSuggestions { filter, page }) = Call::query(request)?;
        let lines = store::suggestion::list(self.0.context.pool(), &filter, &page).await.map_err(into_status)?;
        let (lines, next_page_token) = page.cut(lines, |it| (it.finding.evidence.denominator, it.id.as_uuid()));
        let suggestions = lines.iter().map(write::suggestion).collect();
        Ok(Response::new(pb::ListSuggestionsResponse { suggestions, next_page_token }))
    }

    async fn list_reviews_due(
        &self,
        request: Request<pb::ListReviewsDueRequest>,
    ) -> Result<Response<pb::ListReviewsDueResponse>, Status> {
        let (_, ListReviewsDue { team_id, limit }) = Call::query(request)?;
        self.reviews(team_id.as_ref(), limit).await.map(Response::new).map_err(into_status)
    }

    async fn record_improvement(
        &self,
        request: Request<pb::RecordImprovementRequest>,
    ) -> Result<Response<pb::RecordImprovementResponse>, Status> {
        let (call, RecordImprovement { route_id, decision }) = Call::parse(request)?;
        self.0
            .context
            .once(call, (route_id, decision), |tx, by, (route, decision)| {
                Box::pin(async move {
                    let improvement = ops::improve::record(tx, by, route, decision.clone()).await?;
                    Ok(pb::RecordImprovementResponse { improvement: Some(write::improvement(&improvement)) })
                })
            })
            .await
    }

    async fn get_improvement(
        &self,
        request: Request<pb::GetImprovementRequest>,
    ) -> Result<Response<pb::GetImprovementResponse>, Status> {
        let (_, GetImprovement(id)) = Call::query(request)?;
        self.improvement(id).await.map(Response::new).map_err(into_status)
    }

    async fn list_improvements(
        &self,
        request: Request<pb::ListImprovementsRequest>,
    ) -> Result<Response<pb::ListImprovementsResponse>, Status> {
        let (_, ListImprovements { route_id, page }) = Call::query(request)?;
        let lines = store::improvement::list(self.0.context.pool(), route_id.as_ref(), &page).await;
        let (lines, next_page_token) = page.cut(lines.map_err(into_status)?, |it| (it.recorded_at, it.id.as_uuid()));
        let improvements = lines.iter().map(write::improvement).collect();
        Ok(Response::new(pb::ListImprovementsResponse { improvements, next_page_token }))
    }
}
