//! Every way in which this service says no.

use kernel::{Code, Refusal, Violation};

use kernel::Timestamp;

use super::{RouteId, TeamId, WorkflowId, improvement::ImprovementId, suggestion::SuggestionId, survey::SurveyId};

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
    /// No suggestion of that id on the route.
    #[error("there is no suggestion {0} on this route")]
    SuggestionNotFound(SuggestionId),
    /// The suggestion is decided.
    #[error("suggestion {0} was decided already")]
    SuggestionClosed(SuggestionId),
    /// No improvement of that id.
    #[error("there is no improvement {0}")]
    ImprovementNotFound(ImprovementId),
    /// Only a lead of either side.
    #[error("only a lead of {from_team} or of {to_team}, or an ADMIN, may do this")]
    LeadOnly {
        /// The team that hands over.
        from_team: TeamId,
        /// The team that receives.
        to_team: TeamId,
    },
    /// No survey of that id, or none that the caller was asked in.
    #[error("there is no invitation {0} of yours")]
    SurveyNotFound(SurveyId),
    /// The token of a link that this service did not give out.
    #[error("this link was not given out by this service, or was damaged: open it as it was sent")]
    LinkInvalid,
    /// The link is somebody else's.
    #[error("this link was sent to somebody else: only they answer by it, or a service for them")]
    NotYours,
    /// Another answer was given already.
    #[error("this survey is answered already, and an answer stays as it is")]
    AlreadyAnswered,
    /// No answer is taken any more.
    #[error("this survey was open until {open_until}")]
    SurveyOver {
        /// Until when it was.
        open_until: Timestamp,
    },
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
            Refused::SuggestionNotFound(_) => (Code::NotFound, "SUGGESTION_NOT_FOUND"),
            Refused::SuggestionClosed(_) => (Code::FailedPrecondition, "SUGGESTION_CLOSED"),
            Refused::ImprovementNotFound(_) => (Code::NotFound, "IMPROVEMENT_NOT_FOUND"),
            Refused::LeadOnly { .. } => (Code::PermissionDenied, "LEAD_ONLY"),
            Refused::SurveyNotFound(_) => (Code::NotFound, "INVITATION_NOT_FOUND"),
            Refused::LinkInvalid => (Code::InvalidArgument, "LINK_INVALID"),
            Refused::NotYours => (Code::PermissionDenied, "NOT_YOURS"),
            Refused::AlreadyAnswered => (Code::FailedPrecondition, "ALREADY_ANSWERED"),
            Refused::SurveyOver { .. } => (Code::FailedPrecondition, "SURVEY_OVER"),
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
