//! `baton workflow`.

use api::handoff::v1::{
    CreateWorkflowRequest, GetWorkflowRequest, ListWorkflowsRequest, ListWorkflowsResponse, UpdateWorkflowRequest,
    Workflow,
};
use clap::Subcommand;

use super::team::mask_of;
use crate::{
    client::{pages, request_id},
    errors::Result,
    session::Session,
    show::{Screen, workflow as show},
};

/// What can be done with workflows.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a workflow (ADMIN)
    #[command(
        after_help = "Example:\n  baton --as admin workflow create customer --name 'From lead to live' \\\n    marketing-to-sales sales-to-implementation"
    )]
    Create {
        /// The id: a-z, 0-9 and '-'
        workflow: String,
        /// Its routes, in order: each begins at the team where the one before it ended
        #[arg(required = true)]
        routes: Vec<String>,
        /// The name as a person reads it
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// List the workflows
    #[command(after_help = "Example:\n  baton workflow list --route sales-to-implementation")]
    List {
        /// Only those that lead over this route
        #[arg(long)]
        route: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one workflow
    #[command(after_help = "Example:\n  baton workflow show customer")]
    Show {
        /// The workflow
        workflow: String,
    },
    /// Change a workflow (ADMIN)
    #[command(after_help = "Example:\n  baton --as admin workflow update customer --name 'From lead to live'")]
    Update {
        /// The workflow
        workflow: String,
        /// The new name
        #[arg(long)]
        name: Option<String>,
        /// A route; again for each, in order; all of them, when they change
        #[arg(long = "route", value_name = "ROUTE")]
        routes: Vec<String>,
        /// Only if the workflow still has this revision
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        expected_revision: i64,
    },
}

/// Does it.
pub(crate) async fn run(command: Command, session: &Session) -> Result<()> {
    let handoff = session.handoff()?;
    match command {
        Command::Create { workflow, routes, name } => {
            let request = CreateWorkflowRequest { request_id: request_id(), workflow_id: workflow, name, routes };
            let answer = handoff.call(request, async |request| handoff.routes().create_workflow(request).await).await?;
            session.answer(&answer, |answer, screen| card(answer.workflow.as_ref(), screen))
        }
        Command::List { route, limit } => {
            let route_id = route.unwrap_or_default();
            let (workflows, next_page_token) = pages(limit, async |page_size, page_token| {
                let request = ListWorkflowsRequest { page_size, page_token, route_id: route_id.clone() };
                let page =
                    handoff.call(request, async |request| handoff.routes().list_workflows(request).await).await?;
                Ok((page.workflows, page.next_page_token))
            })
            .await?;
            session.answer(&ListWorkflowsResponse { workflows, next_page_token }, show::list)
        }
        Command::Show { workflow } => {
            let request = GetWorkflowRequest { workflow_id: workflow };
            let answer = handoff.call(request, async |request| handoff.routes().get_workflow(request).await).await?;
            session.answer(&answer, |answer, screen| card(answer.workflow.as_ref(), screen))
        }
        Command::Update { workflow, name, routes, expected_revision } => {
            let changed = [("name", name.is_some()), ("routes", !routes.is_empty())];
            let request = UpdateWorkflowRequest {
                request_id: request_id(),
                workflow_id: workflow,
                expected_revision,
                update_mask: Some(mask_of(&changed)),
                name: name.unwrap_or_default(),
                routes,
            };
            let answer = handoff.call(request, async |request| handoff.routes().update_workflow(request).await).await?;
            session.answer(&answer, |answer, screen| card(answer.workflow.as_ref(), screen))
        }
    }
}

fn card(workflow: Option<&Workflow>, screen: &Screen) -> String {
    show::card(&workflow.cloned().unwrap_or_default(), screen)
}
