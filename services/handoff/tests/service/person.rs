//! Somebody who calls the service: one verb for each RPC, answered with what matters of it, or with the refusal.

use api::{
    handoff::v1::{
        self as pb, directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
    },
    r#type::v1::Evaluation,
};
use testkit::{Caller, People, Refusal, Served, refusal, request_id};
use tonic::{Response, Status};

use crate::{
    requests::{create, on},
    world::ROUTE,
};

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) directory: DirectoryServiceClient<Caller>,
    pub(crate) routes: RouteServiceClient<Caller>,
    pub(crate) handoffs: HandoffServiceClient<Caller>,
}

/// What a caller hears.
pub(crate) type Heard<T> = Result<T, Refusal>;

fn hear<T>(answer: Result<Response<T>, Status>) -> Heard<T> {
    answer.map(Response::into_inner).map_err(|status| refusal(&status))
}

/// The commands on one handoff: all answer with the handoff.
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
    update: update_handoff(UpdateHandoffRequest)
    tick: tick_item(TickItemRequest)
    submit: submit_handoff(SubmitHandoffRequest)
    accept: accept_handoff(AcceptHandoffRequest)
    reject: reject_handoff(RejectHandoffRequest)
    begin: begin_handoff(BeginHandoffRequest)
    complete: complete_handoff(CompleteHandoffRequest)
    give_back: return_handoff(ReturnHandoffRequest)
    reopen: reopen_handoff(ReopenHandoffRequest)
    cancel: cancel_handoff(CancelHandoffRequest)
    complete_action: complete_action(CompleteActionRequest)
    recall: recall_handoff(RecallHandoffRequest)
    claim: claim_handoff(ClaimHandoffRequest)
    unclaim: unclaim_handoff(UnclaimHandoffRequest)
    confirm_read_back: confirm_read_back(ConfirmReadBackRequest)
    reassign: reassign_handoff(ReassignHandoffRequest)
    hold: hold_handoff(HoldHandoffRequest)
    resume: resume_handoff(ResumeHandoffRequest)
    comment: add_comment(AddCommentRequest)
    add_link: add_link(AddLinkRequest)
    remove_link: remove_link(RemoveLinkRequest)
    attach: add_attachment(AddAttachmentRequest)
    add_action: add_action(AddActionRequest)
    confirm_action: confirm_action(ConfirmActionRequest)
    set_confidential: set_confidential(SetConfidentialRequest)
    ask: ask_question(AskQuestionRequest)
    answer: answer_question(AnswerQuestionRequest)
    mark_insufficient: mark_insufficient(MarkInsufficientRequest)
    close_question: close_question(CloseQuestionRequest)
    schedule: schedule_review(ScheduleReviewRequest)
    reschedule: reschedule_review(RescheduleReviewRequest)
    cancel_review: cancel_review(CancelReviewRequest)
    record_held: record_review_held(RecordReviewHeldRequest)
    record_missed: record_review_missed(RecordReviewMissedRequest)
    waive_review: waive_review(WaiveReviewRequest)
    propose_change: propose(ProposeRequest)
    agree_to: agree_proposal(AgreeProposalRequest)
    decline_change: decline_proposal(DeclineProposalRequest)
}

impl Person {
    pub(crate) fn new(service: &Served, who: People) -> Self {
        Self::calling(service.caller(who))
    }

    pub(crate) fn calling(caller: Caller) -> Self {
        Self {
            directory: DirectoryServiceClient::new(caller.clone()),
            routes: RouteServiceClient::new(caller.clone()),
            handoffs: HandoffServiceClient::new(caller),
        }
    }

    pub(crate) async fn create_team(&self, id: &str) -> Heard<pb::Team> {
        let request = pb::CreateTeamRequest { request_id: request_id(), team_id: id.into(), ..Default::default() };
        Ok(hear(self.directory.clone().create_team(request).await)?.team.expect("an answer holds the team"))
    }

    pub(crate) async fn update_team(&self, request: pb::UpdateTeamRequest) -> Heard<pb::Team> {
        Ok(hear(self.directory.clone().update_team(request).await)?.team.expect("an answer holds the team"))
    }

