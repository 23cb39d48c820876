//! Teams and routes, as the handoff service last described them.

use std::collections::BTreeMap;

use chassis::Tx;
use kernel::Result;

use crate::domain::{RouteId, Team, TeamId};

/// Keeps a team.
pub(crate) async fn save_team(tx: &mut Tx, team: &Team) -> Result<()> {
    sqlx::query!(
        "INSERT INTO notifier.team (id, leads) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET leads = excluded.leads",
        team.id.as_str(),
        &team.leads,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps which teams a route joins.
pub(crate) async fn save_route(tx: &mut Tx, id: &RouteId, from_team: &TeamId, to_team: &TeamId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO notifier.route (id, from_team, to_team) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET from_team = excluded.from_team, to_team = excluded.to_team",
        id.as_str(),
        from_team.as_str(),
        to_team.as_str(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Who leads these teams.
pub(crate) async fn leads(tx: &mut Tx, teams: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let rows = sqlx::query!("SELECT id, leads FROM notifier.team WHERE id = ANY ($1)", teams);
    Ok(rows.fetch_all(tx.connection()).await?.into_iter().map(|row| (row.id, row.leads)).collect())
}

/// The teams that a route joins: the one that hands over, and the one that receives.
pub(crate) async fn teams_of(tx: &mut Tx, route: &RouteId) -> Result<Option<(TeamId, TeamId)>> {
    let row = sqlx::query!(
        r#"SELECT from_team AS "from_team: TeamId", to_team AS "to_team: TeamId" FROM notifier.route WHERE id = $1"#,
        route.as_str()
    );
    Ok(row.fetch_optional(tx.connection()).await?.map(|row| (row.from_team, row.to_team)))
}
