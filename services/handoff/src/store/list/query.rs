//! The statement of a list.

use std::collections::BTreeSet;

use sqlx::{Postgres, QueryBuilder};

use super::{Cursor, Filter, Order, Record, words::Reach};
use crate::{
    domain::{Side, State, side},
    store::Viewer,
};

/// What a line is made of.
pub(super) const COLUMNS: &str = "
    SELECT id, route_id, from_team, to_team, title, priority, state, attempt, revision, upstream_owner, downstream_owner,
           accountable_side, waiting_on, upstream_actions, downstream_actions, upstream_answers, downstream_answers,
           rejections, returns, hold IS NOT NULL AS on_hold, confidential, created_at, updated_at, since_at AS state_since,
           deliver_by, origin_system, origin_key, upstream_due_at, downstream_due_at, upstream_breaches, downstream_breaches,
           handoff.urgency(priority) AS urgency";

/// What names a party of a handoff, each on a side of its own where the filter leaves the side open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party<'a> {
    Inbox(&'a str),
    Owner(&'a str),
    Team(&'a str),
}

/// A part of a list that one index gives in its order.
#[derive(Clone, Copy)]
enum Branch<'a> {
    /// All of it.
    Whole,
    /// Where the party is on this side.
    Of(Party<'a>, Side),
    /// What is in this state.
    In(State),
}

/// A list that one index cannot give in its order is asked for in branches, each by its own index; an OR would use none.
pub(super) fn list(
    viewer: &Viewer,
    filter: &Filter,
    reach: &Reach,
    after: Option<&Cursor>,
    limit: i64,
) -> QueryBuilder<Postgres> {
    let parties = parties(filter);
    let branches = branches(filter, reach, &parties);
    let mut query = QueryBuilder::new("");
    if let [branch] = branches[..] {
        push_branch(&mut query, viewer, filter, reach, &parties, branch, after, limit);
        return query;
    }
    query.push("SELECT * FROM (");
    for (n, branch) in branches.into_iter().enumerate() {
        query.push(if n == 0 { "(" } else { ") UNION ALL (" });
        push_branch(&mut query, viewer, filter, reach, &parties, branch, after, limit);
    }
    query.push(")) AS branches");
    push_order(&mut query, filter.order, None, limit);
    query
}

fn branches<'a>(filter: &Filter, reach: &Reach, parties: &[Party<'a>]) -> Vec<Branch<'a>> {
    let leading = match reach {
        Reach::Few(_) if !filter.is_about_due() => return vec![Branch::Whole],
        // Which side's clocks are asked for says the branch.
        _ => parties.first(),
    };
    let is_by_update = matches!(filter.order, Order::Updated | Order::Recent);
    let is_of_all = matches!(reach, Reach::All) && filter.route_id.is_none() && filter.follows.is_none();
    match leading {
        Some(leading) if filter.side.is_none() => side::BOTH.map(|side| Branch::Of(*leading, side)).into(),
        None if is_by_update && is_of_all && filter.origin.is_none() && !filter.states.is_empty() => {
            let states: BTreeSet<State> = filter.states.iter().copied().collect();
            states.into_iter().map(Branch::In).collect()
        }
        _ => vec![Branch::Whole],
    }
}

/// The narrowest first.
fn parties(filter: &Filter) -> Vec<Party<'_>> {
    let inbox = filter.inbox_of.as_ref().map(|team| Party::Inbox(team.as_str()));
    let owner = filter.owner.as_ref().map(|owner| Party::Owner(owner));
    let team = filter.team.as_ref().map(|team| Party::Team(team.as_str()));
    [inbox, owner, team].into_iter().flatten().collect()
}

