//! Under which version of a template, of terms or of a policy handoffs are.

use api::metrics::v1::{PolicyVersion, TemplateVersion, TermsVersion, Version, version::Kind};
use clap::Args;

use crate::errors::{Error, Result};

/// What a version is of, and how it is written.
const FORM: &str = "template:ID@N, policy:ID@N, terms:ROUTE@N, or terms:N with --route";

/// Only handoffs under one version.
#[derive(Debug, Args)]
#[command(next_help_heading = "About what")]
pub(super) struct Cohort {
    /// Only handoffs under this version of a template
    #[arg(long, value_name = "ID@N", value_parser = parse_pinned, conflicts_with_all = ["terms", "policy"])]
    template: Option<(String, i32)>,
    /// Only handoffs under this version of the terms of --route
    #[arg(long, value_name = "N", requires = "route", conflicts_with = "policy", value_parser = clap::value_parser!(i32).range(1..))]
    terms: Option<i32>,
    /// Only handoffs, and clocks, under this version of an SLA policy
    #[arg(long, value_name = "ID@N", value_parser = parse_pinned)]
    policy: Option<(String, i32)>,
}

/// A version as a person names it: of what, where that was said, and which.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Named {
    /// In full.
    Full(Kind),
    /// Of the terms of a route that is named elsewhere.
    Terms(i32),
    /// Of the same thing as another version.
    Same(i32),
}

impl Cohort {
    /// The version; none for any. The terms are those of `route`.
    pub(super) fn version(&self, route: Option<&str>) -> Option<Version> {
        let kinds = [
            self.template
                .clone()
                .map(|(template_id, version)| Kind::Template(TemplateVersion { template_id, version })),
            self.terms.zip(route).map(|(version, route)| terms(route, version)),
            self.policy.clone().map(|(policy_id, version)| Kind::Policy(PolicyVersion { policy_id, version })),
        ];
        kinds.into_iter().flatten().next().map(|kind| Version { kind: Some(kind) })
    }
}

impl Named {
    /// Reads `template:ID@N`, `policy:ID@N`, `terms:ROUTE@N`, `terms:N` or `N`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no version; write {FORM}");
        if let Some(version) = number(text) {
            return Ok(Self::Same(version));
        }
        let (what, which) = text.split_once(':').ok_or_else(wrong)?;
        if let ("terms", Some(version)) = (what, number(which)) {
            return Ok(Self::Terms(version));
        }
        let (id, version) = parse_pinned(which).map_err(|_| wrong())?;
        Ok(Self::Full(match what {
            "template" => Kind::Template(TemplateVersion { template_id: id, version }),
            "policy" => Kind::Policy(PolicyVersion { policy_id: id, version }),
            "terms" => terms(&id, version),
            _ => return Err(wrong()),
        }))
    }

    /// The version, on this route, beside that other version.
    pub(super) fn version(&self, route: Option<&str>, other: Option<&Version>) -> Result<Version> {
        let kind = match (self, route, other.and_then(|other| other.kind.as_ref())) {
            (Self::Full(kind), ..) => kind.clone(),
            (Self::Terms(version), Some(route), _) => terms(route, *version),
            (Self::Terms(_), None, _) => {
                return Err(Error::usage("terms are those of a route", "name it: --route ROUTE, or terms:ROUTE@N"));
            }
            (Self::Same(version), _, Some(kind)) => at(kind, *version),
            (Self::Same(_), _, None) => {
                return Err(Error::usage("nobody said what it is a version of", format!("write {FORM}")));
            }
        };
        Ok(Version { kind: Some(kind) })
    }
}

/// The same thing at another version.
fn at(kind: &Kind, version: i32) -> Kind {
    match kind.clone() {
        Kind::Template(it) => Kind::Template(TemplateVersion { version, ..it }),
        Kind::Terms(it) => Kind::Terms(TermsVersion { version, ..it }),
        Kind::Policy(it) => Kind::Policy(PolicyVersion { version, ..it }),
    }
}

fn terms(route: &str, version: i32) -> Kind {
    Kind::Terms(TermsVersion { route_id: route.to_owned(), version })
}

fn number(text: &str) -> Option<i32> {
    text.parse().ok().filter(|number| *number > 0)
}

/// Reads `ID@N`.
fn parse_pinned(text: &str) -> Result<(String, i32), String> {
    let pinned = text.rsplit_once('@').filter(|(id, _)| !id.is_empty());
    let pinned = pinned.and_then(|(id, version)| Some((id.to_owned(), number(version)?)));
    pinned.ok_or_else(|| format!("{text:?} is no version; write ID@N, as won-deal@3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(version: i32) -> Kind {
        Kind::Template(TemplateVersion { template_id: "won-deal".to_owned(), version })
    }

    #[test]
    fn a_version_says_what_it_is_of() {
        let full = |kind| Ok(Named::Full(kind));
        assert_eq!(Named::parse("template:won-deal@3"), full(template(3)));
        assert_eq!(Named::parse("terms:sales-to-qa@2"), full(terms("sales-to-qa", 2)));
        assert_eq!(Named::parse("terms:2"), Ok(Named::Terms(2)));
        assert_eq!(Named::parse("4"), Ok(Named::Same(4)));
        for wrong in ["", "0", "won-deal@3", "template:won-deal", "template:@3", "route:r@1", "policy:p@0", "terms:-1"]
        {
            assert!(Named::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bare_number_is_of_the_same_thing() {
        let before = Version { kind: Some(template(3)) };
        assert_eq!(Named::Same(4).version(None, Some(&before)).unwrap().kind, Some(template(4)));
        assert_eq!(Named::Terms(2).version(Some("r"), None).unwrap().kind, Some(terms("r", 2)));
        assert!(Named::Same(4).version(None, None).is_err());
        assert!(Named::Terms(4).version(None, Some(&before)).is_err());
    }
}
