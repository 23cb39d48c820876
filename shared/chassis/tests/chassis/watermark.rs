//! The watermark never says that the order is complete where a fact can still appear.

use api::event::v1::{self as pb, event_log_service_client::EventLogServiceClient};
use chassis::{Clock, Running};
use futures::future::join_all;
use kernel::Timestamp;
use testkit::{Caller, People, Setting, eventually};

use crate::{
    probe::{Config, Probe, remember, say, step},
    servers::{Hold, slow_commits},
};

/// A service on the database's own clock.
async fn start() -> (Setting, Running) {
    let setting = Setting::new::<Probe>().await;
    slow_commits(&setting.database).await;
    let config = setting.config::<Probe>(Config::default());
    let running = Running::start::<Probe>(config, Clock::Database, None).await.expect("the service starts");
    (setting, running)
}

fn reader(setting: &Setting, running: &Running) -> EventLogServiceClient<Caller> {
    EventLogServiceClient::new(People::Reader.bearer(setting.issuer()).calling(running.grpc()))
}

async fn watermark(reader: &mut EventLogServiceClient<Caller>) -> (i64, Timestamp) {
    let answer = reader.get_watermark(pb::GetWatermarkRequest {}).await.expect("an answer").into_inner();
    let until = answer.complete_until.expect("an instant");
    let until = Timestamp::from_seconds_and_nanos(until.seconds, until.nanos).expect("of our era");
    (answer.position, until)
}

/// Position and instant of every live fact.
async fn live_facts(setting: &Setting) -> Vec<(i64, Timestamp)> {
    const LIVE: &str = "SELECT o.position, e.occurred_at FROM event_order o JOIN event_log e ON e.id = o.event_id
                        WHERE NOT e.historic";
    sqlx::query_as(LIVE).fetch_all(&mut setting.database.connect().await).await.expect("the log is read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_open_holds_the_watermark_at_its_beginning() {
    let (setting, running) = start().await;
    let mut reader = reader(&setting, &running);
    let mut hold = Hold::commits(&setting.database).await;
    let open = tokio::spawn({
        let context = running.context().clone();
        async move { say(&context, "late", &[step("held")]).await }
    });
    hold.until_waiting(1).await;
    say(running.context(), "early", &[step("one")]).await.unwrap();
    let (position, until) = watermark(&mut reader).await;
    assert_eq!(position, 1);
    hold.release().await;
    open.await.unwrap().unwrap();
    eventually("the watermark has passed the late fact", async || {
        let (position, later) = watermark(&mut reader).await;
        let facts = live_facts(&setting).await;
        let (_, late) = facts.iter().find(|(position, _)| *position == 2)?;
        assert!(until <= *late, "held at {until}, the fact is of {late}");
        (position == 2 && later > *late).then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_live_fact_before_the_watermark_is_at_or_below_its_position() {
    let (setting, running) = start().await;
    let context = running.context();
    let long_ago: Timestamp = "2001-01-01T00:00:00Z".parse().unwrap();
    let writer = async |number: usize| {
        for round in 0..20 {
            let name = if (number + round).is_multiple_of(3) { "lingering" } else { "one" };
            let counter = format!("c{}", (number + round) % 4);
            say(context, &counter, &[step(name)]).await.unwrap();
            remember(context, "", &format!("old{number}"), long_ago).await.unwrap();
        }
    };
    let watcher = async || {
        let mut reader = reader(&setting, &running);
        let mut seen = vec![];
        for _ in 0..100 {
            seen.push(watermark(&mut reader).await);
        }
        seen
    };
    let (_, first, second) = tokio::join!(join_all((0..5).map(writer)), watcher(), watcher());
    let last = watermark(&mut reader(&setting, &running)).await;

    let facts = live_facts(&setting).await;
    assert_eq!((facts.len(), last.0), (200, 300), "a watermark has sequenced whatever was committed before it");
    let mut decisive = 0;
    for (position, until) in first.into_iter().chain(second) {
        for (at, occurred_at) in &facts {
            assert!(
                *occurred_at >= until || *at <= position,
                "{at} of {occurred_at}, not at or below {position} until {until}"
            );
        }
        decisive += usize::from(position > 0 && position < last.0);
    }
    assert!(decisive > 0, "some watermarks were read amid the load");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watermark_of_an_idle_service_advances_with_the_clock() {
    let (setting, running) = start().await;
    let mut reader = reader(&setting, &running);
    let (position, first) = watermark(&mut reader).await;
    assert_eq!(position, 0);
    eventually("the watermark advances", async || (watermark(&mut reader).await.1 > first).then_some(())).await;
    running.stop().await;
}
