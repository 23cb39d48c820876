//! `baton handoff`.

mod beside;
mod decide;
mod look;
mod migrate;
mod prepare;
mod target;
mod wait;

use clap::Subcommand;

pub(crate) use self::target::{Acting, Addressed, Reference, Target, get, tell};
use crate::{errors::Result, session::Session};

/// What can be done with handoffs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a draft; the same --origin again gives the handoff that is there
    #[command(
        after_help = "Example:\n  baton --as anna handoff create --from sales --to implementation --title 'Acme rollout' \\\n    --origin crm/D-1042 seats=int:40"
    )]
    Create(prepare::Create),
    /// List handoffs
    #[command(
        after_help = "Examples:\n  baton handoff list --team implementation --side downstream --state submitted\n  baton handoff list --text 'acme roll' --priority urgent --priority high\n  baton handoff list --owner sam --updated-before 2026-11-01 --order updated"
    )]
    List(look::List),
    /// Show one handoff: who is accountable, whose turn it is, what is missing
    #[command(
        after_help = "Examples:\n  baton handoff show 01994f7e-0000-7000-8000-000000000001\n  baton handoff show crm/D-1042"
    )]
    Show {
        #[command(flatten)]
        handoff: Reference,
    },
    /// Upstream answers the template's fields
    #[command(
        after_help = "Examples:\n  baton --as anna handoff set crm/D-1042 seats=40 contract='contract.pdf|https://files/c.pdf'\n  baton --as anna handoff set crm/D-1042 --file answers.yaml --unset discount"
    )]
    Set(prepare::Set),
    /// Upstream changes what it hands over, fields aside
    #[command(
        after_help = "Example:\n  baton --as anna handoff update crm/D-1042 --priority high --situation 'Goes live in May'"
    )]
    Update(prepare::Update),
    /// Tick an item of the checklist
    #[command(
        after_help = "Examples:\n  baton --as anna handoff tick crm/D-1042 kick_off_held --evidence https://wiki/minutes\n  baton --as anna handoff tick crm/D-1042 data_migration --not-applicable 'new customer'"
    )]
    Tick(prepare::Tick),
    /// What the criteria say of the handoff as it stands
    #[command(after_help = "Example:\n  baton handoff evaluate crm/D-1042")]
    Evaluate {
        #[command(flatten)]
        handoff: Reference,
    },
    /// Upstream hands over; refused with every unmet criterion
    #[command(after_help = "Example:\n  baton --as anna handoff submit crm/D-1042")]
    Submit {
        #[command(flatten)]
        target: Target,
    },
    /// Downstream takes the work and is accountable from here on
    #[command(
        after_help = "Example:\n  baton --as ivan handoff accept crm/D-1042 --read-back '40 seats, live in May' \\\n    --condition 'send the price list; due=2026-12-01T09:00:00Z; owner=anna'"
    )]
    Accept(decide::Accept),
    /// Downstream does not take the work, and says why
    #[command(
        after_help = "Example:\n  baton --as ivan handoff reject crm/D-1042 --criterion timeline='no date' \\\n    --incomplete 'page 3 of the contract'"
    )]
    Reject(decide::SendBack),
    /// Downstream begins the work
    #[command(after_help = "Example:\n  baton --as ivan handoff begin crm/D-1042")]
    Begin {
        #[command(flatten)]
        target: Target,
    },
    /// Downstream has done the work
    #[command(after_help = "Example:\n  baton --as ivan handoff complete crm/D-1042")]
    Complete {
        #[command(flatten)]
        target: Target,
    },
    /// Downstream gives accepted work back, and says why
    #[command(
        after_help = "Example:\n  baton --as ivan handoff return crm/D-1042 --other 'the customer asks for another product'"
    )]
    Return(decide::SendBack),
    /// Upstream reopens completed work
    #[command(after_help = "Example:\n  baton --as anna handoff reopen crm/D-1042 --reason 'two seats are missing'")]
    Reopen(decide::WithReason),
    /// Upstream gives up what downstream has not accepted
    #[command(after_help = "Example:\n  baton --as anna handoff cancel crm/D-1042 --reason 'the deal fell through'")]
    Cancel(decide::WithReason),
    /// Upstream takes back what downstream has not decided
    #[command(after_help = "Example:\n  baton --as anna handoff recall crm/D-1042")]
    Recall {
        #[command(flatten)]
        target: Target,
    },
    /// Say that you look at a submitted handoff; a LEAD may take it over
    #[command(after_help = "Example:\n  baton --as ines handoff claim crm/D-1042")]
    Claim {
        #[command(flatten)]
        target: Target,
    },
    /// Let a claimed handoff go
    #[command(after_help = "Example:\n  baton --as ines handoff unclaim crm/D-1042")]
    Unclaim {
        #[command(flatten)]
        target: Target,
    },
    /// A LEAD names who speaks for its side
    #[command(after_help = "Example:\n  baton --as ivan handoff reassign crm/D-1042 ines")]
    Reassign(wait::Reassign),
    /// Your side alone declares a wait; `baton propose hold` asks the other side to agree
    #[command(
        after_help = "Example:\n  baton --as ivan handoff hold crm/D-1042 --until +3d --reason 'the customer is on holiday'"
    )]
    Hold(wait::Hold),
    /// End a hold: an agreed one either side, another one the side that declared it
    #[command(after_help = "Example:\n  baton --as ivan handoff resume crm/D-1042")]
    Resume {
        #[command(flatten)]
        acting: Acting,
    },
    /// Upstream confirms what the receiver restated, or corrects it
    #[command(
        after_help = "Examples:\n  baton --as anna handoff confirm-read-back crm/D-1042\n  baton --as anna handoff confirm-read-back crm/D-1042 --correction 'June, not May'"
    )]
    ConfirmReadBack(wait::ConfirmReadBack),
    /// Say something; it stands in the history of both sides
    #[command(after_help = "Example:\n  baton --as anna handoff comment crm/D-1042 'Kim is back on Monday'")]
    Comment(beside::Comment),
    /// Link an outside record
    #[command(
        after_help = "Example:\n  baton --as anna handoff link crm/D-1042 'jira/issue/OPS-7|https://jira.example/OPS-7'"
    )]
    Link(beside::AddLink),
    /// Take a link away
    #[command(after_help = "Example:\n  baton --as anna handoff unlink crm/D-1042 jira/issue/OPS-7")]
    Unlink(beside::RemoveLink),
    /// Refer to a document
    #[command(
        after_help = "Example:\n  baton --as anna handoff attach crm/D-1042 'Price list|https://files.example/prices.pdf'"
    )]
    Attach(beside::Attach),
    /// A LEAD lets only the two teams and ADMIN see it, or everybody again
    #[command(
        after_help = "Examples:\n  baton --as anna handoff confidential crm/D-1042\n  baton --as anna handoff confidential crm/D-1042 --off"
    )]
    Confidential(beside::Confidential),
    /// Upstream moves a draft to a newer version of its template
    #[command(
        after_help = "Examples:\n  baton --as anna handoff migrate crm/D-1042 --preview\n  baton --as anna handoff migrate crm/D-1042 --to 3"
    )]
    Migrate(migrate::Migrate),
    /// What happened, first to last: the same for both sides
    #[command(after_help = "Example:\n  baton handoff timeline crm/D-1042")]
    Timeline(look::Timeline),
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let remote = session.handoff()?;
    match command {
        Command::Create(create) => create.run(&remote, session).await,
        Command::List(list) => list.run(&remote, session).await,
        Command::Show { handoff } => look::show(&handoff, &remote, session).await,
        Command::Set(set) => set.run(&remote, session).await,
        Command::Update(update) => update.run(&remote, session).await,
        Command::Tick(tick) => tick.run(&remote, session).await,
        Command::Evaluate { handoff } => look::evaluate(&handoff, &remote, session).await,
        Command::Submit { target } => prepare::submit(target, &remote, session).await,
        Command::Accept(accept) => accept.run(&remote, session).await,
        Command::Reject(send_back) => send_back.reject(&remote, session).await,
        Command::Begin { target } => decide::begin(target, &remote, session).await,
        Command::Complete { target } => decide::complete(target, &remote, session).await,
        Command::Return(send_back) => send_back.give_back(&remote, session).await,
        Command::Reopen(with_reason) => with_reason.reopen(&remote, session).await,
        Command::Cancel(with_reason) => with_reason.cancel(&remote, session).await,
        Command::Recall { target } => wait::recall(target, &remote, session).await,
        Command::Claim { target } => wait::claim(target, &remote, session).await,
        Command::Unclaim { target } => wait::unclaim(target, &remote, session).await,
        Command::Reassign(reassign) => reassign.run(&remote, session).await,
        Command::Hold(hold) => hold.run(&remote, session).await,
        Command::Resume { acting } => wait::resume(acting, &remote, session).await,
        Command::ConfirmReadBack(confirm) => confirm.run(&remote, session).await,
        Command::Comment(comment) => comment.run(&remote, session).await,
        Command::Link(link) => link.run(&remote, session).await,
        Command::Unlink(link) => link.run(&remote, session).await,
        Command::Attach(attach) => attach.run(&remote, session).await,
        Command::Confidential(confidential) => confidential.run(&remote, session).await,
        Command::Migrate(migrate) => migrate.run(&remote, session).await,
        Command::Timeline(timeline) => timeline.run(&remote, session).await,
    }
}
