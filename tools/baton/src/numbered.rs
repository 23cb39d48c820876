//! What a handoff holds several of, by its number in it: `q1`, `r1`, `p1`, `a1`.

use api::handoff::v1::{Action, Proposal, Question, Review};

use crate::errors::{Error, Exit, Result};

/// A thing that a handoff holds several of, in an order that never changes.
pub(crate) trait Numbered {
    /// What stands before its number.
    const LETTER: char;
    /// What it is.
    const NOUN: &'static str;

    /// Its id.
    fn id(&self) -> &str;
}

macro_rules! numbered {
    ($($name:ident $letter:literal $noun:literal)*) => {
        $(impl Numbered for $name {
            const LETTER: char = $letter;
            const NOUN: &'static str = $noun;

            fn id(&self) -> &str {
                &self.id
            }
        })*
    };
}

numbered! {
    Action 'a' "action"
    Proposal 'p' "proposal"
    Question 'q' "question"
    Review 'r' "review"
}

/// The things with their names, first to last.
pub(crate) fn named<T: Numbered>(things: &[T]) -> impl Iterator<Item = (String, &T)> {
    things.iter().enumerate().map(|(index, thing)| (format!("{}{}", T::LETTER, index + 1), thing))
}

/// The thing that is meant: by its number (`q2` or `2`), its id, or the beginning of its id where that is unique.
pub(crate) fn find<'a, T: Numbered>(things: &'a [T], name: &str) -> Result<&'a T> {
    let name = name.to_lowercase();
    let is_named = |number: &str| number == name || number[1..] == name;
    if let Some((_, thing)) = named(things).find(|(number, thing)| is_named(number) || thing.id() == name) {
        return Ok(thing);
    }
    let meant: Vec<_> = named(things).filter(|(_, thing)| !name.is_empty() && thing.id().starts_with(&name)).collect();
    match meant.as_slice() {
        [(_, thing)] => Ok(thing),
        [] => Err(Error::Stated {
            exit: Exit::NotFound,
            what: format!("there is no {} {name} in this handoff", T::NOUN),
            remedy: there_are(&named(things).collect::<Vec<_>>()),
        }),
        several => Err(Error::usage(format!("several {}s begin with {name}", T::NOUN), there_are(several))),
    }
}

/// The one that `fits`, where the caller named none.
pub(crate) fn only<'a, T: Numbered>(things: &'a [T], kind: &str, fits: impl Fn(&T) -> bool) -> Result<&'a T> {
    let fitting: Vec<_> = named(things).filter(|(_, thing)| fits(thing)).collect();
    match fitting.as_slice() {
        [(_, thing)] => Ok(thing),
        [] => Err(Error::Stated {
            exit: Exit::Refused,
            what: format!("there is no {} {kind}", T::NOUN),
            remedy: "look with `baton handoff show`".to_owned(),
        }),
        several => Err(Error::usage(format!("there are several {}s {kind}", T::NOUN), there_are(several))),
    }
}

fn there_are<T: Numbered>(things: &[(String, &T)]) -> String {
    match things {
        [] => format!("it has no {}s; look with `baton handoff show`", T::NOUN),
        things => {
            let names: Vec<String> =
                things.iter().map(|(number, thing)| format!("{number} ({})", thing.id())).collect();
            format!("name one of {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions(ids: &[&str]) -> Vec<Question> {
        ids.iter().map(|id| Question { id: (*id).to_owned(), ..Question::default() }).collect()
    }

    fn found(things: &[Question], name: &str) -> Option<String> {
        find(things, name).ok().map(|question| question.id.clone())
    }

    #[test]
    fn a_thing_is_named_by_its_number_or_by_how_its_id_begins() {
        let things = questions(&["01994f7e-aa", "01994f7e-ab", "01994f80-cc"]);
        assert_eq!(found(&things, "q2").as_deref(), Some("01994f7e-ab"));
        assert_eq!(found(&things, "Q3").as_deref(), Some("01994f80-cc"));
        assert_eq!(found(&things, "3").as_deref(), Some("01994f80-cc"));
        assert_eq!(found(&things, "01994f8").as_deref(), Some("01994f80-cc"));
        assert_eq!(found(&things, "01994F7E-AA").as_deref(), Some("01994f7e-aa"));
        for wrong in ["q0", "q4", "r1", "01994f7e", "", "0199", "99"] {
            assert_eq!(found(&things, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_goes_before_one_that_it_begins() {
        let things = questions(&["0199", "01994f7e"]);
        assert_eq!(found(&things, "0199").as_deref(), Some("0199"));
    }

    #[test]
    fn the_only_one_that_fits_needs_no_name() {
        let mut things = questions(&["01", "02"]);
        things[1].blocking = true;
        assert_eq!(only(&things, "that blocks", |it| it.blocking).unwrap().id, "02");
        assert!(only(&things, "that is there", |_| true).is_err());
        assert!(only(&things, "about the contract", |it| it.about == "contract").is_err());
    }
}
