//! Somebody who calls the services: a verb for each RPC that tests need.

use api::{
    handoff::v1::{
        self as pb, directory_service_client::DirectoryServiceClient, handoff_service_client::HandoffServiceClient,
        route_service_client::RouteServiceClient,
    },
    notify::v1::{
        self as notify, Place, Recipient, Selection, Subscription, delivery_service_client::DeliveryServiceClient,
        place::Place as In, recipient::Recipient as Who, subscription_service_client::SubscriptionServiceClient,
    },
    sla::v1::policy_service_client::PolicyServiceClient,
};
use testkit::{Caller, People, Refusal, Served, eventually, refusal, request_id};
use tonic::{Response, Status};

use crate::world::ROUTE;

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) directory: DirectoryServiceClient<Caller>,
    pub(crate) routes: RouteServiceClient<Caller>,
    pub(crate) handoffs: HandoffServiceClient<Caller>,
    pub(crate) policies: PolicyServiceClient<Caller>,
    pub(crate) subscriptions: SubscriptionServiceClient<Caller>,
    pub(crate) deliveries: DeliveryServiceClient<Caller>,
}

pub(crate) type Heard<T> = Result<T, Refusal>;

pub(crate) fn hear<T>(answer: Result<Response<T>, Status>) -> Heard<T> {
    answer.map(Response::into_inner).map_err(|status| refusal(&status))
}

/// A webhook at that address.
pub(crate) fn webhook(url: &str) -> Option<Place> {
    Some(Place { place: Some(In::Webhook(notify::Webhook { url: url.into(), keys: vec![] })) })
}

pub(crate) fn email(address: &str) -> Option<Place> {
    Some(Place { place: Some(In::Email(notify::Email { address: address.into() })) })
}

pub(crate) fn team(name: &str) -> Who {
    Who::Team(name.into())
}

/// These facts, whoever they are addressed to.
pub(crate) fn events(names: &[&str]) -> Selection {
    Selection { events: names.iter().map(|name| (*name).to_owned()).collect(), ..Default::default() }
}

macro_rules! commands {
    ($($verb:ident: $rpc:ident($request:ident { $($field:ident: $value:expr),* }))+) => {
        impl Person {
            $(pub(crate) async fn $verb(&self, handoff: &pb::Handoff) -> pb::Handoff {
                let request = pb::$request {
                    request_id: request_id(),
                    handoff_id: handoff.id.clone(),
                    $($field: $value(handoff),)*
                    ..Default::default()
                };
                let answer = self.handoffs.clone().$rpc(request).await.expect("it is done");
                answer.into_inner().handoff.expect("an answer holds the handoff")
            })+
        }
    };
}

fn attempt(handoff: &pb::Handoff) -> i32 {
    handoff.attempt
}

fn why(_: &pb::Handoff) -> Vec<pb::Reason> {
    vec![pb::Reason { kind: pb::ReasonKind::Other.into(), text: "it is not ready".into(), ..Default::default() }]
}

fn text(_: &pb::Handoff) -> String {
    "which ERP?".into()
}

fn question(handoff: &pb::Handoff) -> String {
    handoff.questions.last().map(|it| it.id.clone()).unwrap_or_default()
}

fn yes(_: &pb::Handoff) -> bool {
    true
}

commands! {
    submit: submit_handoff(SubmitHandoffRequest {})
    recall: recall_handoff(RecallHandoffRequest {})
    accept: accept_handoff(AcceptHandoffRequest { attempt: attempt })
    reject: reject_handoff(RejectHandoffRequest { attempt: attempt, reasons: why })
    begin: begin_handoff(BeginHandoffRequest {})
    complete: complete_handoff(CompleteHandoffRequest {})
    give_back: return_handoff(ReturnHandoffRequest { attempt: attempt, reasons: why })
    ask: ask_question(AskQuestionRequest { text: text })
    answer: answer_question(AnswerQuestionRequest { question_id: question, text: text })
    hide: set_confidential(SetConfidentialRequest { confidential: yes })
}

