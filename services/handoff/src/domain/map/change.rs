//! What an import changes, field by field, as a person reads it.

use kernel::shortened;

use super::Subject;
use crate::domain::{
    Route, Team, Workflow,
    route::{SetTerms, TemplateChoice},
};

/// So many characters of a value are told.
const VALUE_CHARS: usize = 200;

/// What becomes of one team, route or workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub subject: Subject,
    /// Whether it was not there before.
    pub is_new: bool,
    /// What changes.
    pub fields: Vec<FieldChange>,
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// As the text of a map calls it.
    pub field: &'static str,
    /// What it was; empty for a new thing.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

type Described = Vec<(&'static str, String)>;

impl Change {
    pub(super) fn of_team(before: Option<&Team>, after: &Team) -> Self {
        Self::of(Subject::Team(after.id.clone()), before.map(describe_team), describe_team(after))
    }

    pub(super) fn of_route(before: Option<&Route>, after: &Route) -> Self {
        Self::of(Subject::Route(after.id.clone()), before.map(describe_route), describe_route(after))
    }

    pub(super) fn of_workflow(before: Option<&Workflow>, after: &Workflow) -> Self {
        Self::of(Subject::Workflow(after.id.clone()), before.map(describe_workflow), describe_workflow(after))
    }

    fn of(subject: Subject, before: Option<Described>, after: Described) -> Self {
        let is_new = before.is_none();
        let before = before.unwrap_or_else(|| after.iter().map(|(field, _)| (*field, String::new())).collect());
        let differ = before.into_iter().zip(after).filter(|((_, before), (_, after))| before != after);
        let fields = differ
            .map(|((field, before), (_, after))| {
                let [before, after] = [before, after].map(|value| shortened(&value, VALUE_CHARS));
                FieldChange { field, before, after }
            })
            .collect();
        Self { subject, is_new, fields }
    }
}

fn describe_team(team: &Team) -> Described {
    let members: Vec<_> = team.members.iter().map(|member| format!("{} ({})", member.principal, member.role)).collect();
    vec![
        ("display_name", team.display_name.clone()),
        ("calendar_id", text(team.calendar_id.as_ref())),
        ("escalation_contact", text(team.escalation_contact.as_ref())),
        ("members", members.join(", ")),
    ]
}

fn describe_route(route: &Route) -> Described {
    let about = &route.about;
    let terms = route.terms_in_force();
    let term = |of: fn(&SetTerms) -> String| terms.as_ref().map(of).unwrap_or_default();
    let risks: Vec<_> = about.risks.iter().map(|risk| format!("{} {}", risk.kind, risk.note)).collect();
    vec![
        ("from_team", route.from_team.to_string()),
        ("to_team", route.to_team.to_string()),
        ("status", route.status.to_string()),
        ("name", about.name.clone()),
        ("owner", text(about.owner.as_ref())),
        ("information", about.information.clone()),
        ("trigger.description", about.trigger.description.clone()),
        ("trigger.event_type", text(about.trigger.event_type.as_ref())),
        ("risks", risks.join("; ")),
        ("review_every", span(about.review_every_seconds)),
        ("terms.template", term(|terms| terms.template.as_ref().map_or(String::new(), template))),
        ("terms.sla_policy_id", term(|terms| text(terms.sla_policy_id.as_ref()))),
        ("terms.review_rule", term(|terms| terms.review_rule.clone())),
        ("terms.read_back", term(|terms| terms.read_back.to_string())),
        ("terms.return_window", term(|terms| span(terms.return_window_seconds))),
    ]
}

fn describe_workflow(workflow: &Workflow) -> Described {
    let routes: Vec<_> = workflow.routes.iter().map(ToString::to_string).collect();
    vec![("name", workflow.name.clone()), ("routes", routes.join(" -> "))]
}

fn template(choice: &TemplateChoice) -> String {
    match choice.version {
        Some(version) => format!("{} version {version}", choice.id),
        None => format!("{} (latest)", choice.id),
    }
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// A duration in the largest unit that it is whole in: `90d`, `36h`, `15m`, `61s`.
pub(crate) fn span(seconds: i64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds != 0 && seconds % unit == 0) {
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}
