//! A map as one YAML text: how people write, review and carry it. What an entry leaves out stays as it is.

use std::collections::BTreeMap;

use api::handoff::v1 as pb;
use chassis::Fields;
use kernel::{Violation, shortened};
use serde::{Deserialize, Serialize};

use super::{
    reading::{name, optional_name, short},
    route::{review_every, risks, trigger},
    team::members,
    terms::Given,
    workflow::routes,
};
use crate::{
    domain::{
        RouteId,
        limits::{
            MAP_ROUTES_MAX, MAP_TEAMS_MAX, MAP_TEXT_MAX_BYTES, MAP_WORKFLOWS_MAX, NAME_MAX_CHARS, TEXT_MAX_BYTES,
        },
        map::{self, Document, Map, RouteEntry, TeamEntry, WorkflowEntry},
        route::{self, ReadBack, RiskKind, SetTerms, Status},
        team::{self, MemberRole},
    },
    grpc::twins::Twin,
};

/// The text's form. Everything in it may be left out, so that what is missing is told with its place.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    teams: Vec<WrittenTeam>,
    routes: Vec<WrittenRoute>,
    workflows: Vec<WrittenWorkflow>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenTeam {
    id: String,
    display_name: Option<String>,
    calendar_id: Option<String>,
    escalation_contact: Option<String>,
    members: Option<Vec<WrittenMember>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenMember {
    principal: String,
    role: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenRoute {
    id: String,
    from_team: String,
    to_team: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    name: Option<String>,
    owner: Option<String>,
    information: Option<String>,
    trigger: Option<WrittenTrigger>,
    risks: Option<Vec<WrittenRisk>>,
    review_every: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<WrittenTerms>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenTrigger {
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    event_type: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenRisk {
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenTerms {
    #[serde(skip_serializing_if = "String::is_empty")]
    template_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_version: Option<i32>,
    #[serde(skip_serializing_if = "String::is_empty")]
    sla_policy_id: String,
    review_rule: String,
    read_back: String,
    return_window: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenWorkflow {
    id: String,
    name: Option<String>,
    routes: Option<Vec<String>>,
}

/// Reads a text. A text of another form is told with the line of its first mistake; else every mistake with its place.
pub(super) fn read(fields: &mut Fields, text: &str) -> Option<Document> {
    if text.len() > MAP_TEXT_MAX_BYTES {
        return fields
            .refuse("yaml", format!("TOO_LARGE: {} bytes; at most {MAP_TEXT_MAX_BYTES} are read", text.len()));
    }
    if text.trim().is_empty() {
        return fields.refuse("yaml", "is required: the text of a map");
    }
    let written: Written = match serde_saphyr::from_str_with_options(text, options()) {
        Ok(written) => written,
        Err(error) => return fields.refuse("yaml", shortened(&error.to_string(), 500)),
    };
    let mut reading = Reading { violations: vec![], rules: BTreeMap::new() };
    let teams = reading.each("teams", written.teams, MAP_TEAMS_MAX, |_, fields, team| read_team(fields, team));
    let routes = reading.each("routes", written.routes, MAP_ROUTES_MAX, Reading::route);
    let workflows = written.workflows;
    let workflows = reading.each("workflows", workflows, MAP_WORKFLOWS_MAX, |_, fields, it| read_workflow(fields, it));
    fields.violations().extend(map::told(reading.violations));
    Some(Document { teams: teams?, routes: routes?, workflows: workflows? })
}

/// Neither aliases nor depth are needed; whatever asks for them is refused before it is expanded.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1,
            max_depth: 16,
            flow_nesting_limit: 16,
            max_nodes: 250_000,
            max_events: 600_000,
            max_aliases: 0,
            max_anchors: 0,
            max_recorded_anchor_events: 0,
            max_recorded_anchor_bytes: 0,
            max_total_scalar_bytes: MAP_TEXT_MAX_BYTES,
            max_merge_keys: 0,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}

struct Reading {
    violations: Vec<Violation>,
    /// Review rules as they are written, and whether they are some: a map says the same few over and over.
    rules: BTreeMap<String, Result<(), String>>,
}

impl Reading {
    fn each<W, T>(
        &mut self,
        list: &str,
        written: Vec<W>,
        max: usize,
        read: impl Fn(&mut Self, &mut Fields, W) -> Option<T>,
    ) -> Option<Vec<T>> {
        if written.len() > max {
            let description = format!("TOO_LARGE: {} of them; at most {max} are read", written.len());
            self.violations.push(Violation { field: list.to_owned(), description });
            return None;
        }
        let mut all = vec![];
        let mut is_fine = true;
        for (index, entry) in written.into_iter().enumerate() {
            let mut fields = Fields::default();
            let entry = read(self, &mut fields, entry);
            is_fine &= entry.is_some() && fields.violations().is_empty();
            let wrong = fields.violations().drain(..).map(|wrong| Violation {
                field: format!("{list}[{index}].{}", wrong.field),
                description: wrong.description,
            });
            self.violations.extend(wrong);
            all.extend(entry);
        }
        is_fine.then_some(all)
    }

    fn route(&mut self, fields: &mut Fields, route: WrittenRoute) -> Option<RouteEntry> {
        let id = fields.slug("id", &route.id);
        let from_team = fields.optional_slug("from_team", &route.from_team);
        let to_team = fields.optional_slug("to_team", &route.to_team);
        let status = route.status.map(|text| named(fields, "status", &text, Status::ALL, Status::name));
        let mut edits = vec![];
        if let Some(text) = route.name {
            edits.push(short(fields, "name", &text, NAME_MAX_CHARS).map(route::Edit::Name));
        }
        if let Some(text) = route.owner {
            edits.push(optional_name(fields, "owner", &text).map(route::Edit::Owner));
        }
        if let Some(text) = route.information {
            edits.push(fields.text("information", &text, TEXT_MAX_BYTES).map(route::Edit::Information));
        }
        if let Some(written) = route.trigger {
            let given = pb::Trigger { description: written.description, event_type: written.event_type };
            edits.push(trigger(fields, Some(given)).map(route::Edit::Trigger));
        }
        if let Some(written) = route.risks {
            let listed = written.into_iter().enumerate().map(|(index, risk)| {
                let path = format!("risks[{index}].kind");
                let kind = named(fields, &path, &risk.kind, RiskKind::ALL, RiskKind::name);
                Some(pb::Risk { kind: kind?.write(), note: risk.note })
            });
            let listed: Vec<_> = listed.collect();
            let listed: Option<Vec<_>> = listed.into_iter().collect();
            edits.push(listed.and_then(|listed| risks(fields, listed)).map(route::Edit::Risks));
        }
        if let Some(text) = route.review_every {
            let every = span(fields, "review_every", &text).and_then(|every| review_every(fields, every));
            edits.push(every.map(route::Edit::ReviewEverySeconds));
        }
        let terms = route.terms.map(|terms| self.terms(fields, terms));
        Some(RouteEntry {
            id: id?,
            from_team: from_team?,
            to_team: to_team?,
            status: status.map_or(Some(None), |status| status.map(Some))?,
            edits: edits.into_iter().collect::<Option<_>>()?,
            terms: terms.map_or(Some(None), |terms| terms.map(Some))?,
        })
    }

    fn terms(&mut self, fields: &mut Fields, terms: WrittenTerms) -> Option<SetTerms> {
        let mut own = Fields::default();
        let read_back = match terms.read_back.as_str() {
            "" => Some(0),
            text => named(&mut own, "read_back", text, ReadBack::ALL, ReadBack::name).map(Twin::write),
        };
        let return_window = match terms.return_window.as_str() {
            "" => Some(None),
            text => span(&mut own, "return_window", text),
        };
        // A rule takes a while to compile, and a map has few of them.
        let is_known = self.rules.get(&terms.review_rule).cloned();
        let given = Given {
            template_id: &terms.template_id,
            template_version: terms.template_version.unwrap_or_default(),
            sla_policy_id: &terms.sla_policy_id,
            review_rule: if is_known.is_some() { "" } else { &terms.review_rule },
            read_back: read_back.unwrap_or_default(),
            return_window: return_window.unwrap_or_default(),
        };
        let mut read = given.read(&mut own);
        match is_known {
            Some(Ok(())) if !terms.review_rule.trim().is_empty() => {
                read = read.map(|read| SetTerms { review_rule: terms.review_rule.trim().to_owned(), ..read });
            }
            Some(Ok(())) => {}
            Some(Err(description)) => own.violation("review_rule", description),
            None => {
                let wrong = own.violations().iter().find(|wrong| wrong.field == "review_rule");
                let outcome = wrong.map_or(Ok(()), |wrong| Err(wrong.description.clone()));
                self.rules.insert(terms.review_rule, outcome);
            }
        }
        for wrong in own.violations().drain(..) {
            fields.violation(format!("terms.{}", wrong.field), wrong.description);
        }
        read
    }
}

fn read_team(fields: &mut Fields, team: WrittenTeam) -> Option<TeamEntry> {
    let id = fields.slug("id", &team.id);
    let mut edits = vec![];
    if let Some(text) = team.display_name {
        edits.push(name(fields, "display_name", &text).map(team::Edit::DisplayName));
    }
    if let Some(text) = team.calendar_id {
        edits.push(fields.optional_slug("calendar_id", &text).map(team::Edit::CalendarId));
    }
    if let Some(text) = team.escalation_contact {
        edits.push(optional_name(fields, "escalation_contact", &text).map(team::Edit::EscalationContact));
    }
    if let Some(written) = team.members {
        let role = |role: MemberRole| role.write();
        let listed = written.into_iter().enumerate().map(|(index, member)| {
            let path = format!("members[{index}].role");
            let role = match member.role.as_str() {
                "" => 0,
                text => named(fields, &path, text, MemberRole::ALL, MemberRole::name).map_or(0, role),
            };
            pb::Member { principal: member.principal, role }
        });
        let listed = listed.collect();
        edits.push(members(fields, listed).map(team::Edit::Members));
    }
    Some(TeamEntry { id: id?, edits: edits.into_iter().collect::<Option<_>>()? })
}

fn read_workflow(fields: &mut Fields, workflow: WrittenWorkflow) -> Option<WorkflowEntry> {
    let id = fields.slug("id", &workflow.id);
    let name = workflow.name.map(|text| name(fields, "name", &text));
    let chain: Option<Option<Vec<RouteId>>> = workflow.routes.map(|listed| routes(fields, listed));
    Some(WorkflowEntry {
        id: id?,
        name: name.map_or(Some(None), |name| name.map(Some))?,
        routes: chain.map_or(Some(None), |chain| chain.map(Some))?,
    })
}

/// A member of an enumeration by its name; an error lists them all.
fn named<T: Copy>(fields: &mut Fields, path: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Option<T> {
    match all.iter().copied().find(|one| name(*one) == text) {
        Some(one) => Some(one),
        None => {
            let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
            fields.refuse(path, format!("is one of {}", names.join(", ")))
        }
    }
}

/// A duration as `90d`, `36h`, `15m` or `61s`.
fn span(fields: &mut Fields, path: &str, text: &str) -> Option<Option<prost_types::Duration>> {
    let text = text.trim();
    let units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let seconds = units.into_iter().find_map(|(letter, unit)| {
        let number: i64 = text.strip_suffix(letter)?.parse().ok().filter(|number| *number >= 0)?;
        number.checked_mul(unit)
    });
    match seconds {
        Some(seconds) => Some(Some(api::duration_from_seconds(seconds))),
        None => fields.refuse(path, "is a number with d, h, m or s, as 90d"),
    }
}

/// The text of a map. What it says it says in full: read again, it changes nothing, and elsewhere it makes the same.
pub(in crate::grpc) fn to_yaml(map: &Map) -> String {
    let written = Written {
        teams: map.teams.values().map(write_team).collect(),
        routes: map.routes.values().map(write_route).collect(),
        workflows: map.workflows.values().map(write_workflow).collect(),
    };
    serde_saphyr::to_string(&written).expect("a map has string keys and no fallible parts")
}

fn write_team(team: &crate::domain::Team) -> WrittenTeam {
    let member = |member: &team::Member| WrittenMember {
        principal: member.principal.clone(),
        role: member.role.name().to_owned(),
    };
    WrittenTeam {
        id: team.id.to_string(),
        display_name: Some(team.display_name.clone()),
        calendar_id: Some(text(team.calendar_id.as_ref())),
        escalation_contact: Some(text(team.escalation_contact.as_ref())),
        members: Some(team.members.iter().map(member).collect()),
    }
}

fn write_route(route: &crate::domain::Route) -> WrittenRoute {
    let about = &route.about;
    let trigger = WrittenTrigger {
        description: about.trigger.description.clone(),
        event_type: about.trigger.event_type.clone().unwrap_or_default(),
    };
    let risk = |risk: &route::Risk| WrittenRisk { kind: risk.kind.name().to_owned(), note: risk.note.clone() };
    WrittenRoute {
        id: route.id.to_string(),
        from_team: route.from_team.to_string(),
        to_team: route.to_team.to_string(),
        status: Some(route.status.name().to_owned()),
        name: Some(about.name.clone()),
        owner: Some(text(about.owner.as_ref())),
        information: Some(about.information.clone()),
        trigger: Some(trigger),
        risks: Some(about.risks.iter().map(risk).collect()),
        review_every: Some(map::span(about.review_every_seconds)),
        terms: route.terms_in_force().as_ref().map(write_terms),
    }
}

fn write_terms(terms: &SetTerms) -> WrittenTerms {
    let template = terms.template.as_ref();
    WrittenTerms {
        template_id: text(template.map(|template| &template.id)),
        template_version: template.and_then(|template| template.version),
        sla_policy_id: text(terms.sla_policy_id.as_ref()),
        review_rule: terms.review_rule.clone(),
        read_back: terms.read_back.name().to_owned(),
        return_window: map::span(terms.return_window_seconds),
    }
}

fn write_workflow(workflow: &crate::domain::Workflow) -> WrittenWorkflow {
    WrittenWorkflow {
        id: workflow.id.to_string(),
        name: Some(workflow.name.clone()),
        routes: Some(workflow.routes.iter().map(ToString::to_string).collect()),
    }
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests;
