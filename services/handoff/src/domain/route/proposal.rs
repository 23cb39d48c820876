//! Terms by agreement: one side proposes, the other agrees or declines.

use kernel::{Actor, Timestamp};

use super::{Fact, Route, SetTerms};
use crate::domain::{Refused, Side, TeamId, refused::violation, side};

kernel::uuid_id! {
    /// A proposal's id.
    ProposalId
}

/// Terms that one side wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// The side that proposes.
    pub side: Side,
    /// The whole new terms.
    pub terms: SetTerms,
    /// Why; may be empty.
    pub reason: String,
    /// Who proposed them.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// Where it is in its life.
    pub state: ProposalState,
    /// How it ended; none while it is open.
    pub end: Option<End>,
}

/// How a proposal ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why; may be empty.
    pub reason: String,
}

kernel::named! {
    /// The life of a proposal.
    pub enum ProposalState {
        /// The other side has to decide.
        Open = "OPEN",
        /// The other side agreed.
        Agreed = "AGREED",
        /// The other side declined.
        Declined = "DECLINED",
        /// Its own side took it back.
        Withdrawn = "WITHDRAWN",
        /// Its own side put another one in its place.
        Replaced = "REPLACED",
        /// An administrator set terms, or the route was retired.
        Lapsed = "LAPSED",
    }
}

/// A new proposal.
#[derive(Clone, Debug)]
pub struct Propose {
    /// The side that proposes; none where the actor leads one team alone.
    pub side: Option<Side>,
    /// The whole new terms.
    pub terms: SetTerms,
    /// Why; may be empty.
    pub reason: String,
}

impl Proposal {
    /// Whether the other side has still to decide.
    pub fn is_open(&self) -> bool {
        self.state == ProposalState::Open
    }

    /// Whether that actor has just ended it so: then doing it again changes nothing.
    fn was_ended_by(&self, by: &Actor, id: ProposalId, state: ProposalState) -> bool {
        self.id == id && self.state == state && self.end.as_ref().is_some_and(|end| end.by == by.name())
    }
}

impl Route {
    /// A lead of one side proposes terms, in place of an open proposal of its own side. Whether the template is there and the
    /// review rule compiles is for the caller to find out.
    pub fn propose_terms(
        &mut self,
        by: &Actor,
        id: ProposalId,
        propose: Propose,
        now: Timestamp,
    ) -> Result<Vec<Fact>, Refused> {
        let side = self.side_led_by(by, propose.side, "propose terms")?;
        self.must_not_be_retired()?;
        propose.terms.must_be_within_bounds()?;
        if let Some(open) = self.open_proposal().filter(|open| open.side != side) {
            return Err(Refused::ProposalOpen { proposal: open.id, team: self.team(open.side).clone() });
        }
        if self.terms_in_force().as_ref() == Some(&propose.terms) {
            return Err(Refused::TermsInForce(self.id.clone()));
        }
        let replaced = self.end_proposal(ProposalState::Replaced, by, String::new(), now);
        self.proposal = Some(Proposal {
            id,
            side,
            terms: propose.terms,
            reason: propose.reason,
            proposed_by: by.name().to_owned(),
            proposed_at: self.head.date(now),
            state: ProposalState::Open,
            end: None,
        });
        Ok(vec![Fact::TermsProposed { replaced: replaced.map(|proposal| proposal.id) }])
    }

    /// A lead of the other side agrees: exactly what was proposed is in force. Agreeing again changes nothing.
    pub fn agree_terms(&mut self, by: &Actor, id: ProposalId, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        if self.must_be_decided_by(by, id, ProposalState::Agreed)? {
            return Ok(vec![]);
        }
        let ended = self.end_proposal(ProposalState::Agreed, by, String::new(), now);
        let terms = ended.expect("it is open").terms;
        self.put_in_force(by, terms, now);
        Ok(vec![Fact::TermsAgreed])
    }

    /// A lead of the other side declines. Declining again changes nothing.
    pub fn decline_terms(
        &mut self,
        by: &Actor,
        id: ProposalId,
        reason: String,
        now: Timestamp,
    ) -> Result<Vec<Fact>, Refused> {
        if self.must_be_decided_by(by, id, ProposalState::Declined)? {
            return Ok(vec![]);
        }
        self.end_proposal(ProposalState::Declined, by, reason, now);
        Ok(vec![Fact::TermsDeclined])
    }

