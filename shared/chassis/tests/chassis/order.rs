//! Positions are gap-free, each history keeps its order, and the stream and `ListEvents` say exactly what the log says.

use api::event::v1::{self as pb, event_log_service_client::EventLogServiceClient};
use futures::future::join_all;
use kernel::{Error, Timestamp};
use testkit::{People, Served, Setting, eventually, refusal};
use tonic::{Code, Request};

use crate::{
    mirror::{self, must_mirror},
    probe::{self, Config, Deed, Probe, Step, client, request, say, step},
    servers::{Hold, slow_commits},
};

const WRITERS: usize = 12;
const ROUNDS: usize = 12;
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_gap_free_and_the_stream_equals_them_under_two_replicas_and_commits_out_of_order() {
    let setting = Setting::new::<Probe>().await;
    slow_commits(&setting.database).await;
    let replicas = [setting.serve::<Probe>(Config::default()).await, setting.serve::<Probe>(Config::default()).await];

    let writer = async |number: usize| {
        let mut written = 0;
        for round in 0..ROUNDS {
            let context = replicas[(number + round) % 2].running.context();
            // Half of the writers share three counters, half have one of their own; every third commit takes its time.
            let counter =
                if number.is_multiple_of(2) { format!("shared-{}", round % 3) } else { format!("own-{number}") };
            let steps: &[Step] = match (number + round) % 6 {
                0 | 3 => &[step("lingering")],
                1 => &[step("one"), step("two"), step("three")],
                2 => &[step("doomed"), step("one")],
                _ => &[step("one")],
            };
            match say(context, &counter, steps).await {
                Ok(_) => written += steps.len(),
                Err(Error::Fault(_)) => assert_eq!(steps[0].name, "doomed"),
                Err(error) => panic!("{error}"),
            }
        }
        written
    };
    let written: usize = join_all((0..WRITERS).map(writer)).await.into_iter().sum();

    let logged = must_mirror(&replicas[0]).await;
    assert_eq!(logged.len(), written, "what was committed is there, what was not is not");
    let late = logged.windows(2).filter(|pair| pair[0].event_id > pair[1].event_id).count();
    assert!(late > 0, "commits came out of the order of ids, which this test is about");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_whose_commit_is_late_is_not_overtaken_for_ever_but_gets_the_next_position() {
    let served = Served::start::<Probe>(Config::default()).await;
    let context = served.running.context();
    slow_commits(&served.setting.database).await;
    let mut hold = Hold::commits(&served.setting.database).await;
    let late = tokio::spawn({
        let context = context.clone();
        async move { say(&context, "late", &[step("held")]).await }
    });
    hold.until_waiting(1).await;

    say(context, "early", &[step("one")]).await.unwrap();
    say(context, "early", &[step("two")]).await.unwrap();
    let early = eventually("the early facts have positions", async || {
        let logged = mirror::log(&served).await;
        (logged.len() == 2).then_some(logged)
    })
    .await;
    hold.release().await;
    late.await.unwrap().unwrap();

    let logged = must_mirror(&served).await;
    assert_eq!(logged[2].r#type, "baton.handoff.v1.held");
    assert!(logged[2].event_id < early[0].event_id, "its id is the least, its position the last");
}

/// A replica that stalls in the middle of a pass holds the sequencer's row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_sequencer_holds_no_commit_up_and_all_is_sequenced_when_it_is_gone() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut stalled = served.setting.database.connect().await;
    sqlx::raw_sql("BEGIN; SELECT FROM sequencer FOR UPDATE").execute(&mut stalled).await.unwrap();
    for _ in 0..3 {
        client(&served).create_team(request("counter", Deed::Count)).await.unwrap();
    }
    let mut reader = EventLogServiceClient::new(served.caller(People::Reader));
    let status = reader.get_watermark(pb::GetWatermarkRequest {}).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "there is no evidence: {status}");
    assert!(mirror::log(&served).await.is_empty());
    drop(stalled);
    assert_eq!(must_mirror(&served).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_header_and_the_subject_of_a_fact_tell_what_the_log_tells() {
    let served = Served::start::<Probe>(Config::default()).await;
    let recorded_at: Timestamp = "2019-05-06T07:08:09.000010Z".parse().unwrap();
    probe::remember(served.running.context(), TRACEPARENT, "old", recorded_at).await.unwrap();
    let mut traced = Request::new(request("new", Deed::Count));
    traced.metadata_mut().insert("traceparent", TRACEPARENT.parse().unwrap());
    client(&served).create_team(traced).await.unwrap();

    let logged = must_mirror(&served).await;
    let told: Vec<_> = logged
        .iter()
        .map(|fact| {
            (fact.r#type.as_str(), fact.actor.as_str(), fact.historic, fact.occurred_at, fact.traceparent.as_str())
        })
        .collect();
    let now = served.setting.clock.now();
    assert_eq!(
        told,
        [
            ("baton.handoff.v1.remembered", "crm", true, recorded_at, TRACEPARENT),
            ("baton.handoff.v1.lived", "system", false, now, TRACEPARENT),
            ("baton.handoff.v1.counted", "anna", false, now, TRACEPARENT),
        ]
    );
    let client = async_nats::connect(&served.setting.nats_url).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream(served.stream()).await.unwrap();
    let subject = stream.get_raw_message(3).await.unwrap().subject.to_string();
    assert_eq!(subject, format!("{}.handoff.v1.counted.sales.implementation", served.setting.prefix));
}

#[tokio::test]
async fn times_of_a_history_never_go_back() {
    let served = Served::start::<Probe>(Config::default()).await;
    let start = served.setting.clock.now();
    for seconds in [5, -60, 2] {
        served.setting.clock.advance_seconds(seconds);
        say(served.running.context(), "steady", &[step("one")]).await.unwrap();
    }
    let occurred_at: Vec<_> = must_mirror(&served).await.iter().map(|fact| fact.occurred_at).collect();
    assert_eq!(occurred_at, [start.plus_seconds(5); 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listing_events_gives_in_pages_exactly_what_the_stream_holds() {
    let served = Served::start::<Probe>(Config::default()).await;
    for counter in ["a", "b", "c"] {
        say(served.running.context(), counter, &[step("one"), step("two"), step("three")]).await.unwrap();
    }
    let expected: Vec<pb::Event> = must_mirror(&served).await.into_iter().map(into_event).collect();
    let mut reader = EventLogServiceClient::new(served.caller(People::Reader));
    let mut listed: Vec<pb::Event> = vec![];
    loop {
        let after_position = listed.last().map_or(0, |event| event.position);
        let page =
            reader.list_events(pb::ListEventsRequest { after_position, page_size: 4 }).await.unwrap().into_inner();
        assert!(page.events.len() <= 4);
        assert_eq!(page.last_position, 9);
        if page.events.is_empty() {
            break;
        }
        listed.extend(page.events);
    }
    assert_eq!(listed, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_the_largest_facts_fits_in_one_message() {
    let served = Served::start::<Probe>(Config::default()).await;
    let largest = Step { payload: vec![7; chassis::MAX_PAYLOAD_BYTES], ..step("large") };
    say(served.running.context(), "large", &vec![largest; 10]).await.unwrap();
    served.settle().await;
    let mut reader = EventLogServiceClient::new(served.caller(People::Reader));
    let mut pages = vec![];
    let mut after_position = 0;
    while after_position < 10 {
        let page = reader.list_events(pb::ListEventsRequest { after_position, page_size: 1000 }).await.unwrap();
        let events = page.into_inner().events;
        after_position = events.last().expect("a page is never empty before the end").position;
        pages.push(events.len());
    }
    assert_eq!(pages, [6, 4]);
}

#[tokio::test]
async fn only_readers_and_admins_see_the_event_log() {
    let served = Served::start::<Probe>(Config::default()).await;
    let listing = async |who| {
        let mut client = EventLogServiceClient::new(served.caller(who));
        let listed = client.list_events(pb::ListEventsRequest::default()).await.map(|_| ());
        let marked = client.get_watermark(pb::GetWatermarkRequest {}).await.map(|_| ());
        let told =
            |result: Result<(), tonic::Status>| result.map_err(|status| (status.code(), refusal(&status).reason));
        [told(listed), told(marked)]
    };
    for who in [People::Reader, People::Admin] {
        assert_eq!(listing(who).await, [Ok(()), Ok(())]);
    }
    for who in [People::Anna, People::Crm, People::Importer] {
        let refused = || Err((Code::PermissionDenied, "READER_ONLY".to_owned()));
        assert_eq!(listing(who).await, [refused(), refused()]);
    }
}

#[tokio::test]
async fn a_malformed_page_of_events_names_every_bad_field() {
    let served = Served::start::<Probe>(Config::default()).await;
    let mut reader = EventLogServiceClient::new(served.caller(People::Reader));
    let bad = pb::ListEventsRequest { after_position: -1, page_size: 1001 };
    let refused = refusal(&reader.list_events(bad).await.unwrap_err());
    assert_eq!((refused.code, refused.fields.len()), (Code::InvalidArgument, 2), "{refused:?}");
}

fn into_event(fact: mirror::Logged) -> pb::Event {
    pb::Event {
        position: fact.position,
        event_id: fact.event_id,
        r#type: fact.r#type,
        aggregate: fact.aggregate,
        aggregate_seq: fact.aggregate_seq,
        actor: fact.actor,
        occurred_at: Some(api::timestamp(fact.occurred_at)),
        recorded_at: Some(api::timestamp(fact.recorded_at)),
        historic: fact.historic,
        routing: fact.routing,
        payload: fact.payload,
        traceparent: fact.traceparent,
        hash: fact.hash,
    }
}
