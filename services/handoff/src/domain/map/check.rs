//! What is wrong with a map, each finding with what to do about it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;

use super::{Map, Subject, TemplateState, Templates, circle::circles};
use crate::domain::{
    Route, TeamId,
    route::{Status, TemplateChoice, Trigger},
};

/// A proposal of terms that is left so long without an answer is found fault with, in seconds: 14 days.
const UNANSWERED_SECONDS: i64 = 14 * 24 * 60 * 60;
/// So many teams are named in a sentence.
const TEAMS_TOLD: usize = 8;

/// Something that is wrong with a map. Ordered as it is told: worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// What it is about; no code has two findings about the same.
    pub subject: Subject,
    /// The teams that it concerns, by id.
    pub teams: Vec<TeamId>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

kernel::named! {
    /// How bad a finding is.
    pub enum Severity {
        /// Something does not work.
        Error = "ERROR",
        /// A gap.
        Warning = "WARNING",
        /// Worth a look.
        Info = "INFO",
    }
}

kernel::named! {
    /// What can be wrong with a map, worst first.
    pub enum Code {
        /// Terms name a retired version, or a template without a published one.
        RetiredTemplateInUse = "RETIRED_TEMPLATE_IN_USE",
        /// Terms name a template that needs a newer service.
        TemplateTooNew = "TEMPLATE_TOO_NEW",
        /// A workflow leads over a retired route.
        WorkflowWithRetiredRoute = "WORKFLOW_WITH_RETIRED_ROUTE",
        /// A route without a template.
        RouteWithoutTemplate = "ROUTE_WITHOUT_TEMPLATE",
        /// A route without a policy.
        RouteWithoutPolicy = "ROUTE_WITHOUT_POLICY",
        /// A route for which nobody answers.
        RouteWithoutOwner = "ROUTE_WITHOUT_OWNER",
        /// A route that nobody has mapped.
        RouteDiscoveredNeverMapped = "ROUTE_DISCOVERED_NEVER_MAPPED",
        /// A team that cannot be called.
        TeamWithoutEscalationContact = "TEAM_WITHOUT_ESCALATION_CONTACT",
        /// Teams that reach each other.
        Cycle = "CYCLE",
        /// A template that could not be looked up.
        TemplateNotChecked = "TEMPLATE_NOT_CHECKED",
        /// A team that no route in use touches.
        TeamOnNoRoute = "TEAM_ON_NO_ROUTE",
        /// A route that does not say what starts a handoff.
        RouteWithoutTrigger = "ROUTE_WITHOUT_TRIGGER",
        /// Several routes of a pair.
        ParallelRoutes = "PARALLEL_ROUTES",
        /// Proposed terms without an answer.
        ProposalUnanswered = "PROPOSAL_UNANSWERED",
    }
}

impl Code {
    /// How bad it is. Codes stand in the order of their severity.
    pub const fn severity(self) -> Severity {
        match self {
            Self::RetiredTemplateInUse | Self::TemplateTooNew | Self::WorkflowWithRetiredRoute => Severity::Error,
            Self::RouteWithoutTemplate
            | Self::RouteWithoutPolicy
            | Self::RouteWithoutOwner
            | Self::RouteDiscoveredNeverMapped
            | Self::TeamWithoutEscalationContact
            | Self::Cycle
            | Self::TemplateNotChecked => Severity::Warning,
            Self::TeamOnNoRoute | Self::RouteWithoutTrigger | Self::ParallelRoutes | Self::ProposalUnanswered => {
                Severity::Info
            }
        }
    }
}

impl Finding {
    /// Where it stands among all.
    pub fn place(&self) -> (Code, Subject) {
        (self.code, self.subject.clone())
    }
}

