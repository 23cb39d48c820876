//! Requests of either side beside the work: comments, links, attachments, actions, holds, owners, who may see.

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};
use criteria::Attachment;

use super::{
    On, parts,
    reading::{name, required_short},
};
use crate::{
    domain::{
        ActionId, HandoffId, Link, Side,
        handoff::{Comment, Confidential, LinkedRecord, Note, Reassign, Wait},
        limits::{KEY_MAX_CHARS, SYSTEM_MAX_CHARS, TEXT_MAX_BYTES},
    },
    ops::handoff::Duty,
};

bare! {
    /// Look at it.
    Claim = ClaimHandoffRequest;
    /// Let it go.
    Unclaim = UnclaimHandoffRequest;
}

/// The end of a hold.
#[derive(Clone)]
pub(in crate::grpc) struct Resume {
    pub(in crate::grpc) side: Option<Side>,
}

/// An action that is taken on.
#[derive(Clone)]
pub(in crate::grpc) struct ConfirmAction(pub(in crate::grpc) ActionId);

/// A move of a draft to another version: none for the latest.
#[derive(Clone)]
pub(in crate::grpc) struct MigrateDraft {
    pub(in crate::grpc) version: Option<i32>,
}

/// What such a move would do.
pub(in crate::grpc) struct PreviewMigration {
    pub(in crate::grpc) id: HandoffId,
    pub(in crate::grpc) version: Option<i32>,
}

impl Parse for On<Wait> {
    type Request = pb::HoldHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let reason = fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
        let until = fields.time("until", request.until);
        Some(Self { target: target?, command: Wait { side: side?, reason: reason?, until: until? } })
    }
}

impl Parse for On<Resume> {
    type Request = pb::ResumeHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        Some(Self { target: target?, command: Resume { side: side? } })
    }
}

impl Parse for On<Reassign> {
    type Request = pb::ReassignHandoffRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let owner = name(fields, "owner", &request.owner);
        Some(Self { target: target?, command: Reassign { side: side?, owner: owner? } })
    }
}

impl Parse for On<Note<Comment>> {
    type Request = pb::AddCommentRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let text = fields.required_text("text", &request.text, TEXT_MAX_BYTES);
        Some(Self { target: target?, command: Note { side: side?, what: Comment(text?) } })
    }
}

impl Parse for On<Note<Link>> {
    type Request = pb::AddLinkRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let what = parts::link(fields, "link", request.link.unwrap_or_default());
        Some(Self { target: target?, command: Note { side: side?, what: what? } })
    }
}

impl Parse for On<Note<LinkedRecord>> {
    type Request = pb::RemoveLinkRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let system = required_short(fields, "system", &request.system, SYSTEM_MAX_CHARS);
        let r#type = required_short(fields, "type", &request.r#type, SYSTEM_MAX_CHARS);
        let key = required_short(fields, "key", &request.key, KEY_MAX_CHARS);
        let what = LinkedRecord { system: system?, r#type: r#type?, key: key? };
        Some(Self { target: target?, command: Note { side: side?, what } })
    }
}

impl Parse for On<Note<Attachment>> {
    type Request = pb::AddAttachmentRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let what = parts::attachment(fields, "attachment", request.attachment.unwrap_or_default());
        Some(Self { target: target?, command: Note { side: side?, what: what? } })
    }
}

impl Parse for On<Note<Duty>> {
    type Request = pb::AddActionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let what = parts::duty(fields, "action", request.action.unwrap_or_default());
        Some(Self { target: target?, command: Note { side: side?, what: what? } })
    }
}

impl Parse for On<Note<Confidential>> {
    type Request = pb::SetConfidentialRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        Some(Self { target: target?, command: Note { side: side?, what: Confidential(request.confidential) } })
    }
}

impl Parse for On<ConfirmAction> {
    type Request = pb::ConfirmActionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let action = fields.uuid("action_id", &request.action_id);
        Some(Self { target: target?, command: ConfirmAction(action?.into()) })
    }
}

impl Parse for On<ActionId> {
    type Request = pb::CompleteActionRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let action = fields.uuid("action_id", &request.action_id);
        Some(Self { target: target?, command: action?.into() })
    }
}

impl Parse for On<MigrateDraft> {
    type Request = pb::MigrateDraftRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let version = version(fields, request.version);
        Some(Self { target: target?, command: MigrateDraft { version: version? } })
    }
}

impl Parse for PreviewMigration {
    type Request = pb::PreviewMigrationRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let id = fields.uuid("handoff_id", &request.handoff_id);
        let version = version(fields, request.version);
        Some(Self { id: id?.into(), version: version? })
    }
}

/// A version by number; 0 for the latest.
fn version(fields: &mut Fields, version: i32) -> Option<Option<i32>> {
    match version {
        ..0 => fields.refuse("version", "a number from 1, or 0 for the latest"),
        0 => Some(None),
        version => Some(Some(version)),
    }
}