#[expect(clippy::too_many_arguments, reason = "what a list is asked for, and which part of it")]
fn push_branch(
    query: &mut QueryBuilder<Postgres>,
    viewer: &Viewer,
    filter: &Filter,
    reach: &Reach,
    parties: &[Party<'_>],
    branch: Branch<'_>,
    after: Option<&Cursor>,
    limit: i64,
) {
    let due_side = match branch {
        Branch::Of(Party::Inbox(_), side) => Some(side),
        _ => filter.side,
    };
    query.push(COLUMNS);
    if let (Order::Due, Some(side)) = (filter.order, due_side) {
        query.push(format_args!(", {} AS due_at", due_column(side)));
    }
    query.push(" FROM handoff.handoff WHERE handoff.visible_to(confidential, from_team, to_team, ");
    query.push_bind(viewer.sees_all).push(", ").push_bind(viewer.teams.clone()).push(")");
    for party in parties {
        query.push(" AND ");
        match (filter.side, branch) {
            (Some(side), _) => push_party(query, *party, side),
            (None, Branch::Of(leading, side)) if leading == *party => {
                push_party(query, *party, side);
                if let (Party::Owner(owner), Side::Downstream) = (party, side) {
                    // Who speaks for both sides is in the branch of upstream.
                    query.push(" AND upstream_owner IS DISTINCT FROM ").push_bind((*owner).to_owned());
                }
            }
            (None, _) => {
                query.push("(");
                push_party(query, *party, Side::Upstream);
                query.push(" OR ");
                push_party(query, *party, Side::Downstream);
                query.push(")");
            }
        }
    }
    reach.push(query);
    match branch {
        // In the text, so that every state has a plan of its own.
        Branch::In(state) => drop(query.push(format_args!(" AND state = '{state}'"))),
        Branch::Whole | Branch::Of(..) if filter.states.is_empty() => {}
        Branch::Whole | Branch::Of(..) => push_states(query, filter.states.iter().copied()),
    }
    push_conditions(query, filter);
    push_due(query, filter, due_side);
    if let Some(after) = after {
        push_after(query, filter.order, due_side, after);
    }
    push_order(query, filter.order, due_side, limit);
}

/// When the next clock of a side is due.
const fn due_column(side: Side) -> &'static str {
    match side {
        Side::Upstream => "upstream_due_at",
        Side::Downstream => "downstream_due_at",
    }
}

/// What is asked of the clocks of a side; of either, where there is none.
fn push_due(query: &mut QueryBuilder<Postgres>, filter: &Filter, side: Option<Side>) {
    if let Some(before) = filter.due_before {
        let due_at = side.map_or("LEAST(upstream_due_at, downstream_due_at)", due_column);
        query.push(format_args!(" AND {due_at} < ")).push_bind(before);
    }
    if let Some(breached) = filter.breached {
        let is_breached = match side {
            Some(Side::Upstream) => "upstream_breaches > 0",
            Some(Side::Downstream) => "downstream_breaches > 0",
            None => "(upstream_breaches > 0 OR downstream_breaches > 0)",
        };
        query.push(format_args!(" AND {}{is_breached}", if breached { "" } else { "NOT " }));
    }
}

fn push_party(query: &mut QueryBuilder<Postgres>, party: Party<'_>, side: Side) {
    let is_upstream = side == Side::Upstream;
    let (condition, name) = match party {
        Party::Inbox(team) if is_upstream => ("waits_on_upstream AND from_team = ", team),
        Party::Inbox(team) => ("waits_on_downstream AND to_team = ", team),
        Party::Owner(owner) if is_upstream => ("upstream_owner = ", owner),
        Party::Owner(owner) => ("downstream_owner = ", owner),
        Party::Team(team) if is_upstream => ("from_team = ", team),
        Party::Team(team) => ("to_team = ", team),
    };
    query.push(condition).push_bind(name.to_owned());
}

