//! What the facts beside the way of a handoff say, a sentence each: questions, reviews, proposals, actions, and the rest.

use api::handoff::v1::{Link, Proposal, Question, Review, TemplatePin, handoff_event::Kind};

use super::{
    action::owed,
    proposal::what,
    review::{absent, outcome, people, when_and_where},
};
use crate::words::{self, Word as _};

/// A sentence, and what was said with it.
type Told = (String, Vec<String>);

/// The fact in words; none for a kind that is not known here, or that stands in no handoff's history.
pub(super) fn told(kind: &Kind) -> Option<Told> {
    question(kind).or_else(|| review(kind)).or_else(|| proposal(kind)).or_else(|| course(kind)).or_else(|| beside(kind))
}

/// `crm/deal/D-1042`.
pub(super) fn linked(link: &Link) -> String {
    format!("linked to {}", record(link))
}

/// `sales v2`.
pub(super) fn pinned(pin: &TemplatePin) -> String {
    if pin.template_id.is_empty() { "no template".to_owned() } else { format!("{} v{}", pin.template_id, pin.version) }
}

fn question(kind: &Kind) -> Option<Told> {
    Some(match kind {
        Kind::QuestionAsked(fact) => {
            let question = fact.question.clone().unwrap_or_default();
            let blocking = if question.blocking { ", blocking" } else { "" };
            let about = if question.about.is_empty() { String::new() } else { format!(", about {}", question.about) };
            (format!("asked{blocking}{about}"), said([text_of(&question)]))
        }
        Kind::QuestionAnswered(fact) => {
            let question = fact.question.clone().unwrap_or_default();
            let answer = question.rounds.last().map(|round| round.answer.clone()).unwrap_or_default();
            (format!("answered{}", quoted(&text_of(&question))), said([answer]))
        }
        Kind::QuestionInsufficient(fact) => {
            let question = fact.question.clone().unwrap_or_default();
            let round = question.rounds.last().map(|round| round.number).unwrap_or_default();
            (format!("called the answer insufficient: round {round} is open"), said([text_of(&question)]))
        }
        Kind::QuestionClosed(fact) => {
            let question = fact.question.clone().unwrap_or_default();
            (format!("closed a question{}", quoted(&text_of(&question))), vec![])
        }
        _ => return None,
    })
}

fn review(kind: &Kind) -> Option<Told> {
    Some(match kind {
        Kind::ReviewScheduled(fact) => {
            let review = fact.review.clone().unwrap_or_default();
            let verb = if review.sequence == 0 { "scheduled a review" } else { "changed the review" };
            (format!("{verb}: {}", when_and_where(&review)), said([people(&review.attendees)]))
        }
        Kind::ReviewHeld(fact) => {
            let review = fact.review.clone().unwrap_or_default();
            let decisions = review.decisions.iter().map(|decision| format!("decided: {decision}"));
            let details = said([people(&review.attended), review.notes.clone()]).into_iter().chain(decisions).collect();
            (format!("recorded the review {}: {}", of(&review), outcome(&review)), details)
        }
        Kind::ReviewMissed(fact) => {
            let review = fact.review.clone().unwrap_or_default();
            (format!("recorded that {} missed the review {}", absent(&review), of(&review)), vec![])
        }
        Kind::ReviewWaived(fact) => {
            let review = fact.review.clone().unwrap_or_default();
            (format!("waived the review of attempt {}", review.attempt), said([review.reason]))
        }
        Kind::ReviewCancelled(fact) => {
            let review = fact.review.clone().unwrap_or_default();
            (format!("called off the review {}", of(&review)), said([review.reason]))
        }
        _ => return None,
    })
}

