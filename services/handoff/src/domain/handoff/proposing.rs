//! What needs the consent of both sides: proposed by one, agreed to or declined by the other.

use kernel::{Timestamp, Violation};

use super::{Fact, Handoff, asking::must_hold_one_more, drafting::EDITABLE, holding::too_far};
use crate::domain::{
    Acting, Command, Happened, Proposal, ProposalId, Refused, Side, Signed, State,
    acting::Mandate,
    limits::PROPOSALS_MAX,
    proposal::{Change, ProposalState},
    refused::{Part, violation},
    side,
};

/// A new proposal.
#[derive(Clone, Debug)]
pub struct Propose {
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// What.
    pub change: Change,
    /// Why.
    pub reason: String,
}

/// The other side does not agree.
#[derive(Clone, Debug)]
pub struct Decline {
    /// The proposal.
    pub id: ProposalId,
    /// Why; may be empty.
    pub reason: String,
}

impl Handoff {
    /// One side proposes, at most one open proposal of a kind at a time: a hold, another deadline or priority in any open state,
    /// a waiver (upstream) while it prepares, to give up what was accepted. It lapses when that state ends.
    pub fn propose(
        &mut self,
        by: Acting<'_>,
        id: ProposalId,
        propose: Propose,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate_to_propose(by, &propose)?;
        self.must_be_in(states_for(&propose.change), Command::Propose)?;
        must_hold_one_more("proposals", self.proposals.len(), PROPOSALS_MAX)?;
        let kind = propose.change.kind();
        let open = self.proposals.iter().find(|other| other.is_open() && other.change.kind() == kind);
        if let Some(open) = open {
            return Err(Refused::AlreadyProposed { kind, id: open.id });
        }
        let at = self.head.date(now);
        Refused::unless_valid(self.flaws_of(&propose.change, at))?;
        let proposal = Proposal {
            id,
            side: mandate.side,
            change: propose.change,
            reason: propose.reason,
            proposed: Signed::new(&mandate.by, at),
            state: ProposalState::Open,
            decided: None,
            decline_reason: String::new(),
        };
        self.happen(vec![Fact::ProposalMade(proposal)], mandate, now)
    }

