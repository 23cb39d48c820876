//! A handoff: one piece of work on its way from one team to another, and the guards that its commands share.

mod agenda;
mod applying;
mod asking;
mod create;
mod deciding;
mod drafting;
mod fact;
mod holding;
mod migrating;
mod noting;
mod proposing;
mod reviewing;
mod size;
mod working;

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use criteria::{Attachment, Circumstances, Criteria, Evaluation, Submission};
use kernel::{Actor, Head, Timestamp};

use super::{
    Acting, Action, ActionId, Attempt, Command, Happened, Link, Origin, Pin, Priority, Proposal, ProposalId, Question,
    Refused, Review, Route, RouteId, Side, Signed, State, Summary, TeamId, acting::Mandate, route::KeptTerms, side,
    state::Since,
};
pub use asking::{Ask, Reply};
pub use create::Create;
pub use deciding::{Accept, ConfirmReadBack, Reject};
pub(super) use drafting::misfits;
pub use drafting::{TickItem, Update};
pub use fact::{Edit, Fact};
pub use holding::{Reassign, Wait};
pub use migrating::{MigrateTo, Migrated};
pub use noting::{Comment, Confidential, LinkedRecord, Note};
pub use proposing::{Decline, Propose};
pub use reviewing::{CancelReview, RecordHeld, RecordMissed, Schedule, WaiveReview};
pub use working::{Cancel, Reopen, Return};

kernel::uuid_id! {
    /// A handoff's id.
    HandoffId
}

/// A handoff as it stands.
#[derive(Clone, Debug)]
pub struct Handoff {
    /// Where its history stands.
    pub head: Head,
    /// Its id.
    pub id: HandoffId,
    /// The route it is on.
    pub route_id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// The terms it was created under.
    pub terms: KeptTerms,
    /// The template version that judges it.
    pub template: Pin,
    /// That version, made ready.
    pub criteria: Arc<Criteria>,
    /// The name of the work.
    pub title: String,
    /// What a receiver must know.
    pub summary: Summary,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether only the two teams and administrators may see it.
    pub confidential: bool,
    /// Where it is in its life.
    pub state: State,
    /// How it came there.
    pub since: Since,
    /// Who owns the work. Moved by Accept, Return and Reopen alone.
    pub accountable_side: Side,
    /// Who speaks for upstream.
    pub upstream_owner: Option<String>,
    /// Who speaks for downstream.
    pub downstream_owner: Option<String>,
    /// When the work began to wait for its handoff.
    pub triggered_at: Timestamp,
    /// By when upstream has promised it.
    pub deliver_by: Option<Timestamp>,
    /// The answers and ticks as they stand.
    pub submission: Submission,
    /// The outside record it was made for.
    pub origin: Option<Origin>,
    /// The handoff before this one of the same work.
    pub follows: Option<HandoffId>,
    /// Links to outside records.
    pub links: Vec<Link>,
    /// References to documents.
    pub attachments: Vec<Attachment>,
    /// Every attempt, first to last.
    pub attempts: Vec<Attempt>,
    /// Small duties, in the order in which they were added.
    pub actions: Vec<Action>,
    /// Questions of both sides, in the order in which they were asked.
    pub questions: Vec<Question>,
    /// Reviews, in the order in which they were scheduled.
    pub reviews: Vec<Review>,
    /// Proposals, in the order in which they were made.
    pub proposals: Vec<Proposal>,
    /// Criteria that need not be met, until the next Reject or Return.
    pub waivers: Vec<Waiver>,
    /// Who of downstream looks at it.
    pub claim: Option<Claim>,
    /// Answers and ticks that migrations took out.
    pub archived: Submission,
    /// How many comments there are.
    pub comments: i32,
    /// The declared wait.
    pub hold: Option<Hold>,
    /// How often it was rejected.
    pub rejections: i32,
    /// How often it was returned.
    pub returns: i32,
    /// When its states were last entered.
    pub times: Times,
}

/// Somebody of downstream looks at what was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claim(pub Signed);

/// A criterion that need not be met for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Its key.
    pub criterion: String,
    /// Why.
    pub reason: String,
    /// The proposal that both sides agreed on.
    pub proposal_id: ProposalId,
    /// Who of downstream agreed, and when.
    pub waived: Signed,
}