fn push_conditions(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if let Some(side) = filter.waiting_on {
        query.push(" AND waiting_on = ").push_bind(side::name(side));
    }
    if let Some(route) = &filter.route_id {
        query.push(" AND route_id = ").push_bind(route.to_string());
    }
    if !filter.priorities.is_empty() {
        let priorities: Vec<&str> = filter.priorities.iter().map(|priority| priority.name()).collect();
        query.push(" AND priority = ANY (").push_bind(priorities).push(")");
    }
    if let Some(Record { system, key }) = &filter.origin {
        query.push(" AND origin_system = ").push_bind(system.clone());
        if let Some(key) = key {
            query.push(" AND origin_key = ").push_bind(key.clone());
        }
    }
    if let Some(follows) = filter.follows {
        query.push(" AND follows = ").push_bind(follows);
    }
    if let Some(link) = &filter.link {
        let link = serde_json::json!([{ "system": link.system, "key": link.key }]);
        query.push(" AND links @> ").push_bind(link);
    }
    if let Some(on_hold) = filter.on_hold {
        query.push(if on_hold { " AND hold IS NOT NULL" } else { " AND hold IS NULL" });
    }
    if let Some(confidential) = filter.confidential {
        query.push(if confidential { " AND confidential" } else { " AND NOT confidential" });
    }
    let bounds = [
        (" AND created_at >= ", filter.created.after),
        (" AND created_at < ", filter.created.before),
        (" AND updated_at >= ", filter.updated.after),
        (" AND updated_at < ", filter.updated.before),
        (" AND deliver_by < ", filter.deliver_by_before),
    ];
    for (condition, bound) in bounds {
        if let Some(bound) = bound {
            query.push(condition).push_bind(bound);
        }
    }
}

fn push_states(query: &mut QueryBuilder<Postgres>, states: impl Iterator<Item = State>) {
    let states: Vec<&str> = states.map(State::name).collect();
    query.push(" AND state = ANY (").push_bind(states).push(")");
}

fn push_after(query: &mut QueryBuilder<Postgres>, order: Order, due_side: Option<Side>, after: &Cursor) {
    let (at, id) = (after.at, after.id);
    match order {
        Order::Updated => query.push(" AND (updated_at, id) > (").push_bind(at),
        Order::Recent => query.push(" AND (updated_at, id) < (").push_bind(at),
        Order::Oldest => query.push(" AND (created_at, id) > (").push_bind(at),
        Order::Newest => query.push(" AND (created_at, id) < (").push_bind(at),
        Order::Priority => {
            query.push(" AND (handoff.urgency(priority), since_at, id) > (").push_bind(after.urgency);
            query.push(", ").push_bind(at)
        }
        Order::DeliverBy => {
            query.push(" AND (COALESCE(deliver_by, timestamptz 'infinity'), id) > (COALESCE(").push_bind(at);
            query.push(", timestamptz 'infinity')")
        }
        Order::Due => {
            let due_at = due_side.map_or("due_at", due_column);
            let key = format!("COALESCE({due_at}, timestamptz 'infinity'), handoff.urgency(priority), since_at, id");
            query.push(format_args!(" AND ({key}) > (COALESCE(")).push_bind(after.due_at);
            query.push(", timestamptz 'infinity'), ").push_bind(after.urgency);
            query.push(", ").push_bind(at)
        }
    };
    query.push(", ").push_bind(id).push(")");
}

/// The limit stands in the text: a plan for an unknown one would read a tenth of the table as soon as one page.
fn push_order(query: &mut QueryBuilder<Postgres>, order: Order, due_side: Option<Side>, limit: i64) {
    query.push(match order {
        Order::Updated => " ORDER BY updated_at, id",
        Order::Recent => " ORDER BY updated_at DESC, id DESC",
        Order::Oldest => " ORDER BY created_at, id",
        Order::Newest => " ORDER BY created_at DESC, id DESC",
        Order::Priority => " ORDER BY urgency, state_since, id",
        Order::DeliverBy => " ORDER BY COALESCE(deliver_by, timestamptz 'infinity'), id",
        Order::Due => match due_side {
            Some(Side::Upstream) => {
                " ORDER BY COALESCE(upstream_due_at, timestamptz 'infinity'), handoff.urgency(priority), since_at, id"
            }
            Some(Side::Downstream) => {
                " ORDER BY COALESCE(downstream_due_at, timestamptz 'infinity'), handoff.urgency(priority), since_at, id"
            }
            None => " ORDER BY COALESCE(due_at, timestamptz 'infinity'), urgency, state_since, id",
        },
    });
    query.push(format_args!(" LIMIT {limit}"));
}
