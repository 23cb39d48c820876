//! Records in outside systems: the one that a handoff was made for, and those that it links to.

use std::fmt;

use kernel::Violation;
use serde::{Deserialize, Serialize};

use super::refused::violation;

/// The outside record that a handoff was made for. One record, one handoff.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The system: `crm`.
    pub system: String,
    /// Its key there.
    pub key: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.system, self.key)
    }
}

/// A link to an outside record. System, type and key are unique in a handoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The system: `crm`.
    pub system: String,
    /// The kind of record there: `incident`.
    pub r#type: String,
    /// Its key there.
    pub key: String,
    /// Where a person opens it; may be empty.
    pub url: String,
}

impl Link {
    /// Whether both are of the same record.
    pub fn is_of(&self, other: &Self) -> bool {
        self.record() == other.record()
    }

    fn record(&self) -> (&str, &str, &str) {
        (&self.system, &self.r#type, &self.key)
    }
}

/// Every link that names the same record as one before it.
pub(super) fn doubles(links: &[Link]) -> impl Iterator<Item = Violation> {
    links.iter().enumerate().filter_map(|(index, link)| {
        let first = links[..index].iter().position(|other| other.record() == link.record())?;
        Some(violation(format!("links[{index}]"), format!("names the same record as links[{first}]; leave one out")))
    })
}
