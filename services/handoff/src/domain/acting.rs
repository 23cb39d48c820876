//! Who acts, by which right, on which revision, and what came of it.

use kernel::Actor;

use super::{Fact, Refused, Side, TeamId};

/// Who acts, and why an administrator may for a side it is not in.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    /// Who acts.
    pub actor: &'a Actor,
    /// Why an administrator acts for a side it is not in; not looked at for anybody else.
    pub override_reason: Option<&'a str>,
}

/// What a command made happen, in order. No facts: it was already so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// The facts.
    pub facts: Vec<Fact>,
    /// Why an administrator acted for a side it is not in; none where the actor belongs to the side. Each fact carries it.
    pub override_reason: Option<String>,
}

impl Happened {
    pub(super) const fn nothing() -> Self {
        Self { facts: vec![], override_reason: None }
    }
}

/// The revision that a caller has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The caller does not check.
    Any,
    /// The caller acts on what it has seen at this revision.
    Revision(i64),
}

impl Expected {
    /// As the contract writes it: 0 does not check.
    pub const fn of(revision: i64) -> Self {
        if revision == 0 { Self::Any } else { Self::Revision(revision) }
    }

    /// Refuses where the aggregate has moved on since.
    pub fn must_match(self, current: i64) -> Result<(), Refused> {
        match self {
            Self::Revision(expected) if expected != current => Err(Refused::RevisionMismatch { expected, current }),
            _ => Ok(()),
        }
    }
}

/// A proven right to act for a side.
#[derive(Clone, Debug)]
pub(super) struct Mandate {
    pub(super) side: Side,
    pub(super) by: String,
    /// Whether the actor decides for the side's team: its lead, or an administrator.
    pub(super) is_lead: bool,
    /// The actor, where it is a person of the side: somebody who can speak for it.
    pub(super) speaker: Option<String>,
    pub(super) override_reason: Option<String>,
}

impl Mandate {
    /// Baton itself, where a time has come.
    pub(super) fn of_system() -> Self {
        let by = Actor::System.name().to_owned();
        Self { side: Side::Upstream, by, is_lead: false, speaker: None, override_reason: None }
    }
}

impl Acting<'_> {
    /// The right of a member of the side's team, or of an administrator who says why.
    pub(super) fn mandate(self, side: Side, team: &TeamId) -> Result<Mandate, Refused> {
        let actor = self.actor;
        let by = actor.name().to_owned();
        if actor.is_member_of(team.as_slug()) {
            let speaker = (!actor.is_service()).then(|| by.clone());
            let is_lead = actor.is_lead_of(team.as_slug());
            return Ok(Mandate { side, by, is_lead, speaker, override_reason: None });
        }
        if !actor.is_admin() {
            return Err(Refused::WrongSide { side, team: team.clone() });
        }
        match self.override_reason.filter(|reason| !reason.trim().is_empty()) {
            Some(reason) => {
                Ok(Mandate { side, by, is_lead: true, speaker: None, override_reason: Some(reason.to_owned()) })
            }
            None => Err(Refused::OverrideReasonRequired { side, team: team.clone() }),
        }
    }
}
