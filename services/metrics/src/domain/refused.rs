//! Every way in which this service says no.

use kernel::{Code, Refusal};

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
            Refused::AdminOnly => (Code::PermissionDenied, "ADMIN_ONLY"),
        };
        Refusal::new(code, reason, message).into()
    }
}
