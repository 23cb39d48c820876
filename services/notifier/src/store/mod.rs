//! SQL of the schema `notifier`: rows in, domain values out.

pub(crate) mod attempt;
pub(crate) mod delivery;
pub(crate) mod map;
pub(crate) mod notification;
pub(crate) mod subscription;

use kernel::{Actor, Error};

/// Who looks at subscriptions and deliveries.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    sees_all: bool,
    is_service: bool,
    name: String,
    teams: Vec<String>,
}

impl Viewer {
    pub(crate) fn of(actor: &Actor) -> Self {
        Self {
            sees_all: actor.is_admin(),
            is_service: actor.is_service(),
            name: actor.name().to_owned(),
            teams: actor.teams().map(ToString::to_string).collect(),
        }
    }

    /// The kind of recipient that the viewer itself is.
    fn own_kind(&self) -> &'static str {
        if self.is_service { "SERVICE" } else { "PERSON" }
    }
}

/// A column that does not hold what it must.
fn broken(column: &'static str) -> Error {
    Error::fault(format!("the column {column} does not hold what it must"))
}
