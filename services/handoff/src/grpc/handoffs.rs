//! Answers about handoffs.

use api::handoff::v1 as pb;
use chassis::{Call, Parse, Tx, actor, into_status};
use criteria::Attachment;
use kernel::Actor;
use prost::Message;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Doing, Handoffs, act, found,
    import::Importing,
    requests::{
        Begin, Claim, Complete, ConfirmAction, EvaluateHandoff, GetHandoff, GetReviewInvite, ListHandoffs,
        ListTimeline, MarkInsufficient, MigrateDraft, On, PreviewMigration, Recall, Reschedule, Resume, Submit,
        Unclaim,
    },
    responses::{into_clocks, into_handoff, into_line, into_migration, invite},
    timeline,
    watch::Watching,
};
use crate::{
    domain::{
        ActionId, Handoff, HandoffId, Link, ProposalId, QuestionId,
        handoff::{
            Ask, Cancel, CancelReview, Comment, Confidential, ConfirmReadBack, Decline, LinkedRecord, Note, Propose,
            Reassign, RecordMissed, Reject, Reopen, Reply, Return, Schedule, TickItem, Update, Wait, WaiveReview,
        },
        history,
    },
    ops::{
        self,
        handoff::{Accepting, Duty, New},
        review::Recording,
    },
    store,
};

/// Clocks of a handoff in one answer.
const CLOCKS_MAX: i64 = 500;

/// The answers that hold the handoff after a command, and nothing else.
trait OfHandoff: Message + Default + 'static {
    fn of(handoff: pb::Handoff) -> Self;
}

macro_rules! of_handoff {
    ($($response:ident)+) => {
        $(impl OfHandoff for pb::$response {
            fn of(handoff: pb::Handoff) -> Self {
                Self { handoff: Some(handoff) }
            }
        })+
    };
}

of_handoff! {
    UpdateHandoffResponse
    TickItemResponse
    SubmitHandoffResponse
    RecallHandoffResponse
    ClaimHandoffResponse
    UnclaimHandoffResponse
    AcceptHandoffResponse
    ConfirmReadBackResponse
    RejectHandoffResponse
    BeginHandoffResponse
    CompleteHandoffResponse
    ReturnHandoffResponse
    ReopenHandoffResponse
    CancelHandoffResponse
    ReassignHandoffResponse
    HoldHandoffResponse
    ResumeHandoffResponse
    AddCommentResponse
    AddLinkResponse
    RemoveLinkResponse
    AddAttachmentResponse
    AddActionResponse
    ConfirmActionResponse
    CompleteActionResponse
    SetConfidentialResponse
    AskQuestionResponse
    AnswerQuestionResponse
    MarkInsufficientResponse
    CloseQuestionResponse
    ScheduleReviewResponse
    RescheduleReviewResponse
    CancelReviewResponse
    RecordReviewHeldResponse
    RecordReviewMissedResponse
    WaiveReviewResponse
    ProposeResponse
    AgreeProposalResponse
    DeclineProposalResponse
}

impl Handoffs {
    /// Most commands: parsed, done by one op exactly once, answered with the handoff that it left behind.
    async fn act<C, R>(
        &self,
        request: Request<C::Request>,
        op: impl for<'t> Fn(&'t mut Tx, &'t Actor, &'t C) -> Doing<'t, Handoff> + Send + Sync + 'static,
    ) -> Result<Response<R>, Status>
    where
        C: Parse + Send + Sync + 'static,
        R: OfHandoff,
    {
        act::<C, _, R>(&self.context, request, op, |handoff| R::of(into_handoff(handoff))).await
    }

    async fn handoff(&self, viewer: &Actor, id: HandoffId) -> Result<Handoff, Status> {
        found(store::handoff::get(self.context.pool(), viewer, id).await, "handoff", id)
    }
}

#[tonic::async_trait]
impl pb::handoff_service_server::HandoffService for Handoffs {
    type WatchHandoffsStream = Watching;

    async fn create_handoff(
        &self,
        request: Request<pb::CreateHandoffRequest>,
    ) -> Result<Response<pb::CreateHandoffResponse>, Status> {
        let (call, new) = Call::parse::<New>(request)?;
        if let Some(answer) = self.context.answered(&call).await.map_err(into_status)? {
            return Ok(Response::new(answer));
        }
        let pinned = self.templates.pin(&self.context, &new).await.map_err(into_status)?;
        self.context
            .once(call, (new, pinned), |tx, by, (new, pinned)| {
                Box::pin(async move {
                    let (handoff, created) = ops::handoff::create(tx, by, new, pinned.as_ref()).await?;
                    Ok(pb::CreateHandoffResponse { handoff: Some(into_handoff(&handoff)), created })
                })
            })
            .await
    }

