//! Looking at handoffs: lists, one of them, its criteria, its history.

use api::{
    handoff::v1::{
        EvaluateHandoffRequest, GetHandoffResponse, HandoffOrder, ListHandoffsRequest, ListHandoffsResponse,
        ListTimelineRequest, ListTimelineResponse,
    },
    r#type::v1::{Evaluation, Side},
};
use clap::Args;

use super::{Reference, target::whole};
use crate::{
    client::{Remote, pages},
    commands::narrow::Narrow,
    errors::Result,
    session::Session,
    show::{evaluation, handoff as show, line, timeline},
    words::Word as _,
};

/// A timeline's entries may be large: pages of it are smaller.
const TIMELINE_PAGE: i32 = 100;

/// Which handoffs.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those that this team is a side of
    #[arg(long)]
    team: Option<String>,
    /// Only those where --team or --owner is upstream or downstream
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
    #[command(flatten)]
    narrow: Narrow,
    /// newest or oldest first by creation; updated: longest untouched first; recent: last touched first
    #[arg(long, value_parser = HandoffOrder::parse, default_value = "newest")]
    order: HandoffOrder,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Whose history.
#[derive(Debug, Args)]
pub(crate) struct Timeline {
    #[command(flatten)]
    handoff: Reference,
    /// At most so many facts
    #[arg(long, default_value_t = 1000)]
    limit: usize,
}

impl List {
    /// Prints them.
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let filter = ListHandoffsRequest {
            team: self.team.unwrap_or_default(),
            side: self.side.unwrap_or_default().into(),
            order: self.order.into(),
            ..self.narrow.request()
        };
        let (handoffs, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let request = ListHandoffsRequest { page_size, page_token, ..filter.clone() };
            let page = remote.call(request, async |request| remote.handoffs().list_handoffs(request).await).await?;
            Ok((page.handoffs, page.next_page_token))
        })
        .await?;
        session.answer(&ListHandoffsResponse { handoffs, next_page_token, ..Default::default() }, line::list)
    }
}

impl Timeline {
    /// Prints it.
    pub(super) async fn run(self, remote: &Remote, session: &Session) -> Result<()> {
        let handoff_id = self.handoff.id(remote).await?;
        let (entries, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let page_size = page_size.min(TIMELINE_PAGE);
            let request = ListTimelineRequest { handoff_id: handoff_id.clone(), page_size, page_token };
            let page = remote.call(request, async |request| remote.handoffs().list_timeline(request).await).await?;
            Ok((page.entries, page.next_page_token))
        })
        .await?;
        session.answer(&ListTimelineResponse { entries, next_page_token }, timeline::story)
    }
}

/// Shows one handoff; while upstream prepares it, with what its criteria still miss.
pub(super) async fn show(handoff: &Reference, remote: &Remote, session: &Session) -> Result<()> {
    let (handoff, clocks) = whole(handoff.id(remote).await?, remote).await?;
    let unmet = match handoff.attempts.last() {
        _ if session.is_json() => vec![],
        _ if handoff.waiting_on() == Side::Upstream => judged(handoff.id.clone(), remote).await?.results,
        last => last.map(|attempt| attempt.results.clone()).unwrap_or_default(),
    };
    let answer = GetHandoffResponse { handoff: Some(handoff), clocks };
    session.answer(&answer, |GetHandoffResponse { handoff, clocks }, screen| {
        show::card(&handoff.clone().unwrap_or_default(), &unmet, clocks, screen)
    })
}

/// Shows what the criteria say.
pub(super) async fn evaluate(handoff: &Reference, remote: &Remote, session: &Session) -> Result<()> {
    let request = EvaluateHandoffRequest { handoff_id: handoff.id(remote).await? };
    let answer = remote.call(request, async |request| remote.handoffs().evaluate_handoff(request).await).await?;
    session.answer(&answer, |answer, screen| evaluation::whole(&answer.evaluation.clone().unwrap_or_default(), screen))
}

async fn judged(handoff_id: String, remote: &Remote) -> Result<Evaluation> {
    let request = EvaluateHandoffRequest { handoff_id };
    let answer = remote.call(request, async |request| remote.handoffs().evaluate_handoff(request).await).await?;
    Ok(answer.evaluation.unwrap_or_default())
}
