//! How a handoff begins: by whom, on which route, and once for each outside record.

use std::collections::BTreeSet;

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{CreateHandoffRequest, HandoffState};
use testkit::request_id;
use tonic::Code;

use crate::{
    requests::{create, create_between, create_for, on, text},
    words::why,
    world::{ROUTE, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_upstreams_whoever_makes_it() {
    let world = World::new().await;
    let (draft, is_new) = world.sam.create(create(ROUTE, "Acme")).await.unwrap();
    assert!(is_new);
    assert_eq!((draft.state(), draft.attempt, draft.revision), (HandoffState::Draft, 0, 1));
    assert_eq!((draft.waiting_on(), draft.accountable_side()), (Side::Upstream, Side::Upstream));
    assert_eq!((draft.from_team.as_str(), draft.to_team.as_str()), ("sales", "implementation"));
    assert_eq!((draft.priority(), draft.triggered_at), (pb::Priority::Normal, world.after(0)));
    assert_eq!((draft.upstream_owner.as_str(), draft.downstream_owner.as_str()), ("sam", ""));

    let asked_for = world.ivan.draft("we need this").await;
    assert_eq!((asked_for.upstream_owner.as_str(), asked_for.downstream_owner.as_str()), ("", "ivan"));
    assert_eq!(asked_for.waiting_on(), Side::Upstream);
    let by_system = world.crm.draft("a deal was won").await;
    assert_eq!(by_system.upstream_owner, "", "a system speaks for nobody");

    let of_both = CreateHandoffRequest { side: Side::Downstream.into(), ..create(ROUTE, "Bo's") };
    assert_eq!(world.bo.create(of_both).await.unwrap().0.downstream_owner, "bo");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_either_side_services_and_administrators_with_a_reason_create() {
    let world = World::new().await;
    let refused = world.otto.create(create(ROUTE, "Acme")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "WRONG_SIDE"));
    let refused = world.ada.create(create(ROUTE, "Acme")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "OVERRIDE_REASON_REQUIRED"));
    let other_side = CreateHandoffRequest { side: Side::Downstream.into(), ..create(ROUTE, "Acme") };
    assert_eq!(world.sam.create(other_side).await.unwrap_err().reason, "WRONG_SIDE");
    let with_reason = CreateHandoffRequest { override_reason: "sales is away".into(), ..create(ROUTE, "Acme") };
    world.ada.create(with_reason).await.unwrap();
    world.importer.create(create(ROUTE, "Acme")).await.expect("a service of neither team may create");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outside_record_has_one_handoff() {
    let world = World::new().await;
    let (made, is_new) = world.crm.create(create_for("D-1")).await.unwrap();
    assert!(is_new);
    let renamed = CreateHandoffRequest { title: "another title".into(), ..create_for("D-1") };
    assert_eq!(world.sam.create(renamed).await.unwrap(), (made.clone(), false));
    let submitted = world.sam.submit(on(&made)).await.unwrap();
    assert_eq!(world.crm.create(create_for("D-1")).await.unwrap(), (submitted, false), "as it stands by now");
    let (renewed, is_new) = world.crm.create(create_for("D-1/2")).await.unwrap();
    assert!(is_new && renewed.id != made.id, "a renewed transfer uses a new key");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outside_record_has_one_handoff_though_eight_make_it_at_once() {
    let world = World::new().await;
    for record in 0..10 {
        let key = format!("D-{record}");
        let calls = (0..8).map(|_| {
            let (crm, request) = (world.crm.clone(), create_for(&key));
            tokio::spawn(async move { crm.create(request).await.unwrap() })
        });
        let mut ids = BTreeSet::new();
        let mut made = 0;
        for call in calls.collect::<Vec<_>>() {
            let (handoff, is_new) = call.await.unwrap();
            ids.insert(handoff.id);
            made += usize::from(is_new);
        }
        assert_eq!((ids.len(), made), (1, 1), "{key}");
    }
    let facts = world.service.settle().await;
    assert_eq!(facts.iter().filter(|fact| fact.name() == "handoff_created").count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_of_teams_means_its_one_route() {
    let world = World::new().await;
    let (draft, _) = world.sam.create(create_between("sales", "implementation")).await.unwrap();
    assert_eq!(draft.route_id, ROUTE);

    world.anna.create_route("rush", "sales", "implementation").await.unwrap();
    let refused = world.sam.create(create_between("sales", "implementation")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "AMBIGUOUS_ROUTE"));
    assert!(refused.message.contains("rush") && refused.message.contains(ROUTE), "{}", refused.message);

    world.anna.retire_route(ROUTE).await.unwrap();
    let (draft, _) = world.sam.create(create_between("sales", "implementation")).await.unwrap();
    assert_eq!(draft.route_id, "rush", "a retired route is not meant");
    world.anna.retire_route("rush").await.unwrap();
    for who in [&world.sam, &world.crm] {
        let refused = who.create(create_between("sales", "implementation")).await.unwrap_err();
        assert_eq!(why(&refused), (Code::FailedPrecondition, "ROUTE_RETIRED"), "nor is it discovered again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_discovers_a_route_that_nobody_has_mapped() {
    let world = World::new().await;
    let refused = world.ines.create(create_between("implementation", "sales")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"), "a person maps it first");
    let (draft, _) = world.crm.create(create_between("implementation", "sales")).await.unwrap();
    let route = world.otto.get_route(&draft.route_id).await.unwrap();
    assert_eq!((route.id.as_str(), route.status()), ("implementation-to-sales", pb::RouteStatus::Discovered));
    assert_eq!((draft.terms_version, draft.template.unwrap().version), (0, 0), "without terms and criteria");
    let (again, _) = world.ines.create(create_between("implementation", "sales")).await.unwrap();
    assert_eq!(again.route_id, route.id);

    let refused = world.crm.create(create_between("sales", "nobody")).await.unwrap_err();
    assert_eq!(refused.code, Code::NotFound, "{refused:?}");
    let refused = world.crm.create(create_between("sales", "sales")).await.unwrap_err();
    assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["to_team".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_discovered_once_though_eight_use_it_at_once() {
    let world = World::new().await;
    let calls = (0..8).map(|_| {
        let crm = world.crm.clone();
        tokio::spawn(async move { crm.create(create_between("implementation", "sales")).await.unwrap() })
    });
    let mut routes = BTreeSet::new();
    for call in calls.collect::<Vec<_>>() {
        routes.insert(call.await.unwrap().0.route_id);
    }
    assert_eq!(routes, BTreeSet::from(["implementation-to-sales".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_does_not_fit_is_named_at_once() {
    let world = World::with_template().await;
    let link =
        |key: &str| pb::Link { system: "crm".into(), r#type: "deal".into(), key: key.into(), url: String::new() };
    let request = CreateHandoffRequest {
        triggered_at: world.after(1),
        links: vec![link("1"), link("2"), link("1")],
        fields: [("timeline".to_owned(), text("soon")), ("shoe_size".to_owned(), text("43"))].into(),
        ..create(ROUTE, "Acme")
    };
    let refused = world.sam.create(request.clone()).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(refused.fields, ["triggered_at", "links[2]", "fields.shoe_size"]);
    let mended = CreateHandoffRequest {
        request_id: request_id(),
        triggered_at: world.after(0),
        links: vec![link("1"), link("2")],
        fields: [("timeline".to_owned(), text("soon"))].into(),
        ..request
    };
    let (draft, _) = world.sam.create(mended).await.expect("too short an answer is a matter of the submit");
    assert_eq!(draft.links.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_is_created_only_where_and_after_what_is_there() {
    let world = World::new().await;
    let refused = world.sam.create(create("nowhere", "Acme")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));
    let follows = CreateHandoffRequest { follows: request_id(), ..create(ROUTE, "Acme") };
    assert_eq!(why(&world.sam.create(follows).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    let first = world.sam.draft("phase one").await;
    let follows = CreateHandoffRequest { follows: first.id.clone(), ..create(ROUTE, "phase two") };
    assert_eq!(world.sam.create(follows).await.unwrap().0.follows, first.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_does_not_outgrow_its_bound() {
    let world = World::new().await;
    let plan = pb::Contingency { r#if: "i".repeat(16 * 1024), then: "t".repeat(16 * 1024) };
    let summary = pb::Summary { contingencies: vec![plan; 8], ..Default::default() };
    let large = CreateHandoffRequest { summary: Some(summary), ..create(ROUTE, "Acme") };
    let refused = world.sam.create(large).await.unwrap_err();
    assert_eq!(why(&refused), (Code::InvalidArgument, "TOO_LARGE"));
}
