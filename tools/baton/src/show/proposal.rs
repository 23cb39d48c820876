//! The proposals of a handoff for people: what is proposed, by whom, and who decides.

use api::handoff::v1::{Handoff, Proposal, ProposalState, proposed_change::Kind};
use comfy_table::Cell;

use super::{Screen, Tone, handoff::team_of, question::other};
use crate::{
    numbered::named,
    words::{self, Word as _},
};

/// All of them, a line each; empty where there are none.
pub(crate) fn list(handoff: &Handoff, screen: &Screen) -> String {
    let rows: Vec<_> = named(&handoff.proposals)
        .map(|(number, proposal)| {
            let (tone, state) = state(handoff, proposal);
            let team = team_of(handoff, proposal.side());
            [
                Cell::new(number),
                Cell::new(what(proposal)),
                Cell::new(&proposal.reason),
                Cell::new(format!("{team}\n{}", proposal.proposed_by)),
                screen.cell(tone, state),
            ]
        })
        .collect();
    if rows.is_empty() { String::new() } else { screen.table(&["PROPOSAL", "What", "Why", "By", "State"], rows) }
}

/// What is proposed: `a hold until 2026-12-01 09:00`.
pub(crate) fn what(proposal: &Proposal) -> String {
    match proposal.change.as_ref().and_then(|change| change.kind.as_ref()) {
        None => "something that this version of baton does not know".to_owned(),
        Some(Kind::Hold(hold)) => format!("a hold until {}", words::time(hold.until.as_ref())),
        Some(Kind::Deadline(deadline)) => format!("delivery by {}", words::time(deadline.deliver_by.as_ref())),
        Some(Kind::Priority(priority)) => format!("priority {}", priority.priority().word()),
        Some(Kind::Waiver(waiver)) => format!("a waiver of {}", waiver.criteria.join(", ")),
        Some(Kind::Cancel(_)) => "to give it up".to_owned(),
    }
}

fn state(handoff: &Handoff, proposal: &Proposal) -> (Tone, String) {
    let by = match proposal.decided_by.as_str() {
        "" | "system" => words::time(proposal.decided_at.as_ref()),
        name => format!("by {name} {}", words::time(proposal.decided_at.as_ref())),
    };
    match proposal.state() {
        ProposalState::Unspecified => (Tone::Plain, String::new()),
        ProposalState::Open => (Tone::Waiting, format!("{} has to decide", team_of(handoff, other(proposal.side())))),
        ProposalState::Agreed => (Tone::Good, format!("agreed {by}")),
        ProposalState::Declined if proposal.decline_reason.is_empty() => (Tone::Bad, format!("declined {by}")),
        ProposalState::Declined => (Tone::Bad, format!("declined {by}: {}", proposal.decline_reason)),
        ProposalState::Lapsed => (Tone::Quiet, format!("lapsed {by}")),
    }
}
