//! Teams' rows.

use chassis::Tx;
use kernel::{Error, Result, Timestamp};
use sqlx::{PgExecutor, types::Json};

use super::{constraint, head};
use crate::domain::{
    Team, TeamId,
    team::{CalendarId, Member},
};

struct Row {
    id: TeamId,
    display_name: String,
    members: Json<Vec<Member>>,
    escalation_contact: Option<String>,
    calendar_id: Option<CalendarId>,
    created_at: Timestamp,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl Row {
    fn into_team(self) -> Result<Team> {
        Ok(Team {
            head: head(self.revision, &self.head_hash, self.head_at)?,
            id: self.id,
            display_name: self.display_name,
            members: self.members.0,
            escalation_contact: self.escalation_contact,
            calendar_id: self.calendar_id,
            created_at: self.created_at,
        })
    }
}

/// Teams, by what follows `FROM`.
macro_rules! teams {
    ($where:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            SELECT id AS "id: TeamId", display_name, members AS "members: Json<Vec<Member>>", escalation_contact,
                   calendar_id AS "calendar_id: CalendarId", created_at AS "created_at: Timestamp", revision, head_hash, head_at AS "head_at: Timestamp"
            FROM handoff.team
            "# + $where,
            $($argument),+
        )
    };
}

/// A team.
pub(crate) async fn get(store: impl PgExecutor<'_>, id: &TeamId) -> Result<Option<Team>> {
    teams!("WHERE id = $1", id.as_str()).fetch_optional(store).await?.map(Row::into_team).transpose()
}

/// A team, its row locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &TeamId) -> Result<Option<Team>> {
    teams!("WHERE id = $1 FOR NO KEY UPDATE", id.as_str())
        .fetch_optional(tx.connection())
        .await?
        .map(Row::into_team)
        .transpose()
}

/// Every team.
pub(crate) async fn all(store: impl PgExecutor<'_>) -> Result<Vec<Team>> {
    teams!("WHERE id > $1 ORDER BY id", "").fetch_all(store).await?.into_iter().map(Row::into_team).collect()
}

/// Locks the rows of these teams until the transaction ends, in one order for all.
pub(crate) async fn lock_many(tx: &mut Tx, ids: &[TeamId]) -> Result<()> {
    sqlx::query!("SELECT id FROM handoff.team WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", ids as &[TeamId])
        .fetch_all(tx.connection())
        .await?;
    Ok(())
}

/// Teams by id, after one.
pub(crate) async fn list(store: impl PgExecutor<'_>, after: &str, limit: i64) -> Result<Vec<Team>> {
    teams!("WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
        .fetch_all(store)
        .await?
        .into_iter()
        .map(Row::into_team)
        .collect()
}

/// Which of these teams are there.
pub(crate) async fn present(tx: &mut Tx, ids: &[TeamId]) -> Result<Vec<TeamId>> {
    Ok(sqlx::query_scalar!(r#"SELECT id AS "id: TeamId" FROM handoff.team WHERE id = ANY ($1)"#, ids as &[TeamId])
        .fetch_all(tx.connection())
        .await?)
}

/// New teams' rows. Whether an id is taken was asked before; one taken since then is Busy.
pub(crate) async fn insert(tx: &mut Tx, teams: &[&Team]) -> Result<()> {
    let members: Vec<_> =
        teams.iter().map(|team| serde_json::to_value(&team.members)).collect::<Result<_, _>>().map_err(Error::fault)?;
    sqlx::query!(
        "INSERT INTO handoff.team (id, display_name, members, escalation_contact, created_at, revision, head_hash, head_at,
                                   calendar_id)
         SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::timestamptz[], $6::bigint[], $7::bytea[],
                              $8::timestamptz[], $9::text[])",
        &teams.iter().map(|team| team.id.to_string()).collect::<Vec<_>>(),
        &teams.iter().map(|team| team.display_name.clone()).collect::<Vec<_>>(),
        &members,
        &teams.iter().map(|team| team.escalation_contact.clone()).collect::<Vec<_>>() as &[Option<String>],
        &teams.iter().map(|team| team.created_at).collect::<Vec<_>>() as &[Timestamp],
        &teams.iter().map(|team| team.head.revision).collect::<Vec<_>>(),
        &teams.iter().map(|team| team.head.hash.to_vec()).collect::<Vec<_>>(),
        &teams.iter().map(|team| team.head.at).collect::<Vec<_>>() as &[Timestamp],
        &teams.iter().map(|team| team.calendar_id.clone()).collect::<Vec<_>>() as &[Option<CalendarId>],
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match constraint(&error) {
        // Another transaction made it: run again, it is found.
        Some("team_pkey") => Error::Busy(error.into()),
        _ => Error::from(error),
    })?;
    Ok(())
}

/// Teams' rows as they now are.
pub(crate) async fn save(tx: &mut Tx, teams: &[&Team]) -> Result<()> {
    let members: Vec<_> =
        teams.iter().map(|team| serde_json::to_value(&team.members)).collect::<Result<_, _>>().map_err(Error::fault)?;
    sqlx::query!(
        "UPDATE handoff.team t
         SET display_name = n.display_name, members = n.members, escalation_contact = n.escalation_contact,
             calendar_id = n.calendar_id, revision = n.revision, head_hash = n.head_hash, head_at = n.head_at
         FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::text[], $6::bigint[], $7::bytea[],
                     $8::timestamptz[])
              AS n (id, display_name, members, escalation_contact, calendar_id, revision, head_hash, head_at)
         WHERE t.id = n.id",
        &teams.iter().map(|team| team.id.to_string()).collect::<Vec<_>>(),
        &teams.iter().map(|team| team.display_name.clone()).collect::<Vec<_>>(),
        &members,
        &teams.iter().map(|team| team.escalation_contact.clone()).collect::<Vec<_>>() as &[Option<String>],
        &teams.iter().map(|team| team.calendar_id.clone()).collect::<Vec<_>>() as &[Option<CalendarId>],
        &teams.iter().map(|team| team.head.revision).collect::<Vec<_>>(),
        &teams.iter().map(|team| team.head.hash.to_vec()).collect::<Vec<_>>(),
        &teams.iter().map(|team| team.head.at).collect::<Vec<_>>() as &[Timestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
