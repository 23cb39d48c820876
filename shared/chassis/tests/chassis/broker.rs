//! NATS carries the log and can be rebuilt from it: away, killed, wiped, cut short, or ahead.

use async_nats::{HeaderMap, jetstream};
use testkit::{Served, Setting, read_stream};

use crate::{
    mirror::{must_mirror, must_mirror_from},
    probe::{Config, Deed, Probe, client, request, say, step},
    servers::{Broker, probe},
    trouble,
};

async fn jetstream(setting: &Setting) -> jetstream::Context {
    jetstream::new(async_nats::connect(&setting.nats_url).await.expect("NATS answers"))
}

async fn count(served: &Served, times: usize) {
    for _ in 0..times {
        client(served).create_team(request("counter", Deed::Count)).await.expect("it is counted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_starts_and_works_with_nats_away_and_publishes_all_when_it_comes() {
    let mut broker = Broker::start();
    broker.nats.stop();
    let served = broker.setting().await.serve::<Probe>(Config::default()).await;
    count(&served, 3).await;
    assert_eq!(probe(served.running.http(), "/readyz").await, Some(200));
    broker.nats.start_again().unwrap();
    assert_eq!(must_mirror(&served).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_stopped_in_the_middle_holds_no_call_up_and_gets_all_in_order_and_once() {
    let mut broker = Broker::start();
    let served = broker.setting().await.serve::<Probe>(Config::default()).await;
    count(&served, 3).await;
    must_mirror(&served).await;
    broker.nats.stop();
    count(&served, 3).await;
    assert_eq!(probe(served.running.http(), "/readyz").await, Some(200));
    broker.nats.start_again().unwrap();
    count(&served, 3).await;
    assert_eq!(must_mirror(&served).await.len(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_killed_amid_a_flood_by_two_replicas_gets_all_in_order_and_once() {
    let mut broker = Broker::start();
    let setting = broker.setting().await;
    let replicas = [setting.serve::<Probe>(Config::default()).await, setting.serve::<Probe>(Config::default()).await];
    let flood = async |replica: usize| {
        for _ in 0..60 {
            say(replicas[replica].running.context(), &format!("c{replica}"), &[step("one"), step("two")])
                .await
                .unwrap();
        }
    };
    let breaking = async {
        for _ in 0..2 {
            testkit::eventually("facts flow", async || (replicas[0].facts().await > 40).then_some(())).await;
            broker.nats.kill();
            broker.nats.start_again().unwrap();
        }
    };
    tokio::join!(flood(0), flood(1), breaking);
    assert_eq!(must_mirror(&replicas[0]).await.len(), 240);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_stream_is_made_again_from_the_log() {
    let served = Served::start::<Probe>(Config::default()).await;
    count(&served, 3).await;
    must_mirror(&served).await;
    jetstream(&served.setting).await.delete_stream(served.stream()).await.unwrap();
    count(&served, 2).await;
    assert_eq!(must_mirror(&served).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_service_notices_by_itself_that_its_stream_is_gone() {
    let served = Served::start::<Probe>(Config::default()).await;
    count(&served, 3).await;
    must_mirror(&served).await;
    jetstream(&served.setting).await.delete_stream(served.stream()).await.unwrap();
    assert_eq!(must_mirror(&served).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_lost_all_its_data_is_filled_from_the_log() {
    let mut broker = Broker::start();
    let served = broker.setting().await.serve::<Probe>(Config::default()).await;
    count(&served, 3).await;
    must_mirror(&served).await;
    broker.wipe();
    count(&served, 2).await;
    assert_eq!(must_mirror(&served).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_lost_its_end_is_given_the_rest() {
    let served = Served::start::<Probe>(Config::default()).await;
    count(&served, 5).await;
    must_mirror(&served).await;
    let setting = served.setting.clone();
    served.stop().await;
    keep_only(&setting, 2).await;
    let served = setting.serve::<Probe>(Config::default()).await;
    assert_eq!(must_mirror(&served).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_made_anew_begins_with_the_oldest_fact_that_retention_wants() {
    let setting = Setting::new::<Probe>().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.nats.max_age_hours = 1;
    let served = setting.serve_as::<Probe>(config.clone()).await;
    count(&served, 3).await;
    setting.clock.advance_seconds(2 * 3600);
    count(&served, 2).await;
    must_mirror(&served).await;
    let jetstream = jetstream(&setting).await;
    jetstream.delete_stream(served.stream()).await.unwrap();
    count(&served, 1).await;
    must_mirror_from(&served, 4).await;

    // Where retention wants none of them, the next fact still gets its own position as sequence.
    served.stop().await;
    jetstream.delete_stream(stream_name(&setting)).await.unwrap();
    setting.clock.advance_seconds(2 * 3600);
    let served = setting.serve_as::<Probe>(config).await;
    count(&served, 1).await;
    must_mirror_from(&served, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_follows_a_changed_retention() {
    let setting = Setting::new::<Probe>().await;
    let served = setting.serve::<Probe>(Config::default()).await;
    count(&served, 1).await;
    must_mirror(&served).await;
    served.stop().await;
    let mut config = setting.config::<Probe>(Config::default());
    config.nats.max_age_hours = 5;
    let served = setting.serve_as::<Probe>(config).await;
    count(&served, 1).await;
    assert_eq!(must_mirror(&served).await.len(), 2);
    let stream = jetstream(&setting).await.get_stream(served.stream()).await.unwrap();
    let form = &stream.cached_info().config;
    assert_eq!(form.max_age.as_secs(), 5 * 3600);
    assert!(form.deny_delete && form.deny_purge && form.allow_atomic_publish);
}

/// The store was restored from yesterday: the stream holds facts that the log does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ahead_of_the_log_stops_publishing_and_nothing_is_overwritten() {
    trouble::listen();
    let served = Served::start::<Probe>(Config::default()).await;
    count(&served, 2).await;
    must_mirror(&served).await;
    let setting = served.setting.clone();
    served.stop().await;
    let jetstream = jetstream(&setting).await;
    for lost in ["lost 3", "lost 4"] {
        let subject = format!("{}.handoff.v1.counted.sales.implementation", setting.prefix);
        jetstream.publish(subject, lost.into()).await.unwrap().await.unwrap();
    }
    let before = read_stream(&setting.nats_url, &stream_name(&setting)).await.unwrap();

    let served = setting.serve::<Probe>(Config::default()).await;
    trouble::until_said("STREAM_AHEAD", served.stream()).await;
    count(&served, 1).await;
    assert_eq!(probe(served.running.http(), "/readyz").await, Some(200));
    served.stop().await;
    assert_eq!(read_stream(&setting.nats_url, &stream_name(&setting)).await.unwrap(), before);
}

/// The same, noticed only when the log has grown past the stream's end: the facts there are still not the log's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_holds_another_history_stops_publishing_even_when_the_log_is_longer() {
    trouble::listen();
    let other = Served::start::<Probe>(Config::default()).await;
    count(&other, 2).await;
    must_mirror(&other).await;
    let before = other.settle().await;
    let prefix = other.setting.prefix.clone();
    other.stop().await;

    let mut setting = Setting::new::<Probe>().await;
    setting.clock.advance_seconds(1);
    let grown = setting.serve::<Probe>(Config::default()).await;
    count(&grown, 3).await;
    must_mirror(&grown).await;
    grown.stop().await;
    setting.prefix = prefix;
    let served = setting.serve::<Probe>(Config::default()).await;
    trouble::until_said("STREAM_DIVERGED", served.stream()).await;
    served.stop().await;
    assert_eq!(read_stream(&setting.nats_url, &stream_name(&setting)).await.unwrap(), before);
}

fn stream_name(setting: &Setting) -> String {
    format!("{}_handoff", setting.prefix).to_uppercase()
}

/// The stream as a broker has it that lost what it had acknowledged: its first messages only.
async fn keep_only(setting: &Setting, messages: u64) {
    let jetstream = jetstream(setting).await;
    let mut stream = jetstream.get_stream(stream_name(setting)).await.expect("it is there");
    let form = stream.info().await.expect("it tells").config.clone();
    let mut kept = vec![];
    for sequence in 1..=messages {
        kept.push(stream.get_raw_message(sequence).await.expect("it is kept"));
    }
    jetstream.delete_stream(stream_name(setting)).await.expect("it is deleted");
    jetstream.create_stream(form).await.expect("it is made");
    for message in kept {
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter().filter(|(name, _)| !name.to_string().starts_with("Nats-")) {
            headers.insert(name.clone(), values[0].clone());
        }
        let ack = jetstream.publish_with_headers(message.subject, headers, message.payload).await.expect("it is sent");
        ack.await.expect("it is written");
    }
}
