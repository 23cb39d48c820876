//! What happens to workflows.

use api::handoff::v1::{WorkflowCreated, WorkflowUpdated, handoff_event::Kind};
use chassis::{Aggregate, Author, Event};
use kernel::Head;

use crate::{
    domain::{Workflow, workflow::Fact},
    grpc::responses::into_workflow,
};

impl Aggregate for Workflow {
    type Fact = Fact;

    fn name(&self) -> String {
        format!("workflow/{}", self.id)
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn event(&self, fact: &Fact, author: Author<'_>) -> Event {
        let workflow = Some(into_workflow(self));
        let kind = match fact {
            Fact::Created => Kind::WorkflowCreated(WorkflowCreated { workflow }),
            Fact::Updated => Kind::WorkflowUpdated(WorkflowUpdated { workflow }),
        };
        super::of_map(fact.name(), "_._".to_owned(), author, kind)
    }
}
