//! A stop lets calls end, says so to probes, and does not wait for the silent.

use std::time::Duration;

use testkit::{Bearer, Served, Setting, eventually};
use tokio::{net::TcpStream, time::timeout};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::{
    mirror::must_mirror,
    probe::{Config, Deed, Probe, client, request},
    servers::{Hold, probe},
};

/// Against hanging: far longer than a stop may take.
const HANGING: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_says_not_serving_and_lets_running_calls_end() {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.grpc.drain_seconds = 15;
    let served = setting.serve_as::<Probe>(config).await;
    let (grpc, http) = (served.running.grpc(), served.running.http());
    let mut health = HealthClient::new(served.caller_with(Bearer::nothing()));
    let mut watch = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let mut hold = Hold::counter(&setting.database, "counter").await;
    let running = tokio::spawn({
        let mut client = client(&served);
        async move { client.create_team(request("counter", Deed::Count)).await }
    });
    hold.until_waiting(1).await;
    let stopped = tokio::spawn(served.stop());
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop((watch, health));
    eventually("nobody is let in any more", async || TcpStream::connect(grpc).await.is_err().then_some(())).await;
    assert_ne!(probe(http, "/readyz").await, Some(200));
    assert!(!stopped.is_finished(), "it waits for the call");

    hold.release().await;
    assert_eq!(running.await.unwrap().unwrap().into_inner().team.unwrap().revision, 1);
    timeout(HANGING, stopped).await.expect("the stop ends").unwrap();
    let served = setting.serve::<Probe>(Config::default()).await;
    assert_eq!(
        must_mirror(&served).await.len(),
        1,
        "what was answered amid the stop is kept, and published by the next"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_a_silent_client_nor_a_call_without_end_holds_a_stop() {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.grpc.drain_seconds = 1;
    let served = setting.serve_as::<Probe>(config).await;
    let silent = [served.running.grpc(), served.running.http()].map(TcpStream::connect);
    let silent = futures::future::try_join_all(silent).await.unwrap();
    let (idle, connection) =
        h2::client::handshake(TcpStream::connect(served.running.grpc()).await.unwrap()).await.unwrap();
    tokio::spawn(connection);
    let mut hold = Hold::counter(&setting.database, "counter").await;
    let endless = tokio::spawn({
        let mut client = client(&served);
        async move { client.create_team(request("counter", Deed::Count)).await }
    });
    hold.until_waiting(1).await;
    timeout(HANGING, served.stop()).await.expect("the stop ends");
    drop((silent, idle));
    endless.abort();
    hold.release().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_service_answers_nobody() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut client = client(&served);
    client.create_team(request("counter", Deed::Count)).await.unwrap();
    let http = served.running.http();
    served.stop().await;
    let status = client.create_team(request("counter", Deed::Count)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(probe(http, "/livez").await, None);
}
