//! The event log over gRPC: repair for consumers, evidence for timers.

use api::event::v1 as pb;
use kernel::{Actor, Code, Refusal};
use tonic::{Request, Response, Status};

use crate::{
    Context,
    call::{Call, Parse, actor},
    fields::Fields,
    log, sequencer,
    status::into_status,
};

pub(crate) struct EventLog(pub(crate) Context);

struct ListEvents {
    after_position: i64,
    page_size: u32,
}

impl Parse for ListEvents {
    type Request = pb::ListEventsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let after_position = match request.after_position {
            position @ 0.. => Some(position),
            _ => fields.refuse("after_position", "must not be negative"),
        };
        Some(Self { page_size: fields.page_size(request.page_size)?, after_position: after_position? })
    }
}

fn must_be_reader(by: &Actor) -> Result<(), Status> {
    if by.is_reader() || by.is_admin() {
        return Ok(());
    }
    let message = "the event log is for tokens with the role READER";
    Err(into_status(Refusal::new(Code::PermissionDenied, "READER_ONLY", message).into()))
}

#[tonic::async_trait]
impl pb::event_log_service_server::EventLogService for EventLog {
    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let (by, query) = Call::query::<ListEvents>(request)?;
        must_be_reader(&by)?;
        let standing = sequencer::standing(self.0.pool()).await.map_err(into_status)?;
        let events = log::after(self.0.pool(), query.after_position, query.page_size.into(), log::PAGE_BYTES)
            .await
            .map_err(into_status)?
            .into_iter()
            .map(into_event)
            .collect();
        let (last_position, generation) = (standing.position, standing.generation);
        Ok(Response::new(pb::ListEventsResponse { events, last_position, generation }))
    }

    async fn get_watermark(
        &self,
        request: Request<pb::GetWatermarkRequest>,
    ) -> Result<Response<pb::GetWatermarkResponse>, Status> {
        must_be_reader(&actor(&request)?)?;
        let watermark = sequencer::watermark(&self.0).await.map_err(into_status)?;
        Ok(Response::new(pb::GetWatermarkResponse {
            position: watermark.position,
            generation: watermark.generation,
            complete_until: Some(api::timestamp(watermark.complete_until)),
        }))
    }
}

fn into_event(fact: log::Logged) -> pb::Event {
    pb::Event {
        position: fact.position,
        event_id: fact.event_id,
        r#type: fact.r#type,
        aggregate: fact.aggregate,
        aggregate_seq: fact.aggregate_seq,
        actor: fact.actor,
        occurred_at: Some(api::timestamp(fact.occurred_at)),
        recorded_at: Some(api::timestamp(fact.recorded_at)),
        historic: fact.historic,
        routing: fact.routing,
        payload: fact.payload,
        traceparent: fact.traceparent,
        hash: fact.hash,
    }
}
