//! A small duty as the command line takes it: `TEXT; due=TIME; owner=NAME; side=SIDE`.

use api::{
    handoff::v1::{Condition, NewAction},
    r#type::v1::Side,
};

use crate::{
    session::Session,
    words::{When, Word as _},
};

/// What somebody is to do.
#[derive(Debug, Clone)]
pub(crate) struct Owed {
    text: String,
    due: When,
    owner: String,
    side: Side,
}

impl Owed {
    /// Reads what upstream still owes: `TEXT; due=TIME; owner=NAME`. The text may hold semicolons of its own.
    pub(crate) fn parse_condition(text: &str) -> Result<Self, String> {
        Self::parse(text, Some(Side::Upstream))
    }

    /// Reads what a side is to do: `TEXT; side=SIDE; due=TIME; owner=NAME`.
    pub(crate) fn parse_action(text: &str) -> Result<Self, String> {
        Self::parse(text, None)
    }

    fn parse(text: &str, known_side: Option<Side>) -> Result<Self, String> {
        let mut words = vec![];
        let (mut due, mut owner, mut side) = (None, String::new(), known_side);
        for part in text.split(';') {
            match part.trim().split_once('=') {
                Some(("due", time)) => due = Some(When::parse(time)?),
                Some(("owner", name)) => name.clone_into(&mut owner),
                Some(("side", name)) if known_side.is_none() => side = Some(Side::parse(name)?),
                _ => words.push(part),
            }
        }
        let text = words.join(";").trim().to_owned();
        match (text.is_empty(), due, side) {
            (false, Some(due), Some(side)) => Ok(Self { text, due, owner, side }),
            _ if known_side.is_some() => Err("write what and by when: \"send the list; due=+2d\"".to_owned()),
            _ => Err("write what, which side and by when: \"send the list; side=upstream; due=+2d\"".to_owned()),
        }
    }

    /// As a condition of acceptance; its due time is said back.
    pub(crate) fn into_condition(self, session: &Session) -> Condition {
        let due_at = Some(session.instant(&format!("{:?} due", self.text), self.due));
        Condition { text: self.text, due_at, owner: self.owner }
    }

    /// As an action; its due time is said back.
    pub(crate) fn into_action(self, session: &Session) -> NewAction {
        let due_at = Some(session.instant(&format!("{:?} due", self.text), self.due));
        NewAction { text: self.text, side: self.side.into(), owner: self.owner, due_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::parse_time;

    #[test]
    fn a_condition_has_a_text_a_due_time_and_perhaps_an_owner() {
        let owed = Owed::parse_condition("send the list; with prices; due=2026-12-01T09:00:00Z; owner=anna").unwrap();
        assert_eq!(owed.text, "send the list; with prices");
        assert_eq!(Some(owed.due), parse_time("2026-12-01T09:00:00Z").ok().map(When::At));
        assert_eq!((owed.owner.as_str(), owed.side), ("anna", Side::Upstream));
    }

    #[test]
    fn a_condition_without_text_or_due_time_is_refused() {
        assert!(Owed::parse_condition("send the list").is_err());
        assert!(Owed::parse_condition("due=2026-12-01").is_err());
        assert!(Owed::parse_condition("send the list; due=soon").is_err());
    }

    #[test]
    fn an_action_says_which_side_it_is_for() {
        let owed = Owed::parse_action("send the list; side=downstream; due=+2d").unwrap();
        assert_eq!(
            (owed.text.as_str(), owed.due, owed.side),
            ("send the list", When::After(172_800), Side::Downstream)
        );
        assert!(Owed::parse_action("send the list; due=+2d").is_err());
        assert!(Owed::parse_action("send the list; side=both; due=+2d").is_err());
    }
}
