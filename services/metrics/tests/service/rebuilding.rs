//! A second generation from everything that was ever said; calendars that change; what cannot be taken in.

use api::{handoff::v1 as pb, metrics::v1 as metrics, sla::v1 as sla};
use baton_metrics::Metrics;
use metrics::Query;
use sqlx::Connection as _;
use testkit::{Program, request_id};

use crate::{
    requests::{create_calendar, of_route, office, on},
    world::{CALENDAR, DAY, HOUR, ROUTE, World},
};

/// Runs `baton-metrics ...` on the store of the service; whether it went well, and what it printed.
pub(crate) async fn program(world: &World, arguments: &[&str]) -> (bool, String) {
    let knobs = [
        ("SERVICE__HANDOFF_URL", world.handoff.url()),
        ("SERVICE__SLA_URL", world.monitor.url()),
        ("SERVICE__CHECKLIST_URL", world.templates.url()),
    ];
    Program::once::<Metrics>(&world.metrics.setting, &knobs, arguments).await
}

/// Everything that figures say, without how sure they are.
async fn figures(world: &World) -> metrics::Report {
    world.heard().await;
    let report = world.ada.report(of_route(ROUTE)).await.unwrap();
    metrics::Report { basis: None, ..report }
}

/// Some handoffs that went some ways.
async fn work(world: &World) {
    for n in 0..4 {
        let handoff = world.anna.submitted(&format!("work {n}")).await;
        world.pass(HOUR).await;
        let handoff = if n % 2 == 0 {
            world.ivan.accept(on(&handoff)).await.unwrap()
        } else {
            let rejected = world.ivan.reject(on(&handoff)).await.unwrap();
            world.anna.submit(on(&rejected)).await.unwrap()
        };
        if n == 0 {
            world.ivan.begin(on(&handoff)).await.unwrap();
        }
        world.pass(3 * HOUR).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_ends_in_the_same_figures_and_says_nothing_twice() {
    let world = World::new().await;
    work(&world).await;
    let (before, said) = (figures(&world).await, world.said().await.len());
    let (is_done, printed) = program(&world, &["rebuild"]).await;
    assert!(is_done, "{printed}");
    assert!(printed.contains("generation 2 is in use: 4 handoffs"), "{printed}");
    assert!(printed.contains("; 0 differ from those before"), "{printed}");
    assert_eq!(figures(&world).await, before);
    assert_eq!(world.said().await.len(), said);
    world.anna.submitted("what comes after").await;
    let after = figures(&world).await;
    assert_eq!(after.volume.unwrap().created, before.volume.unwrap().created + 1, "it goes on hearing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_is_made_later_counts_for_what_was_before_it() {
    let world = World::bare().await;
    for team in ["sales", "implementation"] {
        let request = pb::CreateTeamRequest {
            request_id: request_id(),
            team_id: team.into(),
            calendar_id: CALENDAR.into(),
            ..Default::default()
        };
        world.ada.directory.clone().create_team(request).await.unwrap();
    }
    world.create_route(ROUTE, "sales", "implementation").await;
    let handoff = world.anna.submitted("Acme").await;
    world.pass(DAY).await;
    world.ivan.accept(on(&handoff)).await.unwrap();
    let working = |report: &metrics::Report| {
        let decision = report.limbo.as_ref().unwrap().decision.as_ref().unwrap();
        decision.working.as_ref().unwrap().max_seconds
    };
    assert_eq!(working(&figures(&world).await), DAY, "nobody knows the calendar yet");
    world.ada.create_calendar(create_calendar(CALENDAR, office())).await.unwrap();
    let measured = figures(&world).await;
    assert_eq!(working(&measured), 8 * HOUR);
    let (is_done, printed) = program(&world, &["rebuild"]).await;
    assert!(is_done && printed.contains("; 0 differ"), "{printed}");
    assert_eq!(figures(&world).await, measured);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_in_waits_alone_and_is_said_in_every_answer() {
    let world = World::new().await;
    let (spoilt, sound) = (world.anna.submitted("spoilt").await, world.anna.submitted("sound").await);
    world.heard().await;
    let given = execute(&world, "UPDATE metrics.handoff SET given = '\\xff' WHERE id = $1", &spoilt.id).await;
    assert_eq!(given, 1);
    for handoff in [&spoilt, &sound] {
        world.ivan.accept(on(handoff)).await.unwrap();
    }
    world.heard().await;
    let report = world.ada.report(of_route(ROUTE)).await.unwrap();
    assert_eq!(report.volume.unwrap().accepted, 1, "the other one goes on");
    let put_aside = report.basis.unwrap().put_aside;
    assert!(put_aside >= 1, "{put_aside}");
    let aggregate = format!("handoff/{}", spoilt.id);
    let (_, listed) = program(&world, &["dlq", "list"]).await;
    assert!(listed.contains(&aggregate) && listed.contains("the column given does not hold"), "{listed}");
    let (is_done, printed) = program(&world, &["dlq", "retry", &aggregate]).await;
    assert!(!is_done, "nothing was mended: {printed}");
    let (is_done, printed) = program(&world, &["dlq", "discard", &aggregate]).await;
    assert!(is_done, "{printed}");
    execute(&world, "UPDATE metrics.handoff SET given = '\\x00' WHERE id = $1", &spoilt.id).await;
    for (package, prefix) in [("clocks", "clocks")] {
        let (is_done, printed) = program(&world, &["dlq", "retry", &format!("{prefix}/{}", spoilt.id)]).await;
        assert!(is_done, "{package}: {printed}");
    }
    let (is_done, printed) = program(&world, &["rebuild"]).await;
    assert!(is_done, "what was given up is given up in the next generation, too: {printed}");
    let volume = figures(&world).await.volume.unwrap();
    assert_eq!((volume.submitted, volume.accepted), (2, 1));
}

async fn execute(world: &World, statement: &'static str, id: &str) -> u64 {
    let mut store = world.metrics.setting.database.connect().await;
    let id: uuid::Uuid = id.parse().unwrap();
    let done = sqlx::query(statement).bind(id).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
    done.rows_affected()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_was_away_comes_to_the_same_figures_as_one_that_never_was() {
    let world = World::new().await;
    let late = testkit::Database::new::<Metrics>().await;
    work(&world).await;
    let excused = world.ada.list_clocks(sla::ListClocksRequest::default()).await.unwrap();
    assert!(!excused.clocks.is_empty());
    let setting = testkit::Setting { database: late, ..world.metrics.setting.clone() };
    let other = setting.serve::<Metrics>(world.config.clone()).await;
    let before = figures(&world).await;
    let caller = other.caller(testkit::People::Admin);
    let mut reports = metrics::report_service_client::ReportServiceClient::new(caller);
    testkit::eventually("the other one has caught up", async || {
        let request = metrics::GetReportRequest { query: Some(of_route(ROUTE)) };
        let report = reports.get_report(request).await.ok()?.into_inner().report?;
        (metrics::Report { basis: None, ..report } == before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_count_everything_once() {
    let world = World::new().await;
    let other = world.replica().await;
    work(&world).await;
    let volume = figures(&world).await.volume.unwrap();
    assert_eq!((volume.created, volume.submitted, volume.accepted, volume.rejected), (4, 6, 2, 2));
    let export = world.ada.export_facts(Query::default()).await.unwrap();
    let own = export.iter().filter(|fact| fact.package == "baton.handoff.v1").count();
    assert_eq!(own, 4 + 6 + 2 + 2 + 1);
    assert!(export.iter().all(|fact| fact.fact.starts_with('{')));
    assert_eq!(world.otto.export_facts(Query::default()).await.unwrap_err().reason, "ADMIN_ONLY");
    other.stop().await;
}
