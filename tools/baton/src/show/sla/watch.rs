//! What happens to clocks, a line each, as it happens.

use api::sla::v1::{ChangedClocks, Clock};

use super::{clock, left};
use crate::{
    show::{Screen, Tone, cut},
    words,
};

/// As wide as most titles are.
const TITLE_CHARS: usize = 32;
/// As wide as most of what happens is.
const WHAT_CHARS: usize = 22;

/// When, which handoff, what, and how its clocks stand: those that are open, or else the last one.
pub(crate) fn changed(changed: &ChangedClocks, screen: &Screen) -> String {
    let facts: Vec<String> = changed.facts.iter().map(|fact| fact.replace('_', " ")).collect();
    let first = changed.clocks.first();
    let title = first.map_or_else(|| changed.handoff_id.clone(), clock::title);
    let told_at = words::instant(first.and_then(|clock| clock.as_of.as_ref())).unwrap_or(screen.now());
    let at: String = told_at.to_string().chars().skip(11).take(8).collect();
    let open: Vec<&Clock> = changed.clocks.iter().filter(|clock| clock::is_open(clock)).collect();
    let shown = if open.is_empty() { changed.clocks.last().into_iter().collect() } else { open };
    let clocks: Vec<String> = shown.into_iter().map(|clock| how(clock, told_at, screen)).collect();
    let clocks = if clocks.is_empty() { "can be seen no more".to_owned() } else { clocks.join("; ") };
    format!(
        "{}  {title:<TITLE_CHARS$}  {what:<WHAT_CHARS$}  {clocks}",
        screen.paint(Tone::Quiet, &at),
        title = cut(&title, TITLE_CHARS),
        what = facts.join(", "),
    )
}

/// `ACCEPTANCE of implementation 2h left`.
fn how(clock: &Clock, now: kernel::Timestamp, screen: &Screen) -> String {
    let (text, tone) = left::of(clock, now);
    format!("{} of {} {}", clock::name(clock), clock.team, screen.paint(tone, &text))
}

#[cfg(test)]
mod tests {
    use api::sla::v1::{Breach, ClockKind, ClockState, HandoffRef};
    use insta::assert_snapshot;

    use super::*;
    use crate::words::parse_time;

    #[test]
    fn a_change_is_one_line() {
        let late = Clock {
            kind: ClockKind::Acceptance.into(),
            team: "implementation".to_owned(),
            handoff: Some(HandoffRef { title: "Acme rollout".to_owned(), ..HandoffRef::default() }),
            state: ClockState::Running.into(),
            due_at: parse_time("2026-11-23T08:25").ok(),
            breach: Some(Breach { due_at: parse_time("2026-11-23T08:25").ok(), ..Breach::default() }),
            as_of: parse_time("2026-11-23T09:00:12").ok(),
            ..Clock::default()
        };
        let met = Clock { state: ClockState::Met.into(), breach: None, cycle: 2, ..late.clone() };
        let told = |clocks: &[&Clock], fact: &str| ChangedClocks {
            handoff_id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            clocks: clocks.iter().map(|clock| (*clock).clone()).collect(),
            facts: vec![fact.to_owned()],
        };
        let lines = [told(&[&late, &met], "breached"), told(&[&met], "clock_stopped"), told(&[], "clock_stopped")];
        let lines = lines.map(|line| changed(&line, &Screen::of_test()));
        assert_snapshot!(lines.join("\n"), @"
        09:00:12  Acme rollout                      breached                ACCEPTANCE of implementation late 35m
        09:00:12  Acme rollout                      clock stopped           ACCEPTANCE 2 of implementation met
        09:00:00  01994f7e-0000-7000-8000-0000000…  clock stopped           can be seen no more
        ");
    }
}
