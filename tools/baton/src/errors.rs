//! What can go wrong, how it is told to a person, and with which exit code.

use std::{fmt::Write as _, io, process::ExitCode};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::advice;

/// The result of whatever a command does.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Error {
    /// Something on this side.
    Stated {
        /// The exit code.
        exit: Exit,
        /// What is wrong.
        what: String,
        /// What to do about it; may be empty.
        remedy: String,
    },
    /// A service said no, or did not answer.
    Status {
        /// The service, as a person calls it.
        service: &'static str,
        /// Where it was called.
        url: String,
        /// What it answered.
        status: Box<Status>,
    },
    /// So many lines of an import were refused; the summary has said it.
    LinesRefused,
    /// A check found errors; what was printed tells them.
    ErrorsFound,
    /// Nobody reads the output any more: no error.
    OutputClosed,
}

/// The exit codes, as `--help` explains them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Unexpected.
    Unexpected = 1,
    /// Wrong usage or malformed request.
    Usage = 2,
    /// No such thing.
    NotFound = 3,
    /// Refused by state or guard.
    Refused = 4,
    /// Not allowed.
    NotAllowed = 5,
    /// Away.
    Away = 6,
    /// An import refused lines.
    LinesRefused = 7,
}

impl Error {
    /// Wrong usage, and what to do instead.
    pub(crate) fn usage(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Stated { exit: Exit::Usage, what: what.into(), remedy: remedy.into() }
    }

    /// Something that should not happen.
    pub(crate) fn unexpected(what: impl Into<String>) -> Self {
        Self::Stated { exit: Exit::Unexpected, what: what.into(), remedy: String::new() }
    }

    /// Whether the service could not be reached or did not answer in time.
    pub(crate) fn is_away(&self) -> bool {
        self.exit() == Exit::Away
    }

    /// Whether there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.exit() == Exit::NotFound
    }

    /// Tells it on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let text = self.to_text();
        if !text.is_empty() {
            eprint!("{text}");
        }
        ExitCode::from(self.exit() as u8)
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Stated { exit, .. } => *exit,
            Self::Status { status, .. } => exit_of(status.code()),
            Self::LinesRefused => Exit::LinesRefused,
            Self::ErrorsFound => Exit::Unexpected,
            Self::OutputClosed => Exit::Done,
        }
    }

    /// What a person reads; empty where all has been said.
    fn to_text(&self) -> String {
        match self {
            Self::Stated { what, remedy, .. } if remedy.is_empty() => format!("baton: {what}\n"),
            Self::Stated { what, remedy, .. } => format!("baton: {what}\n  what to do: {remedy}\n"),
            Self::Status { service, url, status } => status_text(service, url, status),
            Self::LinesRefused | Self::ErrorsFound | Self::OutputClosed => String::new(),
        }
    }
}

impl From<io::Error> for Error {
    /// From writing to stdout.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::unexpected(format!("the output cannot be written: {error}")),
        }
    }
}

fn exit_of(code: Code) -> Exit {
    match code {
        Code::Ok => Exit::Done,
        Code::InvalidArgument | Code::OutOfRange => Exit::Usage,
        Code::NotFound => Exit::NotFound,
        Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => Exit::Refused,
        Code::Unauthenticated | Code::PermissionDenied => Exit::NotAllowed,
        // The client library reports a deadline that passed as CANCELLED.
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => Exit::Away,
        Code::Unknown | Code::Internal | Code::Unimplemented | Code::DataLoss => Exit::Unexpected,
    }
}

fn status_text(service: &str, url: &str, status: &Status) -> String {
    let details = status.get_error_details();
    let mut text = String::new();
    match status.code() {
        // Without details no service of Baton spoke, but the connection broke.
        Code::Unavailable if details.error_info().is_none() => {
            let _ = writeln!(text, "baton: the {service} service does not answer at {url}: {}", status.message());
            let _ = writeln!(text, "  what to do: start it (`cargo dev up`), or name another address");
        }
        Code::DeadlineExceeded | Code::Cancelled => {
            let _ = writeln!(text, "baton: the {service} service at {url} did not answer in time");
            let _ = writeln!(text, "  what to do: try again, or allow more with --timeout SECONDS");
        }
        code => {
            let _ = writeln!(text, "baton: {}", status.message());
            let reason = details.error_info().map_or("no reason given", |info| info.reason.as_str());
            let _ = writeln!(text, "  reason: {reason} ({code:?})");
        }
    }
    text += &details_text(&details);
    if let Some(advice) = details.error_info().and_then(|info| advice::for_refusal(&info.reason, &info.metadata)) {
        let _ = writeln!(text, "  what to do: {advice}");
    }
    text
}

/// The detail that counts the violations that an answer has no room for.
const NOT_TOLD: &str = "not_told";

