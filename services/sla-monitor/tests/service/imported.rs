//! Imported history: measured at its own times, without alarming anyone; what it leaves open goes on.

use api::handoff::v1::{HistoricEvent, HistoricEventKind, HistoricHandoff, ImportHandoffsRequest, Origin};

use api::sla::v1::ListClocksRequest;

use crate::{
    requests::{HOUR, decision},
    words::line,
    world::World,
};

/// What happened, so many hours from now, which is Monday at nine.
fn record(key: &str, events: &[(HistoricEventKind, i64)], world: &World) -> ImportHandoffsRequest {
    let event = |&(kind, hours): &(HistoricEventKind, i64)| HistoricEvent {
        kind: kind.into(),
        at: world.after(hours * HOUR),
        actor: "fred".into(),
        ..Default::default()
    };
    let record = HistoricHandoff {
        origin: Some(Origin { system: "old".into(), key: key.into() }),
        from_team: "sales".into(),
        to_team: "implementation".into(),
        title: key.into(),
        events: events.iter().map(event).collect(),
        ..Default::default()
    };
    ImportHandoffsRequest { record: Some(record) }
}

/// What has been said since, but for starts and ends: "breached open (historic)".
async fn alarms(world: &World) -> Vec<String> {
    let said = world.said().await.into_iter().filter(|said| !said.fact.name().starts_with("clock_"));
    let alarms = said.filter_map(|said| {
        let title = said.event.clock?.handoff?.title;
        let historic = if said.fact.header("ce-historic") == "true" { " (historic)" } else { "" };
        Some(format!("{} {title}{historic}", said.fact.name()))
    });
    let mut alarms: Vec<_> = alarms.collect();
    alarms.sort();
    alarms
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_measured_at_its_own_times_and_what_it_leaves_open_goes_on() {
    use HistoricEventKind::{Accepted, Submitted};
    let world = World::under(vec![decision()]).await;
    let records = [
        record("in time", &[(Submitted, -168), (Accepted, -167)], &world),
        record("late", &[(Submitted, -168), (Accepted, -117)], &world),
        record("long open", &[(Submitted, -168)], &world),
        record("just submitted", &[(Submitted, -1)], &world),
    ];
    let mut handoffs = world.importer.handoffs.clone();
    let report = handoffs.import_handoffs(tokio_stream::iter(records.clone())).await.unwrap().into_inner();
    assert_eq!((report.created, report.refused), (4, 0));

    world.settled().await;
    let listed = async || {
        let clocks = world.ada.list_clocks(ListClocksRequest::default()).await.unwrap().clocks;
        let mut lines: Vec<_> =
            clocks.iter().map(|clock| format!("{}: {}", clock.handoff.as_ref().unwrap().title, line(clock))).collect();
        lines.sort();
        lines.join("\n")
    };
    insta::assert_snapshot!(listed().await, @"
    in time: ACCEPTANCE 1 implementation MET due 2026-02-23T17:00:00Z ended 2026-02-23T10:00:00Z accepted
    just submitted: ACCEPTANCE 1 implementation RUNNING due 2026-03-02T17:00:00Z
    late: ACCEPTANCE 1 implementation LATE due 2026-02-23T17:00:00Z ended 2026-02-25T12:00:00Z accepted breached
    long open: ACCEPTANCE 1 implementation RUNNING due 2026-02-23T17:00:00Z breached
    ");
    let historic = alarms(&world).await;
    insta::assert_snapshot!(historic.join("\n"), @"
    breached late (historic)
    breached long open (historic)
    escalated late (historic)
    escalated late (historic)
    escalated long open (historic)
    escalated long open (historic)
    ");
    assert!(historic.iter().all(|alarm| alarm.ends_with(" (historic)")), "nobody is alarmed");

    world.pass(8 * HOUR + 1).await;
    let mut live = alarms(&world).await;
    live.retain(|alarm| !historic.contains(alarm));
    assert_eq!(live, ["breached just submitted"], "what came due after the import alarms as ever");

    handoffs.import_handoffs(tokio_stream::iter(records)).await.unwrap();
    assert_eq!(alarms(&world).await.len(), historic.len() + live.len(), "a second import says nothing");
}