/// A declared wait. It ends with any change of state, and at its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why; may be empty.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether both sides agreed to it.
    pub agreed: bool,
    /// The side that declared it, or proposed it.
    pub side: Side,
    /// Until when; none for imported history.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// When a handoff last entered its states; none for a state it was never in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// Created.
    pub created_at: Timestamp,
    /// Changed in any way.
    pub updated_at: Timestamp,
    /// Submitted.
    pub submitted_at: Option<Timestamp>,
    /// Accepted.
    pub accepted_at: Option<Timestamp>,
    /// Begun; a reopening does not count.
    pub begun_at: Option<Timestamp>,
    /// Completed.
    pub completed_at: Option<Timestamp>,
    /// Cancelled.
    pub cancelled_at: Option<Timestamp>,
}

/// What a new handoff is bound to for its life.
#[derive(Clone, Debug)]
pub struct Binding {
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    terms: KeptTerms,
    template: Pin,
    pub(super) criteria: Arc<Criteria>,
}

impl Binding {
    /// To a route in use, under its terms as they stand; `template` is the version that they name, `criteria` its
    /// content, made ready.
    pub fn to(route: &Route, template: Pin, criteria: Arc<Criteria>) -> Result<Self, Refused> {
        route.must_not_be_retired()?;
        Ok(Self { template, ..Self::to_past(route, criteria) })
    }

    /// To the route of imported history, without a template: what happened, happened, and the terms of the route judge none of
    /// it; they say which policy measures it, and bind what goes on live. `criteria` is the empty content, made ready.
    pub fn to_past(route: &Route, criteria: Arc<Criteria>) -> Self {
        Self {
            route_id: route.id.clone(),
            from_team: route.from_team.clone(),
            to_team: route.to_team.clone(),
            terms: route.kept_terms(),
            template: Pin::empty(),
            criteria,
        }
    }

    fn team_of(&self, side: Side) -> &TeamId {
        match side {
            Side::Upstream => &self.from_team,
            Side::Downstream => &self.to_team,
        }
    }
}

/// What is derived.
impl Handoff {
    /// The number of the current attempt: how often it was submitted; 0 before the first time.
    pub fn attempt(&self) -> i32 {
        self.attempts.last().map_or(0, |attempt| attempt.number)
    }

    /// The team of a side.
    pub const fn team_of(&self, side: Side) -> &TeamId {
        match side {
            Side::Upstream => &self.from_team,
            Side::Downstream => &self.to_team,
        }
    }

    /// Whose turn it is; nobody's once the handoff has ended. The side whose turn the state makes it hands it to the other by
    /// a blocking question, unless it owes the other such an answer itself.
    pub fn waiting_on(&self) -> Option<Side> {
        let turn = self.state.turn()?;
        let other = side::other(turn);
        Some(if self.is_blocked(turn) && !self.is_blocked(other) { other } else { turn })
    }

    /// The actions that a side has still to do; none once the handoff is cancelled, which closes them.
    pub fn open_actions(&self, side: Side) -> impl Iterator<Item = &Action> {
        let is_cancelled = self.state == State::Cancelled;
        self.actions.iter().filter(move |action| !is_cancelled && action.side == side && action.is_open())
    }

    /// Whether it is in a side's inbox: its turn, an open action of it, or an answer that it owes.
    pub fn waits_on(&self, side: Side) -> bool {
        self.waiting_on() == Some(side) || self.open_actions(side).next().is_some() || self.answers_due(side) > 0
    }

    /// What a side owes the other an answer to: open questions, proposals to decide, actions to take on.
    pub fn answers_due(&self, side: Side) -> usize {
        self.questions_to(side).count() + self.proposals_to(side).count() + self.actions_to_confirm(side).count()
    }

    /// The action of that id.
    pub fn action(&self, id: ActionId) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// Whether the actor may know of it: everyone signed in, but of a confidential one only the two teams and administrators.
    pub fn visible_to(&self, actor: &Actor) -> bool {
        !self.confidential
            || actor.is_admin()
            || *actor == Actor::System
            || actor.is_member_of(self.from_team.as_slug())
            || actor.is_member_of(self.to_team.as_slug())
    }

