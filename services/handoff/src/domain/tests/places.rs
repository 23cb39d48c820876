//! Teams and routes: who may change them, and what changes nothing.

use kernel::{Actor, Principal, Role};

use super::fixture::{admin, at, person, principal, sales_to_delivery, service, team};
use crate::domain::{
    Refused, Route, RouteId, Team,
    route::{self, KeptTerms, ReadBack, SetTerms, Status},
    team::{self, Member, MemberRole},
};

fn lead(of: &str) -> Actor {
    person("lena", &[(of, Role::Lead)])
}

fn importer() -> Actor {
    Actor::Principal(Principal { is_importer: true, ..principal("importer", &[]) })
}

fn new_team(members: &[&str]) -> team::Create {
    let member = |name: &&str| Member { principal: (*name).to_owned(), role: MemberRole::Member };
    team::Create {
        id: team("sales"),
        display_name: None,
        members: members.iter().map(member).collect(),
        escalation_contact: None,
        calendar_id: None,
    }
}

fn new_route(to: &str) -> route::Create {
    let about = route::About::default();
    route::Create { id: "r".parse().unwrap(), from_team: team("sales"), to_team: team(to), about }
}

fn terms(seconds: i64) -> SetTerms {
    SetTerms { read_back: ReadBack::Required, return_window_seconds: seconds, ..SetTerms::default() }
}

#[test]
fn an_administrator_creates_a_team_named_as_its_id() {
    let (team, facts) = Team::create(&admin(), new_team(&[]), at(0)).unwrap();
    assert_eq!((team.display_name.as_str(), facts.as_slice()), ("sales", [team::Fact::Created].as_slice()));
    assert_eq!(Team::create(&lead("sales"), new_team(&[]), at(0)).unwrap_err().reason(), "ADMIN_ONLY");
}

#[test]
fn everybody_is_in_a_team_once() {
    let Err(Refused::Invalid(violations)) = Team::create(&admin(), new_team(&["a", "b", "a", "b"]), at(0)) else {
        panic!("no violation")
    };
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["members[2].principal", "members[3].principal"]);
}

#[test]
fn a_lead_changes_its_own_team_and_no_other() {
    let (mut team, _) = Team::create(&admin(), new_team(&[]), at(0)).unwrap();
    let rename = || vec![team::Edit::DisplayName("Sales".to_owned())];
    assert_eq!(team.update(&lead("delivery"), rename()).unwrap_err().reason(), "LEAD_ONLY");
    assert_eq!(team.update(&person("m", &[("sales", Role::Member)]), rename()).unwrap_err().reason(), "LEAD_ONLY");
    assert_eq!(team.update(&lead("sales"), rename()), Ok(vec![team::Fact::Updated]));
    assert_eq!(team.update(&lead("sales"), rename()), Ok(vec![]), "renaming to the same name is no fact");
}

#[test]
fn a_lead_of_either_side_maps_a_route() {
    for of in ["sales", "delivery"] {
        let (route, facts) = Route::create(&lead(of), new_route("delivery"), at(0)).unwrap();
        assert_eq!((route.status, facts.as_slice()), (Status::Active, [route::Fact::Created].as_slice()));
    }
    assert_eq!(Route::create(&lead("support"), new_route("delivery"), at(0)).unwrap_err().reason(), "LEAD_ONLY");
    assert_eq!(Route::create(&admin(), new_route("sales"), at(0)).unwrap_err().reason(), "INVALID_REQUEST");
}

