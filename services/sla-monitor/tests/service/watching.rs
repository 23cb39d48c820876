//! Watching clocks live: what is told, going on after a break, and what is nobody's to hear.

use api::{
    handoff::v1 as pb,
    sla::v1::{self as sla, ClockKind, clock_service_client::ClockServiceClient, watch_clocks_response::What},
};
use testkit::{Caller, People};
use tonic::Streaming;

use crate::{
    requests::{HOUR, create, decision, on},
    world::World,
};

type Watch = Streaming<sla::WatchClocksResponse>;

async fn watch(world: &World, who: People, resume_token: &str) -> Watch {
    let mut clocks: ClockServiceClient<Caller> = ClockServiceClient::new(world.monitor.caller(who));
    let team = "implementation".to_owned();
    let kinds = vec![ClockKind::Acceptance.into()];
    let request = sla::WatchClocksRequest { team, kinds, resume_token: resume_token.into(), ..Default::default() };
    let mut watch = clocks.watch_clocks(request).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert!(matches!(first.what, Some(What::Bookmark(_))), "the first message is a bookmark");
    watch
}

/// What comes next that is no bookmark, and the token to go on after it.
async fn next(watch: &mut Watch) -> (sla::ChangedClocks, String) {
    loop {
        let message = watch.message().await.unwrap().expect("the watch goes on");
        if let Some(What::Changed(changed)) = message.what {
            return (changed, message.resume_token);
        }
    }
}

/// Hears until that fact was told; the token to go on after it.
async fn until(watch: &mut Watch, fact: &str) -> (sla::Clock, String) {
    loop {
        let (changed, token) = next(watch).await;
        if changed.facts.iter().any(|it| it == fact) {
            return (changed.clocks[0].clone(), token);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_hears_of_each_clock_and_goes_on_after_a_break_without_loss() {
    let world = World::under(vec![decision()]).await;
    let mut watching = watch(&world, People::Otto, "").await;
    let handoff = world.sam.submitted("Acme").await;
    let (clock, token) = until(&mut watching, "clock_started").await;
    assert_eq!((clock.kind(), clock.team.as_str()), (ClockKind::Acceptance, "implementation"));
    drop(watching);
    world.pass(9 * HOUR).await;
    world.clock(&handoff, ClockKind::Acceptance).await;
    let mut again = watch(&world, People::Otto, &token).await;
    let (clock, _) = until(&mut again, "breached").await;
    assert!(clock.breach.is_some());
    world.ivan.accept(on(&handoff)).await.unwrap();
    let (clock, _) = until(&mut again, "clock_stopped").await;
    assert_eq!(clock.end_cause, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn outsiders_hear_nothing_of_a_confidential_handoff() {
    let world = World::under(vec![decision()]).await;
    let (mut ours, mut theirs) = (watch(&world, People::Ines, "").await, watch(&world, People::Otto, "").await);
    let hidden = pb::CreateHandoffRequest { confidential: true, ..create("hidden") };
    let hidden = world.sam.create(hidden).await.unwrap();
    world.sam.submit(on(&hidden)).await.unwrap();
    let shown = world.sam.submitted("shown").await;
    assert_eq!(next(&mut ours).await.0.handoff_id, hidden.id);
    assert_eq!(next(&mut theirs).await.0.handoff_id, shown.id, "the first that they hear of");
}
