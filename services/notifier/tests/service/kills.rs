//! Killed between the delivery and its record, doubled, replayed, without its SMTP server: no second message under another id, none lost.

use std::collections::BTreeSet;

use api::notify::v1::{
    DeliveryState, delivery_service_client::DeliveryServiceClient,
    subscription_service_client::SubscriptionServiceClient,
};
use baton_notifier::Notifier;
use sqlx::Connection as _;
use testkit::{People, Program, eventually};

use crate::{
    person::{Person, email, webhook},
    receiver::{Answer, Receiver},
    world::World,
};

fn ids(receiver: &Receiver) -> BTreeSet<String> {
    receiver.got().iter().map(|got| got.id().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_delivery_and_record_it_sends_again_under_the_same_id() {
    let world = World::new().await;
    // A program, with the store's clock, in place of the one in this process.
    let World { handoff, monitor, metrics, notifier, sam, ivan, .. } = world;
    let setting = notifier.setting.clone();
    notifier.stop().await;
    let knobs = [
        ("SERVICE__HANDOFF_URL", handoff.url()),
        ("SERVICE__SLA_URL", monitor.url()),
        ("SERVICE__METRICS_URL", metrics.url()),
        ("SERVICE__ALLOWED_NETWORKS", "[\"127.0.0.0/8\"]".to_owned()),
        ("SERVICE__SEND_TIMEOUT_MS", "60000".to_owned()),
        ("SERVICE__KEEP_DAYS", "365".to_owned()),
    ];
    let mut program = Program::start::<Notifier>(&setting, &knobs).await;
    let receiver = Receiver::answering(Answer::Silence).await;
    let ivan = Person {
        subscriptions: SubscriptionServiceClient::new(program.caller(People::Ivan)),
        deliveries: DeliveryServiceClient::new(program.caller(People::Ivan)),
        ..ivan
    };
    // Facts are dated by the test's clock, which is behind the store's.
    let subscribed = ivan.subscribe(webhook(&receiver.url())).await;
    let mut store = setting.database.connect_as_owner().await;
    sqlx::query("UPDATE notifier.subscription SET created_at = '2026-03-01'").execute(&mut store).await.unwrap();
    sam.submitted("Acme").await;
    receiver.has(1).await;
    program.process.kill();
    receiver.answers(Answer::Status(204));
    // The lease of what was under way is over.
    let released = sqlx::query("UPDATE notifier.delivery SET next_at = '2026-01-01' WHERE state = 'PENDING'");
    assert_eq!(released.execute(&mut store).await.unwrap().rows_affected(), 1);
    store.close().await.unwrap();
    program.start_again().await;
    let got = receiver.has(2).await;
    assert_eq!(ids(&receiver).len(), 1);
    assert_eq!(got[0].body, got[1].body);
    let delivered = ivan.delivery_that(&subscribed.id, |it| it.state() == DeliveryState::Delivered).await;
    assert_eq!(delivered.id, got[0].id());
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_send_each_message_once() {
    let world = World::new().await;
    let replica = world.replica().await;
    let receivers = [Receiver::start().await, Receiver::start().await];
    for receiver in &receivers {
        world.ivan.subscribe(webhook(&receiver.url())).await;
    }
    for number in 0..30 {
        world.sam.submitted(&format!("work {number}")).await;
        replica.running.context().stir();
    }
    world.settled().await;
    for receiver in &receivers {
        assert_eq!((receiver.got().len(), ids(receiver).len()), (30, 30));
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_heard_again_from_its_beginning_tells_nobody_anything() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    world.ivan.subscribe(webhook(&receiver.url())).await;
    let handoff = world.sam.submitted("Acme").await;
    world.sam.recall(&handoff).await;
    world.settled().await;
    assert_eq!(receiver.got().len(), 2);
    let told = world.number("SELECT count(*) FROM notifier.notification").await;

    let World { notifier, config, .. } = world;
    let setting = notifier.setting.clone();
    notifier.stop().await;
    let mut store = setting.database.connect_as_owner().await;
    sqlx::query("UPDATE consumer SET position = 0").execute(&mut store).await.unwrap();
    let again = setting.serve::<Notifier>(config).await;
    eventually("all is heard again", async || {
        let heard = chassis::consumer::position(&mut store, "baton.handoff.v1").await.unwrap();
        (heard >= world.handoff.facts().await).then_some(())
    })
    .await;
    let now: i64 =
        sqlx::query_scalar("SELECT count(*) FROM notifier.notification").fetch_one(&mut store).await.unwrap();
    assert_eq!(now, told);
    let pending = "SELECT count(*) FROM notifier.delivery WHERE state <> 'DELIVERED'";
    assert_eq!(sqlx::query_scalar::<_, i64>(pending).fetch_one(&mut store).await.unwrap(), 0);
    assert_eq!(receiver.got().len(), 2);
    store.close().await.unwrap();
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_learned_anew_from_the_whole_history_and_nobody_is_told() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    world.ivan.subscribe(webhook(&receiver.url())).await;
    world.settled().await;
    let mut store = world.notifier.setting.database.connect_as_owner().await;
    sqlx::query("DELETE FROM notifier.team").execute(&mut store).await.unwrap();
    let knobs = [("SERVICE__HANDOFF_URL", world.handoff.url())];
    let (is_done, printed) = Program::once::<Notifier>(&world.notifier.setting, &knobs, &["rebuild"]).await;
    assert!(is_done, "{printed}");
    let leads: Vec<String> =
        sqlx::query_scalar("SELECT unnest(leads) FROM notifier.team ORDER BY 1").fetch_all(&mut store).await.unwrap();
    assert_eq!(leads, ["anna", "ivan"]);
    store.close().await.unwrap();
    world.settled().await;
    assert!(receiver.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_wait_for_an_smtp_server_that_is_down() {
    let (mut mail, _folder) = World::mail();
    let url = mail.url();
    let world = World::with(|config| {
        config.smtp_url = url.into();
        config.smtp_from = "Baton <baton@example.com>".into();
    })
    .await;
    let subscribed = world.ivan.subscribe(email("ivan@example.com")).await;
    mail.kill();
    world.sam.submitted("Acme").await;
    let failed = world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
    assert_eq!((failed.state(), failed.log[0].status), (DeliveryState::Pending, 0));
    mail.start_again().unwrap();
    world.pass(10).await;
    world.ivan.delivery_that(&subscribed.id, |it| it.state() == DeliveryState::Delivered).await;
    let letters = mail.letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].contains("Subject: Acme") || letters[0].contains("Subject: =?utf-8?"), "{}", letters[0]);
    assert!(letters[0].contains(&format!("Message-ID: <{}@example.com>", failed.id)), "{}", letters[0]);
}
