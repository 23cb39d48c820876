//! What people say to a breach, and how an administrator moves clocks to another version of their policy.

use kernel::{Actor, Timestamp};

use super::{Book, Course, Said, calendar_of};
use crate::domain::{
    ClockId, Refused, SECOND,
    clock::{Acknowledged, Clock, Excused, Fact, PolicyPin},
    policy::{Kind, Policy},
};

/// What the accountable side says to a breach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledge {
    /// In words.
    pub note: String,
    /// Why it is late, in a few words.
    pub cause: String,
    /// By how many seconds to put the next escalation off; none: by the target.
    pub delay_seconds: Option<i64>,
}

impl Course {
    /// The accountable side knows of a breach. Acknowledging again changes nothing.
    pub fn acknowledge(
        &mut self,
        by: &Actor,
        id: ClockId,
        said: Acknowledge,
        now: Timestamp,
        book: &Book,
    ) -> Result<Vec<Said>, Refused> {
        let index = self.find(by, id)?;
        let team = self.team(self.clocks[index].side).clone();
        if !by.is_member_of(team.as_slug()) && !by.is_admin() {
            return Err(Refused::NotAccountable { team });
        }
        let clock = &mut self.clocks[index];
        must_be_breached(clock)?;
        if clock.acknowledged.is_some() {
            return Ok(vec![]);
        }
        let delay = said.delay_seconds.map_or(clock.target, |seconds| seconds.saturating_mul(SECOND));
        if delay > clock.target {
            return Err(Refused::DelayTooLong { target_seconds: clock.target.div_euclid(SECOND) });
        }
        let (note, cause, step) = (said.note, said.cause, clock.escalated.len());
        clock.acknowledged = Some(Acknowledged { by: by.name().to_owned(), at: now, note, cause, step, delay });
        Ok(vec![self.say(index, Fact::Acknowledged, now, book)])
    }

    /// A lead of the other side excuses a breach. Excusing again changes nothing.
    pub fn excuse(
        &mut self,
        by: &Actor,
        id: ClockId,
        reason: String,
        now: Timestamp,
        book: &Book,
    ) -> Result<Vec<Said>, Refused> {
        let index = self.find(by, id)?;
        let team = self.team(self.clocks[index].side.other()).clone();
        if !by.is_lead_of(team.as_slug()) && !by.is_admin() {
            return Err(Refused::NotOtherLead { team });
        }
        let clock = &mut self.clocks[index];
        must_be_breached(clock)?;
        if clock.excused.is_some() {
            return Ok(vec![]);
        }
        clock.excused = Some(Excused { by: by.name().to_owned(), at: now, reason });
        Ok(vec![self.say(index, Fact::Excused, now, book)])
    }

    /// Moves open clocks that a version of this policy set to that version, those that it is asked of. What is late and not told
    /// yet stays, whoever looks first; so does what is parked, of which it is not known how it stands.
    pub fn migrate(
        &mut self,
        policy: &Policy,
        kinds: &[Kind],
        only: Option<ClockId>,
        now: Timestamp,
        book: &Book,
    ) -> Vec<Said> {
        let mut said = vec![];
        for index in 0..self.clocks.len() {
            let clock = &self.clocks[index];
            let is_asked = clock.is_open()
                && !self.parked
                && !clock.is_late_untold(now)
                && clock.policy.as_ref().is_some_and(|pin| pin.id == policy.id)
                && (kinds.is_empty() || kinds.contains(&clock.kind))
                && only.is_none_or(|only| only == clock.id);
            if is_asked && let Some(fact) = self.migrate_one(index, policy, now, book) {
                said.push(self.say(index, fact, now, book));
            }
        }
        said
    }

    pub(super) fn migrate_one(&mut self, index: usize, policy: &Policy, now: Timestamp, book: &Book) -> Option<Fact> {
        let kind = self.clocks[index].kind;
        let (number, target) = policy.target(kind, &self.circumstances())?;
        let of_team = || book.calendar_of(self.team(self.clocks[index].side), now);
        let calendar = calendar_of(target, book, now).unwrap_or_else(of_team);
        let pin = PolicyPin { id: policy.id.clone(), version: policy.number, target: number };
        let alone = self.standing.deliver_by.filter(|_| kind == Kind::Delivery);
        self.clocks[index].migrate(pin, target, &calendar, alone, now, book)
    }

    /// A clock that the caller may see.
    fn find(&self, by: &Actor, id: ClockId) -> Result<usize, Refused> {
        let about = &self.standing.about;
        let sees = !about.confidential
            || by.is_admin()
            || by.is_member_of(about.from_team.as_slug())
            || by.is_member_of(about.to_team.as_slug());
        let found = self.clocks.iter().position(|clock| clock.id == id).filter(|_| sees);
        found.ok_or(Refused::ClockNotFound(id))
    }

    fn say(&self, index: usize, fact: Fact, now: Timestamp, book: &Book) -> Said {
        let view = self.clocks[index].view(now, book);
        Said { view, fact, revision: self.revision, historic: None }
    }
}

fn must_be_breached(clock: &Clock) -> Result<(), Refused> {
    if clock.breach.is_some() { Ok(()) } else { Err(Refused::NotBreached(clock.id)) }
}
