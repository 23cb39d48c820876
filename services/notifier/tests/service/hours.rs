//! Quiet hours delay, digests collect, neither loses.

use api::notify::v1::{self as notify, Digest, QuietHours, Subscription};
use testkit::eventually;

use crate::{
    person::{email, team, webhook},
    receiver::Receiver,
    world::{HOUR, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_quiet_hours_is_told_when_they_are_over() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    let quiet =
        QuietHours { time_zone: "Europe/London".into(), start: "18:00".into(), end: "08:00".into(), weekends: true };
    let changed = Subscription { quiet_hours: Some(quiet), ..Default::default() };
    world.ivan.update(&subscribed.id, changed, &["quiet_hours"]).await.unwrap();

    world.pass(12 * HOUR).await;
    world.sam.submitted("at nine in the evening").await;
    world.sam.submitted("and another").await;
    world.settled().await;
    assert!(receiver.got().is_empty());
    let waiting = world.ivan.deliveries_of(&subscribed.id).await;
    assert!(waiting.iter().all(|it| it.attempts == 0 && it.state() == notify::DeliveryState::Pending), "{waiting:?}");
    assert_eq!(api::timestamp("2026-03-03T08:00:00Z".parse().unwrap()), waiting[0].next_at.unwrap());

    let test =
        notify::TestSubscriptionRequest { request_id: testkit::request_id(), subscription_id: subscribed.id.clone() };
    world.ivan.subscriptions.clone().test_subscription(test).await.unwrap();
    assert_eq!(receiver.has(1).await[0].json()["type"], "baton.notify.v1.test", "a test comes at any hour");

    let other = world.ivan.subscribe(webhook(&receiver.url())).await;
    let quiet =
        QuietHours { time_zone: "Europe/London".into(), start: "20:00".into(), end: "23:00".into(), weekends: false };
    let changed = Subscription { quiet_hours: Some(quiet), ..Default::default() };
    world.ivan.update(&other.id, changed, &["quiet_hours"]).await.unwrap();
    world.sam.submitted("to another subscription").await;
    world.settled().await;
    assert_eq!(receiver.got().len(), 1);
    world.ivan.update(&other.id, Subscription::default(), &["quiet_hours"]).await.unwrap();
    receiver.has(2).await;
    world.settled().await;
    assert_eq!(receiver.got().len(), 2, "without quiet hours it comes at once");
    world.pass(11 * HOUR).await;
    receiver.has(5).await;
    world.settled().await;
    assert_eq!(receiver.got().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_one_letter_of_all_that_happened_meanwhile() {
    let (mail, _folder) = World::mail();
    let url = mail.url();
    let world = World::with(|config| {
        config.smtp_url = url.into();
        config.smtp_from = "Baton <baton@example.com>".into();
    })
    .await;
    let digest = Some(Digest { time_zone: "Europe/London".into(), at: vec!["16:00".into(), "09:00".into()] });
    let who = Some(notify::Recipient { recipient: Some(team("implementation")) });
    let wish =
        notify::CreateSubscriptionRequest { who, r#where: email("team@example.com"), digest, ..Default::default() };
    let subscribed = world.ivan.try_subscribe(wish).await.unwrap();
    world.pass(HOUR).await;
    for title in ["Acme <b>", "Bolt", "Cord"] {
        world.sam.submitted(title).await;
    }
    world.settled().await;
    assert!(mail.letters().is_empty());
    world.pass(6 * HOUR).await;
    let letters = eventually("the letter", async || Some(mail.letters()).filter(|it| !it.is_empty())).await;
    world.settled().await;
    let [letter] = &letters[..] else { panic!("one letter: {letters:?}") };
    // Lines that are too long are broken by `=` at their end.
    let whole = letter.replace("=\r\n", "").replace("=\n", "");
    let (plain, html) = whole.split_once("text/html").unwrap();
    let places = ["Acme <b>", "Bolt", "Cord"].map(|title| plain.find(title).expect("each is told"));
    assert!(places.is_sorted(), "in the order in which it happened: {plain}");
    assert!(letter.contains("Subject: 3 messages from Baton") && letter.contains("To: team@example.com"), "{letter}");
    assert!(html.contains("Acme &lt;b&gt;"), "{html}");
    let [delivery] = &world.ivan.deliveries_of(&subscribed.id).await[..] else { panic!("one delivery") };
    assert_eq!(delivery.notifications.len(), 3);
    assert!(letter.contains(&delivery.id), "its id is the message's");

    world.sam.submitted("Dart").await;
    world.settled().await;
    let changed = Subscription::default();
    world.ivan.update(&subscribed.id, changed, &["digest"]).await.unwrap();
    eventually("without a digest it comes at once", async || (mail.letters().len() == 2).then_some(())).await;
    world.sam.submitted("East").await;
    eventually("and so does the next", async || (mail.letters().len() == 3).then_some(())).await;
}
