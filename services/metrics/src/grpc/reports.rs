//! Answers with figures.

use std::pin::Pin;

use api::metrics::v1 as pb;
use chassis::{Call, consumer::Through, into_status};
use kernel::{Result, Timestamp};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::{
    Reports,
    read::{Asked, CompareVersions, ExportFacts, GetBoard, GetPareto, GetReport, GetTrend, GetWorkflowReport, Where},
    write,
};
use crate::{
    domain::{
        BEGINNING, HandoffId, Query, Refused, RouteId, Story, Total,
        path::{Path, paths},
        query::Scope,
        report::{self, Bucket, Metric},
        story::{ClockFact, Fact},
    },
    store::{self, Viewer},
};

/// A trend has at most so many steps.
const STEPS_MAX: usize = 400;
/// So many facts are read ahead of who takes the export.
const EXPORT_AHEAD: usize = 1_000;

type Exporting = Pin<Box<dyn Stream<Item = Result<pb::ExportFactsResponse, Status>> + Send>>;

impl Reports {
    /// What is asked for, with all that is to be looked up.
    async fn settle(&self, asked: Asked) -> Result<Query> {
        let scope = self.scope(&asked.place).await?;
        let now = self.context.now().await?;
        Ok(asked.settle(scope, now)?)
    }

    async fn scope(&self, place: &Where) -> Result<Scope> {
        let pool = self.context.pool();
        Ok(match place {
            Where::All => Scope::All,
            Where::Route(id) if store::map::has_route(pool, id).await? => Scope::Routes(vec![id.clone()]),
            Where::Route(id) => return Err(Refused::RouteNotFound(id.clone()).into()),
            Where::Pair(from, to) => {
                for team in [from, to] {
                    self.must_have_team(team).await?;
                }
                Scope::Pair(from.clone(), to.clone())
            }
            Where::Team(team, side) => {
                self.must_have_team(team).await?;
                Scope::Team(team.clone(), *side)
            }
            Where::Workflow(id) => {
                let routes = store::map::workflow(pool, id).await?;
                Scope::Routes(routes.ok_or_else(|| Refused::WorkflowNotFound(id.clone()))?)
            }
        })
    }

    async fn must_have_team(&self, id: &crate::domain::TeamId) -> Result<()> {
        let is_known = store::map::has_team(self.context.pool(), id).await?;
        if is_known { Ok(()) } else { Err(Refused::TeamNotFound(id.clone()).into()) }
    }

    /// Totals of queries that ask for the same instant, from one snapshot; and how far it reaches.
    pub(crate) async fn totals(&self, scope: &Scope, queries: Vec<Query>) -> Result<(Vec<Total>, Vec<Through>)> {
        let mut snapshot = store::report::snapshot(self.context.replica()).await?;
        let mut totals: Vec<Total> = queries.into_iter().map(Total::new).collect();
        store::report::fill(&mut snapshot, &self.shelf, scope, &mut totals).await?;
        let through = store::report::through(&mut snapshot).await?;
        Ok((totals, through))
    }

    async fn total(&self, query: Query) -> Result<(Total, Vec<Through>)> {
        let (mut totals, through) = self.totals(&query.scope.clone(), vec![query]).await?;
        totals.pop().map(|total| (total, through)).ok_or_else(|| kernel::Error::fault("no total of one query"))
    }

    /// A report with the ways that work took.
    pub(crate) async fn report(&self, query: Query) -> Result<pb::Report> {
        let mut snapshot = store::report::snapshot(self.context.replica()).await?;
        let mut totals = [Total::new(query.clone())];
        store::report::fill(&mut snapshot, &self.shelf, &query.scope, &mut totals).await?;
        let stories = store::thread::linked(&mut snapshot, &query).await?;
        let through = store::report::through(&mut snapshot).await?;
        let ways: Vec<Path> = paths(&stories, &query);
        Ok(write::report(&totals[0], &through, ways))
    }

