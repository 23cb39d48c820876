//! Routes: the handoff points between two teams, from DISCOVERED or created to retired.

mod proposal;
mod terms;

use kernel::{Actor, Head, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Refused, TeamId, limits::REVIEW_EVERY_DEFAULT_SECONDS, refused::violation};
pub use proposal::{End, Proposal, ProposalId, ProposalState, Propose};
pub use terms::{KeptTerms, PolicyId, REVIEW_RULE_DEFAULT, ReadBack, SetTerms, TemplateChoice, Terms};

kernel::slug_id! {
    /// A route's id.
    RouteId
}

/// A handoff point: a directed edge from one team to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where its history stands.
    pub head: Head,
    /// Its id.
    pub id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives; another one.
    pub to_team: TeamId,
    /// What describes it.
    pub about: About,
    /// The terms in force; none where none were ever set.
    pub terms: Option<Terms>,
    /// The last terms that a side proposed, whatever became of them.
    pub proposal: Option<Proposal>,
    /// Where it is in its life.
    pub status: Status,
    /// When it was created.
    pub created_at: Timestamp,
}

/// What describes a route; its leads may change it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The name as a person reads it; may be empty.
    pub name: String,
    /// Who answers for the route itself.
    pub owner: Option<String>,
    /// What transfers, in words; may be empty.
    pub information: String,
    /// What starts a handoff.
    pub trigger: Trigger,
    /// Known risks.
    pub risks: Vec<Risk>,
    /// How often both sides look at the route together.
    pub review_every_seconds: i64,
}

/// What starts a handoff on a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// In words; may be empty.
    pub description: String,
    /// The type of an outside event that starts it.
    pub event_type: Option<String>,
}

/// A known risk of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What kind.
    pub kind: RiskKind,
    /// In words; may be empty.
    pub note: String,
}

kernel::named! {
    /// The kinds of risk.
    pub enum RiskKind {
        /// Something gets lost on the way.
        InformationLoss = "INFORMATION_LOSS",
        /// It waits.
        Delay = "DELAY",
        /// It comes back.
        Quality = "QUALITY",
        /// Each side blames the other.
        FingerPointing = "FINGER_POINTING",
    }
}

kernel::named! {
    /// The life of a route.
    pub enum Status {
        /// Seen in traffic, never mapped by anybody.
        Discovered = "DISCOVERED",
        /// Mapped and in use.
        Active = "ACTIVE",
        /// No new handoffs.
        Retired = "RETIRED",
    }
}

/// What happened to a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It was created.
    Created,
    /// It was changed, or promoted.
    Updated,
    /// It was seen in traffic that nobody had mapped.
    Discovered,
    /// It was retired.
    Retired {
        /// The proposal that lapsed with it.
        lapsed: Option<ProposalId>,
    },
    /// An administrator set its terms.
    TermsSet {
        /// The proposal that lapsed with it.
        lapsed: Option<ProposalId>,
    },
    /// A side proposed terms.
    TermsProposed {
        /// The proposal of the same side that was open before.
        replaced: Option<ProposalId>,
    },
    /// The other side agreed: they are in force.
    TermsAgreed,
    /// They were declined, or withdrawn.
    TermsDeclined,
}

impl Fact {
    /// Its name in the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "route_created",
            Self::Updated => "route_updated",
            Self::Discovered => "route_discovered",
            Self::Retired { .. } => "route_retired",
            Self::TermsSet { .. } => "terms_set",
            Self::TermsProposed { .. } => "terms_proposed",
            Self::TermsAgreed => "terms_agreed",
            Self::TermsDeclined => "terms_declined",
        }
    }
}

/// A new route.
#[derive(Clone, Debug)]
pub struct Create {
    /// Its id.
    pub id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// What describes it.
    pub about: About,
}

/// One change of what describes a route.
#[derive(Clone, Debug)]
pub enum Edit {
    /// The new name.
    Name(String),
    /// The new owner.
    Owner(Option<String>),
    /// The new words for what transfers.
    Information(String),
    /// The new trigger.
    Trigger(Trigger),
    /// The new risks, all of them.
    Risks(Vec<Risk>),
    /// The new interval.
    ReviewEverySeconds(i64),
}

impl Default for About {
    fn default() -> Self {
        Self {
            name: String::new(),
            owner: None,
            information: String::new(),
            trigger: Trigger::default(),
            risks: vec![],
            review_every_seconds: REVIEW_EVERY_DEFAULT_SECONDS,
        }
    }
}

impl About {
    /// Takes a change.
    pub(super) fn take(&mut self, edit: Edit) {
        match edit {
            Edit::Name(name) => self.name = name,
            Edit::Owner(owner) => self.owner = owner,
            Edit::Information(information) => self.information = information,
            Edit::Trigger(trigger) => self.trigger = trigger,
            Edit::Risks(risks) => self.risks = risks,
            Edit::ReviewEverySeconds(seconds) => self.review_every_seconds = seconds,
        }
    }
}

