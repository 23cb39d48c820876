//! Routes' rows, each with the terms in force.

use chassis::Tx;
use kernel::{Error, Result, Timestamp};
use serde::Deserialize;
use sqlx::{PgExecutor, types::Json};

use super::{broken, constraint, head};
use crate::domain::{
    Refused, Route, RouteId, TeamId, TemplateId,
    route::{
        About, End, PolicyId, Proposal, ProposalId, ProposalState, ReadBack, Risk, SetTerms, Status, TemplateChoice,
        Terms, Trigger,
    },
    side,
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
    sla_policy_id: Option<PolicyId>,
    review_rule: Option<String>,
    proposal: Option<Json<StoredProposal>>,
}

/// A row of `handoff.terms_proposal`.
#[derive(Deserialize)]
struct StoredProposal {
    id: ProposalId,
    side: String,
    template_id: Option<TemplateId>,
    template_version: Option<i32>,
    sla_policy_id: Option<PolicyId>,
    review_rule: String,
    read_back: String,
    return_window_seconds: i64,
    reason: String,
    proposed_by: String,
    proposed_at: Timestamp,
    state: String,
    ended_by: Option<String>,
    ended_at: Option<Timestamp>,
    end_reason: String,
}

impl StoredProposal {
    fn into_proposal(self) -> Result<Proposal> {
        let end = self.ended_by.zip(self.ended_at).map(|(by, at)| End { by, at, reason: self.end_reason });
        Ok(Proposal {
            id: self.id,
            side: side::from_name(&self.side).ok_or_else(|| broken("side"))?,
            terms: SetTerms {
                template: self.template_id.map(|id| TemplateChoice { id, version: self.template_version }),
                sla_policy_id: self.sla_policy_id,
                review_rule: self.review_rule,
                read_back: ReadBack::from_name(&self.read_back).ok_or_else(|| broken("read_back"))?,
                return_window_seconds: self.return_window_seconds,
            },
            reason: self.reason,
            proposed_by: self.proposed_by,
            proposed_at: self.proposed_at,
            state: ProposalState::from_name(&self.state).ok_or_else(|| broken("state"))?,
            end,
        })
    }
}

