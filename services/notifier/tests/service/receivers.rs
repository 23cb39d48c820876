//! Receivers that are slow, fail, point elsewhere, want nothing more, or are who they are not: none delays another, nothing is lost.

use std::sync::Arc;

use api::notify::v1::{self as notify, DeliveryState, Subscription, SubscriptionState};
use testkit::eventually;
use tokio::{io::AsyncReadExt as _, net::TcpListener};

use crate::{
    person::webhook,
    receiver::{Answer, Receiver},
    world::{DAY, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_sent_again_under_its_id_until_it_arrives() {
    let world = World::new().await;
    let receiver = Receiver::answering(Answer::Status(503)).await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    let failed = world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
    assert!(failed.problem.starts_with("the receiver answered 503"), "{}", failed.problem);
    assert_eq!((failed.log.len(), failed.log[0].status, failed.state()), (1, 503, DeliveryState::Pending));
    world.pass(6).await;
    receiver.has(2).await;
    world
        .ivan
        .delivery_that(&subscribed.id, |it| {
            it.attempts == 2 && it.next_at.map(|at| at.seconds) > failed.next_at.map(|at| at.seconds + 60)
        })
        .await;
    receiver.answers(Answer::Status(200));
    world.pass(400).await;
    let arrived = world.ivan.delivery_that(&subscribed.id, |it| it.state() == DeliveryState::Delivered).await;
    assert_eq!(arrived.log.iter().map(|it| it.status).collect::<Vec<_>>(), [503, 503, 200]);
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|it| it.id() == arrived.id && it.body == got[0].body));
    assert!(got[0].headers["webhook-timestamp"] < got[2].headers["webhook-timestamp"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_arrives_is_a_dead_letter_in_days_and_can_be_sent_again() {
    let world = World::new().await;
    let receiver = Receiver::answering(Answer::Status(500)).await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    let delivery = world.ivan.delivery_that(&subscribed.id, |_| true).await;
    for attempt in 1..=10 {
        eventually("the attempt ends", async || {
            (world.ivan.delivery(&delivery.id).await.log.len() == attempt).then_some(())
        })
        .await;
        world.pass(2 * DAY).await;
    }
    let dead = world.ivan.delivery_that(&subscribed.id, |it| it.state() == DeliveryState::Dead).await;
    assert_eq!((dead.attempts, dead.log.len()), (10, 10));
    receiver.answers(Answer::Status(204));
    let again = notify::RedeliverRequest { subscription_id: subscribed.id.clone(), ..Default::default() };
    assert_eq!(world.ivan.redeliver(again.clone()).await, Ok(1));
    let arrived = world.ivan.delivery_that(&subscribed.id, |it| it.state() == DeliveryState::Delivered).await;
    assert_eq!(arrived.id, dead.id);
    assert_eq!(world.ivan.redeliver(again.clone()).await, Ok(0), "it has arrived");
    let all = notify::RedeliverRequest { delivered_too: true, ..again };
    assert_eq!(world.ivan.redeliver(notify::RedeliverRequest { until: dead.created_at, ..all.clone() }).await, Ok(0));
    assert_eq!(world.ivan.redeliver(all).await, Ok(1));
    receiver.has(12).await;
    assert!(receiver.got().iter().all(|got| got.id() == dead.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_may_ask_for_more_time() {
    let world = World::new().await;
    let receiver = Receiver::answering(Answer::With(429, "retry-after", "7200".into())).await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    let failed = world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
    assert_eq!(failed.next_at, Some(api::timestamp(world.now().plus_seconds(7_200))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_wants_nothing_more_is_sent_nothing_until_somebody_enables_it() {
    let world = World::new().await;
    let receiver = Receiver::answering(Answer::Status(410)).await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    world.sam.submitted("Acme").await;
    let disabled = eventually("it is disabled", async || {
        let it = world.ivan.subscription(&subscribed.id).await.unwrap();
        (it.state() == SubscriptionState::Disabled).then_some(it)
    })
    .await;
    assert!(disabled.disabled_reason.contains("410"), "{}", disabled.disabled_reason);
    world.sam.submitted("Bolt").await;
    world.pass(DAY).await;
    world.settled().await;
    assert_eq!(receiver.got().len(), 1);
    receiver.answers(Answer::Status(204));
    let enabled = Subscription { state: SubscriptionState::Enabled.into(), ..Default::default() };
    world.ivan.update(&subscribed.id, enabled, &["state"]).await.unwrap();
    world.settled().await;
    let got = receiver.has(3).await;
    assert_eq!(got[0].id(), got[1..].iter().find(|it| it.body.contains("Acme")).unwrap().id());
    assert!(got.iter().any(|it| it.body.contains("Bolt")), "what happened meanwhile is not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_not_even_to_where_might_be_sent() {
    let world = World::new().await;
    let elsewhere = Receiver::start().await;
    for target in [elsewhere.url(), "http://169.254.169.254/latest/meta-data".into()] {
        let receiver = Receiver::answering(Answer::With(307, "location", target.clone())).await;
        let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
        world.sam.submitted("Acme").await;
        let failed = world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
        assert!(failed.problem.contains("redirects are not followed"), "{}", failed.problem);
        assert!(!failed.problem.contains(&target), "where it points to may be a secret");
    }
    assert!(elsewhere.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_by_literal_at_once_and_by_name_when_something_is_sent() {
    let world = World::with(|config| config.allowed_networks.clear()).await;
    let receiver = Receiver::start().await;
    for url in [receiver.url(), "https://127.0.0.1/".into(), "https://[::1]/".into(), "http://example.com/".into()] {
        let who = Some(notify::Recipient { recipient: Some(notify::recipient::Recipient::Person("ivan".into())) });
        let wish = notify::CreateSubscriptionRequest { who, r#where: webhook(&url), ..Default::default() };
        assert_eq!(world.ivan.try_subscribe(wish).await.unwrap_err().fields, ["where.webhook.url"], "{url}");
    }
    let by_name = format!("https://localhost:{}/hook", receiver.port());
    let subscribed = world.ivan.subscribe(webhook(&by_name)).await;
    world.sam.submitted("Acme").await;
    let failed = world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
    assert!(failed.problem.contains("is not a public address (loopback)"), "{}", failed.problem);
    assert!(receiver.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_up_in_the_middle_is_tried_again() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut begun = [0; 64];
            let _ = stream.read(&mut begun).await;
        }
    });
    let subscribed = world.ivan.subscribe(webhook(&url)).await;
    world.sam.submitted("Acme").await;
    let failed = world.ivan.delivery_that(&subscribed.id, |it| !it.problem.is_empty()).await;
    assert_eq!((failed.state(), failed.log[0].status), (DeliveryState::Pending, 0));
}

/// A receiver behind TLS with a certificate for that name, and the file with who vouches for it.
async fn with_certificate(name: &str, folder: &std::path::Path) -> (u16, std::path::PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let file = folder.join("ca.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                use tokio::io::AsyncWriteExt as _;
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut begun = vec![0; 65_536];
                let _ = stream.read(&mut begun).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            });
        }
    });
    (port, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_with_a_wrong_certificate_is_sent_nothing() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (port, file) = with_certificate("localhost", folder.path()).await;
    let (other_port, _) = with_certificate("another.example", other.path()).await;
    let world = World::with(|config| config.ca_file = file).await;
    let right = world.ivan.subscribe(webhook(&format!("https://localhost:{port}/"))).await;
    let wrong = world.ivan.subscribe(webhook(&format!("https://localhost:{other_port}/"))).await;
    world.sam.submitted("Acme").await;
    world.ivan.delivery_that(&right.id, |it| it.state() == DeliveryState::Delivered).await;
    let failed = world.ivan.delivery_that(&wrong.id, |it| !it.problem.is_empty()).await;
    assert!(failed.problem.contains("certificate"), "{}", failed.problem);
    assert_eq!(failed.state(), DeliveryState::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_delays_no_other() {
    let world = World::with(|config| {
        config.max_sending = 12;
        config.max_sending_each = 4;
        config.send_timeout_ms = 20_000;
    })
    .await;
    let (silent, healthy) = (Receiver::answering(Answer::Silence).await, Receiver::start().await);
    world.ivan.subscribe(webhook(&silent.url())).await;
    world.ivan.subscribe(webhook(&healthy.url())).await;
    for number in 0..20 {
        world.sam.submitted(&format!("work {number}")).await;
    }
    healthy.has(20).await;
    assert_eq!(silent.got().len(), 4, "no more at once, since none has ended");
}
