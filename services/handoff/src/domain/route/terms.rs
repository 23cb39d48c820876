//! Terms: what binds both sides of a route. They are versioned; a handoff keeps those that it was created under.

use kernel::{Actor, Timestamp};

use super::{Fact, Proposal, Route};
use crate::domain::{
    Refused, TemplateId,
    limits::{RETURN_WINDOW_DEFAULT_SECONDS, RETURN_WINDOW_MAX_SECONDS},
    refused::violation,
};

/// When an attempt needs a review, where nobody said so.
pub const REVIEW_RULE_DEFAULT: &str = "attempt >= 3";

kernel::slug_id! {
    /// An SLA policy's id. The policy itself is another service's.
    PolicyId
}

/// What binds both sides of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// 1, 2, 3, ... for each route.
    pub version: i32,
    /// The template that judges a handoff; none: no criteria.
    pub template: Option<TemplateChoice>,
    /// The policy that measures a handoff; none: nothing does.
    pub sla_policy_id: Option<PolicyId>,
    /// When an attempt needs a review: CEL.
    pub review_rule: String,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateChoice {
    /// The template.
    pub id: TemplateId,
    /// Its version; none: the latest published one at the creation of each handoff.
    pub version: Option<i32>,
}

kernel::named! {
    /// Whether acceptance needs a read-back.
    pub enum ReadBack {
        /// Not needed.
        None = "NONE",
        /// Required.
        Required = "REQUIRED",
    }
}

/// New terms, whole. The default has no template and no policy, no read-back, the usual review rule and 14 days to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetTerms {
    /// The template; none for no criteria.
    pub template: Option<TemplateChoice>,
    /// The policy; none where nothing measures a handoff.
    pub sla_policy_id: Option<PolicyId>,
    /// When an attempt needs a review: CEL that compiles.
    pub review_rule: String,
    /// Whether acceptance needs a read-back.
    pub read_back: ReadBack,
    /// The return window.
    pub return_window_seconds: i64,
}

impl Default for SetTerms {
    fn default() -> Self {
        Self {
            template: None,
            sla_policy_id: None,
            review_rule: REVIEW_RULE_DEFAULT.to_owned(),
            read_back: ReadBack::None,
            return_window_seconds: RETURN_WINDOW_DEFAULT_SECONDS,
        }
    }
}

/// The part of the terms that a handoff keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTerms {
    /// Their version; 0 where the route had none.
    pub version: i32,
    /// The policy that measures it; none: nothing does.
    pub sla_policy_id: Option<PolicyId>,
    /// When an attempt needs a review: CEL.
    pub review_rule: String,
    /// Whether acceptance needs a read-back.
    pub read_back: ReadBack,
    /// How long after completion the work can still be returned or reopened.
    pub return_window_seconds: i64,
}

impl KeptTerms {
    /// Where the route had none: as the default of new terms.
    pub fn none() -> Self {
        Self::of(0, SetTerms::default())
    }

    fn of(version: i32, terms: SetTerms) -> Self {
        let SetTerms { template: _, sla_policy_id, review_rule, read_back, return_window_seconds } = terms;
        Self { version, sla_policy_id, review_rule, read_back, return_window_seconds }
    }
}

impl Route {
    /// An administrator sets the terms; an open proposal lapses. Equal terms change nothing. Whether the template is there and
    /// the review rule compiles is for the caller to find out.
    pub fn set_terms(&mut self, by: &Actor, set: SetTerms, now: Timestamp) -> Result<Vec<Fact>, Refused> {
        if !by.is_admin() {
            return Err(Refused::AdminOnly("set terms"));
        }
        self.must_not_be_retired()?;
        set.must_be_within_bounds()?;
        if self.terms_in_force().as_ref() == Some(&set) {
            return Ok(vec![]);
        }
        self.put_in_force(by, set, now);
        let lapsed = self.lapse_proposal(by, now);
        Ok(vec![Fact::TermsSet { lapsed }])
    }

    /// What a handoff keeps that is created now.
    pub fn kept_terms(&self) -> KeptTerms {
        self.terms.as_ref().map_or_else(KeptTerms::none, |terms| KeptTerms::of(terms.version, terms.said()))
    }

    /// What the terms in force say; none where none were ever set.
    pub fn terms_in_force(&self) -> Option<SetTerms> {
        self.terms.as_ref().map(Terms::said)
    }

    pub(super) fn put_in_force(&mut self, by: &Actor, set: SetTerms, now: Timestamp) {
        let SetTerms { template, sla_policy_id, review_rule, read_back, return_window_seconds } = set;
        self.terms = Some(Terms {
            version: self.terms.as_ref().map_or(0, |terms| terms.version) + 1,
            template,
            sla_policy_id,
            review_rule,
            read_back,
            return_window_seconds,
            set_by: by.name().to_owned(),
            set_at: self.head.date(now),
        });
    }

    /// The open proposal, if there is one.
    pub fn open_proposal(&self) -> Option<&Proposal> {
        self.proposal.as_ref().filter(|proposal| proposal.is_open())
    }
}

impl Terms {
    /// What they say, without when and by whom.
    pub fn said(&self) -> SetTerms {
        SetTerms {
            template: self.template.clone(),
            sla_policy_id: self.sla_policy_id.clone(),
            review_rule: self.review_rule.clone(),
            read_back: self.read_back,
            return_window_seconds: self.return_window_seconds,
        }
    }
}

impl SetTerms {
    pub(super) fn must_be_within_bounds(&self) -> Result<(), Refused> {
        if (0..=RETURN_WINDOW_MAX_SECONDS).contains(&self.return_window_seconds) {
            return Ok(());
        }
        Err(Refused::Invalid(vec![violation("return_window", "from 0 to 366 days")]))
    }
}
