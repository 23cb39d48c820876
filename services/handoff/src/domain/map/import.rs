//! Bringing a map in: what the text wants beside what is stored, decided whole; every mistake with its place in the text.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    mem::take,
};

use kernel::{Actor, Timestamp, Violation};

use super::{Change, Map, TemplateState, Templates, must_be_admin};
use crate::domain::{
    Refused, Route, RouteId, Team, TeamId, Workflow, WorkflowId,
    refused::violation,
    route::{self, About, SetTerms, Status, TemplateChoice},
    team,
    workflow::{self, Network},
};

/// So many mistakes of a text are told, the rest is counted.
const MISTAKES_TOLD: usize = 30;
/// So many characters of each.
const MISTAKE_CHARS: usize = 200;

/// A map as its text writes it. What an entry leaves out stays as it is; nothing is ever deleted.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Teams.
    pub teams: Vec<TeamEntry>,
    /// Routes.
    pub routes: Vec<RouteEntry>,
    /// Workflows.
    pub workflows: Vec<WorkflowEntry>,
}

/// A team in a text.
#[derive(Clone, Debug)]
pub struct TeamEntry {
    /// Which.
    pub id: TeamId,
    /// What the text says of it.
    pub edits: Vec<team::Edit>,
}

/// A route in a text.
#[derive(Clone, Debug)]
pub struct RouteEntry {
    /// Which.
    pub id: RouteId,
    /// The team that hands over; a new route needs it.
    pub from_team: Option<TeamId>,
    /// The team that receives; a new route needs it.
    pub to_team: Option<TeamId>,
    /// Where in its life; a new route is active where none is given.
    pub status: Option<Status>,
    /// What the text says of it.
    pub edits: Vec<route::Edit>,
    /// Its terms, whole.
    pub terms: Option<SetTerms>,
}

/// A workflow in a text.
#[derive(Clone, Debug)]
pub struct WorkflowEntry {
    /// Which.
    pub id: WorkflowId,
    /// Its name.
    pub name: Option<String>,
    /// Its routes in order; a new workflow needs them.
    pub routes: Option<Vec<RouteId>>,
}

/// What an import does, in order: teams, routes, workflows.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Teams that are made or change.
    pub teams: Vec<Planned<Team, team::Fact>>,
    /// Routes that are made or change.
    pub routes: Vec<Planned<Route, route::Fact>>,
    /// Workflows that are made or change.
    pub workflows: Vec<Planned<Workflow, workflow::Fact>>,
    /// The same, as a person reads it.
    pub changes: Vec<Change>,
    /// What is stored and what the text does not name.
    pub untouched: Untouched,
    /// Every template that newly set terms name.
    pub templates: BTreeSet<TemplateChoice>,
}

/// What happens to one thing: how it is after each step, and the facts of the step. Whoever writes them down raises the head.
#[derive(Clone, Debug)]
pub struct Planned<T, F> {
    /// Whether it is new.
    pub is_new: bool,
    /// The steps, at least one.
    pub steps: Vec<(T, Vec<F>)>,
}

/// How much of what is stored the text does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untouched {
    /// Teams.
    pub teams: usize,
    /// Routes.
    pub routes: usize,
    /// Workflows.
    pub workflows: usize,
}

/// What an administrator's import of a text does to a map; or every mistake, with its place in the text. `templates` says how
/// the templates that newly set terms name were found; none: they are taken as usable.
pub fn plan(
    by: &Actor,
    map: &Map,
    document: &Document,
    templates: Option<&Templates>,
    now: Timestamp,
) -> Result<Plan, Refused> {
    must_be_admin(by)?;
    let mut planning = Planning { by, now, templates, plan: Plan::default(), violations: vec![] };
    let teams = planning.teams(map, &document.teams);
    let routes = planning.routes(map, &document.routes, &teams);
    planning.workflows(map, &document.workflows, routes);
    let Planning { mut plan, violations, .. } = planning;
    Refused::unless_valid(told(violations))?;
    plan.untouched = Untouched {
        teams: unnamed(&map.teams, document.teams.iter().map(|entry| &entry.id)),
        routes: unnamed(&map.routes, document.routes.iter().map(|entry| &entry.id)),
        workflows: unnamed(&map.workflows, document.workflows.iter().map(|entry| &entry.id)),
    };
    Ok(plan)
}

struct Planning<'a> {
    by: &'a Actor,
    now: Timestamp,
    templates: Option<&'a Templates>,
    plan: Plan,
    violations: Vec<Violation>,
}

