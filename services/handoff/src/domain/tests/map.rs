//! The map as a whole: what is wrong with it, and what an import makes of it.

use std::collections::BTreeMap;

use kernel::Role;
use proptest::prelude::*;
use uuid::Uuid;

use super::fixture::{admin, at, person, service, team};
use crate::domain::{
    Refused, Route, RouteId, Team, TeamId, Workflow,
    map::{
        Code, Document, Finding, Map, Plan, RouteEntry, Severity, Subject, TeamEntry, TemplateState, Templates,
        WorkflowEntry, check, flowchart, plan,
    },
    route::{self, About, Propose, SetTerms, Status, TemplateChoice, Trigger},
    team as teams, workflow,
};

const DAY_SECONDS: i64 = 86_400;

fn id(text: &str) -> RouteId {
    text.parse().unwrap()
}

/// A team that nothing is wrong with.
fn a_team(name: &str) -> Team {
    let escalation_contact = Some("the office".to_owned());
    let create =
        teams::Create { id: team(name), display_name: None, members: vec![], escalation_contact, calendar_id: None };
    Team::create(&admin(), create, at(0)).unwrap().0
}

fn template(version: Option<i32>) -> TemplateChoice {
    TemplateChoice { id: "deal".parse().unwrap(), version }
}

/// A route that nothing is wrong with.
fn a_route(from: &str, to: &str) -> Route {
    let trigger = Trigger { description: "a deal is won".to_owned(), event_type: None };
    let about = About { owner: Some("anna".to_owned()), trigger, ..About::default() };
    let create = route::Create { id: id(&format!("{from}-{to}")), from_team: team(from), to_team: team(to), about };
    let (mut route, _) = Route::create(&admin(), create, at(0)).unwrap();
    let terms = SetTerms {
        template: Some(template(None)),
        sla_policy_id: Some("usual".parse().unwrap()),
        ..SetTerms::default()
    };
    route.set_terms(&admin(), terms, at(0)).unwrap();
    route
}

fn a_workflow(name: &str, routes: &[&Route]) -> Workflow {
    let chain = routes.iter().map(|route| route.id.clone()).collect();
    let create = workflow::Create { id: name.parse().unwrap(), name: None, routes: chain };
    Workflow::create(&admin(), create, &routes.iter().copied().collect(), at(0)).unwrap().0
}

/// A map of these routes and their teams.
fn map_of(routes: Vec<Route>) -> Map {
    let names: std::collections::BTreeSet<_> =
        routes.iter().flat_map(|route| [route.from_team.clone(), route.to_team.clone()]).collect();
    let teams = names.iter().map(|name| a_team(name.as_str())).collect();
    Map::new(teams, routes, vec![])
}

fn usable() -> Templates {
    [(template(None), TemplateState::Usable)].into()
}

fn told(findings: &[Finding]) -> Vec<String> {
    let subject = |subject: &Subject| match subject {
        Subject::Team(id) => id.to_string(),
        Subject::Route(id) => id.to_string(),
        Subject::Workflow(id) => id.to_string(),
    };
    findings.iter().map(|it| format!("{} {} {}", it.code.severity(), it.code, subject(&it.subject))).collect()
}

fn found(map: &Map) -> Vec<String> {
    told(&check(map, &usable(), at(0)))
}

/// The map with one of its routes changed.
fn with(mut map: Map, route: &str, change: impl FnOnce(&mut Route)) -> Map {
    change(map.routes.get_mut(&id(route)).unwrap());
    map
}

#[test]
fn nothing_is_wrong_with_a_map_that_is_whole() {
    assert_eq!(found(&map_of(vec![a_route("a", "b"), a_route("b", "c")])), Vec::<String>::new());
    assert_eq!(found(&Map::default()), Vec::<String>::new());
}

