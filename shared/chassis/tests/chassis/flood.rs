//! More calls than there is room for, and principals that call too often.

use api::handoff::v1::{self as pb, directory_service_client::DirectoryServiceClient};
use futures::{StreamExt, future::join_all, stream};
use testkit::{Bearer, People, Served, Setting, eventually, refusal};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest,
};
use tonic_types::StatusExt;

use crate::{
    probe::{Config, Deed, Probe, client, request},
    servers::Hold,
    wire::{COUNT, call, framed},
};

/// A service with room for so many calls.
async fn with_room_for(calls: u32) -> Served {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.grpc.max_in_flight = calls;
    setting.serve_as::<Probe>(config).await
}

/// Which refusal it is, and how many seconds until a call passes.
fn told(status: &Status) -> (Code, String, Option<u64>) {
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    (status.code(), refusal(status).reason, retry.map(|delay| delay.as_secs()))
}

fn overloaded() -> (Code, String, Option<u64>) {
    (Code::ResourceExhausted, "OVERLOADED".to_owned(), Some(1))
}

async fn health(served: &Served) -> ServingStatus {
    let mut health = HealthClient::new(served.caller_with(Bearer::nothing()));
    let checked = health.check(HealthCheckRequest { service: String::new() }).await;
    checked.expect("health is served").into_inner().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_over_the_bound_are_refused_at_once_and_health_is_served() {
    let served = with_room_for(2).await;
    let mut hold = Hold::counter(&served.setting.database, "counter").await;
    let running = [(); 2].map(|()| {
        let mut client = client(&served);
        tokio::spawn(async move { client.create_team(request("counter", Deed::Count)).await })
    });
    hold.until_waiting(2).await;
    // Nothing moves until the test lets go: whatever is answered now did not wait. Nor is the token looked at.
    for bearer in [People::Anna.bearer(served.setting.issuer()), Bearer::nothing()] {
        let mut client = DirectoryServiceClient::new(served.caller_with(bearer));
        let refused = client.get_team(pb::GetTeamRequest { team_id: "other".into() }).await.unwrap_err();
        assert_eq!(told(&refused), overloaded());
    }
    assert_eq!(health(&served).await, ServingStatus::Serving);
    hold.release().await;
    for call in running {
        call.await.unwrap().unwrap();
    }
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    assert_eq!(served.facts().await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_work_of_a_caller_that_left_keeps_its_place_until_it_ends() {
    let served = with_room_for(2).await;
    let mut hold = Hold::counter(&served.setting.database, "counter").await;
    let impatient = [(); 2].map(|()| {
        let mut client = client(&served);
        tokio::spawn(async move { client.create_team(request("counter", Deed::Count)).await })
    });
    hold.until_waiting(2).await;
    for call in impatient {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    for _ in 0..20 {
        let refused = client(&served).create_team(request("other", Deed::Count)).await.unwrap_err();
        assert_eq!(told(&refused), overloaded());
    }
    hold.release().await;
    let passes = async || client(&served).create_team(request("other", Deed::Count)).await.is_ok().then_some(());
    eventually("there is room again", passes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_come_back_after_deadlines_and_defects() {
    let served = with_room_for(2).await;
    let hold = Hold::counter(&served.setting.database, "counter").await;
    for _ in 0..3 {
        let cut = [(); 2].map(|()| async {
            let body = framed(&request("counter", Deed::Count));
            call(&served.setting, served.running.grpc(), COUNT, &[("grpc-timeout", "150m")], &body).await.code()
        });
        assert_eq!(join_all(cut).await, [Code::DeadlineExceeded; 2]);
        eventually("what was begun for them has ended too", async || {
            let looked = join_all([(); 2].map(|()| async {
                let look = pb::GetTeamRequest { team_id: "other".into() };
                client(&served).get_team(look).await
            }));
            looked.await.iter().all(Result::is_ok).then_some(())
        })
        .await;
    }
    for _ in 0..5 {
        let panicked = client(&served).update_team(pb::UpdateTeamRequest::default()).await.unwrap_err();
        assert_eq!(panicked.code(), Code::Internal);
        let panicked = client(&served).create_team(request("other", Deed::Panic)).await.unwrap_err();
        assert_eq!(panicked.code(), Code::Internal);
    }
    hold.release().await;
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_last_take_no_room_from_calls() {
    let served = with_room_for(1).await;
    let mut open = vec![];
    for _ in 0..3 {
        let mut client = ServerReflectionClient::new(served.caller(People::Anna));
        let asked = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let asking = stream::iter([asked]).chain(stream::pending());
        let mut answers = client.server_reflection_info(asking).await.unwrap().into_inner();
        answers.message().await.unwrap().expect("an answer");
        open.push(answers);
    }
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    drop(open);
}

#[tokio::test]
async fn a_noisy_principal_is_told_to_slow_down_and_disturbs_nobody() {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    (config.grpc.rate_per_second, config.grpc.rate_burst) = (1, 100);
    let served = setting.serve_as::<Probe>(config).await;
    let look = || pb::GetTeamRequest { team_id: "counter".into() };
    let mut noisy = client(&served);
    let mut refused = None;
    for _ in 0..1000 {
        if let Err(status) = noisy.get_team(look()).await {
            refused = Some(told(&status));
            break;
        }
    }
    assert_eq!(refused, Some((Code::ResourceExhausted, "RATE_LIMITED".to_owned(), Some(1))));
    let mut quiet = DirectoryServiceClient::new(served.caller(People::Bo));
    for _ in 0..50 {
        quiet.get_team(look()).await.unwrap();
    }
    assert_eq!(health(&served).await, ServingStatus::Serving);
    let passes = async || client(&served).get_team(look()).await.is_ok().then_some(());
    eventually("it passes again when it has waited", passes).await;
}
