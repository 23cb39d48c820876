//! kill -9 of any replica at any moment: nothing acknowledged is lost, nothing takes effect twice, the order holds.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use api::handoff::v1::{
    CreateHandoffRequest, HandoffEvent, Origin, SubmitHandoffRequest, handoff_service_client::HandoffServiceClient,
};
use handoff::HandoffService;
use prost::Message;
use sqlx::Row;
use testkit::{Caller, People, Setting, eventually, read_stream, request_id};
use tonic::{Code, Status};

use crate::replica::Replica;

const CALLERS: usize = 8;
const HANDOFFS_EACH: usize = 20;
const KILLS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn killed_replicas_lose_nothing_and_double_nothing() {
    let setting = Setting::new::<HandoffService>().await;
    let mut replicas = [Replica::start(&setting).await, Replica::start(&setting).await];
    replicas[0].map().await;
    let acknowledged = AtomicUsize::new(0);
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let clients = [replicas[0].handoffs(People::Crm), replicas[1].handoffs(People::Crm)];
            hand_over(number, clients, &acknowledged)
        })
        .collect();
    // A replica dies each time another part of the work has been acknowledged: in the middle of calls, whatever they do.
    let killing = async {
        for kill in 1..=KILLS {
            let part = CALLERS * HANDOFFS_EACH * kill / (KILLS + 1);
            eventually("the work goes on", async || (acknowledged.load(Ordering::SeqCst) >= part).then_some(())).await;
            replicas[kill % 2].kill_and_start_again().await;
        }
    };
    tokio::join!(futures::future::join_all(callers), killing);
    assert_one_history(&setting, CALLERS * HANDOFFS_EACH).await;
}

/// Creates and submits handoffs; whatever fails is repeated with the same `request_id` at the other replica.
async fn hand_over(number: usize, mut clients: [HandoffServiceClient<Caller>; 2], acknowledged: &AtomicUsize) {
    for work in 0..HANDOFFS_EACH {
        let create = CreateHandoffRequest {
            request_id: request_id(),
            route_id: "sales-to-implementation".into(),
            title: format!("work {work} of {number}"),
            origin: Some(Origin { system: "crm".into(), key: format!("{number}-{work}") }),
            ..Default::default()
        };
        let created = until_answered(&mut clients, async |client| client.create_handoff(create.clone()).await).await;
        assert!(created.created, "the first answer and its repeats are the same: created");
        let submit = SubmitHandoffRequest {
            request_id: request_id(),
            handoff_id: created.handoff.expect("the answer holds the handoff").id,
            ..Default::default()
        };
        until_answered(&mut clients, async |client| client.submit_handoff(submit.clone()).await).await;
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

async fn until_answered<T>(
    clients: &mut [HandoffServiceClient<Caller>; 2],
    call: impl AsyncFn(&mut HandoffServiceClient<Caller>) -> Result<tonic::Response<T>, Status>,
) -> T {
    let mut turn = 0;
    eventually("a replica answers", async || {
        turn += 1;
        match call(&mut clients[turn % 2]).await {
            Ok(answer) => Some(answer.into_inner()),
            Err(status) => {
                let is_cut =
                    [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal].contains(&status.code());
                // INTERNAL is what the client library makes of a connection that breaks in the middle of an answer.
                assert!(is_cut && !status.message().contains("defect"), "{status:?}");
                None
            }
        }
    })
    .await
}

/// Each handoff was created once and submitted once; the stream is the log, in one order, without a gap or a double.
async fn assert_one_history(setting: &Setting, handoffs: usize) {
    let mut log = setting.database.connect().await;
    let rows = sqlx::query(
        "SELECT o.position, e.id, e.aggregate, e.aggregate_seq, e.type FROM event_log e LEFT JOIN event_order o ON o.event_id = e.id
         ORDER BY o.position",
    );
    let stream = format!("{}_HANDOFF", setting.prefix.to_uppercase());
    let facts = 3 + 2 * handoffs;
    let messages = eventually("every fact is in the stream", async || {
        read_stream(&setting.nats_url, &stream).await.filter(|messages| messages.len() >= facts)
    })
    .await;
    let rows = rows.fetch_all(&mut log).await.expect("the log is read");
    assert_eq!((rows.len(), messages.len()), (facts, facts));
    let mut histories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (row, message) in rows.iter().zip(&messages) {
        assert_eq!(u64::try_from(row.get::<i64, _>("position")), Ok(message.sequence), "the sequence is the position");
        assert_eq!(row.get::<i64, _>("id").to_string(), message.header("ce-id"));
        assert_eq!(row.get::<i64, _>("aggregate_seq").to_string(), message.header("ce-sequence"));
        HandoffEvent::decode(&*message.payload).expect("the payload is an event");
        histories.entry(row.get("aggregate")).or_default().push(message.name().to_owned());
    }
    let crossed = histories.iter().filter(|(aggregate, _)| aggregate.starts_with("handoff/"));
    let crossed: Vec<_> = crossed.map(|(_, history)| history.as_slice()).collect();
    assert_eq!(crossed.len(), handoffs);
    assert!(crossed.iter().all(|history| *history == ["handoff_created", "handoff_submitted"]));
}
