//! Requests as commands and queries, every violation noted.

#![expect(
    clippy::option_option,
    reason = "as in `Fields`: the outer None is a violation noted, the inner one is left out"
)]

#[macro_use]
mod on;
mod command;
mod handoff;
mod import;
mod list;
mod map;
mod map_text;
mod note;
mod parts;
mod proposal;
mod question;
mod reading;
mod review;
mod route;
mod team;
mod terms;
#[cfg(test)]
mod tests;
mod watch;
mod workflow;

use chassis::page::Page;

pub(super) use command::{Begin, Complete, Recall, Submit};
pub(super) use handoff::{EvaluateHandoff, GetHandoff, ListTimeline};
pub(super) use import::record;
pub(super) use list::ListHandoffs;
pub(super) use map::{CheckMap, ExportMap, Format, ImportMap};
pub(super) use map_text::to_yaml;
pub(super) use note::{Claim, ConfirmAction, MigrateDraft, PreviewMigration, Resume, Unclaim};
pub(super) use on::On;
pub(super) use question::MarkInsufficient;
pub(super) use review::{GetReviewInvite, Reschedule};
pub(super) use route::{GetRoute, ListRoutes, PromoteRoute, RetireRoute, UpdateRoute};
pub(super) use team::{GetTeam, ListTeams, UpdateTeam};
pub(super) use terms::{DecideTerms, Decides, ProposeTerms, SetTerms};
pub(super) use watch::WatchHandoffs;
pub(super) use workflow::{GetWorkflow, ListWorkflows, UpdateWorkflow};
