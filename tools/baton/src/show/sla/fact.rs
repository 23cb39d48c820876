//! What the SLA monitor says happened, as a sentence of a handoff's history.

use api::sla::v1::{Clock, SlaEvent, sla_event::Kind};

use super::{card, clock, counted, left, pauses};
use crate::words;

/// What happened in words, and what was said with it; none for what is not known, or is about no clock.
pub(crate) fn told(event: &SlaEvent) -> Option<(String, Vec<String>)> {
    let of = event.clock.clone().unwrap_or_default();
    let name = format!("{} of {}", clock::name(&of), of.team);
    let span = |span: Option<&prost_types::Duration>| counted(span, &of.calendar_id);
    Some(match event.kind.as_ref()? {
        Kind::ClockStarted(_) => (format!("started {name}{}", due(&of)), vec![]),
        Kind::ClockPaused(fact) => (format!("paused {name}"), texts([&pauses(fact.reasons())])),
        Kind::ClockResumed(_) => (format!("resumed {name}{}", due(&of)), vec![]),
        Kind::ClockStopped(_) => {
            let (how, _) = left::of(&of, words::instant(of.as_of.as_ref())?);
            (format!("stopped {name}: {how}"), texts([&of.end_cause]))
        }
        Kind::ClockCancelled(_) => (format!("ended {name} without its being done"), texts([&of.end_cause])),
        Kind::ClockMigrated(fact) => {
            let before = fact.due_at_before.as_ref().map(|at| format!("it was due {}", words::time(Some(at))));
            (format!("moved {name} to another target{}", due(&of)), texts([&before.unwrap_or_default()]))
        }
        Kind::Warned(fact) => {
            let late = if fact.late { ", later than planned" } else { "" };
            (
                format!("warned that {name} comes near{}", due(&of)),
                vec![format!("{} have passed{late}", span(fact.after.as_ref()))],
            )
        }
        Kind::Breached(fact) => {
            let folded = match fact.folded_warnings {
                0 => String::new(),
                number => format!("in place of {}", words::count(number.into(), "warning")),
            };
            (format!("breached {name}, {}", card::breach(&fact.breach.unwrap_or_default())), texts([&folded]))
        }
        Kind::Escalated(fact) => {
            (format!("told {} that {name} is late still (step {})", fact.notify, fact.step), vec![])
        }
        Kind::BreachRetracted(fact) => {
            (format!("took back that {name} was late, {}", card::breach(&fact.breach.unwrap_or_default())), vec![])
        }
        Kind::BreachAcknowledged(fact) => {
            let known = fact.acknowledgement.clone().unwrap_or_default();
            let delay = known.delay.as_ref().map(|delay| format!("the next step waits for {}", span(Some(delay))));
            (format!("knows that {name} is late"), texts([&known.cause, &known.note, &delay.unwrap_or_default()]))
        }
        Kind::BreachExcused(fact) => {
            let excuse = fact.excuse.clone().unwrap_or_default();
            (format!("excused that {name} was late"), texts([&excuse.reason]))
        }
        Kind::CalendarChanged(_) | Kind::PolicyPublished(_) => return None,
    })
}

fn due(clock: &Clock) -> String {
    let at = left::due_text(clock);
    if at.is_empty() { at } else { format!(", due {at}") }
}

