//! Declared waits, and who looks at what was submitted or speaks for a side.

use kernel::{Timestamp, Violation};

use super::{Claim, Fact, Handoff};
use crate::domain::{
    Acting, Command, Happened, Refused, Side, State, acting::Mandate, limits::HOLD_MAX_SECONDS, refused::violation,
};

/// One side alone declares a wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// Why.
    pub reason: String,
    /// Until when: after now, at most 90 days ahead.
    pub until: Timestamp,
}

/// Somebody else speaks for a side.
#[derive(Clone, Debug)]
pub struct Reassign {
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// Who.
    pub owner: String,
}

impl Handoff {
    /// One side alone declares a wait, in any open state: recorded and shown, not agreed. The same again changes nothing.
    pub fn wait(&mut self, by: Acting<'_>, wait: Wait, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(wait.side, by)?;
        self.must_be_in(State::OPEN, Command::Hold)?;
        if let Some(hold) = &self.hold {
            let is_repeat = (hold.side, hold.until, &hold.reason) == (mandate.side, Some(wait.until), &wait.reason);
            let until = hold.until.map_or_else(|| "it is resumed".to_owned(), |until| until.to_string());
            return if is_repeat { Ok(Happened::nothing()) } else { Err(Refused::OnHold { until }) };
        }
        Refused::unless_valid(too_far("until", wait.until, self.head.date(now)).into_iter().collect())?;
        let fact = Fact::Held { reason: wait.reason, agreed: false, side: mandate.side, until: Some(wait.until) };
        self.happen(vec![fact], mandate, now)
    }

    /// Ends a hold: an agreed one either side, another one the side that declared it. Without a hold nothing changes.
    pub fn resume(&mut self, by: Acting<'_>, side: Option<Side>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = match &self.hold {
            Some(hold) if !hold.agreed && side.is_none_or(|side| side == hold.side) => self.mandate(hold.side, by)?,
            _ => self.mandate_of_either(side, by)?,
        };
        self.must_be_in(State::OPEN, Command::Resume)?;
        match &self.hold {
            None => Ok(Happened::nothing()),
            Some(hold) if !hold.agreed && hold.side != mandate.side => {
                Err(Refused::WrongSide { side: hold.side, team: self.team_of(hold.side).clone() })
            }
            Some(_) => self.happen(vec![Fact::Resumed], mandate, now),
        }
    }

    /// A hold ends by itself at its time.
    pub fn expire_hold(&mut self, now: Timestamp) -> Result<Happened, Refused> {
        match self.hold.as_ref().and_then(|hold| hold.until) {
            Some(until) if until <= now => self.happen(vec![Fact::Resumed], Mandate::of_system(), now),
            _ => Ok(Happened::nothing()),
        }
    }

    /// Somebody of downstream looks at a submitted handoff; a lead may take it over. Claiming again changes nothing.
    pub fn claim(&mut self, by: Acting<'_>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        self.must_be_in(&[State::Submitted], Command::Claim)?;
        match &self.claim {
            Some(Claim(claim)) if claim.by == mandate.by => Ok(Happened::nothing()),
            Some(Claim(claim)) if !mandate.is_lead => Err(Refused::Claimed { by: claim.by.clone(), at: claim.at }),
            _ => self.happen(vec![Fact::Claimed], mandate, now),
        }
    }

    /// Who looks at it, or a lead, lets it go. Unclaimed already, nothing changes.
    pub fn unclaim(&mut self, by: Acting<'_>, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        self.must_be_in(&[State::Submitted], Command::Unclaim)?;
        match &self.claim {
            None => Ok(Happened::nothing()),
            Some(Claim(claim)) if claim.by != mandate.by && !mandate.is_lead => {
                Err(Refused::Claimed { by: claim.by.clone(), at: claim.at })
            }
            Some(_) => self.happen(vec![Fact::Unclaimed], mandate, now),
        }
    }

    /// A lead of a side names who speaks for it, until the handoff is cancelled. The same again changes nothing.
    pub fn reassign(&mut self, by: Acting<'_>, reassign: Reassign, now: Timestamp) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(reassign.side, by)?;
        self.must_be_led(&mandate, "reassign the handoff")?;
        self.must_be_in(State::NOT_CANCELLED, Command::Reassign)?;
        let owner = match mandate.side {
            Side::Upstream => &self.upstream_owner,
            Side::Downstream => &self.downstream_owner,
        };
        if owner.as_ref() == Some(&reassign.owner) {
            return Ok(Happened::nothing());
        }
        self.happen(vec![Fact::Reassigned { side: mandate.side, owner: reassign.owner }], mandate, now)
    }
}

/// A wait ends after now, and not too far ahead.
pub(super) fn too_far(path: &str, until: Timestamp, now: Timestamp) -> Option<Violation> {
    if until <= now {
        Some(violation(path, "give a time that is still to come"))
    } else if until > now.plus_seconds(HOLD_MAX_SECONDS) {
        Some(violation(path, "at most 90 days ahead"))
    } else {
        None
    }
}
