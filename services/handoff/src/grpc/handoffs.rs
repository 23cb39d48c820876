//! Answers about handoffs.

use api::handoff::v1 as pb;
use chassis::{Aggregate, Call, actor, into_status, log};
use kernel::Actor;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Handoffs, act, found,
    import::Importing,
    requests::{Begin, Complete, EvaluateHandoff, GetHandoff, ListHandoffs, ListTimeline, On, Submit},
    responses::{into_entry, into_handoff, into_line},
    watch::Watching,
};
use crate::{
    domain::{
        ActionId, Handoff, HandoffId,
        handoff::{Cancel, Reject, Reopen, Return, TickItem, Update},
        history,
    },
    ops::handoff::{self as ops, Accepting, New},
    store,
};

impl Handoffs {
    async fn handoff(&self, viewer: &Actor, id: HandoffId) -> Result<Handoff, Status> {
        found(store::handoff::get(self.context.pool(), viewer, id).await, "handoff", id)
    }
}

#[tonic::async_trait]
impl pb::handoff_service_server::HandoffService for Handoffs {
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
                    let (handoff, created) = ops::create(tx, by, new, pinned.as_ref()).await?;
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
        Ok(Response::new(pb::GetHandoffResponse { handoff: Some(into_handoff(&handoff)) }))
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
        let name = self.handoff(&by, id).await?.name();
        let after = page.after().copied().unwrap_or_default();
        let told = log::history(self.context.pool(), &name, after, page.limit()).await.map_err(into_status)?;
        let (told, next_page_token) = page.cut(told, |told| told.aggregate_seq);
        let entries = told.into_iter().map(into_entry).collect::<Result<_, _>>().map_err(into_status)?;
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
        act::<On<Update>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::update(tx, by, &c.target, c.command.clone())),
            |handoff| pb::UpdateHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn tick_item(&self, request: Request<pb::TickItemRequest>) -> Result<Response<pb::TickItemResponse>, Status> {
        act::<On<TickItem>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::tick(tx, by, &c.target, c.command.clone())),
            |handoff| pb::TickItemResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn submit_handoff(
        &self,
        request: Request<pb::SubmitHandoffRequest>,
    ) -> Result<Response<pb::SubmitHandoffResponse>, Status> {
        act::<On<Submit>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::submit(tx, by, &c.target)),
            |handoff| pb::SubmitHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn accept_handoff(
        &self,
        request: Request<pb::AcceptHandoffRequest>,
    ) -> Result<Response<pb::AcceptHandoffResponse>, Status> {
        act::<On<Accepting>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::accept(tx, by, &c.target, c.command.clone())),
            |handoff| pb::AcceptHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn reject_handoff(
        &self,
        request: Request<pb::RejectHandoffRequest>,
    ) -> Result<Response<pb::RejectHandoffResponse>, Status> {
        act::<On<Reject>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::reject(tx, by, &c.target, c.command.clone())),
            |handoff| pb::RejectHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn begin_handoff(
        &self,
        request: Request<pb::BeginHandoffRequest>,
    ) -> Result<Response<pb::BeginHandoffResponse>, Status> {
        act::<On<Begin>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::begin(tx, by, &c.target)),
            |handoff| pb::BeginHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn complete_handoff(
        &self,
        request: Request<pb::CompleteHandoffRequest>,
    ) -> Result<Response<pb::CompleteHandoffResponse>, Status> {
        act::<On<Complete>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::complete(tx, by, &c.target)),
            |handoff| pb::CompleteHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn return_handoff(
        &self,
        request: Request<pb::ReturnHandoffRequest>,
    ) -> Result<Response<pb::ReturnHandoffResponse>, Status> {
        act::<On<Return>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::give_back(tx, by, &c.target, c.command.clone())),
            |handoff| pb::ReturnHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn reopen_handoff(
        &self,
        request: Request<pb::ReopenHandoffRequest>,
    ) -> Result<Response<pb::ReopenHandoffResponse>, Status> {
        act::<On<Reopen>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::reopen(tx, by, &c.target, c.command.clone())),
            |handoff| pb::ReopenHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn cancel_handoff(
        &self,
        request: Request<pb::CancelHandoffRequest>,
    ) -> Result<Response<pb::CancelHandoffResponse>, Status> {
        act::<On<Cancel>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::cancel(tx, by, &c.target, c.command.clone())),
            |handoff| pb::CancelHandoffResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
    }

    async fn complete_action(
        &self,
        request: Request<pb::CompleteActionRequest>,
    ) -> Result<Response<pb::CompleteActionResponse>, Status> {
        act::<On<ActionId>, _, _>(
            &self.context,
            request,
            |tx, by, c| Box::pin(ops::complete_action(tx, by, &c.target, c.command)),
            |handoff| pb::CompleteActionResponse { handoff: Some(into_handoff(handoff)) },
        )
        .await
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