    /// An empty id is left to the service.
    pub(crate) async fn create_route(&self, id: &str, from: &str, to: &str) -> Heard<pb::Route> {
        let request = pb::CreateRouteRequest {
            request_id: request_id(),
            route_id: id.into(),
            from_team: from.into(),
            to_team: to.into(),
            ..Default::default()
        };
        Ok(hear(self.routes.clone().create_route(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn update_route(&self, request: pb::UpdateRouteRequest) -> Heard<pb::Route> {
        Ok(hear(self.routes.clone().update_route(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn retire_route(&self, id: &str) -> Heard<pb::Route> {
        let request = pb::RetireRouteRequest { request_id: request_id(), route_id: id.into() };
        Ok(hear(self.routes.clone().retire_route(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn set_terms(&self, request: pb::SetTermsRequest) -> Heard<pb::Route> {
        Ok(hear(self.routes.clone().set_terms(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn propose(&self, request: pb::ProposeTermsRequest) -> Heard<pb::Route> {
        Ok(hear(self.routes.clone().propose_terms(request).await)?.route.expect("an answer holds the route"))
    }

    /// Agrees to that proposal on the route of most stories.
    pub(crate) async fn agree(&self, proposal: &str) -> Heard<pb::Route> {
        let request = pb::AgreeTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            proposal_id: proposal.into(),
            expected_revision: 0,
        };
        Ok(hear(self.routes.clone().agree_terms(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn decline(&self, proposal: &str) -> Heard<pb::Route> {
        let request = pb::DeclineTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            proposal_id: proposal.into(),
            expected_revision: 0,
            reason: "not like this".into(),
        };
        Ok(hear(self.routes.clone().decline_terms(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn withdraw(&self, proposal: &str) -> Heard<pb::Route> {
        let request = pb::WithdrawTermsRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            proposal_id: proposal.into(),
            ..Default::default()
        };
        Ok(hear(self.routes.clone().withdraw_terms(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn promote_route(&self, id: &str) -> Heard<pb::Route> {
        let request = pb::PromoteRouteRequest { request_id: request_id(), route_id: id.into(), expected_revision: 0 };
        Ok(hear(self.routes.clone().promote_route(request).await)?.route.expect("an answer holds the route"))
    }

    pub(crate) async fn create_workflow(&self, id: &str, routes: &[&str]) -> Heard<pb::Workflow> {
        let request = pb::CreateWorkflowRequest {
            request_id: request_id(),
            workflow_id: id.into(),
            name: String::new(),
            routes: routes.iter().map(|route| (*route).to_owned()).collect(),
        };
        Ok(hear(self.routes.clone().create_workflow(request).await)?.workflow.expect("an answer holds the workflow"))
    }

    pub(crate) async fn update_workflow(&self, request: pb::UpdateWorkflowRequest) -> Heard<pb::Workflow> {
        Ok(hear(self.routes.clone().update_workflow(request).await)?.workflow.expect("an answer holds the workflow"))
    }

    pub(crate) async fn check_map(&self, team: &str) -> Heard<pb::CheckMapResponse> {
        let request = pb::CheckMapRequest { team: team.into(), page_size: 1000, ..Default::default() };
        hear(self.routes.clone().check_map(request).await)
    }

    pub(crate) async fn export_map(&self, format: pb::MapFormat, team: &str) -> Heard<String> {
        let request = pb::ExportMapRequest { format: format.into(), team: team.into() };
        Ok(hear(self.routes.clone().export_map(request).await)?.text)
    }

    pub(crate) async fn import_map(&self, yaml: &str) -> Heard<pb::ImportMapResponse> {
        self.import_map_as(pb::ImportMapRequest { request_id: request_id(), yaml: yaml.into(), dry_run: false }).await
    }

    pub(crate) async fn import_map_as(&self, request: pb::ImportMapRequest) -> Heard<pb::ImportMapResponse> {
        hear(self.routes.clone().import_map(request).await)
    }

    pub(crate) async fn get_route(&self, id: &str) -> Heard<pb::Route> {
        let request = pb::GetRouteRequest { route_id: id.into() };
        Ok(hear(self.routes.clone().get_route(request).await)?.route.expect("an answer holds the route"))
    }

    /// The handoff, and whether this call made it.
    pub(crate) async fn create(&self, request: pb::CreateHandoffRequest) -> Heard<(pb::Handoff, bool)> {
        let answer = hear(self.handoffs.clone().create_handoff(request).await)?;
        Ok((answer.handoff.expect("an answer holds the handoff"), answer.created))
    }

    /// A new draft on the route of most stories.
    pub(crate) async fn draft(&self, title: &str) -> pb::Handoff {
        self.create(create(ROUTE, title)).await.unwrap().0
    }

    /// A new handoff on it, submitted as it is: for terms without a template.
    pub(crate) async fn submitted(&self, title: &str) -> pb::Handoff {
        self.submit(on(&self.draft(title).await)).await.unwrap()
    }

    pub(crate) async fn get(&self, id: &str) -> Heard<pb::Handoff> {
        let request = pb::GetHandoffRequest { handoff_id: id.into() };
        Ok(hear(self.handoffs.clone().get_handoff(request).await)?.handoff.expect("an answer holds the handoff"))
    }

    pub(crate) async fn evaluate(&self, id: &str) -> Heard<Evaluation> {
        let request = pb::EvaluateHandoffRequest { handoff_id: id.into() };
        let answer = hear(self.handoffs.clone().evaluate_handoff(request).await)?;
        Ok(answer.evaluation.expect("an answer holds the evaluation"))
    }

    pub(crate) async fn invite(&self, handoff: &pb::Handoff, review_id: &str) -> Heard<String> {
        let request = pb::GetReviewInviteRequest { handoff_id: handoff.id.clone(), review_id: review_id.into() };
        Ok(hear(self.handoffs.clone().get_review_invite(request).await)?.icalendar)
    }

    pub(crate) async fn preview_migration(&self, id: &str, version: i32) -> Heard<pb::PreviewMigrationResponse> {
        let request = pb::PreviewMigrationRequest { handoff_id: id.into(), version };
        hear(self.handoffs.clone().preview_migration(request).await)
    }

    pub(crate) async fn migrate_draft(&self, request: pb::MigrateDraftRequest) -> Heard<pb::MigrateDraftResponse> {
        hear(self.handoffs.clone().migrate_draft(request).await)
    }

    /// The line of a handoff in a list.
    pub(crate) async fn line(&self, handoff: &pb::Handoff) -> pb::HandoffLine {
        let request = pb::ListHandoffsRequest { page_size: 1000, ..Default::default() };
        let lines = self.list(request).await.unwrap().handoffs;
        lines.into_iter().find(|line| line.id == handoff.id).expect("it is in the list")
    }

    pub(crate) async fn list(&self, request: pb::ListHandoffsRequest) -> Heard<pb::ListHandoffsResponse> {
        hear(self.handoffs.clone().list_handoffs(request).await)
    }

    /// The titles of what a list shows, in its order.
    pub(crate) async fn titles(&self, request: pb::ListHandoffsRequest) -> Vec<String> {
        self.list(request).await.unwrap().handoffs.into_iter().map(|line| line.title).collect()
    }

    pub(crate) async fn timeline(&self, id: &str) -> Heard<Vec<pb::TimelineEntry>> {
        let request = pb::ListTimelineRequest { handoff_id: id.into(), page_size: 1000, ..Default::default() };
        Ok(hear(self.handoffs.clone().list_timeline(request).await)?.entries)
    }

    /// The names of what happened to a handoff after that revision.
    pub(crate) async fn facts_after(&self, handoff: &pb::Handoff, revision: i64) -> Vec<String> {
        let entries = self.timeline(&handoff.id).await.unwrap().into_iter();
        entries.filter(|entry| entry.sequence > revision).map(|entry| entry.r#type).collect()
    }

    /// The names of what happened to a handoff.
    pub(crate) async fn facts(&self, handoff: &pb::Handoff) -> Vec<String> {
        self.timeline(&handoff.id).await.unwrap().into_iter().map(|entry| entry.r#type).collect()
    }

    pub(crate) async fn import(&self, records: Vec<pb::HistoricHandoff>) -> Heard<pb::ImportHandoffsResponse> {
        let records = records.into_iter().map(|record| pb::ImportHandoffsRequest { record: Some(record) });
        hear(self.handoffs.clone().import_handoffs(tokio_stream::iter(records.collect::<Vec<_>>())).await)
    }
}
