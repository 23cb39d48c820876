//! What a report says of handoffs that have just happened.

use api::{handoff::v1 as pb, metrics::v1 as metrics, r#type::v1::Side};
use metrics::{Query, scope::Kind};

use crate::{
    requests::{of_route, on, window},
    world::{DAY, HOUR, ROUTE, World},
};

fn share(it: Option<&metrics::Proportion>) -> (i64, i64) {
    it.map_or((0, 0), |it| (it.numerator, it.denominator))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_what_has_just_happened() {
    let world = World::new().await;
    let taken = world.anna.submitted("Acme").await;
    let bounced = world.anna.submitted("Bolt").await;
    world.anna.draft("Core").await;
    world.pass(2 * HOUR).await;
    let taken = world.ivan.accept(on(&taken)).await.unwrap();
    let bounced = world.ivan.reject(on(&bounced)).await.unwrap();
    world.pass(HOUR).await;
    let taken = world.ivan.begin(on(&taken)).await.unwrap();
    world.anna.submit(on(&bounced)).await.unwrap();
    world.pass(DAY).await;
    world.ivan.complete(on(&taken)).await.unwrap();
    world.heard().await;

    let report = world.otto.report(of_route(ROUTE)).await.unwrap();
    let basis = report.basis.unwrap();
    assert_eq!((basis.late_facts, basis.put_aside), (0, 0));
    let volume = report.volume.unwrap();
    assert_eq!((volume.created, volume.submitted, volume.open), (3, 3, 2));
    assert_eq!((volume.accepted, volume.rejected, volume.completed), (1, 1, 1));
    let limbo = report.limbo.unwrap().decision.unwrap();
    let (elapsed, working) = (limbo.elapsed.unwrap(), limbo.working.unwrap());
    assert_eq!((elapsed.count, elapsed.open, elapsed.max_seconds), (3, 1, DAY), "the open one has lasted a day");
    assert_eq!(elapsed.p50.unwrap(), metrics::Percentile { seconds: 2 * HOUR, reached: true });
    assert_eq!(working.max_seconds, 8 * HOUR, "of which eight hours were working time");
    let quality = report.quality.unwrap();
    assert_eq!(share(quality.first_pass_yield.as_ref()), (1, 2));
    assert_eq!(share(quality.rejection_rate.as_ref()), (1, 2));
    assert_eq!((share(quality.complete_and_accurate.as_ref()), quality.too_young), ((0, 0), 2));
    let ledger = report.ledger.unwrap();
    let parts = ledger.upstream_micros + ledger.downstream_micros + ledger.closed_micros;
    assert_eq!((ledger.total_micros, parts), (3 * (DAY + 3 * HOUR) * 1_000_000, ledger.total_micros));
    let flow = report.flow.unwrap();
    assert_eq!((flow.handoffs, flow.working), (1, Some(8.0 / 11.0)));
    let attainment = report.attainment.unwrap();
    assert_eq!((attainment.met, attainment.late, attainment.open_breached), (3, 0, 0), "of those due by today");
    let few = report.rework.unwrap().rate.unwrap();
    assert!(few.few, "so few are flagged");
    assert_eq!(basis.window, window("2025-12-04", "2026-03-04"), "the last 90 days, with today");
    let packages: Vec<_> = basis.data_through.iter().map(|it| it.package.as_str()).collect();
    assert_eq!(packages, ["baton.checklist.v1", "baton.handoff.v1", "baton.sla.v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_of_an_instant_only_what_had_happened_counts() {
    let world = World::new().await;
    let one = world.anna.submitted("Acme").await;
    world.pass(HOUR).await;
    let then = world.after(0);
    world.pass(HOUR).await;
    world.ivan.accept(on(&one)).await.unwrap();
    world.anna.submitted("Bolt").await;
    world.heard().await;

    let report = world.otto.report(Query { as_of: then, ..of_route(ROUTE) }).await.unwrap();
    let volume = report.volume.unwrap();
    assert_eq!((volume.created, volume.submitted, volume.accepted, volume.open), (1, 1, 0, 1));
    let elapsed = report.limbo.unwrap().decision.unwrap().elapsed.unwrap();
    assert_eq!((elapsed.count, elapsed.open, elapsed.max_seconds), (1, 1, HOUR));
    world.pass(DAY).await;
    let again = world.otto.report(Query { as_of: then, ..of_route(ROUTE) }).await.unwrap();
    let figures = |report: metrics::Report| metrics::Report { basis: None, ..report };
    assert_eq!(figures(again), figures(report), "asked again, the same instant gives the same figures");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_is_a_route_a_pair_a_side_or_a_workflow() {
    let world = World::new().await;
    world.create_route("back", "implementation", "sales").await;
    world.anna.submitted("there").await;
    let back = pb::CreateHandoffRequest { route_id: "back".into(), ..crate::requests::create("back") };
    let back = world.ivan.create(back).await.unwrap();
    world.ivan.submit(on(&back)).await.unwrap();
    let workflow = pb::CreateWorkflowRequest {
        request_id: testkit::request_id(),
        workflow_id: "to-and-fro".into(),
        routes: vec![ROUTE.into(), "back".into()],
        ..Default::default()
    };
    world.ada.routes.clone().create_workflow(workflow).await.unwrap();
    world.heard().await;
    let submitted = async |kind: Option<Kind>| {
        let query = Query { scope: Some(metrics::Scope { kind }), ..Default::default() };
        world.otto.report(query).await.map(|report| report.volume.unwrap().submitted)
    };
    let team = |side: Side| Kind::Team(metrics::TeamScope { team_id: "sales".into(), side: side.into() });
    let pair = |from: &str, to: &str| Kind::Pair(metrics::TeamPair { from_team: from.into(), to_team: to.into() });
    assert_eq!(submitted(None).await.unwrap(), 2);
    assert_eq!(submitted(Some(Kind::RouteId(ROUTE.into()))).await.unwrap(), 1);
    assert_eq!(submitted(Some(pair("sales", "implementation"))).await.unwrap(), 1);
    assert_eq!(submitted(Some(team(Side::Unspecified))).await.unwrap(), 2);
    assert_eq!(submitted(Some(team(Side::Upstream))).await.unwrap(), 1);
    assert_eq!(submitted(Some(Kind::WorkflowId("to-and-fro".into()))).await.unwrap(), 2);
    for (kind, reason) in [
        (Kind::RouteId("nowhere".into()), "ROUTE_NOT_FOUND"),
        (pair("sales", "nobody"), "TEAM_NOT_FOUND"),
        (Kind::WorkflowId("nothing".into()), "WORKFLOW_NOT_FOUND"),
    ] {
        assert_eq!(submitted(Some(kind)).await.unwrap_err().reason, reason);
    }
    let chain = metrics::GetWorkflowReportRequest {
        query: Some(Query {
            scope: Some(metrics::Scope { kind: Some(Kind::WorkflowId("to-and-fro".into())) }),
            ..Default::default()
        }),
    };
    let chain = world.otto.workflow_report(chain).await.unwrap();
    let steps: Vec<_> = chain.steps.iter().map(|step| step.route_id.as_str()).collect();
    assert_eq!((steps, chain.rolled_first_pass_yield), (vec![ROUTE, "back"], None), "nothing was decided yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_shows_what_is_open_and_names_what_is_confidential_to_its_teams_alone() {
    let world = World::new().await;
    world.anna.submitted("Acme").await;
    let secret = world.anna.submitted("Bolt").await;
    world.anna.set_confidential(on(&secret)).await.unwrap();
    world.pass(DAY + HOUR).await;
    world.heard().await;
    let board = async |by: &crate::person::Person| by.board(metrics::GetBoardRequest::default()).await.unwrap();
    let seen = board(&world.ivan).await;
    let line = seen.lines.iter().find(|line| line.side() == Side::Downstream).unwrap();
    assert_eq!((line.open, line.waiting, line.in_limbo, line.breached), (2, 2, 2, 2));
    assert_eq!(line.oldest_limbo_seconds, DAY + HOUR);
    assert_eq!(seen.items.len(), 2);
    assert_eq!(seen.items[0].breached, ["ACCEPTANCE"]);
    let others = board(&world.otto).await;
    assert_eq!((others.lines, others.items.len()), (seen.lines, 1), "legal sees the numbers, and Acme");
    assert_eq!(others.items[0].title, "Acme");
}