#[test]
fn each_gap_of_a_route_or_a_team_is_found_alone() {
    let whole = || map_of(vec![a_route("a", "b")]);
    let terms = |change: fn(&mut route::Terms)| with(whole(), "a-b", |route| change(route.terms.as_mut().unwrap()));
    let mut lonely = whole();
    lonely.teams.insert(team("c"), a_team("c"));
    let mut silent = whole();
    silent.teams.get_mut(&team("b")).unwrap().escalation_contact = None;
    let mut parallel = whole();
    parallel.routes.insert(id("z"), Route { id: id("z"), ..a_route("a", "b") });
    let cases = [
        (terms(|terms| terms.template = None), "WARNING ROUTE_WITHOUT_TEMPLATE a-b"),
        (terms(|terms| terms.sla_policy_id = None), "WARNING ROUTE_WITHOUT_POLICY a-b"),
        (with(whole(), "a-b", |route| route.about.owner = None), "WARNING ROUTE_WITHOUT_OWNER a-b"),
        (with(whole(), "a-b", |route| route.about.trigger = Trigger::default()), "INFO ROUTE_WITHOUT_TRIGGER a-b"),
        (with(whole(), "a-b", |route| route.status = Status::Discovered), "WARNING ROUTE_DISCOVERED_NEVER_MAPPED a-b"),
        (silent, "WARNING TEAM_WITHOUT_ESCALATION_CONTACT b"),
        (lonely, "INFO TEAM_ON_NO_ROUTE c"),
        (parallel, "INFO PARALLEL_ROUTES a-b"),
    ];
    for (map, wrong) in cases {
        assert_eq!(found(&map), [wrong]);
    }
    let bare = with(whole(), "a-b", |route| route.terms = None);
    assert_eq!(found(&bare), ["WARNING ROUTE_WITHOUT_TEMPLATE a-b", "WARNING ROUTE_WITHOUT_POLICY a-b"]);
}

#[test]
fn a_retired_route_is_not_found_fault_with_but_its_teams_and_workflows_are() {
    let (ab, bc) = (a_route("a", "b"), a_route("b", "c"));
    let mut map = map_of(vec![ab.clone(), bc.clone()]);
    map.workflows.insert("chain".parse().unwrap(), a_workflow("chain", &[&ab, &bc]));
    let map = with(map, "b-c", |route| {
        route.about.owner = None;
        route.retire(&admin(), at(1)).unwrap();
    });
    assert_eq!(found(&map), ["ERROR WORKFLOW_WITH_RETIRED_ROUTE chain", "INFO TEAM_ON_NO_ROUTE c"]);
}

#[test]
fn each_way_in_which_a_template_is_not_usable_is_told() {
    let map = map_of(vec![a_route("a", "b")]);
    let cases = [
        (TemplateState::Retired, "ERROR RETIRED_TEMPLATE_IN_USE a-b"),
        (TemplateState::Absent, "ERROR RETIRED_TEMPLATE_IN_USE a-b"),
        (TemplateState::TooNew(9), "ERROR TEMPLATE_TOO_NEW a-b"),
        (TemplateState::Unknown, "WARNING TEMPLATE_NOT_CHECKED a-b"),
    ];
    for (state, wrong) in cases {
        assert_eq!(told(&check(&map, &[(template(None), state)].into(), at(0))), [wrong]);
    }
    assert_eq!(told(&check(&map, &Templates::new(), at(0))), ["WARNING TEMPLATE_NOT_CHECKED a-b"], "never looked up");
}

#[test]
fn a_proposal_is_found_once_it_has_waited_for_14_days() {
    let lead = person("anna", &[("a", Role::Lead)]);
    let map = with(map_of(vec![a_route("a", "b")]), "a-b", |route| {
        let propose = Propose { side: None, terms: SetTerms::default(), reason: String::new() };
        route.propose_terms(&lead, Uuid::nil().into(), propose, at(0)).unwrap();
    });
    let on_day = |days: i64| told(&check(&map, &usable(), at(days * DAY_SECONDS)));
    assert_eq!(on_day(13), Vec::<String>::new());
    assert_eq!(on_day(14), ["INFO PROPOSAL_UNANSWERED a-b"]);
}

