//! Looking at clocks: lists, one of them, where its time went.

use api::sla::v1::{
    ClockKind, ClockState, ExplainClockRequest, GetClockResponse, ListClocksRequest, ListClocksResponse,
};
use clap::Args;
use prost_types::Timestamp;

use super::Named;
use crate::{
    client::{Remote, pages},
    commands::handoff::Reference,
    errors::Result,
    session::Session,
    show::sla::{card, clock as show, ledger},
    words::{When, Word as _, parse_time},
};

/// Which clocks.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  baton sla clocks --team implementation --open\n  baton sla clocks --breached --open\n  baton sla clocks --team sales --due-before +1d\n  baton sla clocks --handoff crm/D-1042 --kind acceptance"
)]
pub(crate) struct List {
    /// Only those that this team is accountable for
    #[arg(long, default_value = "", hide_default_value = true)]
    team: String,
    /// Only those that this team waits for
    #[arg(long, value_name = "TEAM", default_value = "", hide_default_value = true)]
    other_team: String,
    /// Only those of this handoff: its id, or its outside record as SYSTEM/KEY
    #[arg(long)]
    handoff: Option<Reference>,
    /// Only those of this kind; again for each
    #[arg(long = "kind", value_name = "KIND", value_parser = ClockKind::parse)]
    kinds: Vec<ClockKind>,
    /// Only those in this state; again for each
    #[arg(long = "state", value_name = "STATE", value_parser = ClockState::parse)]
    states: Vec<ClockState>,
    /// Only those that run or are paused
    #[arg(long, conflicts_with = "states")]
    open: bool,
    /// Only those that were late
    #[arg(long, conflicts_with = "not_breached")]
    breached: bool,
    /// Only those that were not late
    #[arg(long)]
    not_breached: bool,
    /// Only those due before then; without what is paused
    #[arg(long, value_name = "TIME", value_parser = When::parse)]
    due_before: Option<When>,
    /// Only those that do not fire until an operator has looked
    #[arg(long)]
    parked: bool,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Whose time.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  baton sla explain crm/D-1042:acceptance\n  baton sla explain crm/D-1042 --at 2026-11-23T09:00"
)]
pub(crate) struct Explain {
    /// The clock's id; or HANDOFF[:KIND]: the open one, or else the latest
    #[arg(value_name = "CLOCK")]
    clock: Named,
    /// Up to then [default: now, or when it stopped]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<Timestamp>,
}

impl List {
    /// Prints them.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let filter = self.filter(session).await?;
        let (clocks, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let request = ListClocksRequest { page_size, page_token, ..filter.clone() };
            let page = sla.call(request, async |request| sla.clocks().list_clocks(request).await).await?;
            Ok((page.clocks, page.next_page_token))
        })
        .await?;
        session.answer(&ListClocksResponse { clocks, next_page_token }, show::list)
    }

    async fn filter(&self, session: &Session) -> Result<ListClocksRequest> {
        let handoff_id = match &self.handoff {
            Some(handoff) => handoff.known_id(session).await?,
            None => String::new(),
        };
        let open = [ClockState::Running, ClockState::Paused];
        let states = if self.open { &open[..] } else { &self.states };
        Ok(ListClocksRequest {
            handoff_id,
            team: self.team.clone(),
            other_team: self.other_team.clone(),
            states: states.iter().copied().map(i32::from).collect(),
            kinds: self.kinds.iter().copied().map(i32::from).collect(),
            due_before: self.due_before.map(|when| when.instant(session.screen().now())),
            breached: (self.breached || self.not_breached).then_some(self.breached),
            parked: self.parked.then_some(true),
            ..ListClocksRequest::default()
        })
    }
}

impl Explain {
    /// Prints the ledger.
    pub(super) async fn run(self, sla: &Remote, session: &Session) -> Result<()> {
        let clock = self.clock.one(sla, session, |_| true).await?;
        let request = ExplainClockRequest { clock_id: clock.id, at: self.at };
        let answer = sla.call(request, async |request| sla.clocks().explain_clock(request).await).await?;
        session.answer(&answer, ledger::ledger)
    }
}

/// Shows one as a card, several as a table.
pub(super) async fn show(clock: &Named, sla: &Remote, session: &Session) -> Result<()> {
    let clocks = clock.all(sla, session).await?;
    if let [clock] = &clocks[..] {
        let answer = GetClockResponse { clock: Some(clock.clone()) };
        return session.answer(&answer, |_, screen| card::card(clock, screen));
    }
    session.answer(&ListClocksResponse { clocks, ..ListClocksResponse::default() }, show::list)
}
