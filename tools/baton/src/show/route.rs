//! Routes and their traffic for people.

use api::handoff::v1::{ListRoutesResponse, Route, RouteStatus, Terms};
use comfy_table::Cell;

use super::{Screen, Tone, more};
use crate::{
    commands::route::Traffic,
    words::{self, Word as _},
};

/// All routes, a line each.
pub(crate) fn list(answer: &ListRoutesResponse, screen: &Screen) -> String {
    let rows = answer.routes.iter().map(|route| {
        [
            Cell::new(&route.id),
            Cell::new(format!("{} → {}", route.from_team, route.to_team)),
            screen.cell(tone_of(route.status()), route.status().word()),
            Cell::new(route.terms.as_ref().map(template).unwrap_or_default()),
            Cell::new(&route.owner),
        ]
    });
    screen.table(&["ROUTE", "Teams", "Status", "Template", "Owner"], rows) + more(&answer.next_page_token)
}

/// One route.
pub(crate) fn card(route: &Route, screen: &Screen) -> String {
    let trigger = route.trigger.clone().unwrap_or_default();
    let facts = screen.facts(&[
        ("route", route.id.clone()),
        ("teams", format!("{} → {}", route.from_team, route.to_team)),
        ("status", screen.paint(tone_of(route.status()), route.status().word())),
        ("owner", route.owner.clone()),
        ("transfers", route.information.clone()),
        ("trigger", trigger.description),
        ("trigger event", trigger.event_type),
        ("review every", words::span(route.review_every.as_ref())),
        ("created", words::time(route.created_at.as_ref())),
        ("revision", route.revision.to_string()),
    ]);
    let terms = route.terms.as_ref().map(|terms| terms_facts(terms, screen)).unwrap_or_default();
    let risks: Vec<_> = route.risks.iter().map(|risk| format!("  {} {}", risk.kind().word(), risk.note)).collect();
    let name = if route.name.is_empty() { &route.id } else { &route.name };
    format!("{}\n{facts}", screen.heading(name))
        + &screen.section("Terms", &terms)
        + &screen.section("Risks", &risks.join("\n"))
}

/// The busiest routes.
pub(crate) fn traffic(traffic: &Traffic, screen: &Screen) -> String {
    let rows = traffic.routes.iter().map(|route| {
        [
            route.route_id.clone(),
            route.handoffs.to_string(),
            route.open.to_string(),
            route.rejections.to_string(),
            route.returns.to_string(),
            format!("{:.1} %", route.rejected_share * 100.0),
            format!("{:.1} %", route.returned_share * 100.0),
        ]
    });
    let header = ["ROUTE", "Handoffs", "Open", "Rejections", "Returns", "Ever rejected", "Ever returned"];
    let total = format!(
        "\n\n{} on {}",
        words::count(traffic.total_handoffs, "handoff"),
        words::count(traffic.total_routes, "route")
    );
    screen.table(&header, rows) + &total
}

fn terms_facts(terms: &Terms, screen: &Screen) -> String {
    screen.facts(&[
        ("version", terms.version.to_string()),
        ("template", template(terms)),
        ("read-back", terms.read_back().word().to_lowercase()),
        ("return window", words::span(terms.return_window.as_ref())),
        ("set", format!("{} by {}", words::time(terms.set_at.as_ref()), terms.set_by)),
    ])
}

fn template(terms: &Terms) -> String {
    match (terms.template_id.as_str(), terms.template_version) {
        ("", _) => String::new(),
        (id, 0) => format!("{id} (latest)"),
        (id, version) => format!("{id} v{version}"),
    }
}

fn tone_of(status: RouteStatus) -> Tone {
    match status {
        RouteStatus::Unspecified => Tone::Plain,
        RouteStatus::Discovered => Tone::Waiting,
        RouteStatus::Active => Tone::Good,
        RouteStatus::Retired => Tone::Quiet,
    }
}