#[test]
fn a_circle_of_teams_is_found_once_with_its_shortest_way_round() {
    let ways = [("d", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("x", "y"), ("y", "x")];
    let map = map_of(ways.iter().map(|(from, to)| a_route(from, to)).collect());
    let circles = check(&map, &usable(), at(0));
    assert_eq!(told(&circles), ["WARNING CYCLE a", "WARNING CYCLE x"]);
    let teams = |finding: &Finding| finding.teams.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!((teams(&circles[0]), teams(&circles[1])), ("a b c d".to_owned(), "x y".to_owned()));
    assert_eq!(circles[0].message, "a, b, c and d hand over in a circle; the shortest way round is a -> b -> c -> a");
}

#[test]
fn findings_stand_in_the_order_of_their_severity() {
    let codes: Vec<Severity> = Code::ALL.iter().map(|code| code.severity()).collect();
    assert!(codes.is_sorted());
}

/// Whether each of two teams is reached from the other, found the slow way.
fn reaches(map: &Map, from: &TeamId, to: &TeamId) -> bool {
    let mut seen = vec![from.clone()];
    let mut next = 0;
    while let Some(at) = seen.get(next).cloned() {
        next += 1;
        let ends = map.routes.values().filter(|route| route.from_team == at).map(|route| route.to_team.clone());
        for end in ends.collect::<Vec<_>>() {
            if end == *to {
                return true;
            }
            if !seen.contains(&end) {
                seen.push(end);
            }
        }
    }
    false
}

proptest! {
    #[test]
    fn circles_hold_exactly_the_teams_that_reach_each_other(
        ways in proptest::collection::btree_set((0_u8..9, 0_u8..9), 0..20),
    ) {
        let ways = ways.into_iter().filter(|(from, to)| from != to);
        let map = map_of(ways.map(|(from, to)| a_route(&format!("t{from}"), &format!("t{to}"))).collect());
        let circles: Vec<_> =
            check(&map, &usable(), at(0)).into_iter().filter(|finding| finding.code == Code::Cycle).collect();
        for one in map.teams.keys() {
            for other in map.teams.keys().filter(|other| *other != one) {
                let together = circles.iter().filter(|circle| circle.teams.contains(one) && circle.teams.contains(other));
                let expected = usize::from(reaches(&map, one, other) && reaches(&map, other, one));
                prop_assert_eq!(together.count(), expected, "{} {}", one, other);
            }
        }
    }
}

/// A map as large as the incident data: 570 teams, 1,634 routes, one giant circle among them.
fn large() -> Map {
    let routes = (0..1_634_usize).map(|n| {
        let from = n % 570;
        let to = (from + 1 + n / 570 * 7) % 570;
        let (from, to) = (format!("team-{from}"), format!("team-{to}"));
        Route { id: id(&format!("r-{n}")), ..a_route(&from, &to) }
    });
    map_of(routes.collect())
}

#[test]
fn a_map_of_570_teams_and_1634_routes_is_checked_whole() {
    let map = large();
    assert_eq!((map.teams.len(), map.routes.len()), (570, 1_634));
    let findings = check(&map, &usable(), at(0));
    let circles: Vec<_> = findings.iter().filter(|finding| finding.code == Code::Cycle).collect();
    assert_eq!((circles.len(), circles[0].teams.len()), (1, 570));
    assert!(circles[0].message.len() < 1_000, "what is told is bounded: {}", circles[0].message);
}

#[test]
fn a_chain_without_end_does_not_exhaust_the_stack() {
    let map = map_of((0..5_000).map(|n| a_route(&format!("t{n}"), &format!("t{}", n + 1))).collect());
    assert_eq!(found(&map), Vec::<String>::new());
}

fn entry(route: &str) -> RouteEntry {
    RouteEntry { id: id(route), from_team: None, to_team: None, status: None, edits: vec![], terms: None }
}

fn between(route: &str, from: &str, to: &str) -> RouteEntry {
    RouteEntry { from_team: Some(team(from)), to_team: Some(team(to)), ..entry(route) }
}

fn team_entry(name: &str) -> TeamEntry {
    TeamEntry { id: team(name), edits: vec![] }
}

fn chain(name: &str, routes: &[&str]) -> WorkflowEntry {
    let routes = Some(routes.iter().map(|route| id(route)).collect());
    WorkflowEntry { id: name.parse().unwrap(), name: None, routes }
}

fn planned(map: &Map, document: &Document) -> Result<Plan, Refused> {
    plan(&admin(), map, document, None, at(100))
}

/// The places of all mistakes.
fn mistakes(map: &Map, document: &Document) -> Vec<String> {
    let Err(Refused::Invalid(violations)) = planned(map, document) else { panic!("no mistake") };
    violations.into_iter().map(|wrong| wrong.field).collect()
}

/// The facts that a plan makes of each thing.
fn facts(plan: &Plan) -> BTreeMap<String, Vec<&'static str>> {
    let teams = plan.teams.iter().map(|it| {
        let facts = it.steps.iter().flat_map(|(_, facts)| facts.iter().map(|fact| fact.name())).collect();
        (it.steps[0].0.id.to_string(), facts)
    });
    let routes = plan.routes.iter().map(|it| {
        let facts = it.steps.iter().flat_map(|(_, facts)| facts.iter().map(route::Fact::name)).collect();
        (it.steps[0].0.id.to_string(), facts)
    });
    let workflows = plan.workflows.iter().map(|it| {
        let facts = it.steps.iter().flat_map(|(_, facts)| facts.iter().map(|fact| fact.name())).collect();
        (it.steps[0].0.id.to_string(), facts)
    });
    teams.chain(routes).chain(workflows).collect()
}