impl Planning<'_> {
    /// Plans the teams; answers the ids of all that there are then.
    fn teams(&mut self, map: &Map, entries: &[TeamEntry]) -> BTreeSet<TeamId> {
        let mut known: BTreeSet<_> = map.teams.keys().cloned().collect();
        self.must_differ("teams", entries.iter().map(|entry| &entry.id));
        for (index, entry) in in_order(entries, |entry| &entry.id) {
            known.insert(entry.id.clone());
            let before = map.teams.get(&entry.id);
            let steps = self.team(before, entry);
            if let Some(steps) = self.settle(&format!("teams[{index}]"), steps) {
                let change = |after: &Team| Change::of_team(before, after);
                keep(&mut self.plan.teams, &mut self.plan.changes, before.is_none(), steps, change);
            }
        }
        known
    }

    fn team(&self, before: Option<&Team>, entry: &TeamEntry) -> Result<Steps<Team, team::Fact>, Misplaced> {
        let mut steps = Steps::of(before);
        if before.is_none() {
            let id = entry.id.clone();
            let mut create =
                team::Create { id, display_name: None, members: vec![], escalation_contact: None, calendar_id: None };
            for edit in entry.edits.iter().cloned() {
                match edit {
                    team::Edit::DisplayName(name) => create.display_name = Some(name),
                    team::Edit::Members(members) => create.members = members,
                    team::Edit::EscalationContact(contact) => create.escalation_contact = contact,
                    team::Edit::CalendarId(calendar) => create.calendar_id = calendar,
                }
            }
            steps.begin(Team::create(self.by, create, self.now)?);
        } else {
            steps.then(|team| team.update(self.by, entry.edits.clone()))?;
        }
        Ok(steps)
    }

    /// Plans the routes; answers all that there are then.
    fn routes<'m>(
        &mut self,
        map: &'m Map,
        entries: &[RouteEntry],
        teams: &BTreeSet<TeamId>,
    ) -> BTreeMap<RouteId, Cow<'m, Route>> {
        let mut known: BTreeMap<_, _> =
            map.routes.iter().map(|(id, route)| (id.clone(), Cow::Borrowed(route))).collect();
        self.must_differ("routes", entries.iter().map(|entry| &entry.id));
        for (index, entry) in in_order(entries, |entry| &entry.id) {
            let path = format!("routes[{index}]");
            let before = map.routes.get(&entry.id);
            let ends_are_fine = match before {
                Some(route) => self.ends_must_stay(&path, entry, route),
                None => self.ends_must_be_there(&path, entry, teams),
            };
            if !ends_are_fine {
                continue;
            }
            let steps = self.route(before, entry);
            let Some(steps) = self.settle(&path, steps) else { continue };
            if let Some(choice) = steps.newly_named() {
                self.must_be_usable(&path, &choice);
                self.plan.templates.insert(choice);
            }
            if let Some(after) = steps.last() {
                known.insert(entry.id.clone(), Cow::Owned(after.clone()));
            }
            let change = |after: &Route| Change::of_route(before, after);
            keep(&mut self.plan.routes, &mut self.plan.changes, before.is_none(), steps, change);
        }
        known
    }

    fn route(&self, before: Option<&Route>, entry: &RouteEntry) -> Result<Steps<Route, route::Fact>, Misplaced> {
        let mut steps = Steps::of(before);
        if let (None, Some(from_team), Some(to_team)) = (before, &entry.from_team, &entry.to_team) {
            let (id, from_team, to_team) = (entry.id.clone(), from_team.clone(), to_team.clone());
            if entry.status == Some(Status::Discovered) {
                steps.begin(Route::discover(self.by, id, from_team, to_team, self.now)?);
            } else {
                let mut about = About::default();
                entry.edits.iter().cloned().for_each(|edit| about.take(edit));
                let create = route::Create { id, from_team, to_team, about };
                steps.begin(Route::create(self.by, create, self.now)?);
            }
        }
        let stands = steps.last().map(|route| route.status);
        if stands == Some(Status::Retired) {
            return self.retired(entry, steps);
        }
        steps.then(|route| route.update(self.by, entry.edits.clone()))?;
        match (entry.status, stands) {
            (Some(Status::Discovered), Some(Status::Active)) => {
                let description =
                    "the route is active: somebody has mapped it, and that does not go back; leave the status out";
                return Err(Misplaced::at("status", description));
            }
            (Some(Status::Active), _) => steps.then(|route| route.promote(self.by))?,
            _ => {}
        }
        if let Some(terms) = &entry.terms {
            steps
                .then(|route| route.set_terms(self.by, terms.clone(), self.now))
                .map_err(|wrong| wrong.within("terms"))?;
        }
        if entry.status == Some(Status::Retired) {
            steps.then(|route| route.retire(self.by, self.now))?;
        }
        Ok(steps)
    }

    /// A retired route changes no more: a text may only say what it is.
    fn retired(
        &self,
        entry: &RouteEntry,
        steps: Steps<Route, route::Fact>,
    ) -> Result<Steps<Route, route::Fact>, Misplaced> {
        if entry.status.is_some_and(|status| status != Status::Retired) {
            return Err(Misplaced::at("status", "the route is retired, and that does not go back; make another route"));
        }
        let mut revived = steps.last().cloned();
        if let Some(route) = &mut revived {
            route.status = Status::Active;
            let other_terms = entry.terms.is_some() && entry.terms != route.terms_in_force();
            if other_terms || !route.update(self.by, entry.edits.clone())?.is_empty() {
                return Err(Misplaced::at("", "the route is retired and changes no more; make another route"));
            }
        }
        Ok(steps)
    }

    fn ends_must_stay(&mut self, path: &str, entry: &RouteEntry, route: &Route) -> bool {
        let ends = [("from_team", &entry.from_team, &route.from_team), ("to_team", &entry.to_team, &route.to_team)];
        let mut is_fine = true;
        for (field, wanted, stands) in ends {
            if wanted.as_ref().is_some_and(|wanted| wanted != stands) {
                let description = format!("is {stands} for good; a route between other teams is another route");
                self.violations.push(violation(format!("{path}.{field}"), description));
                is_fine = false;
            }
        }
        is_fine
    }

    fn ends_must_be_there(&mut self, path: &str, entry: &RouteEntry, teams: &BTreeSet<TeamId>) -> bool {
        let mut is_fine = true;
        for (field, wanted) in [("from_team", &entry.from_team), ("to_team", &entry.to_team)] {
            let description = match wanted {
                None => "is required: the route is new".to_owned(),
                Some(team) if !teams.contains(team) => {
                    format!("there is no team {team}, neither stored nor in the text")
                }
                Some(_) => continue,
            };
            self.violations.push(violation(format!("{path}.{field}"), description));
            is_fine = false;
        }
        is_fine
    }

    fn must_be_usable(&mut self, path: &str, choice: &TemplateChoice) {
        let found = self.templates.and_then(|templates| templates.get(choice)).copied();
        let (template, version) = (&choice.id, choice.version.unwrap_or_default());
        let description = match found.unwrap_or(TemplateState::Usable) {
            TemplateState::Usable | TemplateState::Unknown => return,
            TemplateState::Retired => {
                format!("version {version} of the template {template} is retired; name another one")
            }
            TemplateState::Absent if version == 0 => {
                format!("there is no published version of the template {template}")
            }
            TemplateState::Absent => format!("there is no published version {version} of the template {template}"),
            TemplateState::TooNew(level) => {
                format!("the template {template} needs criteria level {level}; upgrade the service")
            }
        };
        self.violations.push(violation(format!("{path}.terms.template_id"), description));
    }

    fn workflows(&mut self, map: &Map, entries: &[WorkflowEntry], routes: BTreeMap<RouteId, Cow<'_, Route>>) {
        let routes = routes.values().map(AsRef::as_ref);
        let network = Network { takes_retired: true, ..routes.collect() };
        self.must_differ("workflows", entries.iter().map(|entry| &entry.id));
        for (index, entry) in in_order(entries, |entry| &entry.id) {
            let before = map.workflows.get(&entry.id);
            let steps = self.workflow(before, entry, &network);
            if let Some(steps) = self.settle(&format!("workflows[{index}]"), steps) {
                let change = |after: &Workflow| Change::of_workflow(before, after);
                keep(&mut self.plan.workflows, &mut self.plan.changes, before.is_none(), steps, change);
            }
        }
    }

    fn workflow(
        &self,
        before: Option<&Workflow>,
        entry: &WorkflowEntry,
        network: &Network<'_>,
    ) -> Result<Steps<Workflow, workflow::Fact>, Misplaced> {
        let mut steps = Steps::of(before);
        if before.is_none() {
            let (id, name) = (entry.id.clone(), entry.name.clone());
            let create = workflow::Create { id, name, routes: entry.routes.clone().unwrap_or_default() };
            steps.begin(Workflow::create(self.by, create, network, self.now)?);
        } else {
            let name = entry.name.clone().map(workflow::Edit::Name);
            let edits = name.into_iter().chain(entry.routes.clone().map(workflow::Edit::Routes)).collect();
            steps.then(|workflow| workflow.update(self.by, edits, network))?;
        }
        Ok(steps)
    }

    fn must_differ<'e, I: Ord + ToString + 'e>(&mut self, list: &str, ids: impl Iterator<Item = &'e I>) {
        let mut first = BTreeMap::new();
        for (index, id) in ids.enumerate() {
            let at = *first.entry(id).or_insert(index);
            if at != index {
                let description = format!("{} is {list}[{at}] already; write everything once", id.to_string());
                self.violations.push(violation(format!("{list}[{index}].id"), description));
            }
        }
    }

    /// The steps, or none where a mistake was noted under the path.
    fn settle<T, F>(&mut self, path: &str, steps: Result<Steps<T, F>, Misplaced>) -> Option<Steps<T, F>> {
        steps.map_err(|Misplaced(wrong)| self.violations.extend(wrong.into_iter().map(|wrong| below(path, wrong)))).ok()
    }
}