    /// A lead of the side that proposed takes it back. Doing it again changes nothing.
    pub fn withdraw_terms(
        &mut self,
        by: &Actor,
        id: ProposalId,
        reason: String,
        now: Timestamp,
    ) -> Result<Vec<Fact>, Refused> {
        self.must_be_led_by_a_side(by, "withdraw proposed terms")?;
        if self.proposal.as_ref().is_some_and(|last| last.was_ended_by(by, id, ProposalState::Withdrawn)) {
            return Ok(vec![]);
        }
        let team = self.team(self.open_proposal_of(id)?.side);
        if !by.is_lead_of(team.as_slug()) {
            return Err(Refused::SideLeadOnly { teams: vec![team.clone()], what: "withdraw these terms" });
        }
        self.end_proposal(ProposalState::Withdrawn, by, reason, now);
        Ok(vec![Fact::TermsDeclined])
    }

    /// Lets an open proposal lapse; says which.
    pub(super) fn lapse_proposal(&mut self, by: &Actor, now: Timestamp) -> Option<ProposalId> {
        self.end_proposal(ProposalState::Lapsed, by, String::new(), now).map(|proposal| proposal.id)
    }

    /// Who may decide on that proposal; true where they have decided just so before.
    fn must_be_decided_by(&self, by: &Actor, id: ProposalId, decision: ProposalState) -> Result<bool, Refused> {
        self.must_be_led_by_a_side(by, "decide on proposed terms")?;
        if self.proposal.as_ref().is_some_and(|last| last.was_ended_by(by, id, decision)) {
            return Ok(true);
        }
        let open = self.open_proposal_of(id)?;
        let team = self.team(side::other(open.side));
        if open.proposed_by == by.name() {
            return Err(Refused::OwnProposal { team: team.clone() });
        }
        if !by.is_lead_of(team.as_slug()) {
            return Err(Refused::SideLeadOnly { teams: vec![team.clone()], what: "decide on these terms" });
        }
        Ok(false)
    }

    fn open_proposal_of(&self, id: ProposalId) -> Result<&Proposal, Refused> {
        let open = self.open_proposal();
        let moved = || Refused::ProposalMoved { given: id, current: open.map(|open| open.id) };
        open.filter(|open| open.id == id).ok_or_else(moved)
    }

    fn end_proposal(&mut self, state: ProposalState, by: &Actor, reason: String, now: Timestamp) -> Option<Proposal> {
        let at = self.head.date(now);
        let open = self.proposal.as_mut().filter(|proposal| proposal.is_open())?;
        open.state = state;
        open.end = Some(End { by: by.name().to_owned(), at, reason });
        Some(open.clone())
    }

    /// The team of a side.
    pub fn team(&self, side: Side) -> &TeamId {
        match side {
            Side::Upstream => &self.from_team,
            Side::Downstream => &self.to_team,
        }
    }

    /// Whoever leads neither team learns nothing about proposals, and an administrator sets terms without one.
    fn must_be_led_by_a_side(&self, by: &Actor, what: &'static str) -> Result<(), Refused> {
        let teams = [&self.from_team, &self.to_team];
        if teams.iter().any(|team| by.is_lead_of(team.as_slug())) {
            return Ok(());
        }
        Err(Refused::SideLeadOnly { teams: teams.map(Clone::clone).to_vec(), what })
    }

    fn side_led_by(&self, by: &Actor, stated: Option<Side>, what: &'static str) -> Result<Side, Refused> {
        let leads = |side: Side| by.is_lead_of(self.team(side).as_slug());
        match stated {
            Some(side) if leads(side) => Ok(side),
            Some(side) => Err(Refused::SideLeadOnly { teams: vec![self.team(side).clone()], what }),
            None if leads(Side::Upstream) && leads(Side::Downstream) => {
                let description = "is required: you lead both teams; say for which side you propose";
                Err(Refused::Invalid(vec![violation("side", description)]))
            }
            None if leads(Side::Upstream) => Ok(Side::Upstream),
            None => self.must_be_led_by_a_side(by, what).map(|()| Side::Downstream),
        }
    }
}
