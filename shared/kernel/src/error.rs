//! One error type with four kinds; the kind decides what a caller sees and whether a consumer tries again.

use std::{borrow::Cow, error::Error as StdError};

/// What went wrong underneath; shown in logs, never to a caller.
pub type Source = Box<dyn StdError + Send + Sync>;

/// The result of whatever may be refused or fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something did not happen. `Display` never prints the source: the edge logs the whole chain, once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no; the caller is told which, in its own words, and what to do.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// Lost a race that may be run again at once: a serialization failure or a deadlock. Retried, then ABORTED.
    #[error("lost a race with another change")]
    Busy(#[source] Source),
    /// A store or a called service is away: UNAVAILABLE, safe to try again with the same `request_id`.
    #[error("{what} is away")]
    Away {
        /// What is away, as a caller would name it.
        what: &'static str,
        /// What the client library said.
        #[source]
        source: Source,
    },
    /// A defect of ours: INTERNAL.
    #[error("a defect")]
    Fault(#[source] Source),
}

impl Error {
    /// A defect with its cause.
    pub fn fault(source: impl Into<Source>) -> Self {
        Self::Fault(source.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// A refusal in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The class of refusal.
    pub code: Code,
    /// The machine-readable reason, `UPPER_SNAKE`, stable.
    pub reason: &'static str,
    /// One sentence for a person: what is wrong and what to do.
    pub message: String,
    /// Named details for a program (current state, revision).
    pub metadata: Vec<(&'static str, String)>,
    /// Every malformed field.
    pub violations: Vec<Violation>,
    /// Every unmet precondition.
    pub preconditions: Vec<Precondition>,
    /// Whole seconds after which a retry may succeed.
    pub retry_after_seconds: Option<u32>,
}

/// One malformed field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field as the request writes it: `reasons[1].criterion`.
    pub field: String,
    /// What is wrong with it and what is expected.
    pub description: String,
}

/// One unmet condition of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precondition {
    /// The kind of condition, `UPPER_SNAKE`: `CRITERION`, `ACTION`.
    pub kind: &'static str,
    /// What it is about: the criterion's key, the action's id.
    pub subject: String,
    /// What is wrong and how to fix it.
    pub description: String,
}

/// The classes of refusal, named as gRPC names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Malformed input, whatever the state.
    InvalidArgument,
    /// No valid token.
    Unauthenticated,
    /// Not allowed for this caller.
    PermissionDenied,
    /// No such thing, or none that this caller may know of.
    NotFound,
    /// The unique key is taken.
    AlreadyExists,
    /// The state, or a guard, forbids it now.
    FailedPrecondition,
    /// Lost a race; read again and decide anew.
    Aborted,
    /// Past what is kept: begin anew.
    OutOfRange,
    /// A limit is reached.
    ResourceExhausted,
    /// The caller's deadline has passed.
    DeadlineExceeded,
    /// This server does not serve that.
    Unimplemented,
    /// Not now; the same request may be sent again.
    Unavailable,
}

impl Refusal {
    /// A refusal with its code, stable reason and sentence.
    pub fn new(code: Code, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            reason,
            message: message.into().into_owned(),
            metadata: vec![],
            violations: vec![],
            preconditions: vec![],
            retry_after_seconds: None,
        }
    }

    /// The same with one more named detail.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.metadata.push((name, value.to_string()));
        self
    }

    /// INVALID_ARGUMENT with every malformed field.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
        let message =
            format!("{} of the request must be mended: {}", count(violations.len(), "field"), fields.join(", "));
        Self { violations, ..Self::new(Code::InvalidArgument, "INVALID_REQUEST", message) }
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(feature = "sqlx")]
impl From<sqlx::Error> for Error {
    /// By what the store said: lost races are Busy, everything that says the store is not there (or was just stopped) is
    /// Away, the rest is a defect. See the PostgreSQL manual, appendix A, for the codes.
    fn from(error: sqlx::Error) -> Self {
        const STORE: &str = "the store";
        let code = match &error {
            sqlx::Error::Database(database) => database.code().map(Cow::into_owned),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => return Self::Away { what: STORE, source: error.into() },
            _ => None,
        };
        match code.as_deref() {
            Some("40001" | "40P01") => Self::Busy(error.into()),
            // A NUL character in a text, an instant that Postgres does not know: whatever parsing let through.
            Some("22021" | "22P05" | "22008") => {
                let message =
                    "a text or a time of the request cannot be stored: it holds a NUL character, or lies out of range";
                Refusal::new(Code::InvalidArgument, "NOT_STORABLE", message).into()
            }
            // Canceled by a time-out, lock not to be had, out of resources, stopped, restarting.
            Some("57014" | "55P03") => Self::Away { what: STORE, source: error.into() },
            Some(code) if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => {
                Self::Away { what: STORE, source: error.into() }
            }
            _ => Self::Fault(error.into()),
        }
    }
}
