//! What is done to teams.

use chassis::Tx;
use kernel::{Actor, Result};

use crate::{
    domain::{
        Expected, Refused, Team, TeamId,
        team::{Create, Edit},
    },
    store,
};

/// A new team.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, create: Create) -> Result<Team> {
    let (mut team, facts) = Team::create(by, create, tx.now())?;
    if !store::team::present(tx, std::slice::from_ref(&team.id)).await?.is_empty() {
        return Err(Refused::TeamExists(team.id).into());
    }
    tx.emit(&mut team, by, &facts)?;
    store::team::insert(tx, &[&team]).await?;
    Ok(team)
}

/// A team changed.
pub(crate) async fn update(tx: &mut Tx, by: &Actor, id: &TeamId, expected: Expected, edits: Vec<Edit>) -> Result<Team> {
    let unknown = || Refused::NotFound { kind: "team", id: id.to_string() };
    let mut team = store::team::lock(tx, id).await?.ok_or_else(unknown)?;
    expected.must_match(team.head.revision)?;
    let facts = team.update(by, edits)?;
    if !facts.is_empty() {
        tx.emit(&mut team, by, &facts)?;
        store::team::save(tx, &[&team]).await?;
    }
    Ok(team)
}
