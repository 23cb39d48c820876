//! Somebody who calls all services: a verb for each RPC that tests need, answered with what matters of it, or with the refusal.

use api::{
    checklist::v1::template_service_client::TemplateServiceClient,
    handoff::v1::{
        self as pb, directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
    },
    metrics::v1::{
        self as metrics, improvement_service_client::ImprovementServiceClient,
        report_service_client::ReportServiceClient, survey_service_client::SurveyServiceClient,
    },
    sla::v1::{
        self as sla, calendar_service_client::CalendarServiceClient, clock_service_client::ClockServiceClient,
        policy_service_client::PolicyServiceClient,
    },
};
use testkit::{Caller, People, Refusal, Served, refusal};
use tonic::{Response, Status};

use crate::requests::{create, on};

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) directory: DirectoryServiceClient<Caller>,
    pub(crate) routes: RouteServiceClient<Caller>,
    pub(crate) handoffs: HandoffServiceClient<Caller>,
    pub(crate) templates: TemplateServiceClient<Caller>,
    pub(crate) calendars: CalendarServiceClient<Caller>,
    pub(crate) policies: PolicyServiceClient<Caller>,
    pub(crate) clocks: ClockServiceClient<Caller>,
    pub(crate) reports: ReportServiceClient<Caller>,
    pub(crate) surveys: SurveyServiceClient<Caller>,
    pub(crate) improvements: ImprovementServiceClient<Caller>,
}

/// What a caller hears.
pub(crate) type Heard<T> = Result<T, Refusal>;

pub(crate) fn hear<T>(answer: Result<Response<T>, Status>) -> Heard<T> {
    answer.map(Response::into_inner).map_err(|status| refusal(&status))
}

/// What sides do to a handoff: all answer with the handoff.
macro_rules! commands {
    ($($verb:ident: $rpc:ident($request:ident))+) => {
        impl Person {
            $(pub(crate) async fn $verb(&self, request: pb::$request) -> Heard<pb::Handoff> {
                let answer = hear(self.handoffs.clone().$rpc(request).await)?;
                Ok(answer.handoff.expect("an answer holds the handoff"))
            })+
        }
    };
}

commands! {
    create: create_handoff(CreateHandoffRequest)
    update: update_handoff(UpdateHandoffRequest)
    submit: submit_handoff(SubmitHandoffRequest)
    recall: recall_handoff(RecallHandoffRequest)
    claim: claim_handoff(ClaimHandoffRequest)
    accept: accept_handoff(AcceptHandoffRequest)
    confirm_read_back: confirm_read_back(ConfirmReadBackRequest)
    reject: reject_handoff(RejectHandoffRequest)
    begin: begin_handoff(BeginHandoffRequest)
    complete: complete_handoff(CompleteHandoffRequest)
    give_back: return_handoff(ReturnHandoffRequest)
    reopen: reopen_handoff(ReopenHandoffRequest)
    cancel: cancel_handoff(CancelHandoffRequest)
    reassign: reassign_handoff(ReassignHandoffRequest)
    hold: hold_handoff(HoldHandoffRequest)
    resume: resume_handoff(ResumeHandoffRequest)
    set_confidential: set_confidential(SetConfidentialRequest)
    ask: ask_question(AskQuestionRequest)
    answer: answer_question(AnswerQuestionRequest)
    propose: propose(ProposeRequest)
    agree: agree_proposal(AgreeProposalRequest)
}

/// What is asked of a service, answered whole.
macro_rules! queries {
    ($($verb:ident: $client:ident.$rpc:ident($package:ident::$request:ident) -> $answer:ident)+) => {
        impl Person {
            $(pub(crate) async fn $verb(&self, request: $package::$request) -> Heard<$package::$answer> {
                hear(self.$client.clone().$rpc(request).await)
            })+
        }
    };
}

