//! What a review is to talk about, made from the handoff.

use criteria::Outcome;
use kernel::shortened;

use super::{Handoff, drafting::EDITABLE};
use crate::domain::{
    Side,
    limits::{AGENDA_LINE_MAX_CHARS, AGENDA_LINES_MAX},
    review::AgendaItem,
    side,
};

impl Handoff {
    /// The agenda of a review as the handoff stands: the summary, open questions, unmet and waived criteria, contacts; a topic
    /// without a line is left out, a long one shortened: a meeting has a page to talk about, the handoff has the rest.
    pub fn agenda(&self) -> Vec<AgendaItem> {
        let topics = [
            ("Summary", self.summary_lines()),
            ("Open questions", self.question_lines()),
            ("Criteria not met or waived", self.criterion_lines()),
            ("Contacts", self.contact_lines()),
        ];
        let item = |(topic, lines): (&str, Vec<String>)| {
            (!lines.is_empty()).then(|| AgendaItem { topic: topic.to_owned(), lines: page(&lines) })
        };
        topics.into_iter().filter_map(item).collect()
    }

    fn summary_lines(&self) -> Vec<String> {
        let summary = &self.summary;
        let mut lines: Vec<String> =
            [&summary.severity, &summary.situation].into_iter().filter(|text| !text.is_empty()).cloned().collect();
        lines.extend(summary.actions.iter().map(|action| match action.owner.as_str() {
            "" => format!("To do: {}", action.text),
            owner => format!("To do: {} ({owner})", action.text),
        }));
        lines.extend(summary.contingencies.iter().map(|plan| format!("If {}: {}", plan.r#if, plan.then)));
        lines
    }

    fn question_lines(&self) -> Vec<String> {
        let asked = side::BOTH.into_iter().flat_map(|side| self.questions_to(side));
        asked
            .map(|question| {
                let blocking = if question.blocking { ", blocking" } else { "" };
                format!("{} asks{blocking}: {}", self.team_of(question.side), question.text())
            })
            .collect()
    }

    /// What was said at the last submit, for that is what downstream decides about; while upstream prepares the next one, what
    /// would be said now.
    fn criterion_lines(&self) -> Vec<String> {
        let unmet = match self.attempts.last() {
            Some(attempt) if !EDITABLE.contains(&self.state) => attempt.results.clone(),
            _ => self.evaluate(false).results,
        };
        let unmet = unmet.into_iter().filter(|result| result.outcome == Outcome::Unmet);
        let mut lines: Vec<String> = unmet.map(|result| format!("{}: {}", result.key, result.problem)).collect();
        lines.extend(self.waivers.iter().map(|waiver| format!("{}: waived, {}", waiver.criterion, waiver.reason)));
        lines
    }

    fn contact_lines(&self) -> Vec<String> {
        let owner = |side: Side, owner: &Option<String>| {
            owner.as_ref().map(|owner| format!("{owner} speaks for {}", self.team_of(side)))
        };
        let owners = [owner(Side::Upstream, &self.upstream_owner), owner(Side::Downstream, &self.downstream_owner)];
        let contact = |name: &str, role: &str, how: &str| {
            [name, role, how].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
        };
        let contacts = self.summary.contacts.iter();
        owners.into_iter().flatten().chain(contacts.map(|it| contact(&it.name, &it.role, &it.how))).collect()
    }
}

/// The lines of a topic, as many and as long as an agenda shows, and how many more there are.
fn page(lines: &[String]) -> Vec<String> {
    let shown = lines.iter().take(AGENDA_LINES_MAX).map(|line| shortened(line, AGENDA_LINE_MAX_CHARS));
    let more = lines.len().saturating_sub(AGENDA_LINES_MAX);
    shown.chain((more > 0).then(|| format!("and {more} more"))).collect()
}
