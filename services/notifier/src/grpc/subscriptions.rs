//! Answers about subscriptions.

use api::notify::v1 as pb;
use chassis::{Call, into_status};
use tonic::{Request, Response, Status};

use super::{
    Face,
    read::{
        CreateSubscription, DeleteSubscription, GetSubscription, ListSubscriptions, RotateKey, TestSubscription,
        UpdateSubscription,
    },
    write::{self, Keys},
};
use crate::{
    domain::{Place, Refused},
    ops,
    store::{Viewer, subscription},
};

impl Face {
    /// Refuses a place that nothing can be sent to; `field` names it.
    fn must_be_reachable(&self, field: &str, place: Option<&Place>) -> Result<(), Status> {
        let refused = match place {
            Some(Place::Webhook { url, .. }) => self.channels.check_url(url).err().map(|why| ("webhook.url", why)),
            Some(Place::Chat { url }) => self.channels.check_url(url).err().map(|why| ("chat.url", why)),
            Some(Place::Email { .. }) if !self.channels.sends_letters() => {
                return Err(into_status(Refused::NoEmail.into()));
            }
            _ => None,
        };
        let Some((part, description)) = refused else { return Ok(()) };
        let violation = kernel::Violation { field: format!("{field}.{part}"), description };
        Err(into_status(kernel::Refusal::invalid(vec![violation]).into()))
    }
}

#[tonic::async_trait]
impl pb::subscription_service_server::SubscriptionService for Face {
    async fn create_subscription(
        &self,
        request: Request<pb::CreateSubscriptionRequest>,
    ) -> Result<Response<pb::CreateSubscriptionResponse>, Status> {
        let (call, CreateSubscription(wish)) = Call::parse(request)?;
        if self.context.answered::<pb::CreateSubscriptionResponse>(&call).await.map_err(into_status)?.is_none() {
            self.must_be_reachable("where", Some(&wish.place))?;
        }
        self.context
            .once(call, wish, |tx, by, wish| {
                Box::pin(async move {
                    let created = ops::subscribe::create(tx, by, wish.clone()).await?;
                    Ok(pb::CreateSubscriptionResponse {
                        subscription: Some(write::subscription(&created, Keys::Newest)),
                    })
                })
            })
            .await
    }

    async fn get_subscription(
        &self,
        request: Request<pb::GetSubscriptionRequest>,
    ) -> Result<Response<pb::GetSubscriptionResponse>, Status> {
        let (by, GetSubscription(id)) = Call::query(request)?;
        let found = subscription::find(self.context.pool(), &self.filters, id).await.map_err(into_status)?;
        let found = found.filter(|it| it.who.is_seen_by(&by));
        let found = found.ok_or_else(|| into_status(Refused::SubscriptionNotFound(id).into()))?;
        let subscription = Some(write::subscription(&found, Keys::None));
        Ok(Response::new(pb::GetSubscriptionResponse { subscription }))
    }

    async fn list_subscriptions(
        &self,
        request: Request<pb::ListSubscriptionsRequest>,
    ) -> Result<Response<pb::ListSubscriptionsResponse>, Status> {
        let (by, ListSubscriptions { who, page }) = Call::query(request)?;
        let found = subscription::list(self.context.pool(), &self.filters, &Viewer::of(&by), who.as_ref(), &page).await;
        let (found, next_page_token) = page.cut(found.map_err(into_status)?, |it| (it.created_at, it.id.as_uuid()));
        let subscriptions = found.iter().map(|it| write::subscription(it, Keys::None)).collect();
        Ok(Response::new(pb::ListSubscriptionsResponse { subscriptions, next_page_token }))
    }

    async fn update_subscription(
        &self,
        request: Request<pb::UpdateSubscriptionRequest>,
    ) -> Result<Response<pb::UpdateSubscriptionResponse>, Status> {
        let (call, UpdateSubscription { which, change }) = Call::parse(request)?;
        if self.context.answered::<pb::UpdateSubscriptionResponse>(&call).await.map_err(into_status)?.is_none() {
            self.must_be_reachable("subscription.where", change.place.as_ref())?;
        }
        let answer = self
            .context
            .once(call, (self.filters.clone(), which, change), |tx, by, (filters, which, change)| {
                Box::pin(async move {
                    let changed = ops::subscribe::change(tx, filters, by, *which, change.clone()).await?;
                    Ok(pb::UpdateSubscriptionResponse { subscription: Some(write::subscription(&changed, Keys::None)) })
                })
            })
            .await;
        self.context.stir();
        answer
    }

    async fn delete_subscription(
        &self,
        request: Request<pb::DeleteSubscriptionRequest>,
    ) -> Result<Response<pb::DeleteSubscriptionResponse>, Status> {
        let (call, DeleteSubscription(id)) = Call::parse(request)?;
        self.context
            .once(call, (self.filters.clone(), id), |tx, by, (filters, id)| {
                Box::pin(async move {
                    let given_up = ops::subscribe::end(tx, filters, by, *id).await?;
                    Ok(pb::DeleteSubscriptionResponse { given_up: i64::try_from(given_up).unwrap_or(i64::MAX) })
                })
            })
            .await
    }

    async fn rotate_key(
        &self,
        request: Request<pb::RotateKeyRequest>,
    ) -> Result<Response<pb::RotateKeyResponse>, Status> {
        let (call, RotateKey { id, overlap_seconds }) = Call::parse(request)?;
        self.context
            .once(call, (self.filters.clone(), id, overlap_seconds), |tx, by, (filters, id, overlap)| {
                Box::pin(async move {
                    let rotated = ops::subscribe::rotate(tx, filters, by, *id, *overlap).await?;
                    Ok(pb::RotateKeyResponse { subscription: Some(write::subscription(&rotated, Keys::Newest)) })
                })
            })
            .await
    }

    async fn test_subscription(
        &self,
        request: Request<pb::TestSubscriptionRequest>,
    ) -> Result<Response<pb::TestSubscriptionResponse>, Status> {
        let (call, TestSubscription(id)) = Call::parse(request)?;
        let answer = self
            .context
            .once(call, (self.filters.clone(), id), |tx, by, (filters, id)| {
                Box::pin(async move {
                    let delivery = ops::subscribe::test(tx, filters, by, *id).await?;
                    Ok(pb::TestSubscriptionResponse { delivery_id: delivery.to_string() })
                })
            })
            .await;
        self.context.stir();
        answer
    }
}
