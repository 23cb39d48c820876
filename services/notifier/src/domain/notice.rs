//! A fact of another service as something that people are told.

use kernel::Timestamp;

use super::{FactId, RouteId, Side, TeamId};

/// All that is said of a confidential handoff.
pub const CONFIDENTIAL: &str = "A confidential handoff needs you: open it here";

/// Something that happened, and whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same for the same fact, however often it is heard.
    pub id: FactId,
    /// The producer's package: `baton.handoff.v1`.
    pub package: &'static str,
    /// The fact's name: `handoff_submitted`.
    pub event: String,
    /// What it is about, as the producer names it: `handoff/<id>`.
    pub subject: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Who caused it, where that is a person.
    pub by_person: Option<String>,
    /// The handoff that it is about; none where it is about none.
    pub handoff: Option<Handoff>,
    /// Whose work it concerns; none where it is about no route.
    pub concerns: Option<Concern>,
    /// The sides that are told of it unasked.
    pub to: Vec<Side>,
    /// Who is told of it by name, and is not found on a side: the contact of an escalation, who is asked in a survey, whose review is due.
    pub to_name: Option<String>,
    /// Nobody but the person who is named may be told.
    pub is_private: bool,
    /// The clock that it is about; none where it is about none.
    pub clock: Option<Clock>,
    /// What it says, in a line.
    pub headline: String,
    /// What opens it.
    pub opens: Opens,
}

/// The handoff of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// Its id.
    pub id: String,
    /// Whether only its two teams may see it.
    pub confidential: bool,
}

/// Whose work a notice concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concern {
    /// The route.
    pub route: RouteId,
    /// How urgent it is: `URGENT`; empty where it is about no handoff.
    pub priority: String,
    /// The side that hands over.
    pub upstream: Party,
    /// The side that receives.
    pub downstream: Party,
}

/// A side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The team.
    pub team: TeamId,
    /// Who speaks for it; none where nobody does by name.
    pub owner: Option<String>,
}

/// The clock of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The kind of clock: `ACCEPTANCE`.
    pub kind: String,
    /// The step of an escalation, else 0.
    pub step: i32,
    /// The clock and the moment of it that is told once to each address, the same for the same: `<clock>/breach/1`. None where each fact
    /// is told.
    pub moment: Option<String>,
}

/// What opens a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// A handoff, by its id.
    Handoff(String),
    /// A survey, by the token of its link.
    Survey(String),
    /// Nothing.
    Nothing,
}

/// A team, as the handoff service last described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// The persons who lead it.
    pub leads: Vec<String>,
}

impl Concern {
    /// A side.
    pub fn party(&self, side: Side) -> &Party {
        match side {
            Side::Upstream => &self.upstream,
            Side::Downstream => &self.downstream,
        }
    }
}

impl Notice {
    /// The fact with its package: `baton.handoff.v1.handoff_submitted`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.package, self.event)
    }

    /// What is said of it, in a line.
    pub fn line(&self) -> &str {
        if self.is_confidential() { CONFIDENTIAL } else { &self.headline }
    }

    /// Whether it is about a confidential handoff.
    pub fn is_confidential(&self) -> bool {
        self.handoff.as_ref().is_some_and(|handoff| handoff.confidential)
    }

    /// Addresses it to one side of a route.
    pub fn to_side_of(&mut self, route: RouteId, (from_team, to_team): (TeamId, TeamId), to: Side) {
        let party = |team| Party { team, owner: None };
        let (upstream, downstream) = (party(from_team), party(to_team));
        self.to = vec![to];
        self.concerns = Some(Concern { route, priority: String::new(), upstream, downstream });
    }

    /// Whether anybody is told of it unasked.
    pub fn is_addressed(&self) -> bool {
        !self.to.is_empty() || self.to_name.is_some()
    }
}
