//! What each fact of a handoff does to its clocks: the table of the design, line by line.

use super::{Hearing, Kind, ROUNDS_THAT_PAUSE, Start, Timestamp};
use crate::domain::{
    Side, SubjectId,
    clock::State,
    heard::{Link, What},
};

impl Hearing<'_> {
    /// What is known of the handoff from now on, beside what every fact says of it.
    pub(super) fn note(&mut self) {
        let standing = &mut self.course.standing;
        match &self.fact.what {
            What::Created { deliver_by, fields, links, .. } => {
                standing.deliver_by = *deliver_by;
                standing.fields.clone_from(fields);
                standing.links = links.iter().filter(|link| !link.url.is_empty()).cloned().collect();
            }
            What::Edited { fields, deliver_by, links } => {
                for (key, value) in fields {
                    match value {
                        Some(value) => standing.fields.insert(key.clone(), value.clone()),
                        None => standing.fields.remove(key),
                    };
                }
                if let Some(deliver_by) = deliver_by {
                    standing.deliver_by = *deliver_by;
                }
                if let Some(links) = links {
                    standing.links = links.iter().filter(|link| !link.url.is_empty()).cloned().collect();
                }
            }
            What::Linked(link) if !link.url.is_empty() => standing.links.push(link.clone()),
            What::Unlinked(link) => {
                let is_it = |it: &Link| (&it.system, &it.key) == (&link.system, &link.key);
                standing.links.retain(|it| !is_it(it));
            }
            What::Held { agreed } => standing.hold = Some(*agreed),
            What::Resumed => standing.hold = None,
            What::Asked { question, side, blocking: true, round } if *round <= ROUNDS_THAT_PAUSE => {
                standing.waiting.insert(*question, *side);
            }
            What::Answered { question } | What::Closed { question } => {
                standing.waiting.remove(question);
            }
            // What is agreed stands until upstream promises something else.
            What::DeadlineChanged { .. } => standing.deliver_by = None,
            _ => {}
        }
    }

    /// What it starts, moves and stops.
    pub(super) fn work(&mut self) {
        let at = self.fact.at;
        match self.fact.what.clone() {
            What::Created { terms_version, triggered_at, .. } => self.created(terms_version, triggered_at),
            What::Edited { deliver_by: Some(alone), .. } => self.promise(None, alone),
            What::DeadlineChanged { deliver_by } => self.promise(Some(deliver_by), None),
            What::Submitted => self.start_next(Kind::Acceptance, at, None),
            What::Accepted => {
                for kind in [Kind::Delivery, Kind::Redelivery, Kind::Acceptance] {
                    self.stop(kind, None, "accepted");
                }
                self.start_next(Kind::Begin, at, None);
            }
            What::Rejected => {
                self.stop(Kind::Acceptance, None, "rejected");
                self.stop(Kind::Redelivery, None, "rejected");
                self.start_next(Kind::Redelivery, at, None);
            }
            What::Recalled => {
                self.cancel(Kind::Acceptance, None, "recalled");
                if self.open(Kind::Redelivery, None).is_empty() {
                    self.start_next(Kind::Redelivery, at, None);
                }
            }
            What::Begun => {
                self.stop(Kind::Begin, None, "begun");
                self.start_next(Kind::Completion, at, None);
            }
            What::Completed => {
                // An import may skip the beginning.
                self.stop(Kind::Begin, None, "completed");
                self.stop(Kind::Completion, None, "completed");
            }
            What::Reopened => {
                let left = self.undo();
                self.start_next(Kind::Completion, at, left);
            }
            What::Returned => {
                self.cancel(Kind::Begin, None, "returned");
                self.cancel(Kind::Completion, None, "returned");
                self.undo();
                self.start_next(Kind::Redelivery, at, None);
            }
            What::Cancelled => {
                for index in 0..self.course.clocks.len() {
                    if self.course.clocks[index].is_open() {
                        self.cancel_one(index, "cancelled");
                    }
                }
            }
            What::Asked { question, side, round, .. } => self.ask(question, side.other(), round),
            What::Answered { question } => self.stop(Kind::Answer, Some(question), "answered"),
            What::Closed { question } => self.cancel(Kind::Answer, Some(question), "closed"),
            What::Proposed { proposal, side } => self.ask(proposal, side.other(), 1),
            What::Agreed { proposal } => self.stop(Kind::Answer, Some(proposal), "agreed"),
            What::Declined { proposal } => self.stop(Kind::Answer, Some(proposal), "declined"),
            What::Lapsed { proposal } => self.cancel(Kind::Answer, Some(proposal), "lapsed"),
            What::ActionDue { action, side, due_at } => {
                let (kind, subject) = (Kind::Action, Some(action));
                self.start(Start { kind, subject, cycle: 1, side, started_at: at, own_due: due_at, left: None });
            }
            What::ActionDone { action } => self.stop(Kind::Action, Some(action), "done"),
            What::Edited { deliver_by: None, .. }
            | What::Held { .. }
            | What::Resumed
            | What::Linked(_)
            | What::Unlinked(_)
            | What::Other { .. } => {}
        }
    }

    fn created(&mut self, terms_version: i32, triggered_at: Option<Timestamp>) {
        let route = self.course.standing.about.route_id.clone();
        self.course.standing.policy_id = self.book.terms.get(&(route, terms_version)).cloned().flatten();
        // A record of history begins with its first submit: how long upstream took to prepare it, nobody knows.
        if !self.fact.historic {
            self.start_next(Kind::Delivery, triggered_at.unwrap_or(self.fact.at).min(self.fact.at), None);
        }
    }

    fn ask(&mut self, subject: SubjectId, side: Side, cycle: i32) {
        let (kind, started_at) = (Kind::Answer, self.fact.at);
        let subject = Some(subject);
        self.start(Start { kind, subject, cycle, side, started_at, own_due: None, left: None });
    }

    fn promise(&mut self, agreed: Option<Timestamp>, alone: Option<Timestamp>) {
        for index in self.open(Kind::Delivery, None) {
            self.retract(index);
            let moved = self.course.clocks[index].promise(agreed, alone, self.fact.at, self.book);
            if let Some(fact) = moved {
                self.say(index, fact);
            }
        }
    }

    /// The last completion, where there is one, is undone; answers what was left of its target.
    fn undo(&mut self) -> Option<i64> {
        let completions = self.course.clocks.iter_mut().filter(|clock| clock.kind == Kind::Completion);
        let last = completions.max_by_key(|clock| clock.cycle)?;
        if last.state() == State::Met {
            last.undone_at = last.undone_at.or(Some(self.fact.at));
        }
        Some((last.target - last.counted()).max(0))
    }
}
