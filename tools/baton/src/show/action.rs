//! The small duties of a handoff for people.

use api::{
    handoff::v1::{Action, Handoff},
    r#type::v1::Side,
};
use comfy_table::Cell;

use super::{Screen, Tone, handoff::team_of};
use crate::{
    numbered::named,
    words::{self, Word as _},
};

/// Those that are shown, a line each; empty where there are none.
pub(crate) fn list(handoff: &Handoff, is_shown: impl Fn(&Action) -> bool, screen: &Screen) -> String {
    let rows: Vec<_> = named(&handoff.actions)
        .filter(|(_, action)| is_shown(action))
        .map(|(number, action)| {
            let (tone, state) = state(handoff, action, screen);
            [
                Cell::new(number),
                Cell::new(&action.text),
                Cell::new(team_of(handoff, action.side())),
                Cell::new(&action.owner),
                Cell::new(words::time(action.due_at.as_ref())),
                screen.cell(tone, state),
            ]
        })
        .collect();
    if rows.is_empty() {
        String::new()
    } else {
        screen.table(&["ACTION", "What", "Team", "Owner", "Due", "State"], rows)
    }
}

fn state(handoff: &Handoff, action: &Action, screen: &Screen) -> (Tone, String) {
    if let Some(at) = action.done_at.as_ref() {
        let by = if action.done_by.is_empty() { String::new() } else { format!(" by {}", action.done_by) };
        return (Tone::Good, format!("done {}{by}", words::time(Some(at))));
    }
    if action.unconfirmed {
        let side = if action.side() == Side::Unspecified { "the other side" } else { team_of(handoff, action.side()) };
        return (Tone::Waiting, format!("{side} has to confirm it"));
    }
    match words::instant(action.due_at.as_ref()) {
        Some(due) if due < screen.now() => (Tone::Bad, "overdue".to_owned()),
        _ => (Tone::Waiting, "open".to_owned()),
    }
}

/// What is to be done, by whom and by when, in a line.
pub(crate) fn owed(action: &Action) -> String {
    let owner = if action.owner.is_empty() { String::new() } else { format!(", {}", action.owner) };
    let due = words::time(action.due_at.as_ref());
    let unconfirmed = if action.unconfirmed { ", to be confirmed" } else { "" };
    format!("{} ({}{owner}, due {due}{unconfirmed})", action.text, action.side().word().to_lowercase())
        .trim()
        .to_owned()
}
