//! Handoffs for people, a line each: lists, and the inbox.

use api::{
    handoff::v1::{HandoffLine, ListHandoffsResponse, Priority},
    r#type::v1::Side,
};
use comfy_table::Cell;

use super::{Screen, Tone, handoff::side_team, more, sla::left};
use crate::words::{self, Word as _};

/// A page of handoffs.
pub(crate) fn list(answer: &ListHandoffsResponse, screen: &Screen) -> String {
    let rows = answer.handoffs.iter().map(|line| {
        let turn = side_team(line.waiting_on(), &line.from_team, &line.to_team);
        let age = words::age(line.state_since.as_ref(), screen.now());
        [
            name_cell(line),
            teams_cell(line),
            state_cell(line, screen),
            Cell::new(line.priority().word()),
            Cell::new(turn),
            due_cell(line, None, screen),
            Cell::new(age),
        ]
    });
    screen.table(&["HANDOFF", "Teams", "State", "Priority", "Waits on", "Due", "Since"], rows)
        + more(&answer.next_page_token)
}

/// What waits on a team, and why it does.
pub(crate) fn inbox(team: &str, answer: &ListHandoffsResponse, screen: &Screen) -> String {
    let rows = answer.handoffs.iter().map(|line| {
        let accountable = side_team(line.accountable_side(), &line.from_team, &line.to_team);
        let is_its_turn = side_team(line.waiting_on(), &line.from_team, &line.to_team) == team;
        let actions = match open_actions_of(team, line) {
            0 => String::new(),
            number => words::count(number.into(), "action"),
        };
        let urgency = match line.priority() {
            urgent @ (Priority::Urgent | Priority::High) => urgent.word().to_owned(),
            _ => String::new(),
        };
        let promise = match words::age(line.deliver_by.as_ref(), screen.now()) {
            none if none.is_empty() => none,
            ahead if ahead.starts_with("in ") => format!("promised {ahead}"),
            past => format!("promised {past} ago"),
        };
        let why = [urgency, if is_its_turn { "your turn".to_owned() } else { String::new() }, actions, promise];
        let why: Vec<String> = why.into_iter().filter(|reason| !reason.is_empty()).collect();
        [
            name_cell(line),
            teams_cell(line),
            state_cell(line, screen),
            Cell::new(accountable),
            screen.cell(Tone::Waiting, why.join("\n")),
            due_cell(line, Some(team), screen),
            Cell::new(words::age(line.state_since.as_ref(), screen.now())),
        ]
    });
    screen.table(&["HANDOFF", "Teams", "State", "Accountable", "Why", "Due", "Since"], rows)
        + more(&answer.next_page_token)
}

fn name_cell(line: &HandoffLine) -> Cell {
    Cell::new(format!("{}\n{}", line.title, line.id))
}

fn teams_cell(line: &HandoffLine) -> Cell {
    Cell::new(format!("{} →\n{}", line.from_team, line.to_team))
}

fn state_cell(line: &HandoffLine, screen: &Screen) -> Cell {
    let hold = if line.on_hold { "\non hold" } else { "" };
    let attempt = if line.attempt == 0 { String::new() } else { format!("\nattempt {}", line.attempt) };
    screen.cell(super::tone_of(line.state()), format!("{}{attempt}{hold}", line.state().word()))
}

/// How much time this team has left; without one either side, the soonest first, which is named where it is not its turn.
fn due_cell(line: &HandoffLine, team: Option<&str>, screen: &Screen) -> Cell {
    let sides = [
        (Side::Upstream, &line.from_team, &line.upstream_due_at, line.upstream_breaches),
        (Side::Downstream, &line.to_team, &line.downstream_due_at, line.downstream_breaches),
    ];
    let of_team = sides.into_iter().filter(|(_, name, ..)| team.is_none_or(|team| *name == team));
    let due = of_team
        .filter_map(|(side, name, due_at, late)| Some((words::instant(due_at.as_ref())?, side, name, due_at, late)));
    let soonest = due.min_by_key(|(at, ..)| *at);
    let Some((_, side, name, due_at, late)) = soonest else { return Cell::new("") };
    let Some((left, tone)) = left::until(due_at.as_ref(), screen.now()) else { return Cell::new("") };
    let others = if late > 1 { format!("\n{late} late") } else { String::new() };
    let whose = if team.is_none() && side != line.waiting_on() { format!("\n{name}") } else { String::new() };
    screen.cell(tone, format!("{left}{others}{whose}"))
}

fn open_actions_of(team: &str, line: &HandoffLine) -> i32 {
    let upstream = if line.from_team == team { line.upstream_actions } else { 0 };
    let downstream = if line.to_team == team { line.downstream_actions } else { 0 };
    upstream + downstream
}

#[cfg(test)]
mod tests {
    use api::handoff::v1::HandoffState;
    use insta::assert_snapshot;

    use super::*;

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        words::parse_time(text).ok()
    }

    #[test]
    fn an_inbox_says_why_a_handoff_is_there() {
        let line = HandoffLine {
            id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            from_team: "sales".to_owned(),
            to_team: "implementation".to_owned(),
            title: "Acme rollout".to_owned(),
            state: HandoffState::InProgress.into(),
            attempt: 2,
            accountable_side: Side::Downstream.into(),
            waiting_on: Side::Downstream.into(),
            upstream_actions: 1,
            priority: Priority::Urgent.into(),
            deliver_by: at("2026-11-23T07:00:00Z"),
            upstream_due_at: at("2026-11-23T08:25:00Z"),
            upstream_breaches: 2,
            downstream_due_at: at("2026-11-23T11:10:00Z"),
            state_since: at("2026-11-21"),
            ..HandoffLine::default()
        };
        let answer = ListHandoffsResponse { handoffs: vec![line], ..ListHandoffsResponse::default() };
        let screen = Screen::of_test().wide();
        assert_snapshot!(list(&answer, &screen), @"
         HANDOFF                                Teams            State         Priority   Waits on         Due        Since
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         Acme rollout                           sales →          IN_PROGRESS   URGENT     implementation   late 35m   2 d
         01994f7e-0000-7000-8000-000000000001   implementation   attempt 2                                 2 late
                                                                                                           sales
        ");
        assert_snapshot!(inbox("implementation", &answer, &screen), @"
         HANDOFF                                Teams           State         Accountable    Why            Due           Since
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         Acme rollout                           sales →         IN_PROGRESS   implementati   URGENT         2h 10m left   2 d
         01994f7e-0000-7000-8000-000000000001   implementatio   attempt 2     on             your turn
                                                n                                            promised 2 h
                                                                                             ago
        ");
        assert_snapshot!(inbox("sales", &answer, &screen), @"
         HANDOFF                                Teams            State         Accountable     Why             Due        Since
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         Acme rollout                           sales →          IN_PROGRESS   implementatio   URGENT          late 35m   2 d
         01994f7e-0000-7000-8000-000000000001   implementation   attempt 2     n               1 action        2 late
                                                                                               promised 2 h
                                                                                               ago
        ");
    }
}
