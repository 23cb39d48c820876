//! The questions of a handoff for people: who has to answer, and what was said in each round.

use std::fmt::Write as _;

use api::{
    handoff::v1::{Handoff, Question, QuestionState},
    r#type::v1::Side,
};

use super::{Screen, Tone, handoff::team_of};
use crate::{numbered::named, words};

/// Those that are shown, with their rounds; empty where there are none.
pub(crate) fn list(handoff: &Handoff, is_shown: impl Fn(&Question) -> bool, screen: &Screen) -> String {
    let shown = named(&handoff.questions).filter(|(_, question)| is_shown(question));
    shown.map(|(number, question)| one(&number, handoff, question, screen)).collect::<Vec<_>>().join("\n")
}

/// The other side than this one.
pub(crate) const fn other(side: Side) -> Side {
    match side {
        Side::Unspecified => Side::Unspecified,
        Side::Upstream => Side::Downstream,
        Side::Downstream => Side::Upstream,
    }
}

/// The questions that a side must answer before the other can go on, with their numbers.
pub(crate) fn blocking(handoff: &Handoff, asked: Side) -> impl Iterator<Item = (String, &Question)> {
    named(&handoff.questions).filter(move |(_, question)| {
        question.blocking && question.state() == QuestionState::Open && other(question.side()) == asked
    })
}

fn one(number: &str, handoff: &Handoff, question: &Question, screen: &Screen) -> String {
    let about = if question.about.is_empty() { String::new() } else { format!(" about {}", question.about) };
    let asker = team_of(handoff, question.side());
    let (tone, state) = state(handoff, question, screen);
    let mut text = format!("  {number}  {asker} asks{about}: {}", screen.paint(tone, &state));
    let names = question.rounds.iter().flat_map(|round| [&round.asked_by, &round.answered_by]);
    let width = names.map(|name| name.chars().count()).max().unwrap_or_default();
    for round in &question.rounds {
        let asked = (&round.asked_by, round.asked_at.as_ref(), &round.text);
        let answered = (&round.answered_by, round.answered_at.as_ref(), &round.answer);
        let said = [asked, answered].into_iter().filter(|(who, ..)| !who.is_empty());
        for (index, (who, at, what)) in said.enumerate() {
            let round = if index == 0 { round.number.to_string() } else { String::new() };
            let line = format!("\n    {round:>2}  {}  {who:<width$}  ", words::time(at));
            let indent = format!("\n{}", " ".repeat(4 + 2 + 2 + 16 + 2 + width + 2));
            let _ = write!(text, "{line}{}", what.lines().collect::<Vec<_>>().join(&indent));
        }
    }
    text
}

fn state(handoff: &Handoff, question: &Question, screen: &Screen) -> (Tone, String) {
    match question.state() {
        QuestionState::Unspecified => (Tone::Plain, String::new()),
        QuestionState::Open => {
            let since = question.rounds.last().and_then(|round| round.asked_at.as_ref());
            let team = team_of(handoff, other(question.side()));
            let waits = format!("{team} has to answer, for {}", words::age(since, screen.now()));
            if question.blocking { (Tone::Bad, format!("BLOCKING, {waits}")) } else { (Tone::Waiting, waits) }
        }
        QuestionState::Answered => (Tone::Good, "answered".to_owned()),
        QuestionState::Closed => {
            let at = words::time(question.closed_at.as_ref());
            let by = match question.closed_by.as_str() {
                "system" => "with a change of state".to_owned(),
                name => format!("by {name}"),
            };
            (Tone::Quiet, format!("closed {by} {at}"))
        }
    }
}
