//! The calendars' rows.

use calendar::Spec;
use chassis::Tx;
use kernel::{Error, Result, Timestamp};
use sqlx::{PgExecutor, types::Json};

use super::{constraint, head};
use crate::domain::{
    CalendarId, Refused, TeamId,
    calendar::{Kept, Version},
};

/// A calendar with its owner and a version; the latest where none is given. None where there is none.
pub(crate) async fn get(
    store: impl PgExecutor<'_>,
    id: &CalendarId,
    version: Option<i32>,
) -> Result<Option<(Option<TeamId>, Version)>> {
    let row = sqlx::query!(
        r#"
        SELECT c.id AS "id: CalendarId", c.owner_team AS "owner_team: TeamId", v.version, v.display_name,
               v.spec AS "spec: Json<Spec>", v.in_force_since AS "in_force_since: Timestamp", v.created_by
        FROM sla.calendar c JOIN sla.calendar_version v ON v.calendar_id = c.id
        WHERE c.id = $1 AND v.version = coalesce($2, c.version)
        "#,
        id.as_str(),
        version,
    );
    Ok(row.fetch_optional(store).await?.map(|row| {
        let version = Version {
            id: row.id,
            number: row.version,
            display_name: row.display_name,
            spec: row.spec.0,
            in_force_since: row.in_force_since,
            created_by: row.created_by,
        };
        (row.owner_team, version)
    }))
}

/// A calendar in its latest version, its row locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &CalendarId) -> Result<Option<Kept>> {
    let row = sqlx::query!(
        r#"SELECT revision, head_hash, head_at AS "head_at: Timestamp" FROM sla.calendar WHERE id = $1 FOR UPDATE"#,
        id.as_str()
    );
    let Some(row) = row.fetch_optional(tx.connection()).await? else { return Ok(None) };
    let head = head(row.revision, &row.head_hash, row.head_at)?;
    let found = get(tx.connection(), id, None).await?;
    Ok(found.map(|(owner_team, latest)| Kept { head, owner_team, latest }))
}

/// A new calendar with its first version; a taken id is refused.
pub(crate) async fn insert(tx: &mut Tx, calendar: &Kept) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.calendar (id, owner_team, version, revision, head_hash, head_at) VALUES ($1, $2, 1, $3, $4, $5)",
        calendar.latest.id.as_str(),
        calendar.owner_team.as_ref().map(TeamId::as_str),
        calendar.head.revision,
        &calendar.head.hash[..],
        calendar.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match constraint(&error) {
        Some("calendar_pkey") => Refused::CalendarExists(calendar.latest.id.clone()).into(),
        _ => Error::from(error),
    })?;
    insert_version(tx, &calendar.latest).await
}

/// The next version of a calendar.
pub(crate) async fn update(tx: &mut Tx, calendar: &Kept) -> Result<()> {
    sqlx::query!(
        "UPDATE sla.calendar SET version = $2, revision = $3, head_hash = $4, head_at = $5 WHERE id = $1",
        calendar.latest.id.as_str(),
        calendar.latest.number,
        calendar.head.revision,
        &calendar.head.hash[..],
        calendar.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    insert_version(tx, &calendar.latest).await
}

async fn insert_version(tx: &mut Tx, version: &Version) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.calendar_version (calendar_id, version, display_name, spec, in_force_since, created_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        version.id.as_str(),
        version.number,
        version.display_name,
        Json(&version.spec) as _,
        version.in_force_since as Timestamp,
        version.created_by,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Calendars in their latest versions, by id, after one.
pub(crate) async fn list(
    store: impl PgExecutor<'_>,
    owner_team: Option<&TeamId>,
    after: &str,
    limit: i64,
) -> Result<Vec<(Option<TeamId>, Version)>> {
    let rows = sqlx::query!(
        r#"
        SELECT c.id AS "id: CalendarId", c.owner_team AS "owner_team: TeamId", v.version, v.display_name,
               v.spec AS "spec: Json<Spec>", v.in_force_since AS "in_force_since: Timestamp", v.created_by
        FROM sla.calendar c JOIN sla.calendar_version v ON v.calendar_id = c.id AND v.version = c.version
        WHERE ($1::text IS NULL OR c.owner_team = $1) AND c.id > $2
        ORDER BY c.id
        LIMIT $3
        "#,
        owner_team.map(TeamId::as_str),
        after,
        limit,
    );
    let rows = rows.fetch_all(store).await?.into_iter().map(|row| {
        let version = Version {
            id: row.id,
            number: row.version,
            display_name: row.display_name,
            spec: row.spec.0,
            in_force_since: row.in_force_since,
            created_by: row.created_by,
        };
        (row.owner_team, version)
    });
    Ok(rows.collect())
}
