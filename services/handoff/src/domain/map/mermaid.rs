//! A map as a Mermaid flowchart.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::Map;
use crate::domain::route::Status;

/// The lines of workflows, one colour each, over and over.
const COLOURS: [&str; 8] = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf"];
/// So many characters of a name are drawn.
const LABEL_CHARS: usize = 80;

/// The flowchart: teams as boxes, routes in use as arrows (discovered ones dashed), retired routes left out, and the routes of
/// each workflow in its colour. Whatever a name holds, the text stays a flowchart.
pub fn flowchart(map: &Map) -> String {
    let mut text = String::from("flowchart LR\n");
    let teams: BTreeMap<_, _> = map.teams.keys().enumerate().map(|(number, id)| (id, number)).collect();
    for (id, team) in &map.teams {
        let _ = writeln!(text, "  t{}[\"{}\"]", teams[id], label(&team.display_name, id.as_str()));
    }
    let mut arrows = BTreeMap::new();
    for (id, route) in &map.routes {
        let arrow = match route.status {
            Status::Retired => continue,
            Status::Discovered => "-.->",
            Status::Active => "-->",
        };
        let (Some(from), Some(to)) = (teams.get(&route.from_team), teams.get(&route.to_team)) else { continue };
        let name = label(&route.about.name, id.as_str());
        let _ = writeln!(text, "  t{from} {arrow}|\"{name}\"| t{to}");
        arrows.insert(id, arrows.len());
    }
    for (number, workflow) in map.workflows.values().enumerate() {
        let lines: BTreeSet<_> = workflow.routes.iter().filter_map(|route| arrows.get(route)).collect();
        if lines.is_empty() {
            continue;
        }
        let lines: Vec<_> = lines.into_iter().map(ToString::to_string).collect();
        let colour = COLOURS[number % COLOURS.len()];
        let _ = writeln!(text, "  %% workflow {}", workflow.id);
        let _ = writeln!(text, "  linkStyle {} stroke:{colour},stroke-width:3px", lines.join(","));
    }
    text
}

/// A name without anything that means something to Mermaid: all but letters, digits and a few marks as its entities.
fn label(name: &str, otherwise: &str) -> String {
    let name = if name.trim().is_empty() { otherwise } else { name };
    let mut text = String::new();
    for c in name.chars().take(LABEL_CHARS) {
        match c {
            c if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '/') => text.push(c),
            c if c.is_control() => text.push(' '),
            c => {
                let _ = write!(text, "#{};", u32::from(c));
            }
        }
    }
    if name.chars().nth(LABEL_CHARS).is_some() {
        text.push_str("...");
    }
    text
}
