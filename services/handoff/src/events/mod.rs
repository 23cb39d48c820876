//! The public form of this service's facts.

mod handoff;
mod route;
mod team;
#[cfg(test)]
mod tests;
mod workflow;

use api::handoff::v1 as pb;
use chassis::{Author, Event};
use prost::Message;

pub(crate) use handoff::{Said, said};

/// A fact about the map: a team, a route or a workflow.
fn of_map(name: &'static str, routing: String, author: Author<'_>, kind: pb::handoff_event::Kind) -> Event {
    let event = pb::HandoffEvent {
        actor: author.name.to_owned(),
        by_service: author.is_service,
        kind: Some(kind),
        ..Default::default()
    };
    Event { name, routing, payload: event.encode_to_vec(), withheld: None }
}
