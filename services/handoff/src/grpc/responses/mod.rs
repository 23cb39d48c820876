//! Teams, routes and handoffs on the wire; events show them in the same form.

mod handoff;
mod invite;
mod parts;
mod route;
mod talk;
mod team;

pub(super) use handoff::{into_entry, into_handoff, into_line, into_migration};
pub(super) use invite::invite;
pub(crate) use parts::{action, link, origin, pin, reason, side, summary};
pub(crate) use route::{into_route, into_terms};
pub(crate) use talk::{proposal, question, review};
pub(crate) use team::into_team;
