//! Who may do what: every RPC, asked by everybody. The table is a snapshot to read; beside it every cell is held against the design's
//! rules, which `allowed` writes down apart from the code.

use std::collections::BTreeSet;

use api::{
    event::v1::{GetWatermarkRequest, ListEventsRequest, event_log_service_client::EventLogServiceClient},
    metrics::v1::{
        self as metrics, improvement_service_client::ImprovementServiceClient,
        report_service_client::ReportServiceClient, survey_service_client::SurveyServiceClient,
    },
};
use metrics::{answer_survey_request::Invitation, get_survey_results_request::About, version::Kind};
use testkit::{
    Bearer, Caller, request_id,
    who::{COLUMNS, Column, Table, rpcs},
};
use tonic::{Code, Status};

use crate::{
    requests::{of_route, on},
    world::{DAY, ROUTE, World},
};

const ALL: &str = "uM uL uS dM dL dS bM bL oL nT A- A+ Re Im";

/// The columns that may.
fn allowed(rpc: &str) -> &'static str {
    match rpc {
        // "A LEAD of either side records."
        "RecordImprovement" => "uL dL bL A- A+",
        // "Raw answers leave only by export, for ADMIN"; so do the facts.
        "ExportFacts" | "ExportAnswers" | "SetQuestions" => "A- A+",
        // By a link: the person, who is the lead of upstream here, and services that relay it.
        "AnswerSurvey" => "uL uS dS Re Im",
        "ListEvents" | "GetWatermark" => "A- A+ Re",
        // "Everyone signed in may read."
        _ => ALL,
    }
}

/// What is asked about.
struct Asked {
    link_token: String,
    improvement_id: String,
}

#[expect(clippy::too_many_lines, reason = "one arm for each RPC")]
async fn ask(caller: Caller, rpc: &str, asked: &Asked) -> Result<(), Status> {
    let mut log = EventLogServiceClient::new(caller.clone());
    let mut reports = ReportServiceClient::new(caller.clone());
    let mut surveys = SurveyServiceClient::new(caller.clone());
    let mut improvements = ImprovementServiceClient::new(caller);
    let (query, request_id) = (Some(of_route(ROUTE)), request_id());
    let version = |version| {
        let policy = metrics::PolicyVersion { policy_id: "standard".into(), version };
        Some(metrics::Version { kind: Some(Kind::Policy(policy)) })
    };
    match rpc {
        "GetReport" => reports.get_report(metrics::GetReportRequest { query }).await.map(drop),
        "GetTrend" => {
            let metric = metrics::Metric::Created.into();
            reports.get_trend(metrics::GetTrendRequest { query, metric, bucket: 0 }).await.map(drop)
        }
        "GetPareto" => {
            let dimension = metrics::ParetoDimension::BreachKind.into();
            reports.get_pareto(metrics::GetParetoRequest { query, dimension, page_size: 0 }).await.map(drop)
        }
        "CompareVersions" => {
            let (before, after) = (version(1), version(2));
            reports.compare_versions(metrics::CompareVersionsRequest { query, before, after }).await.map(drop)
        }
        "GetBoard" => reports.get_board(metrics::GetBoardRequest::default()).await.map(drop),
        "GetWorkflowReport" => {
            let kind = Some(metrics::scope::Kind::WorkflowId("chain".into()));
            let query = Some(metrics::Query { scope: Some(metrics::Scope { kind }), ..Default::default() });
            reports.get_workflow_report(metrics::GetWorkflowReportRequest { query }).await.map(drop)
        }
        "ExportFacts" => reports.export_facts(metrics::ExportFactsRequest { query }).await.map(drop),
        "ListInvitations" => surveys.list_invitations(metrics::ListInvitationsRequest::default()).await.map(drop),
        "AnswerSurvey" => {
            let answer = Some(metrics::SurveyAnswer { score: 4, ..Default::default() });
            let invitation = Some(Invitation::LinkToken(asked.link_token.clone()));
            surveys.answer_survey(metrics::AnswerSurveyRequest { request_id, invitation, answer }).await.map(drop)
        }
        "GetSurveyResults" => {
            let (about, quarter) = (Some(About::RouteId(ROUTE.into())), "2025-Q4".into());
            surveys.get_survey_results(metrics::GetSurveyResultsRequest { about, quarter }).await.map(drop)
        }
        "ExportAnswers" => surveys.export_answers(metrics::ExportAnswersRequest::default()).await.map(drop),
        "SetQuestions" => {
            let [score, worked, missing] = ["Well?", "What worked?", "What was missing?"].map(Into::into);
            surveys.set_questions(metrics::SetQuestionsRequest { request_id, score, worked, missing }).await.map(drop)
        }
        "GetQuestions" => surveys.get_questions(metrics::GetQuestionsRequest {}).await.map(drop),
        "ListSuggestions" => improvements.list_suggestions(metrics::ListSuggestionsRequest::default()).await.map(drop),
        "ListReviewsDue" => improvements.list_reviews_due(metrics::ListReviewsDueRequest::default()).await.map(drop),
        "RecordImprovement" => {
            let record = metrics::RecordImprovementRequest {
                request_id,
                route_id: ROUTE.into(),
                outcome: metrics::ImprovementOutcome::Kept.into(),
                text: "all is well".into(),
                decided_by: vec!["anna".into()],
                ..Default::default()
            };
            improvements.record_improvement(record).await.map(drop)
        }
        "GetImprovement" => {
            let improvement_id = asked.improvement_id.clone();
            improvements.get_improvement(metrics::GetImprovementRequest { improvement_id }).await.map(drop)
        }
        "ListImprovements" => {
            improvements.list_improvements(metrics::ListImprovementsRequest::default()).await.map(drop)
        }
        "ListEvents" => log.list_events(ListEventsRequest::default()).await.map(drop),
        "GetWatermark" => log.get_watermark(GetWatermarkRequest {}).await.map(drop),
        _ => panic!("{rpc} has no row: say here how it is asked, and in `allowed` who may"),
    }
}

