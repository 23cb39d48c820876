//! The reviews of a handoff for people: whether one is required, what is to be talked about, what came of it.

use api::{
    handoff::v1::{Attempt, Handoff, HandoffState, Review, ReviewAttendee, ReviewOutcome, ReviewState},
    r#type::v1::Side,
};

use super::{Screen, Tone};
use crate::{
    numbered::named,
    words::{self, Word as _},
};

/// Whether the current attempt requires one, and all of them; with the agendas of those that have ended only where it is
/// asked for. Empty where there is nothing to tell.
pub(crate) fn list(handoff: &Handoff, all_agendas: bool, screen: &Screen) -> String {
    let reviews = named(&handoff.reviews).map(|(number, review)| {
        let shows_agenda = all_agendas || review.state() == ReviewState::Scheduled;
        one(&number, review, shows_agenda, screen)
    });
    required(handoff, screen).into_iter().chain(reviews).collect::<Vec<_>>().join("\n")
}

/// `2026-12-01 15:00 to 15:45, Room 4`; empty for one that was waived unscheduled.
pub(crate) fn when_and_where(review: &Review) -> String {
    let (begins, ends) = (words::time(review.starts_at.as_ref()), words::time(review.ends_at.as_ref()));
    let ends = match (begins.split_once(' '), ends.split_once(' ')) {
        (Some((day, _)), Some((same, hour))) if day == same => hour,
        _ => ends.as_str(),
    };
    let time = if ends.is_empty() { begins.clone() } else { format!("{begins} to {ends}") };
    let parts = [time.as_str(), &review.place, &review.url];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `upstream: anna, sam; downstream: ivan`.
pub(crate) fn people(people: &[ReviewAttendee]) -> String {
    let of =
        |side: Side| -> Vec<&str> { people.iter().filter(|it| it.side() == side).map(|it| it.name.as_str()).collect() };
    [Side::Upstream, Side::Downstream, Side::Unspecified]
        .map(|side| (side.word().to_lowercase(), of(side)))
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(side, names)| if side.is_empty() { names.join(", ") } else { format!("{side}: {}", names.join(", ")) })
        .collect::<Vec<_>>()
        .join("; ")
}

/// The sides that did not come.
pub(crate) fn absent(review: &Review) -> String {
    let sides: Vec<String> = review.absent().map(|side| side.word().to_lowercase()).collect();
    sides.join(" and ")
}

/// `ready` or `not ready`.
pub(crate) fn outcome(review: &Review) -> String {
    review.outcome().word().to_lowercase().replace('_', " ")
}

fn required(handoff: &Handoff, screen: &Screen) -> Option<String> {
    let Attempt { number, review_required, review_reason, .. } = handoff.attempts.last()?;
    let because = if review_reason.is_empty() { String::new() } else { format!(": {review_reason}") };
    if !review_required {
        let text = screen.paint(Tone::Quiet, &format!("not required for attempt {number}{because}"));
        return (!handoff.reviews.is_empty()).then(|| format!("  {text}"));
    }
    let satisfies = |review: &Review| match review.state() {
        ReviewState::Held => review.outcome() == ReviewOutcome::Ready,
        state => state == ReviewState::Waived,
    };
    let settled = named(&handoff.reviews).filter(|(_, it)| it.attempt == *number && satisfies(it)).last();
    let (tone, so_far) = match settled {
        Some((name, _)) => (Tone::Good, format!("; {name} does")),
        None if handoff.state() == HandoffState::Submitted => (Tone::Bad, "; none has said READY yet".to_owned()),
        None => (Tone::Quiet, String::new()),
    };
    Some(format!("  {}", screen.paint(tone, &format!("REQUIRED for attempt {number}{because}{so_far}"))))
}

fn one(number: &str, review: &Review, shows_agenda: bool, screen: &Screen) -> String {
    let (tone, state) = match review.state() {
        ReviewState::Unspecified => (Tone::Plain, String::new()),
        ReviewState::Scheduled => {
            let age = words::age(review.starts_at.as_ref(), screen.now());
            let ahead = if age.starts_with("in ") { age } else { format!("should have begun {age} ago") };
            (Tone::Waiting, format!("scheduled, {ahead}"))
        }
        ReviewState::Held if review.outcome() == ReviewOutcome::Ready => (Tone::Good, "held: READY".to_owned()),
        ReviewState::Held => (Tone::Bad, "held: NOT READY".to_owned()),
        ReviewState::Missed => (Tone::Bad, format!("missed by {}", absent(review))),
        ReviewState::Cancelled => (Tone::Quiet, "called off".to_owned()),
        ReviewState::Waived => (Tone::Good, "waived".to_owned()),
    };
    let when = when_and_where(review);
    let when = if when.is_empty() { String::new() } else { format!("  {when}") };
    let attempt = if review.attempt == 0 { String::new() } else { format!(", attempt {}", review.attempt) };
    let head = format!("  {number}  {}{attempt}{when}", screen.paint(tone, &state));
    let mut lines = vec![];
    if review.state() == ReviewState::Scheduled {
        lines.push(labelled("invited", &people(&review.attendees)));
    }
    lines.push(labelled("there", &people(&review.attended)));
    lines.push(labelled("why", &review.reason));
    lines.push(labelled("notes", &review.notes));
    lines.extend(review.decisions.iter().map(|decision| labelled("decided", decision)));
    if shows_agenda {
        lines.push(labelled("agenda", &agenda(review)));
    }
    let by = [&review.scheduled_by, &review.settled_by].map(String::as_str);
    let by = match by {
        [scheduled, ""] => scheduled.to_owned(),
        ["", settled] => settled.to_owned(),
        [scheduled, settled] => format!("{scheduled}, ended by {settled}"),
    };
    lines.push(labelled("by", &by));
    let below = lines.iter().flat_map(|line| line.lines()).map(|line| format!("\n      {line}"));
    below.fold(head, |text, line| text + &line)
}

fn agenda(review: &Review) -> String {
    let points = review
        .agenda
        .iter()
        .map(|item| item.lines.iter().fold(item.topic.clone(), |text, line| format!("{text}\n  - {line}")));
    points.collect::<Vec<_>>().join("\n")
}

/// A name, and a text beside it; empty where there is no text.
fn labelled(name: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{name:<9}{}", text.trim_end().replace('\n', "\n         ")) }
}
