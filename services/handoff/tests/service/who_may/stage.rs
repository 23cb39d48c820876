//! What the rows are about: handoffs, routes and workflows in the states in which their commands may succeed, prepared by others
//! than those whose rights are asked for.

use api::{
    event::v1::event_log_service_client::EventLogServiceClient,
    handoff::v1::{
        self as pb, directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
    },
    r#type::v1::Side,
};
use futures::future::BoxFuture;
use testkit::{
    Bearer, Caller, Claims, request_id,
    who::{COLUMNS, Column},
};
use tokio::sync::Mutex;
use tonic::{Response, Status};

use super::rows::fresh_origin;
use crate::{
    requests::{create, on, terms},
    world::{ROUTE, World},
};

const DAY_SECONDS: i64 = 86_400;
const SOON_SECONDS: i64 = 60;
/// Held from the moment at which a review is scheduled until its time has come.
static MEETING: Mutex<()> = Mutex::const_new(());
/// The route on which every attempt requires a review.
const STRICT: &str = "reviewed";
const TEMPLATE: &str = "
id: who-may
display_name: Who may
items:
  - {key: told, text: The customer was told, category: INFORMATION, severity: WARNING}
  - {key: kickoff, text: The kick-off was held, category: QUALITY, side: DOWNSTREAM, severity: WARNING}
fields:
  - {key: contract, label: Contract, type: TEXT, required: true, severity: WARNING}
";

/// What a row is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) handoff: pb::Handoff,
    pub(super) route: pb::Route,
    pub(super) workflow: String,
}

impl Subject {
    pub(super) fn proposal(&self) -> String {
        self.route.proposal.clone().expect("terms are proposed").id
    }
}

pub(super) type Prepare = for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, Subject>;
pub(super) type Act = fn(Hand, Subject) -> BoxFuture<'static, Result<(), Status>>;

/// An RPC, on something prepared.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// The side for which those act who must name one.
    pub(super) side: Side,
    pub(super) prepare: Prepare,
    pub(super) act: Act,
}

impl Row {
    /// Whether the column's own person prepares what it then acts on.
    pub(super) fn is_own(&self) -> bool {
        self.name.ends_with("own")
    }
}

/// Somebody whose rights are asked for, as they call.
#[derive(Clone)]
pub(super) struct Hand {
    caller: Caller,
    side: Side,
    gives_reason: bool,
    clock: chassis::TestClock,
}

impl Hand {
    pub(super) fn of(world: &World, column: &Column, side: Side) -> Self {
        let bearer = column.who.map_or_else(Bearer::nothing, |who| who.bearer(world.service.setting.issuer()));
        let side = if column.names_side { side } else { Side::Unspecified };
        Self::calling(world, bearer, side, column.gives_reason)
    }

    fn calling(world: &World, bearer: Bearer, side: Side, gives_reason: bool) -> Self {
        Self {
            caller: world.service.caller_with(bearer),
            side,
            gives_reason,
            clock: world.service.setting.clock.clone(),
        }
    }

    pub(super) fn handoffs(&self) -> HandoffServiceClient<Caller> {
        HandoffServiceClient::new(self.caller.clone())
    }

    pub(super) fn routes(&self) -> RouteServiceClient<Caller> {
        RouteServiceClient::new(self.caller.clone())
    }

    pub(super) fn directory(&self) -> DirectoryServiceClient<Caller> {
        DirectoryServiceClient::new(self.caller.clone())
    }

    pub(super) fn log(&self) -> EventLogServiceClient<Caller> {
        EventLogServiceClient::new(self.caller.clone())
    }

    pub(super) fn side(&self) -> i32 {
        self.side.into()
    }

    pub(super) fn reason(&self) -> String {
        if self.gives_reason { "the team is away".to_owned() } else { String::new() }
    }

    pub(super) fn later(&self) -> Option<prost_types::Timestamp> {
        Some(api::timestamp(self.clock.now().plus_seconds(30 * DAY_SECONDS)))
    }

