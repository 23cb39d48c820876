//! Handoffs that are accepted long before they are due, just then, long after it, or never.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use api::{
    handoff::v1::{
        AcceptHandoffRequest, CreateHandoffRequest, SubmitHandoffRequest, handoff_service_client::HandoffServiceClient,
    },
    r#type::v1::Priority,
};
use testkit::{Caller, eventually, request_id};
use tonic::{Code, Response, Status};

use crate::stage::{ACCEPTANCE_SECONDS, ROUTE, at};

/// Hands so many over, several at a time; counts those that are done with.
pub(crate) async fn hand_over(
    upstream: HandoffServiceClient<Caller>,
    downstream: HandoffServiceClient<Caller>,
    handoffs: usize,
    done: &AtomicUsize,
) {
    const CALLERS: usize = 8;
    let callers = (0..CALLERS).map(|caller| {
        let (upstream, downstream) = (upstream.clone(), downstream.clone());
        async move {
            for n in (caller..handoffs).step_by(CALLERS) {
                cross(upstream.clone(), downstream.clone(), n).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    futures::future::join_all(callers).await;
}

/// The n-th handoff; its number says how it fares.
async fn cross(mut upstream: HandoffServiceClient<Caller>, mut downstream: HandoffServiceClient<Caller>, n: usize) {
    let (priority, seconds) = ACCEPTANCE_SECONDS[n % 4];
    let create = CreateHandoffRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        title: format!("work {n}"),
        priority: api::handoff::v1::Priority::try_from(i32::from(priority)).expect("the numbers are the same").into(),
        ..Default::default()
    };
    let created = answered(async || upstream.clone().create_handoff(create.clone()).await).await;
    let handoff_id = created.handoff.expect("the answer holds the handoff").id;
    let submit =
        SubmitHandoffRequest { request_id: request_id(), handoff_id: handoff_id.clone(), ..Default::default() };
    let submitted_at = tokio::time::Instant::now();
    answered(async || upstream.submit_handoff(submit.clone()).await).await;
    let due = submitted_at + Duration::from_secs(u64::try_from(seconds).expect("positive"));
    match n / 4 % 5 {
        // Long before.
        0 => {}
        // As near to it as a caller can come, on both sides of it.
        1 | 2 if priority != Priority::Low => {
            let micros = u64::try_from(n).expect("small") * 997 % 12_000;
            at(due + Duration::from_micros(micros)).await;
        }
        // Long after.
        3 if priority == Priority::Urgent => at(due + Duration::from_millis(700)).await,
        // Never.
        _ => return,
    }
    let accept = AcceptHandoffRequest { request_id: request_id(), handoff_id, attempt: 1, ..Default::default() };
    answered(async || downstream.accept_handoff(accept.clone()).await).await;
}

/// Asks until there is an answer: whatever is away comes back.
pub(crate) async fn answered<T>(mut call: impl AsyncFnMut() -> Result<Response<T>, Status>) -> T {
    eventually("the service answers", async || match call().await {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let passes = [
                Code::Unavailable,
                Code::Unknown,
                Code::Cancelled,
                Code::Internal,
                Code::DeadlineExceeded,
                Code::ResourceExhausted,
            ];
            assert!(passes.contains(&status.code()) && !status.message().contains("defect"), "{status:?}");
            None
        }
    })
    .await
}
