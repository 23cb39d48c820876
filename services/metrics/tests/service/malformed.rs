//! Bad input: everything that is wrong with it, said at once.

use api::metrics::v1 as metrics;
use metrics::{Metric, ParetoDimension, Query, version::Kind};

use crate::{
    requests::{of_route, window},
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_refused_with_all_that_is_wrong_with_it() {
    let world = World::new().await;
    world.heard().await;
    let refused = async |query: Query| {
        let refusal = world.otto.report(query).await.unwrap_err();
        (refusal.reason, refusal.fields)
    };
    let names = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
    let upside_down = Query { window: window("2026-03-02", "2026-03-01"), return_days: 400, ..Default::default() };
    let (reason, fields) = refused(upside_down).await;
    assert_eq!(reason, "INVALID_REQUEST");
    assert_eq!(fields, names(&["query.window.until", "query.return_days"]));
    let (_, fields) = refused(Query { window: window("yesterday", "2026-3-1"), ..Default::default() }).await;
    assert_eq!(fields, names(&["query.window.from", "query.window.until"]));
    let (_, fields) = refused(Query { as_of: world.after(60), ..Default::default() }).await;
    assert_eq!(fields, names(&["query.as_of"]));
    let scope = metrics::TeamPair { from_team: "No Slug".into(), to_team: String::new() };
    let scope = Some(metrics::Scope { kind: Some(metrics::scope::Kind::Pair(scope)) });
    let version = metrics::TemplateVersion { template_id: "-".into(), version: 0 };
    let version = Some(metrics::Version { kind: Some(Kind::Template(version)) });
    let (_, fields) = refused(Query { scope, version, historic: 9, ..Default::default() }).await;
    assert_eq!(
        fields,
        names(&[
            "query.historic",
            "query.scope.pair.from_team",
            "query.scope.pair.to_team",
            "query.version.template.template_id",
            "query.version.template.version",
        ])
    );
    assert_eq!(refused(of_route("nowhere")).await.0, "ROUTE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn trends_paretos_and_comparisons_are_bounded_and_say_what_they_lack() {
    let world = World::new().await;
    world.anna.submitted("Acme").await;
    world.heard().await;
    let trend =
        |query, metric: Metric, bucket| metrics::GetTrendRequest { query: Some(query), metric: metric.into(), bucket };
    let long = Query { window: window("2020-01-01", "2026-01-01"), ..of_route(ROUTE) };
    let refusal =
        world.otto.trend(trend(long.clone(), Metric::Created, metrics::Bucket::Day.into())).await.unwrap_err();
    assert_eq!(refusal.fields, ["query.window"]);
    let refusal = world.otto.trend(trend(long, Metric::Unspecified, 7)).await.unwrap_err();
    assert_eq!(refusal.fields, ["bucket", "metric"]);
    let march = Query { window: window("2026-02-02", "2026-03-04"), ..of_route(ROUTE) };
    let answer = world.otto.trend(trend(march, Metric::Created, 0)).await.unwrap();
    let values: Vec<_> = answer.points.iter().map(|point| (point.value.unwrap(), point.few, point.signal)).collect();
    assert_eq!(values.len(), 5, "weeks from Monday, the last one cut");
    assert_eq!(values[4], (1.0, true, true), "the first week with anything in it stands out");
    assert!(answer.band.is_some());

    let pareto = |dimension: ParetoDimension, page_size| metrics::GetParetoRequest {
        query: Some(of_route(ROUTE)),
        dimension: dimension.into(),
        page_size,
    };
    let answer = world.otto.pareto(pareto(ParetoDimension::AttemptsByRoute, 0)).await.unwrap();
    assert_eq!((answer.lines[0].name.as_str(), answer.total, answer.rest), (ROUTE, 1, 0));
    let refusal = world.otto.pareto(pareto(ParetoDimension::Unspecified, -1)).await.unwrap_err();
    assert_eq!(refusal.fields, ["dimension", "page_size"]);

    let policy = |version| {
        let policy = metrics::PolicyVersion { policy_id: "standard".into(), version };
        Some(metrics::Version { kind: Some(Kind::Policy(policy)) })
    };
    let compare = |before, after| metrics::CompareVersionsRequest { query: Some(of_route(ROUTE)), before, after };
    let answer = world.otto.compare(compare(policy(1), policy(2))).await.unwrap();
    assert!(answer.lines.iter().all(|line| line.verdict() == metrics::Verdict::NotEnoughData));
    let refusal = world.otto.compare(compare(policy(1), policy(1))).await.unwrap_err();
    assert_eq!(refusal.fields, ["after"]);
    let refusal = world.otto.compare(compare(None, policy(1))).await.unwrap_err();
    assert_eq!(refusal.fields, ["before"]);
}
