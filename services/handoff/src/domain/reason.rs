//! Why downstream rejects or returns.

use criteria::Criteria;
use kernel::Violation;
use serde::{Deserialize, Serialize};

use super::refused::violation;

/// One reason of a rejection or a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// A criterion of the frozen version is not met, whatever the evaluation said.
    Criterion {
        /// The criterion's key.
        key: String,
        /// More on it.
        text: Option<String>,
    },
    /// Something is missing that no criterion names.
    Incomplete {
        /// What.
        text: String,
    },
    /// Another team should have it.
    WrongTeam {
        /// More on it.
        text: Option<String>,
    },
    /// It is here already.
    Duplicate {
        /// More on it.
        text: Option<String>,
    },
    /// Something else.
    Other {
        /// What.
        text: String,
    },
    /// An imported record gave none. Never accepted from a caller.
    Unknown,
}

impl Reason {
    /// The reason of an imported event.
    pub(super) fn historic(text: Option<&str>) -> Vec<Self> {
        vec![text.map_or(Self::Unknown, |text| Self::Other { text: text.to_owned() })]
    }

    /// The criterion that it cites.
    pub fn criterion(&self) -> Option<&str> {
        match self {
            Self::Criterion { key, .. } => Some(key),
            _ => None,
        }
    }

    /// What it says in words.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Incomplete { text } | Self::Other { text } => Some(text),
            Self::Criterion { text, .. } | Self::WrongTeam { text } | Self::Duplicate { text } => text.as_deref(),
            Self::Unknown => None,
        }
    }
}

/// All that is wrong with the reasons of a live rejection or return: there is one, each cited criterion exists in the
/// pinned version, and each says what it has to say.
pub(super) fn flaws(reasons: &[Reason], criteria: &Criteria) -> Vec<Violation> {
    if reasons.is_empty() {
        return vec![violation("reasons", "give at least one reason")];
    }
    let flaw = |(index, reason): (usize, &Reason)| match reason {
        Reason::Criterion { key, .. } if !criteria.has(key) => Some(violation(
            format!("reasons[{index}].criterion"),
            format!("the pinned template version has no criterion `{key}`; cite one that it has, or say INCOMPLETE"),
        )),
        Reason::Incomplete { text } | Reason::Other { text } if text.trim().is_empty() => {
            Some(violation(format!("reasons[{index}].text"), "say what"))
        }
        Reason::Unknown => {
            Some(violation(format!("reasons[{index}].kind"), "UNKNOWN is for imported history; give the reason"))
        }
        _ => None,
    };
    reasons.iter().enumerate().filter_map(flaw).collect()
}
