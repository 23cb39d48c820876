//! Requests as commands and queries, every violation noted.

use api::{checklist::v1 as pb, criteria as read};
use chassis::{Fields, Parse, page};
use criteria::{Content, Submission};
use prost::Message;

use crate::domain::{TeamId, TemplateId};

const NAME_BYTES: usize = 200;
/// As large as the largest content, and less than a message.
const YAML_BYTES: usize = 960 * 1024;
const HASH_BYTES: usize = 64;

pub(super) struct CreateTemplate {
    pub(super) id: TemplateId,
    pub(super) display_name: String,
    pub(super) owner_team: TeamId,
    pub(super) content: Content,
}

impl Parse for CreateTemplate {
    type Request = pb::CreateTemplateRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("template_id", &request.template_id);
        let display_name = fields.text("display_name", &request.display_name, NAME_BYTES);
        let owner_team = fields.slug("owner_team", &request.owner_team);
        let content = read::read_content("content", request.content.unwrap_or_default(), fields.violations());
        Some(Self { id: id?, display_name: display_name?, owner_team: owner_team?, content: content? })
    }
}

pub(super) struct GetTemplate {
    pub(super) id: TemplateId,
}

impl Parse for GetTemplate {
    type Request = pb::GetTemplateRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        Some(Self { id: fields.slug("template_id", &request.template_id)? })
    }
}

pub(super) struct ListTemplates {
    pub(super) owner_team: Option<TeamId>,
    pub(super) page_size: u32,
    pub(super) after: Option<String>,
    pub(super) filter: Vec<u8>,
}

impl Parse for ListTemplates {
    type Request = pb::ListTemplatesRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let token = std::mem::take(&mut request.page_token);
        let page_size = fields.page_size(std::mem::take(&mut request.page_size));
        let filter = request.encode_to_vec();
        let owner_team = fields.optional_slug("owner_team", &request.owner_team);
        let after = page::cursor(fields, &filter, &token);
        Some(Self { owner_team: owner_team?, page_size: page_size?, after: after?, filter })
    }
}

pub(super) struct UpdateDraft {
    pub(super) id: TemplateId,
    pub(super) content: Content,
    pub(super) expected_hash: Option<String>,
}

impl Parse for UpdateDraft {
    type Request = pb::UpdateDraftRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("template_id", &request.template_id);
        let content = match request.content {
            Some(content) => read::read_content("content", content, fields.violations()),
            None => fields.refuse("content", "is required"),
        };
        let expected_hash = fields.optional_text("expected_content_hash", &request.expected_content_hash, HASH_BYTES);
        Some(Self { id: id?, content: content?, expected_hash: expected_hash? })
    }
}

pub(super) struct PublishVersion {
    pub(super) id: TemplateId,
    pub(super) expected_hash: Option<String>,
}

impl Parse for PublishVersion {
    type Request = pb::PublishVersionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("template_id", &request.template_id);
        let expected_hash = fields.optional_text("expected_content_hash", &request.expected_content_hash, HASH_BYTES);
        Some(Self { id: id?, expected_hash: expected_hash? })
    }
}

pub(super) struct RetireVersion {
    pub(super) id: TemplateId,
    pub(super) version: i32,
}

impl Parse for RetireVersion {
    type Request = pb::RetireVersionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let id = fields.slug("template_id", &request.template_id);
        let version = match request.version {
            version @ 1.. => Some(version),
            _ => fields.refuse("version", "is required: a number from 1"),
        };
        Some(Self { id: id?, version: version? })
    }
}

pub(super) struct GetVersion {
    pub(super) id: TemplateId,
    pub(super) version: i32,
}

impl Parse for GetVersion {
    type Request = pb::GetVersionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("template_id", &request.template_id);
        let version = not_negative(fields, "version", request.version);
        Some(Self { id: id?, version: version? })
    }
}

pub(super) struct ListVersions {
    pub(super) id: TemplateId,
    pub(super) page_size: u32,
    pub(super) before: Option<i32>,
    pub(super) filter: Vec<u8>,
}

impl Parse for ListVersions {
    type Request = pb::ListVersionsRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let token = std::mem::take(&mut request.page_token);
        let page_size = fields.page_size(std::mem::take(&mut request.page_size));
        let filter = request.encode_to_vec();
        let id = fields.slug("template_id", &request.template_id);
        let before = page::cursor(fields, &filter, &token);
        Some(Self { id: id?, page_size: page_size?, before: before?, filter })
    }
}

pub(super) struct DiffVersions {
    pub(super) id: TemplateId,
    pub(super) from: i32,
    pub(super) to: i32,
}

impl Parse for DiffVersions {
    type Request = pb::DiffVersionsRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("template_id", &request.template_id);
        let from = not_negative(fields, "from_version", request.from_version);
        let to = not_negative(fields, "to_version", request.to_version);
        Some(Self { id: id?, from: from?, to: to? })
    }
}

pub(super) struct EvaluateSubmission {
    pub(super) id: TemplateId,
    pub(super) version: i32,
    pub(super) submission: Submission,
    pub(super) priority: String,
    pub(super) attempt: u32,
    pub(super) first_time_pair: bool,
    pub(super) confidential: bool,
}

impl Parse for EvaluateSubmission {
    type Request = pb::EvaluateSubmissionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("template_id", &request.template_id);
        let version = not_negative(fields, "version", request.version);
        let submission =
            read::read_submission("submission", request.submission.unwrap_or_default(), fields.violations());
        let priority = match request.priority.as_str() {
            "" => Some("NORMAL".to_owned()),
            "LOW" | "NORMAL" | "HIGH" | "URGENT" => Some(request.priority),
            _ => fields.refuse("priority", "must be LOW, NORMAL, HIGH or URGENT"),
        };
        Some(Self {
            id: id?,
            version: version?,
            submission: submission?,
            priority: priority?,
            attempt: request.attempt.max(1),
            first_time_pair: request.first_time_pair,
            confidential: request.confidential,
        })
    }
}

pub(super) struct ImportTemplate {
    pub(super) yaml: String,
    pub(super) owner_team: Option<TeamId>,
    pub(super) publish: bool,
}

impl Parse for ImportTemplate {
    type Request = pb::ImportTemplateRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let yaml = fields.required_text("yaml", &request.yaml, YAML_BYTES);
        let owner_team = fields.optional_slug("owner_team", &request.owner_team);
        Some(Self { yaml: yaml?, owner_team: owner_team?, publish: request.publish })
    }
}

pub(super) struct ExportTemplate {
    pub(super) id: TemplateId,
    pub(super) version: i32,
}

impl Parse for ExportTemplate {
    type Request = pb::ExportTemplateRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.slug("template_id", &request.template_id);
        let version = not_negative(fields, "version", request.version);
        Some(Self { id: id?, version: version? })
    }
}

fn not_negative(fields: &mut Fields, field: &str, version: i32) -> Option<i32> {
    if version < 0 { fields.refuse(field, "must not be negative; 0 is the latest") } else { Some(version) }
}
