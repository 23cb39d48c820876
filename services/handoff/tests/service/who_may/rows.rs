//! The rows of the table: every RPC, on what it may succeed on.
#![expect(
    clippy::needless_update,
    reason = "one macro writes the requests of all RPCs, also those with no further field"
)]

use api::{
    event::v1 as log,
    handoff::v1 as pb,
    r#type::v1::{Attachment, Side, Tick, TickState},
};
use futures::FutureExt;
use testkit::request_id;

use super::stage::{
    Act, Hand, Prepare, Row, Subject, accepted, action_of_downstream, action_of_upstream, agreed_hold, answered, asked,
    asked_by_upstream, begun, cancel_proposed, claimed, completed, deadline_change, discovered, draft, held_alone,
    hold_change, hour, linked, nothing, own_scheduled, priority_proposed, read_back, review_begun, review_required,
    review_scheduled, route, secret, secret_review, submitted, terms_proposed, unconfirmed_action, waiver_change,
    waiver_proposed, workflow,
};
use crate::{
    history::record,
    requests::{because, mask, origin},
};

macro_rules! rows {
    (|$s:ident, $hand:ident| $($name:literal $side:ident $prepare:path => $client:ident.$rpc:ident($request:ident {
        $($field:ident: $value:expr),* $(,)?
    }))+) => {
        vec![$(Row {
            name: $name,
            side: Side::$side,
            prepare: (|stage| $prepare(stage).boxed()) as Prepare,
            act: (|$hand: Hand, $s: Subject| async move {
                let _ = &$s;
                let request = pb::$request { $($field: $value,)* ..Default::default() };
                $hand.$client().$rpc(request).await.map(drop)
            }.boxed()) as Act,
        }),+]
    };
}

/// Commands on one handoff.
macro_rules! commands {
    (|$s:ident, $hand:ident| $($name:literal $side:ident $prepare:path => $rpc:ident($request:ident {
        $($field:ident: $value:expr),* $(,)?
    }))+) => {
        rows! { |$s, $hand| $($name $side $prepare => handoffs.$rpc($request {
            request_id: request_id(),
            handoff_id: $s.handoff.id.clone(),
            override_reason: $hand.reason(),
            $($field: $value),*
        }))+ }
    };
}