    async fn get_handoff(
        &self,
        request: Request<pb::GetHandoffRequest>,
    ) -> Result<Response<pb::GetHandoffResponse>, Status> {
        let (by, query) = Call::query::<GetHandoff>(request)?;
        let handoff = self.handoff(&by, query.id).await?;
        let clocks = store::clock::of_handoff(self.context.pool(), handoff.id, CLOCKS_MAX).await;
        let clocks = clocks.and_then(|clocks| into_clocks(&clocks)).map_err(into_status)?;
        Ok(Response::new(pb::GetHandoffResponse { handoff: Some(into_handoff(&handoff)), clocks }))
    }

    async fn list_handoffs(
        &self,
        request: Request<pb::ListHandoffsRequest>,
    ) -> Result<Response<pb::ListHandoffsResponse>, Status> {
        let (by, ListHandoffs { filter, page }) = Call::query(request)?;
        let resume_token = self.list_token(&by, page.after().is_none()).await?;
        let lines = store::list::list(self.context.pool(), &by, &filter, page.after(), page.limit()).await;
        let (lines, next_page_token) = page.cut(lines.map_err(into_status)?, |line| line.cursor(filter.order));
        let handoffs = lines.into_iter().map(into_line).collect();
        Ok(Response::new(pb::ListHandoffsResponse { handoffs, next_page_token, resume_token }))
    }

    async fn list_timeline(
        &self,
        request: Request<pb::ListTimelineRequest>,
    ) -> Result<Response<pb::ListTimelineResponse>, Status> {
        let (by, ListTimeline { id, page }) = Call::query(request)?;
        let handoff = self.handoff(&by, id).await?;
        let after = page.after().copied().unwrap_or_default();
        let read = timeline::after(&self.context, &handoff, after, page.size()).await;
        let (entries, next) = read.map_err(into_status)?;
        let next_page_token = next.map(|next| page.token(&next)).unwrap_or_default();
        Ok(Response::new(pb::ListTimelineResponse { entries, next_page_token }))
    }

    async fn watch_handoffs(&self, request: Request<pb::WatchHandoffsRequest>) -> Result<Response<Watching>, Status> {
        self.watch(request).await
    }

    async fn evaluate_handoff(
        &self,
        request: Request<pb::EvaluateHandoffRequest>,
    ) -> Result<Response<pb::EvaluateHandoffResponse>, Status> {
        let (by, query) = Call::query::<EvaluateHandoff>(request)?;
        let handoff = self.handoff(&by, query.id).await?;
        let first_time_pair = store::handoff::first_time_pair(self.context.pool(), &handoff.route_id).await;
        let evaluation = api::criteria::evaluation(handoff.evaluate(first_time_pair.map_err(into_status)?));
        Ok(Response::new(pb::EvaluateHandoffResponse { evaluation: Some(evaluation) }))
    }

