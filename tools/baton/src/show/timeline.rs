//! The history of a handoff as a story: one line a fact, and below it what was said.

use std::collections::BTreeMap;

use api::{
    handoff::v1::{HandoffEvent, ListTimelineResponse, TimelineEntry, handoff_event::Kind},
    r#type::v1::{CriterionResult, Outcome},
};

use super::{
    Screen, Tone,
    action::owed,
    fact::{self, linked},
    handoff::reason,
    more, sla,
};
use crate::words::{self, Word as _};

/// First to last.
pub(crate) fn story(answer: &ListTimelineResponse, screen: &Screen) -> String {
    let actors = answer.entries.iter().map(|entry| entry.actor.chars().count());
    let width = actors.max().unwrap_or_default();
    let lines: Vec<String> = answer.entries.iter().map(|entry| line(entry, width, screen)).collect();
    lines.join("\n") + more(&answer.next_page_token)
}

fn line(entry: &TimelineEntry, actor_width: usize, screen: &Screen) -> String {
    let (what, mut details) = told(entry);
    if let Some(event) = entry.event.as_ref().filter(|event| !event.override_reason.is_empty()) {
        details.push(format!("as ADMIN: {}", event.override_reason));
    }
    // What the monitor said has no place in the handoff's own count.
    let number = if entry.sla_event.is_some() { "SLA".to_owned() } else { format!("#{}", entry.sequence) };
    let number = screen.paint(Tone::Quiet, &format!("{number:>4}"));
    let imported = if entry.historic { screen.paint(Tone::Quiet, "  (imported)") } else { String::new() };
    let at = words::time(entry.occurred_at.as_ref());
    let first = format!("{number} {at}  {:<actor_width$}  {what}{imported}", entry.actor);
    let indent = " ".repeat(4 + 1 + 16 + 2 + actor_width + 4);
    let below = details.iter().flat_map(|detail| detail.lines()).map(|detail| format!("\n{indent}{detail}"));
    below.fold(first, |text, detail| text + &detail)
}