    /// What the criteria say of it as it stands: where upstream may submit, as the attempt that it would become.
    /// `first_time_pair`: no handoff of this route was completed before.
    pub fn evaluate(&self, first_time_pair: bool) -> Evaluation {
        let is_next = drafting::EDITABLE.contains(&self.state);
        let circumstances = self.circumstances(self.attempt() + i32::from(is_next), first_time_pair);
        let waived: BTreeSet<String> = self.waivers.iter().map(|waiver| waiver.criterion.clone()).collect();
        self.criteria.evaluate(&self.submission, &circumstances, &waived)
    }

    fn circumstances(&self, attempt: i32, first_time_pair: bool) -> Circumstances<'_> {
        Circumstances {
            priority: self.priority.name(),
            attempt: attempt.unsigned_abs(),
            first_time_pair,
            confidential: self.confidential,
        }
    }
}

/// The guards that commands share, and how facts are made to count.
impl Handoff {
    /// The right to act for a side; who may not see the handoff learns nothing of it.
    fn mandate(&self, side: Side, by: Acting<'_>) -> Result<Mandate, Refused> {
        self.must_be_visible_to(by.actor)?;
        by.mandate(side, self.team_of(side))
    }

    /// The right to act for the side that the caller names, or for the one that it belongs to.
    fn mandate_of_either(&self, side: Option<Side>, by: Acting<'_>) -> Result<Mandate, Refused> {
        self.must_be_visible_to(by.actor)?;
        if let Some(side) = side {
            return by.mandate(side, self.team_of(side));
        }
        let is_member = |side: Side| by.actor.is_member_of(self.team_of(side).as_slug());
        match (is_member(Side::Upstream), is_member(Side::Downstream)) {
            (true, false) => by.mandate(Side::Upstream, &self.from_team),
            (false, true) => by.mandate(Side::Downstream, &self.to_team),
            (false, false) if !by.actor.is_admin() => {
                Err(Refused::NeitherSide { from: self.from_team.clone(), to: self.to_team.clone() })
            }
            _ => Err(Refused::SideRequired),
        }
    }

    fn must_be_led(&self, mandate: &Mandate, what: &'static str) -> Result<(), Refused> {
        if mandate.is_lead {
            return Ok(());
        }
        Err(Refused::LeadOnly { teams: vec![self.team_of(mandate.side).clone()], what })
    }

    /// Refuses as if it were not there where the actor may not know of it.
    fn must_be_visible_to(&self, actor: &Actor) -> Result<(), Refused> {
        let unknown = || Refused::NotFound { kind: "handoff", id: self.id.to_string() };
        if self.visible_to(actor) { Ok(()) } else { Err(unknown()) }
    }

    /// Whether the same actor brought the handoff into its state by the same command, in the same attempt where the
    /// command names one.
    fn is_repeat(&self, command: Command, attempt: Option<i32>, mandate: &Mandate) -> bool {
        self.since.command == command
            && self.since.by == mandate.by
            && attempt.is_none_or(|attempt| attempt == self.attempt())
    }

    fn must_be_in(&self, allowed: &'static [State], command: Command) -> Result<(), Refused> {
        if allowed.contains(&self.state) {
            return Ok(());
        }
        Err(Refused::WrongState { command, state: self.state, revision: self.head.revision, allowed })
    }

    fn must_be_at(&self, attempt: i32) -> Result<&Attempt, Refused> {
        let current = self.attempts.last().filter(|current| current.number == attempt);
        current.ok_or(Refused::AttemptMoved { given: attempt, current: self.attempt() })
    }

    /// Makes the facts count, all or, where the handoff would outgrow its bound, none.
    fn happen(&mut self, facts: Vec<Fact>, mandate: Mandate, now: Timestamp) -> Result<Happened, Refused> {
        let at = self.head.date(now);
        let mut after = self.clone();
        for fact in &facts {
            after.apply(fact, &mandate.by, at);
        }
        after.must_hold(&facts, self)?;
        *self = after;
        Ok(Happened { facts, override_reason: mandate.override_reason })
    }
}