    async fn trend(&self, query: Query, metric: Metric, bucket: Bucket) -> Result<pb::GetTrendResponse> {
        let steps = report::buckets(query.from, query.until, bucket);
        if steps.len() > STEPS_MAX {
            let description =
                format!("makes {} steps; at most {STEPS_MAX}: take longer ones, or fewer days", steps.len());
            let violation = kernel::Violation { field: "query.window".into(), description };
            return Err(Refused::Invalid(vec![violation]).into());
        }
        let queries = steps.iter().map(|(from, until)| Query { from: *from, until: *until, ..query.clone() });
        let (totals, through) = self.totals(&query.scope, queries.collect()).await?;
        let points: Vec<_> = totals.iter().map(|total| report::point(total, metric)).collect();
        let values: Vec<f64> = points.iter().filter_map(|point| point.value).collect();
        let band = crate::domain::interval::xmr(&values, metric.most());
        let late_facts = totals.first().map_or(0, |total| total.late_facts);
        let points = points.iter().zip(&steps).map(|(point, (from, until))| pb::TrendPoint {
            window: Some(write::window(*from, *until)),
            value: point.value,
            count: point.count,
            few: point.count < crate::domain::interval::FEW,
            signal: band.zip(point.value).is_some_and(|(band, value)| value < band.low || value > band.high),
        });
        Ok(pb::GetTrendResponse {
            basis: write::basis(&query, late_facts, &through),
            points: points.collect(),
            band: band.map(|it| pb::Xmr {
                mean: it.mean,
                low: it.low,
                high: it.high,
                mean_moving_range: it.mean_moving_range,
            }),
        })
    }

    async fn workflow(&self, query: Query) -> Result<pb::GetWorkflowReportResponse> {
        let Scope::Routes(routes) = query.scope.clone() else {
            return Err(kernel::Error::fault("a workflow without routes"));
        };
        let of = |route: &RouteId| Query { scope: Scope::Routes(vec![route.clone()]), ..query.clone() };
        let (totals, through) = self.totals(&query.scope, routes.iter().map(of).collect()).await?;
        let reports: Vec<_> = totals.iter().map(report::report).collect();
        let late_facts = totals.first().map_or(0, |total| total.late_facts);
        let steps = totals.iter().zip(&routes).map(|(total, route)| pb::WorkflowStep {
            route_id: route.to_string(),
            report: Some(write::report(total, &through, vec![])),
        });
        Ok(pb::GetWorkflowReportResponse {
            basis: write::basis(&query, late_facts, &through),
            steps: steps.collect(),
            rolled_complete_and_accurate: report::rolled(reports.iter().map(|it| it.quality.complete_and_accurate)),
            rolled_first_pass_yield: report::rolled(reports.iter().map(|it| it.quality.first_pass_yield)),
        })
    }
}

fn answer<R>(result: Result<R>) -> Result<Response<R>, Status> {
    result.map(Response::new).map_err(into_status)
}

#[tonic::async_trait]
impl pb::report_service_server::ReportService for Reports {
    type ExportFactsStream = Exporting;

    async fn get_report(
        &self,
        request: Request<pb::GetReportRequest>,
    ) -> Result<Response<pb::GetReportResponse>, Status> {
        let (_, GetReport(asked)) = Call::query(request)?;
        let query = self.settle(asked).await.map_err(into_status)?;
        answer(self.report(query).await.map(|report| pb::GetReportResponse { report: Some(report) }))
    }

    async fn get_trend(&self, request: Request<pb::GetTrendRequest>) -> Result<Response<pb::GetTrendResponse>, Status> {
        let (_, GetTrend { asked, metric, bucket }) = Call::query(request)?;
        let query = self.settle(asked).await.map_err(into_status)?;
        answer(self.trend(query, metric, bucket).await)
    }

    async fn get_pareto(
        &self,
        request: Request<pb::GetParetoRequest>,
    ) -> Result<Response<pb::GetParetoResponse>, Status> {
        let (_, GetPareto { asked, dimension, lines }) = Call::query(request)?;
        let query = self.settle(asked).await.map_err(into_status)?;
        let (total, through) = self.total(query).await.map_err(into_status)?;
        let all = report::pareto(&total, dimension);
        let basis = write::basis(total.query(), total.late_facts, &through);
        Ok(Response::new(write::pareto(basis, &all, lines)))
    }

    async fn compare_versions(
        &self,
        request: Request<pb::CompareVersionsRequest>,
    ) -> Result<Response<pb::CompareVersionsResponse>, Status> {
        let (_, CompareVersions { asked, before, after }) = Call::query(request)?;
        let query = self.settle(asked).await.map_err(into_status)?;
        let of = |version| Query { version: Some(version), ..query.clone() };
        let queries = vec![of(before), of(after)];
        let (totals, through) = self.totals(&query.scope, queries).await.map_err(into_status)?;
        let [before, after] = &totals[..] else {
            return Err(into_status(kernel::Error::fault("no total for each of two versions")));
        };
        Ok(Response::new(pb::CompareVersionsResponse {
            basis: write::basis(&query, after.late_facts, &through),
            lines: report::compare(before, after).iter().map(write::comparison).collect(),
        }))
    }

