//! Workflows: chains of routes, kept by administrators.

use api::handoff::v1 as pb;
use testkit::request_id;
use tonic::Code;

use crate::{
    requests::mask,
    words::why,
    world::{ROUTE, World},
};

/// Implementation hands over to support in turn.
async fn add_support(world: &World) {
    world.ada.create_team("support").await.unwrap();
    world.ivan.create_route("going-live", "implementation", "support").await.unwrap();
}

fn update(routes: &[&str]) -> pb::UpdateWorkflowRequest {
    pb::UpdateWorkflowRequest {
        request_id: request_id(),
        workflow_id: "customer".into(),
        update_mask: mask(&["routes"]),
        routes: routes.iter().map(|route| (*route).to_owned()).collect(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_alone_writes_a_chain_and_everybody_reads_it() {
    let world = World::new().await;
    add_support(&world).await;
    for who in [&world.anna, &world.sam, &world.ivan, &world.otto, &world.crm, &world.importer] {
        let refused = who.create_workflow("customer", &[ROUTE]).await.unwrap_err();
        assert_eq!(why(&refused), (Code::PermissionDenied, "ADMIN_ONLY"));
        assert_eq!(
            why(&who.update_workflow(update(&[ROUTE])).await.unwrap_err()),
            (Code::PermissionDenied, "ADMIN_ONLY")
        );
    }
    let workflow = world.ada.create_workflow("customer", &[ROUTE, "going-live"]).await.unwrap();
    assert_eq!((workflow.name.as_str(), workflow.revision), ("customer", 1));
    let again = world.ada.create_workflow("customer", &[ROUTE]).await.unwrap_err();
    assert_eq!(why(&again), (Code::AlreadyExists, "WORKFLOW_EXISTS"));
    let get = pb::GetWorkflowRequest { workflow_id: "customer".into() };
    let read = world.otto.routes.clone().get_workflow(get).await.unwrap().into_inner().workflow.unwrap();
    assert_eq!(read, workflow);
    let unknown = pb::GetWorkflowRequest { workflow_id: "nobody".into() };
    let refused = testkit::refusal(&world.otto.routes.clone().get_workflow(unknown).await.unwrap_err());
    assert_eq!(why(&refused), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_does_not_hang_together_is_refused_link_by_link() {
    let world = World::new().await;
    add_support(&world).await;
    world.anna.create_route("old", "sales", "support").await.unwrap();
    world.anna.retire_route("old").await.unwrap();
    let wrong = async |routes: &[&str]| {
        let refused = world.ada.create_workflow("customer", routes).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidArgument, "{refused:?}");
        refused.fields.join(" ")
    };
    assert_eq!(wrong(&[]).await, "routes");
    assert_eq!(wrong(&["Not A Slug", ""]).await, "routes[0] routes[1]");
    assert_eq!(wrong(&["nothing", ROUTE, ROUTE, "old"]).await, "routes[0] routes[2] routes[2] routes[3] routes[3]");
    assert_eq!(wrong(&["going-live", ROUTE]).await, "routes[1]");
    assert_eq!(wrong(&[ROUTE; 101]).await, "routes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_as_it_was_seen_and_each_is_a_fact() {
    let world = World::new().await;
    add_support(&world).await;
    world.ada.create_workflow("customer", &[ROUTE]).await.unwrap();
    let changed = world.ada.update_workflow(update(&[ROUTE, "going-live"])).await.unwrap();
    assert_eq!((changed.routes.len(), changed.revision), (2, 2));
    assert_eq!(world.ada.update_workflow(update(&[ROUTE, "going-live"])).await.unwrap(), changed, "equal: no fact");
    let stale = pb::UpdateWorkflowRequest { expected_revision: 1, ..update(&[ROUTE]) };
    assert_eq!(why(&world.ada.update_workflow(stale).await.unwrap_err()), (Code::Aborted, "REVISION_MISMATCH"));
    let named =
        pb::UpdateWorkflowRequest { update_mask: mask(&["name"]), name: "From lead to live".into(), ..update(&[]) };
    assert_eq!(world.ada.update_workflow(named).await.unwrap().name, "From lead to live");
    world.ivan.retire_route("going-live").await.unwrap();
    let kept = pb::UpdateWorkflowRequest { update_mask: mask(&["name"]), name: "Live".into(), ..update(&[]) };
    world.ada.update_workflow(kept).await.expect("a route that was retired meanwhile may stay");
    let said = world.service.settle().await;
    let lines: Vec<_> = said.iter().map(|fact| fact.subject.clone()).filter(|it| it.contains("workflow")).collect();
    let updated = "handoff.v1.workflow_updated._._";
    assert_eq!(lines, ["handoff.v1.workflow_created._._", updated, updated, updated]);
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows_are_listed_in_pages_and_by_route() {
    let world = World::new().await;
    add_support(&world).await;
    for (id, routes) in [("b", &[ROUTE][..]), ("a", &[ROUTE, "going-live"]), ("c", &["going-live"])] {
        world.ada.create_workflow(id, routes).await.unwrap();
    }
    let list = async |route: &str| {
        let mut request = pb::ListWorkflowsRequest { route_id: route.into(), page_size: 1, page_token: String::new() };
        let mut ids = vec![];
        loop {
            let page = world.sam.routes.clone().list_workflows(request.clone()).await.unwrap().into_inner();
            ids.extend(page.workflows.into_iter().map(|workflow| workflow.id));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return ids.join(" ");
            }
        }
    };
    assert_eq!(list("").await, "a b c");
    assert_eq!(list(ROUTE).await, "a b");
    assert_eq!(list("nothing").await, "");
}
