//! What is done to calendars, policies and clocks, one decision each.

pub(crate) mod calendar;
pub(crate) mod clock;
pub(crate) mod fire;
pub(crate) mod hear;
pub(crate) mod policy;

use chassis::Tx;
use kernel::{Actor, Result};

use crate::{
    domain::{Course, Said},
    store::course::Changed,
};

/// Says what happened to the clocks of a course, and notes which of them changed.
fn say(tx: &mut Tx, by: &Actor, course: &mut Course, said: &[Said], changed: &mut Changed) -> Result<()> {
    for one in said {
        changed.clocks.insert(one.view.clock.id);
        match one.historic {
            Some(at) => tx.emit_historic(course, by.name(), at, one)?,
            None => tx.emit(course, by, std::slice::from_ref(one))?,
        }
    }
    Ok(())
}
