//! `baton sla watch`: what happens to clocks, live.

use api::sla::v1::{ClockKind, WatchClocksRequest, WatchClocksResponse, watch_clocks_response::What};
use clap::Args;
use tonic::{Request, Status, Streaming};

use crate::{
    client::Remote,
    commands::{
        follow::{Follow, Watched},
        handoff::Reference,
    },
    errors::Result,
    session::Session,
    show::sla::watch as show,
    words::Word as _,
};

/// Which clocks.
#[derive(Debug, Args)]
#[command(after_help = "\
Each line: the time (UTC), the handoff, what happened, and how its clocks stand. It reconnects by itself and misses nothing \
meanwhile; Ctrl-C ends it, and says how to go on from there. With --timeout it ends by itself after so many seconds; with \
--json it prints one object a line, each with its resume_token.

Examples:
  baton --as ivan sla watch --team implementation
  baton sla watch --handoff crm/D-1042 --json | jq -c .changed.facts")]
pub(crate) struct Watch {
    /// Only those that this team is accountable for
    #[arg(long, default_value = "", hide_default_value = true)]
    team: String,
    /// Only those of this handoff: its id, or its outside record as SYSTEM/KEY
    #[arg(long)]
    handoff: Option<Reference>,
    /// Only those of this kind; again for each
    #[arg(long = "kind", value_name = "KIND", value_parser = ClockKind::parse)]
    kinds: Vec<ClockKind>,
    /// Go on after this resume token [default: begin now]
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    from: String,
    /// End after so many changes
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// What is watched.
struct Clocks(WatchClocksRequest);

impl Watch {
    /// Prints what happens until it is ended.
    pub(super) async fn run(self, session: &Session) -> Result<()> {
        let handoff_id = match &self.handoff {
            Some(handoff) => handoff.known_id(session).await?,
            None => String::new(),
        };
        let watched = Clocks(WatchClocksRequest {
            handoff_id,
            team: self.team,
            kinds: self.kinds.into_iter().map(i32::from).collect(),
            resume_token: String::new(),
        });
        Follow::new(watched, self.from, self.limit).run(session).await
    }
}

impl Watched for Clocks {
    type Message = WatchClocksResponse;
    const SERVICE: &'static str = "SLA";
    const LOOK: &'static str = "baton sla clocks";

    fn remote(&self, session: &Session) -> Result<Remote> {
        session.sla()
    }

    async fn open(&self, remote: &Remote, resume_token: String) -> Result<Streaming<WatchClocksResponse>, Status> {
        let request = WatchClocksRequest { resume_token, ..self.0.clone() };
        Ok(remote.clocks().watch_clocks(Request::new(request)).await?.into_inner())
    }

    fn token(message: &WatchClocksResponse) -> &str {
        &message.resume_token
    }

    fn told(&mut self, message: WatchClocksResponse, session: &Session) -> Option<String> {
        match message.what? {
            What::Changed(changed) => Some(show::changed(&changed, session.screen())),
            What::Bookmark(_) => None,
        }
    }
}