/// Everything that is wrong with a map, worst first, then by code and subject. A template that `templates` does not hold was
/// not looked up.
pub fn check(map: &Map, templates: &Templates, now: Timestamp) -> Vec<Finding> {
    let mut findings = vec![];
    for route in map.routes_in_use() {
        of_route(route, templates, now, &mut findings);
    }
    of_pairs(map, &mut findings);
    of_teams(map, &mut findings);
    of_workflows(map, &mut findings);
    of_circles(map, &mut findings);
    findings.sort_by_cached_key(Finding::place);
    findings
}

fn of_route(route: &Route, templates: &Templates, now: Timestamp, findings: &mut Vec<Finding>) {
    let id = &route.id;
    let mut found = |code, message: String, fix: String| {
        let teams = both(route);
        findings.push(Finding { code, subject: Subject::Route(id.clone()), teams, message, fix });
    };
    let terms = route.terms.as_ref();
    let template = terms.and_then(|terms| terms.template.as_ref());
    if let Some((code, message, fix)) = template.and_then(|choice| of_template(route, choice, templates.get(choice))) {
        found(code, message, fix);
    }
    if route.status == Status::Discovered {
        let message =
            format!("{id} was seen in traffic from {} to {}, and nobody has mapped it", route.from_team, route.to_team);
        let fix = "describe it, agree on its terms and promote it; or retire it, and have the work sent another way";
        return found(Code::RouteDiscoveredNeverMapped, message, fix.to_owned());
    }
    if template.is_none() {
        let message = format!("{id} has no template: acceptance has no criteria");
        found(Code::RouteWithoutTemplate, message, "agree on terms that name a template".to_owned());
    }
    if terms.is_none_or(|terms| terms.sla_policy_id.is_none()) {
        let message = format!("{id} has no SLA policy: nothing measures how long a handoff takes");
        found(Code::RouteWithoutPolicy, message, "agree on terms that name a policy".to_owned());
    }
    if route.about.owner.is_none() {
        let message = format!("nobody answers for {id}");
        found(Code::RouteWithoutOwner, message, "name an owner of the route".to_owned());
    }
    if route.about.trigger == Trigger::default() {
        let message = format!("{id} does not say what starts a handoff");
        found(Code::RouteWithoutTrigger, message, "say what starts one, in words or as an outside event".to_owned());
    }
    if let Some(open) = route.open_proposal().filter(|open| open.proposed_at.plus_seconds(UNANSWERED_SECONDS) <= now) {
        let message = format!(
            "{} proposed terms for {id} on {}, and the other side has not answered",
            open.proposed_by, open.proposed_at
        );
        let fix = "a lead of the other side agrees or declines, or the side that proposed withdraws";
        found(Code::ProposalUnanswered, message, fix.to_owned());
    }
}

fn of_template(
    route: &Route,
    choice: &TemplateChoice,
    found: Option<&TemplateState>,
) -> Option<(Code, String, String)> {
    let (id, template) = (&route.id, &choice.id);
    let version = choice.version.map_or("the latest version".to_owned(), |version| format!("version {version}"));
    let fix = || format!("publish a version of {template}, or set terms with one that is published");
    match found.copied().unwrap_or(TemplateState::Unknown) {
        TemplateState::Usable => None,
        TemplateState::Retired => {
            let message =
                format!("{id} names {version} of the template {template}, which is retired: it takes no new handoffs");
            Some((Code::RetiredTemplateInUse, message, fix()))
        }
        TemplateState::Absent => {
            let message = format!(
                "{id} names {version} of the template {template}, of which none is published (any more): it takes no new handoffs"
            );
            Some((Code::RetiredTemplateInUse, message, fix()))
        }
        TemplateState::TooNew(level) => {
            let message = format!("{id} names the template {template}, which needs criteria level {level}");
            Some((Code::TemplateTooNew, message, "upgrade the handoff service".to_owned()))
        }
        TemplateState::Unknown => {
            let message = format!("{id} names the template {template}; the template service did not answer for it");
            Some((Code::TemplateNotChecked, message, "check again once the template service answers".to_owned()))
        }
    }
}