#[test]
fn only_an_administrator_brings_a_map_in() {
    for who in [person("lena", &[("a", Role::Lead)]), service("crm", &[])] {
        let refused = plan(&who, &Map::default(), &Document::default(), None, at(0)).unwrap_err();
        assert_eq!(refused.reason(), "ADMIN_ONLY");
    }
}

#[test]
fn an_import_makes_what_is_missing_in_ordinary_facts() {
    let terms = Some(SetTerms { return_window_seconds: 60, ..SetTerms::default() });
    let document = Document {
        teams: vec![team_entry("b"), team_entry("a")],
        routes: vec![
            RouteEntry { terms: terms.clone(), ..between("new", "a", "b") },
            RouteEntry { status: Some(Status::Discovered), ..between("seen", "b", "a") },
            RouteEntry { status: Some(Status::Retired), terms, ..between("old", "a", "b") },
        ],
        workflows: vec![chain("round", &["new", "seen"])],
    };
    let plan = planned(&Map::default(), &document).unwrap();
    let expected: BTreeMap<_, _> = [
        ("a", vec!["team_created"]),
        ("b", vec!["team_created"]),
        ("new", vec!["route_created", "terms_set"]),
        ("seen", vec!["route_discovered"]),
        ("old", vec!["route_created", "terms_set", "route_retired"]),
        ("round", vec!["workflow_created"]),
    ]
    .into_iter()
    .map(|(id, facts)| (id.to_owned(), facts))
    .collect();
    assert_eq!(facts(&plan), expected);
    let steps = &plan.routes.iter().find(|it| it.steps[0].0.id.as_str() == "old").unwrap().steps;
    assert_eq!(steps[0].0.terms, None, "each fact tells the route as it was right after it");
    assert!(plan.changes.iter().all(|change| change.is_new));
}

#[test]
fn an_import_changes_what_it_names_and_leaves_the_rest() {
    let map = map_of(vec![a_route("a", "b"), a_route("b", "c")]);
    let document = Document {
        teams: vec![TeamEntry { id: team("a"), edits: vec![teams::Edit::DisplayName("Alpha".to_owned())] }],
        routes: vec![RouteEntry { edits: vec![route::Edit::Owner(Some("bo".to_owned()))], ..entry("a-b") }],
        workflows: vec![],
    };
    let plan = planned(&map, &document).unwrap();
    let changed: Vec<_> = plan.changes.iter().flat_map(|change| &change.fields).collect();
    let told: Vec<_> = changed.iter().map(|it| (it.field, it.before.as_str(), it.after.as_str())).collect();
    assert_eq!(told, [("display_name", "a", "Alpha"), ("owner", "anna", "bo")]);
    let left = plan.untouched;
    assert_eq!((left.teams, left.routes, left.workflows), (2, 1, 0));
    let (after, _) = plan.routes[0].steps.last().unwrap();
    assert_eq!(after.terms, map.routes[&id("a-b")].terms, "terms that the text leaves out stay");
}