    /// The other side agrees, and it is done at once; nobody to what they themselves proposed; of a waiver a lead decides.
    /// Agreeing again changes nothing.
    pub fn agree(&mut self, by: Acting<'_>, id: ProposalId, now: Timestamp) -> Result<Happened, Refused> {
        let (proposal, mandate) = self.to_decide(by, id)?;
        if proposal.state == ProposalState::Agreed && decided_by(proposal, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(states_for(&proposal.change), Command::Agree)?;
        self.must_decide(proposal, &mandate, Command::Agree)?;
        if proposal.proposed.by == mandate.by {
            let team = self.team_of(mandate.side).clone();
            return Err(Refused::OwnDoing { did: "proposed", must: "agree to", team });
        }
        let mut facts = vec![Fact::ProposalAgreed(id)];
        facts.extend(self.agreed(proposal, self.head.date(now))?);
        self.happen(facts, mandate, now)
    }

    /// The other side declines; of a waiver a lead decides. Declining again changes nothing.
    pub fn decline(&mut self, by: Acting<'_>, decline: Decline, now: Timestamp) -> Result<Happened, Refused> {
        let (proposal, mandate) = self.to_decide(by, decline.id)?;
        if proposal.state == ProposalState::Declined && decided_by(proposal, &mandate) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(states_for(&proposal.change), Command::Decline)?;
        self.must_decide(proposal, &mandate, Command::Decline)?;
        self.happen(vec![Fact::ProposalDeclined { id: decline.id, reason: decline.reason }], mandate, now)
    }

    /// The open proposals that a side has to decide.
    pub fn proposals_to(&self, decider: Side) -> impl Iterator<Item = &Proposal> {
        let proposer = side::other(decider);
        self.proposals.iter().filter(move |proposal| proposal.side == proposer && proposal.is_open())
    }

    fn mandate_to_propose(&self, by: Acting<'_>, propose: &Propose) -> Result<Mandate, Refused> {
        if matches!(propose.change, Change::Waiver { .. }) {
            if propose.side == Some(Side::Downstream) {
                self.must_be_visible_to(by.actor)?;
                let description = "a waiver is proposed by UPSTREAM; a lead of downstream agrees to it";
                return Err(Refused::Invalid(vec![violation("side", description)]));
            }
            return self.mandate(Side::Upstream, by);
        }
        self.mandate_of_either(propose.side, by)
    }

    /// The proposal, and the right to decide it.
    fn to_decide(&self, by: Acting<'_>, id: ProposalId) -> Result<(&Proposal, Mandate), Refused> {
        self.must_be_visible_to(by.actor)?;
        let unknown = || Refused::NotFound { kind: "proposal", id: id.to_string() };
        let proposal = self.proposals.iter().find(|proposal| proposal.id == id).ok_or_else(unknown)?;
        Ok((proposal, self.mandate(side::other(proposal.side), by)?))
    }

    /// Refuses who may not decide, and what is decided already.
    fn must_decide(&self, proposal: &Proposal, mandate: &Mandate, command: Command) -> Result<(), Refused> {
        if matches!(proposal.change, Change::Waiver { .. }) {
            self.must_be_led(mandate, "decide on a waiver")?;
        }
        if proposal.is_open() {
            return Ok(());
        }
        let (id, state) = (proposal.id.to_string(), proposal.state.name());
        Err(Refused::PartInWrongState { command, part: Part::Proposal, id, state, needed: ProposalState::Open.name() })
    }

    fn flaws_of(&self, change: &Change, now: Timestamp) -> Vec<Violation> {
        match change {
            Change::Hold { until } => too_far("change.hold.until", *until, now).into_iter().collect(),
            Change::Deadline { deliver_by } if *deliver_by <= now => {
                vec![violation("change.deadline.deliver_by", "give a time that is still to come")]
            }
            Change::Deadline { deliver_by } if Some(*deliver_by) == self.deliver_by => {
                vec![violation("change.deadline.deliver_by", "is what is promised already")]
            }
            Change::Priority { priority } if *priority == self.priority => {
                vec![violation("change.priority.priority", format!("is {priority} already"))]
            }
            Change::Waiver { criteria } => self.unknown_criteria(criteria),
            Change::Deadline { .. } | Change::Priority { .. } | Change::Cancel => vec![],
        }
    }

    fn unknown_criteria(&self, criteria: &[String]) -> Vec<Violation> {
        let unknown = criteria.iter().enumerate().filter(|(_, key)| !self.criteria.has(key));
        unknown
            .map(|(index, key)| {
                let description = format!("the pinned template version has no criterion `{key}`");
                violation(format!("change.waiver.criteria[{index}]"), description)
            })
            .collect()
    }

    /// What an agreement makes happen.
    fn agreed(&self, proposal: &Proposal, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        let facts = match &proposal.change {
            Change::Hold { until } if *until <= now => return Err(Refused::ProposalOverdue(*until)),
            Change::Hold { until } => vec![Fact::Held {
                reason: proposal.reason.clone(),
                agreed: true,
                side: proposal.side,
                until: Some(*until),
            }],
            Change::Deadline { deliver_by } if *deliver_by <= now => return Err(Refused::ProposalOverdue(*deliver_by)),
            Change::Deadline { deliver_by } => vec![Fact::DeadlineChanged(*deliver_by)],
            Change::Priority { priority } => vec![Fact::PriorityChanged(*priority)],
            Change::Waiver { criteria } => {
                let waived = |criterion: &String| Fact::CriterionWaived {
                    criterion: criterion.clone(),
                    proposal_id: proposal.id,
                    reason: proposal.reason.clone(),
                };
                criteria.iter().map(waived).collect()
            }
            Change::Cancel => {
                let mut facts = vec![Fact::Cancelled { reason: proposal.reason.clone(), from_state: self.state }];
                facts.extend(
                    self.endings(Command::Cancel)
                        .into_iter()
                        .filter(|fact| !matches!(fact, Fact::ProposalLapsed(id) if *id == proposal.id)),
                );
                facts
            }
        };
        Ok(facts)
    }
}

/// Where something may be proposed, and where it is decided: with the state the proposal lapses.
const fn states_for(change: &Change) -> &'static [State] {
    match change {
        Change::Waiver { .. } => EDITABLE,
        Change::Cancel => &[State::Accepted, State::InProgress],
        Change::Hold { .. } | Change::Deadline { .. } | Change::Priority { .. } => State::OPEN,
    }
}

fn decided_by(proposal: &Proposal, mandate: &Mandate) -> bool {
    proposal.decided.as_ref().is_some_and(|decided| decided.by == mandate.by)
}
