//! `baton action`.

use api::{
    handoff::v1::{Action, AddActionRequest, CompleteActionRequest, ConfirmActionRequest, NewAction},
    r#type::v1::Side,
};
use clap::{Args, Subcommand};

use super::{
    handoff::{Acting, Addressed, Reference, Target},
    order::order,
};
use crate::{
    client::Remote,
    errors::Result,
    numbered,
    output::{print, print_json},
    session::Session,
    show::action as show,
    words::{When, Word as _},
};

/// What can be done with the small duties inside a handoff.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a small duty; one for the other side counts once that side confirms it
    #[command(
        after_help = "Example:\n  baton --as ivan action add crm/D-1042 'send the price list' --on upstream --due +2d --owner anna"
    )]
    Add(Add),
    /// Take on what the other side asked your side to do
    #[command(after_help = "Example:\n  baton --as anna action confirm crm/D-1042 a1")]
    Confirm(Named),
    /// Your side has done it
    #[command(after_help = "Example:\n  baton --as anna action done crm/D-1042 a1")]
    Done(Named),
    /// The small duties of a handoff, and who must confirm them
    #[command(after_help = "Example:\n  baton action list crm/D-1042 --open")]
    List {
        #[command(flatten)]
        handoff: Reference,
        /// Only those that are not done
        #[arg(long)]
        open: bool,
    },
}

/// A new duty.
#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    acting: Acting,
    /// What is to be done
    text: String,
    /// Which side has to do it: upstream or downstream
    #[arg(long = "on", value_name = "SIDE", value_parser = Side::parse)]
    duty_of: Side,
    /// By when
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    due: When,
    /// Who
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    owner: String,
}

/// A duty that is there.
#[derive(Debug, Args)]
pub(crate) struct Named {
    #[command(flatten)]
    target: Target,
    /// The action: its number, as a1, or its id
    action: String,
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let remote = &session.handoff()?;
    match command {
        Command::Add(Add { acting, text, duty_of, due, owner }) => {
            let (at, side) = acting.address(remote).await?;
            let due_at = Some(session.instant("due", due));
            let action = Some(NewAction { text, side: duty_of.into(), owner, due_at });
            order!("Action added", add_action, AddActionRequest { side, action }, at, remote, session)
        }
        Command::Confirm(named) => {
            let (at, action_id) = named.resolve(remote).await?;
            order!("Action confirmed", confirm_action, ConfirmActionRequest { action_id }, at, remote, session)
        }
        Command::Done(named) => {
            let (at, action_id) = named.resolve(remote).await?;
            order!("Action done", complete_action, CompleteActionRequest { action_id }, at, remote, session)
        }
        Command::List { handoff, open } => {
            let handoff = handoff.get(remote).await?;
            let is_shown = |action: &Action| !open || action.done_at.is_none();
            if session.is_json() {
                let shown: Vec<_> = handoff.actions.iter().filter(|it| is_shown(it)).map(api::to_json).collect();
                return print_json(&shown);
            }
            let text = show::list(&handoff, is_shown, session.screen());
            print(if text.is_empty() { "none" } else { &text })
        }
    }
}

impl Named {
    async fn resolve(self, remote: &Remote) -> Result<(Addressed, String)> {
        let (handoff, at) = self.target.look(remote).await?;
        Ok((at, numbered::find(&handoff.actions, &self.action)?.id.clone()))
    }
}
