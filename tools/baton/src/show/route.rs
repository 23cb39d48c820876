//! Routes and their traffic for people.

use api::handoff::v1::{ListRoutesResponse, Route, RouteStatus, Terms, TermsProposalState};
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
        + &proposal(route, screen)
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

/// The terms in force, and what was last proposed in their place.
pub(crate) fn terms(route: &Route, screen: &Screen) -> String {
    let terms = route.terms.as_ref().map_or("  none were ever set".to_owned(), |terms| terms_facts(terms, screen));
    let head = format!("{} ({} → {})", screen.heading(&route.id), route.from_team, route.to_team);
    format!("{head}, revision {}\n{terms}", route.revision) + &proposal(route, screen)
}

/// The last proposal: what it wants to change, and how it ended.
fn proposal(route: &Route, screen: &Screen) -> String {
    let Some(proposal) = &route.proposal else { return String::new() };
    let (wanted, stands) = (proposal.terms.clone().unwrap_or_default(), route.terms.clone().unwrap_or_default());
    let wants = said(&wanted).into_iter().zip(said(&stands)).map(|((name, wanted), (_, stands))| {
        let is_new = proposal.state() == TermsProposalState::Open && wanted != stands;
        (name, if is_new { screen.paint(Tone::Waiting, &format!("{wanted}  (now: {stands})")) } else { wanted })
    });
    let tone = match proposal.state() {
        TermsProposalState::Open => Tone::Waiting,
        TermsProposalState::Agreed => Tone::Good,
        TermsProposalState::Declined => Tone::Bad,
        _ => Tone::Quiet,
    };
    let ended = || format!("{} by {}", words::time(proposal.ended_at.as_ref()), proposal.ended_by);
    let mut facts = vec![
        ("proposal", proposal.id.clone()),
        ("state", screen.paint(tone, proposal.state().word())),
        ("proposed", format!("{} by {}", words::time(proposal.proposed_at.as_ref()), proposal.proposed_by)),
        ("for", proposal.side().word().to_lowercase()),
        ("because", proposal.reason.clone()),
        ("ended", if proposal.ended_by.is_empty() { String::new() } else { ended() }),
        ("answer", proposal.end_reason.clone()),
    ];
    facts.extend(wants);
    screen.section("Proposed terms", &screen.facts(&facts))
}

/// What terms say, without when and by whom.
fn said(terms: &Terms) -> Vec<(&'static str, String)> {
    vec![
        ("template", template(terms)),
        ("SLA policy", terms.sla_policy_id.clone()),
        ("review", terms.review_rule.clone()),
        ("read-back", terms.read_back().word().to_lowercase()),
        ("return window", words::span(terms.return_window.as_ref())),
    ]
}

fn terms_facts(terms: &Terms, screen: &Screen) -> String {
    screen.facts(&[
        ("version", terms.version.to_string()),
        ("template", template(terms)),
        ("SLA policy", terms.sla_policy_id.clone()),
        ("review", terms.review_rule.clone()),
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
