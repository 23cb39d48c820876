//! Terms: what binds both sides of a route. They are versioned; a handoff keeps those that it was created under.

use kernel::{Actor, Timestamp};

use super::{Fact, Route};
use crate::domain::{
    Refused, TemplateId,
    limits::{RETURN_WINDOW_DEFAULT_SECONDS, RETURN_WINDOW_MAX_SECONDS},
    refused::violation,
};

/// What binds both sides of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// 1, 2, 3, ... for each route.
    pub version: i32,
    /// The template that judges a handoff; none: no criteria.
    pub template: Option<TemplateChoice>,
    /// Whether downstream restates what was handed over when it accepts.
    pub read_back: ReadBack,
    /// How long after completion the work can still be returned or reopened.
    pub return_window_seconds: i64,
    /// Who set them.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

/// The template that terms name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateChoice {
    /// The template.
    pub id: TemplateId,
    /// Its version; none: the latest published one at the creation of each handoff.
    pub version: Option<i32>,
}

named! {
    /// Whether acceptance needs a read-back.
    pub enum ReadBack {
        /// Not needed.
        None = "NONE",
        /// Required.
        Required = "REQUIRED",
    }
}

/// New terms.
#[derive(Clone, Debug)]
pub struct SetTerms {
    /// The template; none for no criteria.
    pub template: Option<TemplateChoice>,
    /// Whether acceptance needs a read-back.
    pub read_back: ReadBack,
    /// The return window; 14 days where it is not given.
    pub return_window_seconds: Option<i64>,
}

/// The part of the terms that a handoff keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTerms {
    /// Their version; 0 where the route had none.
    pub version: i32,
    /// When an attempt needs a review: CEL.
    pub review_rule: String,
    /// Whether acceptance needs a read-back.
    pub read_back: ReadBack,
    /// How long after completion the work can still be returned or reopened.
    pub return_window_seconds: i64,
}

impl KeptTerms {
    /// Where the route had none: no read-back, 14 days to return.
    pub fn none() -> Self {
        Self { version: 0, review_rule: "attempt >= 3".to_owned(), read_back: ReadBack::None, return_window_seconds: RETURN_WINDOW_DEFAULT_SECONDS }
    }
}

impl Route {
    /// An administrator sets the terms. Equal terms change nothing. Whether the template is there is for the caller to
    /// find out.
    pub fn set_terms(&mut self, by: &Actor, set: SetTerms, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        if !by.is_admin() {
            return Err(Refused::AdminOnly("set terms"));
        }
        self.must_not_be_retired()?;
        let return_window_seconds = set.return_window_seconds.unwrap_or(RETURN_WINDOW_DEFAULT_SECONDS);
        if !(0..=RETURN_WINDOW_MAX_SECONDS).contains(&return_window_seconds) {
            return Err(Refused::Invalid(vec![violation("return_window", "from 0 to 366 days")]));
        }
        let after = Terms {
            version: self.terms.as_ref().map_or(0, |terms| terms.version) + 1,
            template: set.template,
            read_back: set.read_back,
            return_window_seconds,
            set_by: by.name().to_owned(),
            set_at: self.head.date(now),
        };
        if self.terms.as_ref().is_some_and(|before| before.bind_as(&after)) {
            return Ok(vec![]);
        }
        self.terms = Some(after);
        Ok(vec![Fact::TermsSet])
    }

    /// What a handoff keeps that is created now.
    pub fn kept_terms(&self) -> KeptTerms {
        self.terms.as_ref().map_or_else(KeptTerms::none, |terms| KeptTerms {
            version: terms.version,
            review_rule: "attempt >= 3".to_owned(),
            read_back: terms.read_back,
            return_window_seconds: terms.return_window_seconds,
        })
    }
}

impl Terms {
    fn bind_as(&self, other: &Self) -> bool {
        (&self.template, self.read_back, self.return_window_seconds)
            == (&other.template, other.read_back, other.return_window_seconds)
    }
}