    fn soon(&self) -> Option<prost_types::Timestamp> {
        Some(api::timestamp(self.clock.now().plus_seconds(SOON_SECONDS)))
    }

    pub(super) fn action(&self, side: Side) -> pb::NewAction {
        pb::NewAction { text: "do it".into(), side: side.into(), owner: String::new(), due_at: self.later() }
    }
}

/// Those who prepare: one of each side.
pub(super) struct Stage<'a> {
    world: &'a World,
    up: Hand,
    down: Hand,
}

impl<'a> Stage<'a> {
    /// Leads of both teams who appear in no column.
    pub(super) fn of_others(world: &'a World) -> Self {
        Self::by(world, &Claims::user("ula").lead("sales"), &Claims::user("dirk").lead("implementation"))
    }

    /// The column's own person, with every right.
    pub(super) fn of(world: &'a World, column: &Column) -> Self {
        let claims = column.claims_with_every_right().unwrap_or_else(|| COLUMNS[0].claims_with_every_right().unwrap());
        Self::by(world, &claims, &claims)
    }

    fn by(world: &'a World, up: &Claims, down: &Claims) -> Self {
        let bearer = |claims| Bearer::token(&world.service.setting.issuer().token(claims));
        let hand = |claims, side| Hand::calling(world, bearer(claims), side, false);
        Self { world, up: hand(up, Side::Upstream), down: hand(down, Side::Downstream) }
    }
}

/// The template in two versions, the first of which new drafts are pinned to; and a route where reviews are required.
pub(super) async fn furnish(world: &World) {
    world.publish(TEMPLATE).await;
    world.publish(&TEMPLATE.replace("was told", "was told so")).await;
    world.set_terms(terms("who-may", 1)).await;
    world.ada.create_route(STRICT, "sales", "implementation").await.unwrap();
    let strict = pb::SetTermsRequest { route_id: STRICT.into(), review_rule: "attempt >= 1".into(), ..terms("", 0) };
    world.set_terms(strict).await;
    world.ada.create_team("legal").await.unwrap();
}

/// The handoff that an answer holds.
macro_rules! handoff {
    ($call:expr) => {
        Subject { handoff: $call.await.unwrap().into_inner().handoff.unwrap(), ..Default::default() }
    };
}

/// A command of a preparing hand that names its side and needs no more than that and what is given.
macro_rules! prepared {
    ($($name:ident: $before:ident, $who:ident.$rpc:ident($request:ident |$hand:ident, $s:ident| { $($field:ident: $value:expr),* }))+) => {
        $(pub(super) async fn $name(stage: &Stage<'_>) -> Subject {
            let $s = $before(stage).await;
            let $hand = &stage.$who;
            let _ = &$hand;
            let request = pb::$request {
                request_id: request_id(),
                handoff_id: $s.handoff.id.clone(),
                $($field: $value,)*
                ..Default::default()
            };
            handoff!($hand.handoffs().$rpc(request))
        })+
    };
}

pub(super) async fn nothing(_: &Stage<'_>) -> Subject {
    Subject::default()
}

async fn drafted(stage: &Stage<'_>, route: &str) -> Subject {
    let request = pb::CreateHandoffRequest { side: stage.up.side(), origin: fresh_origin(), ..create(route, "Acme") };
    handoff!(stage.up.handoffs().create_handoff(request))
}

pub(super) async fn draft(stage: &Stage<'_>) -> Subject {
    drafted(stage, ROUTE).await
}

pub(super) async fn review_required(stage: &Stage<'_>) -> Subject {
    let draft = drafted(stage, STRICT).await;
    handoff!(stage.up.handoffs().submit_handoff(on::<pb::SubmitHandoffRequest>(&draft.handoff)))
}

