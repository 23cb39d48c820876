//! Teams, routes and handoffs on the wire; events show them in the same form.

mod handoff;
mod invite;
mod map;
mod parts;
mod route;
mod talk;
mod team;
mod workflow;

pub(super) use handoff::{into_clocks, into_entry, into_handoff, into_line, into_migration, into_sla_entry};
pub(super) use invite::invite;
pub(super) use map::{count, into_finding, into_import};
pub(crate) use parts::{action, link, origin, pin, reason, side, summary};
pub(crate) use route::{into_proposal, into_route, into_terms};
pub(crate) use talk::{proposal, question, review};
pub(crate) use team::into_team;
pub(crate) use workflow::into_workflow;
