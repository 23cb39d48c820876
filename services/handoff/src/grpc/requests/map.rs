//! Requests about the map as a whole.

use std::mem::take;

use api::handoff::v1 as pb;
use chassis::{Fields, Parse};

use super::{Page, map_text};
use crate::domain::{
    TeamId,
    map::{Code, Document, Subject},
};

pub(in crate::grpc) struct CheckMap {
    pub(in crate::grpc) team: Option<TeamId>,
    pub(in crate::grpc) page: Page<(Code, Subject)>,
}

impl Parse for CheckMap {
    type Request = pb::CheckMapRequest;

    fn parse(mut request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let (page_size, page_token) = (take(&mut request.page_size), take(&mut request.page_token));
        let page = Page::read(fields, page_size, &page_token, &request);
        let team = fields.optional_slug("team", &request.team);
        Some(Self { team: team?, page: page? })
    }
}

/// The forms of a map as one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grpc) enum Format {
    /// To be imported.
    Yaml,
    /// To be looked at.
    Mermaid,
}

pub(in crate::grpc) struct ExportMap {
    pub(in crate::grpc) format: Format,
    pub(in crate::grpc) team: Option<TeamId>,
}

impl Parse for ExportMap {
    type Request = pb::ExportMapRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let format = fields.optional_choice("format", request.format);
        let team = fields.optional_slug("team", &request.team);
        let format = match format? {
            Some(pb::MapFormat::Mermaid) => Format::Mermaid,
            Some(pb::MapFormat::Yaml | pb::MapFormat::Unspecified) | None => Format::Yaml,
        };
        Some(Self { format, team: team? })
    }
}

pub(in crate::grpc) struct ImportMap {
    pub(in crate::grpc) document: Document,
    pub(in crate::grpc) dry_run: bool,
}

impl Parse for ImportMap {
    type Request = pb::ImportMapRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        fields.request_id(&request.request_id);
        let document = map_text::read(fields, &request.yaml);
        Some(Self { document: document?, dry_run: request.dry_run })
    }
}