/// Mistakes as a caller is told of them: an answer has room for so many.
pub fn told(mut violations: Vec<Violation>) -> Vec<Violation> {
    if violations.len() > MISTAKES_TOLD {
        let more = violations.len() - MISTAKES_TOLD;
        violations.truncate(MISTAKES_TOLD);
        violations.push(violation("yaml", format!("and {more} more mistakes; mend these and look again")));
    }
    for wrong in &mut violations {
        if let Some((end, _)) = wrong.description.char_indices().nth(MISTAKE_CHARS) {
            wrong.description.truncate(end);
        }
    }
    violations
}

/// Mistakes of one entry, with their places in it.
struct Misplaced(Vec<Violation>);

impl Misplaced {
    fn at(field: &str, description: &str) -> Self {
        Self(vec![violation(field, description)])
    }

    fn within(self, part: &str) -> Self {
        Self(self.0.into_iter().map(|wrong| below(part, wrong)).collect())
    }
}

impl From<Refused> for Misplaced {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(violations) => Self(violations),
            refused => Self::at("", &refused.to_string()),
        }
    }
}

fn below(path: &str, wrong: Violation) -> Violation {
    let field = if wrong.field.is_empty() { path.to_owned() } else { format!("{path}.{}", wrong.field) };
    Violation { field, ..wrong }
}