queries! {
    create_calendar: calendars.create_calendar(sla::CreateCalendarRequest) -> CreateCalendarResponse
    update_calendar: calendars.update_calendar(sla::UpdateCalendarRequest) -> UpdateCalendarResponse
    create_policy: policies.create_policy(sla::CreatePolicyRequest) -> CreatePolicyResponse
    update_policy: policies.update_policy(sla::UpdatePolicyRequest) -> UpdatePolicyResponse
    list_clocks: clocks.list_clocks(sla::ListClocksRequest) -> ListClocksResponse
    excuse: clocks.excuse_breach(sla::ExcuseBreachRequest) -> ExcuseBreachResponse
    trend: reports.get_trend(metrics::GetTrendRequest) -> GetTrendResponse
    pareto: reports.get_pareto(metrics::GetParetoRequest) -> GetParetoResponse
    compare: reports.compare_versions(metrics::CompareVersionsRequest) -> CompareVersionsResponse
    board: reports.get_board(metrics::GetBoardRequest) -> GetBoardResponse
    workflow_report: reports.get_workflow_report(metrics::GetWorkflowReportRequest) -> GetWorkflowReportResponse
    list_invitations: surveys.list_invitations(metrics::ListInvitationsRequest) -> ListInvitationsResponse
    answer_survey: surveys.answer_survey(metrics::AnswerSurveyRequest) -> AnswerSurveyResponse
    survey_results: surveys.get_survey_results(metrics::GetSurveyResultsRequest) -> GetSurveyResultsResponse
    set_questions: surveys.set_questions(metrics::SetQuestionsRequest) -> SetQuestionsResponse
    suggestions: improvements.list_suggestions(metrics::ListSuggestionsRequest) -> ListSuggestionsResponse
    reviews_due: improvements.list_reviews_due(metrics::ListReviewsDueRequest) -> ListReviewsDueResponse
    record_improvement: improvements.record_improvement(metrics::RecordImprovementRequest) -> RecordImprovementResponse
    get_improvement: improvements.get_improvement(metrics::GetImprovementRequest) -> GetImprovementResponse
    list_improvements: improvements.list_improvements(metrics::ListImprovementsRequest) -> ListImprovementsResponse
}

impl Person {
    /// Of handoff, template, SLA and metrics service, in this order.
    pub(crate) fn new(services: [&Served; 4], who: People) -> Self {
        let [handoff, templates, monitor, metrics] = services.map(|service| service.caller(who));
        Self {
            directory: DirectoryServiceClient::new(handoff.clone()),
            routes: RouteServiceClient::new(handoff.clone()),
            handoffs: HandoffServiceClient::new(handoff),
            templates: TemplateServiceClient::new(templates),
            calendars: CalendarServiceClient::new(monitor.clone()),
            policies: PolicyServiceClient::new(monitor.clone()),
            clocks: ClockServiceClient::new(monitor),
            reports: ReportServiceClient::new(metrics.clone()),
            surveys: SurveyServiceClient::new(metrics.clone()),
            improvements: ImprovementServiceClient::new(metrics),
        }
    }

    /// The figures of a query.
    pub(crate) async fn report(&self, query: metrics::Query) -> Heard<metrics::Report> {
        let answer = hear(self.reports.clone().get_report(metrics::GetReportRequest { query: Some(query) }).await)?;
        Ok(answer.report.expect("an answer holds the report"))
    }

    /// The facts of a query.
    pub(crate) async fn export_facts(&self, query: metrics::Query) -> Heard<Vec<metrics::ExportFactsResponse>> {
        let request = metrics::ExportFactsRequest { query: Some(query) };
        let mut stream = hear(self.reports.clone().export_facts(request).await)?;
        let mut facts = vec![];
        while let Some(fact) = stream.message().await.map_err(|status| refusal(&status))? {
            facts.push(fact);
        }
        Ok(facts)
    }

    /// A new draft on the route of most stories.
    pub(crate) async fn draft(&self, title: &str) -> pb::Handoff {
        self.create(create(title)).await.unwrap()
    }

    /// A new handoff on it, submitted as it is.
    pub(crate) async fn submitted(&self, title: &str) -> pb::Handoff {
        self.submit(on(&self.draft(title).await)).await.unwrap()
    }
}