fn proposal(kind: &Kind) -> Option<Told> {
    let told = |verb: &str, proposal: Option<&Proposal>, reason: fn(&Proposal) -> &String| {
        let proposal = proposal.cloned().unwrap_or_default();
        (format!("{verb} {}", what(&proposal)), said([reason(&proposal).clone()]))
    };
    let none: fn(&Proposal) -> &String = |proposal| &proposal.decline_reason;
    Some(match kind {
        Kind::ProposalMade(fact) => told("proposed", fact.proposal.as_ref(), |proposal| &proposal.reason),
        Kind::ProposalAgreed(fact) => told("agreed to the proposal:", fact.proposal.as_ref(), none),
        Kind::ProposalDeclined(fact) => told("declined the proposal:", fact.proposal.as_ref(), none),
        Kind::ProposalLapsed(fact) => told("let the proposal lapse:", fact.proposal.as_ref(), none),
        Kind::DeadlineChanged(fact) => {
            (format!("moved the promise to {}", words::time(fact.deliver_by.as_ref())), vec![])
        }
        Kind::PriorityChanged(fact) => (format!("changed the priority to {}", fact.priority().word()), vec![]),
        Kind::CriterionWaived(fact) => {
            (format!("waived criterion {}, until the next rejection or return", fact.criterion), vec![])
        }
        _ => return None,
    })
}

/// Who has it, who speaks for it, by what it is judged.
fn course(kind: &Kind) -> Option<Told> {
    Some(match kind {
        Kind::HandoffRecalled(fact) => (format!("recalled attempt {}", fact.attempt), vec![]),
        Kind::HandoffClaimed(_) => ("claimed it: looks at it now".to_owned(), vec![]),
        Kind::HandoffUnclaimed(_) => ("let it go: nobody looks at it now".to_owned(), vec![]),
        Kind::HandoffReassigned(fact) => {
            (format!("reassigned {}: {} speaks for it now", fact.side().word().to_lowercase(), fact.owner), vec![])
        }
        Kind::HandoffMigrated(fact) => {
            let [from, to] = [&fact.from, &fact.to].map(|pin| pin.as_ref().map(pinned).unwrap_or_default());
            let keys = |what: &str, keys: &[String]| match keys {
                [] => String::new(),
                keys => format!("{what}: {}", keys.join(", ")),
            };
            let details = said([keys("look again", &fact.flagged), keys("archived", &fact.archived)]);
            (format!("moved it from {from} to {to}"), details)
        }
        Kind::ReadBackConfirmed(fact) if fact.correction_count == 0 && fact.corrections.is_empty() => {
            (format!("confirmed the read-back of attempt {}", fact.attempt), vec![])
        }
        Kind::ReadBackConfirmed(fact) => {
            let corrections = words::count(fact.correction_count.into(), "correction");
            (format!("corrected the read-back of attempt {}: {corrections}", fact.attempt), fact.corrections.clone())
        }
        _ => return None,
    })
}

/// What stands beside a handoff: actions, words, links, documents, and who may see it.
fn beside(kind: &Kind) -> Option<Told> {
    Some(match kind {
        Kind::ActionConfirmed(fact) => ("took on an action".to_owned(), fact.action.iter().map(owed).collect()),
        Kind::CommentAdded(fact) => ("commented".to_owned(), said([fact.text.clone()])),
        Kind::LinkAdded(fact) => {
            let link = fact.link.clone().unwrap_or_default();
            (linked(&link), said([link.url]))
        }
        Kind::LinkRemoved(fact) => {
            (format!("took away the link to {}", record(&fact.link.clone().unwrap_or_default())), vec![])
        }
        Kind::AttachmentAdded(fact) => {
            let document = fact.attachment.clone().unwrap_or_default();
            let name = if document.name.is_empty() { "a document" } else { &document.name };
            (format!("attached {name}"), said([document.url.clone()]))
        }
        Kind::ConfidentialityChanged(fact) => {
            let who = if fact.confidential { "made it confidential" } else { "let everybody see it again" };
            (who.to_owned(), vec![])
        }
        _ => return None,
    })
}

fn record(link: &Link) -> String {
    format!("{}/{}/{}", link.system, link.r#type, link.key)
}

/// What is asked in the last round.
fn text_of(question: &Question) -> String {
    question.rounds.last().map(|round| round.text.clone()).unwrap_or_default()
}

/// ` of 2026-12-01 15:00`, without the place.
fn of(review: &Review) -> String {
    let begins = words::time(review.starts_at.as_ref());
    if begins.is_empty() { format!("of attempt {}", review.attempt) } else { format!("of {begins}") }
}

/// A first line of it in quotes, short; empty where there is none.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LONGEST).collect();
    match (line.is_empty(), short.len() < text.len()) {
        (true, _) => String::new(),
        (false, true) => format!(" “{short}…”"),
        (false, false) => format!(" “{short}”"),
    }
}

fn said<const N: usize>(texts: [String; N]) -> Vec<String> {
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}
