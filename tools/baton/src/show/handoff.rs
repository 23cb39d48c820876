//! One handoff for people: as a card, and what a command made of it.

use api::{
    handoff::v1::{Attempt, Claim, Handoff, Hold, ReadBackConfirmation, Reason, ReasonKind, Summary},
    sla::v1::Clock,
    r#type::v1::{CriterionResult, Side, Submission, TickState},
};
use comfy_table::Cell;

use super::{Screen, Tone, action, evaluation, proposal, question, review, sla::clock};
use crate::{
    numbered::named,
    values,
    words::{self, Word as _},
};

/// One handoff, with what its criteria still miss.
pub(crate) fn card(handoff: &Handoff, unmet: &[CriterionResult], clocks: &[Clock], screen: &Screen) -> String {
    format!("{}\n{}", screen.heading(&handoff.title), head(handoff, screen))
        + &screen.section("Clocks", &clock::of_handoff(clocks, screen))
        + &screen.section("Summary", &summary(handoff.summary.as_ref(), screen))
        + &screen.section("Answers", &answers(handoff, screen))
        + &screen.section("Checklist", &ticks(handoff, screen))
        + &screen.section("Not met", &evaluation::unmet(unmet, screen))
        + &screen.section("Waived", &waivers(handoff, screen))
        + &screen.section("Questions", &question::list(handoff, |_| true, screen))
        + &screen.section("Reviews", &review::list(handoff, false, screen))
        + &screen.section("Proposals", &proposal::list(handoff, screen))
        + &screen.section("Actions", &action::list(handoff, |_| true, screen))
        + &screen.section("Attempts", &attempts(&handoff.attempts, screen))
        + &screen.section("Archived by a migration", &archived(handoff, screen))
        + &screen.section("Links and documents", &links(handoff))
}

/// What a command made of a handoff, in one line.
pub(crate) fn outcome(done: &str, handoff: &Handoff, screen: &Screen) -> String {
    let turn = match team_of(handoff, handoff.waiting_on()) {
        "" => "nobody's turn".to_owned(),
        team => format!("waits on {team}"),
    };
    let attempt = if handoff.attempt == 0 { String::new() } else { format!(", attempt {}", handoff.attempt) };
    format!(
        "{done}: {} is {}{attempt}; {}; {turn}; revision {}",
        screen.heading(&handoff.title),
        screen.state(handoff.state()),
        accountable(handoff),
        handoff.revision,
    )
}

/// The same, and the id below it, to be copied.
pub(crate) fn created(done: &str, handoff: &Handoff, screen: &Screen) -> String {
    format!("{}\n{}", outcome(done, handoff, screen), screen.paint(Tone::Quiet, &handoff.id))
}

/// A reason of a rejection or a return.
pub(crate) fn reason(reason: &Reason) -> String {
    let kind = match reason.kind() {
        ReasonKind::Criterion => format!("criterion {}", reason.criterion),
        kind => kind.word().to_lowercase().replace('_', " "),
    };
    if reason.text.is_empty() { kind } else { format!("{kind}: {}", reason.text) }
}

/// The team of a side; empty for none.
pub(super) fn side_team<'a>(side: Side, from_team: &'a str, to_team: &'a str) -> &'a str {
    match side {
        Side::Unspecified => "",
        Side::Upstream => from_team,
        Side::Downstream => to_team,
    }
}

/// The team of a side of this handoff; empty for none.
pub(super) fn team_of(handoff: &Handoff, side: Side) -> &str {
    side_team(side, &handoff.from_team, &handoff.to_team)
}

fn accountable(handoff: &Handoff) -> String {
    match team_of(handoff, handoff.accountable_side()) {
        "" => "nobody is accountable".to_owned(),
        team => format!("{team} is accountable"),
    }
}

