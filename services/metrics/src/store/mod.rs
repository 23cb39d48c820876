//! SQL of the schema `metrics`: rows in, domain values out.

pub(crate) mod book;
pub(crate) mod handoff;
pub(crate) mod improvement;
pub(crate) mod map;
pub(crate) mod rebuild;
pub(crate) mod report;
pub(crate) mod suggestion;
pub(crate) mod sums;
pub(crate) mod survey;
pub(crate) mod thread;

use chassis::Tx;
use kernel::{Actor, Error, Result};

/// A generation of rows: the one in use, or one that a rebuild makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(pub(crate) i64);

impl Generation {
    /// The one in use. Whoever writes to any generation enters here first and is alone until the transaction ends.
    pub(crate) async fn enter(tx: &mut Tx) -> Result<Self> {
        let current = sqlx::query_scalar!("SELECT current FROM metrics.generation FOR UPDATE");
        Ok(Self(current.fetch_one(tx.connection()).await?))
    }
}

/// Who looks: what is confidential is named to its teams and to ADMIN alone.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    sees_all: bool,
    teams: Vec<String>,
}

impl Viewer {
    pub(crate) fn of(actor: &Actor) -> Self {
        let teams = actor.teams().map(ToString::to_string).collect();
        Self { sees_all: actor.is_admin() || *actor == Actor::System, teams }
    }

    pub(crate) fn sees(&self, confidential: bool, teams: [&str; 2]) -> bool {
        !confidential || self.sees_all || self.teams.iter().any(|own| teams.contains(&own.as_str()))
    }
}

/// A column that does not hold what it must.
fn broken(column: &'static str) -> Error {
    Error::fault(format!("the column {column} does not hold what it must"))
}

fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(Error::fault)
}

fn decode<T: serde::de::DeserializeOwned>(column: &'static str, bytes: &[u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|_| broken(column))
}
