//! What holds after any sequence of commands, by anybody, at any time.

use kernel::{Actor, Role, Timestamp};
use proptest::prelude::*;

use super::fixture::{
    accept, action_id, admin, at, because, cancel, create, dora, give_back, new_handoff, person, reject, retitle,
    shown, tick, ursula,
};
use crate::domain::{
    Acting, Decision, Fact, Handoff, Happened, Refused, Side, State,
    handoff::{Reopen, TickItem},
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

const COMMANDS: usize = 13;

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
        _ => handoff.complete_action(by, action_id(1), now),
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
            prop_assert_eq!(override_reason.is_some(), !facts.is_empty() && by.actor.is_admin());
            prop_assert_eq!(handoff.accountable_side, accountable_in(handoff.state), "exactly one, fixed by the state");
            if handoff.accountable_side != before.accountable_side {
                prop_assert!(facts.iter().any(moves_accountability));
            }
            prop_assert_eq!(handoff.waiting_on().is_some(), handoff.state.is_open());
            prop_assert!(handoff.times.updated_at >= before.times.updated_at, "times never go back");
            prop_assert!(handoff.since.at >= before.since.at);
            for (after, before) in handoff.attempts.iter().zip(&before.attempts) {
                prop_assert_eq!(&after.snapshot, &before.snapshot, "a frozen snapshot never changes");
                prop_assert_eq!(after.content_hash, after.snapshot.hash());
            }
            let at = handoff.head.date(now);
            story.extend(facts.iter().map(|fact| (fact.clone(), by.actor.name().to_owned(), at)));
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
