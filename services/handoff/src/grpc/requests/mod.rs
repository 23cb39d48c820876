//! Requests as commands and queries, every violation noted.

#![expect(
    clippy::option_option,
    reason = "as in `Fields`: the outer None is a violation noted, the inner one is left out"
)]

mod command;
mod handoff;
mod import;
mod page;
mod parts;
mod reading;
mod route;
mod team;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use command::{Begin, Complete, On, Submit};
pub(super) use handoff::{EvaluateHandoff, GetHandoff, ListHandoffs, ListTimeline};
pub(super) use import::record;
pub(super) use page::Page;
pub(super) use route::{GetRoute, ListRoutes, RetireRoute, SetTerms, UpdateRoute};
pub(super) use team::{GetTeam, ListTeams, UpdateTeam};
pub(super) use watch::WatchHandoffs;