prepared! {
    submitted: draft, up.submit_handoff(SubmitHandoffRequest |hand, s| {})
    claimed: submitted, down.claim_handoff(ClaimHandoffRequest |hand, s| {})
    accepted: submitted, down.accept_handoff(AcceptHandoffRequest |hand, s| { attempt: 1 })
    read_back: submitted, down.accept_handoff(AcceptHandoffRequest |hand, s| {
        attempt: 1, read_back: "what I heard".into()
    })
    begun: accepted, down.begin_handoff(BeginHandoffRequest |hand, s| {})
    completed: begun, down.complete_handoff(CompleteHandoffRequest |hand, s| {})
    held_alone: draft, up.hold_handoff(HoldHandoffRequest |hand, s| {
        side: hand.side(), reason: "vacation".into(), until: hand.later()
    })
    hold_proposed: draft, up.propose(ProposeRequest |hand, s| {
        side: hand.side(), change: Some(hold_change(hand.later())), reason: "once".into()
    })
    agreed_hold: hold_proposed, down.agree_proposal(AgreeProposalRequest |hand, s| {
        proposal_id: s.handoff.proposals[0].id.clone()
    })
    priority_proposed: draft, up.propose(ProposeRequest |hand, s| {
        side: hand.side(), change: Some(priority_change()), reason: "once".into()
    })
    waiver_proposed: draft, up.propose(ProposeRequest |hand, s| {
        side: hand.side(), change: Some(waiver_change()), reason: "once".into()
    })
    cancel_proposed: accepted, up.propose(ProposeRequest |hand, s| {
        side: hand.side(), change: Some(cancel_change()), reason: "they left".into()
    })
    linked: draft, up.add_link(AddLinkRequest |hand, s| { side: hand.side(), link: Some(link()) })
    unconfirmed_action: draft, down.add_action(AddActionRequest |hand, s| {
        side: hand.side(), action: Some(hand.action(Side::Upstream))
    })
    action_of_upstream: draft, up.add_action(AddActionRequest |hand, s| {
        side: hand.side(), action: Some(hand.action(Side::Upstream))
    })
    action_of_downstream: draft, down.add_action(AddActionRequest |hand, s| {
        side: hand.side(), action: Some(hand.action(Side::Downstream))
    })
    asked: draft, down.ask_question(AskQuestionRequest |hand, s| { side: hand.side(), text: "which?".into() })
    asked_by_upstream: draft, up.ask_question(AskQuestionRequest |hand, s| { side: hand.side(), text: "which?".into() })
    answered: asked, up.answer_question(AnswerQuestionRequest |hand, s| {
        question_id: s.handoff.questions[0].id.clone(), text: "that".into()
    })
    review_scheduled: draft, up.schedule_review(ScheduleReviewRequest |hand, s| {
        side: hand.side(), starts_at: hand.later(), duration: hour(), place: "room 1".into(), attendees: attendees()
    })
    review_soon: draft, up.schedule_review(ScheduleReviewRequest |hand, s| {
        side: hand.side(), starts_at: hand.soon(), duration: hour(), place: "room 1".into(),
        attendees: attendees()
    })
    own_scheduled: review_required_by_others, down.schedule_review(ScheduleReviewRequest |hand, s| {
        side: hand.side(), starts_at: hand.later(), duration: hour(), place: "room 1".into(), attendees: attendees()
    })
    secret: draft, up.set_confidential(SetConfidentialRequest |hand, s| { side: hand.side(), confidential: true })
    secret_review: review_scheduled, up.set_confidential(SetConfidentialRequest |hand, s| {
        side: hand.side(), confidential: true
    })
}

/// Submitted by somebody else than the hands that then schedule.
async fn review_required_by_others(stage: &Stage<'_>) -> Subject {
    review_required(&Stage::of_others(stage.world)).await
}

/// A review whose time has come.
pub(super) async fn review_begun(stage: &Stage<'_>) -> Subject {
    let _held = MEETING.lock().await;
    let review = review_soon(stage).await;
    stage.world.pass_seconds(SOON_SECONDS + 1);
    review
}

