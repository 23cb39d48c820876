//! The map as one text: exported, brought in whole or not at all, drawn.

use std::{fmt::Write as _, time::Instant};

use api::handoff::v1 as pb;
use pb::{MapChangeKind as Kind, MapFormat};
use testkit::request_id;
use tonic::Code;

use crate::{
    requests::proposed,
    words::why,
    world::{ROUTE, World},
};

/// What changes, in one line each.
fn told(answer: &pb::ImportMapResponse) -> Vec<String> {
    let line = |change: &pb::MapChange| {
        let sign = if change.kind() == Kind::Added { '+' } else { '~' };
        let fields: Vec<_> = change.fields.iter().map(|it| it.field.as_str()).collect();
        format!("{sign} {} {}", change.subject.as_ref().unwrap().id, fields.join(","))
    };
    answer.changes.iter().map(line).collect()
}

fn dry(yaml: &str) -> pb::ImportMapRequest {
    pb::ImportMapRequest { request_id: request_id(), yaml: yaml.into(), dry_run: true }
}

const NEW: &str = "
teams:
  - {id: legal, display_name: Legal, escalation_contact: the office, members: [{principal: otto, role: LEAD}]}
  - {id: sales, calendar_id: nine-to-five}
routes:
  - id: review
    from_team: sales
    to_team: legal
    owner: anna
    risks: [{kind: DELAY, note: holidays}]
    terms: {sla_policy_id: two-days, review_rule: attempt >= 2, return_window: 36h}
  - {id: sales-to-implementation, name: Won deal to project}
workflows:
  - {id: deals, name: Deals, routes: [review]}
