//! Imported history: what happened elsewhere, folded into a handoff by the order of its states alone.

use std::collections::BTreeMap;

use criteria::ReviewDecision;
use criteria::Value;
use kernel::{Actor, Timestamp};

use super::{
    Command, Fact, Handoff, HandoffId, Link, Origin, Priority, Reason, Refused, Side, State, Summary, TeamId,
    handoff::{Binding, Create, misfits},
    refused::violation,
};

/// A handoff with its past, as an outside system tells it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The outside record; the import is idempotent by it.
    pub origin: Origin,
    /// A record that several handoffs share; it becomes a link.
    pub incident: Option<String>,
    /// The team that handed over.
    pub from_team: TeamId,
    /// The team that received.
    pub to_team: TeamId,
    /// What the record calls the two teams, in this order.
    pub team_names: [String; 2],
    /// The name of the work.
    pub title: String,
    /// How urgent it was.
    pub priority: Priority,
    /// Free fields.
    pub fields: BTreeMap<String, Value>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

kernel::named! {
    /// What can have happened.
    pub enum Kind {
        /// Handed over.
        Submitted = "SUBMITTED",
        /// Taken.
        Accepted = "ACCEPTED",
        /// Begun.
        Began = "BEGAN",
        /// Put on hold by downstream alone.
        Held = "HELD",
        /// Taken off hold.
        Resumed = "RESUMED",
        /// Sent back without having been accepted.
        Rejected = "REJECTED",
        /// Sent back after acceptance.
        Rework = "REWORK",
        /// Done.
        Completed = "COMPLETED",
        /// Given up.
        Cancelled = "CANCELLED",
    }
}

/// A stored fact of a handoff, as far as a record can tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What happened.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// Who did it; empty where nobody knows.
    pub by: String,
}

/// How a record stands to the stored history of its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// All of it is stored.
    Whole,
    /// It goes on from this event; those before it are stored.
    Until(usize),
}

/// Refuses whoever may not import.
pub fn must_be_importer(by: &Actor) -> Result<(), Refused> {
    if by.may_import() { Ok(()) } else { Err(Refused::ImporterOnly) }
}

