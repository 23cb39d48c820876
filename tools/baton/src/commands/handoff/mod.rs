//! `baton handoff`.

mod decide;
mod look;
mod prepare;

use api::handoff::v1::{GetHandoffRequest, Handoff, ListHandoffsRequest};
use clap::{Args, Subcommand};

use crate::{
    client::Remote,
    errors::{Error, Exit, Result},
    session::Session,
    show::handoff as show,
    words::parse_origin,
};

/// What can be done with handoffs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a draft; the same --origin again gives the handoff that is there
    #[command(
        after_help = "Example:\n  baton --as anna handoff create --from sales --to implementation --title 'Acme rollout' \\\n    --origin crm/D-1042 seats=int:40"
    )]
    Create(prepare::Create),
    /// List handoffs
    #[command(after_help = "Example:\n  baton handoff list --team implementation --side downstream --state submitted")]
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
    /// The action's side has done it
    #[command(
        after_help = "Example:\n  baton --as anna handoff complete-action crm/D-1042 01994f7e-0000-7000-8000-0000000000aa"
    )]
    CompleteAction {
        #[command(flatten)]
        target: Target,
        /// The action's id, as `baton handoff show` tells it
        action: String,
    },
    /// What happened, first to last: the same for both sides
    #[command(after_help = "Example:\n  baton handoff timeline crm/D-1042")]
    Timeline(look::Timeline),
}

/// A handoff, named.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reference {
    /// The handoff: its id, or its outside record as SYSTEM/KEY
    #[arg(value_name = "HANDOFF")]
    name: String,
}

/// A handoff that is to be changed.
#[derive(Debug, Args)]
pub(crate) struct Target {
    #[command(flatten)]
    handoff: Reference,
    /// Only if the handoff still has this revision
    #[arg(long, value_name = "REVISION", default_value_t = 0, hide_default_value = true)]
    expected_revision: i64,
    /// Why an ADMIN who is in neither team acts for this side
    #[arg(long, value_name = "REASON", default_value = "", hide_default_value = true)]
    override_reason: String,
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
        Command::CompleteAction { target, action } => decide::complete_action(target, action, &remote, session).await,
        Command::Timeline(timeline) => timeline.run(&remote, session).await,
    }
}

impl From<String> for Reference {
    fn from(name: String) -> Self {
        Self { name }
    }
}

impl Reference {
    /// The id; that of an outside record is looked up.
    pub(crate) async fn id(&self, remote: &Remote) -> Result<String> {
        if !self.name.contains('/') {
            return Ok(self.name.clone());
        }
        let origin = parse_origin(&self.name).map_err(|problem| Error::usage(problem, "or name the handoff's id"))?;
        let request = ListHandoffsRequest { origin: Some(origin), page_size: 1, ..ListHandoffsRequest::default() };
        let page = remote.call(request, async |request| remote.handoffs().list_handoffs(request).await).await?;
        page.handoffs.into_iter().next().map(|line| line.id).ok_or_else(|| Error::Stated {
            exit: Exit::NotFound,
            what: format!("no handoff was made for {}, or none that you may see", self.name),
            remedy: "look with `baton handoff list`".to_owned(),
        })
    }

    async fn get(&self, remote: &Remote) -> Result<Handoff> {
        get(self.id(remote).await?, remote).await
    }
}

async fn get(handoff_id: String, remote: &Remote) -> Result<Handoff> {
    let request = GetHandoffRequest { handoff_id };
    let answer = remote.call(request, async |request| remote.handoffs().get_handoff(request).await).await?;
    answer.handoff.ok_or_else(|| Error::unexpected("the handoff service answered without a handoff"))
}

/// Prints what a command made of a handoff.
fn tell<M: prost::Message + prost::Name>(
    done: &str,
    answer: &M,
    handoff: Option<&Handoff>,
    session: &Session,
) -> Result<()> {
    session.answer(answer, |_, screen| show::outcome(done, &handoff.cloned().unwrap_or_default(), screen))
}
