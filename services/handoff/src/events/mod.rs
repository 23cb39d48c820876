//! The public form of this service's facts.

mod handoff;
mod route;
mod team;
#[cfg(test)]
mod tests;
mod workflow;

use api::handoff::v1 as pb;
use chassis::Event;
use prost::Message;

pub(crate) use handoff::{Said, said};

/// A fact about the map: a team, a route or a workflow.
fn of_map(name: &'static str, routing: String, actor: &str, kind: pb::handoff_event::Kind) -> Event {
    let event = pb::HandoffEvent { actor: actor.to_owned(), kind: Some(kind), ..Default::default() };
    Event { name, routing, payload: event.encode_to_vec(), withheld: None }
}