impl Kind {
    /// What a record calls a fact of that name; none for facts that no record tells of.
    pub fn of_fact(name: &str) -> Option<Self> {
        match name {
            "handoff_submitted" => Some(Self::Submitted),
            "handoff_accepted" => Some(Self::Accepted),
            "handoff_begun" => Some(Self::Began),
            "handoff_held" => Some(Self::Held),
            "handoff_resumed" => Some(Self::Resumed),
            "handoff_rejected" => Some(Self::Rejected),
            "handoff_returned" => Some(Self::Rework),
            "handoff_completed" => Some(Self::Completed),
            "handoff_cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// The command that changes the state in the same way; none for a hold, which changes none.
    const fn command(self) -> Option<Command> {
        match self {
            Self::Submitted => Some(Command::Submit),
            Self::Accepted => Some(Command::Accept),
            Self::Began => Some(Command::Begin),
            Self::Rejected => Some(Command::Reject),
            Self::Rework => Some(Command::Return),
            Self::Completed => Some(Command::Complete),
            Self::Cancelled => Some(Command::Cancel),
            Self::Held | Self::Resumed => None,
        }
    }
}

impl Event {
    fn by(&self) -> &str {
        self.actor.as_deref().unwrap_or_default()
    }

    fn why(&self) -> String {
        self.reason.clone().unwrap_or_default()
    }
}

impl Record {
    /// How the record stands to what is stored for its origin: the same events as far as both go, between the same teams,
    /// or refused.
    pub fn compare(&self, stored: &Handoff, past: &[Past]) -> Result<Known, Refused> {
        let contradicted = |index| Refused::HistoryContradicted { origin: self.origin.clone(), index };
        if (&self.from_team, &self.to_team) != (&stored.from_team, &stored.to_team) {
            return Err(contradicted(None));
        }
        let same = |event: &Event, past: &Past| (event.kind, event.at, event.by()) == (past.kind, past.at, &past.by);
        match self.events.iter().zip(past).position(|(event, past)| !same(event, past)) {
            Some(index) => Err(contradicted(Some(index))),
            None if self.events.len() <= past.len() => Ok(Known::Whole),
            None => Ok(Known::Until(past.len())),
        }
    }

    fn links(&self) -> Vec<Link> {
        let incident = self.incident.iter().map(|key| Link {
            system: self.origin.system.clone(),
            r#type: "incident".to_owned(),
            key: key.clone(),
            url: String::new(),
        });
        incident.collect()
    }
}

impl Handoff {
    /// The handoff of a record before its first event happens: a draft made at that moment by whoever submitted it.
    pub fn from_history(id: HandoffId, binding: Binding, record: &Record) -> Result<(Self, Fact), Refused> {
        let Some(first) = record.events.first() else {
            return Err(Refused::Invalid(vec![violation("record.events", "give at least one event")]));
        };
        let flaws = misfits(binding.criteria.content(), &record.fields);
        Refused::unless_valid(flaws.collect())?;
        let create = Create {
            id,
            side: Some(Side::Upstream),
            title: record.title.clone(),
            summary: Summary::default(),
            priority: record.priority,
            confidential: false,
            triggered_at: None,
            deliver_by: None,
            fields: record.fields.clone(),
            origin: Some(record.origin.clone()),
            follows: None,
            links: record.links(),
            attachments: vec![],
        };
        let mut handoff = Self::draft(binding, create, first.by(), first.at);
        handoff.upstream_owner.clone_from(&first.actor);
        Ok((handoff, Fact::Created { side: Side::Upstream }))
    }

    /// Makes an event of a record count, by the order of states and of times alone: its fact, and what it ends of what both
    /// sides said since. `index` is its place in the record. A change of state ends a hold without a fact of its own.
    pub fn relive(&mut self, index: usize, event: &Event, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        let previous_at = self.times.updated_at;
        if event.at < previous_at {
            return Err(Refused::EventGoesBack { index, at: event.at, previous_at });
        }
        if event.at > now {
            return Err(Refused::EventInFuture { index, at: event.at });
        }
        if !self.can_have(event.kind) {
            return Err(Refused::ImpossibleEvent {
                index,
                kind: event.kind,
                state: self.state,
                is_on_hold: self.hold.is_some(),
                possible: Kind::ALL.iter().copied().filter(|kind| self.can_have(*kind)).collect(),
            });
        }
        let mut facts = vec![self.historic_fact(event)?];
        if let Some(command) = event.kind.command() {
            let ends = self.endings(command).into_iter();
            facts.extend(ends.filter(|fact| !matches!(fact, Fact::Resumed)));
        }
        for fact in &facts {
            self.apply(fact, event.by(), event.at);
        }
        Ok(facts)
    }

    fn can_have(&self, kind: Kind) -> bool {
        use State::{Accepted, Completed, Draft, InProgress, Rejected, Returned, Submitted};
        match kind {
            Kind::Submitted => matches!(self.state, Draft | Rejected | Returned),
            Kind::Accepted | Kind::Rejected => self.state == Submitted,
            Kind::Began => self.state == Accepted,
            Kind::Completed => self.state == InProgress,
            Kind::Rework => matches!(self.state, Accepted | InProgress | Completed),
            // A record has no draft: it begins with the first submit.
            Kind::Cancelled => self.state.is_open() && self.state != Draft,
            Kind::Held => matches!(self.state, Submitted | Accepted | InProgress) && self.hold.is_none(),
            Kind::Resumed => self.hold.is_some(),
        }
    }

    fn historic_fact(&self, event: &Event) -> Result<Fact, Refused> {
        let attempt = self.attempt();
        let reasons = || Reason::historic(event.reason.as_deref());
        let fact = match event.kind {
            Kind::Submitted => Fact::Submitted {
                attempt: self.next_attempt()?,
                content_hash: self.to_freeze().hash(),
                results: vec![],
                first_time_pair: false,
                review: ReviewDecision { required: false, why: String::new() },
            },
            Kind::Accepted => Fact::Accepted { attempt, read_back: None, conditions: 0, speaker: event.actor.clone() },
            Kind::Began => Fact::Begun,
            Kind::Held => Fact::Held { reason: event.why(), agreed: false, side: Side::Downstream, until: None },
            Kind::Resumed => Fact::Resumed,
            Kind::Rejected => Fact::Rejected { attempt, reasons: reasons() },
            Kind::Rework => Fact::Returned { attempt, reasons: reasons(), from_state: self.state },
            Kind::Completed => Fact::Completed,
            Kind::Cancelled => Fact::Cancelled { reason: event.why(), from_state: self.state },
        };
        Ok(fact)
    }
}
