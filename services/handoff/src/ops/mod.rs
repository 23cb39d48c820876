//! What is done to teams, routes and handoffs, one decision each.

pub(crate) mod clock;
pub(crate) mod handoff;
pub(crate) mod hold;
pub(crate) mod import;
pub(crate) mod map;
pub(crate) mod note;
pub(crate) mod proposal;
pub(crate) mod question;
pub(crate) mod review;
pub(crate) mod route;
pub(crate) mod team;
pub(crate) mod workflow;

use crate::domain::{Acting, Expected, HandoffId, RouteId, TeamId};

/// The handoff that a command is about, as its caller has seen it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Which.
    pub(crate) id: HandoffId,
    /// At which revision it was seen.
    pub(crate) expected: Expected,
    /// Why an administrator acts for a side it is not in.
    pub(crate) override_reason: Option<String>,
}

impl Target {
    fn acting<'a>(&'a self, actor: &'a kernel::Actor) -> Acting<'a> {
        Acting { actor, override_reason: self.override_reason.as_deref() }
    }
}

/// Where a handoff is created.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// On a route.
    Route(RouteId),
    /// On the one route of a pair.
    Pair(TeamId, TeamId),
}
