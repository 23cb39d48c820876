//! A due time that passes: warned of before, told of once, answered by both sides.

use api::{handoff::v1 as pb, sla::v1 as sla};
use sla::{
    BreachCause, ClockKind, ClockState, Evidence,
    sla_event::Kind::{Breached, Escalated, Warned},
};
use tonic::Code;

use crate::{
    person::Person,
    requests::{HOUR, acknowledge, create, decision, excuse, on, seconds, target},
    words::{clock_of, line, time, why},
    world::{Said, World},
};

/// Submitted on Monday at nine: the decision is due at five.
async fn submitted(world: &World) -> pb::Handoff {
    world.sam.submitted("Acme").await
}

/// Nine hours later: a warning and a breach have come.
async fn breached(world: &World) -> (pb::Handoff, sla::Clock) {
    let handoff = submitted(world).await;
    world.pass(9 * HOUR).await;
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    (handoff, clock)
}

fn names(said: &[Said]) -> Vec<&str> {
    said.iter().map(|said| said.fact.name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_and_then_a_breach_come_once_each_and_at_their_times() {
    let world = World::under(vec![decision()]).await;
    let handoff = submitted(&world).await;
    world.pass(6 * HOUR).await;
    assert_eq!(world.alarms(&handoff).await, [""; 0], "three quarters of it have not passed yet: they just do");
    world.pass(1).await;
    assert_eq!(world.alarms(&handoff).await, ["warned"]);
    world.pass(2 * HOUR - 1).await;
    assert_eq!(world.alarms(&handoff).await, ["warned"], "at the due time itself it is in time");
    world.pass(1).await;
    assert_eq!(world.alarms(&handoff).await, ["warned", "breached"]);
    world.pass(12 * HOUR).await;
    let said = world.said_of(&handoff).await;
    assert_eq!(names(&said), ["clock_started", "warned", "breached"], "once, and the night is shut");

    let Some(Warned(warned)) = &said[1].event.kind else { panic!("{:?}", said[1]) };
    assert_eq!(
        (warned.after, time(warned.planned_at), warned.late),
        (seconds(6 * HOUR), "2026-03-02T15:00:00Z".to_owned(), false)
    );
    let Some(Breached(sla::Breached { breach: Some(breach), folded_warnings: 0 })) = &said[2].event.kind else {
        panic!("{:?}", said[2])
    };
    assert_eq!(time(breach.due_at), "2026-03-02T17:00:00Z");
    assert_eq!(time(breach.detected_at), "2026-03-02T17:00:01Z", "not before there was evidence");
    assert_eq!((breach.number, breach.evidence(), breach.cause()), (1, Evidence::Complete, BreachCause::Time));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_says_all_that_whoever_hears_it_needs() {
    let world = World::under(vec![decision()]).await;
    let origin = Some(pb::Origin { system: "crm".into(), key: "D-7".into() });
    let link = pb::Link {
        system: "crm".into(),
        r#type: "deal".into(),
        key: "D-7".into(),
        url: "https://crm.example.com/D-7".into(),
    };
    let request =
        pb::CreateHandoffRequest { origin, links: vec![link], priority: pb::Priority::High.into(), ..create("Acme") };
    let draft = world.sam.create(request).await.unwrap();
    let handoff = world.sam.submit(on(&draft)).await.unwrap();
    world.pass(9 * HOUR).await;
    let said = world.said_of(&handoff).await;
    let breached = said.last().unwrap();
    assert_eq!(breached.fact.subject, "sla.v1.breached.implementation.sales");
    for (header, value) in [
        ("ce-type", "baton.sla.v1.breached"),
        ("ce-subject", &format!("clocks/{}", handoff.id)),
        ("ce-sequence", "2"),
        ("ce-historic", "false"),
        ("ce-time", "2026-03-02T18:00:00Z"),
    ] {
        assert_eq!(breached.fact.header(header), value, "{header}");
    }
    let clock = clock_of(&breached.event);
    assert_eq!(line(clock), "ACCEPTANCE 1 implementation RUNNING due 2026-03-02T17:00:00Z breached");
    assert_eq!((breached.event.actor.as_str(), clock.other_team.as_str()), ("system", "sales"));
    assert_eq!((clock.target, time(clock.started_at)), (seconds(8 * HOUR), "2026-03-02T09:00:00Z".to_owned()));
    assert_eq!((clock.policy_id.as_str(), clock.policy_version, clock.target_number), ("standard", 1, 1));
    assert_eq!((clock.calendar_id.as_str(), clock.calendar_version), ("office", 1));
    assert!(!clock.tz_version.is_empty());
    let about = clock.handoff.clone().unwrap();
    assert_eq!(
        about,
        sla::HandoffRef {
            handoff_id: handoff.id.clone(),
            route_id: "sales-to-implementation".into(),
            from_team: "sales".into(),
            to_team: "implementation".into(),
            title: "Acme".into(),
            priority: pb::Priority::High.into(),
            confidential: false,
            record: Some(sla::OutsideRecord {
                system: "crm".into(),
                key: "D-7".into(),
                url: "https://crm.example.com/D-7".into(),
            }),
            upstream_owner: handoff.upstream_owner.clone(),
            downstream_owner: handoff.downstream_owner.clone(),
            revision: handoff.revision,
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_at_the_very_due_time_is_in_time_and_a_moment_later_is_late() {
    let world = World::under(vec![decision()]).await;
    let (in_time, late) = (submitted(&world).await, submitted(&world).await);
    world.pass(8 * HOUR).await;
    world.ivan.accept(on(&in_time)).await.unwrap();
    world.pass(1).await;
    world.ivan.accept(on(&late)).await.unwrap();
    let met = world.clock(&in_time, ClockKind::Acceptance).await;
    assert_eq!(
        line(&met),
        "ACCEPTANCE 1 implementation MET due 2026-03-02T17:00:00Z ended 2026-03-02T17:00:00Z accepted"
    );
    assert!(!world.alarms(&in_time).await.contains(&"breached".to_owned()));
    let stopped = world.clock(&late, ClockKind::Acceptance).await;
    assert_eq!(
        line(&stopped),
        "ACCEPTANCE 1 implementation LATE due 2026-03-02T17:00:00Z ended 2026-03-02T17:00:01Z accepted breached"
    );
    assert_eq!((stopped.overrun, stopped.overrun_wall), (seconds(0), seconds(1)), "the office was shut by then");
    assert_eq!(world.alarms(&late).await.iter().filter(|name| *name == "breached").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_that_lasts_climbs_the_ladder_in_working_time() {
    let world = World::under(vec![decision()]).await;
    let (handoff, _) = breached(&world).await;
    // Tuesday at ten: an hour past the target.
    world.pass(16 * HOUR).await;
    assert_eq!(world.alarms(&handoff).await, ["breached"]);
    world.pass(1).await;
    assert_eq!(world.alarms(&handoff).await, ["breached", "escalated"]);
    world.pass(HOUR).await;
    let said = world.said_of(&handoff).await;
    let steps = said.iter().filter_map(|said| match &said.event.kind {
        Some(Escalated(step)) => Some((step.step, step.notify.as_str(), time(step.escalated_at))),
        _ => None,
    });
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [(1, "lead", "2026-03-03T10:00:01Z".to_owned()), (2, "head", "2026-03-03T11:00:01Z".to_owned()),]
    );
    world.pass(100 * HOUR).await;
    assert_eq!(world.alarms(&handoff).await.len(), 3, "there is nobody else to tell");
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!((clock.state(), clock.escalations.len()), (ClockState::Running, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_of_a_breach_is_given_time_once() {
    let world = World::under(vec![decision()]).await;
    let (handoff, clock) = breached(&world).await;
    let request = sla::AcknowledgeBreachRequest { delay: seconds(1800), ..acknowledge(&clock) };
    let known = world.ines.acknowledge(request.clone()).await.unwrap();
    let said = known.acknowledgement.clone().unwrap();
    assert_eq!((said.acknowledged_by.as_str(), said.note.as_str()), ("ines", "we are on it"));
    assert_eq!((said.cause.as_str(), said.delay), ("two people are ill", seconds(1800)));
    assert_eq!(known.state(), ClockState::Running, "it runs on");

    assert_eq!(world.ines.acknowledge(request).await.unwrap(), known, "the same request");
    let again = world.ivan.acknowledge(acknowledge(&clock)).await.unwrap();
    assert_eq!(again.acknowledgement, known.acknowledgement, "another one changes nothing");

    // Half an hour later than it would have been: at half past ten on Tuesday.
    world.pass(16 * HOUR + 1).await;
    assert_eq!(world.alarms(&handoff).await, ["breached", "breach_acknowledged"]);
    world.pass(HOUR / 2).await;
    assert_eq!(world.alarms(&handoff).await.last().unwrap(), "escalated");
    world.pass(HOUR / 2).await;
    assert_eq!(world.alarms(&handoff).await[2..], ["escalated", "escalated"], "the step after it comes in its time");
    let late = world.ivan.acknowledge(acknowledge(&clock)).await.unwrap();
    assert_eq!(late.acknowledgement, known.acknowledgement);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_step_is_put_off_by_the_target_at_most() {
    let world = World::under(vec![decision()]).await;
    let (handoff, clock) = breached(&world).await;
    let with = |delay| sla::AcknowledgeBreachRequest { delay: seconds(delay), ..acknowledge(&clock) };
    let refused = world.ines.acknowledge(with(8 * HOUR + 1)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "DELAY_TOO_LONG"));
    assert_eq!(refused.fields, ["delay"]);
    let known = world.ines.acknowledge(acknowledge(&clock)).await.unwrap();
    assert_eq!(known.acknowledgement.unwrap().delay, seconds(8 * HOUR), "by as much where nothing is given");
    // One hour and eight: a working day after Tuesday at ten.
    world.pass(16 * HOUR + 24 * HOUR).await;
    assert_eq!(world.alarms(&handoff).await, ["breached", "breach_acknowledged"]);
    world.pass(1).await;
    assert_eq!(world.alarms(&handoff).await[2..], ["escalated", "escalated"], "which held back those after it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_is_acknowledged_by_the_accountable_side_and_excused_by_a_lead_of_the_other() {
    let world = World::under(vec![decision()]).await;
    let (handoff, clock) = breached(&world).await;
    let before = world.said_of(&handoff).await.len();
    for person in [&world.sam, &world.anna, &world.otto] {
        let refused = person.acknowledge(acknowledge(&clock)).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "WRONG_SIDE"));
        assert_eq!(refused.metadata["team"], "implementation");
    }
    for person in [&world.sam, &world.ines, &world.ivan, &world.otto] {
        let refused = person.excuse(excuse(&clock)).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "LEAD_ONLY"));
    }
    assert_eq!(world.said_of(&handoff).await.len(), before);

    let request = excuse(&clock);
    let excused = world.anna.excuse(request.clone()).await.unwrap();
    let said = excused.excuse.clone().unwrap();
    assert_eq!((said.excused_by.as_str(), said.reason.as_str()), ("anna", "we had sent the wrong file"));
    assert_eq!(world.anna.excuse(request).await.unwrap(), excused, "the same request");
    let again = sla::ExcuseBreachRequest { reason: "for another reason".into(), ..excuse(&clock) };
    assert_eq!(world.ada.excuse(again).await.unwrap().excuse, excused.excuse, "another one changes nothing");
    assert_eq!(world.alarms(&handoff).await, ["breached", "breach_excused"]);

    world.ivan.accept(on(&handoff)).await.unwrap();
    let late = world.clock(&handoff, ClockKind::Acceptance).await;
    assert_eq!((late.state(), late.excuse), (ClockState::Late, excused.excuse), "late all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_stopped_late_can_still_be_acknowledged_and_excused() {
    let world = World::under(vec![decision()]).await;
    let (handoff, clock) = breached(&world).await;
    world.ivan.accept(on(&handoff)).await.unwrap();
    world.settled().await;
    world.ines.acknowledge(acknowledge(&clock)).await.unwrap();
    let excused = world.anna.excuse(excuse(&clock)).await.unwrap();
    assert_eq!((excused.state(), excused.acknowledgement.is_some()), (ClockState::Late, true));
    let shown = world.otto.get_clock(&clock.id).await.unwrap();
    assert_eq!((shown.acknowledgement, shown.excuse), (excused.acknowledgement, excused.excuse));
    world.pass(100 * HOUR).await;
    assert!(!world.alarms(&handoff).await.contains(&"escalated".to_owned()), "it is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_late_there_is_nothing_to_acknowledge_or_excuse() {
    let world = World::under(vec![decision()]).await;
    let handoff = submitted(&world).await;
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    let none = sla::Clock { id: handoff.id.clone(), ..clock.clone() };
    for refused in [
        world.ines.acknowledge(acknowledge(&clock)).await.unwrap_err(),
        world.anna.excuse(excuse(&clock)).await.unwrap_err(),
    ] {
        assert_eq!(why(&refused), (Code::FailedPrecondition, "NOT_BREACHED"));
    }
    for refused in [
        world.ines.acknowledge(acknowledge(&none)).await.unwrap_err(),
        world.anna.excuse(excuse(&none)).await.unwrap_err(),
    ] {
        assert_eq!(why(&refused), (Code::NotFound, "CLOCK_NOT_FOUND"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_tell_of_each_breach_once() {
    let world = World::under(vec![decision()]).await;
    let replica = world.replica().await;
    let mut handoffs = vec![];
    for n in 0..12 {
        handoffs.push(world.sam.submitted(&format!("number {n}")).await);
        world.pass(1).await;
    }
    // Tuesday at nine and twelve seconds: the last is due a second before.
    world.pass(24 * HOUR).await;
    replica.running.context().stir();
    for handoff in &handoffs {
        assert_eq!(world.alarms(handoff).await, ["breached"], "the warning is folded into it");
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_that_is_older_than_its_breach_is_folded_into_it() {
    let world = World::under(vec![decision()]).await;
    let (handoff, clock) = breached(&world).await;
    let said = world.said_of(&handoff).await;
    assert_eq!(names(&said), ["clock_started", "breached"]);
    let Some(Breached(breached)) = &said[1].event.kind else { panic!("{:?}", said[1]) };
    assert_eq!(breached.folded_warnings, 1);
    assert_eq!(clock.warnings.len(), 1);
    assert_eq!(clock.warnings[0].warned_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_all_that_was_missed_fires_with_its_own_due_time_oldest_first() {
    let world = World::under(vec![target(ClockKind::Acceptance, 1)]).await;
    let mut handoffs = vec![];
    for n in 0..5 {
        handoffs.push(world.sam.submitted(&format!("number {n}")).await);
        world.pass(60).await;
    }
    world.pass(100 * HOUR).await;
    let said = world.said().await;
    let due: Vec<String> = said
        .iter()
        .filter_map(|said| match &said.event.kind {
            Some(Breached(breached)) => Some(time(breached.breach.as_ref()?.due_at)),
            _ => None,
        })
        .collect();
    assert_eq!(due, (0..5).map(|minute| format!("2026-03-02T10:0{minute}:00Z")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_of_a_confidential_breach_carry_no_words_and_its_own_people_read_them() {
    const SECRET: &str = "Verdigris";
    let world = World::under(vec![decision()]).await;
    let request = pb::CreateHandoffRequest { confidential: true, ..create(SECRET) };
    let draft = world.sam.create(request).await.unwrap();
    let handoff = world.sam.submit(on(&draft)).await.unwrap();
    world.pass(9 * HOUR).await;
    let clock = world.clock(&handoff, ClockKind::Acceptance).await;
    let note = sla::AcknowledgeBreachRequest { note: SECRET.into(), cause: SECRET.into(), ..acknowledge(&clock) };
    world.ines.acknowledge(note).await.unwrap();
    world.anna.excuse(sla::ExcuseBreachRequest { reason: SECRET.into(), ..excuse(&clock) }).await.unwrap();
    let said = world.said_of(&handoff).await;
    assert_eq!(names(&said)[1..], ["breached", "breach_acknowledged", "breach_excused"]);
    for said in &said {
        let holds_it = said.fact.payload.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
        assert!(!holds_it, "{:?}", said.event);
    }
    let read = async |person: &Person| {
        let clock = person.get_clock(&clock.id).await.unwrap();
        (clock.acknowledgement.unwrap().note, clock.excuse.unwrap().reason)
    };
    for person in [&world.sam, &world.ines, &world.ada] {
        assert_eq!(read(person).await, (SECRET.to_owned(), SECRET.to_owned()));
    }
}
