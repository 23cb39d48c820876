//! State x command x actor, as one snapshot: the documentation of the machine.

use std::fmt::Write as _;

use criteria::Tick;
use kernel::{Actor, Role};

use super::fixture::{
    accept, action_id, admin, at, because, cancel, create, done, dora, give_back, in_state_by, new_handoff, of, person,
    reject, retitle, service, ursula,
};
use crate::domain::{
    Acting, Action, Handoff, Happened, Refused, Side, State,
    handoff::{Reopen, TickItem},
};

struct Row {
    name: &'static str,
    actor: Actor,
    gives_reason: bool,
    /// Whether it was this actor who created and submitted the handoff; else it was the upstream member.
    is_submitter: bool,
}

impl Row {
    fn acting(&self) -> Acting<'_> {
        if self.gives_reason { because(&self.actor) } else { of(&self.actor) }
    }
}

fn rows() -> Vec<Row> {
    let row = |name, actor| Row { name, actor, gives_reason: false, is_submitter: false };
    let both = |name| person(name, &[("sales", Role::Member), ("delivery", Role::Member)]);
    vec![
        row("upstream member (who submitted)", ursula()),
        row("upstream lead", person("uma", &[("sales", Role::Lead)])),
        row("service of upstream", service("crm", &[("sales", Role::Member)])),
        row("downstream member (who decided)", dora()),
        row("downstream lead", person("dan", &[("delivery", Role::Lead)])),
        row("service of downstream", service("desk", &[("delivery", Role::Member)])),
        row("member of both", both("bea")),
        Row { is_submitter: true, ..row("member of both, who submitted", both("bob")) },
        row("outsider (lead elsewhere)", person("otto", &[("support", Role::Lead)])),
        row("administrator, no reason", admin()),
        Row { gives_reason: true, ..row("administrator, with a reason", admin()) },
        row("Baton itself", Actor::System),
    ]
}

type Do = fn(&mut Handoff, Acting<'_>) -> Result<Happened, Refused>;

const COMMANDS: &[(&str, Do)] = &[
    ("UPDATE (a new title)", |handoff, by| handoff.update(by, retitle("Acme Ltd"), at(9))),
    ("TICK_ITEM (an item of upstream)", |handoff, by| handoff.tick(by, tick_anew("customer_told"), at(9))),
    ("TICK_ITEM (an item of downstream)", |handoff, by| handoff.tick(by, tick_anew("access_given"), at(9))),
    ("SUBMIT (all criteria met)", |handoff, by| handoff.submit(by, false, at(9))),
    ("ACCEPT (this attempt, with the required read-back)", |handoff, by| {
        let attempt = handoff.attempt();
        handoff.accept(by, accept(attempt), at(9))
    }),
    ("REJECT (this attempt, citing a criterion)", |handoff, by| {
        let attempt = handoff.attempt();
        handoff.reject(by, reject(attempt), at(9))
    }),
    ("BEGIN", |handoff, by| handoff.begin(by, at(9))),
    ("COMPLETE (nothing of downstream is open)", |handoff, by| handoff.complete(by, at(9))),
    ("RETURN (this attempt, within the return window)", |handoff, by| {
        let attempt = handoff.attempt();
        handoff.give_back(by, give_back(attempt), at(9))
    }),
    ("REOPEN (within the return window)", |handoff, by| {
        handoff.reopen(by, Reopen { reason: "a bug".to_owned() }, at(9))
    }),
    ("CANCEL", |handoff, by| handoff.cancel(by, cancel(), at(9))),
    ("COMPLETE_ACTION (an action of upstream)", |handoff, by| handoff.complete_action(by, action_id(7), at(9))),
];

/// A change whether the item is ticked or not: done, with a word of evidence.
fn tick_anew(item: &str) -> TickItem {
    let tick = Tick { evidence: Some("seen".to_owned()), ..done() };
    TickItem { item: item.to_owned(), tick }
}

fn cell(before: State, handoff: &Handoff, result: &Result<Happened, Refused>) -> String {
    match result {
        Ok(happened) if happened.facts.is_empty() => "already so".to_owned(),
        Ok(_) if handoff.state == before => "done".to_owned(),
        Ok(_) => format!("> {}", handoff.state),
        Err(Refused::WrongState { .. }) => ".".to_owned(),
        Err(Refused::WrongSide { .. }) => "not theirs".to_owned(),
        Err(Refused::OverrideReasonRequired { .. }) => "why?".to_owned(),
        Err(Refused::OwnSubmission { .. }) => "own work".to_owned(),
        Err(other) => other.reason().to_owned(),
    }
}

const LEGEND: &str = "\
What each command does, by the state of the handoff and by who asks.
  > STATE      the handoff enters that state
  done         something changes, the state does not
  already so   nothing changes: a repeat by the same actor
  .            WRONG_STATE
  not theirs   WRONG_SIDE
  why?         OVERRIDE_REASON_REQUIRED
  own work     OWN_SUBMISSION
";

fn write_row(out: &mut String, name: &str, cells: impl IntoIterator<Item = String>) {
    let mut line = format!("  {name:<32}");
    cells.into_iter().for_each(|cell| write!(line, " {cell:<13}").unwrap());
    writeln!(out, "{}", line.trim_end()).unwrap();
}

#[test]
fn every_command_in_every_state_by_every_actor() {
    let mut out = LEGEND.to_owned();
    for (command, run) in COMMANDS {
        writeln!(out, "\n{command}").unwrap();
        write_row(&mut out, "", State::ALL.iter().map(ToString::to_string));
        for row in rows() {
            let cells = State::ALL.iter().map(|state| {
                let submitter = if row.is_submitter { row.actor.clone() } else { ursula() };
                let mut handoff = in_state_by(*state, &submitter, &dora());
                let text = "send the brand kit".to_owned();
                let side = Side::Upstream;
                handoff.actions.push(Action { id: action_id(7), text, side, owner: None, due_at: at(99), done: None });
                let result = run(&mut handoff, row.acting());
                cell(*state, &handoff, &result)
            });
            write_row(&mut out, row.name, cells);
        }
    }
    writeln!(out, "\nCREATE (the side it is for, left to Baton, and the owners)").unwrap();
    for row in rows() {
        let made = match create(row.acting(), new_handoff()) {
            Ok((handoff, happened)) => {
                let owner = handoff.upstream_owner.or(handoff.downstream_owner);
                format!("> DRAFT, {:?}, owner {}", happened.facts[0], owner.as_deref().unwrap_or("nobody"))
            }
            Err(refused) => cell(State::Draft, &in_state_by(State::Draft, &ursula(), &dora()), &Err(refused)),
        };
        write_row(&mut out, row.name, [made]);
    }
    insta::assert_snapshot!("machine", out);
}

#[test]
fn every_open_state_has_a_command_that_leaves_it() {
    for state in State::ALL.iter().filter(|state| state.is_open()) {
        let leaves = |run: &Do| {
            let mut handoff = in_state_by(*state, &ursula(), &dora());
            run(&mut handoff, because(&admin())).is_ok() && handoff.state != *state
        };
        assert!(COMMANDS.iter().any(|(_, run)| leaves(run)), "{state} has no exit");
    }
}
