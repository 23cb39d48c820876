//! What needs both sides: proposed by one, agreed to or declined by the other, lapsed with its state.

use api::{handoff::v1 as pb, r#type::v1::Side};
use pb::{HandoffState, Priority, ProposalState, ProposeRequest, proposed_change::Kind};
use prost::Message;
use tonic::Code;

use crate::{
    requests::{answers, change, good_answers, inbox, mask, on, prepare, text, ticked},
    words::{outcome, state, why},
    world::World,
};

const DAY: i64 = 86_400;

fn proposing(handoff: &pb::Handoff, kind: Kind) -> ProposeRequest {
    ProposeRequest { change: change(kind), ..on(handoff) }
}

fn urgent() -> Kind {
    Kind::Priority(pb::ProposedPriority { priority: Priority::Urgent.into() })
}

fn until(world: &World, seconds: i64) -> Kind {
    Kind::Hold(pb::ProposedHold { until: world.after(seconds) })
}

fn by(world: &World, seconds: i64) -> Kind {
    Kind::Deadline(pb::ProposedDeadline { deliver_by: world.after(seconds) })
}

fn waiver(criteria: &[&str]) -> Kind {
    Kind::Waiver(pb::ProposedWaiver { criteria: criteria.iter().map(|key| (*key).to_owned()).collect() })
}

fn states(handoff: &pb::Handoff) -> Vec<ProposalState> {
    handoff.proposals.iter().map(pb::Proposal::state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proposed_waits_for_the_other_side_and_takes_effect_with_its_consent() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let proposed = world.sam.propose_change(proposing(&submitted, urgent())).await.unwrap();
    let proposal = &proposed.proposals[0];
    assert_eq!(
        (proposal.side(), proposal.state(), proposal.change.clone()),
        (Side::Upstream, ProposalState::Open, change(urgent()))
    );
    assert_eq!((proposal.proposed_by.as_str(), proposal.proposed_at), ("sam", world.after(0)));
    assert_eq!(proposed.priority(), Priority::Normal, "until it is agreed to");
    let line = world.otto.line(&proposed).await;
    assert_eq!((line.upstream_answers, line.downstream_answers), (0, 1));
    assert_eq!(outcome(&world.anna.agree_to(on(&proposed)).await), "WRONG_SIDE");
    assert_eq!(outcome(&world.otto.agree_to(on(&proposed)).await), "WRONG_SIDE");

    world.pass_seconds(60);
    let agreed = world.ines.agree_to(on(&proposed)).await.unwrap();
    assert_eq!((agreed.priority(), states(&agreed)), (Priority::Urgent, vec![ProposalState::Agreed]));
    assert_eq!((agreed.proposals[0].decided_by.as_str(), agreed.proposals[0].decided_at), ("ines", world.after(0)));
    assert_eq!(world.otto.line(&agreed).await.downstream_answers, 0);
    assert_eq!(world.ines.agree_to(on(&proposed)).await.unwrap(), agreed);
    let refused = world.ivan.agree_to(on(&proposed)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "PROPOSAL_WRONG_STATE"));
    assert_eq!(refused.metadata["state"], "AGREED");
    assert_eq!(outcome(&world.ines.decline_change(on(&proposed)).await), "PROPOSAL_WRONG_STATE");
    let told = world.sam.facts_after(&agreed, submitted.revision).await;
    assert_eq!(told, ["proposal_made", "proposal_agreed", "priority_changed"]);
    let said = world.said_of(&agreed).await;
    let told = pb::HandoffEvent::decode(&said.last().unwrap().payload[..]).unwrap();
    assert_eq!(told.handoff.unwrap().priority(), Priority::Urgent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_and_a_hold_take_effect_by_agreement_whichever_side_proposes() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let edit = pb::UpdateHandoffRequest { update_mask: mask(&["deliver_by"]), ..on(&submitted) };
    assert_eq!(outcome(&world.sam.update(edit).await), "WRONG_STATE");
    let proposed = world.ivan.propose_change(proposing(&submitted, by(&world, 3 * DAY))).await.unwrap();
    let both = world.sam.propose_change(proposing(&proposed, until(&world, DAY))).await.unwrap();
    let line = world.otto.line(&both).await;
    assert_eq!((line.upstream_answers, line.downstream_answers), (1, 1), "one of each kind at a time");
    let deadline = pb::AgreeProposalRequest { proposal_id: both.proposals[0].id.clone(), ..on(&both) };
    let agreed = world.sam.agree_to(deadline).await.unwrap();
    assert_eq!((agreed.deliver_by, agreed.hold.clone()), (world.after(3 * DAY), None));
    let held = world.ivan.agree_to(on(&both)).await.unwrap();
    let hold = held.hold.clone().unwrap();
    assert_eq!((hold.agreed, hold.side(), hold.until), (true, Side::Upstream, world.after(DAY)));
    assert_eq!(hold.reason, "the customer asks for it");
    let told = world.sam.facts_after(&held, both.revision).await;
    assert_eq!(told, ["proposal_agreed", "deadline_changed", "proposal_agreed", "handoff_held"]);
    let same = world.sam.propose_change(proposing(&held, by(&world, 3 * DAY))).await.unwrap_err();
    assert_eq!(same.fields, ["change.deadline.deliver_by"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_proposal_of_a_kind_is_open_at_a_time_and_a_declined_one_makes_room() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let request = proposing(&submitted, urgent());
    let proposed = world.sam.propose_change(request.clone()).await.unwrap();
    assert_eq!(world.sam.propose_change(request).await.unwrap(), proposed, "the same request");
    for person in [&world.sam, &world.ivan] {
        let refused = person.propose_change(proposing(&proposed, urgent())).await.unwrap_err();
        assert_eq!(why(&refused), (Code::FailedPrecondition, "ALREADY_PROPOSED"));
        assert!(refused.message.contains(&proposed.proposals[0].id));
    }
    let decline = pb::DeclineProposalRequest { reason: "it can wait".into(), ..on(&proposed) };
    let declined = world.ivan.decline_change(decline).await.unwrap();
    assert_eq!((states(&declined), declined.priority()), (vec![ProposalState::Declined], Priority::Normal));
    assert_eq!(
        (declined.proposals[0].decline_reason.as_str(), declined.proposals[0].decided_by.as_str()),
        ("it can wait", "ivan")
    );
    assert_eq!(world.ivan.decline_change(on(&proposed)).await.unwrap(), declined);
    assert_eq!(outcome(&world.ines.agree_to(on(&proposed)).await), "PROPOSAL_WRONG_STATE");
    let again = world.ivan.propose_change(proposing(&declined, urgent())).await.unwrap();
    assert_eq!(states(&again), [ProposalState::Declined, ProposalState::Open]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_agrees_to_what_they_proposed() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    assert_eq!(outcome(&world.bo.propose_change(proposing(&submitted, urgent())).await), "SIDE_REQUIRED");
    let propose = ProposeRequest { side: Side::Upstream.into(), ..proposing(&submitted, urgent()) };
    let proposed = world.bo.propose_change(propose).await.unwrap();
    assert_eq!(why(&world.bo.agree_to(on(&proposed)).await.unwrap_err()), (Code::PermissionDenied, "OWN_DOING"));
    world.ines.agree_to(on(&proposed)).await.unwrap();
    assert_eq!(outcome(&world.otto.propose_change(proposing(&submitted, urgent())).await), "NEITHER_SIDE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_lapses_with_the_state_it_was_made_in() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let proposed = world.sam.propose_change(proposing(&submitted, urgent())).await.unwrap();
    let proposed = world.ivan.propose_change(proposing(&proposed, until(&world, DAY))).await.unwrap();
    let accepted = world.ivan.accept(on(&proposed)).await.unwrap();
    assert_eq!(states(&accepted), [ProposalState::Lapsed; 2]);
    let line = world.otto.line(&accepted).await;
    assert_eq!((line.upstream_answers, line.downstream_answers), (0, 0));
    assert_eq!(world.otto.titles(inbox("sales")).await, [""; 0]);
    let refused = world.sam.agree_to(on(&proposed)).await.unwrap_err();
    assert_eq!((refused.reason.as_str(), refused.metadata["state"].as_str()), ("PROPOSAL_WRONG_STATE", "LAPSED"));
    assert_eq!(outcome(&world.sam.decline_change(on(&proposed)).await), "PROPOSAL_WRONG_STATE");
    let told = world.sam.facts_after(&accepted, proposed.revision).await;
    assert_eq!(told, ["handoff_accepted", "proposal_lapsed", "proposal_lapsed"]);
    let begun = world.ivan.begin(on(&accepted)).await.unwrap();
    let proposed = world.sam.propose_change(proposing(&begun, urgent())).await.unwrap();
    let completed = world.ivan.complete(on(&proposed)).await.unwrap();
    assert_eq!(states(&completed).last(), Some(&ProposalState::Lapsed));
    assert_eq!(outcome(&world.sam.propose_change(proposing(&completed, urgent())).await), "WRONG_STATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_work_is_given_up_by_agreement_alone() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let give_up = || Kind::Cancel(pb::ProposedCancel {});
    assert_eq!(outcome(&world.sam.propose_change(proposing(&submitted, give_up())).await), "WRONG_STATE");
    let accepted = world.ivan.accept(on(&submitted)).await.unwrap();
    assert_eq!(outcome(&world.sam.cancel(on(&accepted)).await), "WRONG_STATE");
    let busy = world.ivan.ask(on(&accepted)).await.unwrap();
    let busy = world.ivan.propose_change(proposing(&busy, urgent())).await.unwrap();
    let busy = world.ivan.schedule(world.review(&busy)).await.unwrap();
    let proposed = world.ivan.propose_change(proposing(&busy, give_up())).await.unwrap();
    let cancelled = world.sam.agree_to(on(&proposed)).await.unwrap();
    assert_eq!((state(cancelled.state()), cancelled.waiting_on()), ("CANCELLED", Side::Unspecified));
    assert_eq!(states(&cancelled), [ProposalState::Lapsed, ProposalState::Agreed]);
    assert_eq!(cancelled.questions[0].state(), pb::QuestionState::Closed);
    assert_eq!(cancelled.reviews[0].state(), pb::ReviewState::Cancelled);
    assert_eq!(world.sam.agree_to(on(&proposed)).await.unwrap(), cancelled);
    let told = world.sam.facts_after(&cancelled, proposed.revision).await;
    let ends = ["proposal_agreed", "handoff_cancelled", "proposal_lapsed", "question_closed", "review_cancelled"];
    assert_eq!(told, ends);
    for team in ["sales", "implementation"] {
        assert_eq!(world.otto.titles(inbox(team)).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_or_a_promise_whose_time_has_passed_is_no_longer_agreed_to() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    for change in [until, by] {
        let proposed = world.sam.propose_change(proposing(&submitted, change(&world, 60))).await.unwrap();
        let proposal_id = proposed.proposals.last().unwrap().id.clone();
        world.pass_seconds(60);
        let agree = pb::AgreeProposalRequest { proposal_id: proposal_id.clone(), ..on(&proposed) };
        let refused = world.ivan.agree_to(agree).await.unwrap_err();
        assert_eq!(why(&refused), (Code::FailedPrecondition, "PROPOSAL_OVERDUE"));
        let decline = pb::DeclineProposalRequest { proposal_id, ..on(&proposed) };
        let declined = world.ivan.decline_change(decline).await.unwrap();
        assert_eq!(states(&declined).last(), Some(&ProposalState::Declined));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiver_lets_a_submit_pass_until_the_next_rejection() {
    let world = World::with_template().await;
    let draft = prepare(&world.sam, &world.sam.draft("Acme").await).await;
    let short = world.sam.update(answers(&draft, &[("timeline", text("soon"))])).await.unwrap();
    assert_eq!(outcome(&world.sam.submit(on(&short)).await), "CRITERIA_UNMET");
    let downstream = ProposeRequest { side: Side::Downstream.into(), ..proposing(&short, waiver(&["timeline"])) };
    assert_eq!(world.bo.propose_change(downstream).await.unwrap_err().fields, ["side"]);
    assert_eq!(outcome(&world.ivan.propose_change(proposing(&short, waiver(&["timeline"]))).await), "WRONG_SIDE");
    let unknown = proposing(&short, waiver(&["timeline", "horoscope", "kickoff_held"]));
    let refused = world.sam.propose_change(unknown).await.unwrap_err();
    assert_eq!(refused.fields, ["change.waiver.criteria[1]", "change.waiver.criteria[2]"]);

    let proposed = world.sam.propose_change(proposing(&short, waiver(&["timeline"]))).await.unwrap();
    assert_eq!(outcome(&world.sam.submit(on(&proposed)).await), "CRITERIA_UNMET", "not yet");
    assert_eq!(why(&world.ines.agree_to(on(&proposed)).await.unwrap_err()), (Code::PermissionDenied, "LEAD_ONLY"));
    assert_eq!(outcome(&world.ines.decline_change(on(&proposed)).await), "LEAD_ONLY", "of a waiver a lead decides");
    let agreed = world.ivan.agree_to(on(&proposed)).await.unwrap();
    let [waived] = agreed.waivers.as_slice() else { panic!("{:?}", agreed.waivers) };
    assert_eq!((waived.criterion.as_str(), waived.waived_by.as_str()), ("timeline", "ivan"));
    assert_eq!((&waived.proposal_id, waived.reason.as_str()), (&agreed.proposals[0].id, "the customer asks for it"));
    assert!(world.sam.evaluate(&agreed.id).await.unwrap().ready);
    let submitted = world.sam.submit(on(&agreed)).await.unwrap();
    let refused = world.sam.propose_change(proposing(&submitted, waiver(&["timeline"]))).await;
    assert_eq!(outcome(&refused), "WRONG_STATE");
    let recalled = world.sam.recall(on(&submitted)).await.unwrap();
    let submitted = world.sam.submit(on(&recalled)).await.expect("a recall takes no waiver away");
    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    assert_eq!(rejected.waivers, []);
    assert_eq!(outcome(&world.sam.submit(on(&rejected)).await), "CRITERIA_UNMET");
    let told = world.sam.facts_after(&agreed, short.revision).await;
    assert_eq!(told[..3], ["proposal_made", "proposal_agreed", "criterion_waived"]);

    let proposed = world.sam.propose_change(proposing(&rejected, waiver(&["timeline"]))).await.unwrap();
    let mended = world.sam.update(answers(&proposed, &good_answers())).await.unwrap();
    let mended = world.sam.tick(ticked(&mended, "promises_listed", "")).await.unwrap();
    let submitted = world.sam.submit(on(&mended)).await.unwrap();
    assert_eq!(states(&submitted).last(), Some(&ProposalState::Lapsed), "a submit ends the state");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_or_unknown_is_named() {
    let world = World::new().await;
    let submitted = world.sam.submitted("Acme").await;
    let none = ProposeRequest { side: 9, reason: String::new(), change: None, ..on(&submitted) };
    assert_eq!(world.sam.propose_change(none).await.unwrap_err().fields, ["side", "change", "reason"]);
    let fields = async |kind| world.sam.propose_change(proposing(&submitted, kind)).await.unwrap_err().fields;
    assert_eq!(fields(Kind::Hold(pb::ProposedHold::default())).await, ["change.hold.until"]);
    assert_eq!(fields(until(&world, 0)).await, ["change.hold.until"]);
    assert_eq!(fields(until(&world, 90 * DAY + 1)).await, ["change.hold.until"]);
    assert_eq!(fields(by(&world, 0)).await, ["change.deadline.deliver_by"]);
    assert_eq!(fields(Kind::Deadline(pb::ProposedDeadline::default())).await, ["change.deadline.deliver_by"]);
    let priority = |priority| Kind::Priority(pb::ProposedPriority { priority });
    for wrong in [0, 9, Priority::Normal.into()] {
        assert_eq!(fields(priority(wrong)).await, ["change.priority.priority"]);
    }
    let waived = pb::HandoffState::Rejected;
    let rejected = world.ivan.reject(on(&submitted)).await.unwrap();
    assert_eq!(rejected.state(), waived);
    let fields = async |kind| world.sam.propose_change(proposing(&rejected, kind)).await.unwrap_err().fields;
    assert_eq!(fields(waiver(&[])).await, ["change.waiver.criteria"]);
    assert_eq!(fields(waiver(&["", "x"])).await, ["change.waiver.criteria[0]"]);
    assert_eq!(fields(waiver(&["x"; 51])).await, ["change.waiver.criteria"]);
    let bad = pb::DeclineProposalRequest { proposal_id: String::new(), reason: "x".repeat(16_385), ..on(&rejected) };
    assert_eq!(world.ivan.decline_change(bad).await.unwrap_err().fields, ["proposal_id", "reason"]);

    let other = world.sam.submitted("Bold").await;
    let other = world.sam.propose_change(proposing(&other, urgent())).await.unwrap();
    let foreign = pb::AgreeProposalRequest { proposal_id: other.proposals[0].id.clone(), ..on(&rejected) };
    assert_eq!(why(&world.ivan.agree_to(foreign).await.unwrap_err()), (Code::NotFound, "NOT_FOUND"));
    assert_eq!(world.otto.get(&other.id).await.unwrap(), other);
    assert_eq!(HandoffState::Submitted, other.state());
}
