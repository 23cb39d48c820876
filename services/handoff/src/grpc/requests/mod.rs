//! Requests as commands and queries, every violation noted.

#![expect(
    clippy::option_option,
    reason = "as in `Fields`: the outer None is a violation noted, the inner one is left out"
)]

mod command;
mod handoff;
mod import;
mod map;
mod map_text;
mod page;
mod parts;
mod reading;
mod route;
mod team;
mod terms;
#[cfg(test)]
mod tests;
mod workflow;

pub(super) use command::{Begin, Complete, On, Submit};
pub(super) use handoff::{EvaluateHandoff, GetHandoff, ListHandoffs, ListTimeline};
pub(super) use import::record;
pub(super) use map::{CheckMap, ExportMap, Format, ImportMap};
pub(super) use map_text::to_yaml;
pub(super) use page::Page;
pub(super) use route::{GetRoute, ListRoutes, PromoteRoute, RetireRoute, UpdateRoute};
pub(super) use team::{GetTeam, ListTeams, UpdateTeam};
pub(super) use terms::{DecideTerms, Decides, ProposeTerms, SetTerms};
pub(super) use workflow::{GetWorkflow, ListWorkflows, UpdateWorkflow};
