//! History comes in: what happened, happened; once, and whatever of it is bad is refused by itself.

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{HandoffState, HistoricEventKind as Kind, HistoricHandoff, ImportHandoffsResponse, ListHandoffsRequest};
use tonic::Code;

use crate::{
    history::{at_minute, later, record},
    requests::{create_for, on, origin},
    words::{outcome, why},
    world::{ROUTE, World},
};

const WHOLE: [Kind; 4] = [Kind::Submitted, Kind::Accepted, Kind::Began, Kind::Completed];

/// The handoff of an outside record.
async fn of(world: &World, key: &str) -> Option<pb::Handoff> {
    let request = ListHandoffsRequest { origin: origin(key), ..Default::default() };
    let line = world.ada.list(request).await.unwrap().handoffs.pop()?;
    Some(world.ada.get(&line.id).await.unwrap())
}

/// Records of each fate: created, extended, unchanged, refused; and facts written.
fn fates(answer: &ImportHandoffsResponse) -> [i64; 5] {
    [answer.created, answer.extended, answer.unchanged, answer.refused, answer.facts]
}

fn refusals(answer: &ImportHandoffsResponse) -> String {
    let lines = answer.refusals.iter().map(|it| format!("{} {}: {}", it.index, it.reason, it.message));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_importers_and_administrators_bring_history_in() {
    let world = World::new().await;
    for who in [&world.sam, &world.anna, &world.otto, &world.crm] {
        let refused = who.import(vec![record("D-1", &WHOLE)]).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "IMPORTER_ONLY"));
    }
    assert_eq!(fates(&world.ada.import(vec![record("D-1", &WHOLE)]).await.unwrap()), [1, 0, 0, 0, 4]);
    assert_eq!(fates(&world.importer.import(vec![record("D-2", &WHOLE)]).await.unwrap()), [1, 0, 0, 0, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_becomes_a_handoff_with_its_own_times_and_actors() {
    let world = World::new().await;
    let told = HistoricHandoff {
        incident: "INC-7".into(),
        priority: pb::Priority::High.into(),
        fields: [("country".to_owned(), crate::requests::text("se"))].into(),
        ..record(
            "D-1",
            &[Kind::Submitted, Kind::Rejected, Kind::Submitted, Kind::Accepted, Kind::Began, Kind::Completed],
        )
    };
    world.importer.import(vec![told]).await.unwrap();
    let handoff = of(&world, "D-1").await.unwrap();
    assert_eq!((handoff.state(), handoff.attempt, handoff.rejections), (HandoffState::Completed, 2, 1));
    assert_eq!((handoff.route_id.as_str(), handoff.terms_version), (ROUTE, 1), "the terms of its route");
    assert_eq!((handoff.priority(), handoff.links[0].r#type.as_str()), (pb::Priority::High, "incident"));
    assert_eq!((handoff.upstream_owner.as_str(), handoff.downstream_owner.as_str()), ("sam", "ivan"));
    let times = handoff.times.unwrap();
    assert_eq!((times.created_at, times.submitted_at, times.completed_at), (at_minute(0), at_minute(2), at_minute(5)));
    assert_eq!(handoff.attempts[0].reasons[0].kind(), pb::ReasonKind::Unknown, "the record gave none");

    let timeline = world.otto.timeline(&handoff.id).await.unwrap();
    assert_eq!(timeline.len(), 7);
    assert!(timeline.iter().all(|entry| entry.historic && entry.recorded_at == world.after(0)));
    assert_eq!((timeline[6].occurred_at, timeline[6].actor.as_str()), (at_minute(5), "ivan"));
    let said = world.said_of(&handoff).await;
    assert_eq!(said.len(), 7);
    assert!(said.iter().all(|fact| fact.header("ce-historic") == "true"));
    assert_eq!(said[6].header("ce-time"), "2026-01-05T08:05:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_and_routes_that_are_not_there_are_made_once() {
    let world = World::empty().await;
    let foreign = |key: &str, from: &str, to: &str| HistoricHandoff {
        from_team: from.into(),
        to_team: to.into(),
        ..record(key, &WHOLE)
    };
    let records = vec![
        foreign("1", "2nd Line / EU", "network"),
        foreign("2", "network", "2nd Line / EU"),
        foreign("3", "2nd Line / EU", "network"),
    ];
    let answer = world.importer.import(records).await.unwrap();
    assert_eq!((answer.teams_created, answer.routes_discovered), (2, 2));
    let handoff = of(&world, "1").await.unwrap();
    let route = world.otto.get_route(&handoff.route_id).await.unwrap();
    assert_eq!(route.status(), pb::RouteStatus::Discovered);
    assert_eq!(of(&world, "3").await.unwrap().route_id, handoff.route_id);
    let request = pb::GetTeamRequest { team_id: handoff.from_team.clone() };
    let team = world.otto.directory.clone().get_team(request).await.unwrap().into_inner().team.unwrap();
    assert_eq!(team.display_name, "2nd Line / EU", "the name that the record gives it");
    let answer = world.importer.import(vec![foreign("4", "network", "2nd Line / EU")]).await.unwrap();
    assert_eq!((answer.created, answer.teams_created, answer.routes_discovered), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_record_is_refused_with_its_index_and_the_rest_goes_in() {
    let world = World::new().await;
    let good = |key: &str| record(key, &WHOLE);
    let untitled = HistoricHandoff { title: String::new(), origin: None, ..good("malformed") };
    let mut future = good("future");
    future.events[3].at = world.after(1);
    let mut backwards = good("backwards");
    backwards.events[2].at = at_minute(0);
    let records = vec![
        good("first"),
        untitled,
        record("impossible", &[Kind::Submitted, Kind::Began]),
        good("second"),
        future,
        backwards,
        HistoricHandoff { to_team: "sales".into(), ..good("own") },
        HistoricHandoff { events: vec![], ..good("eventless") },
        record("undrafted", &[Kind::Cancelled]),
        good("third"),
    ];
    let answer = world.importer.import(records.clone()).await.unwrap();
    assert_eq!((answer.records, fates(&answer)), (10, [3, 0, 0, 7, 12]));
    insta::assert_snapshot!(refusals(&answer), @"
    1 INVALID_REQUEST: record.origin is required: the outside record; record.title is required
    2 IMPOSSIBLE_EVENT: event 1: a handoff that is SUBMITTED cannot be BEGAN; possible: ACCEPTED, HELD, REJECTED or CANCELLED
    4 EVENT_IN_FUTURE: event 3: 2026-03-02T09:00:01Z lies in the future
    5 EVENT_GOES_BACK: event 2: 2026-01-05T08:00:00Z is before 2026-01-05T08:01:00Z, the time of what happened before it
    6 INVALID_REQUEST: record.to_team a route leads to another team than it comes from
    7 INVALID_REQUEST: record.events give at least one event
    8 IMPOSSIBLE_EVENT: event 0: a handoff that is DRAFT cannot be CANCELLED; possible: SUBMITTED
    ");
    for refused in ["malformed", "impossible", "future", "backwards", "own", "eventless", "undrafted"] {
        assert_eq!(of(&world, refused).await, None, "nothing of it is kept");
    }
    let facts = world.service.facts().await;
    let again = world.importer.import(records).await.unwrap();
    assert_eq!(fates(&again), [0, 0, 3, 7, 0]);
    assert_eq!(world.service.facts().await, facts, "a second import adds nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_records_go_in_with_a_bad_one_in_their_middle() {
    let world = World::empty().await;
    let mut records: Vec<_> = (0..250).map(|number| record(&format!("D-{number}"), &WHOLE)).collect();
    records[120].events.swap(1, 2);
    let answer = world.importer.import(records.clone()).await.unwrap();
    assert_eq!(fates(&answer), [249, 0, 0, 1, 249 * 4]);
    assert_eq!((answer.refusals[0].index, answer.refusals.len()), (120, 1));
    records[120].events.swap(1, 2);
    let mended = world.importer.import(records).await.unwrap();
    assert_eq!(fates(&mended), [1, 0, 249, 0, 4], "mended, it goes in beside the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_record_adds_what_is_new() {
    let world = World::new().await;
    world.importer.import(vec![record("D-1", &WHOLE[..2])]).await.unwrap();
    let before = of(&world, "D-1").await.unwrap();
    let longer = world.importer.import(vec![record("D-1", &WHOLE)]).await.unwrap();
    assert_eq!(fates(&longer), [0, 1, 0, 0, 2]);
    let after = of(&world, "D-1").await.unwrap();
    assert_eq!((after.id.as_str(), after.state()), (before.id.as_str(), HandoffState::Completed));
    let shorter = world.importer.import(vec![record("D-1", &WHOLE[..1])]).await.unwrap();
    assert_eq!(fates(&shorter), [0, 0, 1, 0, 0], "a shorter one is known");
    let facts = ["handoff_created", "handoff_submitted", "handoff_accepted", "handoff_begun", "handoff_completed"];
    assert_eq!(world.otto.facts(&after).await, facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_tells_another_story_is_refused() {
    let world = World::new().await;
    world.importer.import(vec![record("D-1", &WHOLE[..2])]).await.unwrap();
    let before = of(&world, "D-1").await;
    let mut by_another = record("D-1", &WHOLE);
    by_another.events[1].actor = "ines".into();
    let swapped =
        HistoricHandoff { from_team: "implementation".into(), to_team: "sales".into(), ..record("D-1", &WHOLE) };
    let contradicting = vec![
        record("D-1", &[Kind::Submitted, Kind::Rejected, Kind::Submitted]),
        later(1, record("D-1", &WHOLE)),
        by_another,
        swapped,
    ];
    let answer = world.importer.import(contradicting).await.unwrap();
    assert_eq!(fates(&answer), [0, 0, 0, 4, 0]);
    insta::assert_snapshot!(refusals(&answer), @"
    0 HISTORY_CONTRADICTED: the handoff of crm D-1 is here already, and event 1 differs
    1 HISTORY_CONTRADICTED: the handoff of crm D-1 is here already, and event 0 differs
    2 HISTORY_CONTRADICTED: the handoff of crm D-1 is here already, and event 1 differs
    3 HISTORY_CONTRADICTED: the handoff of crm D-1 is here already, and the pair of teams differs
    ");
    assert_eq!(of(&world, "D-1").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_records_of_one_origin_in_one_stream_are_taken_one_after_the_other() {
    let world = World::new().await;
    let records = vec![
        record("D-1", &WHOLE[..2]),
        record("D-2", &WHOLE),
        record("D-1", &WHOLE),
        record("D-1", &[Kind::Submitted, Kind::Rejected]),
        record("D-2", &WHOLE),
    ];
    let answer = world.importer.import(records).await.unwrap();
    assert_eq!(fates(&answer), [2, 1, 1, 1, 8]);
    assert_eq!((answer.refusals[0].index, answer.refusals[0].reason.as_str()), (3, "HISTORY_CONTRADICTED"));
    assert_eq!(of(&world, "D-1").await.unwrap().revision, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_with_its_record_or_with_the_next_state() {
    let world = World::new().await;
    let held = [Kind::Submitted, Kind::Accepted, Kind::Held];
    let resumed = [&held[..], &[Kind::Resumed]].concat();
    let moved_on = [&held[..], &[Kind::Began]].concat();
    let records = vec![
        record("held", &held),
        record("resumed", &resumed),
        record("moved on", &moved_on),
        record("twice", &[&held[..], &[Kind::Held]].concat()),
    ];
    let answer = world.importer.import(records).await.unwrap();
    assert_eq!(fates(&answer), [3, 0, 0, 1, 11]);
    let handoff = of(&world, "held").await.unwrap();
    let hold = handoff.hold.clone().unwrap();
    assert_eq!((hold.agreed, hold.side(), hold.since), (false, Side::Downstream, at_minute(2)));
    assert_eq!(of(&world, "resumed").await.unwrap().hold, None);
    assert_eq!(of(&world, "moved on").await.unwrap().hold, None);
    let names: Vec<_> = world.said_of(&handoff).await.iter().map(|fact| fact.name().to_owned()).collect();
    assert_eq!(names, ["handoff_created", "handoff_submitted", "handoff_accepted", "handoff_held"]);
    let begun = world.ivan.begin(on(&handoff)).await.unwrap();
    assert_eq!(begun.hold, None, "live, too, a change of state ends it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_that_ends_open_goes_on_live() {
    let world = World::new().await;
    world.importer.import(vec![record("D-1", &WHOLE[..1])]).await.unwrap();
    let handoff = of(&world, "D-1").await.unwrap();
    assert_eq!(outcome(&world.sam.accept(on(&handoff)).await), "WRONG_SIDE", "the guards are back");
    let accepted = world.ivan.accept(on(&handoff)).await.unwrap();
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    assert_eq!(completed.state(), HandoffState::Completed);
    let timeline = world.otto.timeline(&handoff.id).await.unwrap();
    let historic: Vec<_> = timeline.iter().map(|entry| entry.historic).collect();
    assert_eq!(historic, [true, true, false, false, false]);

    let same = world.importer.import(vec![record("D-1", &WHOLE[..1])]).await.unwrap();
    assert_eq!(fates(&same), [0, 0, 1, 0, 0]);
    let other = world.importer.import(vec![record("D-1", &WHOLE)]).await.unwrap();
    assert_eq!(other.refusals[0].reason, "HISTORY_CONTRADICTED", "it was accepted at another time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_goes_on_ends_what_both_sides_left_open() {
    let world = World::new().await;
    world.importer.import(vec![record("D-1", &WHOLE[..1])]).await.unwrap();
    let handoff = of(&world, "D-1").await.unwrap();
    world.ivan.ask(on(&handoff)).await.unwrap();
    world.sam.schedule(world.review(&handoff)).await.unwrap();
    let change = crate::requests::change(pb::proposed_change::Kind::Priority(pb::ProposedPriority { priority: 4 }));
    world.sam.propose_change(pb::ProposeRequest { change, ..on(&handoff) }).await.unwrap();
    let rejected = pb::HistoricEvent { kind: Kind::Rejected.into(), at: world.after(0), ..Default::default() };
    let mut longer = record("D-1", &WHOLE[..1]);
    longer.events.push(rejected);
    let answer = world.importer.import(vec![longer.clone()]).await.unwrap();
    assert_eq!(fates(&answer), [0, 1, 0, 0, 1]);
    let after = of(&world, "D-1").await.unwrap();
    assert_eq!(after.state(), HandoffState::Rejected);
    assert_eq!(
        (after.questions[0].state(), after.questions[0].closed_by.as_str()),
        (pb::QuestionState::Closed, "system")
    );
    assert_eq!(after.reviews[0].state(), pb::ReviewState::Cancelled);
    assert_eq!(after.proposals[0].state(), pb::ProposalState::Lapsed);
    assert_eq!(fates(&world.importer.import(vec![longer]).await.unwrap()), [0, 0, 1, 0, 0], "it is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_handoff_that_was_made_live_is_compared_with_it() {
    let world = World::new().await;
    let draft = world.sam.create(create_for("D-1")).await.unwrap().0;
    let secret = pb::CreateHandoffRequest { confidential: true, ..create_for("secret") };
    let secret = world.sam.create(secret).await.unwrap().0;
    world.sam.submit(on(&secret)).await.unwrap();
    let past = record("D-1", &WHOLE);
    let records = vec![past.clone(), record("secret", &WHOLE), record("D-3", &WHOLE)];
    let answer = world.importer.import(records).await.unwrap();
    assert_eq!(fates(&answer), [1, 0, 0, 2, 4], "one that the importer may not know of stops nothing");
    assert_eq!(answer.refusals[0].reason, "EVENT_GOES_BACK", "it was created after all of that");
    assert_eq!(answer.refusals[1].reason, "ORIGIN_TAKEN");
    assert!(!answer.refusals[1].message.contains(&secret.id), "{:?}", answer.refusals);
    assert_eq!(world.sam.get(&draft.id).await.unwrap(), draft);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_the_same_at_once_bring_it_in_once() {
    let world = World::empty().await;
    for batch in 0..5 {
        let one_route = |number| HistoricHandoff {
            from_team: format!("from-{batch}"),
            ..record(&format!("{batch}/{number}"), &WHOLE)
        };
        let records: Vec<_> = (0..10).map(one_route).collect();
        let (one, other) = tokio::join!(world.importer.import(records.clone()), world.ada.import(records));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.created + other.created, 10);
        assert_eq!(one.unchanged + other.unchanged, 10);
        assert_eq!(one.routes_discovered + other.routes_discovered, 1);
    }
}