#[test]
fn an_import_moves_a_route_forward_and_never_back() {
    let stands = |status| with(map_of(vec![a_route("a", "b")]), "a-b", |route| route.status = status);
    let wants = |status| Document { routes: vec![RouteEntry { status, ..entry("a-b") }], ..Document::default() };
    let outcome = |from, to| match planned(&stands(from), &wants(to)) {
        Ok(plan) => facts(&plan).into_values().flatten().collect::<Vec<_>>().join(" "),
        Err(Refused::Invalid(wrong)) => wrong[0].field.clone(),
        Err(other) => panic!("{other}"),
    };
    let (discovered, active, retired) = (Status::Discovered, Status::Active, Status::Retired);
    for status in [discovered, active, retired] {
        assert_eq!(outcome(status, None), "", "a status that is left out stays");
        assert_eq!(outcome(status, Some(status)), "");
    }
    assert_eq!(outcome(discovered, Some(active)), "route_updated");
    assert_eq!(outcome(discovered, Some(retired)), "route_retired");
    assert_eq!(outcome(active, Some(retired)), "route_retired");
    for (from, to) in [(active, discovered), (retired, active), (retired, discovered)] {
        assert_eq!(outcome(from, Some(to)), "routes[0].status");
    }
    let other = RouteEntry { edits: vec![route::Edit::Owner(None)], ..entry("a-b") };
    let document = Document { routes: vec![other], ..Document::default() };
    assert_eq!(mistakes(&stands(retired), &document), ["routes[0]"]);
}

#[test]
fn every_mistake_of_a_text_is_told_with_its_place() {
    let map = map_of(vec![a_route("a", "b"), a_route("b", "c")]);
    let window = Some(SetTerms { return_window_seconds: -1, ..SetTerms::default() });
    let document = Document {
        teams: vec![team_entry("new"), team_entry("new")],
        routes: vec![
            entry("unknown"),
            between("lost", "a", "nowhere"),
            between("self", "new", "new"),
            between("a-b", "a", "c"),
            RouteEntry { terms: window, ..entry("b-c") },
            entry("b-c"),
        ],
        workflows: vec![chain("gap", &["b-c", "a-b", "nothing", "b-c"]), chain("empty", &[])],
    };
    assert_eq!(
        mistakes(&map, &document),
        [
            "teams[1].id",
            "routes[5].id",
            "routes[3].to_team",
            "routes[4].terms.return_window",
            "routes[1].to_team",
            "routes[2].to_team",
            "routes[0].from_team",
            "routes[0].to_team",
            "workflows[1].routes",
            "workflows[0].routes[1]",
            "workflows[0].routes[2]",
            "workflows[0].routes[3]",
        ]
    );
}

#[test]
fn more_mistakes_than_an_answer_has_room_for_are_counted() {
    let routes = (0..500).map(|n| entry(&format!("r{n}"))).collect();
    let fields = mistakes(&Map::default(), &Document { routes, ..Document::default() });
    assert_eq!((fields.len(), fields.last().map(String::as_str)), (31, Some("yaml")));
}

#[test]
fn an_import_asks_only_for_templates_that_newly_set_terms_name() {
    let map = map_of(vec![a_route("a", "b"), a_route("b", "c")]);
    let same = map.routes[&id("a-b")].terms_in_force();
    let other = SetTerms { template: Some(template(Some(2))), ..SetTerms::default() };
    let document = Document {
        routes: vec![RouteEntry { terms: same, ..entry("a-b") }, RouteEntry { terms: Some(other), ..entry("b-c") }],
        ..Document::default()
    };
    let first = planned(&map, &document).unwrap();
    assert_eq!(first.templates, [template(Some(2))].into());
    for state in [TemplateState::Retired, TemplateState::Absent, TemplateState::TooNew(9)] {
        let refused = plan(&admin(), &map, &document, Some(&[(template(Some(2)), state)].into()), at(0)).unwrap_err();
        let Refused::Invalid(wrong) = refused else { panic!("{refused}") };
        assert_eq!(wrong[0].field, "routes[1].terms.template_id");
    }
}

