//! Each guard of a handoff's commands, beside those that the table shows.

use criteria::{Tick, TickState, Value};
use kernel::{Code, Refusal, Role};

use super::fixture::{
    RETURN_WINDOW_SECONDS, accept, action_id, admin, at, because, cancel, create, done, dora, give_back, in_state,
    new_handoff, of, person, reject, retitle, shown, tick, ursula,
};
use crate::domain::{
    Acting, Decision, Expected, Fact, Handoff, Link, NewAction, Priority, Reason, Refused, Side, State, Summary,
    handoff::{Accept, Create, Edit, Reject, Reopen, Return, TickItem, Update},
};

fn edits(edits: Vec<Edit>) -> Update {
    Update { edits, ..Update::default() }
}

fn field(key: &str, value: Option<Value>) -> Edit {
    Edit::Field(key.to_owned(), value)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn violated(refused: Refused) -> Vec<String> {
    let Refused::Invalid(violations) = refused else { panic!("no violation: {refused}") };
    violations.into_iter().map(|violation| violation.field).collect()
}

fn link(key: &str) -> Link {
    Link { system: "crm".to_owned(), r#type: "deal".to_owned(), key: key.to_owned(), url: String::new() }
}

#[test]
fn creating_names_every_malformed_part_at_once() {
    let bad = Create {
        triggered_at: Some(at(1)),
        links: vec![link("1"), link("2"), link("1")],
        fields: [("contract".to_owned(), Value::Integer(1)), ("color".to_owned(), text("red"))].into(),
        ..new_handoff()
    };
    let refused = create(of(&ursula()), bad).unwrap_err();
    assert_eq!(violated(refused), ["triggered_at", "links[2]", "fields.color", "fields.contract"]);
}

#[test]
fn the_creator_owns_its_side_unless_it_is_no_person_of_it() {
    let owners = |by: Acting<'_>, side| {
        let (handoff, _) = create(by, Create { side, ..new_handoff() }).unwrap();
        (handoff.upstream_owner, handoff.downstream_owner)
    };
    let both = person("bea", &[("sales", Role::Member), ("delivery", Role::Member)]);
    assert_eq!(owners(of(&dora()), None), (None, Some("dora".to_owned())));
    assert_eq!(owners(of(&both), Some(Side::Downstream)), (None, Some("bea".to_owned())));
    assert_eq!(owners(because(&admin()), None), (None, None));
}

#[test]
fn an_edit_that_changes_nothing_is_no_fact() {
    let mut handoff = in_state(State::Draft);
    let same = edits(vec![Edit::Title("Acme".to_owned()), field("contract", Some(text("C-1"))), field("seats", None)]);
    assert_eq!(handoff.update(of(&ursula()), same, at(9)).unwrap().facts, []);
    assert_eq!(handoff.tick(of(&ursula()), tick("customer_told"), at(9)).unwrap().facts, []);
}

#[test]
fn an_update_records_only_what_changed() {
    let mut handoff = in_state(State::Draft);
    let all_fields = Some([("seats".to_owned(), Value::Integer(5))].into());
    let edits = vec![Edit::Title("Acme".to_owned()), Edit::Links(vec![link("1")]), Edit::Summary(Summary::default())];
    let happened = handoff.update(of(&ursula()), Update { all_fields, edits }, at(9)).unwrap();
    let [Fact::Edited(edits)] = happened.facts.as_slice() else { panic!("one fact: {:?}", happened.facts) };
    assert_eq!(edits.iter().map(Edit::path).collect::<Vec<_>>(), ["fields.contract", "fields.seats", "links"]);
    assert_eq!(handoff.submission.fields, [("seats".to_owned(), Value::Integer(5))].into());
}

#[test]
fn an_update_names_every_misfit_at_once_and_keeps_none_of_it() {
    let mut handoff = in_state(State::Draft);
    let before = shown(&handoff);
    let bad = edits(vec![
        field("seats", Some(text("many"))),
        field("color", Some(text("red"))),
        Edit::Links(vec![link("1"), link("1")]),
        Edit::Title("good".to_owned()),
    ]);
    let refused = handoff.update(of(&ursula()), bad, at(9)).unwrap_err();
    assert_eq!(violated(refused), ["fields.color", "fields.seats", "links[1]"]);
    assert_eq!(shown(&handoff), before);
}

#[test]
fn after_the_first_submit_priority_and_promise_need_the_other_side() {
    let change = || edits(vec![Edit::Priority(Priority::Urgent), Edit::DeliverBy(Some(at(99)))]);
    assert!(in_state(State::Draft).update(of(&ursula()), change(), at(9)).is_ok());
    let refused = in_state(State::Rejected).update(of(&ursula()), change(), at(9)).unwrap_err();
    assert_eq!(refused, Refused::NeedsAgreement(vec!["deliver_by", "priority"]));
    let same = edits(vec![Edit::Priority(Priority::Normal), Edit::Title("Acme Ltd".to_owned())]);
    assert!(in_state(State::Rejected).update(of(&ursula()), same, at(9)).is_ok(), "the same priority is no change");
}

#[test]
fn a_handoff_has_a_bound() {
    let mut handoff = in_state(State::Draft);
    let before = shown(&handoff);
    let long = Edit::Summary(Summary { situation: "x".repeat(256 * 1024), ..Summary::default() });
    let refused = handoff.update(of(&ursula()), edits(vec![long]), at(9)).unwrap_err();
    assert_eq!(refused.class(), (Code::InvalidArgument, "TOO_LARGE"));
    assert_eq!(shown(&handoff), before);
}

#[test]
fn an_item_is_known_and_does_not_apply_only_for_a_reason() {
    let mut handoff = in_state(State::Draft);
    assert_eq!(violated(handoff.tick(of(&ursula()), tick("lunch"), at(9)).unwrap_err()), ["item"]);
    let na = |reason: Option<&str>| TickItem {
        item: "customer_told".to_owned(),
        tick: Tick { state: TickState::NotApplicable, evidence: None, reason: reason.map(str::to_owned) },
    };
    assert_eq!(violated(handoff.tick(of(&ursula()), na(Some(" ")), at(9)).unwrap_err()), ["tick.reason"]);
    assert_eq!(handoff.tick(of(&ursula()), na(Some("they told us")), at(9)).unwrap().facts.len(), 1);
}

#[test]
fn a_submit_is_refused_with_every_unmet_blocking_criterion_and_its_fix() {
    let (mut handoff, _) = create(of(&ursula()), Create { fields: [].into(), ..new_handoff() }).unwrap();
    let refused = handoff.submit(of(&ursula()), true, at(9)).unwrap_err();
    let refusal = Refusal::from(refused);
    assert_eq!((refusal.code, refusal.reason), (Code::FailedPrecondition, "CRITERIA_UNMET"));
    let unmet: Vec<_> = refusal.preconditions.iter().map(|unmet| (unmet.kind, unmet.subject.as_str())).collect();
    assert_eq!(unmet, [("CRITERION", "contract"), ("CRITERION", "customer_told")]);
    assert!(refusal.preconditions.iter().all(|unmet| unmet.description.contains("; ")), "{refusal:?}");
    assert_eq!(handoff.attempt(), 0);
}

#[test]
fn a_submit_freezes_fields_and_upstreams_items_only() {
    let mut handoff = in_state(State::Returned);
    assert!(handoff.submission.items.contains_key("access_given"));
    handoff.update(of(&ursula()), edits(vec![field("contract", Some(text("C-2")))]), at(9)).unwrap();
    handoff.submit(of(&ursula()), true, at(9)).unwrap();
    let [first, second] = handoff.attempts.as_slice() else { panic!("two attempts") };
    assert_eq!((&first.snapshot.fields["contract"], &second.snapshot.fields["contract"]), (&text("C-1"), &text("C-2")));
    assert_eq!(second.snapshot.items, [("customer_told".to_owned(), done())].into());
    assert_eq!((second.number, second.content_hash), (2, second.snapshot.hash()));
    assert_eq!(
        second.results.iter().map(|result| result.key.as_str()).collect::<Vec<_>>(),
        ["contract", "seats", "customer_told"]
    );
    assert_eq!((first.first_time_pair, second.first_time_pair), (false, true));
}

#[test]
fn accepting_twice_is_one_event() {
    let mut handoff = in_state(State::Submitted);
    let first = handoff.accept(of(&dora()), accept(1), at(9)).unwrap();
    let names: Vec<_> = first.facts.iter().map(Fact::name).collect();
    assert_eq!(names, ["handoff_accepted", "action_added"]);
    assert_eq!(handoff.accept(of(&dora()), accept(1), at(10)).unwrap().facts, []);
    let dan = person("dan", &[("delivery", Role::Lead)]);
    assert_eq!(handoff.accept(of(&dan), accept(1), at(10)).unwrap_err().reason(), "WRONG_STATE");
}

#[test]
fn accepting_moves_the_work_and_leaves_conditions_with_upstream() {
    let mut handoff = in_state(State::Submitted);
    handoff.accept(of(&dora()), accept(1), at(9)).unwrap();
    assert_eq!((handoff.accountable_side, handoff.downstream_owner.as_deref()), (Side::Downstream, Some("dora")));
    assert_eq!((handoff.waits_on(Side::Downstream), handoff.waits_on(Side::Upstream)), (true, true));
    let attempt = &handoff.attempts[0];
    assert_eq!(
        (attempt.decision, attempt.decided_by.as_deref(), attempt.decided_at),
        (Decision::Accepted, Some("dora"), Some(at(9)))
    );
    assert_eq!(attempt.read_back.as_deref(), Some("a new customer"));
}

#[test]
fn a_decision_is_on_the_current_attempt() {
    let mut handoff = in_state(State::Rejected);
    handoff.submit(of(&ursula()), false, at(9)).unwrap();
    let moved = Refused::AttemptMoved { given: 1, current: 2 };
    assert_eq!(handoff.accept(of(&dora()), accept(1), at(9)), Err(moved.clone()));
    assert_eq!(handoff.reject(of(&dora()), reject(1), at(9)), Err(moved.clone()));
    handoff.accept(of(&dora()), accept(2), at(9)).unwrap();
    assert_eq!(handoff.give_back(of(&dora()), give_back(1), at(9)), Err(moved));
}

#[test]
fn the_terms_may_require_a_read_back() {
    for read_back in [None, Some(" ".to_owned())] {
        let accept = Accept { attempt: 1, read_back, conditions: vec![] };
        let refused = in_state(State::Submitted).accept(of(&dora()), accept, at(9)).unwrap_err();
        assert_eq!(refused, Refused::ReadBackRequired);
    }
}

#[test]
fn a_condition_is_due_after_now() {
    let mut accept = accept(1);
    accept.conditions[0].due_at = at(9);
    let refused = in_state(State::Submitted).accept(of(&dora()), accept, at(9)).unwrap_err();
    assert_eq!(violated(refused), ["conditions[0].due_at"]);
}

#[test]
fn reasons_are_judged_all_at_once() {
    let reasons = vec![
        Reason::Criterion { key: "contract".to_owned(), text: None },
        Reason::Criterion { key: "access_given".to_owned(), text: None },
        Reason::Criterion { key: "weather".to_owned(), text: None },
        Reason::Other { text: String::new() },
        Reason::Unknown,
        Reason::Duplicate { text: None },
    ];
    let fields = ["reasons[1].criterion", "reasons[2].criterion", "reasons[3].text", "reasons[4].kind"];
    let reject = Reject { attempt: 1, reasons: reasons.clone() };
    assert_eq!(violated(in_state(State::Submitted).reject(of(&dora()), reject, at(9)).unwrap_err()), fields);
    let give_back = Return { attempt: 1, reasons };
    assert_eq!(violated(in_state(State::Accepted).give_back(of(&dora()), give_back, at(9)).unwrap_err()), fields);
    let none = Reject { attempt: 1, reasons: vec![] };
    assert_eq!(violated(in_state(State::Submitted).reject(of(&dora()), none, at(9)).unwrap_err()), ["reasons"]);
}

#[test]
fn work_is_complete_when_downstream_has_nothing_left_to_do() {
    let mut handoff = in_state(State::InProgress);
    let open = TickItem { item: "access_given".to_owned(), tick: Tick::default() };
    handoff.tick(of(&dora()), open, at(9)).unwrap();
    let (text, due_at, side) = ("call them".to_owned(), at(99), Side::Downstream);
    handoff.actions.push(NewAction { id: action_id(2), text, side, owner: None, due_at }.binding("dora"));

    let refusal = Refusal::from(handoff.complete(of(&dora()), at(9)).unwrap_err());
    let left: Vec<_> = refusal.preconditions.iter().map(|left| (left.kind, left.subject.clone())).collect();
    assert_eq!(refusal.reason, "WORK_UNFINISHED");
    assert_eq!(left, [("CRITERION", "access_given".to_owned()), ("ACTION", action_id(2).to_string())]);

    handoff.tick(of(&dora()), tick("access_given"), at(9)).unwrap();
    handoff.complete_action(of(&dora()), action_id(2), at(9)).unwrap();
    handoff.complete(of(&dora()), at(9)).unwrap();
    assert!(handoff.waits_on(Side::Upstream), "upstream's open action stays");
}

fn reopen() -> Reopen {
    Reopen { reason: "a bug".to_owned() }
}

#[test]
fn completed_work_comes_back_within_the_return_window_only() {
    let closed_at = at(5 + RETURN_WINDOW_SECONDS);
    let late = at(6 + RETURN_WINDOW_SECONDS);
    let completed = || in_state(State::Completed);
    assert!(completed().give_back(of(&dora()), give_back(1), closed_at).is_ok());
    assert!(completed().reopen(of(&ursula()), reopen(), closed_at).is_ok());
    let closed = Refused::ReturnWindowClosed { closed_at };
    assert_eq!(completed().give_back(of(&dora()), give_back(1), late), Err(closed.clone()));
    assert_eq!(completed().reopen(of(&ursula()), reopen(), late), Err(closed));
}

#[test]
fn returned_work_is_upstreams_again_until_it_is_accepted_again() {
    let mut handoff = in_state(State::Completed);
    handoff.reopen(of(&ursula()), reopen(), at(9)).unwrap();
    assert_eq!((handoff.state, handoff.accountable_side), (State::InProgress, Side::Downstream));
    let happened = handoff.give_back(of(&dora()), give_back(1), at(9)).unwrap();
    assert!(matches!(happened.facts[0], Fact::Returned { from_state: State::InProgress, attempt: 1, .. }));
    assert_eq!((handoff.accountable_side, handoff.returns), (Side::Upstream, 1));
    handoff.submit(of(&ursula()), false, at(9)).unwrap();
    assert_eq!((handoff.accountable_side, handoff.attempt()), (Side::Upstream, 2));
}

#[test]
fn a_cancelled_handoff_waits_on_nobody() {
    let mut handoff = in_state(State::Returned);
    assert!(handoff.open_actions(Side::Upstream).next().is_some());
    handoff.cancel(of(&ursula()), cancel(), at(9)).unwrap();
    assert!(!handoff.waits_on(Side::Upstream) && !handoff.waits_on(Side::Downstream));
    assert_eq!(handoff.complete_action(of(&ursula()), action_id(1), at(9)).unwrap_err().reason(), "WRONG_STATE");
}

#[test]
fn cancelling_an_undecided_attempt_closes_it() {
    let mut handoff = in_state(State::Submitted);
    handoff.cancel(of(&ursula()), cancel(), at(9)).unwrap();
    assert_eq!(handoff.attempts[0].decision, Decision::Cancelled);
}

#[test]
fn an_action_is_done_once() {
    let mut handoff = in_state(State::Accepted);
    assert_eq!(handoff.complete_action(of(&ursula()), action_id(9), at(9)).unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(handoff.complete_action(of(&dora()), action_id(1), at(9)).unwrap_err().reason(), "WRONG_SIDE");
    let done = handoff.complete_action(of(&ursula()), action_id(1), at(9)).unwrap();
    assert_eq!(done.facts, [Fact::ActionDone(action_id(1))]);
    assert_eq!(handoff.complete_action(of(&ursula()), action_id(1), at(10)).unwrap().facts, []);
    let uma = person("uma", &[("sales", Role::Lead)]);
    assert_eq!(handoff.complete_action(of(&uma), action_id(1), at(10)).unwrap_err().reason(), "ACTION_DONE");
}

#[test]
fn a_confidential_handoff_is_not_there_for_others() {
    let (mut handoff, _) = create(of(&ursula()), Create { confidential: true, ..new_handoff() }).unwrap();
    let otto = person("otto", &[("support", Role::Lead)]);
    let not_found = |result: Result<_, Refused>| assert_eq!(result.unwrap_err().reason(), "NOT_FOUND");
    not_found(handoff.submit(of(&otto), false, at(9)));
    not_found(handoff.tick(of(&otto), tick("lunch"), at(9)));
    let refused = handoff.complete_action(of(&otto), action_id(9), at(9)).unwrap_err();
    assert!(matches!(refused, Refused::NotFound { kind: "handoff", .. }), "{refused}");
    assert!([ursula(), dora(), admin()].iter().all(|actor| handoff.visible_to(actor)));
}

#[test]
fn an_override_is_recorded_and_only_where_it_is_one() {
    let mut handoff = in_state(State::Draft);
    let reason = |handoff: &mut Handoff, by: Acting<'_>, title: &str| {
        handoff.update(by, retitle(title), at(9)).unwrap().override_reason
    };
    assert_eq!(reason(&mut handoff, because(&ursula()), "a"), None);
    assert_eq!(reason(&mut handoff, because(&admin()), "b").as_deref(), Some("they are on strike"));
}

#[test]
fn an_administrator_does_not_accept_what_it_submitted_itself() {
    let mut handoff = in_state(State::Draft);
    handoff.submit(because(&admin()), false, at(9)).unwrap();
    assert_eq!(handoff.accept(because(&admin()), accept(1), at(9)), Err(Refused::OwnSubmission { attempt: 1 }));
}

#[test]
fn a_wrong_state_tells_where_the_handoff_is_and_what_would_do() {
    let mut handoff = in_state(State::Draft);
    handoff.head.revision = 7;
    let refusal = Refusal::from(handoff.begin(of(&dora()), at(9)).unwrap_err());
    assert_eq!(refusal.message, "BEGIN is for ACCEPTED; the handoff is in DRAFT");
    let told: Vec<_> = refusal.metadata.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(told, [("command", "BEGIN"), ("state", "DRAFT"), ("revision", "7")]);
}

#[test]
fn a_fact_is_never_dated_before_the_one_it_follows() {
    let mut handoff = in_state(State::Submitted);
    handoff.head.at = at(50);
    handoff.accept(of(&dora()), accept(1), at(9)).unwrap();
    assert_eq!((handoff.times.accepted_at, handoff.since.at), (Some(at(50)), at(50)));
}

#[test]
fn a_stale_revision_is_told_the_current_one() {
    assert_eq!(Expected::of(0).must_match(7), Ok(()));
    assert_eq!(Expected::of(7).must_match(7), Ok(()));
    let refused = Expected::of(6).must_match(7).unwrap_err();
    assert_eq!((refused.class().0, refused.reason()), (Code::Aborted, "REVISION_MISMATCH"));
}