impl Row {
    fn into_route(self) -> Result<Route> {
        let when = self.set_by.zip(self.set_at);
        let said =
            self.terms_version.zip(self.read_back).zip(self.review_rule.zip(self.return_window_seconds)).zip(when);
        let terms = match said {
            Some((((version, read_back), (review_rule, return_window_seconds)), (set_by, set_at))) => Some(Terms {
                version,
                template: self.template_id.map(|id| TemplateChoice { id, version: self.template_version }),
                sla_policy_id: self.sla_policy_id,
                review_rule,
                read_back: ReadBack::from_name(&read_back).ok_or_else(|| broken("read_back"))?,
                return_window_seconds,
                set_by,
                set_at,
            }),
            None => None,
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
            proposal: self.proposal.map(|stored| stored.0.into_proposal()).transpose()?,
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
                   t.set_by AS "set_by?", t.set_at AS "set_at?: Timestamp", t.sla_policy_id AS "sla_policy_id: PolicyId",
                   t.review_rule AS "review_rule?",
                   CASE WHEN p.id IS NOT NULL THEN to_jsonb(p) END AS "proposal: Json<StoredProposal>"
            FROM handoff.route r
                LEFT JOIN handoff.terms t ON t.route_id = r.id AND t.version = r.terms_version
                LEFT JOIN handoff.terms_proposal p ON p.id = r.proposal_id
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
    sqlx::query!("SELECT id FROM handoff.route WHERE id = $1 FOR NO KEY UPDATE", id.as_str())
        .fetch_optional(tx.connection())
        .await?;
    get(tx.connection(), id).await
}

/// Every route.
pub(crate) async fn all(store: impl PgExecutor<'_>) -> Result<Vec<Route>> {
    routes!("WHERE r.id > $1 ORDER BY r.id", "").fetch_all(store).await?.into_iter().map(Row::into_route).collect()
}

/// These routes, as far as they are there.
pub(crate) async fn some(store: impl PgExecutor<'_>, ids: &[RouteId]) -> Result<Vec<Route>> {
    routes!("WHERE r.id = ANY ($1) ORDER BY r.id", ids as &[RouteId])
        .fetch_all(store)
        .await?
        .into_iter()
        .map(Row::into_route)
        .collect()
}

/// Locks the rows of these routes until the transaction ends, in one order for all.
pub(crate) async fn lock_many(tx: &mut Tx, ids: &[RouteId]) -> Result<()> {
    sqlx::query!("SELECT id FROM handoff.route WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", ids as &[RouteId])
        .fetch_all(tx.connection())
        .await?;
    Ok(())
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

/// New routes' rows; their terms and proposals are added beside. Whether an id is taken was asked before; one taken since then is Busy. A team that is not
/// there is refused.
pub(crate) async fn insert(tx: &mut Tx, routes: &[&Route]) -> Result<()> {
    let column = |of: fn(&Route) -> String| routes.iter().map(|route| of(route)).collect::<Vec<_>>();
    let json = |of: fn(&Route) -> serde_json::Result<serde_json::Value>| {
        routes.iter().map(|route| of(route)).collect::<Result<Vec<_>, _>>().map_err(Error::fault)
    };
    sqlx::query!(
        "INSERT INTO handoff.route (id, from_team, to_team, name, owner, information, trigger, risks, review_every_seconds,
                                    status, created_at, revision, head_hash, head_at, terms_version)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
                                 $8::jsonb[], $9::bigint[], $10::text[], $11::timestamptz[], $12::bigint[], $13::bytea[],
                                 $14::timestamptz[], $15::integer[])",
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
        &routes.iter().map(|route| terms_version(route)).collect::<Vec<_>>(),
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

/// Routes' rows as they now are; their terms and proposals are written beside.
pub(crate) async fn save(tx: &mut Tx, routes: &[&Route]) -> Result<()> {
    let json = |of: fn(&Route) -> serde_json::Result<serde_json::Value>| {
        routes.iter().map(|route| of(route)).collect::<Result<Vec<_>, _>>().map_err(Error::fault)
    };
    let proposals = routes.iter().map(|route| route.proposal.as_ref().map(|proposal| proposal.id));
    sqlx::query!(
        "UPDATE handoff.route r
         SET name = n.name, owner = n.owner, information = n.information, trigger = n.trigger, risks = n.risks,
             review_every_seconds = n.review_every_seconds, status = n.status, terms_version = n.terms_version,
             proposal_id = n.proposal_id, revision = n.revision, head_hash = n.head_hash, head_at = n.head_at
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::bigint[], $8::text[],
                     $9::integer[], $10::uuid[], $11::bigint[], $12::bytea[], $13::timestamptz[])
              AS n (id, name, owner, information, trigger, risks, review_every_seconds, status, terms_version, proposal_id,
                    revision, head_hash, head_at)
         WHERE r.id = n.id",
        &routes.iter().map(|route| route.id.to_string()).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.about.name.clone()).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.about.owner.clone()).collect::<Vec<_>>() as &[Option<String>],
        &routes.iter().map(|route| route.about.information.clone()).collect::<Vec<_>>(),
        &json(|route| serde_json::to_value(&route.about.trigger))?,
        &json(|route| serde_json::to_value(&route.about.risks))?,
        &routes.iter().map(|route| route.about.review_every_seconds).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.status.name().to_owned()).collect::<Vec<_>>(),
        &routes.iter().map(|route| terms_version(route)).collect::<Vec<_>>(),
        &proposals.collect::<Vec<_>>() as &[Option<ProposalId>],
        &routes.iter().map(|route| route.head.revision).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.head.hash.to_vec()).collect::<Vec<_>>(),
        &routes.iter().map(|route| route.head.at).collect::<Vec<_>>() as &[Timestamp],
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// New versions of routes' terms.
pub(crate) async fn add_terms(tx: &mut Tx, terms: &[(&RouteId, &Terms)]) -> Result<()> {
    fn column<T>(terms: &[(&RouteId, &Terms)], of: impl Fn(&Terms) -> T) -> Vec<T> {
        terms.iter().map(|(_, terms)| of(terms)).collect()
    }
    sqlx::query!(
        "INSERT INTO handoff.terms (route_id, version, template_id, template_version, read_back, return_window_seconds,
                                    set_by, set_at, sla_policy_id, review_rule)
         SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::bigint[], $7::text[],
                              $8::timestamptz[], $9::text[], $10::text[])",
        &terms.iter().map(|(route, _)| route.to_string()).collect::<Vec<_>>(),
        &column(terms, |terms| terms.version),
        &column(terms, |terms| terms.template.as_ref().map(|template| template.id.clone())) as &[Option<TemplateId>],
        &column(terms, |terms| terms.template.as_ref().and_then(|template| template.version)) as &[Option<i32>],
        &column(terms, |terms| terms.read_back.name().to_owned()),
        &column(terms, |terms| terms.return_window_seconds),
        &column(terms, |terms| terms.set_by.clone()),
        &column(terms, |terms| terms.set_at) as &[Timestamp],
        &column(terms, |terms| terms.sla_policy_id.clone()) as &[Option<PolicyId>],
        &column(terms, |terms| terms.review_rule.clone()),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A new, open proposal of terms.
