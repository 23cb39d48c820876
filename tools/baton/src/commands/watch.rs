//! `baton watch`: what happens to handoffs, live.

use std::{collections::HashMap, time::Duration};

use api::{
    handoff::v1::{
        HandoffChanged, HandoffState, WatchFilter, WatchHandoffsRequest, WatchHandoffsResponse,
        watch_handoffs_response::What,
    },
    to_json,
    r#type::v1::Side,
};
use clap::Args;
use tokio::{signal::ctrl_c, time::sleep};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::handoff::Reference;
use crate::{
    client::Remote,
    errors::Result,
    output::{note, print},
    session::Session,
    show::watch as show,
    words::Word as _,
};

/// The pause before the first new try; doubled until it is the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A service that never answered is given up after so many tries; one that did is waited for.
const FIRST_TRIES: u32 = 4;

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

/// How far a watch is.
struct Progress {
    filter: WatchFilter,
    resume_token: String,
    /// Titles of what was told, and up to which fact: what is told twice is printed once.
    known: HashMap<String, (String, i64)>,
    left: u64,
    /// Whether the current stream has told anything.
    has_heard: bool,
    /// Whether any has.
    ever_heard: bool,
}

/// What to do after a stream has ended.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Go on at once: the server ends a watch from time to time.
    GoOn,
    /// Go on after a pause.
    Retry,
    /// Begin now: the token is too old, and what happened since cannot be told.
    BeginNow,
    /// Nothing more can be done.
    GiveUp,
}

