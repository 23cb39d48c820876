//! Who may do what with a team's subscription: every RPC, asked by everybody.

use std::collections::BTreeSet;

use api::notify::v1::{
    self as notify, Selection, Subscription, SubscriptionState, delivery_service_client::DeliveryServiceClient,
    subscription_service_client::SubscriptionServiceClient,
};
use testkit::{
    Bearer, Caller, request_id,
    who::{COLUMNS, Column, Table, rpcs},
};
use tonic::{Code, Status};

use crate::{
    person::{team, webhook},
    receiver::Receiver,
    world::World,
};

const ALL: &str = "uM uL uS dM dL dS bM bL oL nT A- A+ Re Im";

/// The columns that may.
fn allowed(rpc: &str) -> &'static str {
    match rpc {
        // Each sees its own, and says so of nothing else.
        "ListSubscriptions" | "ListDeliveries" => ALL,
        // The members of the team see what it subscribes to.
        "GetSubscription" | "GetDelivery" => "dM dL dS bM bL A- A+",
        // A LEAD subscribes for the team.
        _ => "dL bL A- A+",
    }
}

/// What is asked about.
struct Asked {
    url: String,
    subscription_id: String,
    delivery_id: String,
}

async fn ask(caller: Caller, rpc: &str, asked: &Asked) -> Result<(), Status> {
    let mut subscriptions = SubscriptionServiceClient::new(caller.clone());
    let mut deliveries = DeliveryServiceClient::new(caller);
    let (request_id, subscription_id) = (request_id(), asked.subscription_id.clone());
    let who = Some(notify::Recipient { recipient: Some(team("implementation")) });
    match rpc {
        "CreateSubscription" => {
            let wish = notify::CreateSubscriptionRequest {
                request_id,
                who,
                r#where: webhook(&asked.url),
                ..Default::default()
            };
            subscriptions.create_subscription(wish).await.map(drop)
        }
        "GetSubscription" => {
            subscriptions.get_subscription(notify::GetSubscriptionRequest { subscription_id }).await.map(drop)
        }
        "ListSubscriptions" => {
            subscriptions.list_subscriptions(notify::ListSubscriptionsRequest::default()).await.map(drop)
        }
        "UpdateSubscription" => {
            let request = notify::UpdateSubscriptionRequest {
                request_id,
                subscription_id,
                expected_revision: 0,
                subscription: Some(Subscription { state: SubscriptionState::Enabled.into(), ..Default::default() }),
                update_mask: Some(prost_types::FieldMask { paths: vec!["state".into()] }),
            };
            subscriptions.update_subscription(request).await.map(drop)
        }
        // Done once, it changes nothing for whoever may do it after.
        "DeleteSubscription" => {
            let request = notify::DeleteSubscriptionRequest { request_id, subscription_id };
            subscriptions.delete_subscription(request).await.map(drop)
        }
        "RotateKey" => {
            let request = notify::RotateKeyRequest { request_id, subscription_id, overlap: None };
            subscriptions.rotate_key(request).await.map(drop)
        }
        "TestSubscription" => {
            let request = notify::TestSubscriptionRequest { request_id, subscription_id };
            subscriptions.test_subscription(request).await.map(drop)
        }
        "ListDeliveries" => deliveries.list_deliveries(notify::ListDeliveriesRequest::default()).await.map(drop),
        "GetDelivery" => {
            let delivery_id = asked.delivery_id.clone();
            deliveries.get_delivery(notify::GetDeliveryRequest { delivery_id }).await.map(drop)
        }
        "Redeliver" => {
            let request = notify::RedeliverRequest { request_id, subscription_id, ..Default::default() };
            deliveries.redeliver(request).await.map(drop)
        }
        _ => panic!("{rpc} has no row: say here how it is asked, and in `allowed` who may"),
    }
}

fn calling(world: &World, column: &Column) -> Caller {
    let service = &world.notifier;
    service.caller_with(column.who.map_or_else(Bearer::nothing, |who| who.bearer(service.setting.issuer())))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_what_is_what_the_contract_says() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let who = || team("implementation");
    let kept = world.ivan.subscribe_to(who(), Selection::default(), webhook(&receiver.url())).await;
    let to_end = world.ivan.subscribe_to(who(), Selection::default(), webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    world.settled().await;
    let delivery = world.ivan.deliveries_of(&kept.id).await.remove(0);
    let asked = Asked { url: receiver.url(), subscription_id: kept.id, delivery_id: delivery.id };
    let of_the_end =
        Asked { subscription_id: to_end.id, url: asked.url.clone(), delivery_id: asked.delivery_id.clone() };
    let mut table = Table::default();
    let rpcs: BTreeSet<String> = rpcs(api::DESCRIPTORS, &["baton.notify.v1"]);
    let mut last = "";
    for (of, rpc) in rpcs.iter().filter_map(|rpc| rpc.split_once('/')) {
        if of != last {
            table.heading(of);
            last = of;
        }
        let asked = if rpc == "DeleteSubscription" { &of_the_end } else { &asked };
        let mut answers = vec![];
        for column in &COLUMNS {
            // A place is tested once in ten seconds.
            world.notifier.setting.clock.advance_seconds(11);
            answers.push(ask(calling(&world, column), rpc, asked).await);
        }
        table.row(rpc, allowed(rpc), &[Code::PermissionDenied, Code::NotFound], &answers);
    }
    assert!(table.wrong.is_empty(), "of {} cells:\n{}", table.cells, table.wrong.join("\n"));
    insta::assert_snapshot!(table.text());
}
