//! Subscribing, changing, ending: what is kept, what is shown, what a repeat does.

use api::notify::v1::{self as notify, Selection, Subscription, SubscriptionState, place::Place as In};
use testkit::request_id;

use crate::{
    person::{events, hear, team, webhook},
    receiver::{Answer, Receiver},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_again_is_the_same_subscription_with_the_same_key() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let wish = notify::CreateSubscriptionRequest {
        request_id: request_id(),
        who: Some(notify::Recipient { recipient: Some(team("implementation")) }),
        r#where: webhook(&receiver.url()),
        ..Default::default()
    };
    let subscribe = async || {
        let answer = hear(world.ivan.subscriptions.clone().create_subscription(wish.clone()).await).unwrap();
        answer.subscription.unwrap()
    };
    let (once, again) = (subscribe().await, subscribe().await);
    assert_eq!(once, again);
    let list = notify::ListSubscriptionsRequest { who: wish.who.clone(), ..Default::default() };
    let listed = hear(world.ines.subscriptions.clone().list_subscriptions(list).await).unwrap().subscriptions;
    assert_eq!(listed.len(), 1, "a member of the team sees it");
    let Some(In::Webhook(shown)) = listed[0].r#where.clone().unwrap().place else { panic!("a webhook") };
    assert_eq!((shown.url, shown.keys[0].secret.as_str()), (receiver.url(), ""), "and not its key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_counts_from_then_on_and_an_old_revision_is_refused() {
    let world = World::new().await;
    let (before, after) = (Receiver::start().await, Receiver::start().await);
    let subscribed = world.ivan.subscribe(webhook(&before.url())).await;
    let changed = Subscription {
        what: Some(events(&["handoff_recalled"])),
        r#where: webhook(&after.url()),
        ..Default::default()
    };
    let changed = world.ivan.update(&subscribed.id, changed, &["what", "where"]).await.unwrap();
    assert_eq!(changed.revision, 2);
    let Some(In::Webhook(shown)) = changed.r#where.clone().unwrap().place else { panic!("a webhook") };
    assert_eq!((shown.url.as_str(), shown.keys.len()), (after.url().as_str(), 1));
    let handoff = world.sam.submitted("Acme").await;
    world.sam.recall(&handoff).await;
    world.settled().await;
    assert_eq!((before.events(), after.events()), (vec![], vec!["handoff_recalled".to_owned()]));
    let stale = notify::UpdateSubscriptionRequest {
        request_id: request_id(),
        subscription_id: subscribed.id.clone(),
        expected_revision: 1,
        subscription: Some(Subscription { state: SubscriptionState::Disabled.into(), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["state".into()] }),
    };
    let refused = hear(world.ivan.subscriptions.clone().update_subscription(stale).await).unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.metadata["revision"].as_str()), ("REVISION_MISMATCH", "2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_sends_nothing_any_more_and_is_gone() {
    let world = World::new().await;
    let receiver = Receiver::answering(Answer::Status(500)).await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
    let end = async || {
        let request =
            notify::DeleteSubscriptionRequest { request_id: request_id(), subscription_id: subscribed.id.clone() };
        hear(world.ivan.subscriptions.clone().delete_subscription(request).await)
    };
    assert_eq!(end().await.unwrap().given_up, 1);
    assert_eq!(end().await.unwrap().given_up, 0, "again, it changes nothing");
    assert_eq!(world.ivan.subscription(&subscribed.id).await.unwrap_err().reason, "SUBSCRIPTION_NOT_FOUND");
    world.sam.submitted("Bolt").await;
    world.pass(600).await;
    world.settled().await;
    assert_eq!(receiver.got().len(), 1);
    let [dead] = &world.ivan.deliveries_of(&subscribed.id).await[..] else { panic!("one delivery") };
    assert_eq!((dead.state(), dead.problem.as_str()), (notify::DeliveryState::Dead, "the subscription was ended"));
    let again = notify::RedeliverRequest { subscription_id: subscribed.id.clone(), ..Default::default() };
    assert_eq!(world.ivan.redeliver(again).await.unwrap_err().reason, "SUBSCRIPTION_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_long_past_is_forgotten_and_not_told_again() {
    let world = World::with(|config| config.keep_days = 7).await;
    let receiver = Receiver::start().await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    world.settled().await;
    world.pass(8 * 24 * 3_600).await;
    let left = "SELECT (SELECT count(*) FROM notifier.fact) + (SELECT count(*) FROM notifier.delivery)
                     + (SELECT count(*) FROM notifier.notification) + (SELECT count(*) FROM notifier.attempt)";
    testkit::eventually("it is forgotten", async || (world.number(left).await == 0).then_some(())).await;
    assert!(world.ivan.deliveries_of(&subscribed.id).await.is_empty());
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_than_a_hundred() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    for _ in 0..100 {
        world.ivan.subscribe(webhook(&receiver.url())).await;
    }
    let wish = notify::CreateSubscriptionRequest {
        who: Some(notify::Recipient { recipient: Some(notify::recipient::Recipient::Person("ivan".into())) }),
        what: Some(Selection::default()),
        r#where: webhook(&receiver.url()),
        ..Default::default()
    };
    assert_eq!(world.ivan.try_subscribe(wish).await.unwrap_err().reason, "TOO_MANY_SUBSCRIPTIONS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_one_at_a_time_and_of_what_is_enabled() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    let test = async || {
        let request =
            notify::TestSubscriptionRequest { request_id: request_id(), subscription_id: subscribed.id.clone() };
        hear(world.ivan.subscriptions.clone().test_subscription(request).await)
    };
    let delivery_id = test().await.unwrap().delivery_id;
    assert_eq!(receiver.has(1).await[0].id(), delivery_id);
    assert_eq!(test().await.unwrap_err().reason, "JUST_TESTED");
    world.pass(11).await;
    test().await.unwrap();
    world.settled().await;
    let off = Subscription { state: SubscriptionState::Disabled.into(), ..Default::default() };
    world.ivan.update(&subscribed.id, off, &["state"]).await.unwrap();
    world.pass(11).await;
    assert_eq!(test().await.unwrap_err().reason, "DISABLED");
    let again = |delivery_id: String| notify::RedeliverRequest {
        subscription_id: subscribed.id.clone(),
        delivery_id,
        delivered_too: true,
        ..Default::default()
    };
    assert_eq!(world.ivan.redeliver(again(delivery_id)).await, Ok(1));
    assert_eq!(world.ivan.redeliver(again(request_id())).await.unwrap_err().reason, "DELIVERY_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_stays_of_its_kind() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    let chat = notify::Place { place: Some(In::Chat(notify::Chat { url: receiver.url() })) };
    let changed = Subscription { r#where: Some(chat), ..Default::default() };
    assert_eq!(world.ivan.update(&subscribed.id, changed, &["where"]).await.unwrap_err().reason, "OTHER_KIND");
}