impl Watch {
    /// Prints what happens until it is ended.
    pub(crate) async fn run(self, session: &Session) -> Result<()> {
        let remote = session.handoff()?;
        let left = self.limit.unwrap_or(u64::MAX);
        let resume_token = self.from.clone();
        let filter = self.filter(&remote).await?;
        let mut progress =
            Progress { filter, resume_token, known: HashMap::new(), left, has_heard: false, ever_heard: false };
        let ends = async {
            match session.stated_timeout() {
                Some(timeout) => sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = progress.follow(session) => result?,
            _ = ctrl_c() => {}
            () = ends => {}
        }
        if !session.is_json() && !progress.resume_token.is_empty() {
            note(&format!("go on from here with --from {}", progress.resume_token));
        }
        Ok(())
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

impl Progress {
    /// Watches, and watches again from the last token, until there were enough changes.
    async fn follow(&mut self, session: &Session) -> Result<()> {
        let (mut failures, mut is_told) = (0, false);
        while self.left > 0 {
            // Anew each time: the file with the bearer token may hold a new one.
            let remote = session.handoff()?;
            self.has_heard = false;
            let ended = self.listen(&remote, session).await?;
            if self.has_heard {
                (failures, is_told) = (0, false);
            }
            failures += 1;
            let Err(status) = ended else {
                // The server ends a watch from time to time; one that ends each at once must not be asked without end.
                sleep(if self.has_heard { Duration::ZERO } else { pause(failures) }).await;
                continue;
            };
            match next(&status, self.ever_heard) {
                Next::GoOn => {}
                Next::Retry if self.ever_heard || failures < FIRST_TRIES => {
                    if !std::mem::replace(&mut is_told, true) {
                        note(&format!("the handoff service does not answer ({}): trying again", status.message()));
                    }
                    sleep(pause(failures)).await;
                }
                Next::BeginNow => {
                    note(
                        "it was away for too long to be told what has happened: look with `baton inbox`; going on from now",
                    );
                    self.resume_token.clear();
                }
                Next::Retry | Next::GiveUp => return Err(remote.error(status)),
            }
        }
        Ok(())
    }

    /// Prints what one stream tells; how the stream ended, where it did not end well.
    async fn listen(&mut self, remote: &Remote, session: &Session) -> Result<Result<(), Status>> {
        let request =
            WatchHandoffsRequest { filter: Some(self.filter.clone()), resume_token: self.resume_token.clone() };
        let mut stream = match remote.handoffs().watch_handoffs(Request::new(request)).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => return Ok(Err(status)),
        };
        while self.left > 0 {
            match stream.message().await {
                Ok(Some(message)) => self.take(message, session)?,
                Ok(None) => break,
                Err(status) => return Ok(Err(status)),
            }
        }
        Ok(Ok(()))
    }

    fn take(&mut self, message: WatchHandoffsResponse, session: &Session) -> Result<()> {
        if !std::mem::replace(&mut self.ever_heard, true) && !session.is_json() {
            note("watching; Ctrl-C ends it");
        }
        self.has_heard = true;
        self.resume_token.clone_from(&message.resume_token);
        let json = session.is_json().then(|| to_json(&message).to_string());
        let text = match message.what {
            Some(What::Changed(changed)) => {
                self.changed(*changed).map(|changed| show::changed(&changed, session.screen()))
            }
            Some(What::Gone(id)) => self.known.remove(&id).map(|(title, _)| show::gone(&title, session.screen())),
            Some(What::Bookmark(_)) | None => None,
        };
        if let Some(text) = text {
            self.left -= 1;
            print(&json.unwrap_or(text))?;
        }
        Ok(())
    }

    /// What of a change was not told before; none where all of it was.
    fn changed(&mut self, mut changed: HandoffChanged) -> Option<HandoffChanged> {
        let line = changed.line.as_ref()?;
        let last = changed.facts.last()?.sequence;
        let known = self.known.insert(line.id.clone(), (line.title.clone(), last)).map_or(0, |(_, last)| last);
        changed.facts.retain(|fact| fact.sequence > known);
        (!changed.facts.is_empty()).then_some(changed)
    }
}

fn next(status: &Status, ever_heard: bool) -> Next {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    match (status.code(), reason) {
        (Code::OutOfRange, Some("RESUME_TOKEN_EXPIRED")) if ever_heard => Next::BeginNow,
        (Code::Unauthenticated, Some("TOKEN_EXPIRED")) if details.error_info().is_some_and(goes_on) => Next::GoOn,
        // UNKNOWN or INTERNAL without details: no service of Baton spoke, but the connection broke.
        (Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled, _)
        | (Code::Unknown | Code::Internal, None) => Next::Retry,
        _ => Next::GiveUp,
    }
}

/// Whether a watch that was under way has ended, with where it goes on.
fn goes_on(info: &tonic_types::ErrorInfo) -> bool {
    info.metadata.contains_key("resume_token")
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use api::handoff::v1::{HandoffLine, WatchedFact};
    use tonic_types::ErrorDetails;

    use super::*;

    fn refused(code: Code, reason: &str, metadata: &[(&str, &str)]) -> Status {
        let metadata: HashMap<_, _> = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Status::with_error_details(code, "no", ErrorDetails::with_error_info(reason, "baton", metadata))
    }

    #[test]
    fn what_ends_a_watch_decides_how_it_goes_on() {
        let token = [("resume_token", "t")];
        let table = [
            (refused(Code::Unavailable, "STOPPING", &token), Next::Retry),
            (refused(Code::ResourceExhausted, "WATCH_TOO_SLOW", &token), Next::Retry),
            (Status::unknown("h2 protocol error"), Next::Retry),
            (refused(Code::Unauthenticated, "TOKEN_EXPIRED", &token), Next::GoOn),
            (refused(Code::Unauthenticated, "TOKEN_EXPIRED", &[]), Next::GiveUp),
            (refused(Code::OutOfRange, "RESUME_TOKEN_EXPIRED", &[]), Next::BeginNow),
            (refused(Code::InvalidArgument, "INVALID_REQUEST", &[]), Next::GiveUp),
        ];
        for (status, expected) in table {
            assert_eq!(next(&status, true), expected, "{status}");
        }
        let given = refused(Code::OutOfRange, "RESUME_TOKEN_EXPIRED", &[]);
        assert_eq!(next(&given, false), Next::GiveUp, "a token that was given by hand");
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<_> = [1, 2, 3, 7, 8, 100].map(pause).iter().map(Duration::as_millis).collect();
        assert_eq!(pauses, [250, 500, 1_000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn what_is_told_twice_is_told_once() {
        let change = |sequences: &[i64]| HandoffChanged {
            line: Some(HandoffLine { id: "1".into(), ..HandoffLine::default() }),
            facts: sequences.iter().map(|it| WatchedFact { sequence: *it, ..WatchedFact::default() }).collect(),
        };
        let mut progress = Progress {
            filter: WatchFilter::default(),
            resume_token: String::new(),
            known: HashMap::new(),
            left: 9,
            has_heard: false,
            ever_heard: false,
        };
        let mut told = |sequences| {
            let changed = progress.changed(change(sequences))?;
            Some(changed.facts.iter().map(|fact| fact.sequence).collect::<Vec<_>>())
        };
        assert_eq!(told(&[1, 2]), Some(vec![1, 2]));
        assert_eq!(told(&[2]), None);
        assert_eq!(told(&[2, 3]), Some(vec![3]));
    }
}
