//! The four kinds of error as a caller sees them: a gRPC status with its details.

use std::{collections::HashMap, time::Duration};

use kernel::{Code, Error, Refusal, shortened};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every `ErrorInfo`.
const DOMAIN: &str = "baton";

/// Details travel in the trailers, base64, beside the message, which is there twice; a gRPC client may take as little as 8 KiB
/// of them (the default of grpc-java; others allow more), and shows INTERNAL where it is more.
const DETAILS_MAX_BYTES: usize = 3_500;
const MESSAGE_MAX_BYTES: usize = 1_000;
const DESCRIPTION_MAX_CHARS: usize = 400;

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

/// What an error is, for an operator: of a fault its cause, for itself says no more than that it is one.
pub(crate) fn cause(error: &Error) -> String {
    match error {
        Error::Fault(source) => chain(&**source),
        error => chain(error),
    }
}

/// An error and all that caused it, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
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
    let mut room = Room(DETAILS_MAX_BYTES);
    let short = |description: &str| shortened(description, DESCRIPTION_MAX_CHARS);
    let metadata = refusal.metadata.into_iter().map(|(name, value)| (name.to_owned(), short(&value)));
    let mut metadata: HashMap<_, _> = metadata.filter(|(name, value)| room.takes(&[name, value])).collect();
    let found = refusal.violations.len() + refusal.preconditions.len();
    let mut details = ErrorDetails::new();
    let mut told = 0;
    for (violation, description) in refusal.violations.iter().map(|it| (it, short(&it.description))) {
        if !room.takes(&[&violation.field, &description]) {
            break;
        }
        details.add_bad_request_violation(&violation.field, description);
        told += 1;
    }
    for (unmet, description) in refusal.preconditions.iter().map(|it| (it, short(&it.description))) {
        if !room.takes(&[unmet.kind, &unmet.subject, &description]) {
            break;
        }
        details.add_precondition_failure_violation(unmet.kind, &unmet.subject, description);
        told += 1;
    }
    if told < found {
        metadata.insert("not_told".to_owned(), (found - told).to_string());
    }
    details.set_error_info(refusal.reason, DOMAIN, metadata);
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
    Status::with_error_details(code, message(&refusal.message), details)
}

/// The message as far as it has room: percent-encoded, a character beyond ASCII takes three bytes for each of its own.
fn message(text: &str) -> String {
    let encoded = |c: char| if c.is_ascii() { 1 } else { 3 * c.len_utf8() };
    let ends = text.chars().scan(0, |end, c| {
        *end += encoded(c);
        Some(*end)
    });
    shortened(text, ends.take_while(|end| *end <= MESSAGE_MAX_BYTES).count())
}

/// What is left of the room for details.
struct Room(usize);

impl Room {
    /// Whether an entry of these texts still fits; it then has its room.
    fn takes(&mut self, texts: &[&str]) -> bool {
        // Each text has its tag and length, as has the entry.
        let size = texts.iter().map(|text| text.len() + 3).sum::<usize>() + 3;
        let left = self.0.checked_sub(size);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Precondition, Violation};

    use super::*;

    /// What a client counts: names, values, and 32 for each header (RFC 9113, 6.5.2).
    fn trailers_bytes(status: &Status) -> usize {
        let response: http::Response<()> = status.clone().into_http();
        response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
    }

    #[test]
    fn what_is_wrong_is_told_as_far_as_every_client_takes_it_and_the_rest_is_counted() {
        let text = "ü".repeat(9_000);
        let violation = |n| Violation { field: format!("conditions[{n}].text"), description: text.clone() };
        let unmet = |n| Precondition { kind: "CRITERION", subject: format!("key_{n}"), description: text.clone() };
        let many = Refusal {
            violations: (0..300).map(violation).collect(),
            preconditions: (0..300).map(unmet).collect(),
            ..Refusal::new(Code::FailedPrecondition, "CRITERIA_UNMET", text.clone()).with("why", &text)
        };
        let status = refused(many);
        assert!(trailers_bytes(&status) < 8 * 1024, "{}", trailers_bytes(&status));
        let details = status.get_error_details();
        let told = details.bad_request().unwrap().field_violations.len();
        assert!(told >= 3, "{told}");
        assert_eq!(details.error_info().unwrap().metadata["not_told"], (600 - told).to_string());
    }

    #[test]
    fn a_few_violations_are_told_in_full() {
        let violations: Vec<_> = ["title", "summary"]
            .map(|field| Violation { field: field.into(), description: "is required".into() })
            .into();
        let details = refused(Refusal::invalid(violations.clone())).get_error_details();
        assert!(details.error_info().unwrap().metadata.is_empty());
        let told = details.bad_request().unwrap().field_violations.iter();
        let told = told.map(|it| Violation { field: it.field.clone(), description: it.description.clone() });
        assert_eq!(told.collect::<Vec<_>>(), violations);
    }
}
