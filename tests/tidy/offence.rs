//! What breaks a rule, and how all of it is told at once.

use std::fmt;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Offence {
    /// The file, from the root of the project.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What stands there.
    pub(crate) what: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails with every offence, and with what to do about them.
#[track_caller]
pub(crate) fn hold(remedy: &str, offences: impl IntoIterator<Item = Offence>) {
    let mut offences: Vec<_> = offences.into_iter().collect();
    offences.sort();
    offences.dedup();
    let lines: Vec<_> = offences.iter().map(ToString::to_string).collect();
    assert!(offences.is_empty(), "{remedy}\n  {}", lines.join("\n  "));
}

/// Fails unless the offences are on these lines.
#[track_caller]
pub(crate) fn bites(offences: &[Offence], lines: &[usize]) {
    let found: Vec<_> = offences.iter().map(|offence| offence.line).collect();
    assert_eq!(found, lines, "{offences:#?}");
}
