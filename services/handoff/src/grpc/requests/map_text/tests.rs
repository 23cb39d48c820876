//! Texts of maps: what is written is read again as it was, and what is wrong with one is told.

use kernel::{Actor, Kind, Principal, Timestamp};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::domain::{
    Route, RouteId, Team, TeamId, Workflow, WorkflowId,
    map::{Planned, plan},
    route::{About, Risk, TemplateChoice, Trigger},
    team::Member,
    workflow,
};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn admin() -> Actor {
    Actor::Principal(Principal {
        name: "ada".to_owned(),
        kind: Kind::User,
        teams: [].into(),
        is_admin: true,
        is_reader: false,
        is_importer: false,
    })
}

/// The document, or the places and words of all mistakes.
fn document(text: &str) -> Result<Document, String> {
    let mut fields = Fields::default();
    let document = read(&mut fields, text);
    let wrong: Vec<_> = fields.violations().iter().map(|it| format!("{}: {}", it.field, it.description)).collect();
    if wrong.is_empty() { Ok(document.expect("a document without a mistake")) } else { Err(wrong.join("\n")) }
}

/// A stored text: anything but NUL, trimmed, of at most so many characters.
fn words(max: usize) -> impl Strategy<Value = String> {
    let nasty = [
        "no",
        "~",
        "null",
        "1e3",
        "0x1F",
        "2026-01-01",
        "- a",
        "a: b",
        "# a",
        "'",
        "\"",
        "{}",
        "[",
        "|",
        ">",
        "&a",
        "*a",
        "!!str",
        "%YAML",
        "a\nb",
        "a\n\n  b",
        "\u{7}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{1F600}",
        "---",
        "...",
        "<<",
        "a\tb",
        "a\r\nb",
        "\\n",
        "=",
        "?",
        "@",
        "`",
    ];
    prop_oneof![select(nasty.to_vec()).prop_map(str::to_owned), any::<String>(), "[ -~]{0,40}"].prop_map(move |text| {
        let text: String = text.replace('\0', "").chars().take(max).collect();
        text.trim().to_owned()
    })
}

fn some_words() -> impl Strategy<Value = Option<String>> {
    words(200).prop_map(|text| (!text.is_empty()).then_some(text))
}

prop_compose! {
    fn a_team(index: usize)(
        name in words(200),
        calendar in option::of("[a-z][a-z0-9-]{0,9}"),
        contact in some_words(),
        members in proptest::collection::btree_map("[a-z@. ]{1,9}[a-z]", any::<bool>(), 0..3),
    ) -> Team {
        let role = |leads: bool| if leads { MemberRole::Lead } else { MemberRole::Member };
        let name = if name.is_empty() { "team".to_owned() } else { name };
        let member = |(name, leads): (String, bool)| Member { principal: name.trim().to_owned(), role: role(leads) };
        let mut members: Vec<_> = members.into_iter().map(member).collect();
        members.sort_by(|a, b| a.principal.cmp(&b.principal));
        members.dedup_by(|a, b| a.principal == b.principal);
        let create = team::Create {
            id: format!("t{index}").parse().unwrap(),
            display_name: Some(name),
            members,
            escalation_contact: contact,
            calendar_id: calendar.map(|id| id.parse().unwrap()),
        };
        Team::create(&admin(), create, NOW).unwrap().0
    }
}

prop_compose! {
    fn terms()(
        template in option::of(("[a-z][a-z-]{0,9}", option::of(1_i32..9))),
        policy in option::of("[a-z][a-z0-9-]{0,9}"),
        rule in select(vec!["attempt >= 3", "priority == \"URGENT\"", "first_time_pair || attempt > 1", "true"]),
        read_back in select(ReadBack::ALL.to_vec()),
        return_window_seconds in 0_i64..=366 * 86_400,
    ) -> SetTerms {
        let template = template.map(|(id, version)| TemplateChoice { id: id.parse().unwrap(), version });
        let sla_policy_id = policy.map(|id| id.parse().unwrap());
        SetTerms { template, sla_policy_id, review_rule: rule.to_owned(), read_back, return_window_seconds }
    }
}

prop_compose! {
    fn a_route(index: usize)(
        (name, owner, information) in (words(200), some_words(), words(500)),
        (description, event_type) in (words(500), some_words()),
        risks in vec((select(RiskKind::ALL.to_vec()), words(200)), 0..3),
        review_every_seconds in 86_400_i64..3_660 * 86_400,
        terms in option::of(terms()),
        status in select(Status::ALL.to_vec()),
    ) -> Route {
        let risks = risks.into_iter().map(|(kind, note)| Risk { kind, note }).collect();
        let trigger = Trigger { description, event_type };
        let about = About { name, owner, information, trigger, risks, review_every_seconds };
        let (id, from_team) = (format!("r{index}").parse().unwrap(), format!("t{index}").parse().unwrap());
        let to_team = format!("t{}", index + 1).parse().unwrap();
        let create = route::Create { id, from_team, to_team, about };
        let (mut route, _) = Route::create(&admin(), create, NOW).unwrap();
        if let Some(terms) = terms {
            route.set_terms(&admin(), terms, NOW).unwrap();
        }
        Route { status, ..route }
    }
}

prop_compose! {
    fn a_map()(teams in (a_team(0), a_team(1), a_team(2)), routes in (a_route(0), a_route(1)), name in words(200)) -> Map {
        let routes = vec![routes.0, routes.1];
        let id: WorkflowId = "w".parse().unwrap();
        let chain: Vec<RouteId> = routes.iter().map(|route| route.id.clone()).collect();
        let name = (!name.is_empty()).then_some(name);
        let network = workflow::Network { takes_retired: true, ..routes.iter().collect() };
        let create = workflow::Create { id, name, routes: chain };
        let (workflow, _) = Workflow::create(&admin(), create, &network, NOW).unwrap();
        Map::new(vec![teams.0, teams.1, teams.2], routes, vec![workflow])
    }
}

