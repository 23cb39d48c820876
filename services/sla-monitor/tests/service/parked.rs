//! A handoff whose facts cannot be taken in: it waits for an operator, and everything else goes on.

use api::{
    handoff::v1 as pb,
    sla::v1::{self as sla, ClockKind, ListClocksRequest},
};
use sla_monitor::SlaMonitor;
use sqlx::Connection as _;
use testkit::Program;

use crate::{
    person::Person,
    requests::{HOUR, decision, on},
    words::line,
    world::World,
};

/// Runs `sla-monitor ...` on the monitor's store; whether it went well, and what it printed.
async fn monitor(world: &World, arguments: &[&str]) -> (bool, String) {
    let knobs = [("SERVICE__HANDOFF_URL", world.handoff.url())];
    Program::once::<SlaMonitor>(&world.monitor.setting, &knobs, arguments).await
}

/// Runs `sla-monitor dlq ...`, which goes well.
async fn dlq(world: &World, arguments: &[&str]) -> String {
    let (is_done, printed) = monitor(world, &[&["dlq"], arguments].concat()).await;
    assert!(is_done, "{printed}");
    printed
}

async fn execute(world: &World, statement: &'static str, id: &str) {
    let mut store = world.monitor.setting.database.connect().await;
    let id: uuid::Uuid = id.parse().unwrap();
    let done = sqlx::query(statement).bind(id).execute(&mut store).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    store.close().await.unwrap();
}

/// Spoils what the monitor keeps of a handoff: no fact of it can be taken in.
async fn spoil(world: &World, handoff: &pb::Handoff) {
    execute(world, "UPDATE sla.handoff SET head_hash = head_hash || 'spoilt' WHERE id = $1", &handoff.id).await;
}

async fn mend(world: &World, handoff: &pb::Handoff) {
    execute(world, "UPDATE sla.handoff SET head_hash = substring(head_hash FOR 32) WHERE id = $1", &handoff.id).await;
}

async fn parked(person: &Person) -> Vec<String> {
    let request = ListClocksRequest { parked: Some(true), ..Default::default() };
    person.list_clocks(request).await.unwrap().clocks.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_in_waits_alone_and_loses_nothing_once_it_is_mended() {
    let world = World::under(vec![decision()]).await;
    let in_time = world.sam.submitted("Accepted in time").await;
    let late = world.sam.submitted("Never accepted").await;
    let sound = world.sam.submitted("Sound").await;
    world.heard().await;
    for handoff in [&in_time, &late] {
        spoil(&world, handoff).await;
    }
    world.pass_unheard(HOUR);
    let accepted = world.ivan.accept(pb::AcceptHandoffRequest { attempt: 1, ..on(&in_time) }).await.unwrap();
    world.ivan.begin(on(&accepted)).await.unwrap();
    world.ivan.claim(on(&late)).await.unwrap();
    world.pass(20 * HOUR).await;

    assert_eq!(world.alarms(&sound).await, ["breached"], "the others go on");
    for handoff in [&in_time, &late] {
        assert_eq!(world.alarms(handoff).await, [""; 0], "what is parked does not fire");
    }
    assert_eq!(parked(&world.ada).await, ["ACCEPTANCE 1 implementation RUNNING due 2026-03-02T17:00:00Z"; 2]);
    let listed = dlq(&world, &["list"]).await;
    let aggregate = |handoff: &pb::Handoff| format!("handoff/{}", handoff.id);
    assert!(listed.contains(&format!("{}: 2 from position", aggregate(&in_time))), "{listed}");
    assert!(listed.contains(&format!("{}: 1 from position", aggregate(&late))), "{listed}");
    let shown = dlq(&world, &["show", &aggregate(&in_time)]).await;
    assert!(shown.contains("handoff_accepted") && shown.contains("waits behind another"), "{shown}");

    let (is_done, printed) = monitor(&world, &["dlq", "retry", &aggregate(&in_time)]).await;
    assert!(!is_done && printed.contains("nothing was taken in"), "it is still spoilt: {printed}");

    let (is_done, printed) = monitor(&world, &["rebuild"]).await;
    assert!(is_done && printed.contains("; 0 differ"), "what is put aside is no part of it: {printed}");
    assert_eq!(parked(&world.ada).await.len(), 2, "and is parked as before");
    for (handoff, facts) in [(&in_time, 2), (&late, 1)] {
        let taken = dlq(&world, &["retry", &aggregate(handoff)]).await;
        assert!(taken.contains(&format!("{facts} facts of {} are taken in", aggregate(handoff))), "{taken}");
    }
    assert_eq!(world.alarms(&in_time).await, [""; 0], "it was accepted in time");
    assert_eq!(world.alarms(&late).await.last().unwrap(), "breached");
    assert!(parked(&world.ada).await.is_empty());
    assert!(dlq(&world, &["list"]).await.contains("nothing is put aside"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_gone_and_what_comes_later_is_taken_in() {
    let world = World::under(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.heard().await;
    spoil(&world, &handoff).await;
    let accepted = world.ivan.accept(pb::AcceptHandoffRequest { attempt: 1, ..on(&handoff) }).await.unwrap();
    world.heard().await;
    mend(&world, &handoff).await;
    let aggregate = format!("handoff/{}", handoff.id);
    let given_up = dlq(&world, &["discard", &aggregate]).await;
    assert!(given_up.contains(&format!("1 facts of {aggregate} are given up")), "{given_up}");
    let again = dlq(&world, &["discard", &aggregate]).await;
    assert!(again.contains("`dlq list` shows what is"), "{again}");
    world.pass(20 * HOUR).await;
    assert_eq!(world.alarms(&handoff).await, ["breached"], "nobody has told of a decision");
    let clocks = async || world.clocks(&handoff).await.iter().map(line).collect::<Vec<_>>();
    let before = clocks().await;

    let (is_done, printed) = monitor(&world, &["rebuild"]).await;
    assert!(is_done && printed.contains("; 0 differ"), "{printed}");
    assert_eq!(clocks().await, before, "a rebuild does not take it in either");
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!(clock.handoff.unwrap().revision, begun.revision, "what comes after the rebuild is taken in");
    assert!(dlq(&world, &["list"]).await.contains("nothing is put aside"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fired_holds_up_no_other_and_is_tried_again() {
    let world = World::under(vec![decision()]).await;
    let spoilt = world.sam.submitted("Spoilt").await;
    let sound = world.sam.submitted("Sound").await;
    world.heard().await;
    spoil(&world, &spoilt).await;
    world.pass_unheard(9 * HOUR);
    let breached = |clock: &sla::Clock| clock.breach.is_some();
    let breaches = async |handoff| world.clocks_as_they_are(handoff).await.iter().filter(|it| breached(it)).count();
    testkit::eventually("the sound one has breached", async || (breaches(&sound).await == 1).then_some(())).await;
    assert_eq!(breaches(&spoilt).await, 0);
    mend(&world, &spoilt).await;
    world.pass_unheard(61);
    assert_eq!(world.alarms(&spoilt).await, ["breached"]);
    assert_eq!(world.alarms(&sound).await, ["breached"]);
}
