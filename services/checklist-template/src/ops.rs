//! What is done to templates, one decision each.

use chassis::Tx;
use criteria::{Content, TemplateDocument};
use kernel::{Actor, Result};

use crate::{
    domain::{Fact, Refused, TeamId, Template, TemplateId},
    store,
};

/// A new template with its first draft.
pub(crate) async fn create(
    tx: &mut Tx,
    by: &Actor,
    id: TemplateId,
    display_name: String,
    owner_team: TeamId,
    content: Content,
) -> Result<Template> {
    let (mut template, facts) = Template::create(by, id, display_name, owner_team, content, tx.now())?;
    tx.emit(&mut template, by, &facts)?;
    store::insert(tx, &template).await?;
    store::write_draft(tx, &template).await?;
    Ok(template)
}

/// The draft's content replaced.
pub(crate) async fn write_draft(
    tx: &mut Tx,
    by: &Actor,
    id: &TemplateId,
    content: Content,
    seen: Option<&str>,
) -> Result<Template> {
    let mut template = lock(tx, id).await?;
    template.write_draft(by, content, seen)?;
    store::write_draft(tx, &template).await?;
    Ok(template)
}

/// The draft published.
pub(crate) async fn publish(tx: &mut Tx, by: &Actor, id: &TemplateId, seen: Option<&str>) -> Result<Template> {
    let mut template = lock(tx, id).await?;
    let facts = template.publish(by, seen, tx.now())?;
    say(tx, by, &mut template, &facts).await?;
    Ok(template)
}

/// A version retired.
pub(crate) async fn retire(tx: &mut Tx, by: &Actor, id: &TemplateId, version: i32) -> Result<Template> {
    let mut template = lock(tx, id).await?;
    let facts = template.retire(by, version, tx.now())?;
    say(tx, by, &mut template, &facts).await?;
    Ok(template)
}

/// A template brought in: created, or its draft replaced; published where that is asked. Content equal to what the latest
/// version or the draft has changes nothing. Returns the version that holds the content and whether anything changed.
pub(crate) async fn import(
    tx: &mut Tx,
    by: &Actor,
    document: TemplateDocument,
    owner_team: Option<TeamId>,
    publish: bool,
) -> Result<(Template, i32, bool)> {
    let id = TemplateId::from(document.id);
    let mut is_new = false;
    let mut template = match store::lock(tx, &id).await? {
        Some(template) => template,
        None => {
            let owner = owner_team
                .or_else(|| document.owner_team.map(TeamId::from))
                .ok_or_else(|| Refused::OwnerMissing(id.clone()))?;
            is_new = true;
            create(tx, by, id, document.display_name, owner, document.content.clone()).await?
        }
    };
    template.must_be_kept_by(by)?;
    let hash = document.content.hash();
    if let Some(latest) = template.latest().filter(|latest| latest.content.hash() == hash) {
        let version = latest.version;
        return Ok((template, version, false));
    }
    let is_written = template.draft_hash() == Some(hash);
    if !is_written {
        template.write_draft(by, document.content, None)?;
        store::write_draft(tx, &template).await?;
    }
    let version = template.draft.as_ref().map_or(0, |draft| draft.version);
    if publish {
        let facts = template.publish(by, None, tx.now())?;
        say(tx, by, &mut template, &facts).await?;
    }
    Ok((template, version, publish || is_new || !is_written))
}

async fn lock(tx: &mut Tx, id: &TemplateId) -> Result<Template> {
    Ok(store::lock(tx, id).await?.ok_or_else(|| Refused::NotFound(id.clone()))?)
}

async fn say(tx: &mut Tx, by: &Actor, template: &mut Template, facts: &[Fact]) -> Result<()> {
    if facts.is_empty() {
        return Ok(());
    }
    tx.emit(template, by, facts)?;
    store::save(tx, template).await
}
