//! The map as a whole: checked, and discovered routes promoted.

use api::handoff::v1 as pb;
use pb::{MapFindingCode as Code, RouteStatus};
use testkit::request_id;

use crate::{
    requests::{create_between, mask, terms},
    words::why,
    world::{ROUTE, World},
};

/// The codes with what they are about.
fn told(answer: &pb::CheckMapResponse) -> Vec<String> {
    let line = |finding: &pb::MapFinding| {
        let code = finding.code().as_str_name().trim_start_matches("MAP_FINDING_CODE_");
        assert!(!finding.message.is_empty() && !finding.fix.is_empty());
        format!("{code} {}", finding.subject.as_ref().unwrap().id)
    };
    answer.findings.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_learns_what_is_wrong_with_the_map() {
    let world = World::new().await;
    world.ada.create_team("legal").await.unwrap();
    world.anna.create_route("back", "implementation", "sales").await.unwrap();
    let answer = world.otto.check_map("").await.unwrap();
    assert_eq!(
        told(&answer),
        [
            "ROUTE_WITHOUT_TEMPLATE back",
            "ROUTE_WITHOUT_TEMPLATE sales-to-implementation",
            "ROUTE_WITHOUT_POLICY back",
            "ROUTE_WITHOUT_POLICY sales-to-implementation",
            "ROUTE_WITHOUT_OWNER back",
            "ROUTE_WITHOUT_OWNER sales-to-implementation",
            "TEAM_WITHOUT_ESCALATION_CONTACT implementation",
            "TEAM_WITHOUT_ESCALATION_CONTACT legal",
            "TEAM_WITHOUT_ESCALATION_CONTACT sales",
            "CYCLE implementation",
            "TEAM_ON_NO_ROUTE legal",
            "ROUTE_WITHOUT_TRIGGER back",
            "ROUTE_WITHOUT_TRIGGER sales-to-implementation",
        ]
    );
    let counts = answer.counts.unwrap();
    assert_eq!((counts.errors, counts.warnings, counts.infos, answer.templates_away), (0, 10, 3, false));
    let of_legal = told(&world.otto.check_map("legal").await.unwrap());
    assert_eq!(of_legal, ["TEAM_WITHOUT_ESCALATION_CONTACT legal", "TEAM_ON_NO_ROUTE legal"]);
    assert_eq!(world.otto.check_map("nobody").await.unwrap_err().reason, "NOT_FOUND");

    let mut request = pb::CheckMapRequest { page_size: 3, ..Default::default() };
    let mut paged = vec![];
    loop {
        let page = world.sam.routes.clone().check_map(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.counts, Some(counts), "counted over all pages");
        paged.extend(page.findings);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, answer.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_template_in_use_is_found_and_one_that_cannot_be_looked_up_is_said_to_be_so() {
    let mut world = World::with_template().await;
    let is_told = |answer: &pb::CheckMapResponse, code: Code| answer.findings.iter().any(|it| it.code() == code);
    let fine = world.sam.check_map("").await.unwrap();
    assert!(!is_told(&fine, Code::RetiredTemplateInUse) && !is_told(&fine, Code::TemplateNotChecked), "{fine:?}");
    let retire =
        api::checklist::v1::RetireVersionRequest { request_id: request_id(), template_id: ROUTE.into(), version: 1 };
    world.templates().retire_version(retire).await.unwrap();
    assert!(is_told(&world.sam.check_map("").await.unwrap(), Code::RetiredTemplateInUse), "no version is the latest");
    world.stop_templates().await;
    let away = world.sam.check_map("").await.unwrap();
    assert!(away.templates_away && is_told(&away, Code::TemplateNotChecked), "it is told, and is no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovered_route_is_promoted_by_a_lead_of_either_side_and_by_nothing_else() {
    let world = World::new().await;
    let id = "implementation-to-sales";
    world.crm.create(create_between("implementation", "sales")).await.unwrap();
    let listed = async |status: RouteStatus| {
        let list = pb::ListRoutesRequest { team: "sales".into(), status: status.into(), ..Default::default() };
        let routes = world.otto.routes.clone().list_routes(list).await.unwrap().into_inner().routes;
        routes.into_iter().map(|route| route.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(RouteStatus::Discovered).await, [id]);
    let named = pb::UpdateRouteRequest {
        request_id: request_id(),
        route_id: id.into(),
        update_mask: mask(&["name"]),
        name: "Back".into(),
        ..Default::default()
    };
    let described = world.ivan.update_route(named).await.unwrap();
    assert_eq!(described.status(), RouteStatus::Discovered, "who describes it does not promote it");
    assert!(told(&world.sam.check_map("").await.unwrap()).contains(&format!("ROUTE_DISCOVERED_NEVER_MAPPED {id}")));
    for who in [&world.sam, &world.bo, &world.otto, &world.crm] {
        assert_eq!(who.promote_route(id).await.unwrap_err().reason, "LEAD_ONLY");
    }
    let stale = pb::PromoteRouteRequest { request_id: request_id(), route_id: id.into(), expected_revision: 1 };
    let refused = testkit::refusal(&world.anna.routes.clone().promote_route(stale).await.unwrap_err());
    assert_eq!(why(&refused), (tonic::Code::Aborted, "REVISION_MISMATCH"));
    let promoted = world.anna.promote_route(id).await.unwrap();
    assert_eq!((promoted.status(), promoted.revision), (RouteStatus::Active, described.revision + 1));
    assert_eq!(world.ivan.promote_route(id).await.unwrap(), promoted, "again changes nothing");
    assert_eq!(listed(RouteStatus::Discovered).await, Vec::<String>::new());
    world.ivan.retire_route(id).await.unwrap();
    assert_eq!(world.ivan.promote_route(id).await.unwrap_err().reason, "ROUTE_RETIRED");
    assert_eq!(world.ivan.promote_route("nowhere").await.unwrap_err().reason, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_works_by_a_calendar() {
    let world = World::new().await;
    let update = |calendar: &str| pb::UpdateTeamRequest {
        request_id: request_id(),
        team_id: "sales".into(),
        update_mask: mask(&["calendar_id"]),
        calendar_id: calendar.into(),
        ..Default::default()
    };
    assert_eq!(world.anna.update_team(update("nine-to-five")).await.unwrap().calendar_id, "nine-to-five");
    assert_eq!(world.anna.update_team(update("Nine To Five")).await.unwrap_err().fields, ["calendar_id"]);
    assert_eq!(world.anna.update_team(update("")).await.unwrap().calendar_id, "");
    let set = pb::SetTermsRequest { sla_policy_id: "two-days".into(), ..terms("", 0) };
    assert_eq!(world.set_terms(set).await.terms.unwrap().sla_policy_id, "two-days");
}