fn calling(world: &World, column: &Column) -> Caller {
    let service = &world.metrics;
    service.caller_with(column.who.map_or_else(Bearer::nothing, |who| who.bearer(service.setting.issuer())))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what_is_what_the_design_says() {
    let world = World::new().await;
    let workflow = api::handoff::v1::CreateWorkflowRequest {
        request_id: request_id(),
        workflow_id: "chain".into(),
        routes: vec![ROUTE.into()],
        ..Default::default()
    };
    world.ada.routes.clone().create_workflow(workflow).await.unwrap();
    let handoff = world.anna.submitted("Acme").await;
    let handoff = world.ivan.accept(on(&handoff)).await.unwrap();
    let handoff = world.ivan.begin(on(&handoff)).await.unwrap();
    world.ivan.complete(on(&handoff)).await.unwrap();
    world.pass(DAY).await;
    let invited = world.anna.list_invitations(metrics::ListInvitationsRequest::default()).await.unwrap();
    let kept = metrics::RecordImprovementRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        outcome: metrics::ImprovementOutcome::Kept.into(),
        text: "all is well".into(),
        decided_by: vec!["anna".into()],
        ..Default::default()
    };
    let recorded = world.ada.record_improvement(kept).await.unwrap().improvement.unwrap();
    let asked = Asked { link_token: invited.invitations[0].link_token.clone(), improvement_id: recorded.id };
    let mut table = Table::default();
    let rpcs: BTreeSet<String> = rpcs(api::DESCRIPTORS, &["baton.metrics.v1", "baton.event.v1"]);
    let mut last = "";
    for (of, rpc) in rpcs.iter().filter_map(|rpc| rpc.split_once('/')) {
        if of != last {
            table.heading(of);
            last = of;
        }
        let mut answers = vec![];
        for column in &COLUMNS {
            answers.push(ask(calling(&world, column), rpc, &asked).await);
        }
        table.row(rpc, allowed(rpc), &[Code::PermissionDenied], &answers);
    }
    assert!(table.wrong.is_empty(), "of {} cells:\n{}", table.cells, table.wrong.join("\n"));
    insta::assert_snapshot!(table.text());
}
