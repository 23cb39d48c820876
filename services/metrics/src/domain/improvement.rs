//! What was decided about a route, when it is to be looked at again, and who may decide.

use kernel::{Actor, Head, Timestamp, Violation};

use super::{Day, Refused, RouteId, TeamId, query::Version, suggestion::SuggestionId};

kernel::uuid_id! {
    /// An improvement.
    ImprovementId
}

kernel::named! {
    /// What was decided.
    pub enum Outcome {
        /// Something was changed.
        Changed = "CHANGED",
        /// All stays as it is.
        Kept = "KEPT",
    }
}

/// A review is planned so many days ahead at most.
const AHEAD_DAYS: i32 = 3_660;

/// A route, as far as improvement cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The end of what this service has said of it.
    pub head: Head,
    /// Which.
    pub id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// Who answers for it; may be empty.
    pub owner: String,
    /// Since when it is to be looked at; none where it is not.
    pub review_due_at: Option<Timestamp>,
}

/// What was decided about a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Improvement {
    /// The end of its history.
    pub head: Head,
    /// Its id.
    pub id: ImprovementId,
    /// The route.
    pub route_id: RouteId,
    /// The team that hands over.
    pub from_team: TeamId,
    /// The team that receives.
    pub to_team: TeamId,
    /// What.
    pub decision: Decision,
    /// Who recorded it.
    pub recorded_by: String,
    /// When.
    pub recorded_at: Timestamp,
    /// When its review came due.
    pub review_due_at: Option<Timestamp>,
    /// Whether a later one has closed its review.
    pub reviewed: bool,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether anything was changed.
    pub outcome: Outcome,
    /// The suggestion that it answers.
    pub suggestion_id: Option<SuggestionId>,
    /// In words.
    pub text: String,
    /// The version that the change is in force with; none for KEPT.
    pub version: Option<Version>,
    /// Who decided.
    pub decided_by: Vec<String>,
    /// When to look at it again; none for never.
    pub review_on: Option<Day>,
}

/// What happened to an improvement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// It was recorded.
    Recorded,
    /// Its effect is to be looked at.
    ReviewDue,
}

impl Improvement {
    /// Records what was decided about a route: a lead of either side does, or an ADMIN.
    pub fn record(
        by: &Actor,
        id: ImprovementId,
        route: &Route,
        decision: Decision,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let is_lead = [&route.from_team, &route.to_team].into_iter().any(|team| by.is_lead_of(team.as_slug()));
        if !is_lead && !by.is_admin() {
            return Err(Refused::LeadOnly { from_team: route.from_team.clone(), to_team: route.to_team.clone() });
        }
        let mut violations = vec![];
        let today = Day::of(now);
        if decision.review_on.is_some_and(|day| day <= today || day > today.plus(AHEAD_DAYS)) {
            let description = format!("must be after today, {}, and within ten years", today.date());
            violations.push(Violation { field: "review_on".into(), description });
        }
        if matches!(&decision.version, Some(Version::Terms(of, _)) if *of != route.id) {
            let description = format!("is of another route than {}", route.id);
            violations.push(Violation { field: "version.terms.route_id".into(), description });
        }
        if !violations.is_empty() {
            return Err(Refused::Invalid(violations));
        }
        Ok(Self {
            head: Head::default(),
            id,
            route_id: route.id.clone(),
            from_team: route.from_team.clone(),
            to_team: route.to_team.clone(),
            decision,
            recorded_by: by.name().to_owned(),
            recorded_at: now,
            review_due_at: None,
            reviewed: false,
        })
    }

    /// The version right before the one that it is in force with; none where there is none.
    pub fn before(&self) -> Option<(Version, Version)> {
        let after = self.decision.version.clone()?;
        let mut before = after.clone();
        let number = match &mut before {
            Version::Template(template) => &mut template.version,
            Version::Terms(_, version) => version,
            Version::Policy(policy) => &mut policy.version,
        };
        *number -= 1;
        (*number > 0).then_some((before, after))
    }
}
