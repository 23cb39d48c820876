//! Routes' rows, each with the terms in force.

use chassis::Tx;
use kernel::{Error, Result, Timestamp};
use sqlx::{PgExecutor, types::Json};

use super::{broken, constraint, head};
use crate::domain::{
    Refused, Route, RouteId, TeamId, TemplateId,
    route::{About, ReadBack, Risk, Status, TemplateChoice, Terms, Trigger},
};

struct Row {
    id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    name: String,
    owner: Option<String>,
    information: String,
    trigger: Json<Trigger>,
    risks: Json<Vec<Risk>>,
    review_every_seconds: i64,
    status: String,
    created_at: Timestamp,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
    terms_version: Option<i32>,
    template_id: Option<TemplateId>,
    template_version: Option<i32>,
    read_back: Option<String>,
    return_window_seconds: Option<i64>,
    set_by: Option<String>,
    set_at: Option<Timestamp>,
}

impl Row {
    fn into_route(self) -> Result<Route> {
        let terms = match (self.terms_version, self.read_back, self.return_window_seconds, self.set_by, self.set_at) {
            (Some(version), Some(read_back), Some(return_window_seconds), Some(set_by), Some(set_at)) => Some(Terms {
                version,
                template: self.template_id.map(|id| TemplateChoice { id, version: self.template_version }),
                read_back: ReadBack::from_name(&read_back).ok_or_else(|| broken("read_back"))?,
                return_window_seconds,
                set_by,
                set_at,
            }),
            _ => None,
        };
        Ok(Route {
            head: head(self.revision, &self.head_hash, self.head_at)?,
            id: self.id,
            from_team: self.from_team,
            to_team: self.to_team,
            about: About {
                name: self.name,
                owner: self.owner,
                information: self.information,
                trigger: self.trigger.0,
                risks: self.risks.0,
                review_every_seconds: self.review_every_seconds,
            },
            terms,
            status: Status::from_name(&self.status).ok_or_else(|| broken("status"))?,
            created_at: self.created_at,
        })
    }
}

/// Routes with the terms in force, by what follows `FROM`.
macro_rules! routes {
    ($where:tt, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"
            SELECT r.id AS "id: RouteId", r.from_team AS "from_team: TeamId", r.to_team AS "to_team: TeamId", r.name, r.owner,
                   r.information, r.trigger AS "trigger: Json<Trigger>", r.risks AS "risks: Json<Vec<Risk>>",
                   r.review_every_seconds, r.status, r.created_at AS "created_at: Timestamp", r.revision, r.head_hash,
                   r.head_at AS "head_at: Timestamp", t.version AS "terms_version?", t.template_id AS "template_id: TemplateId",
                   t.template_version, t.read_back AS "read_back?", t.return_window_seconds AS "return_window_seconds?",
                   t.set_by AS "set_by?", t.set_at AS "set_at?: Timestamp"
            FROM handoff.route r LEFT JOIN handoff.terms t ON t.route_id = r.id AND t.version = r.terms_version
            "# + $where,
            $($argument),+
        )
    };
}

/// A route.
pub(crate) async fn get(store: impl PgExecutor<'_>, id: &RouteId) -> Result<Option<Route>> {
    routes!("WHERE r.id = $1", id.as_str()).fetch_optional(store).await?.map(Row::into_route).transpose()
}

/// A route, its row locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &RouteId) -> Result<Option<Route>> {
    // Locked before it is read, so that the terms read beside it are those of the same moment.
    sqlx::query!("SELECT id FROM handoff.route WHERE id = $1 FOR UPDATE", id.as_str())
        .fetch_optional(tx.connection())
        .await?;
    get(tx.connection(), id).await
}

/// Every route from one team to another.
pub(crate) async fn of_pair(store: impl PgExecutor<'_>, from: &TeamId, to: &TeamId) -> Result<Vec<Route>> {
    of_pairs(store, std::slice::from_ref(from), std::slice::from_ref(to)).await
}

/// Every route of the pairs: from each first team to the second in the same place.
pub(crate) async fn of_pairs(store: impl PgExecutor<'_>, from: &[TeamId], to: &[TeamId]) -> Result<Vec<Route>> {
    routes!(
        "WHERE (r.from_team, r.to_team) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY r.id",
        from as &[TeamId],
        to as &[TeamId],
    )
    .fetch_all(store)
    .await?
    .into_iter()
    .map(Row::into_route)
    .collect()
}