#[test]
fn an_import_lets_an_open_proposal_lapse_as_an_administrator_does() {
    let map = with(map_of(vec![a_route("a", "b")]), "a-b", |route| {
        let propose = Propose { side: None, terms: SetTerms::default(), reason: String::new() };
        route.propose_terms(&person("anna", &[("a", Role::Lead)]), Uuid::nil().into(), propose, at(0)).unwrap();
    });
    let terms = Some(SetTerms { return_window_seconds: 60, ..SetTerms::default() });
    let document = Document { routes: vec![RouteEntry { terms, ..entry("a-b") }], ..Document::default() };
    let plan = planned(&map, &document).unwrap();
    assert_eq!(plan.routes[0].steps[0].1, [route::Fact::TermsSet { lapsed: Some(Uuid::nil().into()) }]);
}

#[test]
fn a_workflow_follows_its_routes_and_keeps_one_that_was_retired_meanwhile() {
    let (ab, bc, ca) = (a_route("a", "b"), a_route("b", "c"), a_route("c", "a"));
    let mut workflow = a_workflow("chain", &[&ab, &bc]);
    let mut retired = ab.clone();
    retired.retire(&admin(), at(1)).unwrap();
    let known = [&retired, &bc, &ca].into_iter().collect();
    let over = |routes: &[&Route]| vec![workflow::Edit::Routes(routes.iter().map(|route| route.id.clone()).collect())];
    assert_eq!(workflow.update(&admin(), over(&[&ab, &bc, &ca]), &known), Ok(vec![workflow::Fact::Updated]));
    assert_eq!(workflow.update(&admin(), over(&[&ab, &bc, &ca]), &known), Ok(vec![]));
    assert_eq!(workflow.update(&admin(), over(&[&bc]), &known), Ok(vec![workflow::Fact::Updated]));
    assert_eq!(workflow.update(&admin(), over(&[&ab]), &known).unwrap_err().reason(), "INVALID_REQUEST");
    let lead = person("lena", &[("a", Role::Lead)]);
    assert_eq!(workflow.update(&lead, vec![], &known).unwrap_err().reason(), "ADMIN_ONLY");
}

#[test]
fn what_is_around_a_team_are_its_routes_and_the_workflows_over_them_alone() {
    let (ab, bc, cd) = (a_route("a", "b"), a_route("b", "c"), a_route("c", "d"));
    let mut map = map_of(vec![ab.clone(), bc.clone(), cd.clone()]);
    map.workflows.insert("near".parse().unwrap(), a_workflow("near", &[&ab, &bc]));
    map.workflows.insert("far".parse().unwrap(), a_workflow("far", &[&bc, &cd]));
    let near = map.around(&team("b"));
    let names: Vec<_> = near.teams.keys().map(ToString::to_string).collect();
    assert_eq!((names, near.routes.len(), near.workflows.len()), (vec!["a".into(), "b".into(), "c".into()], 2, 1));
}

#[test]
fn a_flowchart_draws_discovered_routes_dashed_and_leaves_retired_ones_out() {
    let (ab, bc) = (a_route("a", "b"), a_route("b", "c"));
    let mut map = map_of(vec![ab.clone(), bc.clone(), a_route("c", "a"), a_route("a", "end")]);
    map.workflows.insert("chain".parse().unwrap(), a_workflow("chain", &[&ab, &bc]));
    map.teams.get_mut(&team("a")).unwrap().display_name = "\"A\" & <b>; %%{init}".to_owned();
    let map = with(map, "c-a", |route| route.status = Status::Discovered);
    let map = with(map, "a-end", |route| route.status = Status::Retired);
    insta::assert_snapshot!(flowchart(&map), @r##"
    flowchart LR
      t0["#34;A#34; #38; #60;b#62;#59; #37;#37;#123;init#125;"]
      t1["b"]
      t2["c"]
      t3["end"]
      t0 -->|"a-b"| t1
      t1 -->|"b-c"| t2
      t2 -.->|"c-a"| t0
      %% workflow chain
      linkStyle 0,1 stroke:#1f77b4,stroke-width:3px
    "##);
}
