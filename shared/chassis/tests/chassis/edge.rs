//! What a call meets at the edge: deadlines, sizes, nonsense, and the last net for defects.

use api::handoff::v1 as pb;
use testkit::{Served, eventually, refusal};
use tonic::Code;

use crate::{
    mirror::must_mirror,
    probe::{Config, Deed, Probe, client, request},
    servers::Hold,
    wire::{COUNT, call, frame, framed},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_is_deadline_exceeded_and_the_transaction_ends() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut hold = Hold::counter(&served.setting.database, "counter").await;
    let request = request("counter", Deed::Count);
    for _ in 0..5 {
        let headers = [("grpc-timeout", "150m")];
        let status = call(&served.setting, served.running.grpc(), COUNT, &headers, &framed(&request)).await;
        assert_eq!((status.code(), refusal(&status).reason.as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    }
    hold.until_waiting(0).await;
    assert_eq!(served.facts().await, 0);
    hold.release().await;
    client(&served).create_team(request).await.unwrap();
    assert_eq!(must_mirror(&served).await.len(), 1);
}

#[tokio::test]
async fn a_deadline_of_ages_or_of_nonsense_is_as_good_as_none() {
    let served = Served::start::<Probe>(Config::default()).await;
    for timeout in ["99999999H", "99999999S", "1H", "", "5", "H", "-1S", "123456789S", "5x", "0x5S"] {
        let body = framed(&request("counter", Deed::Count));
        let status = call(&served.setting, served.running.grpc(), COUNT, &[("grpc-timeout", timeout)], &body).await;
        assert_eq!(status.code(), Code::Ok, "{timeout}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_deadline_does_not_wait_for_ever() {
    let setting = testkit::Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.grpc.default_deadline_ms = 200;
    let served = setting.serve_as::<Probe>(config).await;
    let mut hold = Hold::counter(&setting.database, "counter").await;
    let asked = [vec![], vec![("grpc-timeout", "1H")]];
    for headers in asked {
        let body = framed(&request("counter", Deed::Count));
        let status = call(&setting, served.running.grpc(), COUNT, &headers, &body).await;
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    }
    hold.until_waiting(0).await;
    assert_eq!(served.facts().await, 0);
}

#[tokio::test]
async fn a_message_over_the_limit_is_too_large() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut request = request("counter", Deed::Count);
    request.escalation_contact = "x".repeat(1024 * 1024);
    let refused = refusal(&client(&served).create_team(request).await.unwrap_err());
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "TOO_LARGE"));
}

#[tokio::test]
async fn bytes_that_are_no_message_are_an_invalid_argument_never_a_defect() {
    let served = Served::start::<Probe>(Config::default()).await;
    let cases: [(&str, Vec<u8>); 6] = [
        ("garbage", frame(&[0xff; 40])),
        ("a text that is not UTF-8", frame(&[0x0a, 0x02, 0xc3, 0x28])),
        ("a field cut short", frame(&[0x0a, 0x7f, 0x61])),
        ("a message cut short", framed(&request("counter", Deed::Count))[..20].to_vec()),
        ("no message", vec![]),
        ("a frame marked as compressed", [&[1], &framed(&request("counter", Deed::Count))[1..]].concat()),
    ];
    for (case, body) in cases {
        let status = call(&served.setting, served.running.grpc(), COUNT, &[], &body).await;
        assert_eq!(
            (status.code(), refusal(&status).reason.as_str()),
            (Code::InvalidArgument, "MALFORMED"),
            "{case}: {status}"
        );
    }
    assert_eq!(served.facts().await, 0);
}

#[tokio::test]
async fn a_method_or_a_service_that_nobody_answers_is_unimplemented() {
    let served = Served::start::<Probe>(Config::default()).await;
    for path in ["/baton.handoff.v1.DirectoryService/Nothing", "/baton.handoff.v1.Nothing/Get", "/nothing", "/"] {
        let status = call(&served.setting, served.running.grpc(), path, &[], &frame(&[])).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}: {status}");
    }
}

#[tokio::test]
async fn a_panic_or_a_fault_in_a_handler_is_internal_shows_no_inside_and_the_service_lives_on() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut client = client(&served);
    let panicked = client.update_team(pb::UpdateTeamRequest::default()).await.unwrap_err();
    let faulty = client.list_teams(pb::ListTeamsRequest::default()).await.unwrap_err();
    for status in [panicked, faulty] {
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.message(), "a defect of the service; it has been logged");
        assert!(status.details().is_empty());
    }
    client.create_team(request("counter", Deed::Count)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_context_that_is_none_is_not_kept() {
    let served = Served::start::<Probe>(Config::default()).await;
    let long = "a".repeat(8000);
    for traceparent in ["nonsense", "00-0af7651916cd43dd8448eb211c80319c", long.as_str()] {
        let body = framed(&request("counter", Deed::Count));
        let status = call(&served.setting, served.running.grpc(), COUNT, &[("traceparent", traceparent)], &body).await;
        assert_eq!(status.code(), Code::Ok);
    }
    let logged = must_mirror(&served).await;
    assert!(logged.iter().all(|fact| fact.traceparent.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_callers_is_served_with_few_connections_to_the_store() {
    let served = Served::start::<Probe>(Config::default()).await;
    let calls = (0..200).map(|number| {
        let mut client = client(&served);
        async move { client.create_team(request(&format!("c{}", number % 20), Deed::Count)).await.map(|_| ()) }
    });
    for call in futures::future::join_all(calls).await {
        call.unwrap();
    }
    eventually("all are counted", async || (served.facts().await == 200).then_some(())).await;
}
