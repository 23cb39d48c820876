//! SQL of the schema `sla`: rows in, domain values out.

pub(crate) mod book;
pub(crate) mod calendar;
pub(crate) mod clock;
pub(crate) mod course;
pub(crate) mod policy;

use kernel::{Actor, Error, Head, Result, Timestamp};

/// Who looks: the arguments of the one predicate of every read of clocks, `sla.visible_to`.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    pub(crate) sees_all: bool,
    pub(crate) teams: Vec<String>,
}

impl Viewer {
    pub(crate) fn of(actor: &Actor) -> Self {
        let teams = actor.teams().map(ToString::to_string).collect();
        Self { sees_all: actor.is_admin() || *actor == Actor::System, teams }
    }

    /// The same predicate for what has been read.
    pub(crate) fn sees(&self, confidential: bool, teams: [&str; 2]) -> bool {
        !confidential || self.sees_all || self.teams.iter().any(|own| teams.contains(&own.as_str()))
    }
}

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