";

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_made_of_ordinary_facts_and_a_dry_run_of_none() {
    let world = World::new().await;
    let before = world.service.facts().await;
    let would = world.ada.import_map_as(dry(NEW)).await.unwrap();
    assert_eq!(world.service.facts().await, before, "a dry run keeps nothing");
    let answer = world.ada.import_map(NEW).await.unwrap();
    assert_eq!(answer, would, "and says what the import then does");
    assert_eq!(
        told(&answer),
        [
            "+ legal display_name,escalation_contact,members",
            "~ sales calendar_id",
            "+ review from_team,to_team,status,owner,risks,review_every,terms.sla_policy_id,terms.review_rule,\
             terms.read_back,terms.return_window",
            "~ sales-to-implementation name",
            "+ deals name,routes",
        ]
    );
    let untouched = answer.untouched.unwrap();
    assert_eq!((untouched.teams, untouched.routes, untouched.workflows), (1, 0, 0));
    let said = world.service.settle().await;
    let said: Vec<_> = said[usize::try_from(before).unwrap()..].iter().map(|fact| fact.subject.clone()).collect();
    assert_eq!(
        said,
        [
            "handoff.v1.team_created.legal._",
            "handoff.v1.team_updated.sales._",
            "handoff.v1.route_created.sales.legal",
            "handoff.v1.terms_set.sales.legal",
            "handoff.v1.route_updated.sales.implementation",
            "handoff.v1.workflow_created._._",
        ]
    );
    let route = world.otto.get_route("review").await.unwrap();
    let terms = route.terms.unwrap();
    assert_eq!((terms.version, terms.set_by.as_str(), terms.review_rule.as_str()), (1, "ada", "attempt >= 2"));
    assert_eq!((route.revision, route.owner.as_str()), (2, "anna"));
    world.sam.create(crate::requests::create("review", "Acme")).await.expect("the route is in use");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_imports_and_everybody_exports() {
    let world = World::new().await;
    let text = world.otto.export_map(MapFormat::Yaml, "").await.unwrap();
    for who in [&world.anna, &world.sam, &world.ivan, &world.otto, &world.crm, &world.importer] {
        assert_eq!(why(&who.import_map(&text).await.unwrap_err()), (Code::PermissionDenied, "ADMIN_ONLY"));
        assert_eq!(why(&who.import_map_as(dry(&text)).await.unwrap_err()), (Code::PermissionDenied, "ADMIN_ONLY"));
    }
    assert_eq!(world.otto.export_map(MapFormat::Yaml, "nobody").await.unwrap_err().reason, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_what_was_exported_changes_nothing_and_makes_the_same_elsewhere() {
    let world = World::new().await;
    world.ada.import_map(NEW).await.unwrap();
    world.ivan.retire_route("review").await.unwrap_err();
    world.anna.retire_route("review").await.unwrap();
    world.crm.create(crate::requests::create_between("implementation", "sales")).await.unwrap();
    let text = world.sam.export_map(MapFormat::Yaml, "").await.unwrap();
    let before = world.service.facts().await;
    let answer = world.ada.import_map(&text).await.unwrap();
    assert_eq!((told(&answer), answer.untouched), (vec![], Some(pb::MapUntouched::default())));
    assert_eq!(world.service.facts().await, before);

    let elsewhere = World::empty().await;
    let answer = elsewhere.ada.import_map(&text).await.unwrap();
    assert_eq!(answer.changes.len(), 7);
    assert_eq!(elsewhere.sam.export_map(MapFormat::Yaml, "").await.unwrap(), text);
    let near = world.sam.export_map(MapFormat::Yaml, "implementation").await.unwrap();
    assert!(near.contains("implementation-to-sales") && !near.contains("id: review\n"), "{near}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_breaks_keeps_nothing_and_names_every_place() {
    let world = World::new().await;
    let (before, text) = (world.service.facts().await, world.sam.export_map(MapFormat::Yaml, "").await.unwrap());
    let broken = "
teams:
  - {id: fine, display_name: Fine}
routes:
  - {id: fine, from_team: fine, to_team: sales}
  - {id: lost, from_team: fine, to_team: nowhere}
  - {id: sales-to-implementation, to_team: fine, status: DISCOVERED}
workflows:
  - {id: chain, routes: [fine, fine, gone]}
";
    let refused = world.ada.import_map(broken).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(
        refused.fields,
        [
            "routes[1].to_team",
            "routes[2].to_team",
            "workflows[0].routes[1]",
            "workflows[0].routes[1]",
            "workflows[0].routes[2]"
        ]
    );
    let malformed = "teams:\n  - {id: Not A Slug}\nroutes:\n  - {id: a, terms: {review_rule: 'attempt >'}}\n";
    let refused = world.ada.import_map(malformed).await.unwrap_err();
    assert_eq!(refused.fields, ["teams[0].id", "routes[0].terms.review_rule"]);
    for text in ["", "5", "teams: &a [*a]", &"[".repeat(50_000), "teams:\n  - {id: a, id: b}"] {
        assert_eq!(world.ada.import_map(text).await.unwrap_err().fields, ["yaml"]);
    }
    assert_eq!(world.service.facts().await, before);
    assert_eq!(world.sam.export_map(MapFormat::Yaml, "").await.unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_made_once_though_it_is_sent_twice_and_a_dry_run_is_always_fresh() {
    let world = World::new().await;
    let request = pb::ImportMapRequest { request_id: request_id(), yaml: NEW.into(), dry_run: false };
    let answer = world.ada.import_map_as(request.clone()).await.unwrap();
    let facts = world.service.facts().await;
    assert_eq!(world.ada.import_map_as(request.clone()).await.unwrap(), answer, "the stored answer");
    assert_eq!(world.service.facts().await, facts);
    let dry = pb::ImportMapRequest { dry_run: true, request_id: request_id(), ..request.clone() };
    assert_eq!(told(&world.ada.import_map_as(dry).await.unwrap()), Vec::<String>::new());
    let other = pb::ImportMapRequest { yaml: "teams: []".into(), ..request };
    assert_eq!(world.ada.import_map_as(other).await.unwrap_err().reason, "REQUEST_ID_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_at_once_end_as_one_after_the_other() {
    let world = World::new().await;
    let calls = (0..8).map(|number| {
        let ada = world.ada.clone();
        let yaml = format!("{NEW}  - {{id: w{number}, routes: [review]}}\n");
        tokio::spawn(async move { ada.import_map(&yaml).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    let text = world.sam.export_map(MapFormat::Yaml, "").await.unwrap();
    assert!((0..8).all(|number| text.contains(&format!("id: w{number}\n"))), "{text}");
    assert_eq!(world.otto.get_route("review").await.unwrap().revision, 2, "made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_of_new_terms_must_be_there_and_standing_ones_are_not_asked_for() {
    let mut world = World::with_template().await;
    let of = |template: &str| {
        format!("routes:\n  - {{id: {ROUTE}, terms: {{template_id: {template}, template_version: 7}}}}\n")
    };
    let refused = world.ada.import_map(&of(ROUTE)).await.unwrap_err();
    assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["routes[0].terms.template_id".to_owned()]));
    let text = world.sam.export_map(MapFormat::Yaml, "").await.unwrap();
    world.stop_templates().await;
    assert_eq!(told(&world.ada.import_map(&text).await.unwrap()), Vec::<String>::new(), "equal terms need no template");
    assert_eq!(why(&world.ada.import_map(&of("other")).await.unwrap_err()), (Code::Unavailable, "AWAY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_sets_terms_as_an_administrator_does() {
    let world = World::new().await;
    world.anna.propose(proposed(30)).await.unwrap();
    world.ada.import_map(&format!("routes:\n  - {{id: {ROUTE}, terms: {{read_back: REQUIRED}}}}\n")).await.unwrap();
    let route = world.sam.get_route(ROUTE).await.unwrap();
    assert_eq!(route.proposal.unwrap().state(), pb::TermsProposalState::Lapsed);
    assert_eq!(route.terms.unwrap().version, 2);
    let retire = format!("routes:\n  - {{id: {ROUTE}, status: RETIRED}}\n");
    assert_eq!(told(&world.ada.import_map(&retire).await.unwrap()), [format!("~ {ROUTE} status")]);
    let back = format!("routes:\n  - {{id: {ROUTE}, status: ACTIVE}}\n");
    assert_eq!(world.ada.import_map(&back).await.unwrap_err().fields, ["routes[0].status"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawing_shows_what_is_in_use() {
    let world = World::new().await;
    world.ada.import_map(NEW).await.unwrap();
    world.crm.create(crate::requests::create_between("implementation", "sales")).await.unwrap();
    insta::assert_snapshot!(world.otto.export_map(MapFormat::Mermaid, "").await.unwrap(), @r#"
    flowchart LR
      t0["implementation"]
      t1["Legal"]
      t2["sales"]
      t0 -.->|"implementation-to-sales"| t2
      t2 -->|"review"| t1
      t2 -->|"Won deal to project"| t0
      %% workflow deals
      linkStyle 1 stroke:#1f77b4,stroke-width:3px
    "#);
}

/// As many teams and routes as the incident data has.
fn large(owner: &str) -> String {
    let mut text = String::from("teams:\n");
    for n in 0..570 {
        let _ = writeln!(text, "  - {{id: team-{n}, display_name: Team {n}, escalation_contact: office}}");
    }
    text.push_str("routes:\n");
    for n in 0..1_634 {
        let (from, to) = (n % 570, (n % 570 + 1 + n / 570 * 7) % 570);
        let about = format!("owner: {owner}, information: what was done and what is left");
        let _ = writeln!(
            text,
            "  - {{id: r-{n}, from_team: team-{from}, to_team: team-{to}, {about}, terms: {{sla_policy_id: usual}}}}"
        );
    }
    text.push_str("workflows:\n  - {id: w, routes: [r-0, r-1, r-2]}\n");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_map_of_570_teams_and_1634_routes_comes_in_within_the_deadline() {
    let world = World::empty().await;
    let mut took = vec![];
    for (owner, changes) in [("anna", 570 + 1_634 + 1), ("bo", 1_634), ("bo", 0)] {
        let started = Instant::now();
        let answer = world.ada.import_map(&large(owner)).await.unwrap();
        took.push(started.elapsed().as_millis());
        assert_eq!(answer.changes.len(), changes);
    }
    assert_eq!(world.service.facts().await, 570 + 2 * 1_634 + 1 + 1_634);
    let started = Instant::now();
    let text = world.sam.export_map(MapFormat::Yaml, "").await.unwrap();
    took.push(started.elapsed().as_millis());
    let started = Instant::now();
    let answer = world.sam.check_map("").await.unwrap();
    took.push(started.elapsed().as_millis());
    assert_eq!(answer.findings.len(), 1_000, "a page of them");
    println!("made, changed, the same, exported, checked: {took:?} ms; {} bytes", text.len());
    assert_eq!(told(&world.ada.import_map(&text).await.unwrap()), Vec::<String>::new());
}
