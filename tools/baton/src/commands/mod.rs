//! What the commands do, by noun.

mod answers;
pub(crate) mod events;
pub(crate) mod handoff;
pub(crate) mod import;
pub(crate) mod inbox;
pub(crate) mod map;
pub(crate) mod route;
pub(crate) mod team;
pub(crate) mod template;
pub(crate) mod terms;
pub(crate) mod whoami;
pub(crate) mod workflow;
