//! Declared waits and how they end, who looks at what was submitted, who speaks for a side, and taking back.

use api::{handoff::v1 as pb, r#type::v1::Side};
use handoff::HandoffService;
use pb::{HandoffState, HoldHandoffRequest, ListHandoffsRequest};
use testkit::{People, Served, eventually};
use tonic::Code;

use crate::{
    person::Person,
    requests::{change, on},
    words::{outcome, state, why},
    world::World,
};

const DAY: i64 = 86_400;

fn hold(world: &World, handoff: &pb::Handoff, seconds: i64) -> HoldHandoffRequest {
    HoldHandoffRequest { until: world.after(seconds), ..on(handoff) }
}

async fn on_hold(world: &World) -> Vec<String> {
    let mut titles = world.otto.titles(ListHandoffsRequest { on_hold: Some(true), ..Default::default() }).await;
    titles.sort();
    titles
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_alone_declares_a_wait_that_only_it_ends() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let request = hold(&world, &submitted, DAY);
    let held = world.ivan.hold(request.clone()).await.unwrap();
    let wait = held.hold.clone().unwrap();
    assert_eq!((wait.side(), wait.agreed, wait.until), (Side::Downstream, false, world.after(DAY)));
    assert_eq!((wait.reason.as_str(), wait.since), ("the customer is on holiday", world.after(0)));
    assert_eq!((held.state(), held.waiting_on()), (HandoffState::Submitted, Side::Downstream), "it moves nothing");
    assert_eq!(on_hold(&world).await, ["Acme"]);
    assert!(world.otto.line(&held).await.on_hold);

    world.pass_seconds(60);
    let same = HoldHandoffRequest { request_id: testkit::request_id(), ..request };
    assert_eq!(world.ivan.hold(same).await.unwrap(), held, "the same again changes nothing");
    let refused = world.ivan.hold(hold(&world, &held, DAY)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "ON_HOLD"));
    assert_eq!(world.sam.hold(hold(&world, &held, DAY)).await.unwrap_err().reason, "ON_HOLD");
    assert_eq!(why(&world.sam.resume(on(&held)).await.unwrap_err()), (Code::PermissionDenied, "WRONG_SIDE"));
    let resumed = world.ines.resume(on(&held)).await.unwrap();
    assert_eq!((resumed.hold.clone(), on_hold(&world).await), (None, vec![]));
    assert_eq!(world.sam.resume(on(&held)).await.unwrap(), resumed, "what is not on hold stays so");
    let told = world.sam.facts_after(&held, submitted.revision).await;
    assert_eq!(told, ["handoff_held", "handoff_resumed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_with_the_state_it_was_declared_in() {
    let world = World::new().await;
    let held = world.ivan.hold(hold(&world, &world.sam.submitted("Acme").await, DAY)).await.unwrap();
    let accepted = world.ivan.accept(on(&held)).await.unwrap();
    assert_eq!(accepted.hold, None);
    assert_eq!(world.sam.facts_after(&held, held.revision).await, ["handoff_accepted", "handoff_resumed"]);
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    assert_eq!(outcome(&world.ivan.hold(hold(&world, &completed, DAY)).await), "WRONG_STATE");
    assert_eq!(outcome(&world.ivan.resume(on(&completed)).await), "WRONG_STATE");
    world.pass_seconds(2 * DAY);
    let later = world.sam.draft("later").await;
    let held = world.sam.hold(hold(&world, &later, 60)).await.unwrap();
    world.pass_seconds(61);
    eventually("the later hold ends", async || world.sam.get(&held.id).await.unwrap().hold.is_none().then_some(()))
        .await;
    assert_eq!(world.sam.get(&completed.id).await.unwrap(), completed, "what ended with its state does not end again");
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_end_by_themselves_at_their_times_and_once_though_two_replicas_look() {
    let world = World::new().await;
    let config = handoff::config::Config { token_file: "unused".into(), sla_url: String::new(), ..Default::default() };
    let other: Served = world.service.setting.serve::<HandoffService>(config).await;
    let mut held = vec![];
    // The one that ends last is declared first: no replica sleeps until its end.
    for days in [9, 1, 1, 1, 5] {
        let draft = world.sam.draft(&format!("{days}")).await;
        held.push(world.sam.hold(hold(&world, &draft, days * DAY)).await.unwrap());
    }
    world.pass_seconds(DAY - 1);
    let witness = world.sam.hold(hold(&world, &world.sam.draft("witness").await, 1)).await.unwrap();
    world.pass_seconds(1);
    let ended = async |handoff: &pb::Handoff| world.sam.get(&handoff.id).await.unwrap().hold.is_none().then_some(());
    for handoff in [&witness, &held[1], &held[2], &held[3]] {
        eventually("its time has come", async || ended(handoff).await).await;
        let last = world.sam.timeline(&handoff.id).await.unwrap().pop().unwrap();
        assert_eq!((last.r#type.as_str(), last.actor.as_str(), last.sequence), ("handoff_resumed", "system", 3));
        assert_eq!(last.occurred_at, world.after(0));
    }
    assert_eq!(on_hold(&world).await, ["5", "9"]);
    // The replica that is left does it alone.
    let sam_there = Person::new(&other, People::Sam);
    world.pass_seconds(4 * DAY);
    eventually("the fifth day", async || sam_there.get(&held[4].id).await.unwrap().hold.is_none().then_some(())).await;
    assert_eq!(on_hold(&world).await, ["9"]);
    other.stop().await;
    world.pass_seconds(4 * DAY);
    eventually("the ninth day", async || ended(&held[0]).await).await;
    for handoff in &held {
        let facts = world.sam.facts(handoff).await;
        assert_eq!(facts, ["handoff_created", "handoff_held", "handoff_resumed"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_lasts_until_a_time_that_is_to_come_and_at_most_ninety_days() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    for seconds in [-1, 0, 90 * DAY + 1] {
        let refused = world.sam.hold(hold(&world, &draft, seconds)).await.unwrap_err();
        assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["until".to_owned()]));
    }
    let bad = HoldHandoffRequest { side: 7, reason: String::new(), until: None, ..on(&draft) };
    assert_eq!(world.sam.hold(bad).await.unwrap_err().fields, ["side", "reason", "until"]);
    let either = hold(&world, &draft, 60);
    assert_eq!(world.bo.hold(either.clone()).await.unwrap_err().reason, "SIDE_REQUIRED");
    assert_eq!(world.otto.hold(either).await.unwrap_err().reason, "NEITHER_SIDE");
    let held = world.sam.hold(hold(&world, &draft, 90 * DAY)).await.unwrap();
    let resume = pb::ResumeHandoffRequest { side: Side::Downstream.into(), ..on(&held) };
    assert_eq!(world.bo.resume(resume).await.unwrap_err().reason, "WRONG_SIDE");
    world.bo.resume(on(&held)).await.expect("the side that declared it is the one that can be meant");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreed_hold_takes_the_place_of_a_declared_one_and_either_side_ends_it() {
    let world = World::new().await;
    let held = world.ivan.hold(hold(&world, &world.sam.submitted("Acme").await, DAY)).await.unwrap();
    let until = pb::ProposedHold { until: world.after(5 * DAY) };
    let proposed = pb::ProposeRequest { change: change(pb::proposed_change::Kind::Hold(until)), ..on(&held) };
    let proposed = world.ivan.propose_change(proposed).await.unwrap();
    let agreed = world.sam.agree_to(on(&proposed)).await.unwrap();
    let wait = agreed.hold.clone().unwrap();
    assert_eq!((wait.agreed, wait.side(), wait.until), (true, Side::Downstream, world.after(5 * DAY)));
    world.pass_seconds(2 * DAY);
    let witness = world.sam.hold(hold(&world, &world.sam.draft("witness").await, 60)).await.unwrap();
    world.pass_seconds(60);
    eventually("holds are looked at", async || world.sam.get(&witness.id).await.unwrap().hold.is_none().then_some(()))
        .await;
    assert_eq!(
        world.sam.get(&agreed.id).await.unwrap().hold,
        agreed.hold,
        "not when the declared one would have ended"
    );
    assert_eq!(world.sam.resume(on(&agreed)).await.unwrap().hold, None, "though downstream proposed it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_downstream_looks_at_it_and_a_lead_may_take_over() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let claimed = world.ines.claim(on(&submitted)).await.unwrap();
    let claim = claimed.claim.clone().unwrap();
    assert_eq!((claim.claimed_by.as_str(), claim.claimed_at), ("ines", world.after(0)));
    assert_eq!(world.ines.claim(on(&submitted)).await.unwrap(), claimed);
    assert_eq!(why(&world.bo.claim(on(&claimed)).await.unwrap_err()), (Code::FailedPrecondition, "CLAIMED"));
    assert_eq!(world.bo.unclaim(on(&claimed)).await.unwrap_err().reason, "CLAIMED");
    assert_eq!(world.sam.claim(on(&claimed)).await.unwrap_err().reason, "WRONG_SIDE");
    let taken = world.ivan.claim(on(&claimed)).await.unwrap();
    assert_eq!(taken.claim.clone().unwrap().claimed_by, "ivan");
    assert_eq!(world.ines.unclaim(on(&taken)).await.unwrap_err().reason, "CLAIMED", "it is hers no more");
    let let_go = world.ivan.unclaim(on(&taken)).await.unwrap();
    assert_eq!(let_go.claim, None);
    assert_eq!(world.ines.unclaim(on(&taken)).await.unwrap(), let_go);
    let claimed = world.ines.claim(on(&let_go)).await.unwrap();
    let accepted = world.ivan.accept(on(&claimed)).await.unwrap();
    assert_eq!(accepted.claim, None, "a claim binds nobody else and ends with the decision");
    assert_eq!(outcome(&world.ines.claim(on(&accepted)).await), "WRONG_STATE");
    assert_eq!(outcome(&world.ines.unclaim(on(&accepted)).await), "WRONG_STATE");
    let told = world.sam.facts_after(&accepted, submitted.revision).await;
    let claims = ["handoff_claimed", "handoff_claimed", "handoff_unclaimed", "handoff_claimed", "handoff_accepted"];
    assert_eq!(told, claims);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_of_a_side_names_who_speaks_for_it() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    assert_eq!(why(&world.sam.reassign(on(&draft)).await.unwrap_err()), (Code::PermissionDenied, "LEAD_ONLY"));
    assert_eq!(world.otto.reassign(on(&draft)).await.unwrap_err().reason, "NEITHER_SIDE");
    let bad = pb::ReassignHandoffRequest { owner: "o".repeat(201), side: 5, ..on(&draft) };
    assert_eq!(world.anna.reassign(bad).await.unwrap_err().fields, ["side", "owner"]);
    let to = |owner: &str| pb::ReassignHandoffRequest { owner: owner.into(), ..on(&draft) };
    let reassigned = world.anna.reassign(to("anna")).await.unwrap();
    assert_eq!((reassigned.upstream_owner.as_str(), reassigned.downstream_owner.as_str()), ("anna", ""));
    assert_eq!(world.anna.reassign(to("anna")).await.unwrap(), reassigned);
    let both = world.ivan.reassign(to("ines")).await.unwrap();
    assert_eq!((both.upstream_owner.as_str(), both.downstream_owner.as_str()), ("anna", "ines"));
    let of_ines = ListHandoffsRequest { owner: "ines".into(), ..Default::default() };
    assert_eq!(world.otto.titles(of_ines).await, ["Acme"]);
    let submitted = world.sam.submit(on(&both)).await.unwrap();
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    assert_eq!(accepted.downstream_owner, "ines", "accepting changes nobody who was named");
    let told = world.sam.facts_after(&both, draft.revision).await;
    assert_eq!(told[..2], ["handoff_reassigned", "handoff_reassigned"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn upstream_takes_back_what_is_not_decided() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let claimed = world.ines.claim(on(&submitted)).await.unwrap();
    assert_eq!(world.ivan.recall(on(&claimed)).await.unwrap_err().reason, "WRONG_SIDE");
    world.pass_seconds(60);
    let recalled = world.sam.recall(on(&claimed)).await.unwrap();
    assert_eq!(
        (state(recalled.state()), recalled.waiting_on(), recalled.claim.clone()),
        ("DRAFT", Side::Upstream, None)
    );
    let attempt = &recalled.attempts[0];
    assert_eq!((attempt.decision(), attempt.decided_by.as_str()), (pb::Decision::Recalled, "sam"));
    assert_eq!((attempt.decided_at, recalled.rejections), (world.after(0), 0));
    assert_eq!(world.sam.recall(on(&claimed)).await.unwrap(), recalled);
    let refused = world.anna.recall(on(&claimed)).await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.metadata["state"].as_str()), ("WRONG_STATE", "DRAFT"));
    assert_eq!(outcome(&world.ivan.accept(on(&claimed)).await), "WRONG_STATE");
    let priority = pb::UpdateHandoffRequest {
        update_mask: crate::requests::mask(&["priority"]),
        priority: pb::Priority::High.into(),
        ..on(&recalled)
    };
    assert_eq!(outcome(&world.sam.update(priority).await), "NEEDS_AGREEMENT", "the other side has seen it");
    let again = world.sam.submit(on(&recalled)).await.unwrap();
    assert_eq!((again.attempt, again.attempts.len()), (2, 2));
    assert_eq!(outcome(&world.ivan.accept(on(&claimed)).await), "ATTEMPT_MOVED");
    let told = world.sam.facts_after(&again, submitted.revision).await;
    assert_eq!(told, ["handoff_claimed", "handoff_recalled", "handoff_submitted"]);
}
