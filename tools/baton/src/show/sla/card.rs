//! One clock for people, with all that is known of it.

use api::sla::v1::{Breach, BreachCause, Clock, ClockState, ClockWarning, Evidence};

use super::{
    clock::{handoff, name},
    counted, left, pauses,
};
use crate::{
    show::{Screen, Tone},
    spans,
    words::{self, Word as _},
};

/// One clock with all that is known of it.
pub(crate) fn card(clock: &Clock, screen: &Screen) -> String {
    let (text, tone) = left::of(clock, screen.now());
    let below = left::as_counted(clock, screen.now());
    let below = if below.is_empty() { below } else { format!(" ({below})") };
    let of = |span: &Option<prost_types::Duration>| counted(span.as_ref(), &clock.calendar_id);
    let calendar = match clock.calendar_version {
        0 => clock.calendar_id.clone(),
        version => format!("{} v{version}", clock.calendar_id),
    };
    let mut facts = vec![
        ("left", format!("{}{below}", screen.paint(tone, &text))),
        ("state", state(clock)),
        ("due", left::due_text(clock)),
        ("started", words::time(clock.started_at.as_ref())),
        ("target", format!("{}, counted by {calendar}, tz {}", of(&clock.target), clock.tz_version)),
        ("passed", of(&clock.elapsed)),
        ("paused since", words::time(clock.paused_since.as_ref())),
    ];
    facts.extend(warnings(clock).into_iter().map(|warning| ("warning", warning)));
    facts.extend(clock.breach.iter().map(|one| ("breach", screen.paint(Tone::Bad, &breach(one)))));
    facts.extend(clock.retracted_breaches.iter().map(|one| ("taken back", breach(one))));
    facts.extend(told(clock));
    facts.extend([
        ("late by", clock.overrun.map(|_| of(&clock.overrun)).unwrap_or_default()),
        ("ended", ended(clock)),
        ("undone", words::time(clock.undone_at.as_ref())),
        ("policy", policy(clock)),
        ("handoff", handoff(clock).replace(" →\n", " → ").replace('\n', ", ")),
        ("handoff id", clock.handoff.as_ref().map(|handoff| handoff.handoff_id.clone()).unwrap_or_default()),
        ("about", clock.subject_id.clone()),
        ("historic", if clock.historic { "yes: an import brought it in".to_owned() } else { String::new() }),
        ("parked", parked(clock, screen)),
        ("id", clock.id.clone()),
    ]);
    format!("{}\n{}", screen.heading(&format!("{} of {}", name(clock), clock.team)), screen.facts(&facts))
}

fn state(clock: &Clock) -> String {
    let by = pauses(clock.paused_by());
    let by = if by.is_empty() { by } else { format!(" by {by}") };
    let shut = if clock.state() == ClockState::Running && !clock.in_hours { ", outside of working hours" } else { "" };
    format!("{}{by}{shut}", clock.state().word())
}

fn warnings(clock: &Clock) -> Vec<String> {
    let one = |warning: &ClockWarning| {
        let after = counted(warning.after.as_ref(), &clock.calendar_id);
        match words::time(warning.warned_at.as_ref()) {
            none if none.is_empty() => format!("after {after}"),
            at => format!("after {after}: given {at}"),
        }
    };
    clock.warnings.iter().map(one).collect()
}

/// `due 2026-11-23 09:20, found 5s later`; how sure it is, where that is not sure.
pub(super) fn breach(breach: &Breach) -> String {
    let [due_at, detected_at] = [&breach.due_at, &breach.detected_at].map(|at| words::instant(at.as_ref()));
    let later = due_at.zip(detected_at).map(|(due, found)| (found.as_micros() - due.as_micros()) / 1_000_000);
    let later =
        later.filter(|seconds| *seconds >= 60).map(|seconds| format!(", found {} later", spans::about(seconds)));
    let unsure = match breach.evidence() {
        Evidence::Incomplete => ", while the handoff service did not answer",
        Evidence::Unspecified | Evidence::Complete => "",
    };
    let retarget = match breach.cause() {
        BreachCause::Retarget => ", by a shorter target",
        BreachCause::Unspecified | BreachCause::Time => "",
    };
    let taken_back = breach.retracted_at.map(|at| format!(", taken back {}", words::time(Some(&at))));
    let due = words::time(breach.due_at.as_ref());
    format!("due {due}{}{retarget}{unsure}{}", later.unwrap_or_default(), taken_back.unwrap_or_default())
}

