//! What holds after any sequence of commands, by anybody, at any time.

use kernel::{Actor, Role, Timestamp};
use proptest::prelude::*;

use super::fixture::{
    accept, action_id, admin, ask, at, because, cancel, create, dora, duty, give_back, held, meeting, new_handoff,
    part_id, person, propose, reject, retitle, shown, tick, ursula,
};
use crate::domain::{
    Acting, Decision, Fact, Handoff, Happened, Link, Priority, Refused, Side, State,
    handoff::{
        CancelReview, Comment, Confidential, ConfirmReadBack, Decline, LinkedRecord, Note, Reassign, RecordMissed,
        Reopen, Reply, Schedule, TickItem, Wait, WaiveReview,
    },
    proposal::Change,
    proposal::ProposalState,
    review::{Meeting, Outcome},
};

/// One attempt of somebody to do something.
#[derive(Clone, Debug)]
struct Step {
    who: usize,
    command: usize,
    /// On the attempt before the current one.
    is_late: bool,
    /// The clock after the step before; it may go back.
    seconds: i64,
}

const COMMANDS: usize = 44;

fn people() -> Vec<Actor> {
    vec![
        ursula(),
        dora(),
        person("bob", &[("sales", Role::Member), ("delivery", Role::Lead)]),
        admin(),
        person("otto", &[]),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..people().len(), 0..COMMANDS, prop::bool::weighted(0.1), -60_i64..1_800);
    let step = step.prop_map(|(who, command, is_late, seconds)| Step { who, command, is_late, seconds });
    prop::collection::vec(step, 1..80)
}

fn run(handoff: &mut Handoff, by: Acting<'_>, step: &Step, now: Timestamp) -> Result<Happened, Refused> {
    let attempt = handoff.attempt() - i32::from(step.is_late);
    match step.command {
        0 => handoff.update(by, retitle(&step.seconds.to_string()), now),
        1 => handoff.tick(by, tick("customer_told"), now),
        2 => handoff.tick(by, TickItem { tick: criteria::Tick::default(), ..tick("customer_told") }, now),
        3 => handoff.tick(by, tick("access_given"), now),
        4 => handoff.submit(by, false, now),
        5 => handoff.accept(by, accept(attempt), now),
        6 => handoff.reject(by, reject(attempt), now),
        7 => handoff.begin(by, now),
        8 => handoff.complete(by, now),
        9 => handoff.give_back(by, give_back(attempt), now),
        10 => handoff.reopen(by, Reopen { reason: "a bug".to_owned() }, now),
        11 => handoff.cancel(by, cancel(), now),
        12 => handoff.complete_action(by, action_id(1), now),
        _ => talk(handoff, by, step, now),
    }
}

