//! Calendars made and changed.

use calendar::Spec;
use chassis::{Tx, consumer};
use kernel::{Actor, Result};

use crate::{
    consumers::HANDOFF,
    domain::{CalendarId, Refused, TeamId, calendar::Kept},
    store,
};

/// What a calendar is to be.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) id: CalendarId,
    pub(crate) display_name: Option<String>,
    pub(crate) owner_team: Option<TeamId>,
    pub(crate) spec: Spec,
    pub(crate) expected: Option<i32>,
}

/// A new calendar.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, new: Write) -> Result<Kept> {
    let mut calendar = Kept::create(by, new.id, new.display_name, new.owner_team, new.spec, tx.now())?;
    tx.emit(&mut calendar, by, &[()])?;
    store::calendar::insert(tx, &calendar).await?;
    Ok(calendar)
}

/// The next version of a calendar, in force after all that was heard; tells whether there is one.
pub(crate) async fn update(tx: &mut Tx, by: &Actor, change: Write) -> Result<(Kept, bool)> {
    let in_force_since = consumer::after_all_heard(tx, HANDOFF).await?;
    let found = store::calendar::lock(tx, &change.id).await?;
    let mut calendar = found.ok_or_else(|| Refused::CalendarNotFound(change.id.clone()))?;
    let changed = calendar.update(by, change.display_name, change.spec, change.expected, in_force_since)?;
    if changed {
        tx.emit(&mut calendar, by, &[()])?;
        store::calendar::update(tx, &calendar).await?;
    }
    Ok((calendar, changed))
}
