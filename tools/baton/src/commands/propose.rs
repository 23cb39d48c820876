//! `baton propose`, `baton agree`, `baton decline`: what needs both sides.

use std::collections::BTreeMap;

use api::{
    handoff::v1::{
        AgreeProposalRequest, DeclineProposalRequest, Handoff, Priority, Proposal, ProposalState, ProposeRequest,
        ProposedCancel, ProposedChange, ProposedDeadline, ProposedHold, ProposedPriority, ProposedWaiver,
        proposed_change::Kind,
    },
    r#type::v1::Side,
};
use clap::{Args, Subcommand};

use super::{
    handoff::{Acting, Addressed, Target},
    order::order,
    whoami::Claims,
};
use crate::{
    client::Remote,
    errors::Result,
    numbered,
    session::Session,
    words::{When, Word as _},
};

/// What can be proposed.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Wait until a time, by agreement
    #[command(
        after_help = "Example:\n  baton --as ivan propose hold crm/D-1042 --until +5d --reason 'the customer moves house'"
    )]
    Hold {
        #[command(flatten)]
        why: Why,
        /// Until when, at most 90 days ahead
        #[arg(long, value_name = "TIME", value_parser = When::parse)]
        until: When,
    },
    /// Another promise of upstream
    #[command(
        after_help = "Example:\n  baton --as anna propose deadline crm/D-1042 --deliver-by 2026-12-01 --reason 'the contract is late'"
    )]
    Deadline {
        #[command(flatten)]
        why: Why,
        /// By when upstream is to deliver
        #[arg(long, value_name = "TIME", value_parser = When::parse)]
        deliver_by: When,
    },
    /// Another priority
    #[command(
        after_help = "Example:\n  baton --as anna propose priority crm/D-1042 urgent --reason 'they go live on Monday'"
    )]
    Priority {
        #[command(flatten)]
        why: Why,
        /// The new one: low, normal, high or urgent
        #[arg(value_parser = Priority::parse)]
        priority: Priority,
    },
    /// Submit although criteria are not met; a LEAD of downstream agrees
    #[command(
        after_help = "Example:\n  baton --as anna propose waiver crm/D-1042 --criterion timeline --reason 'known after the kick-off'"
    )]
    Waiver {
        #[command(flatten)]
        why: Why,
        /// The criterion; again for each
        #[arg(long = "criterion", value_name = "KEY", required = true)]
        criteria: Vec<String>,
    },
    /// Give up what downstream has accepted
    #[command(after_help = "Example:\n  baton --as anna propose cancel crm/D-1042 --reason 'the deal fell through'")]
    Cancel {
        #[command(flatten)]
        why: Why,
    },
}

/// In which handoff, and why.
#[derive(Debug, Args)]
pub(crate) struct Why {
    #[command(flatten)]
    acting: Acting,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// An agreement.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  baton --as ivan agree crm/D-1042\n  baton --as ivan agree crm/D-1042 p2")]
pub(crate) struct Agree {
    #[command(flatten)]
    named: Named,
}

/// A refusal.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  baton --as ivan decline crm/D-1042 p2 --reason 'we cannot wait that long'")]
pub(crate) struct Decline {
    #[command(flatten)]
    named: Named,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    target: Target,
    /// The proposal: its number, as p1, or its id [default: the one that you could decide]
    proposal: Option<String>,
}

/// Proposes it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let remote = &session.handoff()?;
    let (why, kind) = match command {
        Command::Hold { why, until } => {
            (why, Kind::Hold(ProposedHold { until: Some(session.instant("until", until)) }))
        }
        Command::Deadline { why, deliver_by } => {
            let deliver_by = Some(session.instant("promised by", deliver_by));
            (why, Kind::Deadline(ProposedDeadline { deliver_by }))
        }
        Command::Priority { why, priority } => (why, Kind::Priority(ProposedPriority { priority: priority.into() })),
        Command::Waiver { why, criteria } => (why, Kind::Waiver(ProposedWaiver { criteria })),
        Command::Cancel { why } => (why, Kind::Cancel(ProposedCancel {})),
    };
    let (at, side) = why.acting.address(remote).await?;
    let (change, reason) = (Some(ProposedChange { kind: Some(kind) }), why.reason);
    order!("Proposed", propose, ProposeRequest { side, change, reason }, at, remote, session)
}

impl Agree {
    /// Agrees, and it is done.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let remote = &session.handoff()?;
        let (at, proposal_id) = self.named.resolve(remote, session).await?;
        order!("Agreed", agree_proposal, AgreeProposalRequest { proposal_id }, at, remote, session)
    }
}

impl Decline {
    /// Declines.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let remote = &session.handoff()?;
        let (at, proposal_id) = self.named.resolve(remote, session).await?;
        let reason = self.reason;
        order!("Declined", decline_proposal, DeclineProposalRequest { proposal_id, reason }, at, remote, session)
    }
}

impl Named {
    async fn resolve(self, remote: &Remote, session: &Session) -> Result<(Addressed, String)> {
        let (handoff, at) = self.target.look(remote).await?;
        let proposal = match &self.proposal {
            Some(name) => numbered::find(&handoff.proposals, name)?,
            None => {
                let teams = Claims::of(&session.token()?)?.teams;
                let fits = |proposal: &Proposal| is_for(&handoff, proposal, &teams);
                numbered::only(&handoff.proposals, "that you could decide", fits)?
            }
        };
        Ok((at, proposal.id.clone()))
    }
}

/// Whether the other side than the one that proposed is among these teams; anybody in neither team is asked about all.
fn is_for(handoff: &Handoff, proposal: &Proposal, teams: &BTreeMap<String, String>) -> bool {
    let (upstream, downstream) = (teams.contains_key(&handoff.from_team), teams.contains_key(&handoff.to_team));
    let decides = match proposal.side() {
        Side::Upstream => downstream,
        Side::Downstream => upstream,
        Side::Unspecified => false,
    };
    proposal.state() == ProposalState::Open && (decides || (!upstream && !downstream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_decided_by_the_other_side() {
        let handoff =
            Handoff { from_team: "sales".to_owned(), to_team: "implementation".to_owned(), ..Handoff::default() };
        let of_sales =
            Proposal { side: Side::Upstream.into(), state: ProposalState::Open.into(), ..Proposal::default() };
        let may = |proposal: &Proposal, teams: &[&str]| {
            let teams = teams.iter().map(|team| ((*team).to_owned(), "MEMBER".to_owned())).collect();
            is_for(&handoff, proposal, &teams)
        };
        assert!(may(&of_sales, &["implementation"]));
        assert!(may(&of_sales, &["sales", "implementation"]));
        assert!(may(&of_sales, &[]), "an ADMIN");
        assert!(!may(&of_sales, &["sales"]));
        let agreed = Proposal { state: ProposalState::Agreed.into(), ..of_sales };
        assert!(!may(&agreed, &["implementation"]));
    }
}
