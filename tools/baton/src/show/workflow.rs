//! Workflows for people.

use api::handoff::v1::{ListWorkflowsResponse, Workflow};

use super::{Screen, more};
use crate::words;

/// All workflows, a line each.
pub(crate) fn list(answer: &ListWorkflowsResponse, screen: &Screen) -> String {
    let rows = answer
        .workflows
        .iter()
        .map(|workflow| [workflow.id.clone(), workflow.name.clone(), workflow.routes.join(" → ")]);
    screen.table(&["WORKFLOW", "Name", "Routes"], rows) + more(&answer.next_page_token)
}

/// One workflow.
pub(crate) fn card(workflow: &Workflow, screen: &Screen) -> String {
    let facts = screen.facts(&[
        ("workflow", workflow.id.clone()),
        ("created", words::time(workflow.created_at.as_ref())),
        ("revision", workflow.revision.to_string()),
    ]);
    let steps = workflow.routes.iter().enumerate().map(|(index, route)| format!("  {}. {route}", index + 1));
    format!("{}\n{facts}", screen.heading(&workflow.name))
        + &screen.section("Routes", &steps.collect::<Vec<_>>().join("\n"))
}
