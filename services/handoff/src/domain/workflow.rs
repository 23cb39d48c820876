//! Workflows: work that crosses several routes, one after the other.

use std::collections::BTreeMap;

use kernel::{Actor, Head, Timestamp, Violation};

use super::{Refused, Route, RouteId, refused::violation, route::Status};

kernel::slug_id! {
    /// A workflow's id.
    WorkflowId
}

/// An ordered chain of routes: each begins at the team where the one before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// Where its history stands.
    pub head: Head,
    /// Its id.
    pub id: WorkflowId,
    /// The name as a person reads it.
    pub name: String,
    /// Its routes in order, each once, at least one.
    pub routes: Vec<RouteId>,
    /// When it was created.
    pub created_at: Timestamp,
}

kernel::named! {
    /// What happened to a workflow.
    pub enum Fact {
        /// It was created.
        Created = "workflow_created",
        /// It was changed.
        Updated = "workflow_updated",
    }
}

/// A new workflow.
#[derive(Clone, Debug)]
pub struct Create {
    /// Its id.
    pub id: WorkflowId,
    /// Its name; the id, where there is none.
    pub name: Option<String>,
    /// Its routes in order.
    pub routes: Vec<RouteId>,
}

/// One change of a workflow.
#[derive(Clone, Debug)]
pub enum Edit {
    /// The new name.
    Name(String),
    /// The new routes, all of them, in order.
    Routes(Vec<RouteId>),
}

/// The routes that chains may name.
#[derive(Clone, Debug, Default)]
pub struct Network<'a> {
    /// The routes by id.
    pub routes: BTreeMap<&'a RouteId, &'a Route>,
    /// Whether a chain may newly take a retired route: a map that is brought in as it was elsewhere may have such chains.
    pub takes_retired: bool,
}

impl<'a> FromIterator<&'a Route> for Network<'a> {
    fn from_iter<T: IntoIterator<Item = &'a Route>>(routes: T) -> Self {
        Self { routes: routes.into_iter().map(|route| (&route.id, route)).collect(), takes_retired: false }
    }
}

impl Workflow {
    /// An administrator creates a workflow over routes that are there. Whether the id is free is for the store to say.
    pub fn create(
        by: &Actor,
        create: Create,
        network: &Network<'_>,
        now: Timestamp,
    ) -> Result<(Self, Vec<Fact>), Refused> {
        must_be_admin(by)?;
        Refused::unless_valid(flaws(&create.routes, &[], network))?;
        let name = create.name.unwrap_or_else(|| create.id.to_string());
        let workflow = Self { head: Head::default(), id: create.id, name, routes: create.routes, created_at: now };
        Ok((workflow, vec![Fact::Created]))
    }

    /// An administrator changes it. A route that was retired meanwhile may stay. Edits that change nothing make no fact.
    pub fn update(&mut self, by: &Actor, edits: Vec<Edit>, network: &Network<'_>) -> Result<Vec<Fact>, Refused> {
        must_be_admin(by)?;
        let mut after = self.clone();
        for edit in edits {
            match edit {
                Edit::Name(name) => after.name = name,
                Edit::Routes(routes) => after.routes = routes,
            }
        }
        if after == *self {
            return Ok(vec![]);
        }
        if after.routes != self.routes {
            Refused::unless_valid(flaws(&after.routes, &self.routes, network))?;
        }
        *self = after;
        Ok(vec![Fact::Updated])
    }
}

/// Refuses whoever may not write workflows.
pub fn must_be_admin(by: &Actor) -> Result<(), Refused> {
    if by.is_admin() { Ok(()) } else { Err(Refused::AdminOnly("write workflows")) }
}

/// All that is wrong with a chain of routes; one that was on it `before` may be retired.
pub fn flaws(routes: &[RouteId], before: &[RouteId], network: &Network<'_>) -> Vec<Violation> {
    let mut flaws = vec![];
    if routes.is_empty() {
        flaws.push(violation("routes", "give at least one route"));
    }
    let mut seen = BTreeMap::new();
    let mut ends: Option<&&Route> = None;
    for (index, id) in routes.iter().enumerate() {
        let mut flaw = |description: String| flaws.push(violation(format!("routes[{index}]"), description));
        if let Some(first) = seen.insert(id, index) {
            flaw(format!("{id} is routes[{first}] already; a workflow takes each route once"));
        }
        let Some(route) = network.routes.get(id) else {
            flaw(format!("there is no route {id}"));
            ends = None;
            continue;
        };
        if route.status == Status::Retired && !network.takes_retired && !before.contains(id) {
            flaw(format!("the route {id} is retired; use another one"));
        }
        if let Some(last) = ends.filter(|last| last.to_team != route.from_team) {
            let (from, to) = (&route.from_team, &last.to_team);
            flaw(format!("{id} begins at {from}, and {} before it ends at {to}", last.id));
        }
        ends = Some(route);
    }
    flaws
}
