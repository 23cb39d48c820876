//! Who is told what, where and when.

use criteria::Filter;
use kernel::{Actor, Timestamp};

use super::{
    Digest, Notice, Place, QuietHours, Refused, Side, SubscriptionId, TeamId,
    notice::{Concern, Party},
    place::KeyBytes,
};

/// Somebody who wants to be told.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Who.
    pub who: Recipient,
    /// What about.
    pub what: Selection,
    /// Where.
    pub place: Place,
    /// When not.
    pub quiet_hours: Option<QuietHours>,
    /// When what happened meanwhile is sent; none: each at once.
    pub digest: Option<Digest>,
    /// Whether anything is sent.
    pub state: State,
    /// Raised by every change.
    pub revision: i64,
    /// Who made it.
    pub created_by: String,
    /// When. Nothing that happened before is told.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A team.
    Team(TeamId),
    /// A person, by the name in the token.
    Person(String),
    /// A system, by the name in its token.
    Service(String),
}

/// Whether anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Enabled,
    /// It is not, and why; it waits.
    Disabled(String),
    /// It never is again.
    Ended,
}

/// What somebody is told about.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Names of facts; empty: what is addressed to the recipient.
    pub events: Vec<String>,
    /// Only of handoffs of these teams; empty: of any.
    pub teams: Vec<TeamId>,
    /// Only of handoffs that the recipient is on this side of.
    pub side: Option<Side>,
    /// Only where this holds.
    pub filter: Option<Filter>,
}

/// The names that a filter may use: texts, and one number.
pub const FILTER_TEXTS: [&str; 6] = ["event", "route", "from_team", "to_team", "priority", "clock"];
/// The number.
pub const FILTER_NUMBERS: [&str; 1] = ["step"];

/// A change of a subscription; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// What about.
    pub what: Option<Selection>,
    /// Where.
    pub place: Option<Place>,
    /// When not; none within for never.
    pub quiet_hours: Option<Option<QuietHours>>,
    /// When what happened meanwhile is sent; none within: each at once.
    pub digest: Option<Option<Digest>>,
    /// Whether anything is sent.
    pub state: Option<State>,
}

impl Recipient {
    /// The kind, as columns name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Team(_) => "TEAM",
            Self::Person(_) => "PERSON",
            Self::Service(_) => "SERVICE",
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Team(team) => team.as_str(),
            Self::Person(name) | Self::Service(name) => name,
        }
    }

    /// Refuses whoever may not subscribe for the recipient: a person and a system do for themselves, a LEAD for the team, ADMIN for all.
    pub fn must_be_changed_by(&self, by: &Actor) -> Result<(), Refused> {
        let may = match self {
            Self::Team(team) => by.is_lead_of(team.as_slug()),
            Self::Person(name) => !by.is_service() && by.name() == name,
            Self::Service(name) => by.is_service() && by.name() == name,
        };
        if may || by.is_admin() { Ok(()) } else { Err(Refused::NotYours(self.clone())) }
    }

    /// Whether somebody may see what the recipient subscribes to: who may change it, and the members of a team.
    pub fn is_seen_by(&self, by: &Actor) -> bool {
        let is_member = matches!(self, Self::Team(team) if by.is_member_of(team.as_slug()));
        is_member || self.must_be_changed_by(by).is_ok()
    }
}

impl Selection {
    /// What is wrong with it for that recipient.
    pub fn must_fit(&self, who: &Recipient) -> Result<(), Refused> {
        match who {
            Recipient::Service(_) if self.events.is_empty() => Err(Refused::EventsRequired),
            Recipient::Service(_) if self.side.is_some() => Err(Refused::SideOfService),
            _ => Ok(()),
        }
    }
}

impl Subscription {
    /// Whether it wants to be told. `leads` says whether a person leads a team.
    pub fn wants(&self, notice: &Notice, leads: impl Fn(&TeamId, &str) -> bool) -> bool {
        self.state != State::Ended
            && notice.occurred_at >= self.created_at
            && (self.what.events.is_empty() || self.what.events.contains(&notice.event))
            && self.is_of_teams(notice.concerns.as_ref())
            && self.is_concerned(notice, leads)
            && self.what.filter.as_ref().is_none_or(|filter| passes(filter, notice))
    }

