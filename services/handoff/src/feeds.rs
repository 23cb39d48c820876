//! What this service's watchers are told: which changes of handoffs are theirs to see.

use std::{collections::HashMap, sync::Arc};

use chassis::feed::{Change, Watched};
use kernel::Result;
use sqlx::PgPool;

use crate::{
    domain::{HandoffId, RouteId, Side, State, TeamId, side},
    store::{
        Viewer,
        list::{Line, Standing, standing},
    },
};

/// A handoff as watchers are shown it.
pub(crate) type Live = Standing;

/// What a watcher asked for; all of it must hold together, with the same meaning as in a list's filter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) inbox_of: Option<TeamId>,
    pub(crate) team: Option<TeamId>,
    pub(crate) side: Option<Side>,
    pub(crate) route_id: Option<RouteId>,
    pub(crate) states: Vec<State>,
    /// None of them is all of them.
    pub(crate) ids: Vec<HandoffId>,
    pub(crate) owner: Option<String>,
}

/// A watcher: who looks, and at what.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) viewer: Viewer,
    pub(crate) filter: Filter,
}

/// What a watcher is told of a change.
#[derive(Debug)]
pub(crate) enum Told {
    /// It matches.
    Changed(Arc<Change<Live>>),
    /// It matches no more, or may be seen no more.
    Gone(HandoffId),
}

impl Watched for Live {
    const KIND: &'static str = "handoff";

    type Filter = Wanted;
    type Told = Told;

    async fn load(pool: &PgPool, names: Vec<String>) -> Result<HashMap<String, Self>> {
        let ids = names.iter().filter_map(|name| name.split_once('/')?.1.parse().ok());
        let found = standing(pool, ids.map(uuid::Uuid::into).collect()).await?;
        Ok(found.into_iter().map(|live| (format!("{}/{}", Self::KIND, live.line.id), live)).collect())
    }

    fn tell(change: &Arc<Change<Self>>, wanted: &Wanted) -> Option<Told> {
        let (live, filter) = (&*change.state, &wanted.filter);
        if !filter.may_ever_match(&live.line) {
            return None;
        }
        if !wanted.viewer.sees(&live.line) {
            // Whoever saw it until now hears that it is gone, once; whoever did not must not learn that it is there.
            return change.facts.iter().any(|fact| fact.hides).then_some(Told::Gone(live.line.id));
        }
        Some(if filter.matches(live) { Told::Changed(change.clone()) } else { Told::Gone(live.line.id) })
    }
}

impl Filter {
    /// Whether what never changes of a handoff (its teams, its route, its id) is as the filter says.
    fn may_ever_match(&self, line: &Line) -> bool {
        self.route_id.as_ref().is_none_or(|route| *route == line.route_id)
            && (self.ids.is_empty() || self.ids.contains(&line.id))
            && self.sides().any(|side| self.is_of(side, line))
    }

    /// Whether a handoff is as the filter says, all in all.
    fn matches(&self, live: &Live) -> bool {
        let line = &live.line;
        let waits_on = |side| match side {
            Side::Upstream => live.waits_on_upstream,
            Side::Downstream => live.waits_on_downstream,
        };
        let is_turn = |side| self.inbox_of.is_none() || waits_on(side);
        let owns = |owner: &String| [&line.upstream_owner, &line.downstream_owner].contains(&&Some(owner.clone()));
        self.may_ever_match(line)
            && self.sides().any(|side| self.is_of(side, line) && is_turn(side))
            && (self.states.is_empty() || self.states.contains(&line.state))
            && self.owner.as_ref().is_none_or(owns)
    }

    /// The sides that the filter may be about.
    fn sides(&self) -> impl Iterator<Item = Side> {
        side::BOTH.into_iter().filter(|side| self.side.is_none_or(|only| only == *side))
    }

    /// Whether a handoff is of the teams that the filter names, where it is about that side.
    fn is_of(&self, side: Side, line: &Line) -> bool {
        let of = |side| match side {
            Side::Upstream => &line.from_team,
            Side::Downstream => &line.to_team,
        };
        let is_team = match &self.team {
            // Which side the filter is about says the inbox; the team may be either.
            Some(team) if self.inbox_of.is_some() && self.side.is_none() => {
                side::BOTH.into_iter().any(|side| team == of(side))
            }
            Some(team) => team == of(side),
            None => true,
        };
        is_team && self.inbox_of.as_ref().is_none_or(|inbox| inbox == of(side))
    }
}

#[cfg(test)]
mod tests;
