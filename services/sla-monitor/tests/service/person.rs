//! Somebody who calls both services: a verb for each RPC, answered with what matters of it, or with the refusal.

use api::{
    handoff::v1::{
        self as pb, directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
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
    pub(crate) calendars: CalendarServiceClient<Caller>,
    pub(crate) policies: PolicyServiceClient<Caller>,
    pub(crate) clocks: ClockServiceClient<Caller>,
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
    update: update_handoff(UpdateHandoffRequest)
    submit: submit_handoff(SubmitHandoffRequest)
    accept: accept_handoff(AcceptHandoffRequest)
    reject: reject_handoff(RejectHandoffRequest)
    claim: claim_handoff(ClaimHandoffRequest)
    begin: begin_handoff(BeginHandoffRequest)
    complete: complete_handoff(CompleteHandoffRequest)
    give_back: return_handoff(ReturnHandoffRequest)
    reopen: reopen_handoff(ReopenHandoffRequest)
    cancel: cancel_handoff(CancelHandoffRequest)
    recall: recall_handoff(RecallHandoffRequest)
    hold: hold_handoff(HoldHandoffRequest)
    resume: resume_handoff(ResumeHandoffRequest)
    add_action: add_action(AddActionRequest)
    confirm_action: confirm_action(ConfirmActionRequest)
    complete_action: complete_action(CompleteActionRequest)
    set_confidential: set_confidential(SetConfidentialRequest)
    ask: ask_question(AskQuestionRequest)
    answer: answer_question(AnswerQuestionRequest)
    mark_insufficient: mark_insufficient(MarkInsufficientRequest)
    close_question: close_question(CloseQuestionRequest)
    propose: propose(ProposeRequest)
    agree: agree_proposal(AgreeProposalRequest)
    decline: decline_proposal(DeclineProposalRequest)
}

/// What is asked of the monitor, answered with one part of the answer.
macro_rules! asks {
    ($($verb:ident: $client:ident.$rpc:ident($request:ident) -> $part:ident: $answer:ident)+) => {
        impl Person {
            $(pub(crate) async fn $verb(&self, request: sla::$request) -> Heard<sla::$answer> {
                Ok(hear(self.$client.clone().$rpc(request).await)?.$part.expect("the answer holds it"))
            })+
        }
    };
}

asks! {
    create_calendar: calendars.create_calendar(CreateCalendarRequest) -> calendar: Calendar
    get_calendar: calendars.get_calendar(GetCalendarRequest) -> calendar: Calendar
    create_policy: policies.create_policy(CreatePolicyRequest) -> policy: Policy
    get_policy: policies.get_policy(GetPolicyRequest) -> policy: Policy
    acknowledge: clocks.acknowledge_breach(AcknowledgeBreachRequest) -> clock: Clock
    excuse: clocks.excuse_breach(ExcuseBreachRequest) -> clock: Clock
}

/// What is asked of the monitor, answered whole.
macro_rules! queries {
    ($($verb:ident: $client:ident.$rpc:ident($request:ident) -> $answer:ident)+) => {
        impl Person {
            $(pub(crate) async fn $verb(&self, request: sla::$request) -> Heard<sla::$answer> {
                hear(self.$client.clone().$rpc(request).await)
            })+
        }
    };
}

queries! {
    update_calendar: calendars.update_calendar(UpdateCalendarRequest) -> UpdateCalendarResponse
    list_calendars: calendars.list_calendars(ListCalendarsRequest) -> ListCalendarsResponse
    compute_due: calendars.compute_due(ComputeDueRequest) -> ComputeDueResponse
    measure: calendars.measure_working_time(MeasureWorkingTimeRequest) -> MeasureWorkingTimeResponse
    update_policy: policies.update_policy(UpdatePolicyRequest) -> UpdatePolicyResponse
    list_policies: policies.list_policies(ListPoliciesRequest) -> ListPoliciesResponse
    explain_match: policies.explain_match(ExplainMatchRequest) -> ExplainMatchResponse
    list_clocks: clocks.list_clocks(ListClocksRequest) -> ListClocksResponse
    explain_clock: clocks.explain_clock(ExplainClockRequest) -> ExplainClockResponse
    migrate: clocks.migrate_clocks(MigrateClocksRequest) -> MigrateClocksResponse
    attainment: clocks.get_attainment(GetAttainmentRequest) -> GetAttainmentResponse
}

impl Person {
    pub(crate) fn new(handoff: &Served, monitor: &Served, who: People) -> Self {
        Self::calling(handoff.caller(who), monitor.caller(who))
    }

    pub(crate) fn calling(handoff: Caller, monitor: Caller) -> Self {
        Self {
            directory: DirectoryServiceClient::new(handoff.clone()),
            routes: RouteServiceClient::new(handoff.clone()),
            handoffs: HandoffServiceClient::new(handoff),
            calendars: CalendarServiceClient::new(monitor.clone()),
            policies: PolicyServiceClient::new(monitor.clone()),
            clocks: ClockServiceClient::new(monitor),
        }
    }

    pub(crate) async fn get_clock(&self, id: &str) -> Heard<sla::Clock> {
        let request = sla::GetClockRequest { clock_id: id.into() };
        Ok(hear(self.clocks.clone().get_clock(request).await)?.clock.expect("an answer holds the clock"))
    }

    pub(crate) async fn create(&self, request: pb::CreateHandoffRequest) -> Heard<pb::Handoff> {
        Ok(hear(self.handoffs.clone().create_handoff(request).await)?.handoff.expect("an answer holds the handoff"))
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
