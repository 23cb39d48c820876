//! Handoffs that went through all that can happen, with real clocks and calendars that change: what the service reports is what the
//! naive reference makes of the stories, now and as of any instant before.

use std::{collections::BTreeMap, sync::Arc};

use api::{handoff::v1 as pb, metrics::v1 as metrics, sla::v1 as sla, r#type::v1::Side as PbSide};
use baton_metrics::domain::{
    Book, CalendarId, Day, Query, RouteId, Side, Story, TeamId,
    book::Version,
    query::{Historic, Scope},
};
use calendar::{Calendar, Spec};
use kernel::Timestamp;
use sqlx::{Connection as _, types::Json};
use testkit::request_id;

use crate::{
    figures::figures,
    reference,
    requests::{of_route, office, on, target, window},
    world::{CALENDAR, DAY, HOUR, POLICY, ROUTE, World},
};

/// Everything that sides can do to a handoff, some of it late.
async fn live(world: &World) {
    let (up, down) = (&world.anna, &world.ivan);
    // Looked at, recalled, handed over again, asked about, taken on conditions, given back, taken again, reopened.
    let one = up.submitted("one").await;
    world.pass(HOUR).await;
    let one = down.claim(on(&one)).await.unwrap();
    let one = up.recall(on(&one)).await.unwrap();
    let change = pb::UpdateHandoffRequest {
        title: "one, mended".into(),
        update_mask: Some(prost_types::FieldMask { paths: vec!["title".into()] }),
        ..on(&one)
    };
    let one = up.update(change).await.unwrap();
    let one = up.submit(on(&one)).await.unwrap();
    world.pass(2 * HOUR).await;
    let one = down.ask(on(&one)).await.unwrap();
    world.pass(DAY).await;
    let one = up.answer(on(&one)).await.unwrap();
    let condition =
        pb::Condition { text: "the contract is signed".into(), due_at: world.after(3 * DAY), ..Default::default() };
    let accept = pb::AcceptHandoffRequest { read_back: "forty users".into(), conditions: vec![condition], ..on(&one) };
    let one = down.accept(accept).await.unwrap();
    let confirm = pb::ConfirmReadBackRequest { corrections: vec!["fifty".into()], ..on(&one) };
    let one = up.confirm_read_back(confirm).await.unwrap();
    let one = down.give_back(on(&one)).await.unwrap();
    world.pass(HOUR).await;
    let one = up.submit(on(&one)).await.unwrap();
    let one = down.accept(on(&one)).await.unwrap();
    let one = down.begin(on(&one)).await.unwrap();
    world.pass(DAY).await;
    let one = down.complete(on(&one)).await.unwrap();
    world.pass(HOUR).await;
    up.reopen(on(&one)).await.unwrap();

    // Rejected, held by both and by one, reassigned, given up.
    let two = up.submitted("two").await;
    let two = down.reject(on(&two)).await.unwrap();
    let two = up.submit(on(&two)).await.unwrap();
    let kind = pb::proposed_change::Kind::Hold(pb::ProposedHold { until: world.after(5 * DAY) });
    let change = Some(pb::ProposedChange { kind: Some(kind) });
    let two = up.propose(pb::ProposeRequest { change, ..on(&two) }).await.unwrap();
    let two = down.agree(on(&two)).await.unwrap();
    world.pass(2 * DAY).await;
    let two = up.resume(on(&two)).await.unwrap();
    let hold = pb::HoldHandoffRequest { until: world.after(DAY), side: PbSide::Downstream.into(), ..on(&two) };
    let two = down.hold(hold).await.unwrap();
    world.pass(3 * HOUR).await;
    let owner = pb::ReassignHandoffRequest { side: PbSide::Upstream.into(), owner: "sam".into(), ..on(&two) };
    let two = up.reassign(owner).await.unwrap();
    up.cancel(on(&two)).await.unwrap();
}

/// The calendars and policies change, and a breach is excused.
async fn change(world: &World) {
    let mut spec = office();
    spec.holidays = vec!["2026-03-10".into()];
    let update = sla::UpdateCalendarRequest {
        request_id: request_id(),
        calendar_id: CALENDAR.into(),
        spec: Some(spec),
        ..Default::default()
    };
    world.ada.update_calendar(update).await.unwrap();
    let targets = vec![target(sla::ClockKind::Acceptance, 2), target(sla::ClockKind::Delivery, 4)];
    let update =
        sla::UpdatePolicyRequest { request_id: request_id(), policy_id: POLICY.into(), targets, ..Default::default() };
    world.ada.update_policy(update).await.unwrap();
    world.anna.submitted("three").await;
    world.pass(2 * DAY).await;
    world.heard().await;
    let late = sla::ListClocksRequest { breached: Some(true), ..Default::default() };
    for clock in world.ada.list_clocks(late).await.unwrap().clocks.iter().take(2) {
        let excuse = sla::ExcuseBreachRequest {
            request_id: request_id(),
            clock_id: clock.id.clone(),
            reason: "we had sent the wrong file".into(),
        };
        world.ada.excuse(excuse).await.unwrap();
    }
}

/// What the service has heard, as it keeps it.
async fn heard(world: &World) -> (Vec<Story>, Book) {
    let mut store = world.metrics.setting.database.connect().await;
    let stories: Vec<Json<Story>> =
        sqlx::query_scalar("SELECT story FROM metrics.handoff WHERE generation = 1 ORDER BY id")
            .fetch_all(&mut store)
            .await
            .unwrap();
    let teams: Vec<(TeamId, Timestamp, Option<CalendarId>)> =
        sqlx::query_as("SELECT team_id, since, calendar_id FROM metrics.team_calendar ORDER BY team_id, since")
            .fetch_all(&mut store)
            .await
            .unwrap();
    let versions: Vec<(CalendarId, i32, Timestamp, Json<Spec>)> =
        sqlx::query_as("SELECT calendar_id, version, since, spec FROM metrics.calendar_version ORDER BY 1, 2")
            .fetch_all(&mut store)
            .await
            .unwrap();
    store.close().await.unwrap();
    let mut book = Book::default();
    for (team, since, calendar) in teams {
        book.teams.entry(team).or_default().push((since, calendar));
    }
    let mut calendars = BTreeMap::<CalendarId, Vec<Version>>::new();
    for (id, number, since, spec) in versions {
        let calendar = Arc::new(Calendar::new(&spec.0).unwrap());
        calendars.entry(id).or_default().push(Version { number, since, calendar });
    }
    book.calendars = calendars;
    (stories.into_iter().map(|story| story.0).collect(), book)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reported_of_a_full_life_is_what_the_reference_makes_of_its_facts() {
    let world = World::new().await;
    let mut instants = vec![world.now()];
    Box::pin(live(&world)).await;
    instants.push(world.now());
    Box::pin(change(&world)).await;
    world.pass(20 * DAY).await;
    world.heard().await;
    instants.push(world.now());
    let (stories, book) = heard(&world).await;
    assert_eq!(stories.len(), 3);
    assert!(stories.iter().any(|story| story.clocks.len() > 5));
    let days = |text: &str| Day::from_date(text.parse().unwrap());
    for as_of in instants.into_iter().flat_map(|at| [at, at.plus_seconds(-HOUR), at.plus_seconds(-DAY)]) {
        if as_of < stories[0].facts[0].at {
            continue;
        }
        let team = |side| metrics::TeamScope { team_id: "sales".into(), side };
        let sales: TeamId = "sales".parse().unwrap();
        for (scope, kind) in [
            (Scope::All, None),
            (Scope::Routes(vec![ROUTE.parse::<RouteId>().unwrap()]), of_route(ROUTE).scope.and_then(|it| it.kind)),
            (Scope::Team(sales.clone(), None), Some(metrics::scope::Kind::Team(team(0)))),
            (
                Scope::Team(sales.clone(), Some(Side::Upstream)),
                Some(metrics::scope::Kind::Team(team(PbSide::Upstream.into()))),
            ),
        ] {
            let asked = metrics::Query {
                scope: Some(metrics::Scope { kind }),
                window: window("2026-01-01", "2026-06-01"),
                as_of: Some(api::timestamp(as_of)),
                ..Default::default()
            };
            let query = Query {
                scope: scope.clone(),
                from: days("2026-01-01"),
                until: days("2026-06-01"),
                as_of,
                historic: Historic::Include,
                version: None,
                return_days: 14,
            };
            let told = figures(world.otto.report(asked).await.unwrap());
            assert_eq!(told, reference::report(&stories, &book, &query), "{scope:?} as of {as_of}");
        }
    }
}
