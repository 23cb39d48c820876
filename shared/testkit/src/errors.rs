//! Reading a refusal as a caller does.

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What a status says, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// The reason of its `ErrorInfo`; empty where there is none.
    pub reason: String,
    /// The fields of its `BadRequest`.
    pub fields: Vec<String>,
    /// The subjects of its `PreconditionFailure`.
    pub subjects: Vec<String>,
    /// The metadata of its `ErrorInfo`.
    pub metadata: std::collections::BTreeMap<String, String>,
    /// The sentence.
    pub message: String,
}

/// What a status says.
pub fn refusal(status: &Status) -> Refusal {
    let details = status.get_error_details();
    let info = details.error_info();
    Refusal {
        code: status.code(),
        reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
        fields: details
            .bad_request()
            .map(|bad| bad.field_violations.iter().map(|violation| violation.field.clone()).collect())
            .unwrap_or_default(),
        subjects: details
            .precondition_failure()
            .map(|unmet| unmet.violations.iter().map(|violation| violation.subject.clone()).collect())
            .unwrap_or_default(),
        metadata: info.map(|info| info.metadata.clone().into_iter().collect()).unwrap_or_default(),
        message: status.message().to_owned(),
    }
}
