//! Templates on the wire.

use api::checklist::v1 as pb;

use crate::{
    domain::{Draft, Published, Template, VersionState},
    store::Line,
};

pub(super) fn into_template(template: &Template) -> pb::Template {
    pb::Template {
        id: template.id.to_string(),
        display_name: template.display_name.clone(),
        owner_team: template.owner_team.to_string(),
        revision: template.head.revision,
        latest_version: template.latest().map_or(0, |latest| latest.version),
        draft_version: template.draft.as_ref().map_or(0, |draft| draft.version),
        created_at: Some(api::timestamp(template.created_at)),
    }
}

pub(super) fn into_line(line: Line) -> pb::Template {
    pb::Template {
        id: line.id.to_string(),
        display_name: line.display_name,
        owner_team: line.owner_team.to_string(),
        revision: line.revision,
        latest_version: line.latest_version,
        draft_version: line.draft_version,
        created_at: Some(api::timestamp(line.created_at)),
    }
}

/// The draft.
pub(super) fn draft(template: &Template) -> Option<pb::TemplateVersion> {
    template.draft.as_ref().map(|draft| of_draft(template, draft))
}

/// The newest published version that is not retired.
pub(super) fn latest(template: &Template) -> Option<pb::TemplateVersion> {
    template.latest().map(|latest| of_published(template, latest))
}

/// One version; 0 is the latest.
pub(super) fn version(template: &Template, version: i32) -> Option<pb::TemplateVersion> {
    if version == 0 {
        return latest(template);
    }
    match &template.draft {
        Some(draft) if draft.version == version => Some(of_draft(template, draft)),
        _ => template
            .published
            .iter()
            .find(|published| published.version == version)
            .map(|published| of_published(template, published)),
    }
}

pub(super) fn without_content(version: pb::TemplateVersion) -> pb::TemplateVersion {
    pb::TemplateVersion { content: None, ..version }
}

fn of_draft(template: &Template, draft: &Draft) -> pb::TemplateVersion {
    pb::TemplateVersion {
        template_id: template.id.to_string(),
        version: draft.version,
        state: state(VersionState::Draft),
        content_hash: draft.content.hash().to_string(),
        content: Some(api::criteria::content(draft.content.clone())),
        ..Default::default()
    }
}

fn of_published(template: &Template, published: &Published) -> pb::TemplateVersion {
    pb::TemplateVersion {
        template_id: template.id.to_string(),
        version: published.version,
        state: state(published.state()),
        content_hash: published.content.hash().to_string(),
        content: Some(api::criteria::content(published.content.clone())),
        published_by: published.by.clone(),
        published_at: Some(api::timestamp(published.at)),
        retired_at: published.retired_at.map(api::timestamp),
    }
}

fn state(state: VersionState) -> i32 {
    match state {
        VersionState::Draft => pb::VersionState::Draft as i32,
        VersionState::Published => pb::VersionState::Published as i32,
        VersionState::Retired => pb::VersionState::Retired as i32,
    }
}
