//! The templates' rows.

use chassis::Tx;
use criteria::{Content, ContentError};
use kernel::{Error, Head, Result, Timestamp};
use sqlx::{PgExecutor, types::Json};

use crate::domain::{Draft, Published, Refused, TeamId, Template, TemplateId, VersionState};

/// A template with its row locked until the transaction ends; None where there is none.
pub(crate) async fn lock(tx: &mut Tx, id: &TemplateId) -> Result<Option<Template>> {
    // Locked before it is read, so that the versions read beside it are those of the same moment.
    sqlx::query!("SELECT id FROM checklist.template WHERE id = $1 FOR NO KEY UPDATE", id.as_str())
        .fetch_optional(tx.connection())
        .await?;
    get(tx.connection(), id).await
}

/// A template with all its versions; None where there is none.
pub(crate) async fn get(store: impl PgExecutor<'_>, id: &TemplateId) -> Result<Option<Template>> {
    let rows = sqlx::query!(
        r#"
        SELECT t.id AS "id: TemplateId", t.display_name, t.owner_team AS "owner_team: TeamId",
               t.created_at AS "created_at: Timestamp", t.revision, t.head_hash, t.head_at AS "head_at: Timestamp",
               v.version, v.state, v.content, v.published_by, v.published_at AS "published_at: Timestamp",
               v.retired_at AS "retired_at: Timestamp"
        FROM checklist.template t JOIN checklist.template_version v ON v.template_id = t.id
        WHERE t.id = $1
        ORDER BY v.version
        "#,
        id.as_str()
    )
    .fetch_all(store)
    .await?;
    let mut template: Option<Template> = None;
    for row in rows {
        let template = match &mut template {
            Some(template) => template,
            none => none.insert(Template {
                head: Head::from_row(row.revision, &row.head_hash, row.head_at).ok_or_else(|| broken("head_hash"))?,
                id: row.id,
                display_name: row.display_name,
                owner_team: row.owner_team,
                created_at: row.created_at,
                draft: None,
                published: vec![],
            }),
        };
        let content = Content::from_json(row.content).map_err(|error| match error {
            ContentError::EvaluatorTooOld { needed } => Refused::EvaluatorTooOld { needed }.into(),
            error @ ContentError::Malformed(_) => Error::fault(error),
        })?;
        if row.state == VersionState::Draft.name() {
            template.draft = Some(Draft { version: row.version, content });
        } else {
            template.published.push(Published {
                version: row.version,
                content,
                by: row.published_by,
                at: row.published_at.ok_or_else(|| broken("published_at"))?,
                retired_at: row.retired_at,
            });
        }
    }
    Ok(template)
}

/// A new template's row; a taken id is refused.
pub(crate) async fn insert(tx: &mut Tx, template: &Template) -> Result<()> {
    sqlx::query!(
        "INSERT INTO checklist.template (id, display_name, owner_team, created_at, revision, head_hash, head_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        template.id.as_str(),
        template.display_name,
        template.owner_team.as_str(),
        template.created_at as Timestamp,
        template.head.revision,
        &template.head.hash[..],
        template.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match error.as_database_error().and_then(|error| error.constraint()) {
        Some("template_pkey") => Refused::Exists(template.id.clone()).into(),
        _ => Error::from(error),
    })?;
    Ok(())
}

/// The draft as it stands.
pub(crate) async fn write_draft(tx: &mut Tx, template: &Template) -> Result<()> {
    let Some(draft) = &template.draft else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO checklist.template_version (template_id, version, state, content, content_hash)
         VALUES ($1, $2, 'DRAFT', $3, $4)
         ON CONFLICT (template_id, version) DO UPDATE SET content = excluded.content, content_hash = excluded.content_hash",
        template.id.as_str(),
        draft.version,
        Json(&draft.content) as _,
        draft.content.hash().to_string(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The states of the published versions, and the end of the history.
pub(crate) async fn save(tx: &mut Tx, template: &Template) -> Result<()> {
    let column = |of: fn(&Published) -> String| template.published.iter().map(of).collect::<Vec<_>>();
    sqlx::query!(
        r#"
        WITH version AS (
            UPDATE checklist.template_version v
            SET state = s.state, published_by = s.published_by, published_at = s.published_at, retired_at = s.retired_at
            FROM unnest($5::integer[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[])
                AS s (version, state, published_by, published_at, retired_at)
            WHERE v.template_id = $1 AND v.version = s.version AND (v.state, v.retired_at) IS DISTINCT FROM (s.state, s.retired_at)
        )
        UPDATE checklist.template SET revision = $2, head_hash = $3, head_at = $4 WHERE id = $1
        "#,
        template.id.as_str(),
        template.head.revision,
        &template.head.hash[..],
        template.head.at as Timestamp,
        &template.published.iter().map(|published| published.version).collect::<Vec<_>>(),
        &column(|published| published.state().name().to_owned()),
        &column(|published| published.by.clone()),
        &template.published.iter().map(|published| published.at).collect::<Vec<_>>() as &[Timestamp],
        &template.published.iter().map(|published| published.retired_at).collect::<Vec<_>>() as &[Option<Timestamp>],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A template as a list shows it.
pub(crate) struct Line {
    pub(crate) id: TemplateId,
    pub(crate) display_name: String,
    pub(crate) owner_team: TeamId,
    pub(crate) created_at: Timestamp,
    pub(crate) revision: i64,
    pub(crate) latest_version: i32,
    pub(crate) draft_version: i32,
}

/// Templates by id after one, of one team or of all.
pub(crate) async fn list(
    store: impl PgExecutor<'_>,
    owner_team: Option<&TeamId>,
    after: &str,
    limit: i64,
) -> Result<Vec<Line>> {
    Ok(sqlx::query_as!(
        Line,
        r#"
        SELECT t.id AS "id: TemplateId", t.display_name, t.owner_team AS "owner_team: TeamId",
               t.created_at AS "created_at: Timestamp", t.revision,
               coalesce(v.latest, 0) AS "latest_version!", coalesce(v.draft, 0) AS "draft_version!"
        FROM checklist.template t
        CROSS JOIN LATERAL (
            SELECT max(version) FILTER (WHERE state = 'PUBLISHED') AS latest, max(version) FILTER (WHERE state = 'DRAFT') AS draft
            FROM checklist.template_version WHERE template_id = t.id
        ) v
        WHERE t.id > $1 AND ($2::text IS NULL OR t.owner_team = $2)
        ORDER BY t.id
        LIMIT $3
        "#,
        after,
        owner_team.map(TeamId::as_str),
        limit,
    )
    .fetch_all(store)
    .await?)
}

fn broken(column: &str) -> Error {
    Error::fault(format!("checklist.template: {column} does not hold what it must"))
}