fn details_text(details: &ErrorDetails) -> String {
    let mut text = String::new();
    let metadata: Vec<_> = details.error_info().iter().flat_map(|info| sorted(&info.metadata)).collect();
    for (name, value) in metadata.iter().filter(|(name, _)| *name != NOT_TOLD) {
        let _ = writeln!(text, "  {name}: {value}");
    }
    for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
        let _ = writeln!(text, "  - {}: {}", violation.field, violation.description);
    }
    for violation in details.precondition_failure().iter().flat_map(|failure| &failure.violations) {
        let kind = violation.r#type.to_lowercase().replace('_', " ");
        let _ = writeln!(text, "  - {kind} {}: {}", violation.subject, violation.description);
    }
    for (_, more) in metadata.iter().filter(|(name, _)| *name == NOT_TOLD) {
        let _ = writeln!(text, "  - and {more} more");
    }
    if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
        let _ = writeln!(text, "  try again in {} s", delay.as_secs_f64());
    }
    text
}

fn sorted(metadata: &std::collections::HashMap<String, String>) -> Vec<(&String, &String)> {
    let mut entries: Vec<_> = metadata.iter().collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use insta::assert_snapshot;
    use tonic_types::{FieldViolation, PreconditionViolation};

    use super::*;

    fn refused(code: Code, message: &str, details: ErrorDetails) -> Error {
        let status = Box::new(Status::with_error_details(code, message, details));
        Error::Status { service: "handoff", url: "http://127.0.0.1:7001".to_owned(), status }
    }

    fn because(reason: &str, metadata: &[(&str, &str)]) -> ErrorDetails {
        let metadata: HashMap<_, _> = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        ErrorDetails::with_error_info(reason, "baton", metadata)
    }

    #[test]
    fn every_unmet_criterion_is_told_with_its_fix() {
        let mut details = because("CRITERIA_UNMET", &[("state", "DRAFT"), ("revision", "3")]);
        details.set_precondition_failure(vec![
            PreconditionViolation::new("CRITERION", "signed_contract", "No contract. Attach the signed one."),
            PreconditionViolation::new("CRITERION", "timeline", "No date. Say when it goes live."),
        ]);
        let error = refused(Code::FailedPrecondition, "2 criteria are not met", details);
        assert_eq!(error.exit(), Exit::Refused);
        assert_snapshot!(error.to_text(), @r"
        baton: 2 criteria are not met
          reason: CRITERIA_UNMET (FailedPrecondition)
          revision: 3
          state: DRAFT
          - criterion signed_contract: No contract. Attach the signed one.
          - criterion timeline: No date. Say when it goes live.
          what to do: `baton handoff set` and `baton handoff tick` mend them; `baton propose waiver HANDOFF --criterion KEY --reason TEXT` asks downstream to do without
        ");
    }

    #[test]
    fn a_refusal_that_a_command_helps_with_names_it() {
        let error =
            refused(Code::FailedPrecondition, "the terms require a read-back", because("READ_BACK_REQUIRED", &[]));
        assert_snapshot!(error.to_text(), @r"
        baton: the terms require a read-back
          reason: READ_BACK_REQUIRED (FailedPrecondition)
          what to do: give --read-back TEXT: what was handed over, in your own words
        ");
    }

    #[test]
    fn what_helps_in_another_state_is_told_by_the_command_and_the_state() {
        let of = |command: &str, state: &str| {
            let details = because("WRONG_STATE", &[("command", command), ("state", state)]);
            refused(Code::FailedPrecondition, "not now", details).to_text()
        };
        assert!(of("CANCEL", "ACCEPTED").contains("`baton propose cancel HANDOFF --reason TEXT`"));
        assert!(of("UPDATE", "SUBMITTED").contains("`baton handoff recall HANDOFF`"));
        assert!(!of("CANCEL", "COMPLETED").contains("what to do"));
    }

    #[test]
    fn every_bad_field_is_told() {
        let mut details = because("INVALID_REQUEST", &[("not_told", "7")]);
        details.set_bad_request(vec![
            FieldViolation::new("title", "must not be empty"),
            FieldViolation::new("reasons[1].criterion", "no such criterion"),
        ]);
        let error = refused(Code::InvalidArgument, "2 fields of the request must be mended", details);
        assert_eq!(error.exit(), Exit::Usage);
        assert_snapshot!(error.to_text(), @r"
        baton: 2 fields of the request must be mended
          reason: INVALID_REQUEST (InvalidArgument)
          - title: must not be empty
          - reasons[1].criterion: no such criterion
          - and 7 more
        ");
    }

    #[test]
    fn a_limit_says_when_to_try_again() {
        let mut details = because("OVERLOADED", &[]);
        details.set_retry_info(Some(Duration::from_millis(1500)));
        let error = refused(Code::ResourceExhausted, "too many calls at once", details);
        assert_eq!(error.exit(), Exit::Away);
        assert_snapshot!(error.to_text(), @r"
        baton: too many calls at once
          reason: OVERLOADED (ResourceExhausted)
          try again in 1.5 s
        ");
    }

    #[test]
    fn a_service_that_is_not_there_is_named_with_its_address() {
        let error = refused(Code::Unavailable, "tcp connect error", ErrorDetails::new());
        assert_snapshot!(error.to_text(), @r"
        baton: the handoff service does not answer at http://127.0.0.1:7001: tcp connect error
          what to do: start it (`cargo dev up`), or name another address
        ");
    }

    #[test]
    fn a_closed_pipe_is_no_error() {
        let error = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((error.exit(), error.to_text().as_str()), (Exit::Done, ""));
    }
}
