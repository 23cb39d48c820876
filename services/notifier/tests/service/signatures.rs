//! What is signed is verified by the Standard Webhooks library of another language, also while keys change.

use api::notify::v1::{self as notify, place::Place as In};
use kernel::Timestamp;
use testkit::{binaries, request_id};

use crate::{
    person::webhook,
    receiver::{Got, Receiver},
    world::World,
};

const VERIFY: &str = "
import json, sys
from standardwebhooks.webhooks import Webhook
given = json.load(sys.stdin)
event = Webhook(given['secret']).verify(given['body'], given['headers'])
print(event['type'])
";

/// What the library says of it, by that key.
async fn verified(got: &Got, secret: &str) -> Result<String, String> {
    use tokio::io::AsyncWriteExt as _;
    let library = binaries::webhooks().expect("the library is there");
    let given = serde_json::json!({ "secret": secret, "body": got.body, "headers": got.headers });
    let mut python = tokio::process::Command::new("python3");
    python.args(["-c", VERIFY]).env("PYTHONPATH", library);
    python
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = python.spawn().expect("python3 runs");
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn secrets(subscription: &notify::Subscription) -> Vec<String> {
    let Some(In::Webhook(webhook)) = subscription.r#where.clone().unwrap().place else { panic!("a webhook") };
    webhook.keys.into_iter().map(|key| key.secret).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_implementation_verifies_what_is_sent_by_each_key_in_force() {
    let world = World::new().await;
    // The library takes no message that is older than five minutes by its own clock.
    let mut store = world.notifier.setting.database.connect().await;
    let now: Timestamp = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&mut store).await.unwrap();
    world.notifier.setting.clock.advance_seconds((now.as_micros() - world.now().as_micros()) / 1_000_000);

    let receiver = Receiver::start().await;
    let subscribed = world.ivan.subscribe(webhook(&receiver.url())).await;
    let [first] = &secrets(&subscribed)[..] else { panic!("one key") };
    assert!(first.starts_with("whsec_"));
    assert_eq!(secrets(&world.ivan.subscription(&subscribed.id).await.unwrap()), [""], "shown once");
    world.sam.submitted("Acme").await;
    let got = receiver.has(1).await;
    assert_eq!(verified(&got[0], first).await, Ok("baton.handoff.v1.handoff_submitted".into()));
    assert!(verified(&got[0], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").await.is_err(), "by another key");
    let mut forged = got[0].clone();
    forged.body = forged.body.replace("Acme", "Bolt");
    assert!(verified(&forged, first).await.is_err(), "another text");

    let rotate = notify::RotateKeyRequest {
        request_id: request_id(),
        subscription_id: subscribed.id.clone(),
        overlap: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
    };
    let rotated = world.ivan.subscriptions.clone().rotate_key(rotate).await.unwrap().into_inner();
    let keys = secrets(&rotated.subscription.unwrap());
    let [second, hidden] = &keys[..] else { panic!("two keys") };
    assert!(hidden.is_empty() && second != first);
    world.sam.submitted("Bolt").await;
    let got = receiver.has(2).await;
    assert_eq!(got[1].headers["webhook-signature"].split(' ').count(), 2);
    for key in [first, second] {
        assert!(verified(&got[1], key).await.is_ok());
    }
    assert_ne!(got[0].id(), got[1].id());

    let rotate = notify::RotateKeyRequest {
        request_id: request_id(),
        subscription_id: subscribed.id,
        overlap: Some(prost_types::Duration::default()),
    };
    let rotated = world.ivan.subscriptions.clone().rotate_key(rotate).await.unwrap().into_inner();
    let third = secrets(&rotated.subscription.unwrap())[0].clone();
    world.sam.submitted("Cord").await;
    let got = receiver.has(3).await;
    assert!(verified(&got[2], &third).await.is_ok());
    assert!(verified(&got[2], second).await.is_err(), "the overlap was none");
}