fn head(handoff: &Handoff, screen: &Screen) -> String {
    let times = handoff.times.unwrap_or_default();
    let owner = |side: Side| {
        let name = if side == Side::Upstream { &handoff.upstream_owner } else { &handoff.downstream_owner };
        if name.is_empty() { team_of(handoff, side).to_owned() } else { format!("{} ({name})", team_of(handoff, side)) }
    };
    let turn = match handoff.waiting_on() {
        Side::Unspecified => String::new(),
        side => format!("{}{}", owner(side), what_for(handoff, side, screen)),
    };
    let template = handoff.template.clone().filter(|template| !template.template_id.is_empty());
    screen.facts(&[
        ("state", format!("{}, attempt {}", screen.state(handoff.state()), handoff.attempt)),
        ("accountable", owner(handoff.accountable_side())),
        ("waits on", turn),
        ("on hold", handoff.hold.as_ref().map(|hold| held(handoff, hold, screen)).unwrap_or_default()),
        ("looked at by", handoff.claim.as_ref().map(|claim| claimed(claim, screen)).unwrap_or_default()),
        ("priority", handoff.priority().word().to_owned()),
        ("teams", format!("{} → {}", owner(Side::Upstream), owner(Side::Downstream))),
        ("route", handoff.route_id.clone()),
        ("template", template.map(|pin| format!("{} v{}", pin.template_id, pin.version)).unwrap_or_default()),
        ("origin", words::origin(handoff.origin.as_ref())),
        ("follows", handoff.follows.clone()),
        ("confidential", if handoff.confidential { "yes".to_owned() } else { String::new() }),
        ("triggered", words::time(handoff.triggered_at.as_ref())),
        ("promised by", words::time(handoff.deliver_by.as_ref())),
        ("created", words::time(times.created_at.as_ref())),
        ("completed", words::time(times.completed_at.as_ref())),
        ("came back", came_back(handoff)),
        ("comments", comments(handoff)),
        ("revision", handoff.revision.to_string()),
        ("id", handoff.id.clone()),
    ])
}

/// What the side whose turn it is has to do, and since when it waits on it.
fn what_for(handoff: &Handoff, side: Side, screen: &Screen) -> String {
    let asked: Vec<_> = question::blocking(handoff, side).collect();
    let rounds = asked.iter().filter_map(|(_, question)| question.rounds.last()?.asked_at);
    let since_question = rounds.min_by_key(|at| (at.seconds, at.nanos));
    let numbers: Vec<&str> = asked.iter().map(|(number, _)| number.as_str()).collect();
    let answer = if numbers.is_empty() { String::new() } else { format!(", to answer {}", numbers.join(", ")) };
    let since = since_question.or(handoff.times.and_then(|times| times.state_since));
    format!("{answer}, for {}", words::age(since.as_ref(), screen.now()))
}

fn held(handoff: &Handoff, hold: &Hold, screen: &Screen) -> String {
    let who = match (hold.agreed, team_of(handoff, hold.side())) {
        (true, _) => ", both sides agreed".to_owned(),
        (false, "") => String::new(),
        (false, team) => format!(", {team} alone"),
    };
    let until = match hold.until.as_ref() {
        None => String::new(),
        until => format!("until {} ({}), ", words::time(until), words::age(until, screen.now())),
    };
    let hold = format!("{until}since {}{who}: {}", words::time(hold.since.as_ref()), hold.reason);
    screen.paint(Tone::Waiting, hold.trim_end_matches(": "))
}

fn claimed(claim: &Claim, screen: &Screen) -> String {
    format!("{}, for {}", claim.claimed_by, words::age(claim.claimed_at.as_ref(), screen.now()))
}

fn comments(handoff: &Handoff) -> String {
    if handoff.comments == 0 { String::new() } else { format!("{}: `baton handoff timeline`", handoff.comments) }
}

fn came_back(handoff: &Handoff) -> String {
    match (handoff.rejections, handoff.returns) {
        (0, 0) => String::new(),
        (rejections, returns) => {
            format!("{}, {}", words::count(rejections.into(), "rejection"), words::count(returns.into(), "return"))
        }
    }
}

