//! SQL of the schema `handoff`: rows in, domain values out.

pub(crate) mod clock;
pub(crate) mod handoff;
pub(crate) mod list;
pub(crate) mod route;
pub(crate) mod team;
pub(crate) mod template;
pub(crate) mod workflow;

use kernel::{Actor, Error, Head, Result, Timestamp};

use crate::domain::TeamId;

/// Who looks: the arguments of the one predicate of every read, `handoff.visible_to`.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    sees_all: bool,
    teams: Vec<String>,
}

impl Viewer {
    pub(crate) fn of(actor: &Actor) -> Self {
        Self {
            sees_all: actor.is_admin() || *actor == Actor::System,
            teams: actor.teams().map(ToString::to_string).collect(),
        }
    }
}

impl Viewer {
    /// The same predicate for a line that has been read: what `handoff.visible_to` says.
    pub(crate) fn sees(&self, line: &list::Line) -> bool {
        let is_in = |team: &TeamId| self.teams.iter().any(|own| own == team.as_str());
        !line.confidential || self.sees_all || is_in(&line.from_team) || is_in(&line.to_team)
    }
}

/// The end of a history from its columns.
fn head(revision: i64, hash: &[u8], at: Timestamp) -> Result<Head> {
    Head::from_row(revision, hash, at).ok_or_else(|| broken("head_hash"))
}

/// A column that does not hold what the schema's own checks promise.
fn broken(column: &'static str) -> Error {
    Error::fault(format!("the column {column} does not hold what it must"))
}

/// The constraint that a statement ran into.
fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|error| error.constraint())
}
