//! What happens to handoffs, a line each, as it happens.

use api::handoff::v1::{HandoffChanged, WatchedFact};

use super::{Screen, Tone, cut, handoff::side_team};
use crate::words::{self, Word as _};

/// As wide as most titles are.
const TITLE_CHARS: usize = 32;
/// As wide as most of what happens is.
const WHAT_CHARS: usize = 34;
/// The longest state.
const STATE_CHARS: usize = 11;

/// When, which, what and who, its state, whose turn.
pub(crate) fn changed(changed: &HandoffChanged, screen: &Screen) -> String {
    let line = changed.line.clone().unwrap_or_default();
    let at = screen.paint(Tone::Quiet, &clock(changed.facts.last()));
    let turn = match side_team(line.waiting_on(), &line.from_team, &line.to_team) {
        "" => "nobody's turn".to_owned(),
        team => format!("waits on {team}"),
    };
    let state = line.state();
    // Padded before it is painted: colours take no room on the screen.
    let pad = " ".repeat(STATE_CHARS.saturating_sub(state.word().len()));
    let hold = if line.on_hold { ", on hold" } else { "" };
    format!(
        "{at}  {title:<TITLE_CHARS$}  {what:<WHAT_CHARS$}  {state}{pad}  {turn}{hold}",
        title = cut(&line.title, TITLE_CHARS),
        what = what(&changed.facts),
        state = screen.state(state),
    )
}

/// That it does not match any more.
pub(crate) fn gone(title: &str, screen: &Screen) -> String {
    let title = cut(title, TITLE_CHARS);
    screen.paint(Tone::Quiet, &format!("{:8}  {title:<TITLE_CHARS$}  does not match any more", ""))
}

/// `submitted by sam`; what the same person did in one go is told together.
fn what(facts: &[WatchedFact]) -> String {
    let mut parts: Vec<(Vec<String>, &str)> = vec![];
    for fact in facts {
        let done = fact.r#type.strip_prefix("handoff_").unwrap_or(&fact.r#type).replace('_', " ");
        match parts.last_mut() {
            Some((all, actor)) if *actor == fact.actor => {
                if !all.contains(&done) {
                    all.push(done);
                }
            }
            _ => parts.push((vec![done], &fact.actor)),
        }
    }
    parts.iter().map(|(all, actor)| format!("{} by {actor}", all.join(", "))).collect::<Vec<_>>().join("; ")
}

/// `09:00:12` in UTC.
fn clock(fact: Option<&WatchedFact>) -> String {
    let at = words::instant(fact.and_then(|fact| fact.occurred_at.as_ref()));
    at.map(|at| at.to_string().chars().skip(11).take(8).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use api::{
        handoff::v1::{HandoffLine, HandoffState},
        r#type::v1::Side,
    };
    use insta::assert_snapshot;

    use super::*;

    fn fact(r#type: &str, actor: &str) -> WatchedFact {
        let occurred_at = words::parse_time("2026-11-23T09:00:12.5Z").ok();
        WatchedFact { sequence: 1, r#type: r#type.to_owned(), actor: actor.to_owned(), occurred_at }
    }

    #[test]
    fn a_change_is_one_line() {
        let line = HandoffLine {
            title: "Acme rollout".to_owned(),
            from_team: "sales".to_owned(),
            to_team: "implementation".to_owned(),
            state: HandoffState::Submitted.into(),
            waiting_on: Side::Downstream.into(),
            ..HandoffLine::default()
        };
        let screen = Screen::of_test();
        let submitted = HandoffChanged { line: Some(line.clone()), facts: vec![fact("handoff_submitted", "sam")] };
        let long = HandoffLine {
            title: "A title\nof two lines and much more than fits".to_owned(),
            state: HandoffState::Completed.into(),
            waiting_on: Side::Unspecified.into(),
            on_hold: true,
            ..line
        };
        let facts = vec![fact("handoff_accepted", "ivan"), fact("action_added", "ivan"), fact("action_added", "ivan")];
        let completed = HandoffChanged { line: Some(long), facts };
        let lines = [changed(&submitted, &screen), changed(&completed, &screen), gone("Acme rollout", &screen)];
        assert_snapshot!(lines.join("\n"), @"
        09:00:12  Acme rollout                      submitted by sam                    SUBMITTED    waits on implementation
        09:00:12  A title of two lines and much m…  accepted, action added by ivan      COMPLETED    nobody's turn, on hold
                  Acme rollout                      does not match any more
        ");
    }
}
