//! The history of a handoff: the same for both sides, and for whoever listens to NATS.

use api::handoff::v1 as pb;
use prost::Message;

use crate::{
    requests::{cites, on, prepare, ticked},
    words::instant,
    world::World,
};

/// A handoff that has been through much, an hour between any two steps.
async fn much_travelled(world: &World) -> pb::Handoff {
    let hour = || world.pass_seconds(3_600);
    let draft = world.sam.draft("Acme").await;
    hour();
    let prepared = prepare(&world.sam, &draft).await;
    hour();
    let submitted = world.sam.submit(on(&prepared)).await.unwrap();
    hour();
    let reject = pb::RejectHandoffRequest { reasons: vec![cites("timeline")], ..on(&submitted) };
    let rejected = world.ines.reject(reject).await.unwrap();
    hour();
    let submitted = world.anna.submit(on(&rejected)).await.unwrap();
    hour();
    let annex = pb::Condition { text: "the annex".into(), due_at: world.after(86_400), owner: String::new() };
    let accept = pb::AcceptHandoffRequest { conditions: vec![annex], ..on(&submitted) };
    let accepted = world.ivan.accept(accept).await.unwrap();
    hour();
    world.ivan.begin(on(&accepted)).await.unwrap();
    world.ines.tick(ticked(&accepted, "kickoff_held", "minutes")).await.unwrap();
    hour();
    let returned = world.ivan.give_back(on(&accepted)).await.unwrap();
    hour();
    world.sam.cancel(on(&returned)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_read_the_same_history() {
    let world = World::with_template().await;
    let handoff = much_travelled(&world).await;
    let timeline = world.sam.timeline(&handoff.id).await.unwrap();
    for reader in [&world.ivan, &world.otto, &world.ada] {
        assert_eq!(reader.timeline(&handoff.id).await.unwrap(), timeline);
    }
    let told: Vec<_> = timeline
        .iter()
        .map(|entry| {
            let at = instant(entry.occurred_at).unwrap();
            format!("{:>2} {} {:<17} {}", entry.sequence, &at[11..16], entry.r#type, entry.actor)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
     1 09:00 handoff_created   sam
     2 10:00 handoff_edited    sam
     3 10:00 item_changed      sam
     4 10:00 item_changed      sam
     5 11:00 handoff_submitted sam
     6 12:00 handoff_rejected  ines
     7 13:00 handoff_submitted anna
     8 14:00 handoff_accepted  ivan
     9 14:00 action_added      ivan
    10 15:00 handoff_begun     ivan
    11 15:00 item_changed      ines
    12 16:00 handoff_returned  ivan
    13 17:00 handoff_cancelled sam
    ");
    assert!(timeline.iter().all(|entry| !entry.historic && entry.recorded_at == entry.occurred_at));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nats_carries_of_a_handoff_is_its_timeline() {
    let world = World::with_template().await;
    let handoff = much_travelled(&world).await;
    let timeline = world.ivan.timeline(&handoff.id).await.unwrap();
    let said = world.said_of(&handoff).await;
    assert_eq!(said.len(), timeline.len());
    for (fact, entry) in said.iter().zip(&timeline) {
        assert_eq!(fact.payload, entry.event.as_ref().unwrap().encode_to_vec());
        assert_eq!(fact.header("ce-sequence"), entry.sequence.to_string());
        assert_eq!(fact.header("ce-type"), format!("baton.handoff.v1.{}", entry.r#type));
        assert_eq!(fact.header("ce-time"), instant(entry.occurred_at).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_read_page_by_page_while_it_grows() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    let mut handoffs = world.otto.handoffs.clone();
    let mut request = pb::ListTimelineRequest { handoff_id: submitted.id.clone(), page_size: 2, ..Default::default() };
    let first = handoffs.list_timeline(request.clone()).await.unwrap().into_inner();
    world.ivan.begin(on(&accepted)).await.unwrap();
    request.page_token = first.next_page_token;
    let second = handoffs.list_timeline(request.clone()).await.unwrap().into_inner();
    let sequences: Vec<_> = first.entries.iter().chain(&second.entries).map(|entry| entry.sequence).collect();
    assert_eq!((sequences, second.next_page_token.as_str()), (vec![1, 2, 3, 4], ""));

    let other = world.sam.draft("Bold").await;
    let foreign = pb::ListTimelineRequest { handoff_id: other.id, ..request };
    let refused = testkit::refusal(&handoffs.list_timeline(foreign).await.unwrap_err());
    assert_eq!(refused.fields, ["page_token"], "a page of one history does not continue another");
}
