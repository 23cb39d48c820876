//! Every way in which this service says no.

use kernel::{Code, Refusal, Violation};

use super::{RouteId, TeamId, WorkflowId};

/// A rule of the metrics service that said no, in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No route of that id was heard of.
    #[error("there is no route {0}")]
    RouteNotFound(RouteId),
    /// No team of that id was heard of.
    #[error("there is no team {0}")]
    TeamNotFound(TeamId),
    /// No workflow of that id was heard of.
    #[error("there is no workflow {0}")]
    WorkflowNotFound(WorkflowId),
    /// What is wrong with the request, all of it.
    #[error("{} must be mended: {}", if .0.len() == 1 { "1 field".to_owned() } else { format!("{} fields", .0.len()) },
            .0.iter().map(|it| it.field.as_str()).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<Violation>),
    /// Only an ADMIN.
    #[error("only an ADMIN may do this")]
    AdminOnly,
}

impl From<Refused> for kernel::Error {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        let (code, reason) = match &refused {
            Refused::RouteNotFound(_) => (Code::NotFound, "ROUTE_NOT_FOUND"),
            Refused::TeamNotFound(_) => (Code::NotFound, "TEAM_NOT_FOUND"),
            Refused::WorkflowNotFound(_) => (Code::NotFound, "WORKFLOW_NOT_FOUND"),
            Refused::Invalid(_) => (Code::InvalidArgument, "INVALID_REQUEST"),
            Refused::AdminOnly => (Code::PermissionDenied, "ADMIN_ONLY"),
        };
        let refusal = Refusal::new(code, reason, message);
        match refused {
            Refused::Invalid(violations) => Refusal { violations, ..refusal },
            _ => refusal,
        }
        .into()
    }
}