/// What happened in words, and what was said with it.
fn told(entry: &TimelineEntry) -> (String, Vec<String>) {
    let unknown = || (entry.r#type.replace('_', " "), vec![]);
    if let Some(event) = &entry.sla_event {
        return sla::fact::told(event).unwrap_or_else(unknown);
    }
    let Some(HandoffEvent { kind: Some(kind), handoff, .. }) = &entry.event else { return unknown() };
    let to_team = handoff.as_ref().map(|handoff| handoff.to_team.as_str()).unwrap_or_default();
    match kind {
        Kind::HandoffCreated(fact) => {
            let pin = fact.template.as_ref().filter(|pin| !pin.template_id.is_empty());
            (
                "created it".to_owned(),
                pin.map(|pin| format!("judged by {} v{}", pin.template_id, pin.version))
                    .into_iter()
                    .chain(fact.links.iter().map(linked))
                    .collect(),
            )
        }
        Kind::HandoffEdited(fact) => (edited(&fact.changed), vec![]),
        Kind::ItemChanged(fact) => {
            let tick = fact.tick.clone().unwrap_or_default();
            let said = format!("{}{}", tick.evidence, tick.reason);
            (format!("marked {} {}", fact.item, tick.state().word().to_lowercase().replace('_', " ")), texts([said]))
        }
        Kind::HandoffSubmitted(fact) => {
            let review = fact.review_required.then(|| match fact.review_reason.as_str() {
                "" => "a review is required".to_owned(),
                reason => format!("a review is required: {reason}"),
            });
            (format!("submitted attempt {}", fact.attempt), unmet(&fact.results).into_iter().chain(review).collect())
        }
        Kind::HandoffAccepted(fact) => {
            let read_back =
                if fact.read_back.is_empty() { String::new() } else { format!("read back: “{}”", fact.read_back) };
            (format!("accepted attempt {}: {to_team} is accountable now", fact.attempt), texts([read_back]))
        }
        Kind::HandoffRejected(fact) => {
            (format!("rejected attempt {}", fact.attempt), fact.reasons.iter().map(reason).collect())
        }
        Kind::HandoffBegun(_) => ("began".to_owned(), vec![]),
        Kind::HandoffCompleted(_) => ("completed it".to_owned(), vec![]),
        Kind::HandoffReturned(fact) => {
            (format!("returned attempt {}", fact.attempt), fact.reasons.iter().map(reason).collect())
        }
        Kind::HandoffReopened(fact) => ("reopened it".to_owned(), texts([fact.reason.clone()])),
        Kind::HandoffCancelled(fact) => ("cancelled it".to_owned(), texts([fact.reason.clone()])),
        Kind::HandoffHeld(fact) => {
            let until = fact.until.as_ref().map(|_| format!(" until {}", words::time(fact.until.as_ref())));
            let agreed = if fact.agreed { ", as both sides agreed" } else { "" };
            (format!("put it on hold{}{agreed}", until.unwrap_or_default()), texts([fact.reason.clone()]))
        }
        Kind::HandoffResumed(_) => ("resumed".to_owned(), vec![]),
        Kind::ActionAdded(fact) => ("added an action".to_owned(), fact.action.iter().map(owed).collect()),
        Kind::ActionDone(fact) => {
            ("did an action".to_owned(), fact.action.iter().map(|action| action.text.clone()).collect())
        }
        other => fact::told(other).unwrap_or_else(unknown),
    }
}

/// Answers by the key of their field, apart from the rest.
fn edited(changed: &[String]) -> String {
    let fields: Vec<&str> = changed.iter().filter_map(|path| path.strip_prefix("fields.")).collect();
    let rest: Vec<&str> = changed.iter().map(String::as_str).filter(|path| !path.starts_with("fields.")).collect();
    let parts = [("answered", fields), ("changed", rest)].into_iter().filter(|(_, paths)| !paths.is_empty());
    parts.map(|(verb, paths)| format!("{verb} {}", paths.join(", "))).collect::<Vec<_>>().join("; ")
}

/// What was submitted although it was not met, a line for each severity.
fn unmet(results: &[CriterionResult]) -> Vec<String> {
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for result in results.iter().filter(|result| result.outcome() == Outcome::Unmet) {
        keys.entry(result.severity().word()).or_default().push(&result.key);
    }
    keys.into_iter()
        .map(|(severity, keys)| format!("not met, {}: {}", severity.to_lowercase(), keys.join(", ")))
        .collect()
}

fn texts(texts: [String; 1]) -> Vec<String> {
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use api::handoff::v1::{
        Action, ActionAdded, HandoffAccepted, HandoffContext, HandoffCreated, HandoffEdited, HandoffRejected,
        HandoffSubmitted, Reason, ReasonKind, TeamCreated, TemplatePin,
    };
    use api::r#type::v1::{Severity, Side};
    use insta::assert_snapshot;
    use prost::Message as _;
    use prost_types::{FileDescriptorProto, FileDescriptorSet};

    use super::*;

    fn entry(sequence: i64, at: &str, actor: &str, kind: Kind) -> TimelineEntry {
        let context = HandoffContext { to_team: "implementation".to_owned(), ..HandoffContext::default() };
        TimelineEntry {
            sequence,
            actor: actor.to_owned(),
            occurred_at: words::parse_time(at).ok(),
            event: Some(HandoffEvent { handoff: Some(context), kind: Some(kind), ..HandoffEvent::default() }),
            ..TimelineEntry::default()
        }
    }

    #[test]
    fn a_history_reads_as_a_story() {
        let pin =
            TemplatePin { template_id: "sales-to-implementation".to_owned(), version: 1, ..TemplatePin::default() };
        let created = HandoffCreated { template: Some(pin), ..HandoffCreated::default() };
        let edited = HandoffEdited {
            changed: ["title", "fields.seats", "fields.timeline"].map(str::to_owned).to_vec(),
            ..HandoffEdited::default()
        };
        let unmet = |key: &str| CriterionResult {
            key: key.to_owned(),
            severity: Severity::Warning.into(),
            outcome: Outcome::Unmet.into(),
            ..CriterionResult::default()
        };
        let submitted = HandoffSubmitted {
            attempt: 1,
            results: vec![unmet("known_risks"), unmet("success_criteria")],
            ..HandoffSubmitted::default()
        };
        let reasons = vec![
            Reason { kind: ReasonKind::Criterion.into(), criterion: "timeline".to_owned(), text: String::new() },
            Reason {
                kind: ReasonKind::Incomplete.into(),
                text: "two pages\nare missing".to_owned(),
                ..Reason::default()
            },
        ];
        let action = Action {
            text: "Send page 3".to_owned(),
            side: Side::Upstream.into(),
            owner: "anna".to_owned(),
            due_at: words::parse_time("2026-12-01T09:00:00Z").ok(),
            ..Action::default()
        };
        let accepted =
            HandoffAccepted { attempt: 2, read_back: "40 seats by May".to_owned(), ..HandoffAccepted::default() };
        let entries = vec![
            entry(1, "2026-11-23T09:14:00Z", "sam", Kind::HandoffCreated(created)),
            entry(2, "2026-11-23T09:14:00Z", "anna", Kind::HandoffEdited(edited)),
            entry(3, "2026-11-23T09:15:00Z", "anna", Kind::HandoffSubmitted(submitted)),
            entry(4, "2026-11-23T09:20:00Z", "ivan", Kind::HandoffRejected(HandoffRejected { attempt: 1, reasons })),
            entry(5, "2026-11-23T10:00:00Z", "ines", Kind::HandoffAccepted(accepted)),
            entry(6, "2026-11-23T10:00:00Z", "ines", Kind::ActionAdded(ActionAdded { action: Some(action) })),
        ];
        let answer = ListTimelineResponse { entries, next_page_token: String::new() };
        assert_snapshot!(story(&answer, &Screen::of_test()), @"
        #1 2026-11-23 09:14  sam   created it
                                     judged by sales-to-implementation v1
        #2 2026-11-23 09:14  anna  answered seats, timeline; changed title
        #3 2026-11-23 09:15  anna  submitted attempt 1
                                     not met, warning: known_risks, success_criteria
        #4 2026-11-23 09:20  ivan  rejected attempt 1
                                     criterion timeline
                                     incomplete: two pages
                                     are missing
        #5 2026-11-23 10:00  ines  accepted attempt 2: implementation is accountable now
                                     read back: “40 seats by May”
        #6 2026-11-23 10:00  ines  added an action
                                     Send page 3 (upstream, anna, due 2026-12-01 09:00)
        ");
    }

    /// Every kind of fact that the contract knows, with nothing in it, by its name.
    fn every_kind() -> Vec<(u32, String, Option<Kind>)> {
        let files = FileDescriptorSet::decode(api::DESCRIPTORS).unwrap().file;
        let is_ours = |file: &&FileDescriptorProto| file.package() == "baton.handoff.v1";
        let message = files.iter().filter(is_ours).flat_map(|file| &file.message_type);
        let event = message.into_iter().find(|message| message.name() == "HandoffEvent").unwrap();
        let kinds = event.field.iter().filter(|field| field.oneof_index.is_some());
        let decoded = kinds.map(|field| {
            let number = u32::try_from(field.number()).unwrap();
            let mut bytes = vec![];
            prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
            bytes.push(0);
            (number, field.name().to_owned(), HandoffEvent::decode(bytes.as_slice()).unwrap().kind)
        });
        decoded.collect()
    }

    /// Facts below this number are about teams, routes and workflows: they stand in no handoff's history.
    const FIRST_OF_A_HANDOFF: u32 = 40;

    #[test]
    fn every_kind_of_fact_has_a_sentence() {
        let kinds = every_kind();
        assert!(kinds.len() >= 50, "the kinds are read off the contract");
        for (number, name, kind) in kinds.into_iter().filter(|(number, ..)| *number >= FIRST_OF_A_HANDOFF) {
            let event = Some(HandoffEvent { kind, ..HandoffEvent::default() });
            let (what, _) = told(&TimelineEntry { r#type: name.clone(), event, ..TimelineEntry::default() });
            assert_ne!(
                what,
                name.replace('_', " "),
                "{name} ({number}) has only the sentence of a kind that is not known"
            );
        }
    }

    #[test]
    fn a_kind_that_is_not_known_is_told_by_its_name() {
        let entry = TimelineEntry { r#type: "moon_landed".to_owned(), ..TimelineEntry::default() };
        assert_eq!(told(&entry), ("moon landed".to_owned(), vec![]));
        let about_a_team = TimelineEntry {
            r#type: "team_created".to_owned(),
            event: Some(HandoffEvent {
                kind: Some(Kind::TeamCreated(TeamCreated::default())),
                ..HandoffEvent::default()
            }),
            ..TimelineEntry::default()
        };
        assert_eq!(told(&about_a_team), ("team created".to_owned(), vec![]));
    }
}
