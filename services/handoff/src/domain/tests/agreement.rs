//! Terms by agreement: who proposes, who decides, and how a proposal ends.

use kernel::{Actor, Role};
use uuid::Uuid;

use super::fixture::{admin, at, person, sales_to_delivery};
use crate::domain::{
    Refused, Route, Side,
    route::{Fact, ProposalId, ProposalState, Propose, ReadBack, SetTerms, Status},
};

fn anna() -> Actor {
    person("anna", &[("sales", Role::Lead)])
}

fn ivan() -> Actor {
    person("ivan", &[("delivery", Role::Lead)])
}

/// Leads both teams.
fn bea() -> Actor {
    person("bea", &[("sales", Role::Lead), ("delivery", Role::Lead)])
}

fn id(n: u128) -> ProposalId {
    Uuid::from_u128(n).into()
}

fn wish(days: i64) -> Propose {
    let terms = SetTerms { return_window_seconds: days * 86_400, ..SetTerms::default() };
    Propose { side: None, terms, reason: "more time".to_owned() }
}

/// A route on which Anna has proposed terms.
fn proposed() -> Route {
    let mut route = sales_to_delivery();
    let facts = route.propose_terms(&anna(), id(1), wish(30), at(10)).unwrap();
    assert_eq!(facts, [Fact::TermsProposed { replaced: None }]);
    route
}

fn state(route: &Route) -> ProposalState {
    route.proposal.as_ref().unwrap().state
}

/// What each does with the proposal, and why not; nothing of a refused one remains.
fn tries(act: impl Fn(&mut Route, &Actor) -> Result<Vec<Fact>, Refused>, who: &[Actor]) -> Vec<&'static str> {
    let mut outcomes = vec![];
    for actor in who {
        let mut route = proposed();
        outcomes.push(match act(&mut route, actor) {
            Ok(_) => state(&route).name(),
            Err(refused) => {
                assert_eq!(route, proposed(), "a refused command changes nothing");
                refused.reason()
            }
        });
    }
    outcomes
}

/// Whoever there is beside a proposal of Anna's.
fn everybody() -> Vec<Actor> {
    vec![
        anna(),
        person("arne", &[("sales", Role::Lead)]),
        person("sam", &[("sales", Role::Member)]),
        ivan(),
        person("ines", &[("delivery", Role::Member)]),
        bea(),
        person("anna", &[("sales", Role::Lead), ("delivery", Role::Lead)]),
        person("otto", &[("legal", Role::Lead)]),
        admin(),
    ]
}

#[test]
fn only_a_lead_of_the_other_side_who_did_not_propose_decides() {
    let agreed = tries(|route, by| route.agree_terms(by, id(1), at(20)), &everybody());
    let only_ivan_and_bea = |done: &'static str| {
        let (lead, own) = ("LEAD_ONLY", "OWN_PROPOSAL");
        [own, lead, lead, done, lead, done, own, lead, lead]
    };
    assert_eq!(agreed, only_ivan_and_bea("AGREED"));
    let declined = tries(|route, by| route.decline_terms(by, id(1), "no".to_owned(), at(20)), &everybody());
    assert_eq!(declined, only_ivan_and_bea("DECLINED"));
}

#[test]
fn only_a_lead_of_the_side_that_proposed_withdraws() {
    let withdrawn = tries(|route, by| route.withdraw_terms(by, id(1), String::new(), at(20)), &everybody());
    let (done, lead) = ("WITHDRAWN", "LEAD_ONLY");
    assert_eq!(withdrawn, [done, done, lead, lead, lead, done, done, lead, lead]);
}

#[test]
fn agreeing_puts_exactly_what_was_proposed_in_force() {
    let mut route = proposed();
    let before = route.terms.clone().unwrap();
    assert_eq!(route.agree_terms(&ivan(), id(1), at(20)), Ok(vec![Fact::TermsAgreed]));
    let after = route.terms.clone().unwrap();
    assert_eq!((after.said(), after.version), (wish(30).terms, before.version + 1));
    assert_eq!((after.set_by.as_str(), after.set_at), ("ivan", at(20)));
    assert_eq!(route.agree_terms(&ivan(), id(1), at(21)), Ok(vec![]), "agreeing again changes nothing");
    assert_eq!(route.agree_terms(&bea(), id(1), at(21)).unwrap_err().reason(), "PROPOSAL_MOVED");
    assert_eq!(route.decline_terms(&ivan(), id(1), String::new(), at(21)).unwrap_err().reason(), "PROPOSAL_MOVED");
}

