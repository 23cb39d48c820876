//! What waits on each side, and all the other filters of the list.

use std::fmt::Write;

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{HandoffOrder, HandoffState, HistoricEventKind as Kind, ListHandoffsRequest};

use crate::{
    history::{later, record},
    requests::{create, inbox, mask, on, origin},
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
    let of_system = |system: &str| Some(pb::Origin { system: system.into(), key: String::new() });
    let back = ListHandoffsRequest { origin: of_system("crm"), ..of("sales", Side::Downstream) };
    assert_eq!(titles(back).await, "back", "any record of the system");
    assert_eq!(titles(ListHandoffsRequest { origin: of_system("erp"), ..all() }).await, "");
    let back = ListHandoffsRequest { route_id: "implementation-to-sales".into(), ..all() };
    assert_eq!(titles(back).await, "back");
    let none = ListHandoffsRequest { route_id: ROUTE.into(), ..of("sales", Side::Downstream) };
    assert_eq!(titles(none).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_narrowed_by_turn_owner_urgency_time_and_what_it_follows() {
    let world = World::new().await;
    let titles = async |request: ListHandoffsRequest| world.otto.titles(request).await.join(" ");
    let all = ListHandoffsRequest::default;
    let urgent = pb::CreateHandoffRequest { priority: pb::Priority::Urgent.into(), ..create(ROUTE, "urgent") };
    let urgent = world.sam.create(urgent).await.unwrap().0;
    world.pass_seconds(60);
    let promise = pb::CreateHandoffRequest {
        deliver_by: world.after(600),
        confidential: true,
        follows: urgent.id.clone(),
        ..create(ROUTE, "promised")
    };
    world.anna.create(promise).await.unwrap();
    world.pass_seconds(60);
    let taken = world.ivan.accept(on(&world.sam.submitted("taken").await)).await.unwrap();
    assert_eq!((taken.upstream_owner.as_str(), taken.downstream_owner.as_str()), ("sam", "ivan"));
    let held = record("held", &[Kind::Submitted, Kind::Accepted, Kind::Held]);
    world.importer.import(vec![held]).await.unwrap();

    let turn = |side: Side| ListHandoffsRequest { waiting_on: side.into(), ..all() };
    assert_eq!(titles(turn(Side::Upstream)).await, "urgent", "the promised one is confidential");
    assert_eq!(titles(turn(Side::Downstream)).await, "held taken");

    let of = |owner: &str, side: Side| ListHandoffsRequest { owner: owner.into(), side: side.into(), ..all() };
    assert_eq!(titles(of("sam", Side::Unspecified)).await, "held urgent taken");
    assert_eq!(titles(of("ivan", Side::Unspecified)).await, "held taken");
    assert_eq!(titles(of("ivan", Side::Upstream)).await, "");
    let mine = ListHandoffsRequest { inbox_of: "implementation".into(), ..of("ivan", Side::Unspecified) };
    assert_eq!(titles(mine).await, "held taken");
    let theirs = ListHandoffsRequest { team: "legal".into(), ..of("ivan", Side::Unspecified) };
    assert_eq!(titles(theirs).await, "");

    let urgent_ones = vec![pb::Priority::Urgent.into(), pb::Priority::High.into()];
    assert_eq!(titles(ListHandoffsRequest { priorities: urgent_ones, ..all() }).await, "urgent");
    assert_eq!(titles(ListHandoffsRequest { on_hold: Some(true), ..all() }).await, "held");
    assert_eq!(titles(ListHandoffsRequest { on_hold: Some(false), ..all() }).await, "urgent taken");
    assert_eq!(titles(ListHandoffsRequest { confidential: Some(true), ..all() }).await, "", "otto may not know of it");
    let secret = || ListHandoffsRequest { confidential: Some(true), ..all() };
    assert_eq!(world.ines.titles(secret()).await, ["promised"]);
    let after_it = || ListHandoffsRequest { follows: urgent.id.clone(), ..all() };
    assert_eq!(world.ines.titles(after_it()).await, ["promised"]);
    assert_eq!(titles(after_it()).await, "");

    let at = |seconds: i64| world.after(seconds);
    assert_eq!(titles(ListHandoffsRequest { created_after: at(-120), ..all() }).await, "urgent taken", "from then on");
    assert_eq!(titles(ListHandoffsRequest { created_before: at(-120), ..all() }).await, "held", "not at it");
    let between = ListHandoffsRequest { created_after: at(-119), created_before: at(1), ..all() };
    assert_eq!(titles(between).await, "taken");
    assert_eq!(titles(ListHandoffsRequest { updated_before: at(0), ..all() }).await, "held urgent");
    assert_eq!(titles(ListHandoffsRequest { updated_after: at(0), ..all() }).await, "taken");
    let due = |seconds: i64| ListHandoffsRequest { deliver_by_before: at(seconds), ..all() };
    assert_eq!(world.ines.titles(due(541)).await, ["promised"]);
    assert_eq!(world.ines.titles(due(540)).await, [""; 0], "what has no promise is not there either");
}

fn as_upstream(title: &str) -> pb::CreateHandoffRequest {
    pb::CreateHandoffRequest { side: Side::Upstream.into(), ..create(ROUTE, title) }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_for_both_sides_is_listed_once() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let accepted = world.bo.accept(on(&submitted)).await.unwrap();
    world.pass_seconds(1);
    let second = world.bo.submit(on(&world.bo.create(as_upstream("second")).await.unwrap().0)).await.unwrap();
    let taken = world.ivan.accept(on(&second)).await.unwrap();
    assert_eq!((accepted.downstream_owner.as_str(), taken.upstream_owner.as_str()), ("bo", "bo"));
    let of_bo = || ListHandoffsRequest { owner: "bo".into(), ..Default::default() };
    assert_eq!(world.otto.titles(of_bo()).await, ["Acme", "second"]);
    let paged = ListHandoffsRequest { page_size: 1, ..of_bo() };
    let first = world.otto.list(paged.clone()).await.unwrap();
    let rest = ListHandoffsRequest { page_token: first.next_page_token, ..paged };
    assert_eq!(world.otto.titles(rest).await, ["second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_ordered_by_what_was_touched_or_made_first_or_last() {
    let world = World::new().await;
    six(&world).await;
    let by = async |order: HandoffOrder| {
        let request = ListHandoffsRequest { order: order.into(), ..Default::default() };
        world.otto.titles(request).await.join(" ")
    };
    let newest = "back rejected completed begun accepted submitted";
    assert_eq!(by(HandoffOrder::Newest).await, newest);
    let submitted = ListHandoffsRequest { origin: origin("submitted"), ..Default::default() };
    let id = world.otto.list(submitted).await.unwrap().handoffs.remove(0).id;
    let submitted = world.otto.get(&id).await.unwrap();
    world.ines.reject(on(&submitted)).await.unwrap();
    assert_eq!(by(HandoffOrder::Newest).await, newest, "a change makes nothing new");
    assert_eq!(by(HandoffOrder::Oldest).await, "submitted accepted begun completed rejected back");
    let longest_untouched = "accepted begun completed rejected back submitted";
    assert_eq!(by(HandoffOrder::Unspecified).await, longest_untouched);
    assert_eq!(by(HandoffOrder::Updated).await, longest_untouched);
    assert_eq!(by(HandoffOrder::Recent).await, "submitted back rejected completed begun accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_is_ordered_by_what_is_most_urgent_or_promised_soonest() {
    use pb::Priority::{High, Low, Normal, Urgent};
    let world = World::new().await;
    let made =
        [("a", Low, 0), ("b", Urgent, 900), ("c", Normal, 0), ("d", Urgent, 300), ("e", High, 600), ("f", Normal, 0)];
    let mut drafts = vec![];
    for (title, priority, promise) in made {
        let deliver_by = if promise == 0 { None } else { world.after(promise) };
        let request = pb::CreateHandoffRequest { priority: priority.into(), deliver_by, ..create(ROUTE, title) };
        drafts.push(world.sam.create(request).await.unwrap().0);
        world.pass_seconds(1);
    }
    // An edit is no answer to whom it waits on: it moves nothing back.
    let edit = pb::UpdateHandoffRequest { update_mask: mask(&["title"]), title: "c".into(), ..on(&drafts[2]) };
    world.sam.update(edit).await.unwrap();
    let by = async |order: HandoffOrder| {
        let request = ListHandoffsRequest { order: order.into(), ..inbox("sales") };
        world.otto.titles(request).await.join(" ")
    };
    assert_eq!(by(HandoffOrder::Priority).await, "b d e c f a");
    let promised = by(HandoffOrder::DeliverBy).await;
    assert!(promised.starts_with("d e b "), "{promised}");
    assert_eq!(promised.len(), "d e b a c f".len(), "what is not promised comes last");
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
