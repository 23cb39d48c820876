//! What each fact does to the clocks of a handoff in each state: the table of the design, as the code has it.

use std::fmt::Write;

use super::fixture::*;
use crate::domain::{
    Side,
    heard::{State, What},
};

/// The way to each state, one fact an hour.
fn way(to: State) -> Vec<(State, What)> {
    use State::{Accepted, Cancelled, Completed, Draft, InProgress, Rejected, Returned, Submitted};
    let step = |before: State, state, what| {
        let mut steps = way(before);
        steps.push((state, what));
        steps
    };
    match to {
        Draft => vec![(Draft, created(None))],
        Submitted => step(Draft, Submitted, What::Submitted),
        Accepted => step(Submitted, Accepted, What::Accepted),
        InProgress => step(Accepted, InProgress, What::Begun),
        Completed => step(InProgress, Completed, What::Completed),
        Rejected => step(Submitted, Rejected, What::Rejected),
        Returned => step(InProgress, Returned, What::Returned),
        Cancelled => step(Draft, Cancelled, What::Cancelled),
    }
}

fn facts(state: State) -> Vec<(&'static str, State, What)> {
    use State::{Accepted, Cancelled, Completed, Draft, InProgress, Rejected, Returned, Submitted};
    let moves = match state {
        Draft | Rejected | Returned => vec![("submitted", Submitted, What::Submitted)],
        Submitted => vec![
            ("recalled", Draft, What::Recalled),
            ("accepted", Accepted, What::Accepted),
            ("rejected", Rejected, What::Rejected),
        ],
        Accepted => vec![("begun", InProgress, What::Begun), ("returned", Returned, What::Returned)],
        InProgress => vec![("completed", Completed, What::Completed), ("returned", Returned, What::Returned)],
        Completed => vec![("reopened", InProgress, What::Reopened), ("returned", Returned, What::Returned)],
        Cancelled => return vec![],
    };
    let (question, proposal, action) = (subject(1), subject(2), subject(3));
    let asked = |side, blocking| What::Asked { question, side, blocking, round: 1 };
    let talk = [
        ("asked by upstream, blocking", asked(Side::Upstream, true)),
        ("asked by downstream, blocking", asked(Side::Downstream, true)),
        ("asked by downstream", asked(Side::Downstream, false)),
        ("proposed by upstream", What::Proposed { proposal, side: Side::Upstream }),
        ("held, agreed", What::Held { agreed: true }),
        ("held alone", What::Held { agreed: false }),
        ("action of downstream", What::ActionDue { action, side: Side::Downstream, due_at: Some(after(90, 0)) }),
        ("deadline agreed", What::DeadlineChanged { deliver_by: after(90, 0) }),
    ];
    let cancelled = if state == Completed { None } else { Some(("cancelled", Cancelled, What::Cancelled)) };
    let talk = talk.into_iter().map(|(name, what)| (name, state, what));
    moves.into_iter().chain(cancelled).chain(talk).collect()
}

#[test]
fn what_each_fact_does_to_the_clocks_in_each_state() {
    let mut table = String::new();
    for state in State::ALL {
        for (name, to, what) in facts(*state) {
            let mut play = Play::new(book(targets()));
            let mut hour = 0;
            for (state, what) in way(*state) {
                play.hear(after(hour, 0), state, what);
                hour += 1;
            }
            let said = play.hear(after(hour, 0), to, what);
            writeln!(table, "{state:<12}{name:<32}{}", names(&said).join(", ").to_lowercase()).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