/// What sides do to a handoff.
#[expect(clippy::too_many_lines, reason = "a table, a row a command")]
pub(super) fn commands() -> Vec<Row> {
    commands! { |s, hand|
        "UpdateHandoff" Upstream draft => update_handoff(UpdateHandoffRequest {
            update_mask: mask(&["title"]), title: "another".into()
        })
        "TickItem: of upstream" Upstream draft => tick_item(TickItemRequest { item: "told".into(), tick: done() })
        "TickItem: of downstream" Downstream accepted => tick_item(TickItemRequest {
            item: "kickoff".into(), tick: done()
        })
        "SubmitHandoff" Upstream draft => submit_handoff(SubmitHandoffRequest {})
        "MigrateDraft" Upstream draft => migrate_draft(MigrateDraftRequest { version: 2 })
        "RecallHandoff" Upstream submitted => recall_handoff(RecallHandoffRequest {})
        "ClaimHandoff" Downstream submitted => claim_handoff(ClaimHandoffRequest {})
        "ClaimHandoff: claimed by somebody else" Downstream claimed => claim_handoff(ClaimHandoffRequest {})
        "UnclaimHandoff" Downstream submitted => unclaim_handoff(UnclaimHandoffRequest {})
        "UnclaimHandoff: claimed by somebody else" Downstream claimed => unclaim_handoff(UnclaimHandoffRequest {})
        "AcceptHandoff" Downstream submitted => accept_handoff(AcceptHandoffRequest { attempt: 1 })
        "AcceptHandoff: own" Downstream submitted => accept_handoff(AcceptHandoffRequest { attempt: 1 })
        "ConfirmReadBack" Upstream read_back => confirm_read_back(ConfirmReadBackRequest { attempt: 1 })
        "RejectHandoff" Downstream submitted => reject_handoff(RejectHandoffRequest {
            attempt: 1, reasons: vec![because("it is not ready")]
        })
        "BeginHandoff" Downstream accepted => begin_handoff(BeginHandoffRequest {})
        "CompleteHandoff" Downstream begun => complete_handoff(CompleteHandoffRequest {})
        "ReturnHandoff" Downstream completed => return_handoff(ReturnHandoffRequest {
            attempt: 1, reasons: vec![because("it does not work")]
        })
        "ReopenHandoff" Upstream completed => reopen_handoff(ReopenHandoffRequest { reason: "a bug".into() })
        "CancelHandoff" Upstream submitted => cancel_handoff(CancelHandoffRequest { reason: "they left".into() })
        "ReassignHandoff" Upstream submitted => reassign_handoff(ReassignHandoffRequest {
            side: hand.side(), owner: "eve".into()
        })
        "SetConfidential" Upstream draft => set_confidential(SetConfidentialRequest {
            side: hand.side(), confidential: !s.handoff.confidential
        })
        "HoldHandoff" Upstream draft => hold_handoff(HoldHandoffRequest {
            side: hand.side(), reason: "vacation".into(), until: hand.later()
        })
        "ResumeHandoff: held by upstream alone" Upstream held_alone => resume_handoff(ResumeHandoffRequest {
            side: hand.side()
        })
        "ResumeHandoff: both agreed" Upstream agreed_hold => resume_handoff(ResumeHandoffRequest { side: hand.side() })
        "AddComment" Upstream draft => add_comment(AddCommentRequest { side: hand.side(), text: "hello".into() })
        "AddLink" Upstream draft => add_link(AddLinkRequest { side: hand.side(), link: Some(super::stage::link()) })
        "RemoveLink" Upstream linked => remove_link(RemoveLinkRequest {
            side: hand.side(), system: "crm".into(), r#type: "deal".into(), key: "D-1".into()
        })
        "AddAttachment" Upstream draft => add_attachment(AddAttachmentRequest {
            side: hand.side(),
            attachment: Some(Attachment {
                name: "a.pdf".into(), url: "https://files.example.com/a.pdf".into(), ..Default::default()
            })
        })
        "AddAction" Upstream draft => add_action(AddActionRequest {
            side: hand.side(), action: Some(hand.action(Side::Upstream))
        })
        "ConfirmAction: of upstream" Upstream unconfirmed_action => confirm_action(ConfirmActionRequest {
            action_id: s.handoff.actions[0].id.clone()
        })
        "ConfirmAction: of upstream, own" Upstream unconfirmed_action => confirm_action(ConfirmActionRequest {
            action_id: s.handoff.actions[0].id.clone()
        })
        "CompleteAction: of upstream" Upstream action_of_upstream => complete_action(CompleteActionRequest {
            action_id: s.handoff.actions[0].id.clone()
        })
        "CompleteAction: of downstream" Downstream action_of_downstream => complete_action(CompleteActionRequest {
            action_id: s.handoff.actions[0].id.clone()
        })
        "AskQuestion" Upstream draft => ask_question(AskQuestionRequest { side: hand.side(), text: "which?".into() })
        "AnswerQuestion: of downstream" Upstream asked => answer_question(AnswerQuestionRequest {
            question_id: s.handoff.questions[0].id.clone(), text: "this".into()
        })
        "AnswerQuestion: of upstream" Downstream asked_by_upstream => answer_question(AnswerQuestionRequest {
            question_id: s.handoff.questions[0].id.clone(), text: "this".into()
        })
        "AnswerQuestion: of downstream, own" Upstream asked => answer_question(AnswerQuestionRequest {
            question_id: s.handoff.questions[0].id.clone(), text: "this".into()
        })
        "MarkInsufficient: of downstream" Downstream answered => mark_insufficient(MarkInsufficientRequest {
            question_id: s.handoff.questions[0].id.clone(), text: "and then?".into()
        })
        "CloseQuestion: of downstream" Downstream asked => close_question(CloseQuestionRequest {
            question_id: s.handoff.questions[0].id.clone()
        })
        "ScheduleReview" Upstream draft => schedule_review(ScheduleReviewRequest {
            side: hand.side(), starts_at: hand.later(), duration: hour(), place: "room 4".into(),
            attendees: super::stage::attendees()
        })
        "RescheduleReview" Upstream review_scheduled => reschedule_review(RescheduleReviewRequest {
            side: hand.side(), review_id: s.handoff.reviews[0].id.clone(), starts_at: hand.later(),
            duration: hour(), place: "room 5".into(), attendees: super::stage::attendees()
        })
        "CancelReview" Upstream review_scheduled => cancel_review(CancelReviewRequest {
            side: hand.side(), review_id: s.handoff.reviews[0].id.clone(), reason: "ill".into()
        })
        "RecordReviewHeld" Downstream review_begun => record_review_held(RecordReviewHeldRequest {
            review_id: s.handoff.reviews[0].id.clone(), attended: super::stage::attendees(),
            outcome: pb::ReviewOutcome::Ready.into()
        })
        "RecordReviewMissed" Upstream review_begun => record_review_missed(RecordReviewMissedRequest {
            side: hand.side(), review_id: s.handoff.reviews[0].id.clone(), absent: vec![Side::Upstream.into()]
        })
        "WaiveReview" Downstream review_required => waive_review(WaiveReviewRequest {
            attempt: 1, reason: "simple".into()
        })
        "WaiveReview: of what they submitted, own" Downstream review_required => waive_review(WaiveReviewRequest {
            attempt: 1, reason: "simple".into()
        })
        "WaiveReview: that they scheduled, own" Downstream own_scheduled => waive_review(WaiveReviewRequest {
            attempt: 1, reason: "simple".into()
        })
        "Propose: a hold" Upstream draft => propose(ProposeRequest {
            side: hand.side(), change: Some(hold_change(hand.later())), reason: "once".into()
        })
        "Propose: a deadline" Downstream submitted => propose(ProposeRequest {
            side: hand.side(), change: Some(deadline_change(hand.later())), reason: "once".into()
        })
        "Propose: to cancel" Downstream accepted => propose(ProposeRequest {
            side: hand.side(), change: Some(super::stage::cancel_change()), reason: "they left".into()
        })
        "Propose: a waiver" Upstream draft => propose(ProposeRequest {
            side: hand.side(), change: Some(waiver_change()), reason: "once".into()
        })
        "AgreeProposal: to upstream's priority" Downstream priority_proposed => agree_proposal(AgreeProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
        "AgreeProposal: to upstream's waiver" Downstream waiver_proposed => agree_proposal(AgreeProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
        "AgreeProposal: to upstream's wish to cancel" Downstream cancel_proposed => agree_proposal(AgreeProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
        "AgreeProposal: to a priority, own" Downstream priority_proposed => agree_proposal(AgreeProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
        "AgreeProposal: to a waiver, own" Downstream waiver_proposed => agree_proposal(AgreeProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
        "DeclineProposal: upstream's priority" Downstream priority_proposed => decline_proposal(DeclineProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
        "DeclineProposal: upstream's waiver" Downstream waiver_proposed => decline_proposal(DeclineProposalRequest {
            proposal_id: s.handoff.proposals[0].id.clone()
        })
    }
}

/// What is read of one handoff.
pub(super) fn readings() -> Vec<Row> {
    rows! { |s, hand|
        "GetHandoff" Upstream draft => handoffs.get_handoff(GetHandoffRequest { handoff_id: s.handoff.id })
        "ListTimeline" Upstream draft => handoffs.list_timeline(ListTimelineRequest { handoff_id: s.handoff.id })
        "EvaluateHandoff" Upstream draft => handoffs.evaluate_handoff(EvaluateHandoffRequest { handoff_id: s.handoff.id })
        "PreviewMigration" Upstream draft => handoffs.preview_migration(PreviewMigrationRequest {
            handoff_id: s.handoff.id, version: 2
        })
        "GetReviewInvite" Upstream review_scheduled => handoffs.get_review_invite(GetReviewInviteRequest {
            handoff_id: s.handoff.id, review_id: s.handoff.reviews[0].id.clone()
        })
    }
}

/// The same of a confidential one.
pub(super) fn confidential_readings() -> Vec<Row> {
    rows! { |s, hand|
        "GetHandoff: confidential" Upstream secret => handoffs.get_handoff(GetHandoffRequest { handoff_id: s.handoff.id })
        "ListTimeline: confidential" Upstream secret => handoffs.list_timeline(ListTimelineRequest {
            handoff_id: s.handoff.id
        })
        "EvaluateHandoff: confidential" Upstream secret => handoffs.evaluate_handoff(EvaluateHandoffRequest {
            handoff_id: s.handoff.id
        })
        "PreviewMigration: confidential" Upstream secret => handoffs.preview_migration(PreviewMigrationRequest {
            handoff_id: s.handoff.id, version: 2
        })
        "GetReviewInvite: confidential" Upstream secret_review => handoffs.get_review_invite(GetReviewInviteRequest {
            handoff_id: s.handoff.id, review_id: s.handoff.reviews[0].id.clone()
        })
    }
    .into_iter()
    .chain([Row {
        name: "ListHandoffs: confidential",
        side: Side::Upstream,
        prepare: |stage| secret(stage).boxed(),
        act: |hand, s| {
            async move {
                let request = pb::ListHandoffsRequest { origin: s.handoff.origin, ..Default::default() };
                let listed = hand.handoffs().list_handoffs(request).await?.into_inner().handoffs;
                let unseen = || tonic::Status::not_found("the list is empty");
                listed.iter().any(|line| line.id == s.handoff.id).then_some(()).ok_or_else(unseen)
            }
            .boxed()
        },
    }])
    .collect()
}

/// What is about no handoff that is there.
pub(super) fn beside() -> Vec<Row> {
    let mut rows = rows! { |s, hand|
        "CreateHandoff" Upstream nothing => handoffs.create_handoff(CreateHandoffRequest {
            request_id: request_id(), route_id: crate::world::ROUTE.into(), title: "Acme".into(), side: hand.side(),
            override_reason: hand.reason()
        })
        "ListHandoffs" Upstream nothing => handoffs.list_handoffs(ListHandoffsRequest {})
        "WatchHandoffs" Upstream nothing => handoffs.watch_handoffs(WatchHandoffsRequest {
            filter: Some(pb::WatchFilter { handoff_ids: vec![request_id()], ..Default::default() })
        })
    };
    rows.push(Row {
        name: "ImportHandoffs",
        side: Side::Upstream,
        prepare: |stage| nothing(stage).boxed(),
        act: |hand, _| {
            async move {
                let past = record(&request_id(), &[pb::HistoricEventKind::Submitted]);
                let stream = futures::stream::iter([pb::ImportHandoffsRequest { record: Some(past) }]);
                let told = hand.handoffs().import_handoffs(stream).await?.into_inner();
                assert_eq!(told.created, 1, "{:?}", told.refusals);
                Ok(())
            }
            .boxed()
        },
    });
    rows
}

/// The map.
pub(super) fn map() -> Vec<Row> {
    rows! { |s, hand|
        "CreateRoute" Upstream nothing => routes.create_route(CreateRouteRequest {
            request_id: request_id(), route_id: super::stage::slug("r"), from_team: "sales".into(),
            to_team: "implementation".into()
        })
        "GetRoute" Upstream route => routes.get_route(GetRouteRequest { route_id: s.route.id })
        "ListRoutes" Upstream nothing => routes.list_routes(ListRoutesRequest {})
        "UpdateRoute" Upstream route => routes.update_route(UpdateRouteRequest {
            request_id: request_id(), route_id: s.route.id, update_mask: mask(&["name"]), name: "another".into()
        })
        "RetireRoute" Upstream route => routes.retire_route(RetireRouteRequest {
            request_id: request_id(), route_id: s.route.id
        })
        "PromoteRoute" Upstream discovered => routes.promote_route(PromoteRouteRequest {
            request_id: request_id(), route_id: s.route.id
        })
        "SetTerms" Upstream route => routes.set_terms(SetTermsRequest {
            request_id: request_id(), route_id: s.route.id, template_id: String::new()
        })
        "ProposeTerms" Upstream route => routes.propose_terms(ProposeTermsRequest {
            request_id: request_id(), route_id: s.route.id, side: hand.side()
        })
        "AgreeTerms: upstream proposed them" Downstream terms_proposed => routes.agree_terms(AgreeTermsRequest {
            request_id: request_id(), route_id: s.route.id.clone(), proposal_id: s.proposal()
        })
        "AgreeTerms: own" Downstream terms_proposed => routes.agree_terms(AgreeTermsRequest {
            request_id: request_id(), route_id: s.route.id.clone(), proposal_id: s.proposal()
        })
        "DeclineTerms: upstream proposed them" Downstream terms_proposed => routes.decline_terms(DeclineTermsRequest {
            request_id: request_id(), route_id: s.route.id.clone(), proposal_id: s.proposal(), reason: "no".into()
        })
        "WithdrawTerms: upstream proposed them" Upstream terms_proposed => routes.withdraw_terms(WithdrawTermsRequest {
            request_id: request_id(), route_id: s.route.id.clone(), proposal_id: s.proposal()
        })
        "CreateWorkflow" Upstream nothing => routes.create_workflow(CreateWorkflowRequest {
            request_id: request_id(), workflow_id: super::stage::slug("w"), routes: vec![crate::world::ROUTE.into()]
        })
        "GetWorkflow" Upstream workflow => routes.get_workflow(GetWorkflowRequest { workflow_id: s.workflow })
        "ListWorkflows" Upstream nothing => routes.list_workflows(ListWorkflowsRequest {})
        "UpdateWorkflow" Upstream workflow => routes.update_workflow(UpdateWorkflowRequest {
            request_id: request_id(), workflow_id: s.workflow, update_mask: mask(&["name"]), name: "another".into()
        })
        "CheckMap" Upstream nothing => routes.check_map(CheckMapRequest {})
        "ExportMap" Upstream nothing => routes.export_map(ExportMapRequest { format: pb::MapFormat::Yaml.into() })
        "ImportMap" Upstream nothing => routes.import_map(ImportMapRequest {
            request_id: request_id(), yaml: "teams:\n  - {id: legal}\n".into()
        })
        "ImportMap: dry run" Upstream nothing => routes.import_map(ImportMapRequest {
            request_id: request_id(), yaml: "teams:\n  - {id: finance}\n".into(), dry_run: true
        })
    }
}

/// Teams.
pub(super) fn directory() -> Vec<Row> {
    rows! { |s, hand|
        "CreateTeam" Upstream nothing => directory.create_team(CreateTeamRequest {
            request_id: request_id(), team_id: super::stage::slug("t")
        })
        "GetTeam" Upstream nothing => directory.get_team(GetTeamRequest { team_id: "sales".into() })
        "ListTeams" Upstream nothing => directory.list_teams(ListTeamsRequest {})
        "UpdateTeam" Upstream nothing => directory.update_team(UpdateTeamRequest {
            request_id: request_id(), team_id: "sales".into(), update_mask: mask(&["display_name"]),
            display_name: super::stage::slug("Sales ")
        })
    }
}

/// The event log.
pub(super) fn event_log() -> Vec<Row> {
    let row = |name, act| Row { name, side: Side::Upstream, prepare: |stage| nothing(stage).boxed(), act };
    vec![
        row("ListEvents", |hand: Hand, _| {
            async move { hand.log().list_events(log::ListEventsRequest::default()).await.map(drop) }.boxed()
        }),
        row("GetWatermark", |hand, _| {
            async move { hand.log().get_watermark(log::GetWatermarkRequest {}).await.map(drop) }.boxed()
        }),
    ]
}

fn done() -> Option<Tick> {
    Some(Tick { state: TickState::Done.into(), ..Default::default() })
}

/// An outside record that nothing else is made for.
pub(super) fn fresh_origin() -> Option<pb::Origin> {
    origin(&request_id())
}
