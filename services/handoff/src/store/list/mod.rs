//! Lists of handoffs by filter.

mod query;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use kernel::{Actor, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, QueryBuilder};

use super::{Viewer, broken};
use crate::domain::{HandoffId, Origin, Priority, RouteId, Side, State, TeamId, side};
use words::Reach;

/// What a list shows; all of it must hold together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// What waits on this team.
    pub(crate) inbox_of: Option<TeamId>,
    /// A side of it.
    pub(crate) team: Option<TeamId>,
    /// Who speaks for a side of it.
    pub(crate) owner: Option<String>,
    /// Which side the three above are; each may be either, where there is none.
    pub(crate) side: Option<Side>,
    /// One of these; any, where there is none.
    pub(crate) states: Vec<State>,
    /// Whose turn it is.
    pub(crate) waiting_on: Option<Side>,
    pub(crate) route_id: Option<RouteId>,
    /// One of these; any, where there is none.
    pub(crate) priorities: Vec<Priority>,
    pub(crate) origin: Option<Record>,
    pub(crate) follows: Option<HandoffId>,
    pub(crate) link: Option<Record>,
    /// Words that all occur.
    pub(crate) text: Option<String>,
    pub(crate) on_hold: Option<bool>,
    pub(crate) confidential: Option<bool>,
    pub(crate) created: Span,
    pub(crate) updated: Span,
    pub(crate) deliver_by_before: Option<Timestamp>,
    /// Of the side whose inbox it is, or that the filter names; of either, where it says none.
    pub(crate) due_before: Option<Timestamp>,
    /// Of the same.
    pub(crate) breached: Option<bool>,
    pub(crate) order: Order,
}

impl Filter {
    /// Whether it asks when something is due on a side.
    fn is_about_due(&self) -> bool {
        self.due_before.is_some() || self.breached.is_some() || self.order == Order::Due
    }
}

/// A record of an outside system; any of it, where there is no key.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) system: String,
    pub(crate) key: Option<String>,
}

/// From an instant on, and before another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) after: Option<Timestamp>,
    pub(crate) before: Option<Timestamp>,
}

/// In which order; what is equal goes by id, the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// Longest untouched first.
    #[default]
    Updated,
    /// Last touched first.
    Recent,
    /// Oldest first.
    Oldest,
    /// Newest first.
    Newest,
    /// Most urgent first, then longest in its state.
    Priority,
    /// Promised soonest first, then what is not promised.
    DeliverBy,
    /// Due soonest on the side whose inbox it is first; what is not due comes last, as PRIORITY has it.
    Due,
}

impl Order {
    /// Whether it is an order of an inbox alone: no index holds more than the inboxes in it.
    pub(crate) const fn is_of_inbox(self) -> bool {
        matches!(self, Self::Priority | Self::DeliverBy | Self::Due)
    }
}

/// The place in a list after which the next page begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// For the order DUE; none: not due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// For the orders PRIORITY and DUE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    urgency: Option<i32>,
    /// None: not promised, in the order DELIVER_BY.
    at: Option<Timestamp>,
    id: HandoffId,
}

/// A handoff as a list shows it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: HandoffId,
    pub(crate) route_id: RouteId,
    pub(crate) from_team: TeamId,
    pub(crate) to_team: TeamId,
    pub(crate) title: String,
    pub(crate) priority: Priority,
    pub(crate) state: State,
    pub(crate) attempt: i32,
    pub(crate) revision: i64,
    pub(crate) upstream_owner: Option<String>,
    pub(crate) downstream_owner: Option<String>,
    pub(crate) accountable_side: Side,
    pub(crate) waiting_on: Option<Side>,
    pub(crate) upstream_actions: i32,
    pub(crate) downstream_actions: i32,
    pub(crate) upstream_answers: i32,
    pub(crate) downstream_answers: i32,
    pub(crate) rejections: i32,
    pub(crate) returns: i32,
    pub(crate) on_hold: bool,
    pub(crate) confidential: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) state_since: Timestamp,
    pub(crate) deliver_by: Option<Timestamp>,
    pub(crate) origin: Option<Origin>,
    pub(crate) upstream_due_at: Option<Timestamp>,
    pub(crate) downstream_due_at: Option<Timestamp>,
    pub(crate) upstream_breaches: i32,
    pub(crate) downstream_breaches: i32,
    /// Its place in the order PRIORITY.
    urgency: i32,
    /// Its place in the order DUE: of the side whose inbox was asked for.
    due_at: Option<Timestamp>,
}

