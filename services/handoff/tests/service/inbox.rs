//! What waits on each side, and all the other filters of the list.

use std::fmt::Write;

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{HandoffState, HistoricEventKind as Kind, ListHandoffsRequest};

use crate::{
    history::{later, record},
    requests::{inbox, mask, on, origin},
    words::state,
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_is_in_the_inbox_of_whoever_it_waits_on() {
    let world = World::new().await;
    let mut table = String::new();
    let mut look = async |step: &str, handoff: &pb::Handoff| {
        let mut waits = vec![];
        for team in ["sales", "implementation"] {
            waits.push(if world.otto.titles(inbox(team)).await.is_empty() { "-" } else { team });
        }
        let line = format!("{step:<18} {:<11} {:<5} {}", state(handoff.state()), waits[0], waits[1]);
        writeln!(table, "{}", line.trim_end()).unwrap();
    };
    let draft = world.sam.draft("Acme").await;
    look("created", &draft).await;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    look("submitted", &submitted).await;
    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    look("rejected", &rejected).await;
    let submitted = world.sam.submit(on(&rejected)).await.unwrap();
    look("submitted again", &submitted).await;
    let annex = pb::Condition { text: "the annex".into(), due_at: world.after(60), owner: String::new() };
    let accept = pb::AcceptHandoffRequest { conditions: vec![annex], ..on(&submitted) };
    let accepted = world.ivan.accept(accept).await.unwrap();
    look("on a condition", &accepted).await;
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    look("begun", &begun).await;
    let completed = world.ivan.complete(on(&begun)).await.unwrap();
    look("completed", &completed).await;
    let action_id = completed.actions[0].id.clone();
    let done = world.sam.complete_action(pb::CompleteActionRequest { action_id, ..on(&completed) }).await.unwrap();
    look("condition met", &done).await;
    let reopened = world.sam.reopen(on(&done)).await.unwrap();
    look("reopened", &reopened).await;
    let returned = world.ivan.give_back(on(&reopened)).await.unwrap();
    look("returned", &returned).await;
    let cancelled = world.sam.cancel(on(&returned)).await.unwrap();
    look("cancelled", &cancelled).await;
    insta::assert_snapshot!(table, @"
    created            DRAFT       sales -
    submitted          SUBMITTED   -     implementation
    rejected           REJECTED    sales -
    submitted again    SUBMITTED   -     implementation
    on a condition     ACCEPTED    sales implementation
    begun              IN_PROGRESS sales implementation
    completed          COMPLETED   sales -
    condition met      COMPLETED   -     -
    reopened           IN_PROGRESS -     implementation
    returned           RETURNED    sales -
    cancelled          CANCELLED   -     -
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_handoff_leaves_every_inbox_though_an_action_was_open() {
    let world = World::new().await;
    let annex = pb::Condition { text: "the annex".into(), due_at: world.after(60), owner: String::new() };
    let submitted = world.sam.submitted("Acme").await;
    let accept = pb::AcceptHandoffRequest { conditions: vec![annex], ..on(&submitted) };
    let accepted = world.ivan.accept(accept).await.unwrap();
    let line = world.otto.list(inbox("sales")).await.unwrap().handoffs.remove(0);
    assert_eq!((line.upstream_actions, line.downstream_actions, line.waiting_on()), (1, 0, Side::Downstream));
    world.sam.cancel(on(&world.ivan.give_back(on(&accepted)).await.unwrap())).await.unwrap();
    for team in ["sales", "implementation"] {
        assert_eq!(world.otto.titles(inbox(team)).await, [""; 0]);
    }
}

/// Five handoffs between sales and implementation, and one the other way round, an hour apart.
async fn six(world: &World) {
    let ended = [Kind::Submitted, Kind::Accepted, Kind::Began, Kind::Completed];
    let back = pb::HistoricHandoff {
        from_team: "implementation".into(),
        to_team: "sales".into(),
        ..record("back", &[Kind::Submitted])
    };
    let records = [
        record("submitted", &ended[..1]),
        record("accepted", &ended[..2]),
        record("begun", &ended[..3]),
        record("completed", &ended),
        record("rejected", &[Kind::Submitted, Kind::Rejected]),
        back,
    ];
    let hourly = (0..).zip(records).map(|(hour, record)| later(hour * 60, record));
    assert_eq!(world.importer.import(hourly.collect()).await.unwrap().created, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_what_its_filters_say_all_together() {
    let world = World::new().await;
    six(&world).await;
    let titles = async |request: ListHandoffsRequest| world.otto.titles(request).await.join(" ");
    let all = ListHandoffsRequest::default;
    let of = |team: &str, side: Side| ListHandoffsRequest { team: team.into(), side: side.into(), ..all() };

    assert_eq!(titles(all()).await, "submitted accepted begun completed rejected back");
    assert_eq!(titles(of("sales", Side::Unspecified)).await, "submitted accepted begun completed rejected back");
    assert_eq!(titles(of("sales", Side::Upstream)).await, "submitted accepted begun completed rejected");
    assert_eq!(titles(of("sales", Side::Downstream)).await, "back");
    assert_eq!(titles(of("legal", Side::Unspecified)).await, "");

    assert_eq!(titles(inbox("sales")).await, "rejected back");
    assert_eq!(titles(inbox("implementation")).await, "submitted accepted begun");
    let as_upstream = ListHandoffsRequest { side: Side::Upstream.into(), ..inbox("sales") };
    assert_eq!(titles(as_upstream).await, "rejected");
    let of_the_pair = || ListHandoffsRequest { team: "implementation".into(), ..inbox("sales") };
    assert_eq!(titles(of_the_pair()).await, "rejected back", "what waits on sales, among handoffs with implementation");
    let contradictory = ListHandoffsRequest { side: Side::Upstream.into(), ..of_the_pair() };
    assert_eq!(titles(contradictory).await, "", "both teams cannot be upstream");

    let open = vec![HandoffState::Accepted.into(), HandoffState::InProgress.into()];
    assert_eq!(titles(ListHandoffsRequest { states: open.clone(), ..all() }).await, "accepted begun");
    let begun = ListHandoffsRequest { states: open, origin: origin("begun"), ..inbox("implementation") };
    assert_eq!(titles(begun).await, "begun");
    assert_eq!(titles(ListHandoffsRequest { origin: origin("nobody"), ..all() }).await, "");
    let back = ListHandoffsRequest { route_id: "implementation-to-sales".into(), ..all() };
    assert_eq!(titles(back).await, "back");
    let none = ListHandoffsRequest { route_id: ROUTE.into(), ..of("sales", Side::Downstream) };
    assert_eq!(titles(none).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_ordered_by_what_was_touched_last_or_by_what_is_new() {
    let world = World::new().await;
    six(&world).await;
    let newest = || ListHandoffsRequest { order: pb::HandoffOrder::Newest.into(), ..Default::default() };
    let order = "back rejected completed begun accepted submitted";
    assert_eq!(world.otto.titles(newest()).await.join(" "), order);
    let submitted = ListHandoffsRequest { origin: origin("submitted"), ..Default::default() };
    let id = world.otto.list(submitted).await.unwrap().handoffs.remove(0).id;
    let submitted = world.otto.get(&id).await.unwrap();
    world.ines.reject(on(&submitted)).await.unwrap();
    assert_eq!(world.otto.titles(newest()).await.join(" "), order, "a change makes nothing new");
    let longest_untouched = world.otto.titles(ListHandoffsRequest::default()).await.join(" ");
    assert_eq!(longest_untouched, "accepted begun completed rejected back submitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_says_how_long_the_handoff_has_waited() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    world.pass_seconds(3_600);
    let edit = pb::UpdateHandoffRequest { update_mask: mask(&["title"]), title: "Acme AB".into(), ..on(&draft) };
    world.sam.update(edit).await.unwrap();
    let line = world.otto.list(inbox("sales")).await.unwrap().handoffs.remove(0);
    assert_eq!((line.created_at, line.updated_at), (world.after(-3_600), world.after(0)));
    assert_eq!(line.state_since, world.after(-3_600), "an edit is no answer to whom it waits on");
    assert_eq!((line.title.as_str(), line.revision, line.upstream_owner.as_str()), ("Acme AB", 2, "sam"));
}
