//! Lists of handoffs by filter.

use kernel::{Actor, Result, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};

use super::{Viewer, broken};
use crate::domain::{HandoffId, Origin, Priority, RouteId, Side, State, TeamId, side};

/// What a list shows; all of it must hold together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) inbox_of: Option<TeamId>,
    pub(crate) team: Option<TeamId>,
    pub(crate) side: Option<Side>,
    pub(crate) states: Vec<State>,
    pub(crate) route_id: Option<RouteId>,
    pub(crate) origin: Option<Origin>,
    pub(crate) order: Order,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// Longest untouched first.
    #[default]
    Updated,
    /// Newest first.
    Newest,
}

/// The place in a list after which the next page begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cursor {
    at: Timestamp,
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
    pub(crate) upstream_actions: i32,
    pub(crate) downstream_actions: i32,
    pub(crate) rejections: i32,
    pub(crate) returns: i32,
    pub(crate) on_hold: bool,
    pub(crate) confidential: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) state_since: Timestamp,
    pub(crate) deliver_by: Option<Timestamp>,
    pub(crate) origin: Option<Origin>,
}

impl Line {
    /// Where the next page begins.
    pub(crate) fn cursor(&self, order: Order) -> Cursor {
        let at = match order {
            Order::Updated => self.updated_at,
            Order::Newest => self.created_at,
        };
        Cursor { at, id: self.id }
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
    let mut query = QueryBuilder::new(COLUMNS);
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

/// What a line is made of.
const COLUMNS: &str = "
    SELECT id, route_id, from_team, to_team, title, priority, state, attempt, revision, upstream_owner, downstream_owner,
           accountable_side, upstream_actions, downstream_actions, rejections, returns, hold IS NOT NULL AS on_hold,
           confidential, created_at, updated_at, since_at AS state_since, deliver_by, origin_system, origin_key";

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
    upstream_actions: i32,
    downstream_actions: i32,
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
}

/// The handoffs that the viewer may know of, after a place in the order.
pub(crate) async fn list(
    pool: &PgPool,
    viewer: &Actor,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<Line>> {
    let rows: Vec<Row> = query(&Viewer::of(viewer), filter, after, limit).build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(into_line).collect()
}

/// A team that may be on either side is asked for side by side, each by its own index; an OR would use neither.
fn query(viewer: &Viewer, filter: &Filter, after: Option<&Cursor>, limit: i64) -> QueryBuilder<Postgres> {
    let has_team = filter.inbox_of.is_some() || filter.team.is_some();
    let sides = match filter.side {
        Some(side) => vec![Some(side)],
        None if has_team => vec![Some(Side::Upstream), Some(Side::Downstream)],
        None => vec![None],
    };
    let mut query = QueryBuilder::new("SELECT * FROM (");
    for (place, side) in sides.into_iter().enumerate() {
        query.push(if place == 0 { "(" } else { " UNION (" });
        push_side(&mut query, viewer, filter, side, after);
        push_order(&mut query, filter.order, limit);
        query.push(")");
    }
    query.push(") AS both_sides");
    push_order(&mut query, filter.order, limit);
    query
}

fn push_side(
    query: &mut QueryBuilder<Postgres>,
    viewer: &Viewer,
    filter: &Filter,
    side: Option<Side>,
    after: Option<&Cursor>,
) {
    query.push(COLUMNS);
    query.push(" FROM handoff.handoff WHERE handoff.visible_to(confidential, from_team, to_team, ");
    query.push_bind(viewer.sees_all).push(", ").push_bind(viewer.teams.clone()).push(")");
    let (team_column, waits_column) = match side {
        Some(Side::Upstream) => ("from_team", "waits_on_upstream"),
        Some(Side::Downstream) => ("to_team", "waits_on_downstream"),
        None => ("", ""),
    };
    if side.is_some() {
        match &filter.team {
            // Which side the branch is about says the inbox; the team may be either.
            Some(team) if filter.inbox_of.is_some() && filter.side.is_none() => {
                query.push(" AND (from_team = ").push_bind(team.to_string());
                query.push(" OR to_team = ").push_bind(team.to_string()).push(")");
            }
            Some(team) => {
                query.push(format_args!(" AND {team_column} = ")).push_bind(team.to_string());
            }
            None => {}
        }
        if let Some(team) = &filter.inbox_of {
            query.push(format_args!(" AND {waits_column} AND {team_column} = ")).push_bind(team.to_string());
        }
    }
    if !filter.states.is_empty() {
        let states: Vec<&str> = filter.states.iter().map(|state| state.name()).collect();
        query.push(" AND state = ANY (").push_bind(states).push(")");
    }
    if let Some(route) = &filter.route_id {
        query.push(" AND route_id = ").push_bind(route.to_string());
    }
    if let Some(origin) = &filter.origin {
        query.push(" AND origin_system = ").push_bind(origin.system.clone());
        query.push(" AND origin_key = ").push_bind(origin.key.clone());
    }
    if let Some(after) = after {
        query.push(match filter.order {
            Order::Updated => " AND (updated_at, id) > (",
            Order::Newest => " AND (created_at, id) < (",
        });
        query.push_bind(after.at).push(", ").push_bind(after.id).push(")");
    }
}

fn push_order(query: &mut QueryBuilder<Postgres>, order: Order, limit: i64) {
    query.push(match order {
        Order::Updated => " ORDER BY updated_at, id LIMIT ",
        Order::Newest => " ORDER BY created_at DESC, id DESC LIMIT ",
    });
    query.push_bind(limit);
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
        upstream_actions: row.upstream_actions,
        downstream_actions: row.downstream_actions,
        rejections: row.rejections,
        returns: row.returns,
        on_hold: row.on_hold,
        confidential: row.confidential,
        created_at: row.created_at,
        updated_at: row.updated_at,
        state_since: row.state_since,
        deliver_by: row.deliver_by,
        origin: row.origin_system.zip(row.origin_key).map(|(system, key)| Origin { system, key }),
    })
}

