//! A call takes effect exactly once, whatever is repeated, raced, refused or abandoned.

use futures::future::join_all;
use prost::Message;
use sqlx::Connection;
use testkit::{People, Served, eventually, refusal};
use tonic::Code;

use crate::{
    mirror::must_mirror,
    probe::{Config, Deed, Probe, client, request},
    servers::Hold,
};

#[tokio::test]
async fn a_repeat_gives_the_same_bytes_and_no_second_fact() {
    let served = Served::start::<Probe>(Config::default()).await;
    let request = request("counter", Deed::Count);
    let first = client(&served).create_team(request.clone()).await.unwrap().into_inner();
    let again = client(&served).create_team(request).await.unwrap().into_inner();
    assert_eq!(first.encode_to_vec(), again.encode_to_vec());
    assert_eq!(served.facts().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_repeats_at_once_on_two_replicas_are_one_fact_and_one_answer() {
    let served = Served::start::<Probe>(Config::default()).await;
    let replica = served.setting.serve::<Probe>(Config::default()).await;
    let request = request("counter", Deed::Count);
    let calls = (0..16).map(|number| {
        let (mut client, request) = (client(if number % 2 == 0 { &served } else { &replica }), request.clone());
        async move { client.create_team(request).await.map(|answer| answer.into_inner().encode_to_vec()) }
    });
    let mut answers: Vec<_> = join_all(calls).await.into_iter().map(|answer| answer.unwrap()).collect();
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(served.facts().await, 1);
}

#[tokio::test]
async fn the_same_id_with_another_request_is_refused_and_changes_nothing() {
    let served = Served::start::<Probe>(Config::default()).await;
    let first = request("counter", Deed::Count);
    client(&served).create_team(first.clone()).await.unwrap();
    let mut other = request("another", Deed::Count);
    other.request_id = first.request_id;
    let refused = refusal(&client(&served).create_team(other).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    assert_eq!(served.facts().await, 1);
}

#[tokio::test]
async fn the_same_id_of_another_principal_is_another_request() {
    let served = Served::start::<Probe>(Config::default()).await;
    let request = request("counter", Deed::Count);
    for who in [People::Anna, People::Ivan] {
        let mut client = api::handoff::v1::directory_service_client::DirectoryServiceClient::new(served.caller(who));
        client.create_team(request.clone()).await.unwrap();
    }
    assert_eq!(served.facts().await, 2);
}

#[tokio::test]
async fn a_missing_or_malformed_request_id_is_named() {
    let served = Served::start::<Probe>(Config::default()).await;
    for id in ["", "7", "{0190c6f0-0000-7000-8000-000000000000}"] {
        let mut request = request("counter", Deed::Count);
        request.request_id = id.into();
        let refused = refusal(&client(&served).create_team(request).await.unwrap_err());
        assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["request_id".to_owned()]));
    }
}

#[tokio::test]
async fn a_refusal_is_not_stored_and_the_same_request_may_succeed_later() {
    let served = Served::start::<Probe>(Config::default()).await;
    let further = request("counter", Deed::CountFurther);
    for _ in 0..2 {
        let refused = refusal(&client(&served).create_team(further.clone()).await.unwrap_err());
        assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, "NOTHING_COUNTED"));
    }
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    let answer = client(&served).create_team(further).await.unwrap().into_inner();
    assert_eq!(answer.team.unwrap().revision, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_does_not_cut_its_transaction_in_half() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut hold = Hold::counter(&served.setting.database, "counter").await;
    let request = request("counter", Deed::Count);
    let call = tokio::spawn({
        let (mut client, request) = (client(&served), request.clone());
        async move { client.create_team(request).await }
    });
    hold.until_waiting(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    hold.release().await;
    eventually("the fact is there", async || (served.facts().await == 1).then_some(())).await;
    let answer = client(&served).create_team(request).await.unwrap().into_inner();
    assert_eq!(answer.team.unwrap().revision, 1);
    assert_eq!(must_mirror(&served).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_race_is_run_again_before_the_caller_hears_of_it() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut hold = Hold::counter(&served.setting.database, "counter").await;
    let call = |deed| {
        let mut client = client(&served);
        tokio::spawn(async move { client.create_team(request("counter", deed)).await })
    };
    let faster = call(Deed::Count);
    hold.until_waiting(1).await;
    let slower = call(Deed::CountFromStale);
    hold.until_waiting(2).await;
    hold.release().await;
    assert_eq!(faster.await.unwrap().unwrap().into_inner().team.unwrap().revision, 1);
    assert_eq!(slower.await.unwrap().unwrap().into_inner().team.unwrap().revision, 2);
}

#[tokio::test]
async fn a_race_that_is_always_lost_is_aborted_with_advice_to_try_again() {
    use tonic_types::StatusExt;

    let served = Served::start::<Probe>(Config::default()).await;
    let status = client(&served).create_team(request("counter", Deed::LoseRaces)).await.unwrap_err();
    let refused = refusal(&status);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::Aborted, "CONTENTION"));
    assert!(status.get_details_retry_info().is_some());
}

#[tokio::test]
async fn a_fact_too_large_for_the_log_is_refused_and_nothing_remains() {
    let served = Served::start::<Probe>(Config::default()).await;
    let refused = refusal(&client(&served).create_team(request("counter", Deed::CountLarge)).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "TOO_LARGE"));
    assert_eq!(served.facts().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_that_panic_are_defects_and_leave_no_transaction_open() {
    let served = Served::start::<Probe>(Config::default()).await;
    // More often than there are connections: one that leaked would be missed.
    for _ in 0..12 {
        let status = client(&served).create_team(request("counter", Deed::Panic)).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("on demand"), "the inside is not shown: {}", status.message());
    }
    client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    assert_eq!(served.facts().await, 1);
    eventually("no transaction is open", async || {
        const OPEN: &str = "SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let mut connection = served.setting.database.connect().await;
        let open: i64 = sqlx::query_scalar(OPEN).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        (open == 0).then_some(())
    })
    .await;
}