impl RouteId {
    /// Names for a route of a pair that was given none, without end: `<from>-to-<to>`, then the same with `-2`, `-3`, ...
    /// The first that is free is taken.
    pub fn of_pair(from: &TeamId, to: &TeamId) -> impl Iterator<Item = Self> {
        let pair = format!("{from}-to-{to}");
        (1_u32..).map(move |n| {
            let suffix = if n == 1 { String::new() } else { format!("-{n}") };
            let kept = pair.len().min(Slug::MAX_LENGTH - suffix.len());
            let slug = format!("{}{suffix}", &pair[..kept]);
            slug.parse().expect("a slug, cut or with digits at its end, is a slug")
        })
    }
}

impl Route {
    /// A lead of either side, or an administrator, maps a route. Whether the id is free is for the store to say.
    pub fn create(by: &Actor, create: Create, now: Timestamp) -> Result<(Self, Vec<Fact>), Refused> {
        let route = Self::new(create, Status::Active, now)?;
        route.must_be_led_by(by, "create the route")?;
        Ok((route, vec![Fact::Created]))
    }

    /// A route that a service or imported history uses and nobody has mapped.
    pub fn discover(
        by: &Actor,
        id: RouteId,
        from_team: TeamId,
        to_team: TeamId,
        now: Timestamp,
    ) -> Result<(Self, Vec<Fact>), Refused> {
        if !by.is_service() && !by.may_import() {
            return Err(Refused::NotFound { kind: "route", id: format!("from {from_team} to {to_team}") });
        }
        let create = Create { id, from_team, to_team, about: About::default() };
        Ok((Self::new(create, Status::Discovered, now)?, vec![Fact::Discovered]))
    }

    fn new(create: Create, status: Status, now: Timestamp) -> Result<Self, Refused> {
        let Create { id, from_team, to_team, about } = create;
        if from_team == to_team {
            return Err(Refused::Invalid(vec![violation(
                "to_team",
                "a route leads to another team than it comes from",
            )]));
        }
        let (head, terms, proposal) = (Head::default(), None, None);
        Ok(Self { head, id, from_team, to_team, about, terms, proposal, status, created_at: now })
    }

    /// A lead of either side, or an administrator, changes what describes it; a discovered route stays one. Edits that change
    /// nothing make no fact.
    pub fn update(&mut self, by: &Actor, edits: Vec<Edit>) -> Result<Vec<Fact>, Refused> {
        self.must_be_led_by(by, "change the route")?;
        self.must_not_be_retired()?;
        let mut after = self.clone();
        for edit in edits {
            after.about.take(edit);
        }
        if after == *self {
            return Ok(vec![]);
        }
        *self = after;
        Ok(vec![Fact::Updated])
    }

    /// A lead of either side, or an administrator, makes a discovered route an active one. An active one stays so.
    pub fn promote(&mut self, by: &Actor) -> Result<Vec<Fact>, Refused> {
        self.must_be_led_by(by, "promote the route")?;
        self.must_not_be_retired()?;
        if self.status == Status::Active {
            return Ok(vec![]);
        }
        self.status = Status::Active;
        Ok(vec![Fact::Updated])
    }

    /// A lead of either side, or an administrator, retires it; handoffs under way go on, an open proposal lapses. Retiring
    /// again changes nothing.
    pub fn retire(&mut self, by: &Actor, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        self.must_be_led_by(by, "retire the route")?;
        if self.status == Status::Retired {
            return Ok(vec![]);
        }
        self.status = Status::Retired;
        Ok(vec![Fact::Retired { lapsed: self.lapse_proposal(by, now) }])
    }

    /// Refuses where the route takes no new handoffs.
    pub fn must_not_be_retired(&self) -> Result<(), Refused> {
        if self.status == Status::Retired { Err(Refused::RouteRetired(self.id.clone())) } else { Ok(()) }
    }

    fn must_be_led_by(&self, by: &Actor, what: &'static str) -> Result<(), Refused> {
        let teams = [&self.from_team, &self.to_team];
        if by.is_admin() || teams.iter().any(|team| by.is_lead_of(team.as_slug())) {
            return Ok(());
        }
        Err(Refused::LeadOnly { teams: teams.map(Clone::clone).to_vec(), what })
    }
}

/// The one route that a pair of teams means for a new handoff: none where the pair has none, refused where it has
/// several in use, or only retired ones.
pub fn of_pair(routes: Vec<Route>) -> Result<Option<Route>, Refused> {
    let (retired, mut in_use): (Vec<_>, Vec<_>) = routes.into_iter().partition(|route| route.status == Status::Retired);
    match (in_use.pop(), retired.first()) {
        (None, Some(retired)) => Err(Refused::RouteRetired(retired.id.clone())),
        (None, None) => Ok(None),
        (Some(route), _) if in_use.is_empty() => Ok(Some(route)),
        (Some(route), _) => {
            let mut ids: Vec<_> = in_use.iter().chain([&route]).map(|route| route.id.clone()).collect();
            ids.sort();
            Err(Refused::AmbiguousRoute { from: route.from_team, to: route.to_team, routes: ids })
        }
    }
}

/// The route that imported history of a pair goes on: one in use before a retired one, then the first by id.
pub fn of_past(routes: Vec<Route>) -> Option<Route> {
    routes.into_iter().min_by(|a, b| {
        let rank = |route: &Route| route.status == Status::Retired;
        (rank(a), &a.id).cmp(&(rank(b), &b.id))
    })
}
