//! `baton inbox`.

use api::{
    handoff::v1::{HandoffOrder, ListHandoffsRequest, ListHandoffsResponse},
    r#type::v1::Side,
};
use clap::Args;

use super::whoami::Claims;
use crate::{
    client::pages,
    errors::{Error, Result},
    session::Session,
    show::handoff as show,
    words::Word as _,
};

/// What waits on a team.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  baton --as ivan inbox\n  baton --as admin inbox implementation")]
pub(crate) struct Inbox {
    /// The team [default: your own, where you are in one]
    team: Option<String>,
    /// Only handoffs whose upstream or downstream the team is
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Inbox {
    /// Prints it.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let handoff = session.handoff()?;
        let team = match self.team {
            Some(team) => team,
            None => own_team(&session.token()?)?,
        };
        let filter = ListHandoffsRequest {
            inbox_of: team.clone(),
            side: self.side.unwrap_or_default().into(),
            order: HandoffOrder::Updated.into(),
            ..ListHandoffsRequest::default()
        };
        let (handoffs, next_page_token) = pages(self.limit, async |page_size, page_token| {
            let request = ListHandoffsRequest { page_size, page_token, ..filter.clone() };
            let page = handoff.call(request, async |request| handoff.handoffs().list_handoffs(request).await).await?;
            Ok((page.handoffs, page.next_page_token))
        })
        .await?;
        let answer = ListHandoffsResponse { handoffs, next_page_token };
        session.answer(&answer, |answer, screen| show::inbox(&team, answer, screen))
    }
}

fn own_team(token: &str) -> Result<String> {
    let teams: Vec<String> = Claims::of(token)?.teams.into_keys().collect();
    match teams.as_slice() {
        [team] => Ok(team.clone()),
        [] => Err(Error::usage("you are in no team", "name one: baton inbox TEAM")),
        several => Err(Error::usage("you are in several teams", format!("name one of {}", several.join(", ")))),
    }
}