impl Line {
    /// Where the next page begins.
    pub(crate) fn cursor(&self, order: Order) -> Cursor {
        let (urgency, at) = match order {
            Order::Updated | Order::Recent => (None, Some(self.updated_at)),
            Order::Oldest | Order::Newest => (None, Some(self.created_at)),
            Order::Priority | Order::Due => (Some(self.urgency), Some(self.state_since)),
            Order::DeliverBy => (None, self.deliver_by),
        };
        Cursor { due_at: self.due_at.filter(|_| order == Order::Due), urgency, at, id: self.id }
    }
}

/// A handoff with what decides whose inbox it is in.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) line: Line,
    pub(crate) waits_on_upstream: bool,
    pub(crate) waits_on_downstream: bool,
}

#[derive(FromRow)]
struct StandingRow {
    #[sqlx(flatten)]
    row: Row,
    waits_on_upstream: bool,
    waits_on_downstream: bool,
}

/// Those handoffs as they stand, whoever looks.
pub(crate) async fn standing(pool: &PgPool, ids: Vec<HandoffId>) -> Result<Vec<Standing>> {
    let mut query = QueryBuilder::new(query::COLUMNS);
    query
        .push(", waits_on_upstream, waits_on_downstream FROM handoff.handoff WHERE id = ANY (")
        .push_bind(ids)
        .push(")");
    let rows: Vec<StandingRow> = query.build_query_as().fetch_all(pool).await?;
    let standing = rows.into_iter().map(|StandingRow { row, waits_on_upstream, waits_on_downstream }| {
        Ok(Standing { line: into_line(row)?, waits_on_upstream, waits_on_downstream })
    });
    standing.collect()
}

#[derive(FromRow)]
struct Row {
    id: HandoffId,
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    title: String,
    priority: String,
    state: String,
    attempt: i32,
    revision: i64,
    upstream_owner: Option<String>,
    downstream_owner: Option<String>,
    accountable_side: String,
    waiting_on: Option<String>,
    upstream_actions: i32,
    downstream_actions: i32,
    upstream_answers: i32,
    downstream_answers: i32,
    rejections: i32,
    returns: i32,
    on_hold: bool,
    confidential: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    state_since: Timestamp,
    deliver_by: Option<Timestamp>,
    origin_system: Option<String>,
    origin_key: Option<String>,
    upstream_due_at: Option<Timestamp>,
    downstream_due_at: Option<Timestamp>,
    upstream_breaches: i32,
    downstream_breaches: i32,
    urgency: i32,
    /// Read in the order DUE alone.
    #[sqlx(default)]
    due_at: Option<Timestamp>,
}

/// The handoffs that the viewer may know of, after a place in the order.
pub(crate) async fn list(
    pool: &PgPool,
    viewer: &Actor,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Line>> {
    let reach = words::reach(pool, filter).await?;
    // A search is planned for its own words each time; everything else has one plan for all.
    let is_search = !matches!(reach, Reach::All);
    let mut query = query::list(&Viewer::of(viewer), filter, &reach, after, limit);
    let rows: Vec<Row> = query.build_query_as().persistent(!is_search).fetch_all(pool).await?;
    rows.into_iter().map(into_line).collect()
}

fn into_line(row: Row) -> Result<Line> {
    Ok(Line {
        id: row.id,
        route_id: row.route_id,
        from_team: row.from_team,
        to_team: row.to_team,
        title: row.title,
        priority: Priority::from_name(&row.priority).ok_or_else(|| broken("priority"))?,
        state: State::from_name(&row.state).ok_or_else(|| broken("state"))?,
        attempt: row.attempt,
        revision: row.revision,
        upstream_owner: row.upstream_owner,
        downstream_owner: row.downstream_owner,
        accountable_side: side::from_name(&row.accountable_side).ok_or_else(|| broken("accountable_side"))?,
        waiting_on: row.waiting_on.as_deref().and_then(side::from_name),
        upstream_actions: row.upstream_actions,
        downstream_actions: row.downstream_actions,
        upstream_answers: row.upstream_answers,
        downstream_answers: row.downstream_answers,
        rejections: row.rejections,
        returns: row.returns,
        on_hold: row.on_hold,
        confidential: row.confidential,
        created_at: row.created_at,
        updated_at: row.updated_at,
        state_since: row.state_since,
        deliver_by: row.deliver_by,
        origin: row.origin_system.zip(row.origin_key).map(|(system, key)| Origin { system, key }),
        upstream_due_at: row.upstream_due_at,
        downstream_due_at: row.downstream_due_at,
        upstream_breaches: row.upstream_breaches,
        downstream_breaches: row.downstream_breaches,
        urgency: row.urgency,
        due_at: row.due_at,
    })
}