/// What both sides say to each other, about the last question, review, proposal there is.
fn talk(handoff: &mut Handoff, by: Acting<'_>, step: &Step, now: Timestamp) -> Result<Happened, Refused> {
    let side = Some(if step.seconds % 2 == 0 { Side::Upstream } else { Side::Downstream });
    let last = |n: usize| n.saturating_sub(1);
    let question = part_id(100 + last(handoff.questions.len()));
    let review = part_id(200 + last(handoff.reviews.len()));
    let proposal = part_id(300 + last(handoff.proposals.len()));
    let text = || step.seconds.to_string();
    let later = |seconds: i64| now.plus_seconds(seconds);
    let meet = || {
        let long = step.seconds.rem_euclid(600) + 60;
        Schedule { side, meeting: Meeting { starts_at: later(30), ends_at: later(30 + long), ..meeting(0) } }
    };
    let mut offer = |change| {
        let id = part_id(300 + handoff.proposals.len());
        handoff.propose(by, id, propose(side, change), now)
    };
    match step.command {
        13 => handoff.recall(by, now),
        14 | 15 => handoff.ask(by, part_id(100 + handoff.questions.len()), ask(side, step.command == 14), now),
        16 => handoff.answer(by, Reply { id: question, text: text() }, now),
        17 => handoff.mark_insufficient(by, Reply { id: question, text: text() }, now),
        18 => handoff.close_question(by, question, now),
        19 => handoff.schedule_review(by, part_id(200 + handoff.reviews.len()), meet(), now),
        20 => handoff.reschedule_review(by, review, meet(), now),
        21 => handoff.cancel_review(by, CancelReview { id: review, side, reason: text() }, now),
        22 => handoff.record_review_held(by, held(review, Outcome::Ready), now),
        23 => handoff.record_review_held(by, held(review, Outcome::NotReady), now),
        24 => handoff.record_review_missed(by, RecordMissed { id: review, side, absent: vec![Side::Upstream] }, now),
        25 => {
            let waive = WaiveReview { attempt: handoff.attempt(), reason: text() };
            handoff.waive_review(by, part_id(200 + handoff.reviews.len()), waive, now)
        }
        26 => offer(Change::Hold { until: later(100) }),
        27 => offer(Change::Deadline { deliver_by: later(1_000) }),
        28 => offer(Change::Priority { priority: if step.seconds > 600 { Priority::High } else { Priority::Low } }),
        29 => offer(Change::Waiver { criteria: vec!["contract".to_owned()] }),
        30 => offer(Change::Cancel),
        31 => handoff.agree(by, proposal, now),
        32 => handoff.decline(by, Decline { id: proposal, reason: text() }, now),
        33 => handoff.wait(by, Wait { side, reason: text(), until: later(200) }, now),
        34 => handoff.resume(by, side, now),
        35 => handoff.expire_hold(now),
        36 => handoff.claim(by, now),
        37 => handoff.unclaim(by, now),
        38 => {
            let added = duty(400 + u128::try_from(handoff.actions.len()).unwrap(), Side::Upstream);
            handoff.add_action(by, Note { side, what: added }, now)
        }
        39 => handoff.confirm_action(by, part_id(400 + last(handoff.actions.len())), now),
        40 => handoff.comment(by, part_id(1), Note { side, what: Comment(text()) }, now),
        41 => {
            let (system, r#type, key, url) = ("crm".to_owned(), "deal".to_owned(), text(), String::new());
            if step.is_late {
                handoff.remove_link(by, Note { side, what: LinkedRecord { system, r#type, key } }, now)
            } else {
                handoff.add_link(by, Note { side, what: Link { system, r#type, key, url } }, now)
            }
        }
        42 => {
            let confirm = ConfirmReadBack { attempt: handoff.attempt(), corrections: vec![] };
            if step.is_late {
                handoff.set_confidential(by, Note { side, what: Confidential(step.seconds > 600) }, now)
            } else {
                handoff.confirm_read_back(by, confirm, now)
            }
        }
        _ => handoff.reassign(by, Reassign { side, owner: text() }, now),
    }
}

fn accountable_in(state: State) -> Side {
    match state {
        State::Draft | State::Submitted | State::Rejected | State::Returned | State::Cancelled => Side::Upstream,
        State::Accepted | State::InProgress | State::Completed => Side::Downstream,
    }
}

/// Raises the head as whoever writes the facts down does.
fn write_down(handoff: &mut Handoff, facts: &[Fact], at: Timestamp) {
    if !facts.is_empty() {
        handoff.head.revision += i64::try_from(facts.len()).unwrap();
        handoff.head.at = at;
    }
}

fn moves_accountability(fact: &Fact) -> bool {
    matches!(fact, Fact::Accepted { .. } | Fact::Returned { .. } | Fact::Reopened { .. })
}

proptest! {
    #[test]
    fn the_laws_of_a_handoff(steps in steps()) {
        let people = people();
        let (mut draft, created) = create(because(&people[0]), new_handoff()).unwrap();
        write_down(&mut draft, &created.facts, at(0));
        let mut handoff = draft.clone();
        let mut story = vec![];
        let mut now = at(0);
        for step in &steps {
            now = now.plus_seconds(step.seconds);
            let by = because(&people[step.who]);
            let before = handoff.clone();
            let result = run(&mut handoff, by, step, now);
            let Ok(Happened { facts, override_reason }) = result else {
                prop_assert_eq!(shown(&handoff), shown(&before), "a refused command changes nothing");
                continue;
            };
            if facts.is_empty() {
                prop_assert_eq!(shown(&handoff), shown(&before), "what is already so changes nothing");
            }
            let by_system = step.command == 35;
            prop_assert_eq!(override_reason.is_some(), !facts.is_empty() && by.actor.is_admin() && !by_system);
            prop_assert_eq!(handoff.accountable_side, accountable_in(handoff.state), "exactly one, fixed by the state");
            if handoff.accountable_side != before.accountable_side {
                prop_assert!(facts.iter().any(moves_accountability));
            }
            prop_assert_eq!(handoff.waiting_on().is_some(), handoff.state.is_open());
            if handoff.state != before.state {
                prop_assert!(handoff.hold.is_none() && handoff.claim.is_none(), "they end with the state");
                prop_assert!(handoff.proposals.iter().all(|it| !it.is_open()), "open proposals lapse with the state");
            }
            if handoff.state == State::Cancelled {
                prop_assert!(!handoff.waits_on(Side::Upstream) && !handoff.waits_on(Side::Downstream));
                prop_assert!(handoff.questions.iter().all(|question| question.closed.is_some()));
            }
            for it in &handoff.proposals {
                let decided = it.decided.as_ref().filter(|_| it.state == ProposalState::Agreed);
                prop_assert!(decided.is_none_or(|decided| decided.by != it.proposed.by), "nobody agrees with themselves");
            }
            for round in handoff.questions.iter().flat_map(|question| &question.rounds) {
                let answer = round.answer.as_ref();
                prop_assert!(answer.is_none_or(|answer| answer.given.by != round.asked.by), "nor answers themselves");
            }
            if facts.iter().any(|fact| matches!(fact, Fact::Accepted { .. })) {
                prop_assert!(before.questions_to(Side::Upstream).all(|question| !question.blocking));
            }
            prop_assert!(handoff.times.updated_at >= before.times.updated_at, "times never go back");
            prop_assert!(handoff.since.at >= before.since.at);
            for (after, before) in handoff.attempts.iter().zip(&before.attempts) {
                prop_assert_eq!(&after.snapshot, &before.snapshot, "a frozen snapshot never changes");
                prop_assert_eq!(after.content_hash, after.snapshot.hash());
            }
            let at = handoff.head.date(now);
            let name = if by_system { Actor::System.name() } else { by.actor.name() };
            story.extend(facts.iter().map(|fact| (fact.clone(), name.to_owned(), at)));
            write_down(&mut handoff, &facts, at);
        }
        let submits = story.iter().filter(|(fact, ..)| matches!(fact, Fact::Submitted { .. })).count();
        prop_assert_eq!(handoff.attempts.len(), submits, "attempts = submits");
        let open = handoff.attempts.iter().filter(|attempt| attempt.decision == Decision::Open).count();
        prop_assert_eq!(open, usize::from(handoff.state == State::Submitted));

        let mut replayed = draft;
        for (fact, by, at) in &story {
            replayed.apply(fact, by, *at);
        }
        replayed.head = handoff.head;
        prop_assert_eq!(shown(&replayed), shown(&handoff), "the facts tell the whole story");

        if handoff.state.is_open() {
            let can_leave = (0..COMMANDS).any(|command| {
                let mut next = handoff.clone();
                let step = Step { who: 0, command, is_late: false, seconds: 0 };
                run(&mut next, because(&admin()), &step, now).is_ok() && next.state != handoff.state
            });
            prop_assert!(can_leave, "no state without an exit");
        }
    }
}
