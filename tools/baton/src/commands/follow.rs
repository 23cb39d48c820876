//! A watch that goes on by itself: after a break from where it was, and after one that was too long from now.

use std::time::Duration;

use api::to_json;
use tokio::{signal::ctrl_c, time::sleep};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::{
    client::Remote,
    errors::Result,
    output::{note, print},
    session::Session,
};

/// The pause before the first new try; doubled until it is the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A service that never answered is given up after so many tries; one that did is waited for.
const FIRST_TRIES: u32 = 4;

/// What is watched.
pub(crate) trait Watched {
    /// What the service tells.
    type Message: prost::Message + prost::Name;
    /// The service, as a person calls it.
    const SERVICE: &'static str;
    /// The command that shows how things stand.
    const LOOK: &'static str;

    /// The service.
    fn remote(&self, session: &Session) -> Result<Remote>;

    /// Begins to listen, after this token.
    async fn open(&self, remote: &Remote, resume_token: String) -> Result<Streaming<Self::Message>, Status>;

    /// The token to go on with after a message.
    fn token(message: &Self::Message) -> &str;

    /// What a person is told; none where there is nothing to tell.
    fn told(&mut self, message: Self::Message, session: &Session) -> Option<String>;
}

/// How far a watch is.
pub(crate) struct Follow<W> {
    /// What is watched.
    watched: W,
    resume_token: String,
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

impl<W: Watched> Follow<W> {
    /// Begins after this token, now where it is empty; ends after so many changes.
    pub(crate) fn new(watched: W, resume_token: String, limit: Option<u64>) -> Self {
        Self { watched, resume_token, left: limit.unwrap_or(u64::MAX), has_heard: false, ever_heard: false }
    }

    /// Prints what happens until it is ended, or as long as the command line allows.
    pub(crate) async fn run(mut self, session: &Session) -> Result<()> {
        let ends = async {
            match session.stated_timeout() {
                Some(timeout) => sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = self.follow(session) => result?,
            _ = ctrl_c() => {}
            () = ends => {}
        }
        if !session.is_json() && !self.resume_token.is_empty() {
            note(&format!("go on from here with --from {}", self.resume_token));
        }
        Ok(())
    }

    /// Watches, and watches again from the last token, until there were enough changes.
    async fn follow(&mut self, session: &Session) -> Result<()> {
        let (mut failures, mut is_told) = (0, false);
        while self.left > 0 {
            // Anew each time: the file with the bearer token may hold a new one.
            let remote = self.watched.remote(session)?;
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
                        let (service, problem) = (W::SERVICE, status.message());
                        note(&format!("the {service} service does not answer ({problem}): trying again"));
                    }
                    sleep(pause(failures)).await;
                }
                Next::BeginNow => {
                    let look = W::LOOK;
                    note(&format!(
                        "it was away for too long to be told what has happened: look with `{look}`; going on from now"
                    ));
                    self.resume_token.clear();
                }
                Next::Retry | Next::GiveUp => return Err(remote.error(status)),
            }
        }
        Ok(())
    }

    /// Prints what one stream tells; how the stream ended, where it did not end well.
    async fn listen(&mut self, remote: &Remote, session: &Session) -> Result<Result<(), Status>> {
        let mut stream = match self.watched.open(remote, self.resume_token.clone()).await {
            Ok(stream) => stream,
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

    fn take(&mut self, message: W::Message, session: &Session) -> Result<()> {
        if !std::mem::replace(&mut self.ever_heard, true) && !session.is_json() {
            note("watching; Ctrl-C ends it");
        }
        self.has_heard = true;
        W::token(&message).clone_into(&mut self.resume_token);
        let json = session.is_json().then(|| to_json(&message).to_string());
        if let Some(text) = self.watched.told(message, session) {
            self.left -= 1;
            print(&json.unwrap_or(text))?;
        }
        Ok(())
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
}