#[test]
fn a_service_or_an_importer_discovers_a_route_and_a_lead_of_either_side_promotes_it() {
    let discover = |by: &Actor| Route::discover(by, "r".parse().unwrap(), team("sales"), team("delivery"), at(0));
    assert_eq!(discover(&lead("sales")).unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(discover(&importer()).unwrap().1, [route::Fact::Discovered]);
    let (mut route, _) = discover(&service("crm", &[])).unwrap();
    let named = vec![route::Edit::Name("Deals".to_owned())];
    assert_eq!(route.update(&lead("sales"), named), Ok(vec![route::Fact::Updated]));
    assert_eq!(route.status, Status::Discovered, "whoever describes it has not said that it is in use");
    assert_eq!(route.promote(&lead("support")).unwrap_err().reason(), "LEAD_ONLY");
    assert_eq!(route.promote(&lead("delivery")), Ok(vec![route::Fact::Updated]));
    assert_eq!(route.status, Status::Active);
    assert_eq!(route.promote(&lead("sales")), Ok(vec![]), "promoting again changes nothing");
}

#[test]
fn a_retired_route_changes_no_more() {
    let mut route = sales_to_delivery();
    assert_eq!(route.retire(&lead("delivery"), at(1)), Ok(vec![route::Fact::Retired { lapsed: None }]));
    assert_eq!(route.retire(&lead("sales"), at(2)), Ok(vec![]), "retiring again changes nothing");
    assert_eq!(route.promote(&lead("sales")).unwrap_err().reason(), "ROUTE_RETIRED");
    assert_eq!(route.update(&lead("sales"), vec![]).unwrap_err().reason(), "ROUTE_RETIRED");
    assert_eq!(route.set_terms(&admin(), terms(1), at(1)).unwrap_err().reason(), "ROUTE_RETIRED");
}

#[test]
fn terms_are_versioned_and_equal_terms_change_nothing() {
    let (mut route, _) = Route::create(&admin(), new_route("delivery"), at(0)).unwrap();
    assert_eq!(route.kept_terms(), KeptTerms::none());
    assert_eq!(route.set_terms(&lead("sales"), terms(60), at(1)).unwrap_err().reason(), "ADMIN_ONLY");
    assert_eq!(route.set_terms(&admin(), terms(60), at(1)), Ok(vec![route::Fact::TermsSet { lapsed: None }]));
    assert_eq!(route.set_terms(&admin(), terms(60), at(2)), Ok(vec![]));
    assert_eq!(route.set_terms(&admin(), terms(61), at(3)), Ok(vec![route::Fact::TermsSet { lapsed: None }]));
    let kept = KeptTerms { version: 2, read_back: ReadBack::Required, return_window_seconds: 61, ..KeptTerms::none() };
    assert_eq!(route.kept_terms(), kept);
    assert_eq!(route.set_terms(&admin(), terms(-1), at(4)).unwrap_err().reason(), "INVALID_REQUEST");
}

#[test]
fn a_pair_means_its_one_route_in_use() {
    let named = |id: &str, status| Route { id: id.parse().unwrap(), status, ..sales_to_delivery() };
    let of = |routes: Vec<Route>| route::of_pair(routes).map(|route| route.map(|route| route.id.to_string()));
    let (active, retired) = (named("a", Status::Active), named("z", Status::Retired));
    assert_eq!(of(vec![]), Ok(None));
    assert_eq!(of(vec![active.clone(), retired.clone()]), Ok(Some("a".to_owned())));
    assert_eq!(of(vec![retired.clone()]).unwrap_err().reason(), "ROUTE_RETIRED");
    let several = of(vec![named("b", Status::Discovered), active.clone()]).unwrap_err();
    assert_eq!(several.to_string(), "sales and delivery have several routes: a or b; give the route_id");
    let past = route::of_past(vec![named("b", Status::Retired), retired, active]).unwrap();
    assert_eq!(past.id.as_str(), "a", "history goes on a route in use, where there is one");
}

#[test]
fn a_pair_of_long_names_still_has_a_route_id() {
    let long = "a".repeat(63);
    let ids: Vec<_> = RouteId::of_pair(&team(&long), &team("b")).take(3).map(|id| id.to_string()).collect();
    assert!(ids.iter().all(|id| id.len() == 63), "{ids:?}");
    assert!(ids[1].ends_with("a-2") && ids[2].ends_with("a-3"));
    let short = RouteId::of_pair(&team("sales"), &team("delivery")).next().unwrap();
    assert_eq!(short.as_str(), "sales-to-delivery");
}
