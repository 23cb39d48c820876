//! Policies for people, and why which of their targets applies.

use api::sla::v1::{
    ExplainMatchResponse, ListPoliciesResponse, Match, MatchExplanation, Policy, Target, Warning,
    target_duration::Kind, warning::At,
};
use comfy_table::Cell;

use super::{pauses, target};
use crate::{
    show::{Screen, Tone, more},
    spans,
    words::{self, Word},
};

/// All policies in their latest versions, a line each.
pub(crate) fn list(answer: &ListPoliciesResponse, screen: &Screen) -> String {
    let rows = answer.policies.iter().map(|policy| {
        [
            policy.id.clone(),
            policy.display_name.clone(),
            policy.version.to_string(),
            policy.targets.len().to_string(),
            words::time(policy.in_force_since.as_ref()),
        ]
    });
    screen.table(&["POLICY", "Name", "Version", "Targets", "In force since"], rows) + more(&answer.next_page_token)
}

/// One version of a policy.
pub(crate) fn card(policy: &Policy, screen: &Screen) -> String {
    let heading = if policy.display_name.is_empty() { &policy.id } else { &policy.display_name };
    let facts = screen.facts(&[
        ("policy", policy.id.clone()),
        ("version", policy.version.to_string()),
        ("in force since", words::time(policy.in_force_since.as_ref())),
        ("made by", policy.created_by.clone()),
    ]);
    let rows = policy.targets.iter().enumerate().map(|(index, target)| row(index + 1, target));
    let table = screen.table(&["#", "CLOCK", "When", "Time", "Calendar", "Warns", "Paused by", "Late: tells"], rows);
    format!("{}\n{facts}", screen.heading(heading)) + &screen.section("Targets", &table)
}

/// Which target applies to each kind of clock, step by step.
pub(crate) fn explained(policy: &str, answer: &ExplainMatchResponse, screen: &Screen) -> String {
    let heading = screen.heading(&format!("{policy} version {}", answer.policy_version));
    let parts = answer.explanations.iter().map(|explanation| explanation_of(explanation, screen));
    format!("{heading}\n\n{}", parts.collect::<Vec<_>>().join("\n"))
}

fn explanation_of(explanation: &MatchExplanation, screen: &Screen) -> String {
    let kind = explanation.clock().word();
    let verdict = match explanation.target_number {
        0 => screen.paint(Tone::Quiet, &format!("{kind}: no target applies, there is no such clock")),
        number => screen.paint(Tone::Good, &format!("{kind}: target {number} applies")),
    };
    let steps = explanation.steps.iter().map(|step| {
        let part = match step.match_number {
            0 => format!("target {}", step.target_number),
            number => format!("target {}, match {number}", step.target_number),
        };
        let (tone, holds) = if step.holds { (Tone::Good, "yes") } else { (Tone::Quiet, "no ") };
        format!("  {part:<20}  {}  {}\n", screen.paint(tone, holds), step.why)
    });
    steps.fold(format!("{verdict}\n"), |text, step| text + &step)
}

fn row(number: usize, of: &Target) -> Vec<Cell> {
    let is_elapsed = matches!(of.duration.as_ref().and_then(|it| it.kind.as_ref()), Some(Kind::Elapsed(_)));
    let calendar = match of.calendar_id.as_str() {
        "" if is_elapsed => "day and night",
        "" => "the team's own",
        id => id,
    };
    let paused = match &of.pause_on {
        None => "blocking question, agreed hold".to_owned(),
        Some(reasons) if reasons.reasons.is_empty() => "nothing".to_owned(),
        Some(reasons) => pauses(reasons.reasons()),
    };
    let tells = of.escalations.iter().map(|step| {
        let after = step.after.map(spans::working).unwrap_or_default();
        format!("{} after {after}", step.notify)
    });
    vec![
        Cell::new(number),
        Cell::new(of.clock().word()),
        Cell::new(lines(of.when.iter().map(matched))),
        Cell::new(target(of.duration.as_ref())),
        Cell::new(calendar),
        Cell::new(lines(of.warn_at.iter().map(warned))),
        Cell::new(paused),
        Cell::new(lines(tells)),
    ]
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// `URGENT or HIGH, plan is GOLD`.
fn matched(one: &Match) -> String {
    let mut parts = vec![];
    if !one.priorities.is_empty() {
        parts.push(one.priorities().map(Word::word).collect::<Vec<_>>().join(" or "));
    }
    parts.extend(one.confidential.map(|it| if it { "confidential" } else { "not confidential" }.to_owned()));
    parts.extend(one.fields.iter().map(|field| format!("{} is {}", field.key, field.values.join(" or "))));
    if parts.is_empty() { "always".to_owned() } else { parts.join(", ") }
}

fn warned(warning: &Warning) -> String {
    match warning.at {
        None => String::new(),
        Some(At::Percent(percent)) => format!("at {percent} %"),
        Some(At::BeforeDue(span)) => format!("{} before", spans::working(span)),
    }
}

#[cfg(test)]
mod tests {
    use api::sla::v1::{ClockKind, MatchStep};
    use insta::assert_snapshot;

    use super::*;
    use crate::yaml::policy::PolicyFile;

    #[test]
    fn a_card_shows_every_target() {
        let file = PolicyFile::from_yaml(
            "policy: standard\ntargets:\n- clock: acceptance\n  when: [{priorities: [urgent, high]}, {fields: {plan: [GOLD]}, \
             confidential: false}]\n  duration: {working: 8h}\n  calendar: berlin\n  warn_at: [50%, 1h]\n  pause_on: []\n  \
             escalations: [{after: 2h, notify: head}]\n- clock: begin\n  duration: {business_days: 2, at: 17:00}\n",
        )
        .unwrap();
        let policy = Policy { id: file.id, version: 2, targets: file.targets, ..Policy::default() };
        assert_snapshot!(card(&policy, &Screen::of_test().wide()), @"
        standard
          policy          standard
          version         2

        Targets
         #   CLOCK        When                Time                Calendar         Warns       Paused by          Late: tells
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         1   ACCEPTANCE   URGENT or HIGH      8h of working       berlin           at 50 %     nothing            head after 2h
                          not confidential,   time                                 1h before
                          plan is GOLD
         2   BEGIN                            2 business days,    the team's own               blocking
                                              at 17:00                                         question, agreed
                                                                                               hold
        ");
    }

    #[test]
    fn a_match_is_explained_step_by_step() {
        let step = |target_number, match_number, holds, why: &str| MatchStep {
            target_number,
            match_number,
            holds,
            why: why.to_owned(),
        };
        let answer = ExplainMatchResponse {
            policy_version: 2,
            explanations: vec![
                MatchExplanation {
                    clock: ClockKind::Acceptance.into(),
                    target_number: 2,
                    steps: vec![
                        step(1, 1, false, "the priority is NORMAL"),
                        step(1, 2, false, "plan is SILVER"),
                        step(2, 0, true, "it has no conditions"),
                    ],
                },
                MatchExplanation { clock: ClockKind::Begin.into(), ..MatchExplanation::default() },
            ],
        };
        assert_snapshot!(explained("standard", &answer, &Screen::of_test()), @"
        standard version 2

        ACCEPTANCE: target 2 applies
          target 1, match 1     no   the priority is NORMAL
          target 1, match 2     no   plan is SILVER
          target 2              yes  it has no conditions

        BEGIN: no target applies, there is no such clock
        ");
    }
}