fn texts<const N: usize>(texts: [&String; N]) -> Vec<String> {
    texts.into_iter().filter(|text| !text.is_empty()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use api::{
        handoff::v1::{ListTimelineResponse, TimelineEntry},
        sla::v1::{
            Acknowledgement, Breach, BreachAcknowledged, BreachExcused, BreachRetracted, Breached, ClockKind,
            ClockMigrated, ClockPaused, ClockState, Escalated, Evidence, Excuse, PauseReason, Warned,
        },
    };
    use insta::assert_snapshot;
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;
    use crate::{
        show::{Screen, timeline::story},
        words::parse_time,
    };

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        parse_time(text).ok()
    }

    fn clock() -> Clock {
        Clock {
            kind: ClockKind::Acceptance.into(),
            cycle: 1,
            team: "implementation".to_owned(),
            state: ClockState::Running.into(),
            calendar_id: "berlin".to_owned(),
            due_at: at("2026-11-23T08:00"),
            as_of: at("2026-11-23T09:00"),
            ..Clock::default()
        }
    }

    fn entry(actor: &str, kind: Kind) -> TimelineEntry {
        TimelineEntry {
            sequence: 12,
            actor: actor.to_owned(),
            occurred_at: at("2026-11-23T08:00"),
            sla_event: Some(SlaEvent { actor: actor.to_owned(), clock: Some(clock()), kind: Some(kind) }),
            ..TimelineEntry::default()
        }
    }

    #[test]
    fn a_history_marks_what_the_monitor_said() {
        let span = |seconds| Some(api::duration_from_seconds(seconds));
        let breach =
            Breach { due_at: at("2026-11-23T08:00"), detected_at: at("2026-11-23T10:00"), ..Breach::default() };
        let unsure = Breach { evidence: Evidence::Incomplete.into(), retracted_at: at("2026-11-23T10:05"), ..breach };
        let known = Acknowledgement {
            cause: "illness".to_owned(),
            note: "Ines is ill\nuntil Monday".to_owned(),
            delay: span(7_200),
            ..Acknowledgement::default()
        };
        let warned = Warned { after: span(14_400), late: true, ..Warned::default() };
        let excuse = Excuse { reason: "our question came late".to_owned(), ..Excuse::default() };
        let escalated = Escalated { step: 1, notify: "head-of-implementation".to_owned(), ..Escalated::default() };
        let paused = ClockPaused { reasons: vec![PauseReason::AgreedHold.into()], ..ClockPaused::default() };
        let migrated = ClockMigrated { due_at_before: at("2026-11-24"), ..ClockMigrated::default() };
        let entries = vec![
            entry("system", Kind::Warned(warned)),
            entry("system", Kind::Breached(Breached { breach: Some(breach), folded_warnings: 1 })),
            entry("ivan", Kind::BreachAcknowledged(BreachAcknowledged { acknowledgement: Some(known) })),
            entry("system", Kind::Escalated(escalated)),
            entry("anna", Kind::BreachExcused(BreachExcused { excuse: Some(excuse) })),
            entry("system", Kind::BreachRetracted(BreachRetracted { breach: Some(unsure) })),
            entry("ivan", Kind::ClockPaused(paused)),
            entry("admin", Kind::ClockMigrated(migrated)),
        ];
        let answer = ListTimelineResponse { entries, next_page_token: String::new() };
        assert_snapshot!(story(&answer, &Screen::of_test()), @"
        SLA 2026-11-23 08:00  system  warned that ACCEPTANCE of implementation comes near, due 2026-11-23 08:00
                                        4h have passed, later than planned
        SLA 2026-11-23 08:00  system  breached ACCEPTANCE of implementation, due 2026-11-23 08:00, found 2h later
                                        in place of 1 warning
        SLA 2026-11-23 08:00  ivan    knows that ACCEPTANCE of implementation is late
                                        illness
                                        Ines is ill
                                        until Monday
                                        the next step waits for 2h
        SLA 2026-11-23 08:00  system  told head-of-implementation that ACCEPTANCE of implementation is late still (step 1)
        SLA 2026-11-23 08:00  anna    excused that ACCEPTANCE of implementation was late
                                        our question came late
        SLA 2026-11-23 08:00  system  took back that ACCEPTANCE of implementation was late, due 2026-11-23 08:00, found 2h later, while the handoff service did not answer, taken back 2026-11-23 10:05
        SLA 2026-11-23 08:00  ivan    paused ACCEPTANCE of implementation
                                        agreed hold
        SLA 2026-11-23 08:00  admin   moved ACCEPTANCE of implementation to another target, due 2026-11-23 08:00
                                        it was due 2026-11-24 00:00
        ");
    }

    #[test]
    fn every_fact_of_a_clock_has_a_sentence() {
        let files = FileDescriptorSet::decode(api::DESCRIPTORS).unwrap().file;
        let ours = files.iter().filter(|file| file.package() == "baton.sla.v1").flat_map(|file| &file.message_type);
        let event = ours.into_iter().find(|message| message.name() == "SlaEvent").unwrap();
        let of_clocks = |name: &str| !["calendar_changed", "policy_published"].contains(&name);
        let kinds = event.field.iter().filter(|field| field.oneof_index.is_some() && of_clocks(field.name()));
        let mut count = 0;
        for field in kinds {
            let mut bytes = vec![];
            let number = u32::try_from(field.number()).unwrap();
            prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
            bytes.push(0);
            let event = SlaEvent { clock: Some(clock()), ..SlaEvent::decode(bytes.as_slice()).unwrap() };
            assert!(told(&event).is_some(), "{} has no sentence", field.name());
            count += 1;
        }
        assert!(count >= 12, "the kinds are read off the contract");
    }
}
