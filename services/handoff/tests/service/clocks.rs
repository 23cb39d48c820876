//! What the SLA monitor tells is shown beside the handoffs, and is no change of them.

use api::{
    handoff::v1::{self as pb, HandoffOrder, ListHandoffsRequest},
    sla::v1::{self as sla, Clock, ClockState, SlaEvent, sla_event::Kind},
    r#type::v1::Side,
};
use prost::Message;
use testkit::Setting;
use tonic::Code;

use crate::{
    monitor::{Monitor, PACKAGE, clock},
    person::Person,
    requests::{create, inbox, on},
    words::why,
    world::{ROUTE, World},
};

async fn with_monitor() -> (World, Monitor) {
    let setting = Setting::new::<handoff::HandoffService>().await;
    let monitor = Monitor::beside(&setting).await;
    (World::hearing(setting, &monitor.served).await, monitor)
}

fn by_due(team: &str) -> ListHandoffsRequest {
    ListHandoffsRequest { order: HandoffOrder::Due.into(), ..inbox(team) }
}

async fn line_of(person: &Person, title: &str) -> pb::HandoffLine {
    let lines = person.list(ListHandoffsRequest::default()).await.unwrap().handoffs;
    lines.into_iter().find(|line| line.title == title).unwrap()
}

async fn clocks_of(person: &Person, handoff: &pb::Handoff) -> Vec<Clock> {
    let request = pb::GetHandoffRequest { handoff_id: handoff.id.clone() };
    person.handoffs.clone().get_handoff(request).await.unwrap().into_inner().clocks
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_due_time_of_each_side_is_in_the_lists_and_all_clocks_beside_the_handoff() {
    let (world, monitor) = with_monitor().await;
    let submitted = world.sam.submitted("Acme").await;
    let delivery = clock(&world, &submitted, Side::Upstream, 900);
    let decision = Clock { started_at: world.after(1), ..clock(&world, &submitted, Side::Downstream, 600) };
    let answer = Clock { started_at: world.after(2), ..clock(&world, &submitted, Side::Downstream, 300) };
    for clock in [&decision, &delivery, &answer] {
        monitor.start(clock).await;
    }
    monitor.heard_by(&world).await;
    let line = line_of(&world.otto, "Acme").await;
    assert_eq!((line.upstream_due_at, line.downstream_due_at), (delivery.due_at, answer.due_at), "the soonest of each");
    assert_eq!(clocks_of(&world.otto, &submitted).await, [delivery.clone(), decision.clone(), answer.clone()]);

    let paused = Clock { state: ClockState::Paused.into(), due_at: None, ..answer.clone() };
    monitor.say("clock_paused", &paused, Kind::ClockPaused(sla::ClockPaused::default())).await;
    let stopped = monitor.stop(&delivery).await;
    monitor.heard_by(&world).await;
    let line = line_of(&world.otto, "Acme").await;
    assert_eq!(
        (line.upstream_due_at, line.downstream_due_at),
        (None, decision.due_at),
        "what runs is due, nothing else"
    );
    assert_eq!(clocks_of(&world.otto, &submitted).await, [stopped, decision, paused]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_by_due_times_shows_what_is_late_first_and_what_is_not_due_last() {
    let (world, monitor) = with_monitor().await;
    for (title, seconds) in [("later", Some(900)), ("none", None), ("late", Some(-60)), ("soon", Some(60))] {
        let submitted = world.sam.submitted(title).await;
        // What the other side owes is no matter of this inbox.
        monitor.start(&clock(&world, &submitted, Side::Upstream, 1)).await;
        if let Some(seconds) = seconds {
            monitor.start(&clock(&world, &submitted, Side::Downstream, seconds)).await;
        }
    }
    let draft = world.sam.draft("draft").await;
    monitor.start(&clock(&world, &draft, Side::Upstream, 30)).await;
    monitor.heard_by(&world).await;

    let expected = ["late", "soon", "later", "none"];
    assert_eq!(world.otto.titles(by_due("implementation")).await, expected);
    let downstream = ListHandoffsRequest { side: Side::Downstream.into(), ..by_due("implementation") };
    assert_eq!(world.otto.titles(downstream).await, expected);
    assert_eq!(world.otto.titles(by_due("sales")).await, ["draft"]);
    let searched = ListHandoffsRequest { text: "la".into(), ..by_due("implementation") };
    assert_eq!(world.otto.titles(searched).await, [""; 0], "two letters are a whole word");
    let searched = ListHandoffsRequest { text: "lat".into(), ..by_due("implementation") };
    assert_eq!(world.otto.titles(searched).await, ["late", "later"]);

    let mut page = ListHandoffsRequest { page_size: 1, ..by_due("implementation") };
    let mut shown = vec![];
    loop {
        let answer = world.otto.list(page.clone()).await.unwrap();
        shown.extend(answer.handoffs.into_iter().map(|line| line.title));
        if answer.next_page_token.is_empty() {
            break;
        }
        page.page_token = answer.next_page_token;
    }
    assert_eq!(shown, expected, "one by one");

    let due = |seconds: i64, request: ListHandoffsRequest| ListHandoffsRequest {
        due_before: world.after(seconds),
        ..request
    };
    assert_eq!(world.otto.titles(due(61, by_due("implementation"))).await, ["late", "soon"]);
    assert_eq!(world.otto.titles(due(60, by_due("implementation"))).await, ["late"]);
    let of_downstream =
        ListHandoffsRequest { team: "implementation".into(), side: Side::Downstream.into(), ..Default::default() };
    let mut of_downstream = world.otto.titles(due(61, of_downstream)).await;
    of_downstream.sort();
    assert_eq!(of_downstream, ["late", "soon"], "of the side that is named");
    let of_either = ListHandoffsRequest { team: "implementation".into(), ..Default::default() };
    assert_eq!(world.otto.titles(due(31, of_either)).await.len(), 5, "of either side");
    assert_eq!(world.otto.titles(due(0, ListHandoffsRequest::default())).await, ["late"]);

    let elsewhere = ListHandoffsRequest { order: HandoffOrder::Due.into(), ..Default::default() };
    assert_eq!(world.otto.list(elsewhere).await.unwrap_err().fields, ["order"], "of an inbox alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_is_counted_while_its_clock_is_open_and_stands() {
    let (world, monitor) = with_monitor().await;
    let submitted = world.sam.submitted("Acme").await;
    let calm = world.sam.submitted("calm").await;
    let decision = clock(&world, &submitted, Side::Downstream, -1);
    monitor.start(&decision).await;
    monitor.start(&clock(&world, &calm, Side::Downstream, 60)).await;
    let breached =
        |breached: bool, request: ListHandoffsRequest| ListHandoffsRequest { breached: Some(breached), ..request };
    let look = async || {
        let line = line_of(&world.otto, "Acme").await;
        let late = world.otto.titles(breached(true, ListHandoffsRequest::default())).await;
        let inbox_late = world.otto.titles(breached(true, by_due("implementation"))).await;
        let inbox_calm = world.otto.titles(breached(false, by_due("implementation"))).await;
        assert_eq!(late, inbox_late);
        (line.downstream_breaches, late.join(" "), inbox_calm.join(" "))
    };
    monitor.heard_by(&world).await;
    assert_eq!(look().await, (0, String::new(), "Acme calm".to_owned()));

    let late = monitor.breach(&decision).await;
    monitor.heard_by(&world).await;
    assert_eq!(look().await, (1, "Acme".to_owned(), "calm".to_owned()));
    let of_sales = |request| ListHandoffsRequest { team: "sales".into(), side: Side::Upstream.into(), ..request };
    let upstream = of_sales(breached(true, ListHandoffsRequest::default()));
    assert_eq!(world.otto.titles(upstream).await, [""; 0], "upstream is late with nothing");

    let mut taken_back = late.clone();
    taken_back.retracted_breaches.extend(taken_back.breach.take());
    monitor.say("breach_retracted", &taken_back, Kind::BreachRetracted(sla::BreachRetracted::default())).await;
    monitor.heard_by(&world).await;
    assert_eq!(look().await.0, 0);

    let late = monitor.breach(&taken_back).await;
    monitor.heard_by(&world).await;
    assert_eq!(look().await.0, 1);
    monitor.stop(&late).await;
    monitor.heard_by(&world).await;
    assert_eq!(look().await, (0, String::new(), "calm Acme".to_owned()), "what is done is late no more");
    assert_eq!(clocks_of(&world.otto, &submitted).await[0].state(), ClockState::Late, "but it was");
}

/// A submitted handoff, and a breach of each side.
async fn breached_twice(world: &World, monitor: &Monitor) -> pb::Handoff {
    let submitted = world.sam.submitted("Acme").await;
    let delivery = clock(world, &submitted, Side::Upstream, -2);
    let decision = clock(world, &submitted, Side::Downstream, -1);
    for clock in [&delivery, &decision] {
        monitor.start(clock).await;
        monitor.breach(clock).await;
    }
    submitted
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_monitor_said_stands_in_the_timeline_behind_the_fact_that_it_followed() {
    let (world, monitor) = with_monitor().await;
    let submitted = breached_twice(&world, &monitor).await;
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    let begin = clock(&world, &accepted, Side::Downstream, 60);
    monitor.start(&begin).await;
    let warned = sla::Warned { planned_at: world.after(0), ..Default::default() };
    monitor.say("warned", &begin, Kind::Warned(warned)).await;
    monitor.heard_by(&world).await;
    world.ivan.begin(on(&accepted)).await.unwrap();

    let timeline = world.otto.timeline(&submitted.id).await.unwrap();
    let told: Vec<_> =
        timeline.iter().map(|entry| format!("{} {} {}", entry.sequence, entry.r#type, entry.actor)).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    1 handoff_created sam
    2 handoff_submitted sam
    2 breached system
    2 breached system
    3 handoff_accepted ivan
    3 warned system
    4 handoff_begun ivan
    ");
    for entry in &timeline {
        assert_eq!(entry.event.is_some(), entry.sla_event.is_none(), "{entry:?}");
        assert!(entry.occurred_at.is_some() && entry.recorded_at == entry.occurred_at);
    }
    let told = timeline[5].sla_event.as_ref().unwrap();
    assert_eq!((told.clock.as_ref(), told.kind.as_ref()), (Some(&begin), Some(&Kind::Warned(warned))));

    for page_size in 1..=7 {
        let mut request = pb::ListTimelineRequest { handoff_id: submitted.id.clone(), page_size, ..Default::default() };
        let mut shown = vec![];
        loop {
            let page = world.otto.handoffs.clone().list_timeline(request.clone()).await.unwrap().into_inner();
            assert!((1..=usize::try_from(page_size).unwrap()).contains(&page.entries.len()));
            shown.extend(page.entries);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(shown, timeline, "by {page_size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_heard_is_no_change_of_the_handoff_and_heard_again_no_change_at_all() {
    let (world, monitor) = with_monitor().await;
    let submitted = world.sam.submitted("Acme").await;
    let (line, facts) = (line_of(&world.otto, "Acme").await, world.service.facts().await);
    world.pass_seconds(60);
    let decision = clock(&world, &submitted, Side::Downstream, -1);
    monitor.start(&decision).await;
    let late = monitor.breach(&decision).await;
    let acknowledged = Clock { acknowledgement: Some(sla::Acknowledgement::default()), ..late };
    monitor
        .say("breach_acknowledged", &acknowledged, Kind::BreachAcknowledged(sla::BreachAcknowledged::default()))
        .await;
    monitor.heard_by(&world).await;
    let heard = async || {
        let line = line_of(&world.otto, "Acme").await;
        let timeline = world.otto.timeline(&submitted.id).await.unwrap();
        (line, timeline, clocks_of(&world.otto, &submitted).await, world.otto.get(&submitted.id).await.unwrap())
    };
    let before = heard().await;
    assert_eq!((before.1.len(), &before.2[..]), (4, &[acknowledged][..]));
    let without = pb::HandoffLine { downstream_due_at: None, downstream_breaches: 0, ..before.0.clone() };
    assert_eq!(without, line, "neither its revision nor its times");
    assert_eq!((&before.3, world.service.facts().await), (&submitted, facts), "and nothing is said of it");

    // All of it once more, from the first fact on.
    let mut owner = world.service.setting.database.connect_as_owner().await;
    sqlx::query("UPDATE consumer SET position = 0").execute(&mut owner).await.unwrap();
    monitor.say_of("calendar/nine-to-five", "calendar_changed", vec![]).await;
    monitor.heard_by(&world).await;
    assert_eq!(heard().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_here_is_passed_over_and_what_cannot_be_read_keeps_nothing_else_waiting() {
    let (world, monitor) = with_monitor().await;
    let (acme, bold) = (world.sam.submitted("Acme").await, world.sam.submitted("Bold").await);
    let stranger = pb::Handoff { id: testkit::request_id(), ..acme.clone() };
    monitor.breach(&clock(&world, &stranger, Side::Downstream, -1)).await;
    monitor.say_of("policy/two-days", "policy_published", b"not for us".to_vec()).await;
    // A kind of a later version, with the clock beside it.
    let due = clock(&world, &acme, Side::Downstream, 60);
    let event = SlaEvent { actor: "system".into(), clock: Some(due.clone()), kind: None };
    monitor.say_of(&format!("clocks/{}", acme.id), "clock_polished", event.encode_to_vec()).await;
    monitor.say_of(&format!("clocks/{}", acme.id), "clocks_polished", SlaEvent::default().encode_to_vec()).await;
    monitor.say_of(&format!("clocks/{}", bold.id), "breached", vec![0xff]).await;
    monitor.breach(&clock(&world, &bold, Side::Downstream, -1)).await;
    let late = monitor.breach(&due).await;
    monitor.heard_by(&world).await;

    assert_eq!(clocks_of(&world.otto, &acme).await, [late]);
    assert_eq!(world.otto.facts(&acme).await, ["handoff_created", "handoff_submitted", "breached"]);
    assert_eq!(clocks_of(&world.otto, &bold).await, [], "it waits behind what could not be read");
    let mut connection = world.service.setting.database.connect().await;
    let aside = chassis::consumer::letters(&mut connection, PACKAGE, None).await.unwrap();
    let aside: Vec<_> = aside.iter().map(|letter| (letter.aggregate.as_str(), letter.error.is_empty())).collect();
    let of_bold = format!("clocks/{}", bold.id);
    assert_eq!(aside, [(of_bold.as_str(), false), (of_bold.as_str(), true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_confidential_handoff_outsiders_see_no_clock() {
    let (world, monitor) = with_monitor().await;
    let secret = pb::CreateHandoffRequest { confidential: true, ..create(ROUTE, "Verdigris") };
    let draft = world.sam.create(secret).await.unwrap().0;
    let submitted = world.sam.submit(on(&draft)).await.unwrap();
    let decision = clock(&world, &submitted, Side::Downstream, -1);
    monitor.breach(&decision).await;
    monitor.heard_by(&world).await;
    let lists = || {
        [
            by_due("implementation"),
            ListHandoffsRequest { due_before: world.after(1), ..Default::default() },
            ListHandoffsRequest { breached: Some(true), ..Default::default() },
        ]
    };
    for list in lists() {
        assert_eq!(world.otto.titles(list).await, [""; 0]);
    }
    for refused in [world.otto.get(&draft.id).await.unwrap_err(), world.otto.timeline(&draft.id).await.unwrap_err()] {
        assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));
    }
    for list in lists() {
        assert_eq!(world.ines.titles(list).await, ["Verdigris"]);
    }
    assert_eq!(clocks_of(&world.ines, &draft).await.len(), 1);
    assert_eq!(world.ines.facts(&draft).await, ["handoff_created", "handoff_submitted", "breached"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nats_away_what_the_monitor_says_comes_from_its_log() {
    let setting = Setting::new::<handoff::HandoffService>().await;
    let monitor = Monitor::beside(&setting).await;
    let away = Setting { nats_url: "nats://127.0.0.1:1".into(), ..setting };
    let world = World::hearing(away, &monitor.served).await;
    let submitted = world.sam.submitted("Acme").await;
    let decision = clock(&world, &submitted, Side::Downstream, -1);
    monitor.start(&decision).await;
    monitor.breach(&decision).await;
    monitor.heard_by(&world).await;
    assert_eq!(line_of(&world.otto, "Acme").await.downstream_breaches, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_what_is_heard_at_the_same_moment_overwrite_nothing_of_each_other() {
    let (world, monitor) = with_monitor().await;
    let mut handoffs = vec![];
    for number in 0..4 {
        handoffs.push(world.sam.submitted(&format!("{number}")).await);
    }
    let mut clocks: Vec<_> = handoffs.iter().map(|handoff| clock(&world, handoff, Side::Downstream, 0)).collect();
    let writing = async {
        for _ in 0..12 {
            for handoff in &handoffs {
                let comment = pb::AddCommentRequest { text: "a word".into(), ..on(handoff) };
                world.ivan.comment(comment).await.unwrap();
            }
        }
    };
    let hearing = async {
        for round in 1..=12 {
            for clock in &mut clocks {
                clock.due_at = world.after(round);
                monitor.start(clock).await;
            }
        }
        monitor.heard_by(&world).await;
    };
    tokio::join!(writing, hearing);
    for handoff in &handoffs {
        let line = line_of(&world.otto, &handoff.title).await;
        assert_eq!((line.revision, line.downstream_due_at), (handoff.revision + 12, world.after(12)), "{line:?}");
    }
}