#[cfg(test)]
mod tests {
    //! The plans of the lists, on a table of some size.

    use sqlx::{AssertSqlSafe, Connection, Execute, PgConnection};
    use testkit::Database;

    use super::*;

    /// Fifty teams in a ring, each handing over to the next; of ten thousand handoffs every twentieth is still open.
    const ROWS: &str = "
        INSERT INTO handoff.team (id, display_name, members, created_at, revision, head_hash, head_at)
        SELECT 't' || n, '', '[]', 'epoch', 1, '', 'epoch' FROM generate_series(0, 49) AS n;
        INSERT INTO handoff.route (id, from_team, to_team, name, information, trigger, risks, review_every_seconds, status,
                                   terms_version, created_at, revision, head_hash, head_at)
        SELECT 'r' || n, 't' || n, 't' || (n + 1) % 50, '', '', '{}', '[]', 1, 'ACTIVE', 0, 'epoch', 1, '', 'epoch'
        FROM generate_series(0, 49) AS n;
        INSERT INTO handoff.handoff (id, route_id, from_team, to_team, terms_version, template_version, content_hash, title,
            summary, priority, confidential, state, since_command, since_by, since_at, attempt, accountable_side,
            triggered_at, submission, origin_system, origin_key, links, attachments, rejections, returns, waits_on_upstream,
            waits_on_downstream, upstream_actions, downstream_actions, created_at, updated_at, revision, head_hash, head_at)
        SELECT gen_random_uuid(), 'r' || n % 50, 't' || n % 50, 't' || (n + 1) % 50, 0, 0, '', '', '{}', 'NORMAL', false,
               CASE WHEN is_open THEN 'SUBMITTED' ELSE 'COMPLETED' END, 'SUBMIT', '', at, 1, 'UPSTREAM',
               at, '{}', 'crm', n::text, '[]', '[]', 0, 0, is_open AND n % 100 < 50, is_open AND n % 100 >= 50,
               0, 0, at, at, 1, '', at
        FROM generate_series(1, 10000) AS n,
             LATERAL (SELECT n / 50 % 20 = 0 AS is_open, timestamptz 'epoch' + n * interval '1 minute' AS at) AS derived";

    async fn filled() -> PgConnection {
        let database = Database::new::<crate::HandoffService>().await;
        let mut owner = database.connect_as_owner().await;
        sqlx::raw_sql(ROWS).execute(&mut owner).await.unwrap();
        sqlx::raw_sql("ANALYZE handoff.handoff").execute(&mut owner).await.unwrap();
        owner.close().await.unwrap();
        database.connect().await
    }

    async fn plan(connection: &mut PgConnection, filter: &Filter) -> String {
        let viewer = Viewer { sees_all: false, teams: vec!["t1".to_owned()] };
        let after = Cursor { at: Timestamp::EPOCH, id: uuid::Uuid::nil().into() };
        let mut query = query(&viewer, filter, Some(&after), 51);
        let explained = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {}", query.sql().as_str()));
        let arguments = query.build().take_arguments().unwrap().unwrap();
        let lines: Vec<String> = sqlx::query_scalar_with(explained, arguments).fetch_all(connection).await.unwrap();
        lines.join("\n")
    }

    #[tokio::test]
    async fn every_list_reads_through_an_index_of_its_own() {
        let mut connection = filled().await;
        let team = || Some("t1".parse().unwrap());
        let newest = Filter { order: Order::Newest, ..Filter::default() };
        let inbox = Filter { inbox_of: team(), ..Filter::default() };
        let upstream = Filter { side: Some(Side::Upstream), ..inbox.clone() };
        let of_team = Filter { team: team(), ..Filter::default() };
        let route = Filter { route_id: Some("r1".parse().unwrap()), ..Filter::default() };
        let origin = Origin { system: "crm".to_owned(), key: "7".to_owned() };
        let origin = Filter { origin: Some(origin), ..Filter::default() };
        let lists = [
            (inbox, &["handoff_upstream_inbox", "handoff_downstream_inbox"][..]),
            (upstream, &["handoff_upstream_inbox"]),
            (of_team, &["handoff_from_team_updated", "handoff_to_team_updated"]),
            (route, &["handoff_route_updated"]),
            (origin, &["handoff_origin"]),
            (Filter::default(), &["handoff_updated"]),
            (newest, &["handoff_created"]),
        ];
        for (filter, indexes) in lists {
            let plan = plan(&mut connection, &filter).await;
            for index in indexes {
                assert!(plan.contains(index), "{filter:?} does not use {index}:\n{plan}");
            }
            assert!(!plan.contains("Seq Scan"), "{filter:?} reads the whole table:\n{plan}");
        }
    }
}
