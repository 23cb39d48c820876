//! Terms by agreement of both sides.

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::TermsProposalState as State;
use testkit::{Bearer, Claims, request_id};
use tonic::Code;

use crate::{
    person::Person,
    requests::{proposed, terms},
    words::why,
    world::{ROUTE, World},
};

/// Somebody with these rights.
fn person(world: &World, claims: &Claims) -> Person {
    Person::calling(world.service.caller_with(Bearer::token(&world.service.setting.issuer().token(claims))))
}

/// The open proposal's id.
fn open(route: &pb::Route) -> String {
    let proposal = route.proposal.clone().unwrap();
    assert_eq!(proposal.state(), State::Open);
    proposal.id
}

fn state(route: &pb::Route) -> State {
    route.proposal.as_ref().unwrap().state()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_side_proposes_and_the_other_agrees_to_is_in_force() {
    let world = World::new().await;
    let before = world.anna.get_route(ROUTE).await.unwrap();
    let wish = pb::ProposeTermsRequest {
        sla_policy_id: "two-days".into(),
        review_rule: "attempt >= 2".into(),
        read_back: pb::ReadBack::Required.into(),
        ..proposed(30)
    };
    let route = world.anna.propose(wish.clone()).await.unwrap();
    assert_eq!(world.anna.propose(wish).await.unwrap(), route, "the same request again");
    assert_eq!((&route.terms, route.revision), (&before.terms, before.revision + 1), "nothing binds yet");
    let proposal = route.proposal.clone().unwrap();
    assert_eq!((proposal.side(), proposal.proposed_by.as_str()), (Side::Upstream, "anna"));
    assert_eq!((proposal.proposed_at, proposal.reason.as_str()), (world.after(0), "the customers ask for it"));

    world.pass_seconds(60);
    let route = world.ivan.agree(&open(&route)).await.unwrap();
    let (terms, wanted) = (route.terms.clone().unwrap(), proposal.terms.unwrap());
    assert_eq!((terms.version, terms.set_by.as_str(), terms.set_at), (2, "ivan", world.after(0)));
    assert_eq!(pb::Terms { version: 0, set_by: String::new(), set_at: None, ..terms.clone() }, wanted);
    assert_eq!((terms.sla_policy_id.as_str(), terms.review_rule.as_str()), ("two-days", "attempt >= 2"));
    assert_eq!(state(&route), State::Agreed);
    assert_eq!(world.ivan.agree(&proposal.id).await.unwrap(), route, "agreeing again changes nothing");
    assert_eq!(world.anna.get_route(ROUTE).await.unwrap(), route, "it is stored as it was answered");
    assert_eq!(world.sam.draft("Acme").await.terms_version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_a_proposal_is_said() {
    let world = World::new().await;
    let first = world.anna.propose(proposed(20)).await.unwrap();
    let second = world.anna.propose(proposed(30)).await.unwrap();
    assert_ne!(open(&first), open(&second), "a side replaces its own");
    let declined = world.ivan.decline(&open(&second)).await.unwrap();
    assert_eq!((state(&declined), declined.proposal.unwrap().end_reason.as_str()), (State::Declined, "not like this"));
    let third = world.ivan.propose(proposed(40)).await.unwrap();
    assert_eq!(state(&world.ivan.withdraw(&open(&third)).await.unwrap()), State::Withdrawn);
    let fourth = world.ivan.propose(proposed(50)).await.unwrap();
    let set = pb::SetTermsRequest { read_back: pb::ReadBack::Required.into(), ..terms("", 0) };
    assert_eq!(state(&world.set_terms(set).await), State::Lapsed);
    let fifth = world.anna.propose(proposed(60)).await.unwrap();
    world.ivan.agree(&open(&fifth)).await.unwrap();
    world.anna.propose(proposed(70)).await.unwrap();
    assert_eq!(state(&world.ivan.retire_route(ROUTE).await.unwrap()), State::Lapsed);
    assert_eq!(world.anna.propose(proposed(80)).await.unwrap_err().reason, "ROUTE_RETIRED");
    let names: Vec<_> = world
        .service
        .settle()
        .await
        .iter()
        .filter(|fact| fact.header("ce-subject") == format!("route/{ROUTE}"))
        .map(|fact| fact.name().to_owned())
        .collect();
    assert_eq!(
        names.join(" "),
        "route_created terms_set terms_proposed terms_proposed terms_declined terms_proposed terms_declined \
         terms_proposed terms_set terms_proposed terms_agreed terms_proposed route_retired"
    );
    assert_eq!(open(&fourth).len(), 36);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_leads_of_the_right_side_propose_and_decide() {
    let world = World::new().await;
    let both = person(&world, &Claims::user("bea").lead("sales").lead("implementation"));
    let anna_of_both = person(&world, &Claims::user("anna").lead("sales").lead("implementation"));
    for who in [&world.sam, &world.ines, &world.bo, &world.otto, &world.ada, &world.crm] {
        assert_eq!(why(&who.propose(proposed(30)).await.unwrap_err()), (Code::PermissionDenied, "LEAD_ONLY"));
    }
    let refused = both.propose(proposed(30)).await.unwrap_err();
    assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["side".to_owned()]));
    let proposal = open(&world.anna.propose(proposed(30)).await.unwrap());
    for who in [&world.sam, &world.ines, &world.bo, &world.otto, &world.ada, &world.crm] {
        for refused in [who.agree(&proposal).await, who.decline(&proposal).await, who.withdraw(&proposal).await] {
            assert_eq!(why(&refused.unwrap_err()), (Code::PermissionDenied, "LEAD_ONLY"));
        }
    }
    for who in [&world.anna, &anna_of_both] {
        for refused in [who.agree(&proposal).await, who.decline(&proposal).await] {
            assert_eq!(why(&refused.unwrap_err()), (Code::PermissionDenied, "OWN_PROPOSAL"));
        }
    }
    assert_eq!(world.ivan.withdraw(&proposal).await.unwrap_err().reason, "LEAD_ONLY");
    let refused = world.ivan.propose(proposed(40)).await.unwrap_err();
    assert_eq!(
        (why(&refused), &refused.metadata["proposal"]),
        ((Code::FailedPrecondition, "PROPOSAL_OPEN"), &proposal)
    );
    assert_eq!(state(&both.agree(&proposal).await.unwrap()), State::Agreed, "who leads both, and did not propose");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_about_the_proposal_that_was_read() {
    let world = World::new().await;
    let first = open(&world.anna.propose(proposed(20)).await.unwrap());
    let second = open(&world.anna.propose(proposed(30)).await.unwrap());
    let refused = world.ivan.agree(&first).await.unwrap_err();
    assert_eq!((why(&refused), &refused.metadata["proposal"]), ((Code::Aborted, "PROPOSAL_MOVED"), &second));
    let stale = pb::AgreeTermsRequest {
        request_id: request_id(),
        route_id: ROUTE.into(),
        expected_revision: 1,
        proposal_id: second.clone(),
    };
    let mut routes = world.ivan.routes.clone();
    let refused = testkit::refusal(&routes.agree_terms(stale).await.unwrap_err());
    assert_eq!(why(&refused), (Code::Aborted, "REVISION_MISMATCH"));
    world.ivan.agree(&second).await.unwrap();
    assert_eq!(world.anna.propose(proposed(30)).await.unwrap_err().reason, "TERMS_IN_FORCE");
    let nowhere = pb::ProposeTermsRequest { route_id: "nowhere".into(), ..proposed(9) };
    assert_eq!(why(&world.anna.propose(nowhere).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_agreements_at_once_one_counts() {
    let world = World::new().await;
    let ilse = person(&world, &Claims::user("ilse").lead("implementation"));
    for round in 0..20 {
        let proposal = open(&world.anna.propose(proposed(100 + round)).await.unwrap());
        let (ivan, ilse) = tokio::join!(world.ivan.agree(&proposal), ilse.agree(&proposal));
        let (agreed, refused) = match (ivan, ilse) {
            (Ok(agreed), Err(refused)) | (Err(refused), Ok(agreed)) => (agreed, refused),
            both => panic!("{both:?}"),
        };
        assert_eq!(why(&refused), (Code::Aborted, "PROPOSAL_MOVED"));
        assert_eq!(i64::from(agreed.terms.unwrap().version), round + 2, "one agreement, one version");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_and_a_withdrawal_at_once_end_as_one_of_them() {
    let world = World::new().await;
    for round in 0..20 {
        let proposal = open(&world.anna.propose(proposed(100 + round)).await.unwrap());
        let (agreed, withdrawn) = tokio::join!(world.ivan.agree(&proposal), world.anna.withdraw(&proposal));
        let stands = state(&world.sam.get_route(ROUTE).await.unwrap());
        match (agreed, withdrawn) {
            (Ok(_), Err(refused)) => assert_eq!((stands, refused.reason.as_str()), (State::Agreed, "PROPOSAL_MOVED")),
            (Err(refused), Ok(_)) => {
                assert_eq!((stands, refused.reason.as_str()), (State::Withdrawn, "PROPOSAL_MOVED"));
            }
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_must_be_there_when_it_is_proposed_and_when_it_is_agreed_to() {
    let world = World::with_template().await;
    let of = |template: &str, version| pb::ProposeTermsRequest {
        template_id: template.into(),
        template_version: version,
        ..proposed(30)
    };
    let refused = world.anna.propose(of("nobody", 0)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "TEMPLATE_NOT_FOUND"));
    assert_eq!(world.otto.propose(of("nobody", 0)).await.unwrap_err().reason, "LEAD_ONLY", "asked of nobody");
    let proposal = open(&world.anna.propose(of(ROUTE, 1)).await.unwrap());
    let retire =
        api::checklist::v1::RetireVersionRequest { request_id: request_id(), template_id: ROUTE.into(), version: 1 };
    world.templates().retire_version(retire).await.unwrap();
    let refused = world.ivan.agree(&proposal).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "TEMPLATE_RETIRED"));
    assert_eq!(state(&world.ivan.decline(&proposal).await.unwrap()), State::Declined, "declining needs no template");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_rule_that_is_none_is_refused_wherever_it_is_given() {
    let world = World::new().await;
    for rule in ["attempt >", "nobody == 1", "fields.x.exists(", "1 + 1", &"a".repeat(2_000)] {
        let set = pb::SetTermsRequest { review_rule: rule.into(), ..terms("", 0) };
        assert_eq!(world.ada.set_terms(set).await.unwrap_err().fields, ["review_rule"], "{rule}");
        let propose = pb::ProposeTermsRequest { review_rule: rule.into(), ..proposed(30) };
        assert_eq!(world.anna.propose(propose).await.unwrap_err().fields, ["review_rule"], "{rule}");
    }
    let terms = world.anna.get_route(ROUTE).await.unwrap().terms.unwrap();
    assert_eq!((terms.review_rule.as_str(), terms.sla_policy_id.as_str()), ("attempt >= 3", ""), "the default");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_proposal_or_a_decision_is_named_field_by_field() {
    let world = World::new().await;
    let mut routes = world.anna.routes.clone();
    let wrong = |status: tonic::Status| testkit::refusal(&status).fields.join(" ");
    let propose = pb::ProposeTermsRequest {
        expected_revision: -1,
        side: 7,
        reason: "x".repeat(20_000),
        template_version: 2,
        sla_policy_id: "Not A Slug".into(),
        read_back: 9,
        return_window: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
        ..Default::default()
    };
    assert_eq!(
        wrong(routes.propose_terms(propose).await.unwrap_err()),
        "request_id route_id expected_revision side reason template_version sla_policy_id read_back return_window"
    );
    let decline = routes.decline_terms(pb::DeclineTermsRequest::default()).await.unwrap_err();
    assert_eq!(wrong(decline), "reason request_id route_id proposal_id");
    let agree = pb::AgreeTermsRequest { proposal_id: "7".into(), expected_revision: -1, ..Default::default() };
    assert_eq!(
        wrong(routes.agree_terms(agree).await.unwrap_err()),
        "request_id route_id expected_revision proposal_id"
    );
    let promote = routes.promote_route(pb::PromoteRouteRequest::default()).await.unwrap_err();
    assert_eq!(wrong(promote), "request_id route_id");
}
