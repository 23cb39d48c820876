//! Warnings, breaches and escalations: once for each clock, moment and address.

use api::notify::v1::{CreateSubscriptionRequest, QuietHours, Recipient, Selection, Subscription, SubscriptionState};

use crate::{
    person::{events, team, webhook},
    receiver::Receiver,
    world::{HOUR, World},
};

fn sorted(receiver: &Receiver) -> Vec<String> {
    let mut told = receiver.events();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accountable_side_is_warned_both_hear_a_breach_and_the_contact_an_escalation() {
    let world = World::new().await;
    world.promise().await;
    let (sales, implementation, ivan) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.anna.subscribe_to(team("sales"), Selection::default(), webhook(&sales.url())).await;
    world.ivan.subscribe_to(team("implementation"), Selection::default(), webhook(&implementation.url())).await;
    world.ivan.subscribe(webhook(&ivan.url())).await;
    world.sam.submitted("Acme").await;
    world.pass(6 * HOUR + 1).await;
    world.settled().await;
    assert_eq!(sorted(&implementation), ["handoff_submitted", "warned"]);
    assert!(sales.events().is_empty());
    world.pass(2 * HOUR).await;
    world.settled().await;
    assert_eq!(sorted(&implementation), ["breached", "handoff_submitted", "warned"]);
    assert_eq!(sales.events(), ["breached"]);
    world.pass(HOUR).await;
    world.settled().await;
    assert_eq!(sorted(&ivan), ["breached", "escalated", "handoff_submitted", "warned"], "the first step names ivan");
    assert_eq!(sorted(&implementation), ["breached", "handoff_submitted", "warned"]);
    world.pass(HOUR).await;
    world.settled().await;
    assert_eq!(
        sorted(&implementation),
        ["breached", "escalated", "handoff_submitted", "warned"],
        "the second one the team"
    );
    assert_eq!(sorted(&ivan).len(), 4);
    let event = ivan.got().into_iter().find(|got| got.event() == "escalated").unwrap().json();
    assert_eq!(event["data"]["escalated"]["notify"], "ivan");
    assert_eq!(event["type"], "baton.sla.v1.escalated");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_hears_a_breach_once_however_many_subscriptions_lead_there() {
    let world = World::new().await;
    world.promise().await;
    let (one, another) = (Receiver::start().await, Receiver::start().await);
    world.ivan.subscribe(webhook(&one.url())).await;
    world
        .ivan
        .subscribe_to(team("implementation"), events(&["breached", "handoff_submitted"]), webhook(&one.url()))
        .await;
    world.ivan.subscribe_to(team("implementation"), events(&["breached"]), webhook(&another.url())).await;
    world.sam.submitted("Acme").await;
    world.pass(8 * HOUR + 1).await;
    world.settled().await;
    assert_eq!(
        sorted(&one),
        ["breached", "handoff_submitted", "handoff_submitted"],
        "a fact for each subscription, a moment of a clock for each address"
    );
    assert_eq!(another.events(), ["breached"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_is_carried_by_the_subscription_that_sends_at_once() {
    let world = World::new().await;
    world.promise().await;
    let receiver = Receiver::start().await;
    let disabled = world.ivan.subscribe(webhook(&receiver.url())).await;
    let off = Subscription { state: SubscriptionState::Disabled.into(), ..Default::default() };
    world.ivan.update(&disabled.id, off, &["state"]).await.unwrap();
    let quiet =
        QuietHours { time_zone: "Europe/London".into(), start: "16:00".into(), end: "08:00".into(), weekends: false };
    let wish = CreateSubscriptionRequest {
        who: Some(Recipient { recipient: Some(team("implementation")) }),
        what: Some(events(&["breached"])),
        r#where: webhook(&receiver.url()),
        quiet_hours: Some(quiet),
        ..Default::default()
    };
    world.ivan.try_subscribe(wish.clone()).await.unwrap();
    let at_once = world.ivan.try_subscribe(CreateSubscriptionRequest { quiet_hours: None, ..wish }).await.unwrap();
    world.sam.submitted("Acme").await;
    world.pass(8 * HOUR + 1).await;
    world.settled().await;
    assert_eq!(receiver.events(), ["breached"]);
    assert_eq!(world.ivan.deliveries_of(&at_once.id).await.len(), 1);
}