/// How everything stands after a plan.
fn last<T: Clone, F>(planned: &[Planned<T, F>]) -> Vec<T> {
    planned.iter().map(|it| it.steps.last().expect("a plan has steps").0.clone()).collect()
}

proptest! {
    #[test]
    fn importing_an_export_changes_nothing_and_elsewhere_makes_the_same(map in a_map()) {
        let text = to_yaml(&map);
        let document = document(&text).map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{text}")))?;
        let here = plan(&admin(), &map, &document, None, NOW).unwrap();
        prop_assert_eq!(here.changes, vec![]);
        prop_assert_eq!(here.untouched, map::Untouched::default());
        let elsewhere = plan(&admin(), &Map::default(), &document, None, NOW).unwrap();
        let made = Map::new(last(&elsewhere.teams), last(&elsewhere.routes), last(&elsewhere.workflows));
        prop_assert_eq!(to_yaml(&made), text);
    }

    #[test]
    fn no_text_is_a_defect(text in "(teams|routes|workflows|[-:{}\\[\\]&*! \n a-z0-9'\"]){0,60}") {
        let _ = document(&text);
    }
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text = "
teams:
  - {id: Sales, display_name: '', members: [{principal: '', role: BOSS}]}
  - {id: legal, calendar_id: Not A Slug}
routes:
  - {id: a, from_team: legal, to_team: '!', status: GONE, review_every: often, risks: [{kind: BAD}]}
  - {id: b, terms: {template_version: 2, review_rule: 'attempt >', read_back: MAYBE, return_window: 400d}}
  - {id: c, terms: {review_rule: 'attempt >'}}
workflows:
  - {id: '', name: '', routes: [a, '']}
";
    insta::assert_snapshot!(document(text).unwrap_err(), @r#"
    teams[0].id: not a slug: "Sales"; use 1 to 63 of a-z, 0-9 and '-', beginning with a letter
    teams[0].display_name: is required
    teams[0].members[0].role: is one of MEMBER, LEAD
    teams[0].members[0].principal: is required
    teams[1].calendar_id: not a slug: "Not A Slug"; use 1 to 63 of a-z, 0-9 and '-', beginning with a letter
    routes[0].to_team: not a slug: "!"; use 1 to 63 of a-z, 0-9 and '-', beginning with a letter
    routes[0].status: is one of DISCOVERED, ACTIVE, RETIRED
    routes[0].risks[0].kind: is one of INFORMATION_LOSS, DELAY, QUALITY, FINGER_POINTING
    routes[0].review_every: is a number with d, h, m or s, as 90d
    routes[1].terms.read_back: is one of NONE, REQUIRED
    routes[1].terms.template_version: is the version of no template; give its template_id
    routes[1].terms.review_rule: line 1, column 10: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
    routes[1].terms.return_window: must be 0 to 31622400 seconds, not 34560000
    routes[2].terms.review_rule: line 1, column 10: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
    workflows[0].id: is required: a slug, as sales-to-implementation
    workflows[0].name: is required
    workflows[0].routes[1]: is required: a slug, as sales-to-implementation
    "#);
}

#[test]
fn a_text_of_another_form_is_told_with_its_line() {
    for text in
        ["teams: 5", "routes:\n  - {id: a, colour: red}", "[", "teams:\n  - id: a\n    id: b\n", "--- {}\n--- {}\n"]
    {
        let wrong = document(text).unwrap_err();
        assert!(wrong.starts_with("yaml: "), "{text}: {wrong}");
    }
    let wrong = document("routes:\n  - {id: a, colour: red}").unwrap_err();
    assert!(wrong.contains("colour") && wrong.contains('2'), "{wrong}");
}

#[test]
fn what_is_left_out_is_not_touched_and_what_is_empty_is_emptied() {
    let document = document("routes:\n  - {id: a}\n  - {id: b, owner: ''}\n").unwrap();
    assert!(document.routes[0].edits.is_empty());
    assert!(matches!(document.routes[1].edits.as_slice(), [route::Edit::Owner(None)]));
}

#[test]
fn a_text_that_would_grow_or_has_no_bound_is_refused() {
    let anchored = "teams:\n  - &a {id: sales}\n  - *a\n";
    let bomb = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n";
    let deep = "[".repeat(100_000);
    for text in [anchored, bomb, deep.as_str()] {
        assert!(document(text).is_err());
    }
    let long = format!("# {}\nteams: []\n", "x".repeat(MAP_TEXT_MAX_BYTES));
    assert!(document(&long).unwrap_err().starts_with("yaml: TOO_LARGE"));
    let many = format!("workflows:\n{}", "- {}\n".repeat(MAP_WORKFLOWS_MAX + 1));
    assert!(document(&many).unwrap_err().starts_with("workflows: TOO_LARGE"));
}

#[test]
fn durations_are_read_as_they_are_written() {
    let read = |text: &str| span(&mut Fields::default(), "wait", text)?.map(|it| it.seconds);
    for seconds in [0, 1, 59, 60, 61, 3_600, 5_400, 86_400, 90 * 86_400, 31_622_400] {
        assert_eq!(read(&map::span(seconds)), Some(seconds));
    }
    for text in ["", "d", "-1d", "1.5d", "1w", "9223372036854775807d", "1 d x"] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn a_team_id_is_read_as_the_store_reads_it() {
    let document = document("teams:\n  - {id: sales}\n").unwrap();
    assert_eq!(document.teams[0].id, "sales".parse::<TeamId>().unwrap());
}