/// What somebody prepared, made confidential.
pub(super) async fn hidden(stage: &Stage<'_>, subject: &Subject) {
    let request = pb::SetConfidentialRequest {
        request_id: request_id(),
        handoff_id: subject.handoff.id.clone(),
        side: stage.up.side(),
        confidential: true,
        ..Default::default()
    };
    stage.up.handoffs().set_confidential(request).await.unwrap();
}

fn route_of(answer: Result<Response<pb::CreateRouteResponse>, Status>) -> Subject {
    Subject { route: answer.unwrap().into_inner().route.unwrap(), ..Default::default() }
}

pub(super) async fn route(stage: &Stage<'_>) -> Subject {
    let request = pb::CreateRouteRequest {
        request_id: request_id(),
        route_id: slug("r"),
        from_team: "sales".into(),
        to_team: "implementation".into(),
        ..Default::default()
    };
    route_of(stage.up.routes().create_route(request).await)
}

/// A route of the other direction, which nobody has mapped: of all that may promote it, the first does.
pub(super) async fn discovered(stage: &Stage<'_>) -> Subject {
    let created = stage.world.crm.create(crate::requests::create_between("implementation", "sales")).await.unwrap().0;
    let route = stage.world.ada.get_route(&created.route_id).await.unwrap();
    Subject { route, ..Default::default() }
}

pub(super) async fn terms_proposed(stage: &Stage<'_>) -> Subject {
    let mapped = route(stage).await;
    let request = pb::ProposeTermsRequest {
        request_id: request_id(),
        route_id: mapped.route.id.clone(),
        side: stage.up.side(),
        ..Default::default()
    };
    let answer = stage.up.routes().propose_terms(request).await.unwrap().into_inner();
    Subject { route: answer.route.unwrap(), ..Default::default() }
}

pub(super) async fn workflow(stage: &Stage<'_>) -> Subject {
    let workflow = slug("w");
    stage.world.ada.create_workflow(&workflow, &[ROUTE]).await.unwrap();
    Subject { workflow, ..Default::default() }
}

pub(super) fn link() -> pb::Link {
    pb::Link {
        system: "crm".into(),
        r#type: "deal".into(),
        key: "D-1".into(),
        url: "https://crm.example.com/D-1".into(),
    }
}

/// One of each side.
pub(super) fn attendees() -> Vec<pb::ReviewAttendee> {
    let of = |name: &str, side: Side| pb::ReviewAttendee { name: name.into(), side: side.into(), email: String::new() };
    vec![of("ula", Side::Upstream), of("dirk", Side::Downstream)]
}

pub(super) fn hour() -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds: 3_600, nanos: 0 })
}

fn changes(kind: pb::proposed_change::Kind) -> pb::ProposedChange {
    pb::ProposedChange { kind: Some(kind) }
}

pub(super) fn hold_change(until: Option<prost_types::Timestamp>) -> pb::ProposedChange {
    changes(pb::proposed_change::Kind::Hold(pb::ProposedHold { until }))
}

pub(super) fn deadline_change(deliver_by: Option<prost_types::Timestamp>) -> pb::ProposedChange {
    changes(pb::proposed_change::Kind::Deadline(pb::ProposedDeadline { deliver_by }))
}

fn priority_change() -> pb::ProposedChange {
    changes(pb::proposed_change::Kind::Priority(pb::ProposedPriority { priority: pb::Priority::Urgent.into() }))
}

pub(super) fn waiver_change() -> pb::ProposedChange {
    changes(pb::proposed_change::Kind::Waiver(pb::ProposedWaiver { criteria: vec!["told".into()] }))
}

pub(super) fn cancel_change() -> pb::ProposedChange {
    changes(pb::proposed_change::Kind::Cancel(pb::ProposedCancel {}))
}

/// A name that nothing else has.
pub(super) fn slug(start: &str) -> String {
    format!("{start}{}", request_id())
}
