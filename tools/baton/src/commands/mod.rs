//! What the commands do, by noun.

pub(crate) mod action;
mod answers;
pub(crate) mod completion;
pub(crate) mod events;
mod follow;
pub(crate) mod handoff;
pub(crate) mod import;
pub(crate) mod inbox;
pub(crate) mod map;
pub(crate) mod metrics;
pub(crate) mod narrow;
pub(crate) mod notify;
mod order;
mod owed;
pub(crate) mod propose;
pub(crate) mod question;
pub(crate) mod review;
pub(crate) mod route;
pub(crate) mod sla;
pub(crate) mod team;
pub(crate) mod template;
pub(crate) mod terms;
pub(crate) mod watch;
pub(crate) mod whoami;
pub(crate) mod workflow;