pub(crate) async fn add_proposal(tx: &mut Tx, route: &RouteId, proposal: &Proposal) -> Result<()> {
    let Proposal { terms, .. } = proposal;
    sqlx::query!(
        "INSERT INTO handoff.terms_proposal (id, route_id, side, template_id, template_version, sla_policy_id, review_rule,
                                             read_back, return_window_seconds, reason, proposed_by, proposed_at, state,
                                             end_reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '')",
        proposal.id.as_uuid(),
        route.as_str(),
        side::name(proposal.side),
        terms.template.as_ref().map(|template| template.id.as_str()),
        terms.template.as_ref().and_then(|template| template.version),
        terms.sla_policy_id.as_ref().map(PolicyId::as_str),
        terms.review_rule,
        terms.read_back.name(),
        terms.return_window_seconds,
        proposal.reason,
        proposal.proposed_by,
        proposal.proposed_at as Timestamp,
        proposal.state.name(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// How proposals ended, each once.
pub(crate) async fn end_proposals(tx: &mut Tx, ended: &[(ProposalId, ProposalState, &End)]) -> Result<()> {
    sqlx::query!(
        "UPDATE handoff.terms_proposal p
         SET state = n.state, ended_by = n.ended_by, ended_at = n.ended_at, end_reason = n.end_reason
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[])
              AS n (id, state, ended_by, ended_at, end_reason)
         WHERE p.id = n.id",
        &ended.iter().map(|(id, _, _)| *id).collect::<Vec<_>>() as &[ProposalId],
        &ended.iter().map(|(_, state, _)| state.name().to_owned()).collect::<Vec<_>>(),
        &ended.iter().map(|(_, _, end)| end.by.clone()).collect::<Vec<_>>(),
        &ended.iter().map(|(_, _, end)| end.at).collect::<Vec<_>>() as &[Timestamp],
        &ended.iter().map(|(_, _, end)| end.reason.clone()).collect::<Vec<_>>(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

fn terms_version(route: &Route) -> i32 {
    route.terms.as_ref().map_or(0, |terms| terms.version)
}

fn no_team(id: &TeamId) -> Error {
    Refused::NotFound { kind: "team", id: id.to_string() }.into()
}
