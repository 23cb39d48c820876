//! What waits where, for people.

use comfy_table::Cell;

use super::{Screen, Tone};
use crate::{
    commands::inbox::{Everywhere, Load},
    words,
};

/// The teams that something waits on, a line each.
pub(crate) fn everywhere(answer: &Everywhere, screen: &Screen) -> String {
    let rows = answer.teams.iter().map(|load| {
        [
            Cell::new(&load.team),
            screen.cell(Tone::Waiting, load.handoffs.to_string()),
            Cell::new(states(load)),
            Cell::new(load.actions),
            Cell::new(words::age(load.longest_since.map(api::timestamp).as_ref(), screen.now())),
        ]
    });
    let hidden = match answer.total_teams - answer.teams.len() {
        0 => String::new(),
        hidden => format!("; {hidden} more with a higher --limit"),
    };
    let table = screen.table(&["TEAM", "Its turn", "In state", "Actions", "Longest"], rows);
    let handoffs = words::count(counted(answer.total_handoffs), "open handoff");
    format!("{table}\n\n{handoffs}, {} with something to do{hidden}", words::count(counted(answer.total_teams), "team"))
}

fn states(load: &Load) -> String {
    let mut parts: Vec<String> = load.states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    if load.on_hold > 0 {
        parts.push(format!("{} on hold", load.on_hold));
    }
    parts.join(", ")
}

fn counted(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
