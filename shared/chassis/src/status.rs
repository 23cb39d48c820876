//! The four kinds of error as a caller sees them: a gRPC status with its details.

use std::{collections::HashMap, time::Duration};

use kernel::{Code, Error, Refusal};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every `ErrorInfo`.
const DOMAIN: &str = "baton";

/// Details travel in the trailers, whose size HTTP/2 bounds: so many are told, the message counts them all.
const TOLD: usize = 50;

/// All that a caller hears of a defect.
pub(crate) const DEFECT: &str = "a defect of the service; it has been logged";

/// The status for a caller. A defect is logged here, once, with its whole chain; the caller sees no inside.
pub fn into_status(error: Error) -> Status {
    match error {
        Error::Refused(refusal) => refused(*refusal),
        Error::Busy(source) => {
            tracing::debug!(error = %chain(&*source), "a race was lost to the end");
            let message = "others change the same thing at this moment: try again with the same request_id";
            refused(Refusal { retry_after_seconds: Some(1), ..Refusal::new(Code::Aborted, "CONTENTION", message) })
        }
        Error::Away { what, source } => {
            tracing::warn!(error = %chain(&*source), "{what} is away");
            let message = format!("{what} is away: try again with the same request_id");
            refused(Refusal { retry_after_seconds: Some(1), ..Refusal::new(Code::Unavailable, "AWAY", message) })
        }
        Error::Fault(source) => {
            tracing::error!(error = %chain(&*source), "a defect");
            Status::internal(DEFECT)
        }
    }
}

/// An error and all that caused it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

fn refused(refusal: Refusal) -> Status {
    let metadata: HashMap<String, String> =
        refusal.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut details = ErrorDetails::with_error_info(refusal.reason, DOMAIN, metadata);
    for violation in refusal.violations.into_iter().take(TOLD) {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    for unmet in refusal.preconditions.into_iter().take(TOLD) {
        details.add_precondition_failure_violation(unmet.kind, unmet.subject, unmet.description);
    }
    if let Some(seconds) = refusal.retry_after_seconds {
        details.set_retry_info(Some(Duration::from_secs(seconds.into())));
    }
    let code = match refusal.code {
        Code::InvalidArgument => tonic::Code::InvalidArgument,
        Code::Unauthenticated => tonic::Code::Unauthenticated,
        Code::PermissionDenied => tonic::Code::PermissionDenied,
        Code::NotFound => tonic::Code::NotFound,
        Code::AlreadyExists => tonic::Code::AlreadyExists,
        Code::FailedPrecondition => tonic::Code::FailedPrecondition,
        Code::Aborted => tonic::Code::Aborted,
        Code::OutOfRange => tonic::Code::OutOfRange,
        Code::ResourceExhausted => tonic::Code::ResourceExhausted,
        Code::DeadlineExceeded => tonic::Code::DeadlineExceeded,
        Code::Unimplemented => tonic::Code::Unimplemented,
        Code::Unavailable => tonic::Code::Unavailable,
    };
    Status::with_error_details(code, refusal.message, details)
}
