//! Workflows on the wire.

use api::handoff::v1 as pb;

use crate::domain::Workflow;

pub(crate) fn into_workflow(workflow: &Workflow) -> pb::Workflow {
    pb::Workflow {
        id: workflow.id.to_string(),
        name: workflow.name.clone(),
        routes: workflow.routes.iter().map(ToString::to_string).collect(),
        revision: workflow.head.revision,
        created_at: Some(api::timestamp(workflow.created_at)),
    }
}
