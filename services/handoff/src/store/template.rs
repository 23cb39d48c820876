//! The contents that handoffs are judged by, and their compiled form.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use criteria::{CompileError, Content, ContentError, ContentHash, Criteria};
use kernel::{Error, Result};
use sqlx::{PgExecutor, types::Json};

use crate::domain::{Pin, Refused, TemplateId};

/// Contents made ready, by hash. A content never changes, so what is remembered is never stale.
static READY: LazyLock<Mutex<HashMap<ContentHash, Arc<Criteria>>>> = LazyLock::new(Mutex::default);
const REMEMBERED: usize = 1_000;

/// The criteria of a stored content.
pub(crate) async fn criteria(store: impl PgExecutor<'_>, hash: ContentHash) -> Result<Arc<Criteria>> {
    let ready = || READY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(criteria) = ready().get(&hash) {
        return Ok(criteria.clone());
    }
    let content = if hash == Content::default().hash() {
        Content::default()
    } else {
        let json = sqlx::query_scalar!(
            "SELECT content FROM handoff.pinned_template WHERE content_hash = $1",
            hash.to_string()
        )
        .fetch_optional(store)
        .await?
        .ok_or_else(|| Error::fault(format!("the content {hash} was pinned and is not stored")))?;
        Content::from_json(json).map_err(|error| match error {
            ContentError::EvaluatorTooOld { needed } => Refused::EvaluatorTooOld { needed }.into(),
            malformed @ ContentError::Malformed(_) => Error::fault(malformed),
        })?
    };
    let criteria = Arc::new(Criteria::compile(&content).map_err(|error| match error {
        CompileError::EvaluatorTooOld { needed } => Refused::EvaluatorTooOld { needed }.into(),
        flawed @ CompileError::Flawed(_) => Error::fault(flawed),
    })?);
    let mut ready = ready();
    if ready.len() >= REMEMBERED {
        ready.clear();
    }
    ready.insert(hash, criteria.clone());
    Ok(criteria)
}

/// Stores a version's content; storing it again changes nothing.
pub(crate) async fn keep(store: impl PgExecutor<'_>, id: &TemplateId, pin: &Pin, content: &Content) -> Result<()> {
    sqlx::query!(
        "WITH content AS (
             INSERT INTO handoff.pinned_template (content_hash, content) VALUES ($3, $4) ON CONFLICT DO NOTHING
         )
         INSERT INTO handoff.known_version (template_id, version, content_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        id.as_str(),
        pin.version,
        pin.content_hash.to_string(),
        Json(content) as _,
    )
    .execute(store)
    .await?;
    Ok(())
}

/// The pin of a version that is known here.
pub(crate) async fn known(store: impl PgExecutor<'_>, id: &TemplateId, version: i32) -> Result<Option<Pin>> {
    let hash = sqlx::query_scalar!(
        "SELECT content_hash FROM handoff.known_version WHERE template_id = $1 AND version = $2",
        id.as_str(),
        version
    )
    .fetch_optional(store)
    .await?;
    let Some(hash) = hash else { return Ok(None) };
    let content_hash = hash.parse().map_err(Error::fault)?;
    Ok(Some(Pin { template_id: Some(id.clone()), version, content_hash }))
}
