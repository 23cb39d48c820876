//! A slug: the readable name by which people and systems speak of a team, a route, a template.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// A name of 1 to 63 characters, `[a-z][a-z0-9-]*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
pub struct Slug(String);

/// A text that is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a slug: {0:?}; use 1 to 63 of a-z, 0-9 and '-', beginning with a letter")]
pub struct BadSlug(String);

impl Slug {
    /// The longest slug, in characters.
    pub const MAX_LENGTH: usize = 63;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A slug for a foreign name: lower case, what a slug does not allow becomes `-`, runs of it one `-`, cut to length;
    /// `x-` goes before a name that does not begin with a letter. None where nothing is left.
    pub fn of_foreign(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        if !slug.starts_with(|c: char| c.is_ascii_lowercase()) && !slug.is_empty() {
            slug.insert_str(0, "x-");
        }
        slug.truncate(Self::MAX_LENGTH);
        slug.trim_end_matches('-').parse().ok()
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(BadSlug(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Slug {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slug_is_lower_case_and_begins_with_a_letter() {
        for good in ["a", "sales", "v5-3rd", &"a".repeat(63)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "5th", "Sales", "a_b", "é", &"a".repeat(64), "a b", "-a"] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn foreign_names_become_slugs() {
        let of = |name| Slug::of_foreign(name).map(|slug| slug.to_string());
        assert_eq!(of("V5 3rd Line / EU").as_deref(), Some("v5-3rd-line-eu"));
        assert_eq!(of("2nd level").as_deref(), Some("x-2nd-level"));
        assert_eq!(of("***"), None);
    }

    proptest! {
        #[test]
        fn a_foreign_name_with_a_letter_always_has_a_slug(name in ".*[a-zA-Z0-9].*") {
            prop_assert!(Slug::of_foreign(&name).is_some());
        }
    }
}
