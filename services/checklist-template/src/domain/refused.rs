//! Every way in which this service says no.

use criteria::Finding;
use kernel::{Code, Precondition, Refusal};

use super::{TeamId, TemplateId};

/// A rule of the template service that said no, in the caller's words.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// No template of that id.
    #[error("there is no template {0}")]
    NotFound(TemplateId),
    /// No such version, or none in force.
    #[error("template {template} has no {}", if *.version == 0 { "version in force: none is published, or all are retired".to_owned() } else { format!("version {}", .version) })]
    NoVersion {
        /// The template.
        template: TemplateId,
        /// The version asked for; 0 for the latest.
        version: i32,
    },
    /// The id is taken.
    #[error("there is a template {0} already")]
    Exists(TemplateId),
    /// Only a lead of the owner team, or an ADMIN.
    #[error("template {template} belongs to {owner}: only a lead of that team or an ADMIN may do this")]
    NotOwner {
        /// The template.
        template: TemplateId,
        /// The team that keeps it.
        owner: TeamId,
    },
    /// There is nothing to publish.
    #[error("template {0} has no draft: write one with UpdateDraft first")]
    NoDraft(TemplateId),
    /// The draft is not what the caller has seen.
    #[error("the draft of template {template} has changed: its content hash is {current}; read it again")]
    DraftMoved {
        /// The template.
        template: TemplateId,
        /// The draft's hash now; empty where there is no draft.
        current: String,
    },
    /// The draft has findings.
    #[error("the draft cannot be published: {} must be mended", if .0.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", .0.len()) })]
    Findings(Vec<Finding>),
    /// Only a published version can be retired.
    #[error("version {version} of template {template} is a draft: only a published version can be retired")]
    NotPublished {
        /// The template.
        template: TemplateId,
        /// The version.
        version: i32,
    },
    /// The content was written for a newer evaluator.
    #[error("the content needs criteria level {needed}, this service judges up to {}: upgrade it", criteria::LEVEL)]
    EvaluatorTooOld {
        /// The level that the content needs.
        needed: u32,
    },
    /// A new template needs an owner.
    #[error("template {0} is new: say which team owns it (owner_team)")]
    OwnerMissing(TemplateId),
    /// The YAML text cannot be read.
    #[error("the YAML text cannot be read: {0}")]
    Yaml(String),
}

impl From<Refused> for kernel::Error {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        let refusal = match refused {
            Refused::NotFound(template) => {
                Refusal::new(Code::NotFound, "TEMPLATE_NOT_FOUND", message).with("template", template)
            }
            Refused::NoVersion { template, version } => Refusal::new(Code::NotFound, "VERSION_NOT_FOUND", message)
                .with("template", template)
                .with("version", version),
            Refused::Exists(template) => {
                Refusal::new(Code::AlreadyExists, "TEMPLATE_EXISTS", message).with("template", template)
            }
            Refused::NotOwner { owner, .. } => {
                Refusal::new(Code::PermissionDenied, "LEAD_ONLY", message).with("owner_team", owner)
            }
            Refused::NoDraft(template) => {
                Refusal::new(Code::FailedPrecondition, "NO_DRAFT", message).with("template", template)
            }
            Refused::DraftMoved { current, .. } => {
                Refusal::new(Code::Aborted, "REVISION_MISMATCH", message).with("content_hash", current)
            }
            Refused::NotPublished { .. } => Refusal::new(Code::FailedPrecondition, "WRONG_STATE", message),
            Refused::EvaluatorTooOld { needed } => {
                Refusal::new(Code::FailedPrecondition, "EVALUATOR_TOO_OLD", message).with("criteria_level", needed)
            }
            Refused::OwnerMissing(_) => Refusal {
                violations: vec![kernel::Violation { field: "owner_team".into(), description: "is required".into() }],
                ..Refusal::new(Code::InvalidArgument, "OWNER_MISSING", message)
            },
            Refused::Yaml(problem) => Refusal {
                violations: vec![kernel::Violation { field: "yaml".into(), description: problem }],
                ..Refusal::new(Code::InvalidArgument, "BAD_YAML", message)
            },
            Refused::Findings(findings) => Refusal {
                preconditions: findings
                    .into_iter()
                    .map(|finding| Precondition {
                        kind: "FINDING",
                        description: format!("{}: {}", finding.code, finding.message),
                        subject: finding.path,
                    })
                    .collect(),
                ..Refusal::new(Code::FailedPrecondition, "NOT_PUBLISHABLE", message)
            },
        };
        refusal.into()
    }
}