impl Person {
    pub(crate) fn new([handoff, monitor, notifier]: [&Served; 3], who: People) -> Self {
        Self {
            name: who.claims().sub,
            directory: DirectoryServiceClient::new(handoff.caller(who)),
            routes: RouteServiceClient::new(handoff.caller(who)),
            handoffs: HandoffServiceClient::new(handoff.caller(who)),
            policies: PolicyServiceClient::new(monitor.caller(who)),
            subscriptions: SubscriptionServiceClient::new(notifier.caller(who)),
            deliveries: DeliveryServiceClient::new(notifier.caller(who)),
        }
    }

    /// A new handoff on the route of most stories.
    pub(crate) async fn draft(&self, title: &str) -> pb::Handoff {
        let request = pb::CreateHandoffRequest {
            request_id: request_id(),
            route_id: ROUTE.into(),
            title: title.into(),
            ..Default::default()
        };
        let answer = self.handoffs.clone().create_handoff(request).await.expect("it is created");
        answer.into_inner().handoff.expect("an answer holds the handoff")
    }

    pub(crate) async fn submitted(&self, title: &str) -> pb::Handoff {
        self.submit(&self.draft(title).await).await
    }

    pub(crate) async fn try_subscribe(&self, wish: notify::CreateSubscriptionRequest) -> Heard<Subscription> {
        let wish = notify::CreateSubscriptionRequest { request_id: request_id(), ..wish };
        let answer = hear(self.subscriptions.clone().create_subscription(wish).await)?;
        Ok(answer.subscription.expect("an answer holds the subscription"))
    }

    /// What is addressed to this person is told there.
    pub(crate) async fn subscribe(&self, place: Option<Place>) -> Subscription {
        self.subscribe_to(Who::Person(self.name.clone()), Selection::default(), place).await
    }

    pub(crate) async fn subscribe_to(&self, who: Who, what: Selection, place: Option<Place>) -> Subscription {
        let who = Some(Recipient { recipient: Some(who) });
        let wish = notify::CreateSubscriptionRequest { who, what: Some(what), r#where: place, ..Default::default() };
        self.try_subscribe(wish).await.expect("it is subscribed")
    }

    pub(crate) async fn update(&self, id: &str, changed: Subscription, paths: &[&str]) -> Heard<Subscription> {
        let request = notify::UpdateSubscriptionRequest {
            request_id: request_id(),
            subscription_id: id.into(),
            subscription: Some(changed),
            update_mask: Some(prost_types::FieldMask { paths: paths.iter().map(|it| (*it).to_owned()).collect() }),
            ..Default::default()
        };
        let answer = hear(self.subscriptions.clone().update_subscription(request).await)?;
        Ok(answer.subscription.expect("an answer holds the subscription"))
    }

    pub(crate) async fn subscription(&self, id: &str) -> Heard<Subscription> {
        let request = notify::GetSubscriptionRequest { subscription_id: id.into() };
        let answer = hear(self.subscriptions.clone().get_subscription(request).await)?;
        Ok(answer.subscription.expect("an answer holds the subscription"))
    }

    /// All deliveries of a subscription, the first first.
    pub(crate) async fn deliveries_of(&self, id: &str) -> Vec<notify::Delivery> {
        let request =
            notify::ListDeliveriesRequest { subscription_id: id.into(), page_size: 1000, ..Default::default() };
        let answer = self.deliveries.clone().list_deliveries(request).await.expect("a list");
        answer.into_inner().deliveries.into_iter().rev().collect()
    }

    pub(crate) async fn delivery(&self, id: &str) -> notify::Delivery {
        let request = notify::GetDeliveryRequest { delivery_id: id.into() };
        let answer = self.deliveries.clone().get_delivery(request).await.expect("a delivery");
        answer.into_inner().delivery.expect("an answer holds the delivery")
    }

    /// The first delivery of a subscription, once that holds.
    pub(crate) async fn delivery_that(&self, id: &str, holds: impl Fn(&notify::Delivery) -> bool) -> notify::Delivery {
        let found = eventually("the delivery comes so far", async || {
            self.deliveries_of(id).await.into_iter().next().filter(&holds)
        });
        self.delivery(&found.await.id).await
    }

    pub(crate) async fn redeliver(&self, request: notify::RedeliverRequest) -> Heard<i64> {
        let request = notify::RedeliverRequest { request_id: request_id(), ..request };
        hear(self.deliveries.clone().redeliver(request).await).map(|answer| answer.deliveries)
    }
}