fn of_pairs(map: &Map, findings: &mut Vec<Finding>) {
    let mut pairs: BTreeMap<_, Vec<&Route>> = BTreeMap::new();
    for route in map.routes_in_use() {
        pairs.entry((&route.from_team, &route.to_team)).or_default().push(route);
    }
    for ((from, to), routes) in pairs.into_iter().filter(|(_, routes)| routes.len() > 1) {
        let ids: Vec<_> = routes.iter().map(|route| route.id.as_str()).collect();
        findings.push(Finding {
            code: Code::ParallelRoutes,
            subject: Subject::Route(routes[0].id.clone()),
            teams: both(routes[0]),
            message: format!("{from} hands over to {to} on {} routes: {}", routes.len(), some(&ids)),
            fix: "retire those that mean the same; what creates handoffs has to name the route".to_owned(),
        });
    }
}

fn of_teams(map: &Map, findings: &mut Vec<Finding>) {
    let on_a_route: BTreeSet<_> = map.routes_in_use().flat_map(|route| [&route.from_team, &route.to_team]).collect();
    for (id, team) in &map.teams {
        let mut found = |code, message: String, fix: &str| {
            let (subject, teams) = (Subject::Team(id.clone()), vec![id.clone()]);
            findings.push(Finding { code, subject, teams, message, fix: fix.to_owned() });
        };
        if team.escalation_contact.is_none() {
            let message = format!("there is nobody to call when {id} does not answer");
            found(Code::TeamWithoutEscalationContact, message, "name an escalation contact of the team");
        }
        if !on_a_route.contains(id) {
            let message = format!("no route in use begins or ends at {id}");
            found(Code::TeamOnNoRoute, message, "map what it hands over and what it receives");
        }
    }
}

fn of_workflows(map: &Map, findings: &mut Vec<Finding>) {
    for (id, workflow) in &map.workflows {
        let routes: Vec<_> = workflow.routes.iter().filter_map(|route| map.routes.get(route)).collect();
        let retired: Vec<_> =
            routes.iter().filter(|route| route.status == Status::Retired).map(|route| route.id.as_str()).collect();
        if retired.is_empty() {
            continue;
        }
        let teams: BTreeSet<_> = routes.iter().flat_map(|route| both(route)).collect();
        findings.push(Finding {
            code: Code::WorkflowWithRetiredRoute,
            subject: Subject::Workflow(id.clone()),
            teams: teams.into_iter().collect(),
            message: format!("the workflow {id} leads over {}, which takes no new handoffs", some(&retired)),
            fix: "lead it over other routes".to_owned(),
        });
    }
}

fn of_circles(map: &Map, findings: &mut Vec<Finding>) {
    for circle in circles(map.routes_in_use().map(|route| (&route.from_team, &route.to_team))) {
        let names: Vec<_> = circle.teams.iter().map(|team| team.as_str()).collect();
        let way: Vec<_> = circle.shortest.iter().chain(circle.shortest.first()).map(|team| team.as_str()).collect();
        findings.push(Finding {
            code: Code::Cycle,
            subject: Subject::Team(circle.teams[0].clone()),
            teams: circle.teams.iter().map(|team| (*team).clone()).collect(),
            message: format!(
                "{} hand over in a circle; the shortest way round is {}",
                some(&names),
                if way.len() > 2 * TEAMS_TOLD { format!("{} steps long", way.len() - 1) } else { way.join(" -> ") }
            ),
            fix: "see whether work can travel round without end; rework comes back by a return, not by a route"
                .to_owned(),
        });
    }
}

fn both(route: &Route) -> Vec<TeamId> {
    let mut teams = vec![route.from_team.clone(), route.to_team.clone()];
    teams.sort();
    teams
}

/// The first of some names, and how many more there are.
fn some(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        _ if names.len() > TEAMS_TOLD => {
            format!("{} and {} more", names[..TEAMS_TOLD].join(", "), names.len() - TEAMS_TOLD)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