/// Routes by id after one, of a team or of all, of a status or of every one.
pub(crate) async fn list(
    store: impl PgExecutor<'_>,
    team: Option<&TeamId>,
    status: Option<Status>,
    after: &str,
    limit: i64,
) -> Result<Vec<Route>> {
    routes!(
        r#"
        WHERE r.id > $1 AND ($2::text IS NULL OR $2 IN (r.from_team, r.to_team)) AND ($3::text IS NULL OR r.status = $3)
        ORDER BY r.id
        LIMIT $4
        "#,
        after,
        team.map(TeamId::as_str),
        status.map(Status::name),
        limit,
    )
    .fetch_all(store)
    .await?
    .into_iter()
    .map(Row::into_route)
    .collect()
}

/// Which of these ids are taken.
pub(crate) async fn taken(tx: &mut Tx, ids: &[RouteId]) -> Result<Vec<RouteId>> {
    Ok(sqlx::query_scalar!(r#"SELECT id AS "id: RouteId" FROM handoff.route WHERE id = ANY ($1)"#, ids as &[RouteId])
        .fetch_all(tx.connection())
        .await?)
}

/// New routes' rows, without terms. Whether an id is taken was asked before; one taken since then is Busy. A team that is not
/// there is refused.
pub(crate) async fn insert(tx: &mut Tx, routes: &[&Route]) -> Result<()> {
    let column = |of: fn(&Route) -> String| routes.iter().map(|route| of(route)).collect::<Vec<_>>();
    let json = |of: fn(&Route) -> serde_json::Result<serde_json::Value>| {
        routes.iter().map(|route| of(route)).collect::<Result<Vec<_>, _>>().map_err(Error::fault)
    };
    sqlx::query!(
        "INSERT INTO handoff.route (id, from_team, to_team, name, owner, information, trigger, risks, review_every_seconds,
                                    status, created_at, revision, head_hash, head_at, terms_version)
         SELECT *, 0 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
                                 $8::jsonb[], $9::bigint[], $10::text[], $11::timestamptz[], $12::bigint[], $13::bytea[],
                                 $14::timestamptz[])",
        &column(|route| route.id.to_string()),
        &column(|route| route.from_team.to_string()),
        &column(|route| route.to_team.to_string()),
        &column(|route| route.about.name.clone()),
        &routes.iter().map(|route| route.about.owner.clone()).collect::<Vec<_>>() as &[Option<String>],
        &column(|route| route.about.information.clone()),
        &json(|route| serde_json::to_value(&route.about.trigger))?,
        &json(|route| serde_json::to_value(&route.about.risks))?,
        &routes.iter().map(|route| route.about.review_every_seconds).collect::<Vec<_>>(),
        &column(|route| route.status.name().to_owned()),
        &routes.iter().map(|route| route.created_at).collect::<Vec<_>>() as &[Timestamp],
        &routes.iter().map(|route| route.head.revision).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.head.hash.to_vec()).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.head.at).collect::<Vec<_>>() as &[Timestamp],
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match (constraint(&error), routes) {
        // Another transaction made it: run again, it is found.
        (Some("route_pkey"), _) => Error::Busy(error.into()),
        (Some("route_from_team_fkey"), [route]) => no_team(&route.from_team),
        (Some("route_to_team_fkey"), [route]) => no_team(&route.to_team),
        _ => Error::from(error),
    })?;
    Ok(())
}

/// A route's row as it now is.
pub(crate) async fn save(tx: &mut Tx, route: &Route) -> Result<()> {
    sqlx::query!(
        "UPDATE handoff.route
         SET name = $2, owner = $3, information = $4, trigger = $5, risks = $6, review_every_seconds = $7, status = $8,
             terms_version = $9, revision = $10, head_hash = $11, head_at = $12
         WHERE id = $1",
        route.id.as_str(),
        route.about.name,
        route.about.owner,
        route.about.information,
        Json(&route.about.trigger) as _,
        Json(&route.about.risks) as _,
        route.about.review_every_seconds,
        route.status.name(),
        route.terms.as_ref().map_or(0, |terms| terms.version),
        route.head.revision,
        &route.head.hash[..],
        route.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A new version of a route's terms.
pub(crate) async fn add_terms(tx: &mut Tx, route: &RouteId, terms: &Terms) -> Result<()> {
    sqlx::query!(
        "INSERT INTO handoff.terms (route_id, version, template_id, template_version, read_back, return_window_seconds,
                                    set_by, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        route.as_str(),
        terms.version,
        terms.template.as_ref().map(|template| template.id.as_str()),
        terms.template.as_ref().and_then(|template| template.version),
        terms.read_back.name(),
        terms.return_window_seconds,
        terms.set_by,
        terms.set_at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn no_team(id: &TeamId) -> Error {
    Refused::NotFound { kind: "team", id: id.to_string() }.into()
}
