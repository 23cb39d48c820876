//! Reading clocks.

use chassis::page::Page;
use kernel::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Postgres, QueryBuilder, types::Json};

use super::Viewer;
use crate::domain::{Clock, ClockId, Course, HandoffId, RouteId, TeamId, clock::State, course::Standing, policy::Kind};

/// Which clocks a list shows; all of it must hold together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) handoff_id: Option<HandoffId>,
    pub(crate) team: Option<TeamId>,
    pub(crate) other_team: Option<TeamId>,
    /// One of these; any, where there is none.
    pub(crate) states: Vec<State>,
    /// One of these; any, where there is none.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) due_before: Option<Timestamp>,
    pub(crate) breached: Option<bool>,
    pub(crate) parked: Option<bool>,
}

/// The last line of a page: when it is due, none for never, and its id.
pub(crate) type Cursor = (Option<Timestamp>, uuid::Uuid);

#[derive(FromRow)]
struct Row {
    clock: Json<Clock>,
    handoff_id: uuid::Uuid,
    handoff_revision: i64,
    parked: bool,
    standing: Json<Standing>,
    due_at: Option<Timestamp>,
}

/// A clock with its handoff.
#[derive(Debug)]
pub(crate) struct Found {
    /// The handoff, without other clocks.
    pub(crate) course: Course,
    pub(crate) clock: Clock,
    pub(crate) due_at: Option<Timestamp>,
}

impl Found {
    pub(crate) fn cursor(&self) -> Cursor {
        (self.due_at, self.clock.id.as_uuid())
    }
}

impl Row {
    fn found(self) -> Found {
        let course = Course {
            head: kernel::Head::default(),
            id: self.handoff_id.into(),
            revision: self.handoff_revision,
            parked: self.parked,
            standing: self.standing.0,
            clocks: vec![self.clock.0.clone()],
        };
        Found { course, clock: self.clock.0, due_at: self.due_at }
    }
}

const COLUMNS: &str = "
    SELECT c.body AS clock, c.handoff_id, h.handoff_revision, h.parked, h.standing, nullif(c.due_at, 'infinity') AS due_at
    FROM sla.clock c JOIN sla.handoff h ON h.id = c.handoff_id
    WHERE sla.visible_to(c.confidential, c.team, c.other_team, ";

fn visible(viewer: &Viewer) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push_bind(viewer.sees_all).push(", ").push_bind(viewer.teams.clone()).push(")");
    query
}

/// A clock that the viewer may see.
pub(crate) async fn get(store: impl PgExecutor<'_>, viewer: &Viewer, id: ClockId) -> Result<Option<Found>> {
    let mut query = visible(viewer);
    query.push(" AND c.id = ").push_bind(id.as_uuid());
    let row = query.build_query_as::<Row>().fetch_optional(store).await?;
    Ok(row.map(Row::found))
}

/// The clocks of handoffs, whoever may see them: for watchers, who are told what each may see.
pub(crate) async fn of_handoffs(store: &mut PgConnection, ids: &[uuid::Uuid]) -> Result<Vec<Found>> {
    let mut query = visible(&Viewer { sees_all: true, teams: vec![] });
    query.push(" AND c.handoff_id = ANY (").push_bind(ids.to_vec()).push(") ORDER BY c.handoff_id, c.started_at, c.id");
    let rows = query.build_query_as::<Row>().fetch_all(store).await?;
    Ok(rows.into_iter().map(Row::found).collect())
}

/// A page of clocks, the one that is due first first.
pub(crate) async fn list(pool: &PgPool, viewer: &Viewer, filter: &Filter, page: &Page<Cursor>) -> Result<Vec<Found>> {
    let rows = list_query(viewer, filter, page).build_query_as::<Row>().fetch_all(pool).await?;
    Ok(rows.into_iter().map(Row::found).collect())
}