#[test]
fn a_declined_or_withdrawn_proposal_leaves_the_terms_as_they_were() {
    let mut route = proposed();
    let before = route.terms.clone();
    assert_eq!(route.decline_terms(&ivan(), id(1), "too long".to_owned(), at(20)), Ok(vec![Fact::TermsDeclined]));
    let end = route.proposal.as_ref().unwrap().end.clone().unwrap();
    assert_eq!((end.by.as_str(), end.at, end.reason.as_str()), ("ivan", at(20), "too long"));
    assert_eq!(route.terms, before);
    let mut route = proposed();
    assert_eq!(route.withdraw_terms(&anna(), id(1), String::new(), at(20)), Ok(vec![Fact::TermsDeclined]));
    assert_eq!(route.withdraw_terms(&anna(), id(1), String::new(), at(21)), Ok(vec![]), "again changes nothing");
    assert_eq!(route.terms, before);
}

#[test]
fn a_side_replaces_its_own_open_proposal_and_answers_that_of_the_other_first() {
    let mut route = proposed();
    let refused = route.propose_terms(&ivan(), id(2), wish(40), at(20)).unwrap_err();
    assert_eq!(refused.reason(), "PROPOSAL_OPEN");
    let facts = route.propose_terms(&person("arne", &[("sales", Role::Lead)]), id(2), wish(40), at(20)).unwrap();
    assert_eq!(facts, [Fact::TermsProposed { replaced: Some(id(1)) }]);
    let refused = route.agree_terms(&ivan(), id(1), at(30)).unwrap_err();
    assert_eq!(refused, Refused::ProposalMoved { given: id(1), current: Some(id(2)) });
    route.agree_terms(&ivan(), id(2), at(30)).unwrap();
    assert_eq!(route.terms.unwrap().said(), wish(40).terms);
}

#[test]
fn whoever_leads_both_sides_says_for_which_one() {
    let mut route = sales_to_delivery();
    let refused = route.propose_terms(&bea(), id(1), wish(30), at(10)).unwrap_err();
    assert_eq!(refused.reason(), "INVALID_REQUEST");
    let stated = |side| Propose { side: Some(side), ..wish(30) };
    assert_eq!(
        route.propose_terms(&anna(), id(1), stated(Side::Downstream), at(10)).unwrap_err().reason(),
        "LEAD_ONLY"
    );
    route.propose_terms(&bea(), id(1), stated(Side::Downstream), at(10)).unwrap();
    assert_eq!(route.open_proposal().unwrap().side, Side::Downstream);
    assert_eq!(route.agree_terms(&bea(), id(1), at(11)).unwrap_err().reason(), "OWN_PROPOSAL");
    route.agree_terms(&anna(), id(1), at(12)).unwrap();
}

#[test]
fn terms_in_force_are_not_proposed_and_bounds_hold() {
    let mut route = sales_to_delivery();
    let in_force = Propose { terms: route.terms_in_force().unwrap(), ..wish(0) };
    assert_eq!(route.propose_terms(&anna(), id(1), in_force, at(10)).unwrap_err().reason(), "TERMS_IN_FORCE");
    assert_eq!(route.propose_terms(&anna(), id(1), wish(-1), at(10)).unwrap_err().reason(), "INVALID_REQUEST");
    assert_eq!(route.propose_terms(&anna(), id(1), wish(367), at(10)).unwrap_err().reason(), "INVALID_REQUEST");
}

#[test]
fn an_administrator_or_the_end_of_the_route_lets_a_proposal_lapse() {
    let mut route = proposed();
    assert_eq!(route.set_terms(&admin(), route.terms_in_force().unwrap(), at(20)), Ok(vec![]));
    assert_eq!(state(&route), ProposalState::Open, "equal terms change nothing");
    let strict = SetTerms { read_back: ReadBack::None, ..SetTerms::default() };
    assert_eq!(route.set_terms(&admin(), strict, at(20)), Ok(vec![Fact::TermsSet { lapsed: Some(id(1)) }]));
    assert_eq!(state(&route), ProposalState::Lapsed);
    assert_eq!(route.agree_terms(&ivan(), id(1), at(30)).unwrap_err().reason(), "PROPOSAL_MOVED");
    let mut route = proposed();
    assert_eq!(route.retire(&ivan(), at(20)), Ok(vec![Fact::Retired { lapsed: Some(id(1)) }]));
    assert_eq!((route.status, state(&route)), (Status::Retired, ProposalState::Lapsed));
    assert_eq!(route.propose_terms(&anna(), id(2), wish(9), at(30)).unwrap_err().reason(), "ROUTE_RETIRED");
}

#[test]
fn every_open_proposal_has_a_way_out_for_both_sides() {
    assert!(proposed().withdraw_terms(&anna(), id(1), String::new(), at(20)).is_ok());
    assert!(proposed().decline_terms(&ivan(), id(1), String::new(), at(20)).is_ok());
}
