//! What either side adds beside the work: comments, links, attachments, actions; and who may see all of it.

use criteria::Attachment;
use kernel::Timestamp;

use super::{Fact, Handoff, asking::must_hold_one_more, reviewing::overdue};
use crate::domain::{
    Acting, Action, ActionId, Command, CommentId, Happened, Link, NewAction, Refused, Side, State,
    limits::{ACTIONS_MAX, ATTACHMENTS_MAX, COMMENTS_MAX, LINKS_MAX},
    refused::Part,
};

/// What a side says.
#[derive(Clone, Debug)]
pub struct Comment(pub String);

/// A side adds or takes away something that belongs to no side.
#[derive(Clone, Debug)]
pub struct Note<T> {
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// What.
    pub what: T,
}

/// What names a link: its record outside.
#[derive(Clone, Debug)]
pub struct LinkedRecord {
    /// The system.
    pub system: String,
    /// The kind of record there.
    pub r#type: String,
    /// Its key there.
    pub key: String,
}

/// Who may see the handoff.
#[derive(Clone, Copy, Debug)]
pub struct Confidential(pub bool);

impl Handoff {
    /// A side says something. Every call is another comment.
    pub fn comment(
        &mut self,
        by: Acting<'_>,
        id: CommentId,
        note: Note<Comment>,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(note.side, by)?;
        self.must_be_in(State::NOT_CANCELLED, Command::AddComment)?;
        if self.comments >= COMMENTS_MAX {
            return Err(Refused::TooMany { what: "comments", max: COMMENTS_MAX.unsigned_abs() as usize });
        }
        let Comment(text) = note.what;
        let fact = Fact::CommentAdded { id, side: mandate.side, text };
        self.happen(vec![fact], mandate, now)
    }

    /// A side links an outside record. One that is there gets the new url; with the same url nothing changes.
    pub fn add_link(&mut self, by: Acting<'_>, note: Note<Link>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(note.side, by)?;
        self.must_be_in(State::NOT_CANCELLED, Command::AddLink)?;
        match self.links.iter().find(|link| link.is_of(&note.what)) {
            Some(there) if *there == note.what => return Ok(Happened::nothing()),
            Some(_) => {}
            None => must_hold_one_more("links", self.links.len(), LINKS_MAX)?,
        }
        self.happen(vec![Fact::LinkAdded(note.what)], mandate, now)
    }

    /// A side takes a link away. One that is not there changes nothing.
    pub fn remove_link(
        &mut self,
        by: Acting<'_>,
        note: Note<LinkedRecord>,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(note.side, by)?;
        self.must_be_in(State::NOT_CANCELLED, Command::RemoveLink)?;
        let LinkedRecord { system, r#type, key } = note.what;
        let gone = Link { system, r#type, key, url: String::new() };
        match self.links.iter().find(|link| link.is_of(&gone)).cloned() {
            None => Ok(Happened::nothing()),
            Some(link) => self.happen(vec![Fact::LinkRemoved(link)], mandate, now),
        }
    }

    /// A side refers to a document. The same reference again changes nothing.
    pub fn add_attachment(
        &mut self,
        by: Acting<'_>,
        note: Note<Attachment>,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(note.side, by)?;
        self.must_be_in(State::NOT_CANCELLED, Command::AddAttachment)?;
        if self.attachments.contains(&note.what) {
            return Ok(Happened::nothing());
        }
        must_hold_one_more("attachments", self.attachments.len(), ATTACHMENTS_MAX)?;
        self.happen(vec![Fact::AttachmentAdded(note.what)], mandate, now)
    }

    /// A lead of a side says who may see the handoff. Already so, nothing changes.
    pub fn set_confidential(
        &mut self,
        by: Acting<'_>,
        note: Note<Confidential>,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(note.side, by)?;
        self.must_be_led(&mandate, "say who may see the handoff")?;
        self.must_be_in(State::NOT_CANCELLED, Command::SetConfidential)?;
        let Confidential(confidential) = note.what;
        if self.confidential == confidential {
            return Ok(Happened::nothing());
        }
        self.happen(vec![Fact::ConfidentialityChanged(confidential)], mandate, now)
    }

    /// A side lays down a small duty, until the handoff is cancelled: on itself it counts at once, on the other once that one
    /// confirms it.
    pub fn add_action(&mut self, by: Acting<'_>, note: Note<NewAction>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(note.side, by)?;
        self.must_be_in(State::NOT_CANCELLED, Command::AddAction)?;
        must_hold_one_more("actions", self.actions.len(), ACTIONS_MAX)?;
        Refused::unless_valid(
            overdue("action", std::slice::from_ref(&note.what), self.head.date(now))
                .into_iter()
                .map(|flaw| kernel::Violation { field: "action.due_at".to_owned(), ..flaw })
                .collect(),
        )?;
        let action = note.what.asked_by(mandate.side, &mandate.by, None);
        self.happen(vec![Fact::ActionAdded(action)], mandate, now)
    }

    /// The side that is to do an action takes it on. One that counts already changes nothing.
    pub fn confirm_action(&mut self, by: Acting<'_>, id: ActionId, now: Timestamp) -> Result<Happened, Refused> {
        let action = self.must_have_action(by, id)?;
        let mandate = self.mandate(action.side, by)?;
        if !action.unconfirmed {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::NOT_CANCELLED, Command::ConfirmAction)?;
        if action.added_by == mandate.by {
            let team = self.team_of(mandate.side).clone();
            return Err(Refused::OwnDoing { did: "asked for", must: "confirm", team });
        }
        self.happen(vec![Fact::ActionConfirmed(id)], mandate, now)
    }

    /// The action's side has done it, also once the work is completed. Done again by the same actor changes nothing.
    pub fn complete_action(&mut self, by: Acting<'_>, id: ActionId, now: Timestamp) -> Result<Happened, Refused> {
        let action = self.must_have_action(by, id)?;
        let mandate = self.mandate(action.side, by)?;
        match &action.done {
            Some(done) if done.by == mandate.by => return Ok(Happened::nothing()),
            Some(done) => return Err(Refused::ActionDone { action: id, by: done.by.clone(), at: done.at }),
            None => {}
        }
        self.must_be_in(State::NOT_CANCELLED, Command::CompleteAction)?;
        if action.unconfirmed {
            let (command, id) = (Command::CompleteAction, id.to_string());
            let (state, needed) = ("not confirmed", "confirmed by the side that is to do them");
            return Err(Refused::PartInWrongState { command, part: Part::Action, id, state, needed });
        }
        self.happen(vec![Fact::ActionDone(id)], mandate, now)
    }

    /// The actions that wait for a side to take them on.
    pub fn actions_to_confirm(&self, side: Side) -> impl Iterator<Item = &Action> {
        let is_cancelled = self.state == State::Cancelled;
        self.actions.iter().filter(move |action| !is_cancelled && action.side == side && action.unconfirmed)
    }

    fn must_have_action(&self, by: Acting<'_>, id: ActionId) -> Result<&Action, Refused> {
        self.must_be_visible_to(by.actor)?;
        let unknown = || Refused::NotFound { kind: "action", id: id.to_string() };
        self.action(id).ok_or_else(unknown)
    }
}