    async fn get_board(&self, request: Request<pb::GetBoardRequest>) -> Result<Response<pb::GetBoardResponse>, Status> {
        let (by, GetBoard { place, items }) = Call::query(request)?;
        let board = async {
            let scope = self.scope(&place).await?;
            let now = self.context.now().await?;
            let mut snapshot = store::report::snapshot(self.context.replica()).await?;
            let stories = store::report::open(&mut snapshot, &scope).await?;
            let through = store::report::through(&mut snapshot).await?;
            Ok(write::board(&stories, &Viewer::of(&by), items, now, &through))
        };
        answer(board.await)
    }

    async fn get_workflow_report(
        &self,
        request: Request<pb::GetWorkflowReportRequest>,
    ) -> Result<Response<pb::GetWorkflowReportResponse>, Status> {
        let (_, GetWorkflowReport(asked)) = Call::query(request)?;
        let query = self.settle(asked).await.map_err(into_status)?;
        answer(self.workflow(query).await)
    }

    async fn export_facts(&self, request: Request<pb::ExportFactsRequest>) -> Result<Response<Exporting>, Status> {
        let (by, ExportFacts(asked)) = Call::query(request)?;
        if !by.is_admin() {
            return Err(into_status(Refused::AdminOnly.into()));
        }
        let query = self.settle(asked).await.map_err(into_status)?;
        let (send, facts) = tokio::sync::mpsc::channel(EXPORT_AHEAD);
        let context = self.context.clone();
        tokio::spawn(async move {
            if let Err(error) = export(&context, &query, &send).await {
                // Whoever took the export may be gone.
                let _ = send.send(Err(into_status(error))).await;
            }
        });
        Ok(Response::new(Box::pin(tokio_stream::wrappers::ReceiverStream::new(facts))))
    }
}

type Sender = tokio::sync::mpsc::Sender<Result<pb::ExportFactsResponse, Status>>;

/// Sends the facts of the handoffs asked for, handoff by handoff, until all are sent or nobody takes them.
async fn export(context: &chassis::Context, query: &Query, send: &Sender) -> Result<()> {
    let mut after = (BEGINNING, HandoffId::from(uuid::Uuid::nil()));
    loop {
        let page = store::report::created(context.replica(), &query.scope, (query.from, query.until), after).await?;
        let Some((at, last)) = page.last() else { return Ok(()) };
        after = (*at, last.id);
        for (_, story) in page {
            for fact in facts_of(&story.until(query.as_of))? {
                if send.send(Ok(fact)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// The facts of a handoff, then those of its clocks.
fn facts_of(story: &Story) -> Result<Vec<pb::ExportFactsResponse>> {
    let own = story.facts.iter().map(|fact| {
        let Fact { sequence, at, recorded_at, historic, .. } = fact;
        exported(story, "baton.handoff.v1", *sequence, (*at, *recorded_at), *historic, serde_json::to_string(fact))
    });
    let of_clocks = story.clocks.iter().flat_map(|(id, clock)| clock.went.iter().map(move |fact| (id, clock, fact)));
    let of_clocks = of_clocks.map(|(id, clock, fact)| {
        let ClockFact { sequence, at, recorded_at, .. } = fact;
        let told = serde_json::json!({ "clock": id, "promise": clock.promise, "went": fact });
        let historic = clock.promise.historic;
        exported(story, "baton.sla.v1", *sequence, (*at, *recorded_at), historic, Ok(told.to_string()))
    });
    own.chain(of_clocks).collect()
}

fn exported(
    story: &Story,
    package: &str,
    sequence: i64,
    (at, recorded_at): (Timestamp, Timestamp),
    historic: bool,
    fact: serde_json::Result<String>,
) -> Result<pb::ExportFactsResponse> {
    Ok(pb::ExportFactsResponse {
        handoff_id: story.id.to_string(),
        route_id: story.about.route_id.to_string(),
        package: package.to_owned(),
        sequence,
        occurred_at: Some(api::timestamp(at)),
        recorded_at: Some(api::timestamp(recorded_at)),
        historic,
        fact: fact.map_err(kernel::Error::fault)?,
    })
}
