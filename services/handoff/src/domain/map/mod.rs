//! The map: every team, route and workflow as one whole; what is wrong with it, and what an import makes of it.

mod change;
mod check;
mod circle;
mod import;
mod mermaid;

use std::collections::{BTreeMap, BTreeSet};

use kernel::Actor;
use serde::{Deserialize, Serialize};

use super::{
    Refused, Route, RouteId, Team, TeamId, Workflow, WorkflowId,
    route::{Status, TemplateChoice},
};
pub(crate) use change::span;
pub use change::{Change, FieldChange};
pub use check::{Code, Finding, Severity, check};
pub use import::{Document, Plan, Planned, RouteEntry, TeamEntry, Untouched, WorkflowEntry, plan, told};
pub use mermaid::flowchart;

/// Every team, route and workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// The teams by id.
    pub teams: BTreeMap<TeamId, Team>,
    /// The routes by id.
    pub routes: BTreeMap<RouteId, Route>,
    /// The workflows by id.
    pub workflows: BTreeMap<WorkflowId, Workflow>,
}

/// A team, a route or a workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A team.
    Team(TeamId),
    /// A route.
    Route(RouteId),
    /// A workflow.
    Workflow(WorkflowId),
}

/// How a template that terms name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateState {
    /// A new handoff can be judged by it.
    Usable,
    /// That version is retired.
    Retired,
    /// There is no such published version, or none at all.
    Absent,
    /// It needs this criteria level, which this service does not have.
    TooNew(u32),
    /// The template service did not answer.
    Unknown,
}

/// The templates that terms name, as they were found.
pub type Templates = BTreeMap<TemplateChoice, TemplateState>;

impl Map {
    /// From what is stored.
    pub fn new(teams: Vec<Team>, routes: Vec<Route>, workflows: Vec<Workflow>) -> Self {
        Self {
            teams: teams.into_iter().map(|team| (team.id.clone(), team)).collect(),
            routes: routes.into_iter().map(|route| (route.id.clone(), route)).collect(),
            workflows: workflows.into_iter().map(|workflow| (workflow.id.clone(), workflow)).collect(),
        }
    }

    /// What a team has to do with: its routes, the teams at both their ends, and the workflows over these routes alone.
    #[must_use]
    pub fn around(mut self, team: &TeamId) -> Self {
        self.routes.retain(|_, route| route.from_team == *team || route.to_team == *team);
        let ends: BTreeSet<_> = self.routes.values().flat_map(|route| [&route.from_team, &route.to_team]).collect();
        self.teams.retain(|id, _| id == team || ends.contains(id));
        self.workflows.retain(|_, workflow| workflow.routes.iter().all(|route| self.routes.contains_key(route)));
        self
    }

    /// The routes that take new handoffs.
    fn routes_in_use(&self) -> impl Iterator<Item = &Route> {
        self.routes.values().filter(|route| route.status != Status::Retired)
    }

    /// Every template that the terms of a route in use name, once.
    pub fn templates_in_use(&self) -> BTreeSet<TemplateChoice> {
        self.routes_in_use().filter_map(|route| route.terms.as_ref()?.template.clone()).collect()
    }
}

/// Refuses whoever may not bring a map in.
pub fn must_be_admin(by: &Actor) -> Result<(), Refused> {
    if by.is_admin() { Ok(()) } else { Err(Refused::AdminOnly("import the map")) }
}
