//! A draft moves to a newer version of its template.

use std::sync::Arc;

use criteria::{Criteria, Evaluation, Migration, migrate};
use kernel::Timestamp;

use super::{Fact, Handoff};
use crate::domain::{Acting, Command, Happened, Pin, Refused, Side, State};

/// The version to move to.
#[derive(Clone, Debug)]
pub struct MigrateTo {
    /// What was looked up for this version; the move is refused where the draft has another by now.
    pub from: Pin,
    /// The version.
    pub pin: Pin,
    /// Its content, made ready.
    pub criteria: Arc<Criteria>,
}

/// What a move does, or would do.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The version before.
    pub from: Pin,
    /// The version after.
    pub to: Pin,
    /// What becomes of the answers and ticks.
    pub migration: Migration,
    /// What the criteria of the new version say of those that go on.
    pub evaluation: Evaluation,
}

impl Handoff {
    /// What a move would do. Nothing changes.
    pub fn preview_migration(&self, to: &MigrateTo, first_time_pair: bool) -> Result<Migrated, Refused> {
        self.must_be_in(&[State::Draft], Command::MigrateDraft)?;
        // Moved meanwhile to where this one goes, it is there already.
        if self.template != to.from && self.template != to.pin {
            return Err(Refused::MigrationMoved);
        }
        if self.template.template_id != to.pin.template_id || to.pin.template_id.is_none() {
            return Err(Refused::NothingToMigrate);
        }
        if to.pin.version < self.template.version {
            return Err(Refused::NotNewer { current: self.template.version, given: to.pin.version });
        }
        let migration = migrate(self.criteria.content(), to.criteria.content(), &self.submission);
        let mut after = self.clone();
        after.criteria = to.criteria.clone();
        after.submission = migration.submission.clone();
        let evaluation = after.evaluate(first_time_pair);
        Ok(Migrated { from: self.template.clone(), to: to.pin.clone(), migration, evaluation })
    }

    /// Upstream moves its draft. Answers that the new version cannot hold are archived with the handoff. A draft that is at the
    /// version already stays as it is.
    pub fn migrate(&mut self, by: Acting<'_>, to: &MigrateTo, now: Timestamp) -> Result<(Happened, Migrated), Refused> {
        let mandate = self.mandate(Side::Upstream, by)?;
        let migrated = self.preview_migration(to, false)?;
        if migrated.from == migrated.to {
            return Ok((Happened::nothing(), migrated));
        }
        let fact = Fact::Migrated {
            from: migrated.from.clone(),
            to: migrated.to.clone(),
            submission: migrated.migration.submission.clone(),
            archived: migrated.migration.archived.clone(),
            flagged: migrated.migration.flagged.iter().map(|flag| flag.key.clone()).collect(),
        };
        let mut after = self.clone();
        after.criteria = to.criteria.clone();
        let happened = after.happen(vec![fact], mandate, now)?;
        *self = after;
        Ok((happened, migrated))
    }
}
