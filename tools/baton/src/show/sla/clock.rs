//! Clocks for people: lists, and the ones of a handoff.

use api::sla::v1::{Clock, ClockState, ListClocksResponse};
use comfy_table::Cell;

use super::{left, pauses};
use crate::{
    show::{Screen, Tone, more},
    words::{self, Word as _},
};

/// Clocks, a line each.
pub(crate) fn list(answer: &ListClocksResponse, screen: &Screen) -> String {
    let rows = answer.clocks.iter().map(|clock| {
        let (text, tone) = left::of(clock, screen.now());
        let below = left::as_counted(clock, screen.now());
        let left = if below.is_empty() { text } else { format!("{text}\n{below}") };
        [
            Cell::new(format!("{}\n{}", name(clock), clock.id)),
            Cell::new(handoff(clock)),
            Cell::new(&clock.team),
            state_cell(clock, screen),
            screen.cell(tone, left),
            Cell::new(left::due_text(clock)),
        ]
    });
    screen.table(&["CLOCK", "Handoff", "Accountable", "State", "Left", "Due"], rows) + more(&answer.next_page_token)
}

/// The clocks of a handoff that run, wait or were late, and how many others there were; empty where there are none.
pub(crate) fn of_handoff(clocks: &[Clock], screen: &Screen) -> String {
    let (telling, done): (Vec<_>, Vec<_>) = clocks.iter().partition(|clock| is_open(clock) || clock.breach.is_some());
    let rows = telling.iter().map(|clock| {
        let (text, tone) = left::of(clock, screen.now());
        [
            Cell::new(name(clock)),
            Cell::new(&clock.team),
            state_cell(clock, screen),
            screen.cell(tone, text),
            Cell::new(left::due_text(clock)),
        ]
    });
    let table = screen.table(&["CLOCK", "Accountable", "State", "Left", "Due"], rows);
    let rest = match i64::try_from(done.len()).unwrap_or(i64::MAX) {
        0 => String::new(),
        number => format!("{} in time or cancelled: `baton sla clock HANDOFF`", words::count(number, "clock")),
    };
    match (telling.is_empty(), rest.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("  {}", screen.paint(Tone::Quiet, &rest)),
        (false, true) => table,
        (false, false) => format!("{table}\n\n  {}", screen.paint(Tone::Quiet, &rest)),
    }
}

/// `ACCEPTANCE`, and `ACCEPTANCE 2` for the second of its kind.
pub(crate) fn name(clock: &Clock) -> String {
    let kind = clock.kind().word();
    if clock.cycle > 1 { format!("{kind} {}", clock.cycle) } else { kind.to_owned() }
}

/// Whether it has not stopped.
pub(crate) fn is_open(clock: &Clock) -> bool {
    matches!(clock.state(), ClockState::Running | ClockState::Paused)
}

/// What a command made of a clock, in one line.
pub(crate) fn outcome(done: &str, clock: &Clock, screen: &Screen) -> String {
    let (text, tone) = left::of(clock, screen.now());
    format!(
        "{done}: {} of {}, {}",
        screen.heading(&format!("{} of {}", name(clock), clock.team)),
        title(clock),
        screen.paint(tone, &text)
    )
}

/// The name of the work, or that it has none to show.
pub(super) fn title(clock: &Clock) -> String {
    match &clock.handoff {
        Some(handoff) if handoff.title.is_empty() => "a confidential handoff".to_owned(),
        Some(handoff) => handoff.title.clone(),
        None => String::new(),
    }
}

/// The work, its teams and its outside record, a line each.
pub(super) fn handoff(clock: &Clock) -> String {
    let Some(handoff) = &clock.handoff else { return String::new() };
    let record = handoff.record.as_ref().map(|record| format!("\n{}/{}", record.system, record.key));
    format!("{}\n{} →\n{}{}", title(clock), handoff.from_team, handoff.to_team, record.unwrap_or_default())
}

fn state_cell(clock: &Clock, screen: &Screen) -> Cell {
    let tone = if clock.state() == ClockState::Paused { Tone::Quiet } else { Tone::Plain };
    let by = pauses(clock.paused_by());
    let state = clock.state().word();
    screen.cell(tone, if by.is_empty() { state.to_owned() } else { format!("{state}\n{by}") })
}

#[cfg(test)]
pub(super) mod tests {
    use api::sla::v1::{
        Acknowledgement, Breach, BreachCause, ClockKind, ClockWarning, Escalated, Evidence, Excuse, HandoffRef,
        OutsideRecord, PauseReason,
    };
    use insta::assert_snapshot;

