//! `baton watch`: what happens to handoffs, live.

use std::collections::HashMap;

use api::{
    handoff::v1::{
        HandoffChanged, HandoffState, WatchFilter, WatchHandoffsRequest, WatchHandoffsResponse,
        watch_handoffs_response::What,
    },
    r#type::v1::Side,
};
use clap::Args;
use tonic::{Request, Status, Streaming};

use super::{
    follow::{Follow, Watched},
    handoff::Reference,
};
use crate::{client::Remote, errors::Result, session::Session, show::watch as show, words::Word as _};

/// Which handoffs.
#[derive(Debug, Args)]
#[command(after_help = "\
Each line: the time (UTC), the handoff, what happened to it and through whom, its state, and whose turn it is. A handoff \
that does not match any more is told once as such. It reconnects by itself and misses nothing meanwhile; Ctrl-C ends it, \
and says how to go on from there. With --timeout it ends by itself after so many seconds; with --json it prints one object \
a line, each with its resume_token.

Examples:
  baton --as ivan watch --inbox implementation
  baton watch --team sales --state rejected --state returned
  baton watch --handoff crm/D-1042 --json | jq -c .changed.facts")]
pub(crate) struct Watch {
    /// Only what waits on this team
    #[arg(long, value_name = "TEAM")]
    inbox: Option<String>,
    /// Only those that this team is a side of
    #[arg(long)]
    team: Option<String>,
    /// Only those where that team is upstream or downstream
    #[arg(long, value_parser = Side::parse)]
    side: Option<Side>,
    /// Only those on this route
    #[arg(long)]
    route: Option<String>,
    /// Only those in this state; again for each
    #[arg(long = "state", value_name = "STATE", value_parser = HandoffState::parse)]
    states: Vec<HandoffState>,
    /// Only this one: its id, or its outside record as SYSTEM/KEY; again for each
    #[arg(long = "handoff", value_name = "HANDOFF")]
    handoffs: Vec<Reference>,
    /// Only those that this principal speaks for
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Go on after this resume token [default: begin now]
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    from: String,
    /// End after so many changes
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// What is watched, and what of it was told.
struct Handoffs {
    filter: WatchFilter,
    /// Titles of what was told, and up to which fact: what is told twice is printed once.
    known: HashMap<String, (String, i64)>,
}

impl Watch {
    /// Prints what happens until it is ended.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let remote = session.handoff()?;
        let (limit, resume_token) = (self.limit, self.from.clone());
        let watched = Handoffs { filter: self.filter(&remote).await?, known: HashMap::new() };
        Follow::new(watched, resume_token, limit).run(session).await
    }

    async fn filter(self, remote: &Remote) -> Result<WatchFilter> {
        let mut handoff_ids = vec![];
        for handoff in &self.handoffs {
            handoff_ids.push(handoff.id(remote).await?);
        }
        Ok(WatchFilter {
            inbox_of: self.inbox.unwrap_or_default(),
            team: self.team.unwrap_or_default(),
            side: self.side.unwrap_or_default().into(),
            route_id: self.route.unwrap_or_default(),
            states: self.states.into_iter().map(i32::from).collect(),
            handoff_ids,
            owner: self.owner.unwrap_or_default(),
        })
    }
}

impl Watched for Handoffs {
    type Message = WatchHandoffsResponse;
    const SERVICE: &'static str = "handoff";
    const LOOK: &'static str = "baton inbox";

    fn remote(&self, session: &Session) -> Result<Remote> {
        session.handoff()
    }

    async fn open(&self, remote: &Remote, resume_token: String) -> Result<Streaming<WatchHandoffsResponse>, Status> {
        let request = WatchHandoffsRequest { filter: Some(self.filter.clone()), resume_token };
        Ok(remote.handoffs().watch_handoffs(Request::new(request)).await?.into_inner())
    }

    fn token(message: &WatchHandoffsResponse) -> &str {
        &message.resume_token
    }

    fn told(&mut self, message: WatchHandoffsResponse, session: &Session) -> Option<String> {
        match message.what? {
            What::Changed(changed) => self.changed(*changed).map(|changed| show::changed(&changed, session.screen())),
            What::Gone(id) => self.known.remove(&id).map(|(title, _)| show::gone(&title, session.screen())),
            What::Bookmark(_) => None,
        }
    }
}

impl Handoffs {
    /// What of a change was not told before; none where all of it was.
    fn changed(&mut self, mut changed: HandoffChanged) -> Option<HandoffChanged> {
        let line = changed.line.as_ref()?;
        let last = changed.facts.last()?.sequence;
        let known = self.known.insert(line.id.clone(), (line.title.clone(), last)).map_or(0, |(_, last)| last);
        changed.facts.retain(|fact| fact.sequence > known);
        (!changed.facts.is_empty()).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use api::handoff::v1::{HandoffLine, WatchedFact};

    use super::*;

    #[test]
    fn what_is_told_twice_is_told_once() {
        let change = |sequences: &[i64]| HandoffChanged {
            line: Some(HandoffLine { id: "1".into(), ..HandoffLine::default() }),
            facts: sequences.iter().map(|it| WatchedFact { sequence: *it, ..WatchedFact::default() }).collect(),
        };
        let mut handoffs = Handoffs { filter: WatchFilter::default(), known: HashMap::new() };
        let mut told = |sequences| {
            let changed = handoffs.changed(change(sequences))?;
            Some(changed.facts.iter().map(|fact| fact.sequence).collect::<Vec<_>>())
        };
        assert_eq!(told(&[1, 2]), Some(vec![1, 2]));
        assert_eq!(told(&[2]), None);
        assert_eq!(told(&[2, 3]), Some(vec![3]));
    }
}
