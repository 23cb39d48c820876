//! Answers about deliveries.

use api::notify::v1 as pb;
use chassis::{Call, into_status};
use kernel::Result;
use tonic::{Request, Response, Status};

use super::{
    Face,
    read::{GetDelivery, ListDeliveries, Redeliver},
    write,
};
use crate::{
    domain::{DeliveryId, Refused},
    ops,
    store::{
        Viewer, attempt,
        delivery::{self, Filter},
    },
};

impl Face {
    /// Deliveries with what they tell.
    async fn deliveries(&self, lines: Vec<delivery::Line>) -> Result<Vec<pb::Delivery>> {
        let ids: Vec<DeliveryId> = lines.iter().map(|line| line.id).collect();
        let mut told = delivery::told(self.context.pool(), &ids).await?;
        Ok(lines.into_iter().map(|line| write::delivery(&line, told.remove(&line.id).unwrap_or_default())).collect())
    }
}

#[tonic::async_trait]
impl pb::delivery_service_server::DeliveryService for Face {
    async fn list_deliveries(
        &self,
        request: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        let (by, ListDeliveries { filter, page }) = Call::query(request)?;
        let (viewer, after) = (Viewer::of(&by), page.after().copied());
        let lines = delivery::list(self.context.pool(), &viewer, &filter, after, page.limit()).await;
        let (lines, next_page_token) = page.cut(lines.map_err(into_status)?, |it| (it.created_at, it.id.as_uuid()));
        let deliveries = self.deliveries(lines).await.map_err(into_status)?;
        Ok(Response::new(pb::ListDeliveriesResponse { deliveries, next_page_token }))
    }

    async fn get_delivery(
        &self,
        request: Request<pb::GetDeliveryRequest>,
    ) -> Result<Response<pb::GetDeliveryResponse>, Status> {
        let (by, GetDelivery(id)) = Call::query(request)?;
        let filter = Filter { id: Some(id), subscription_id: None, state: None };
        let found = delivery::list(self.context.pool(), &Viewer::of(&by), &filter, None, 1).await;
        let found = self.deliveries(found.map_err(into_status)?).await.map_err(into_status)?;
        let found = found.into_iter().next().ok_or_else(|| into_status(Refused::DeliveryNotFound(id).into()))?;
        let log = attempt::list(self.context.pool(), id).await.map_err(into_status)?;
        let delivery = pb::Delivery { log: log.iter().map(write::attempt).collect(), ..found };
        Ok(Response::new(pb::GetDeliveryResponse { delivery: Some(delivery) }))
    }

    async fn redeliver(
        &self,
        request: Request<pb::RedeliverRequest>,
    ) -> Result<Response<pb::RedeliverResponse>, Status> {
        let (call, Redeliver(again)) = Call::parse(request)?;
        let answer = self
            .context
            .once(call, (self.filters.clone(), again), |tx, by, (filters, again)| {
                Box::pin(async move {
                    let sent = ops::subscribe::send_again(tx, filters, by, again).await?;
                    Ok(pb::RedeliverResponse { deliveries: i64::try_from(sent).unwrap_or(i64::MAX) })
                })
            })
            .await;
        self.context.stir();
        answer
    }
}