    async fn update_handoff(
        &self,
        request: Request<pb::UpdateHandoffRequest>,
    ) -> Result<Response<pb::UpdateHandoffResponse>, Status> {
        self.act::<On<Update>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::update(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn tick_item(&self, request: Request<pb::TickItemRequest>) -> Result<Response<pb::TickItemResponse>, Status> {
        self.act::<On<TickItem>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::tick(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn submit_handoff(
        &self,
        request: Request<pb::SubmitHandoffRequest>,
    ) -> Result<Response<pb::SubmitHandoffResponse>, Status> {
        self.act::<On<Submit>, _>(request, |tx, by, c| Box::pin(ops::handoff::submit(tx, by, &c.target))).await
    }

    async fn recall_handoff(
        &self,
        request: Request<pb::RecallHandoffRequest>,
    ) -> Result<Response<pb::RecallHandoffResponse>, Status> {
        self.act::<On<Recall>, _>(request, |tx, by, c| Box::pin(ops::handoff::recall(tx, by, &c.target))).await
    }

    async fn claim_handoff(
        &self,
        request: Request<pb::ClaimHandoffRequest>,
    ) -> Result<Response<pb::ClaimHandoffResponse>, Status> {
        self.act::<On<Claim>, _>(request, |tx, by, c| Box::pin(ops::note::claim(tx, by, &c.target))).await
    }

    async fn unclaim_handoff(
        &self,
        request: Request<pb::UnclaimHandoffRequest>,
    ) -> Result<Response<pb::UnclaimHandoffResponse>, Status> {
        self.act::<On<Unclaim>, _>(request, |tx, by, c| Box::pin(ops::note::unclaim(tx, by, &c.target))).await
    }

    async fn accept_handoff(
        &self,
        request: Request<pb::AcceptHandoffRequest>,
    ) -> Result<Response<pb::AcceptHandoffResponse>, Status> {
        self.act::<On<Accepting>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::accept(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn confirm_read_back(
        &self,
        request: Request<pb::ConfirmReadBackRequest>,
    ) -> Result<Response<pb::ConfirmReadBackResponse>, Status> {
        self.act::<On<ConfirmReadBack>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::confirm_read_back(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn reject_handoff(
        &self,
        request: Request<pb::RejectHandoffRequest>,
    ) -> Result<Response<pb::RejectHandoffResponse>, Status> {
        self.act::<On<Reject>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::reject(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn begin_handoff(
        &self,
        request: Request<pb::BeginHandoffRequest>,
    ) -> Result<Response<pb::BeginHandoffResponse>, Status> {
        self.act::<On<Begin>, _>(request, |tx, by, c| Box::pin(ops::handoff::begin(tx, by, &c.target))).await
    }

    async fn complete_handoff(
        &self,
        request: Request<pb::CompleteHandoffRequest>,
    ) -> Result<Response<pb::CompleteHandoffResponse>, Status> {
        self.act::<On<Complete>, _>(request, |tx, by, c| Box::pin(ops::handoff::complete(tx, by, &c.target))).await
    }

    async fn return_handoff(
        &self,
        request: Request<pb::ReturnHandoffRequest>,
    ) -> Result<Response<pb::ReturnHandoffResponse>, Status> {
        self.act::<On<Return>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::give_back(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn reopen_handoff(
        &self,
        request: Request<pb::ReopenHandoffRequest>,
    ) -> Result<Response<pb::ReopenHandoffResponse>, Status> {
        self.act::<On<Reopen>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::reopen(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn cancel_handoff(
        &self,
        request: Request<pb::CancelHandoffRequest>,
    ) -> Result<Response<pb::CancelHandoffResponse>, Status> {
        self.act::<On<Cancel>, _>(request, |tx, by, c| {
            Box::pin(ops::handoff::cancel(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn reassign_handoff(
        &self,
        request: Request<pb::ReassignHandoffRequest>,
    ) -> Result<Response<pb::ReassignHandoffResponse>, Status> {
        self.act::<On<Reassign>, _>(request, |tx, by, c| {
            Box::pin(ops::note::reassign(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn hold_handoff(
        &self,
        request: Request<pb::HoldHandoffRequest>,
    ) -> Result<Response<pb::HoldHandoffResponse>, Status> {
        self.act::<On<Wait>, _>(request, |tx, by, c| Box::pin(ops::hold::hold(tx, by, &c.target, c.command.clone())))
            .await
    }

    async fn resume_handoff(
        &self,
        request: Request<pb::ResumeHandoffRequest>,
    ) -> Result<Response<pb::ResumeHandoffResponse>, Status> {
        self.act::<On<Resume>, _>(request, |tx, by, c| Box::pin(ops::hold::resume(tx, by, &c.target, c.command.side)))
            .await
    }

    async fn add_comment(
        &self,
        request: Request<pb::AddCommentRequest>,
    ) -> Result<Response<pb::AddCommentResponse>, Status> {
        self.act::<On<Note<Comment>>, _>(request, |tx, by, c| {
            Box::pin(ops::note::comment(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn add_link(&self, request: Request<pb::AddLinkRequest>) -> Result<Response<pb::AddLinkResponse>, Status> {
        self.act::<On<Note<Link>>, _>(request, |tx, by, c| {
            Box::pin(ops::note::add_link(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn remove_link(
        &self,
        request: Request<pb::RemoveLinkRequest>,
    ) -> Result<Response<pb::RemoveLinkResponse>, Status> {
        self.act::<On<Note<LinkedRecord>>, _>(request, |tx, by, c| {
            Box::pin(ops::note::remove_link(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn add_attachment(
        &self,
        request: Request<pb::AddAttachmentRequest>,
    ) -> Result<Response<pb::AddAttachmentResponse>, Status> {
        self.act::<On<Note<Attachment>>, _>(request, |tx, by, c| {
            Box::pin(ops::note::add_attachment(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn add_action(
        &self,
        request: Request<pb::AddActionRequest>,
    ) -> Result<Response<pb::AddActionResponse>, Status> {
        self.act::<On<Note<Duty>>, _>(request, |tx, by, c| {
            Box::pin(ops::note::add_action(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn confirm_action(
        &self,
        request: Request<pb::ConfirmActionRequest>,
    ) -> Result<Response<pb::ConfirmActionResponse>, Status> {
        self.act::<On<ConfirmAction>, _>(request, |tx, by, c| {
            Box::pin(ops::note::confirm_action(tx, by, &c.target, c.command.0))
        })
        .await
    }

    async fn complete_action(
        &self,
        request: Request<pb::CompleteActionRequest>,
    ) -> Result<Response<pb::CompleteActionResponse>, Status> {
        self.act::<On<ActionId>, _>(request, |tx, by, c| {
            Box::pin(ops::note::complete_action(tx, by, &c.target, c.command))
        })
        .await
    }

    async fn set_confidential(
        &self,
        request: Request<pb::SetConfidentialRequest>,
    ) -> Result<Response<pb::SetConfidentialResponse>, Status> {
        self.act::<On<Note<Confidential>>, _>(request, |tx, by, c| {
            Box::pin(ops::note::set_confidential(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn ask_question(
        &self,
        request: Request<pb::AskQuestionRequest>,
    ) -> Result<Response<pb::AskQuestionResponse>, Status> {
        self.act::<On<Ask>, _>(request, |tx, by, c| Box::pin(ops::question::ask(tx, by, &c.target, c.command.clone())))
            .await
    }

    async fn answer_question(
        &self,
        request: Request<pb::AnswerQuestionRequest>,
    ) -> Result<Response<pb::AnswerQuestionResponse>, Status> {
        self.act::<On<Reply>, _>(request, |tx, by, c| {
            Box::pin(ops::question::answer(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn mark_insufficient(
        &self,
        request: Request<pb::MarkInsufficientRequest>,
    ) -> Result<Response<pb::MarkInsufficientResponse>, Status> {
        self.act::<On<MarkInsufficient>, _>(request, |tx, by, c| {
            Box::pin(ops::question::mark_insufficient(tx, by, &c.target, c.command.0.clone()))
        })
        .await
    }

    async fn close_question(
        &self,
        request: Request<pb::CloseQuestionRequest>,
    ) -> Result<Response<pb::CloseQuestionResponse>, Status> {
        self.act::<On<QuestionId>, _>(request, |tx, by, c| Box::pin(ops::question::close(tx, by, &c.target, c.command)))
            .await
    }

    async fn schedule_review(
        &self,
        request: Request<pb::ScheduleReviewRequest>,
    ) -> Result<Response<pb::ScheduleReviewResponse>, Status> {
        self.act::<On<Schedule>, _>(request, |tx, by, c| {
            Box::pin(ops::review::schedule(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn reschedule_review(
        &self,
        request: Request<pb::RescheduleReviewRequest>,
    ) -> Result<Response<pb::RescheduleReviewResponse>, Status> {
        self.act::<On<Reschedule>, _>(request, |tx, by, c| {
            Box::pin(ops::review::reschedule(tx, by, &c.target, c.command.id, c.command.new.clone()))
        })
        .await
    }

    async fn cancel_review(
        &self,
        request: Request<pb::CancelReviewRequest>,
    ) -> Result<Response<pb::CancelReviewResponse>, Status> {
        self.act::<On<CancelReview>, _>(request, |tx, by, c| {
            Box::pin(ops::review::cancel(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn record_review_held(
        &self,
        request: Request<pb::RecordReviewHeldRequest>,
    ) -> Result<Response<pb::RecordReviewHeldResponse>, Status> {
        self.act::<On<Recording>, _>(request, |tx, by, c| {
            Box::pin(ops::review::record_held(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn record_review_missed(
        &self,
        request: Request<pb::RecordReviewMissedRequest>,
    ) -> Result<Response<pb::RecordReviewMissedResponse>, Status> {
        self.act::<On<RecordMissed>, _>(request, |tx, by, c| {
            Box::pin(ops::review::record_missed(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn waive_review(
        &self,
        request: Request<pb::WaiveReviewRequest>,
    ) -> Result<Response<pb::WaiveReviewResponse>, Status> {
        self.act::<On<WaiveReview>, _>(request, |tx, by, c| {
            Box::pin(ops::review::waive(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn propose(&self, request: Request<pb::ProposeRequest>) -> Result<Response<pb::ProposeResponse>, Status> {
        self.act::<On<Propose>, _>(request, |tx, by, c| {
            Box::pin(ops::proposal::propose(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn agree_proposal(
        &self,
        request: Request<pb::AgreeProposalRequest>,
    ) -> Result<Response<pb::AgreeProposalResponse>, Status> {
        self.act::<On<ProposalId>, _>(request, |tx, by, c| Box::pin(ops::proposal::agree(tx, by, &c.target, c.command)))
            .await
    }

    async fn decline_proposal(
        &self,
        request: Request<pb::DeclineProposalRequest>,
    ) -> Result<Response<pb::DeclineProposalResponse>, Status> {
        self.act::<On<Decline>, _>(request, |tx, by, c| {
            Box::pin(ops::proposal::decline(tx, by, &c.target, c.command.clone()))
        })
        .await
    }

    async fn preview_migration(
        &self,
        request: Request<pb::PreviewMigrationRequest>,
    ) -> Result<Response<pb::PreviewMigrationResponse>, Status> {
        let (by, query) = Call::query::<PreviewMigration>(request)?;
        let handoff = self.handoff(&by, query.id).await?;
        let to = self.templates.next(&self.context, &handoff.template, query.version).await.map_err(into_status)?;
        let first_time_pair = store::handoff::first_time_pair(self.context.pool(), &handoff.route_id).await;
        let migrated = handoff
            .preview_migration(&to, first_time_pair.map_err(into_status)?)
            .map_err(|refused| into_status(refused.into()))?;
        Ok(Response::new(pb::PreviewMigrationResponse {
            migration: Some(into_migration(&migrated)),
            evaluation: Some(api::criteria::evaluation(migrated.evaluation)),
        }))
    }

    async fn migrate_draft(
        &self,
        request: Request<pb::MigrateDraftRequest>,
    ) -> Result<Response<pb::MigrateDraftResponse>, Status> {
        let (call, On { target, command }) = Call::parse::<On<MigrateDraft>>(request)?;
        if let Some(answer) = self.context.answered(&call).await.map_err(into_status)? {
            return Ok(Response::new(answer));
        }
        let handoff = self.handoff(call.by(), target.id).await?;
        let to = self.templates.next(&self.context, &handoff.template, command.version).await.map_err(into_status)?;
        self.context
            .once(call, (target, to), |tx, by, (target, to)| {
                Box::pin(async move {
                    let (handoff, migrated) = ops::handoff::migrate_draft(tx, by, target, to).await?;
                    let migration = Some(into_migration(&migrated));
                    Ok(pb::MigrateDraftResponse { handoff: Some(into_handoff(&handoff)), migration })
                })
            })
            .await
    }

    async fn get_review_invite(
        &self,
        request: Request<pb::GetReviewInviteRequest>,
    ) -> Result<Response<pb::GetReviewInviteResponse>, Status> {
        let (by, query) = Call::query::<GetReviewInvite>(request)?;
        let handoff = self.handoff(&by, query.handoff).await?;
        let review = handoff.reviews.iter().find(|review| review.id == query.id);
        let icalendar = review.and_then(|review| invite(&handoff, review));
        let icalendar = found(Ok(icalendar), "invitation to the review", query.id)?;
        Ok(Response::new(pb::GetReviewInviteResponse { icalendar }))
    }

    async fn import_handoffs(
        &self,
        request: Request<Streaming<pb::ImportHandoffsRequest>>,
    ) -> Result<Response<pb::ImportHandoffsResponse>, Status> {
        let by = actor(&request)?;
        history::must_be_importer(&by).map_err(|refused| into_status(refused.into()))?;
        let mut importing = Importing::new(&self.context, &by);
        let mut records = request.into_inner();
        while let Some(record) = records.message().await? {
            importing.take(record).await.map_err(into_status)?;
        }
        Ok(Response::new(importing.finish().await.map_err(into_status)?))
    }
}
