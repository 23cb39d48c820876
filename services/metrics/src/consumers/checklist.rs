//! What the template service says.

use api::checklist::v1::{self as pb, template_event::Kind};
use kernel::{Error, Result};
use prost::Message;

use super::{slug, unknown};
use crate::domain::heard::News;

pub(super) fn read(payload: &[u8]) -> Result<News> {
    let event = pb::TemplateEvent::decode(payload).map_err(Error::fault)?;
    match event.kind {
        Some(Kind::VersionPublished(it)) => {
            Ok(News::Template { id: slug(&event.template_id)?, version: it.version, criteria: it.criteria })
        }
        Some(Kind::TemplateCreated(_) | Kind::VersionRetired(_)) => Ok(News::Nothing),
        None => unknown(),
    }
}
