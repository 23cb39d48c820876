//! Every way in which this service says no.

use kernel::{Code, Refusal, Violation};

use super::{CalendarId, ClockId, PolicyId, TeamId};

/// A rule of the SLA monitor that said no, in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No calendar of that id.
    #[error("there is no calendar {0}")]
    CalendarNotFound(CalendarId),
    /// No policy of that id.
    #[error("there is no policy {0}")]
    PolicyNotFound(PolicyId),
    /// No such version.
    #[error("{what} has no version {version}")]
    NoVersion {
        /// The calendar or policy.
        what: String,
        /// The version asked for.
        version: i32,
    },
    /// No clock of that id, or none that the caller may see.
    #[error("there is no clock {0}")]
    ClockNotFound(ClockId),
    /// The id is taken.
    #[error("there is a calendar {0} already")]
    CalendarExists(CalendarId),
    /// The id is taken.
    #[error("there is a policy {0} already")]
    PolicyExists(PolicyId),
    /// Another version is the latest.
    #[error("version {current} is the latest: read it again")]
    VersionMoved {
        /// The latest.
        current: i32,
    },
    /// Only a lead of the owner team, or an ADMIN.
    #[error("{}", match .0 {
        Some(team) => format!("the calendar belongs to {team}: only a lead of that team or an ADMIN may do this"),
        None => "the calendar belongs to no team: only an ADMIN may do this".to_owned(),
    })]
    NotOwner(Option<TeamId>),
    /// Only an ADMIN.
    #[error("only an ADMIN may do this")]
    AdminOnly,
    /// What is wrong with the request, all of it.
    #[error("{} must be mended: {}", if .0.len() == 1 { "1 field".to_owned() } else { format!("{} fields", .0.len()) },
            .0.iter().map(|it| it.field.as_str()).collect::<Vec<_>>().join(", "))]
    Invalid(Vec<Violation>),
    /// It would be due more than ten years ahead.
    #[error("that is not due within ten years")]
    Beyond,
    /// There is no breach to speak of.
    #[error("no breach of clock {0} stands")]
    NotBreached(ClockId),
    /// Only the accountable side.
    #[error("only {team}, which is accountable for the clock, or an ADMIN may do this")]
    NotAccountable {
        /// The accountable team.
        team: TeamId,
    },
    /// Only a lead of the other side.
    #[error("only a lead of {team}, the other side, or an ADMIN may excuse the breach")]
    NotOtherLead {
        /// The team on the other side.
        team: TeamId,
    },
    /// The next escalation cannot be put off by so much.
    #[error("the next escalation is put off by at most the target, which is {target_seconds} seconds")]
    DelayTooLong {
        /// The target.
        target_seconds: i64,
    },
}

impl From<Refused> for kernel::Error {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        let (code, reason) = match &refused {
            Refused::CalendarNotFound(_) => (Code::NotFound, "CALENDAR_NOT_FOUND"),
            Refused::PolicyNotFound(_) => (Code::NotFound, "POLICY_NOT_FOUND"),
            Refused::NoVersion { .. } => (Code::NotFound, "VERSION_NOT_FOUND"),
            Refused::ClockNotFound(_) => (Code::NotFound, "CLOCK_NOT_FOUND"),
            Refused::CalendarExists(_) => (Code::AlreadyExists, "CALENDAR_EXISTS"),
            Refused::PolicyExists(_) => (Code::AlreadyExists, "POLICY_EXISTS"),
            Refused::VersionMoved { .. } => (Code::Aborted, "REVISION_MISMATCH"),
            Refused::NotOwner(_) | Refused::NotOtherLead { .. } => (Code::PermissionDenied, "LEAD_ONLY"),
            Refused::AdminOnly => (Code::PermissionDenied, "ADMIN_ONLY"),
            Refused::Invalid(_) => (Code::InvalidArgument, "INVALID_REQUEST"),
            Refused::Beyond => (Code::InvalidArgument, "BEYOND_HORIZON"),
            Refused::NotBreached(_) => (Code::FailedPrecondition, "NOT_BREACHED"),
            Refused::NotAccountable { .. } => (Code::PermissionDenied, "WRONG_SIDE"),
            Refused::DelayTooLong { .. } => (Code::InvalidArgument, "DELAY_TOO_LONG"),
        };
        let refusal = Refusal::new(code, reason, message);
        match refused {
            Refused::VersionMoved { current } => refusal.with("version", current),
            Refused::Invalid(violations) => Refusal { violations, ..refusal },
            Refused::NotAccountable { team } | Refused::NotOtherLead { team } => refusal.with("team", team),
            Refused::DelayTooLong { target_seconds } => Refusal {
                violations: vec![Violation {
                    field: "delay".to_owned(),
                    description: format!("must be 1 to {target_seconds} seconds"),
                }],
                ..refusal
            },
            _ => refusal,
        }
        .into()
    }
}
