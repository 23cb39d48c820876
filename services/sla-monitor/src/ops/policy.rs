//! Policies made and changed.

use chassis::{Tx, consumer};
use kernel::{Actor, Result};

use crate::{
    consumers::HANDOFF,
    domain::{
        PolicyId, Refused,
        policy::{Kept, Target},
    },
    store,
};

/// What a policy is to be.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) id: PolicyId,
    pub(crate) display_name: Option<String>,
    pub(crate) targets: Vec<Target>,
    pub(crate) expected: Option<i32>,
}

/// A new policy.
pub(crate) async fn create(tx: &mut Tx, by: &Actor, new: Write) -> Result<Kept> {
    let known = store::policy::known_calendars(tx, &new.targets).await?;
    let mut policy = Kept::create(by, new.id, new.display_name, new.targets, &known, tx.now())?;
    tx.emit(&mut policy, by, &[()])?;
    store::policy::insert(tx, &policy).await?;
    Ok(policy)
}

/// The next version of a policy, in force after all that was heard; tells whether there is one.
pub(crate) async fn update(tx: &mut Tx, by: &Actor, change: Write) -> Result<(Kept, bool)> {
    let in_force_since = consumer::after_all_heard(tx, HANDOFF).await?;
    let known = store::policy::known_calendars(tx, &change.targets).await?;
    let found = store::policy::lock(tx, &change.id).await?;
    let mut policy = found.ok_or_else(|| Refused::PolicyNotFound(change.id.clone()))?;
    let changed = policy.update(by, change.display_name, change.targets, &known, change.expected, in_force_since)?;
    if changed {
        tx.emit(&mut policy, by, &[()])?;
        store::policy::update(tx, &policy).await?;
    }
    Ok((policy, changed))
}
