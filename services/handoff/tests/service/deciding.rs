//! What downstream decides about an attempt: accept, with a read-back and conditions, or reject, with reasons.

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{AcceptHandoffRequest, HandoffState, RejectHandoffRequest};
use tonic::Code;

use crate::{
    requests::{because, cites, on, prepare, terms},
    words::{state, why},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn accepting_moves_accountability_and_names_who_speaks_for_downstream() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    assert_eq!((submitted.accountable_side(), submitted.downstream_owner.as_str()), (Side::Upstream, ""));
    world.pass_seconds(60);
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    assert_eq!((accepted.accountable_side(), accepted.downstream_owner.as_str()), (Side::Downstream, "ivan"));
    assert_eq!((accepted.state(), accepted.waiting_on()), (HandoffState::Accepted, Side::Downstream));
    let attempt = &accepted.attempts[0];
    assert_eq!((attempt.decision(), attempt.decided_by.as_str()), (pb::Decision::Accepted, "ivan"));
    assert_eq!((attempt.decided_at, accepted.times.unwrap().accepted_at), (world.after(0), world.after(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_accepts_what_they_submitted_themselves() {
    let world = World::new().await;
    let submitted = world.bo.submitted("Acme").await;
    let refused = world.bo.accept(on(&submitted)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "OWN_SUBMISSION"));
    world.ines.accept(on(&submitted)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terms_may_require_a_read_back() {
    let world = World::new().await;
    let before = world.sam.submitted("before").await;
    let required = pb::SetTermsRequest { read_back: pb::ReadBack::Required.into(), ..terms("", 0) };
    assert_eq!(world.set_terms(required).await.terms.unwrap().version, 2);
    let after = world.sam.submitted("after").await;

    let refused = world.ivan.accept(on(&after)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "READ_BACK_REQUIRED"));
    let blank = AcceptHandoffRequest { read_back: " \n".into(), ..on(&after) };
    assert_eq!(world.ivan.accept(blank).await.unwrap_err().reason, "READ_BACK_REQUIRED");
    let restated = AcceptHandoffRequest { read_back: "Keycloak first, then both ERPs".into(), ..on(&after) };
    let accepted = world.ivan.accept(restated).await.unwrap();
    assert_eq!(accepted.attempts[0].read_back, "Keycloak first, then both ERPs");

    let accepted = world.ivan.accept(on(&before)).await.unwrap();
    assert_eq!(accepted.terms_version, 1, "a handoff keeps the terms that it was created under");
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_become_actions_of_upstream() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let condition =
        |text: &str, seconds| pb::Condition { text: text.into(), due_at: world.after(seconds), owner: "anna".into() };
    let late = vec![condition("the annex", 60), condition("the logo", 0), condition("the tenant", -60)];
    let refused = world.ivan.accept(AcceptHandoffRequest { conditions: late, ..on(&submitted) }).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(refused.fields, ["conditions[1].due_at", "conditions[2].due_at"]);

    let conditions = vec![condition("the annex", 60), condition("the logo", 120)];
    let accepted = world.ivan.accept(AcceptHandoffRequest { conditions, ..on(&submitted) }).await.unwrap();
    let actions: Vec<_> =
        accepted.actions.iter().map(|action| (action.text.as_str(), action.side(), action.owner.as_str())).collect();
    assert_eq!(actions, [("the annex", Side::Upstream, "anna"), ("the logo", Side::Upstream, "anna")]);
    assert_eq!((accepted.actions[0].due_at, accepted.actions[0].done_at), (world.after(60), None));
    let facts = ["handoff_created", "handoff_submitted", "handoff_accepted", "action_added", "action_added"];
    assert_eq!(world.ivan.facts(&accepted).await, facts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_cites_criteria_of_the_frozen_version_and_no_others() {
    let world = World::with_template().await;
    let submitted = world.sam.submit(on(&prepare(&world.sam, &world.sam.draft("Acme").await).await)).await.unwrap();
    let unknown = vec![cites("timeline"), cites("horoscope"), because("it is too late"), cites("kickoff_held")];
    let refused = world.ivan.reject(RejectHandoffRequest { reasons: unknown, ..on(&submitted) }).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(refused.fields, ["reasons[1].criterion", "reasons[3].criterion"], "an item of downstream is none");

    let reasons = vec![cites("timeline"), because("nobody told us")];
    let reject = RejectHandoffRequest { reasons: reasons.clone(), ..on(&submitted) };
    let rejected = world.ivan.reject(reject).await.unwrap();
    assert_eq!((rejected.state(), rejected.rejections), (HandoffState::Rejected, 1));
    assert_eq!((rejected.waiting_on(), rejected.accountable_side()), (Side::Upstream, Side::Upstream));
    assert_eq!(rejected.attempts[0].reasons, reasons);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_submit_is_another_attempt() {
    let world = World::new().await;
    let first = world.sam.submitted("Acme").await;
    let rejected = world.ivan.reject(on(&first)).await.unwrap();
    let second = world.anna.submit(on(&rejected)).await.unwrap();
    assert_eq!((second.attempt, second.attempts.len()), (2, 2));

    let late = AcceptHandoffRequest { attempt: 1, ..on(&second) };
    let refused = world.ines.accept(late).await.unwrap_err();
    assert_eq!(why(&refused), (Code::Aborted, "ATTEMPT_MOVED"));
    assert_eq!(refused.metadata["attempt"], "2");
    let late = RejectHandoffRequest { attempt: 1, ..on(&second) };
    assert_eq!(world.ines.reject(late).await.unwrap_err().reason, "ATTEMPT_MOVED");

    let accepted = world.ivan.accept(on(&second)).await.unwrap();
    let late = pb::ReturnHandoffRequest { attempt: 1, ..on(&accepted) };
    assert_eq!(world.ivan.give_back(late).await.unwrap_err().reason, "ATTEMPT_MOVED");
    let decisions: Vec<_> = accepted.attempts.iter().map(|attempt| (attempt.number, attempt.decision())).collect();
    assert_eq!(decisions, [(1, pb::Decision::Rejected), (2, pb::Decision::Accepted)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_acts_for_a_side_only_with_a_reason_which_the_fact_carries() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let refused = world.ada.accept(on(&submitted)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, "OVERRIDE_REASON_REQUIRED"));
    let reason = "implementation is on strike";
    let accept = AcceptHandoffRequest { override_reason: reason.into(), ..on(&submitted) };
    let accepted = world.ada.accept(accept).await.unwrap();
    assert_eq!(
        (state(accepted.state()), accepted.downstream_owner.as_str()),
        ("ACCEPTED", ""),
        "she does not speak for it"
    );
    let told = world.sam.timeline(&accepted.id).await.unwrap().pop().unwrap();
    assert_eq!((told.actor.as_str(), told.event.unwrap().override_reason.as_str()), ("ada", reason));

    let refused = world.otto.begin(pb::BeginHandoffRequest { override_reason: reason.into(), ..on(&accepted) }).await;
    assert_eq!(refused.unwrap_err().reason, "WRONG_SIDE", "a reason makes nobody an administrator");
    let begun =
        world.ivan.begin(pb::BeginHandoffRequest { override_reason: "none needed".into(), ..on(&accepted) }).await;
    let told = world.sam.timeline(&begun.unwrap().id).await.unwrap().pop().unwrap();
    assert_eq!(told.event.unwrap().override_reason, "", "who belongs to the side overrides nothing");
}
