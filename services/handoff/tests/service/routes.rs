//! Routes between teams and the terms that bind both sides.

use api::handoff::v1 as pb;
use testkit::request_id;
use tonic::Code;

use crate::{
    requests::{create, mask, on, terms},
    words::why,
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_of_either_side_maps_a_route_between_two_teams() {
    let world = World::new().await;
    let refused = world.sam.create_route("", "sales", "implementation").await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "LEAD_ONLY"));
    let refused = world.ivan.create_route("", "sales", "implementation").await.unwrap_err();
    assert_eq!(why(&refused), (Code::AlreadyExists, "ROUTE_EXISTS"));
    let route = world.ivan.create_route("rush", "sales", "implementation").await.unwrap();
    assert_eq!((route.id.as_str(), route.status()), ("rush", pb::RouteStatus::Active));
    assert_eq!(route.review_every.unwrap().seconds, 90 * 24 * 60 * 60);

    let refused = world.anna.create_route("", "sales", "sales").await.unwrap_err();
    assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["to_team".to_owned()]));
    let refused = world.anna.create_route("", "sales", "nobody").await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_route_names_what_changes() {
    let world = World::new().await;
    let update = pb::UpdateRouteRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        expected_revision: 2,
        update_mask: mask(&["information"]),
        information: "the signed deal".into(),
        name: "not named by the mask".into(),
        ..Default::default()
    };
    let refused = world.otto.update_route(update.clone()).await.unwrap_err();
    assert_eq!(refused.reason, "LEAD_ONLY");
    let route = world.ivan.update_route(update.clone()).await.unwrap();
    assert_eq!((route.information.as_str(), route.name.as_str()), ("the signed deal", ""));
    let stale = pb::UpdateRouteRequest { request_id: request_id(), ..update };
    let refused = world.anna.update_route(stale).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Aborted, "REVISION_MISMATCH"));
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_are_set_by_an_administrator_and_counted() {
    let world = World::new().await;
    for who in [&world.anna, &world.ivan] {
        let refused = who.set_terms(terms("", 0)).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "ADMIN_ONLY"));
    }
    let before = world.anna.get_route(ROUTE).await.unwrap();
    let first = before.terms.clone().unwrap();
    assert_eq!((first.version, first.set_by.as_str(), first.set_at), (1, "ada", world.after(0)));
    assert_eq!((first.read_back(), first.return_window.unwrap().seconds), (pb::ReadBack::None, 14 * 24 * 60 * 60));
    assert_eq!(world.set_terms(terms("", 0)).await, before, "equal terms change nothing");

    let stricter = pb::SetTermsRequest { read_back: pb::ReadBack::Required.into(), ..terms("", 0) };
    let stale = pb::SetTermsRequest { expected_revision: 1, ..stricter.clone() };
    assert_eq!(world.ada.set_terms(stale).await.unwrap_err().reason, "REVISION_MISMATCH");
    assert_eq!(world.set_terms(stricter).await.terms.unwrap().version, 2);
    let nowhere = pb::SetTermsRequest { route_id: "nowhere".into(), ..terms("", 0) };
    assert_eq!(why(&world.ada.set_terms(nowhere).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_route_takes_no_new_handoffs_and_those_under_way_go_on() {
    let world = World::new().await;
    let submitted = world.sam.submitted("under way").await;
    assert_eq!(world.otto.retire_route(ROUTE).await.unwrap_err().reason, "LEAD_ONLY");
    let retired = world.ivan.retire_route(ROUTE).await.unwrap();
    assert_eq!(retired.status(), pb::RouteStatus::Retired);
    assert_eq!(world.ivan.retire_route(ROUTE).await.unwrap(), retired, "again changes nothing");

    let refused = world.sam.create(create(ROUTE, "new")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "ROUTE_RETIRED"));
    world.ivan.begin(on(&world.ivan.accept(on(&submitted)).await.unwrap())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_are_listed_by_team_and_by_status() {
    let world = World::new().await;
    world.ada.create_team("legal").await.unwrap();
    world.anna.create_route("", "sales", "legal").await.unwrap();
    world.ivan.create_route("", "implementation", "legal").await.unwrap();
    world.ivan.retire_route("implementation-to-legal").await.unwrap();
    let ids = async |team: &str, status: pb::RouteStatus| {
        let list = pb::ListRoutesRequest { team: team.into(), status: status.into(), ..Default::default() };
        let routes = world.otto.routes.clone().list_routes(list).await.unwrap().into_inner().routes;
        routes.into_iter().map(|route| route.id).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        ids("", pb::RouteStatus::Unspecified).await,
        "implementation-to-legal sales-to-implementation sales-to-legal"
    );
    assert_eq!(ids("sales", pb::RouteStatus::Unspecified).await, "sales-to-implementation sales-to-legal");
    assert_eq!(ids("implementation", pb::RouteStatus::Retired).await, "implementation-to-legal");
    assert_eq!(ids("sales", pb::RouteStatus::Discovered).await, "");
}