    use super::*;
    use crate::words::parse_time;

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        parse_time(text).ok()
    }

    fn hours(hours: i64) -> prost_types::Duration {
        api::duration_from_seconds(hours * 3_600)
    }

    /// A clock.
    pub(in super::super) fn running() -> Clock {
        Clock {
            id: "0199aaaa-0000-7000-8000-000000000001".to_owned(),
            handoff: Some(HandoffRef {
                handoff_id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
                from_team: "sales".to_owned(),
                to_team: "implementation".to_owned(),
                title: "Acme rollout".to_owned(),
                record: Some(OutsideRecord { system: "crm".to_owned(), key: "D-1".to_owned(), ..Default::default() }),
                ..HandoffRef::default()
            }),
            kind: ClockKind::Acceptance.into(),
            cycle: 2,
            team: "implementation".to_owned(),
            state: ClockState::Running.into(),
            policy_id: "standard".to_owned(),
            policy_version: 2,
            target_number: 1,
            calendar_id: "berlin".to_owned(),
            calendar_version: 3,
            tz_version: "2025b".to_owned(),
            started_at: at("2026-11-20T15:00"),
            target: Some(hours(8)),
            elapsed: Some(hours(1)),
            due_at: at("2026-11-23T15:00"),
            warnings: vec![
                ClockWarning { after: Some(hours(1)), warned_at: at("2026-11-20T16:00") },
                ClockWarning { after: Some(hours(7)), warned_at: None },
            ],
            as_of: at("2026-11-23T09:00"),
            ..Clock::default()
        }
    }

    /// A clock.
    pub(in super::super) fn paused() -> Clock {
        Clock {
            kind: ClockKind::Completion.into(),
            cycle: 1,
            state: ClockState::Paused.into(),
            due_at: None,
            due_if_resumed_at: at("2026-11-24T11:00"),
            paused_by: vec![PauseReason::AgreedHold.into(), PauseReason::BlockingQuestion.into()],
            paused_since: at("2026-11-23T08:00"),
            ..running()
        }
    }

    /// A clock.
    pub(in super::super) fn late() -> Clock {
        Clock {
            team: "sales".to_owned(),
            kind: ClockKind::Answer.into(),
            subject_id: "0199bbbb-0000-7000-8000-000000000001".to_owned(),
            state: ClockState::Late.into(),
            due_at: at("2026-11-21T15:00"),
            breach: Some(Breach {
                number: 1,
                due_at: at("2026-11-21T15:00"),
                detected_at: at("2026-11-21T15:05"),
                evidence: Evidence::Incomplete.into(),
                cause: BreachCause::Time.into(),
                ..Breach::default()
            }),
            escalations: vec![Escalated {
                step: 1,
                notify: "head-of-sales".to_owned(),
                escalated_at: at("2026-11-21T17:00"),
            }],
            acknowledgement: Some(Acknowledgement {
                acknowledged_by: "anna".to_owned(),
                acknowledged_at: at("2026-11-21T16:00"),
                cause: "illness".to_owned(),
                note: "Sam is back tomorrow".to_owned(),
                ..Acknowledgement::default()
            }),
            excuse: Some(Excuse {
                excused_by: "ivan".to_owned(),
                excused_at: at("2026-11-22"),
                reason: "we asked late".to_owned(),
            }),
            ended_at: at("2026-11-21T18:00"),
            end_cause: "answered".to_owned(),
            overrun: Some(hours(2)),
            overrun_wall: Some(hours(3)),
            parked: true,
            ..running()
        }
    }

    fn met() -> Clock {
        Clock { state: ClockState::Met.into(), cycle: 1, ..running() }
    }

    #[test]
    fn a_list_tells_what_is_left_by_the_wall_and_to_be_worked() {
        let clocks = vec![running(), paused(), late()];
        let answer = ListClocksResponse { clocks, next_page_token: String::new() };
        assert_snapshot!(list(&answer, &Screen::of_test().wide()), @"
         CLOCK                                  Handoff          Accountable      State           Left            Due
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         ACCEPTANCE 2                           Acme rollout     implementation   RUNNING         6h left         2026-11-23
         0199aaaa-0000-7000-8000-000000000001   sales →                                           7h of work,     15:00
                                                implementation                                    shut now
                                                crm/D-1
         COMPLETION                             Acme rollout     implementation   PAUSED          7h left,        2026-11-24
         0199aaaa-0000-7000-8000-000000000001   sales →                           agreed hold,    paused          11:00 if it
                                                implementation                    blocking                        went on now
                                                crm/D-1                           question
         ANSWER 2                               Acme rollout     sales            LATE            late 3h,        2026-11-21
         0199aaaa-0000-7000-8000-000000000001   sales →                                           excused         15:00
                                                implementation
                                                crm/D-1
        ");
    }

    #[test]
    fn of_a_handoff_what_is_open_or_was_late_is_shown() {
        assert_snapshot!(of_handoff(&[met(), late(), running(), paused()], &Screen::of_test()), @"
         CLOCK          Accountable      State                    Left               Due
        ────────────────────────────────────────────────────────────────────────────────────────────────────
         ANSWER 2       sales            LATE                     late 3h, excused   2026-11-21 15:00
         ACCEPTANCE 2   implementation   RUNNING                  6h left            2026-11-23 15:00
         COMPLETION     implementation   PAUSED                   7h left, paused    2026-11-24 11:00 if it
                                         agreed hold, blocking                       went on now
                                         question

          1 clock in time or cancelled: `baton sla clock HANDOFF`
        ");
        let told = of_handoff(&[met()], &Screen::of_test());
        assert_eq!(told, "  1 clock in time or cancelled: `baton sla clock HANDOFF`");
        assert_eq!(of_handoff(&[], &Screen::of_test()), "");
    }

    #[test]
    fn a_confidential_handoff_has_no_name() {
        let handoff = HandoffRef { title: String::new(), ..running().handoff.unwrap_or_default() };
        let clock = Clock { handoff: Some(handoff), ..running() };
        assert_snapshot!(outcome("Acknowledged", &clock, &Screen::of_test()), @"
        Acknowledged: ACCEPTANCE 2 of implementation of a confidential handoff, 6h left
        ");
    }
}
