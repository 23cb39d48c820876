//! No false alarm, and none missed: what the monitor must know before it tells of a breach.

use api::{handoff::v1 as pb, sla::v1 as sla};
use sla::{ClockKind, ClockState, Evidence, sla_event::Kind::Breached};
use sqlx::Connection;
use testkit::eventually;

use crate::{
    requests::{HOUR, decision, on},
    words::line,
    world::{HEARD, World},
};

async fn alarms(world: &World, handoff: &pb::Handoff) -> Vec<String> {
    // Not `World::alarms`: the other service is away.
    let facts = world.monitor.settle().await;
    let of_it = facts.iter().filter(|fact| fact.header("ce-subject") == format!("clocks/{}", handoff.id));
    of_it.map(|fact| fact.name().to_owned()).filter(|name| !name.starts_with("clock_")).collect()
}

async fn breach_of(world: &World, handoff: &pb::Handoff) -> sla::Breach {
    eventually("the breach is told", async || {
        let clocks = world.clocks_as_they_are(handoff).await;
        clocks.into_iter().find(|clock| clock.kind() == ClockKind::Acceptance)?.breach
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_does_not_bring_is_heard_before_anything_fires() {
    let (world, _line) = World::apart(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.heard().await;
    // Nobody takes in what comes now: its place is held.
    let mut holder = world.monitor.setting.database.connect().await;
    let mut held = holder.begin().await.unwrap();
    sqlx::query("SELECT FROM consumer WHERE package = $1 FOR UPDATE").bind(HEARD).execute(&mut *held).await.unwrap();
    world.ivan.accept(on(&handoff)).await.unwrap();
    world.pass_unheard(10 * HOUR);
    eventually("the monitor tries to take it in", async || {
        const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut *held).await.unwrap();
        (waiting > 0).then_some(())
    })
    .await;
    for _ in 0..20 {
        // Each time it asks, and is told of a fact that it has not heard.
        world.monitor.running.context().stir();
        let clocks = world.clocks_as_they_are(&handoff).await;
        assert_eq!(line(&clocks[0]), "ACCEPTANCE 1 implementation RUNNING due 2026-03-02T17:00:00Z");
    }
    held.rollback().await.unwrap();
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!((clock.state(), clock.breach), (ClockState::Met, None));
    assert_eq!(world.alarms(&handoff).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_a_breach_waits_and_is_then_told_as_uncertain() {
    let (world, line) = World::apart(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.heard().await;
    line.cut();
    world.pass_unheard(9 * HOUR);
    let breach = breach_of(&world, &handoff).await;
    assert_eq!((breach.evidence(), breach.number), (Evidence::Incomplete, 1));
    assert_eq!(alarms(&world, &handoff).await, ["breached"]);

    line.mend();
    world.ivan.reject(on(&handoff)).await.unwrap();
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!(clock.state(), ClockState::Late, "what comes after it proves it right");
    assert_eq!(world.alarms(&handoff).await, ["breached"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncertain_breach_is_taken_back_when_it_is_heard_that_all_was_in_time() {
    let (world, line) = World::apart(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.heard().await;
    line.cut();
    world.pass_unheard(HOUR);
    world.ivan.accept(on(&handoff)).await.unwrap();
    world.pass_unheard(9 * HOUR);
    let breach = breach_of(&world, &handoff).await;
    assert_eq!(breach.evidence(), Evidence::Incomplete);

    line.mend();
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!((clock.state(), clock.breach), (ClockState::Met, None));
    assert_eq!(clock.retracted_breaches.len(), 1);
    let taken_back = &clock.retracted_breaches[0];
    assert_eq!((taken_back.number, taken_back.due_at), (1, breach.due_at));
    assert_eq!(taken_back.retracted_at, world.after(0));
    assert_eq!(world.alarms(&handoff).await, ["breached", "breach_retracted"], "nothing is deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_retraction_the_next_breach_is_the_second() {
    let (world, line) = World::apart(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.heard().await;
    line.cut();
    // An hour used of eight; then downstream waits for upstream.
    world.pass_unheard(HOUR);
    let asked = world.ivan.ask(on(&handoff)).await.unwrap();
    world.pass_unheard(9 * HOUR);
    breach_of(&world, &handoff).await;
    line.mend();
    let paused = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!(line_of(&paused), "ACCEPTANCE 1 implementation PAUSED by BLOCKING_QUESTION");
    world.sam.answer(on(&asked)).await.unwrap();
    // Seven hours from Tuesday at nine.
    world.pass(23 * HOUR).await;
    let again = world.clock(&handoff, ClockKind::Acceptance).await;
    let breach = again.breach.unwrap();
    assert_eq!((breach.number, breach.evidence()), (2, Evidence::Complete));
    assert_eq!(world.alarms(&handoff).await, ["breached", "breach_retracted", "breached", "escalated"]);
}

fn line_of(clock: &sla::Clock) -> String {
    line(clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_with_evidence_is_never_taken_back_and_goes_on_when_the_other_service_has_stopped() {
    let (world, line) = World::apart(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.pass(9 * HOUR).await;
    let breach = breach_of(&world, &handoff).await;
    assert_eq!(breach.evidence(), Evidence::Complete);
    line.cut();
    world.pass_unheard(20 * HOUR);
    eventually("the ladder is climbed without answers", async || {
        let clocks = world.clocks_as_they_are(&handoff).await;
        (clocks[0].escalations.len() == 2).then_some(())
    })
    .await;
    assert_eq!(alarms(&world, &handoff).await, ["breached", "escalated", "escalated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_handoff_service_stopped_everything_can_still_be_read_and_said() {
    let (world, _line) = World::apart(vec![decision()]).await;
    let handoff = world.sam.submitted("Acme").await;
    world.pass(9 * HOUR).await;
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    let World { handoff: service, monitor, ines, otto, .. } = world;
    service.stop().await;
    let known = ines.acknowledge(crate::requests::acknowledge(&clock)).await.unwrap();
    assert_eq!(otto.get_clock(&clock.id).await.unwrap().acknowledgement, known.acknowledgement);
    let facts = monitor.settle().await;
    let breached = facts.iter().filter(|fact| fact.name() == "breached");
    assert_eq!(breached.count(), 1);
    let _ = Breached;
}