    fn is_of_teams(&self, concern: Option<&Concern>) -> bool {
        let teams = &self.what.teams;
        let is_among = |it: &Concern| teams.contains(&it.upstream.team) || teams.contains(&it.downstream.team);
        teams.is_empty() || concern.is_some_and(is_among)
    }

    /// Whether it is addressed to the recipient, or, where the recipient names events, concerns it.
    fn is_concerned(&self, notice: &Notice, leads: impl Fn(&TeamId, &str) -> bool) -> bool {
        let is_named = notice.to_name.as_deref() == Some(self.who.name());
        if notice.is_private {
            return is_named && matches!(self.who, Recipient::Person(_));
        }
        if is_named && self.what.side.is_none() {
            return true;
        }
        let is_asked_for = !self.what.events.is_empty();
        let is_own_act = |person: &str| !is_asked_for && notice.by_person.as_deref() == Some(person);
        let is_on = |party: &Party| match &self.who {
            Recipient::Service(_) => true,
            Recipient::Team(team) => party.team == *team,
            Recipient::Person(person) if is_own_act(person) => false,
            Recipient::Person(person) => match &party.owner {
                Some(owner) => owner == person,
                None => leads(&party.team, person),
            },
        };
        match &notice.concerns {
            None => is_asked_for && matches!(self.who, Recipient::Service(_)),
            Some(concern) => [Side::Upstream, Side::Downstream].into_iter().any(|side| {
                (is_asked_for || notice.to.contains(&side))
                    && self.what.side.is_none_or(|only| only == side)
                    && is_on(concern.party(side))
            }),
        }
    }

    /// Changes it. Where it leads stays of its kind: what waits was made for it.
    pub fn change(&mut self, change: Change, now: Timestamp) -> Result<(), Refused> {
        if let Some(what) = change.what {
            what.must_fit(&self.who)?;
            self.what = what;
        }
        if let Some(place) = change.place {
            self.place = place.instead_of(&self.place).ok_or(Refused::OtherKind)?;
        }
        if let Some(quiet_hours) = change.quiet_hours {
            self.quiet_hours = quiet_hours;
        }
        if let Some(digest) = change.digest {
            self.digest = digest;
        }
        if let Some(state) = change.state {
            self.state = state;
        }
        self.must_not_collect_for_programs()?;
        self.revision += 1;
        self.updated_at = now;
        Ok(())
    }

    /// A program takes one event at a time.
    pub fn must_not_collect_for_programs(&self) -> Result<(), Refused> {
        match (&self.place, &self.digest) {
            (Place::Webhook { .. }, Some(_)) => Err(Refused::DigestOfWebhook),
            _ => Ok(()),
        }
    }

    /// Gives the webhook another key; those before sign beside it for a while.
    pub fn rotate(&mut self, secret: KeyBytes, overlap_seconds: i64, now: Timestamp) -> Result<(), Refused> {
        if !matches!(self.place, Place::Webhook { .. }) {
            return Err(Refused::NoKeys);
        }
        self.place.rotate(secret, now, overlap_seconds);
        self.revision += 1;
        self.updated_at = now;
        Ok(())
    }

    /// How soon it sends what happens now, the soonest least: of several that lead to one address, the first carries what is told there
    /// once.
    pub fn readiness(&self, now: Timestamp) -> (bool, bool, bool, SubscriptionId) {
        let is_quiet = self.quiet_hours.as_ref().is_some_and(|quiet| quiet.over_at(now) > now);
        (self.state != State::Enabled, self.digest.is_some(), is_quiet, self.id)
    }
}

/// A filter that comes to no answer (a division by zero) lets pass: what somebody may want is not kept back.
fn passes(filter: &Filter, notice: &Notice) -> bool {
    let of = |read: fn(&Concern) -> &str| notice.concerns.as_ref().map(read).unwrap_or_default();
    let texts = [
        notice.event.as_str(),
        of(|it| it.route.as_str()),
        of(|it| it.upstream.team.as_str()),
        of(|it| it.downstream.team.as_str()),
        of(|it| &it.priority),
        notice.clock.as_ref().map(|it| it.kind.as_str()).unwrap_or_default(),
    ];
    let step = notice.clock.as_ref().map_or(0, |it| i64::from(it.step));
    filter.passes(&FILTER_TEXTS.into_iter().zip(texts).collect::<Vec<_>>(), &[(FILTER_NUMBERS[0], step)])
}