fn summary(summary: Option<&Summary>, screen: &Screen) -> String {
    let Some(summary) = summary else { return String::new() };
    let mut text = screen.facts(&[("severity", summary.severity.clone()), ("situation", summary.situation.clone())]);
    for action in &summary.actions {
        let due = words::time(action.due_at.as_ref());
        let by = [action.owner.as_str(), due.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
        text += &screen.facts(&[("to do", format!("{}{by}", action.text))]);
    }
    for contingency in &summary.contingencies {
        text += &screen.facts(&[("if", format!("{}: {}", contingency.r#if, contingency.then))]);
    }
    for contact in &summary.contacts {
        text += &screen.facts(&[("contact", format!("{}, {}, {}", contact.name, contact.role, contact.how))]);
    }
    text.trim_end().to_owned()
}

fn answers(handoff: &Handoff, screen: &Screen) -> String {
    handoff.submission.as_ref().map(|submission| fields(submission, screen)).unwrap_or_default()
}

fn ticks(handoff: &Handoff, screen: &Screen) -> String {
    handoff.submission.as_ref().map(|submission| items(submission, screen)).unwrap_or_default()
}

fn archived(handoff: &Handoff, screen: &Screen) -> String {
    let Some(submission) = &handoff.archived else { return String::new() };
    let parts = [fields(submission, screen), items(submission, screen)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn fields(submission: &Submission, screen: &Screen) -> String {
    let rows: Vec<_> = submission.fields.iter().map(|(key, value)| [key.clone(), values::show(value)]).collect();
    if rows.is_empty() { String::new() } else { screen.table(&["FIELD", "Answer"], rows) }
}

fn items(submission: &Submission, screen: &Screen) -> String {
    let rows: Vec<_> = submission
        .items
        .iter()
        .map(|(key, tick)| {
            let tone = if tick.state() == TickState::Done { Tone::Good } else { Tone::Quiet };
            let state = tick.state().word().to_lowercase().replace('_', " ");
            [Cell::new(key), screen.cell(tone, state), Cell::new(format!("{}{}", tick.evidence, tick.reason))]
        })
        .collect();
    if rows.is_empty() { String::new() } else { screen.table(&["ITEM", "State", "Evidence or reason"], rows) }
}

fn waivers(handoff: &Handoff, screen: &Screen) -> String {
    let rows: Vec<_> = handoff
        .waivers
        .iter()
        .map(|waiver| {
            let proposal = named(&handoff.proposals).find(|(_, proposal)| proposal.id == waiver.proposal_id);
            [
                waiver.criterion.clone(),
                waiver.reason.clone(),
                proposal.map(|(number, _)| number).unwrap_or_default(),
                format!("{}, {}", waiver.waived_by, words::time(waiver.waived_at.as_ref())),
            ]
        })
        .collect();
    if rows.is_empty() { String::new() } else { screen.table(&["CRITERION", "Why", "Proposal", "Agreed by"], rows) }
}

fn attempts(attempts: &[Attempt], screen: &Screen) -> String {
    let rows: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            let why: Vec<String> = attempt.reasons.iter().map(reason).collect();
            let read_back = Some(&attempt.read_back)
                .filter(|text| !text.is_empty())
                .map(|text| format!("“{text}” {}", confirmed(attempt.read_back_confirmation.as_ref())));
            [
                Cell::new(attempt.number),
                Cell::new(words::time(attempt.submitted_at.as_ref())),
                Cell::new(&attempt.submitted_by),
                Cell::new(attempt.decision().word().to_lowercase()),
                Cell::new(&attempt.decided_by),
                Cell::new(read_back.into_iter().chain(why).collect::<Vec<_>>().join("\n")),
            ]
        })
        .collect();
    if rows.is_empty() { String::new() } else { screen.table(&["#", "Submitted", "By", "Decision", "By", "Why"], rows) }
}

/// What upstream said to a read-back.
fn confirmed(confirmation: Option<&ReadBackConfirmation>) -> String {
    match confirmation {
        None => "(not confirmed yet)".to_owned(),
        Some(said) if said.corrections.is_empty() => format!("(confirmed by {})", said.confirmed_by),
        Some(said) => format!("(corrected by {})\n- {}", said.confirmed_by, said.corrections.join("\n- ")),
    }
}

fn links(handoff: &Handoff) -> String {
    let links = handoff.links.iter().map(|link| format!("  {}/{}/{} {}", link.system, link.r#type, link.key, link.url));
    let documents = handoff.attachments.iter().map(|document| format!("  {} {}", document.name, document.url));
    links.chain(documents).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use api::{
        handoff::v1::{Decision, HandoffState, HandoffTimes, Origin, TemplatePin},
        r#type::v1::{CriterionKind, FieldValue, Outcome, Severity, field_value::Kind},
    };
    use insta::assert_snapshot;

    use super::*;

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        words::parse_time(text).ok()
    }

    fn rejected() -> Handoff {
        let fields = [("seats".to_owned(), FieldValue { kind: Some(Kind::Integer(40)) })].into();
        Handoff {
            id: "01994f7e-0000-7000-8000-000000000001".to_owned(),
            route_id: "sales-to-implementation".to_owned(),
            from_team: "sales".to_owned(),
            to_team: "implementation".to_owned(),
            title: "Acme rollout".to_owned(),
            state: HandoffState::Rejected.into(),
            attempt: 1,
            revision: 6,
            upstream_owner: "anna".to_owned(),
            accountable_side: Side::Upstream.into(),
            waiting_on: Side::Upstream.into(),
            template: Some(TemplatePin { template_id: "sales".to_owned(), version: 2, content_hash: String::new() }),
            submission: Some(Submission { fields, ..Submission::default() }),
            origin: Some(Origin { system: "crm".to_owned(), key: "D-1".to_owned() }),
            attempts: vec![Attempt {
                number: 1,
                submitted_by: "anna".to_owned(),
                submitted_at: at("2026-11-20T10:00:00Z"),
                decision: Decision::Rejected.into(),
                decided_by: "ivan".to_owned(),
                reasons: vec![Reason {
                    kind: ReasonKind::Criterion.into(),
                    criterion: "timeline".to_owned(),
                    text: "no go-live date".to_owned(),
                }],
                ..Attempt::default()
            }],
            rejections: 1,
            times: Some(HandoffTimes { state_since: at("2026-11-23T07:00:00Z"), ..HandoffTimes::default() }),
            ..Handoff::default()
        }
    }

    #[test]
    fn a_card_says_whose_turn_it_is_and_what_is_missing() {
        let unmet = CriterionResult {
            key: "timeline".to_owned(),
            kind: CriterionKind::Field.into(),
            severity: Severity::Blocking.into(),
            outcome: Outcome::Unmet.into(),
            problem: "No date.".to_owned(),
            fix: "Say when it goes live.".to_owned(),
        };
        assert_snapshot!(card(&rejected(), &[unmet], &[], &Screen::of_test()), @"
        Acme rollout
          state         REJECTED, attempt 1
          accountable   sales (anna)
          waits on      sales (anna), for 2 h
          teams         sales (anna) → implementation
          route         sales-to-implementation
          template      sales v2
          origin        crm/D-1
          came back     1 rejection, 0 returns
          revision      6
          id            01994f7e-0000-7000-8000-000000000001

        Answers
         FIELD   Answer
        ────────────────
         seats   40

        Not met
         CRITERION   Kind    Severity   Outcome   What to do
        ──────────────────────────────────────────────────────────────────────────
         timeline    field   blocking   unmet     No date; Say when it goes live.

        Attempts
         #   Submitted          By     Decision   By     Why
        ─────────────────────────────────────────────────────────────────────────────────────
         1   2026-11-20 10:00   anna   rejected   ivan   criterion timeline: no go-live date
        ");
    }

    #[test]
    fn a_command_says_in_one_line_what_came_of_it() {
        assert_snapshot!(created("Rejected", &rejected(), &Screen::of_test()), @"
        Rejected: Acme rollout is REJECTED, attempt 1; sales is accountable; waits on sales; revision 6
        01994f7e-0000-7000-8000-000000000001
        ");
    }
}