fn list_query(viewer: &Viewer, filter: &Filter, page: &Page<Cursor>) -> QueryBuilder<Postgres> {
    let mut query = visible(viewer);
    if let Some(id) = filter.handoff_id {
        query.push(" AND c.handoff_id = ").push_bind(id.as_uuid());
    }
    if let Some(team) = &filter.team {
        query.push(" AND c.team = ").push_bind(team.to_string());
    }
    if let Some(team) = &filter.other_team {
        query.push(" AND c.other_team = ").push_bind(team.to_string());
    }
    if !filter.states.is_empty() {
        let names: Vec<&str> = filter.states.iter().map(|state| state.name()).collect();
        query.push(" AND c.state = ANY (").push_bind(names).push(")");
        if filter.states.iter().all(|state| matches!(state, State::Running | State::Paused)) {
            // Said for the sake of the index.
            query.push(" AND c.is_open");
        }
    }
    if !filter.kinds.is_empty() {
        let names: Vec<&str> = filter.kinds.iter().map(|kind| kind.name()).collect();
        query.push(" AND c.kind = ANY (").push_bind(names).push(")");
    }
    if let Some(before) = filter.due_before {
        query.push(" AND c.due_at < ").push_bind(before);
    }
    if let Some(breached) = filter.breached {
        query.push(if breached { " AND c.breached_at IS NOT NULL" } else { " AND c.breached_at IS NULL" });
    }
    if let Some(parked) = filter.parked {
        query.push(" AND h.parked = ").push_bind(parked);
    }
    if let Some((due_at, id)) = page.after() {
        query.push(" AND (c.due_at, c.id) > (coalesce(").push_bind(*due_at).push("::timestamptz, 'infinity'), ");
        query.push_bind(*id).push(")");
    }
    query.push(" ORDER BY c.due_at, c.id LIMIT ").push_bind(page.limit());
    query
}

/// By what attainment is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Group {
    #[default]
    Team,
    Route,
    Kind,
}

/// What attainment is asked of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cohort {
    pub(crate) group: Group,
    pub(crate) due_from: Option<Timestamp>,
    pub(crate) due_until: Option<Timestamp>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) team: Option<TeamId>,
    pub(crate) route_id: Option<RouteId>,
    pub(crate) historic: Option<bool>,
    pub(crate) limit: i64,
}

/// How well promises were kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Attained {
    /// None in the line of all of them.
    pub(crate) key: Option<String>,
    pub(crate) met: i64,
    pub(crate) late: i64,
    pub(crate) open_breached: i64,
    pub(crate) cancelled: i64,
    pub(crate) excused: i64,
    /// How many lines there are beside that of all.
    pub(crate) lines: i64,
}

/// Attainment by group, the largest groups first; the line of all of them comes last. `now` bounds what is not due yet.
pub(crate) async fn attainment(
    pool: &PgPool,
    viewer: &Viewer,
    cohort: &Cohort,
    now: Timestamp,
) -> Result<Vec<Attained>> {
    let column = match cohort.group {
        Group::Team => "team",
        Group::Route => "route_id",
        Group::Kind => "kind",
    };
    let mut query = QueryBuilder::new("WITH line AS (SELECT GROUPING(");
    query.push(column).push(") = 1 AS is_all, ").push(column);
    query.push(
        " AS key, count(*) FILTER (WHERE state = 'MET') AS met, count(*) FILTER (WHERE state = 'LATE') AS late,
          count(*) FILTER (WHERE is_open AND breached_at IS NOT NULL) AS open_breached,
          count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled, count(*) FILTER (WHERE excused) AS excused
          FROM sla.clock WHERE sla.visible_to(confidential, team, other_team, ",
    );
    query.push_bind(viewer.sees_all).push(", ").push_bind(viewer.teams.clone());
    query.push(") AND (NOT is_open OR breached_at IS NOT NULL) AND due_at < ");
    query.push_bind(cohort.due_until.unwrap_or(now));
    if let Some(from) = cohort.due_from {
        query.push(" AND due_at >= ").push_bind(from);
    }
    if !cohort.kinds.is_empty() {
        let names: Vec<&str> = cohort.kinds.iter().map(|kind| kind.name()).collect();
        query.push(" AND kind = ANY (").push_bind(names).push(")");
    }
    if let Some(team) = &cohort.team {
        query.push(" AND team = ").push_bind(team.to_string());
    }
    if let Some(route) = &cohort.route_id {
        query.push(" AND route_id = ").push_bind(route.to_string());
    }
    if let Some(historic) = cohort.historic {
        query.push(" AND historic = ").push_bind(historic);
    }
    query.push(" GROUP BY GROUPING SETS ((").push(column).push("), ())) ");
    query.push(
        "SELECT CASE WHEN is_all THEN NULL ELSE key END AS key, met, late, open_breached, cancelled, excused,
                (SELECT count(*) FROM line WHERE NOT is_all) AS lines
         FROM line ORDER BY is_all DESC, met + late + open_breached DESC, key LIMIT ",
    );
    query.push_bind(cohort.limit + 1);
    Ok(query.build_query_as().fetch_all(pool).await?)
}