/// One thing on its way through an import.
struct Steps<T, F> {
    before: Option<T>,
    steps: Vec<(T, Vec<F>)>,
}

impl<T: Clone, F> Steps<T, F> {
    fn of(before: Option<&T>) -> Self {
        Self { before: before.cloned(), steps: vec![] }
    }

    fn begin(&mut self, (thing, facts): (T, Vec<F>)) {
        self.steps.push((thing, facts));
    }

    /// How it is by now.
    fn last(&self) -> Option<&T> {
        self.steps.last().map(|(thing, _)| thing).or(self.before.as_ref())
    }

    /// One more step, unless it changes nothing.
    fn then(&mut self, step: impl FnOnce(&mut T) -> Result<Vec<F>, Refused>) -> Result<(), Misplaced> {
        let Some(mut thing) = self.last().cloned() else { return Ok(()) };
        let facts = step(&mut thing)?;
        if !facts.is_empty() {
            self.steps.push((thing, facts));
        }
        Ok(())
    }
}

impl Steps<Route, route::Fact> {
    /// The template that terms set on the way name.
    fn newly_named(&self) -> Option<TemplateChoice> {
        let is_set = |(_, facts): &&(Route, Vec<route::Fact>)| {
            facts.iter().any(|fact| matches!(fact, route::Fact::TermsSet { .. }))
        };
        self.steps.iter().find(is_set).and_then(|(route, _)| route.terms.as_ref()?.template.clone())
    }
}

fn keep<T: Clone, F>(
    planned: &mut Vec<Planned<T, F>>,
    changes: &mut Vec<Change>,
    is_new: bool,
    mut steps: Steps<T, F>,
    change: impl FnOnce(&T) -> Change,
) {
    if let Some((after, _)) = steps.steps.last() {
        changes.push(change(after));
        planned.push(Planned { is_new, steps: take(&mut steps.steps) });
    }
}

/// The entries by id, each with its place in the text; of several with one id the first.
fn in_order<'e, E, I: Ord + 'e>(entries: &'e [E], id: impl Fn(&'e E) -> &'e I) -> Vec<(usize, &'e E)> {
    let mut first = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        first.entry(id(entry)).or_insert((index, entry));
    }
    first.into_values().collect()
}

fn unnamed<'e, I: Ord + 'e, T>(stored: &BTreeMap<I, T>, named: impl Iterator<Item = &'e I>) -> usize {
    let named: BTreeSet<_> = named.collect();
    stored.keys().filter(|id| !named.contains(id)).count()
}
