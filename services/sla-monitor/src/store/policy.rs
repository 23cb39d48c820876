//! The policies' rows.

use std::collections::BTreeSet;

use chassis::Tx;
use kernel::{Error, Result, Timestamp};
use sqlx::{PgExecutor, types::Json};

use super::{constraint, head};
use crate::domain::{
    CalendarId, PolicyId, Refused,
    policy::{Kept, Policy, Target},
};

/// A version of a policy; the latest where none is given. None where there is none.
pub(crate) async fn get(store: impl PgExecutor<'_>, id: &PolicyId, version: Option<i32>) -> Result<Option<Policy>> {
    let row = sqlx::query!(
        r#"
        SELECT p.id AS "id: PolicyId", v.version, v.display_name, v.targets AS "targets: Json<Vec<Target>>",
               v.in_force_since AS "in_force_since: Timestamp", v.created_by
        FROM sla.policy p JOIN sla.policy_version v ON v.policy_id = p.id
        WHERE p.id = $1 AND v.version = coalesce($2, p.version)
        "#,
        id.as_str(),
        version,
    );
    Ok(row.fetch_optional(store).await?.map(|row| Policy {
        id: row.id,
        number: row.version,
        display_name: row.display_name,
        targets: row.targets.0,
        in_force_since: row.in_force_since,
        created_by: row.created_by,
    }))
}

/// A policy in its latest version, its row locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &PolicyId) -> Result<Option<Kept>> {
    let row = sqlx::query!(
        r#"SELECT revision, head_hash, head_at AS "head_at: Timestamp" FROM sla.policy WHERE id = $1 FOR UPDATE"#,
        id.as_str()
    );
    let Some(row) = row.fetch_optional(tx.connection()).await? else { return Ok(None) };
    let head = head(row.revision, &row.head_hash, row.head_at)?;
    let latest = get(tx.connection(), id, None).await?;
    Ok(latest.map(|latest| Kept { head, latest }))
}

/// A new policy with its first version; a taken id is refused.
pub(crate) async fn insert(tx: &mut Tx, policy: &Kept) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.policy (id, version, revision, head_hash, head_at) VALUES ($1, 1, $2, $3, $4)",
        policy.latest.id.as_str(),
        policy.head.revision,
        &policy.head.hash[..],
        policy.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match constraint(&error) {
        Some("policy_pkey") => Refused::PolicyExists(policy.latest.id.clone()).into(),
        _ => Error::from(error),
    })?;
    insert_version(tx, &policy.latest).await
}

/// The next version of a policy.
pub(crate) async fn update(tx: &mut Tx, policy: &Kept) -> Result<()> {
    sqlx::query!(
        "UPDATE sla.policy SET version = $2, revision = $3, head_hash = $4, head_at = $5 WHERE id = $1",
        policy.latest.id.as_str(),
        policy.latest.number,
        policy.head.revision,
        &policy.head.hash[..],
        policy.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    insert_version(tx, &policy.latest).await
}

async fn insert_version(tx: &mut Tx, version: &Policy) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sla.policy_version (policy_id, version, display_name, targets, in_force_since, created_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        version.id.as_str(),
        version.number,
        version.display_name,
        Json(&version.targets) as _,
        version.in_force_since as Timestamp,
        version.created_by,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Policies in their latest versions, by id, after one.
pub(crate) async fn list(store: impl PgExecutor<'_>, after: &str, limit: i64) -> Result<Vec<Policy>> {
    let rows = sqlx::query!(
        r#"
        SELECT p.id AS "id: PolicyId", v.version, v.display_name, v.targets AS "targets: Json<Vec<Target>>",
               v.in_force_since AS "in_force_since: Timestamp", v.created_by
        FROM sla.policy p JOIN sla.policy_version v ON v.policy_id = p.id AND v.version = p.version
        WHERE p.id > $1
        ORDER BY p.id
        LIMIT $2
        "#,
        after,
        limit,
    );
    let rows = rows.fetch_all(store).await?.into_iter().map(|row| Policy {
        id: row.id,
        number: row.version,
        display_name: row.display_name,
        targets: row.targets.0,
        in_force_since: row.in_force_since,
        created_by: row.created_by,
    });
    Ok(rows.collect())
}

/// Which of these calendars there are.
pub(crate) async fn known_calendars(tx: &mut Tx, targets: &[Target]) -> Result<BTreeSet<CalendarId>> {
    let named: Vec<String> = targets.iter().filter_map(|it| it.calendar.as_ref()).map(ToString::to_string).collect();
    let found = sqlx::query_scalar!(r#"SELECT id AS "id: CalendarId" FROM sla.calendar WHERE id = ANY ($1)"#, &named);
    Ok(found.fetch_all(tx.connection()).await?.into_iter().collect())
}