/// Who was told, and what was said.
fn told(clock: &Clock) -> Vec<(&'static str, String)> {
    let escalated = clock.escalations.iter().map(|step| {
        let at = words::time(step.escalated_at.as_ref());
        ("told", format!("{} (step {}), {at}", step.notify, step.step))
    });
    let known = clock.acknowledgement.iter().map(|it| {
        let at = words::time(it.acknowledged_at.as_ref());
        ("acknowledged", said(&format!("{}, {at}", it.acknowledged_by), &[&it.cause, &it.note]))
    });
    let excused = clock.excuse.iter().map(|it| {
        let at = words::time(it.excused_at.as_ref());
        ("excused", said(&format!("{}, {at}", it.excused_by), &[&it.reason]))
    });
    escalated.chain(known).chain(excused).collect()
}

fn said(who: &str, texts: &[&String]) -> String {
    let texts = texts.iter().map(|text| text.as_str()).filter(|text| !text.is_empty());
    std::iter::once(who).chain(texts).collect::<Vec<_>>().join(": ")
}

fn ended(clock: &Clock) -> String {
    match words::time(clock.ended_at.as_ref()) {
        none if none.is_empty() => none,
        at if clock.end_cause.is_empty() => at,
        at => format!("{at}, {}", clock.end_cause),
    }
}

fn policy(clock: &Clock) -> String {
    match clock.policy_id.as_str() {
        "" => "none: a promise of its own".to_owned(),
        id => format!("{id} v{}, target {}", clock.policy_version, clock.target_number),
    }
}

fn parked(clock: &Clock, screen: &Screen) -> String {
    if !clock.parked {
        return String::new();
    }
    let text = "yes: facts of its handoff could not be read, and it does not fire until an operator has looked (`dlq`)";
    screen.paint(Tone::Bad, text)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{
        super::clock::tests::{late, paused, running},
        *,
    };

    #[test]
    fn a_card_tells_all_that_is_known() {
        let cards = [running(), paused(), late()].map(|clock| card(&clock, &Screen::of_test()));
        assert_snapshot!(cards.join("\n"), @"
        ACCEPTANCE 2 of implementation
          left          6h left (7h of work, shut now)
          state         RUNNING, outside of working hours
          due           2026-11-23 15:00
          started       2026-11-20 15:00
          target        8h, counted by berlin v3, tz 2025b
          passed        1h
          warning       after 1h: given 2026-11-20 16:00
          warning       after 7h
          policy        standard v2, target 1
          handoff       Acme rollout, sales → implementation, crm/D-1
          handoff id    01994f7e-0000-7000-8000-000000000001
          id            0199aaaa-0000-7000-8000-000000000001

        COMPLETION of implementation
          left          7h left, paused
          state         PAUSED by agreed hold, blocking question
          due           2026-11-24 11:00 if it went on now
          started       2026-11-20 15:00
          target        8h, counted by berlin v3, tz 2025b
          passed        1h
          paused since  2026-11-23 08:00
          warning       after 1h: given 2026-11-20 16:00
          warning       after 7h
          policy        standard v2, target 1
          handoff       Acme rollout, sales → implementation, crm/D-1
          handoff id    01994f7e-0000-7000-8000-000000000001
          id            0199aaaa-0000-7000-8000-000000000001

        ANSWER 2 of sales
          left          late 3h, excused
          state         LATE
          due           2026-11-21 15:00
          started       2026-11-20 15:00
          target        8h, counted by berlin v3, tz 2025b
          passed        1h
          warning       after 1h: given 2026-11-20 16:00
          warning       after 7h
          breach        due 2026-11-21 15:00, found 5m later, while the handoff service did not answer
          told          head-of-sales (step 1), 2026-11-21 17:00
          acknowledged  anna, 2026-11-21 16:00: illness: Sam is back tomorrow
          excused       ivan, 2026-11-22 00:00: we asked late
          late by       2h
          ended         2026-11-21 18:00, answered
          policy        standard v2, target 1
          handoff       Acme rollout, sales → implementation, crm/D-1
          handoff id    01994f7e-0000-7000-8000-000000000001
          about         0199bbbb-0000-7000-8000-000000000001
          parked        yes: facts of its handoff could not be read, and it does not fire until an operator has looked (`dlq`)
          id            0199aaaa-0000-7000-8000-000000000001
        ");
    }
}
