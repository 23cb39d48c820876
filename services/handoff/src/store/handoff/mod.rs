//! Handoffs, with all that belongs to them.
//!
//! A handoff has many columns and six tables; rows travel both ways as JSON records whose columns and types the statements
//! list, so that one statement saves one handoff or a hundred, new or changed, with what belongs to them.

mod changed;
mod row;

use chassis::Tx;
use kernel::{Actor, Error, Result, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::{PgConnection, PgExecutor, PgPool, types::Json};

use self::{
    changed::Table,
    row::{Parts, Row, into_handoff, of_handoff},
};
use super::{Viewer, constraint, template};
use crate::domain::{Handoff, HandoffId, Origin, RouteId};
pub(crate) use changed::Changed;

/// A handoff that the viewer may know of.
pub(crate) async fn get(pool: &PgPool, viewer: &Actor, id: HandoffId) -> Result<Option<Handoff>> {
    let mut connection = pool.acquire().await?;
    Ok(load(&mut connection, viewer, &[id]).await?.pop())
}

/// A handoff, its row locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, viewer: &Actor, id: HandoffId) -> Result<Option<Handoff>> {
    lock_rows(tx, &[id]).await?;
    Ok(load(tx.connection(), viewer, &[id]).await?.pop())
}

/// The handoffs of these origins, their rows locked until the transaction ends.
pub(crate) async fn lock_by_origin(tx: &mut Tx, viewer: &Actor, origins: &[&Origin]) -> Result<Vec<Handoff>> {
    let systems: Vec<_> = origins.iter().map(|origin| origin.system.clone()).collect();
    let keys: Vec<_> = origins.iter().map(|origin| origin.key.clone()).collect();
    let ids = sqlx::query_scalar!(
        r#"SELECT id AS "id: HandoffId" FROM handoff.handoff
           WHERE (origin_system, origin_key) IN (SELECT * FROM unnest($1::text[], $2::text[]))"#,
        &systems,
        &keys
    )
    .fetch_all(tx.connection())
    .await?;
    if ids.is_empty() {
        return Ok(vec![]);
    }
    lock_rows(tx, &ids).await?;
    load(tx.connection(), viewer, &ids).await
}

/// The handoffs whose hold ends at an instant or before, the longest past first.
pub(crate) async fn held_until(pool: &PgPool, until: Timestamp, limit: i64) -> Result<Vec<HandoffId>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: HandoffId" FROM handoff.handoff WHERE hold_until <= $1 ORDER BY hold_until LIMIT $2"#,
        until as Timestamp,
        limit,
    )
    .fetch_all(pool)
    .await?)
}

/// When the next hold ends by itself.
pub(crate) async fn next_hold_until(pool: &PgPool) -> Result<Option<Timestamp>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT min(hold_until) AS "until: Timestamp" FROM handoff.handoff WHERE hold_until IS NOT NULL"#
    )
    .fetch_one(pool)
    .await?)
}

/// Whether an outside record has its handoff already.
pub(crate) async fn has_origin(store: impl PgExecutor<'_>, origin: &Origin) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM handoff.handoff WHERE origin_system = $1 AND origin_key = $2) AS "exists!""#,
        origin.system,
        origin.key
    )
    .fetch_one(store)
    .await?)
}

/// Whether no handoff of the route was completed before.
pub(crate) async fn first_time_pair(store: impl PgExecutor<'_>, route: &RouteId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (SELECT FROM handoff.handoff WHERE route_id = $1 AND completed_at IS NOT NULL) AS "first!""#,
        route.as_str()
    )
    .fetch_one(store)
    .await?)
}

/// Locked in the order of their ids, so that two who lock several never wait for each other; and before they are read, so that
/// the attempts and actions read beside a row are those of the same moment.
async fn lock_rows(tx: &mut Tx, ids: &[HandoffId]) -> Result<()> {
    sqlx::query!(
        "SELECT id FROM handoff.handoff WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE",
        ids as &[HandoffId]
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(())
}

async fn load(connection: &mut PgConnection, viewer: &Actor, ids: &[HandoffId]) -> Result<Vec<Handoff>> {
    let viewer = Viewer::of(viewer);
    let rows = sqlx::query!(
        r#"
        SELECT to_jsonb(h) || jsonb_build_object('read_back', t.read_back, 'return_window_seconds', t.return_window_seconds,
                                                 'sla_policy_id', t.sla_policy_id, 'review_rule', t.review_rule) AS "row!",
               (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.number) FROM handoff.attempt a WHERE a.handoff_id = h.id) AS attempts,
               (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.place) FROM handoff.action a WHERE a.handoff_id = h.id) AS actions,
               (SELECT jsonb_agg(to_jsonb(q) ORDER BY q.place) FROM handoff.question q WHERE q.handoff_id = h.id) AS questions,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.place) FROM handoff.review r WHERE r.handoff_id = h.id) AS reviews,
               (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.place) FROM handoff.proposal p WHERE p.handoff_id = h.id) AS proposals
        FROM handoff.handoff h LEFT JOIN handoff.terms t ON t.route_id = h.route_id AND t.version = h.terms_version
        WHERE h.id = ANY ($1) AND handoff.visible_to(h.confidential, h.from_team, h.to_team, $2, $3)
        ORDER BY h.id
        "#,
        ids as &[HandoffId],
        viewer.sees_all,
        &viewer.teams,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut handoffs = Vec::with_capacity(rows.len());
    for found in rows {
        let row: Row = read(found.row)?;
        let parts = Parts {
            attempts: found.attempts.map_or(Ok(vec![]), read)?,
            actions: found.actions.map_or(Ok(vec![]), read)?,
            questions: found.questions.map_or(Ok(vec![]), read)?,
            reviews: found.reviews.map_or(Ok(vec![]), read)?,
            proposals: found.proposals.map_or(Ok(vec![]), read)?,
        };
        let hash = row.content_hash.parse().map_err(Error::fault)?;
        let criteria = template::criteria(&mut *connection, hash).await?;
        handoffs.push(into_handoff(row, parts, criteria)?);
    }
    Ok(handoffs)
}

/// The rows of handoffs as they now are, new or changed. Of an attempt that is there only what came after the submit is written.
#[expect(clippy::too_many_lines, reason = "one statement, whose columns are listed")]
pub(crate) async fn save(tx: &mut Tx, changed: &[Changed<'_>]) -> Result<()> {
    let each = || changed.iter().copied();
    let handoffs: Vec<_> = each().map(|changed| of_handoff(changed.handoff)).collect();
    let attempts: Vec<_> = each().flat_map(Changed::attempts).collect();
    let actions: Vec<_> = each().flat_map(Changed::actions).collect();
    let questions: Vec<_> = each().flat_map(|it| it.parts(Table::Question, &it.handoff.questions)).collect();
    let reviews: Vec<_> = each().flat_map(|it| it.parts(Table::Review, &it.handoff.reviews)).collect();
    let proposals: Vec<_> = each().flat_map(|it| it.parts(Table::Proposal, &it.handoff.proposals)).collect();
    sqlx::query!(
        r#"
        WITH saved AS (
            INSERT INTO handoff.handoff (id, route_id, from_team, to_team, terms_version, template_id, template_version,
                content_hash, title, summary, priority, confidential, state, since_command, since_by, since_at, attempt,
                accountable_side, upstream_owner, downstream_owner, triggered_at, deliver_by, submission, origin_system,
                origin_key, follows, links, attachments, hold, hold_until, claim, waivers, archived, comments, rejections,
                returns, waiting_on, waits_on_upstream, waits_on_downstream, upstream_actions, downstream_actions,
                upstream_answers, downstream_answers, created_at, updated_at, submitted_at, accepted_at, begun_at,
                completed_at, cancelled_at, revision, head_hash, head_at)
            SELECT id, route_id, from_team, to_team, terms_version, template_id, template_version,
                content_hash, title, summary, priority, confidential, state, since_command, since_by, since_at, attempt,
                accountable_side, upstream_owner, downstream_owner, triggered_at, deliver_by, submission, origin_system,
                origin_key, follows, links, attachments, hold, hold_until, claim, waivers, archived, comments, rejections,
                returns, waiting_on, waits_on_upstream, waits_on_downstream, upstream_actions, downstream_actions,
                upstream_answers, downstream_answers, created_at, updated_at, submitted_at, accepted_at, begun_at,
                completed_at, cancelled_at, revision, head_hash, head_at
            FROM jsonb_populate_recordset(NULL::handoff.handoff, $1)
            ON CONFLICT (id) DO UPDATE SET
                title = excluded.title, summary = excluded.summary, priority = excluded.priority,
                confidential = excluded.confidential, state = excluded.state, since_command = excluded.since_command,
                since_by = excluded.since_by, since_at = excluded.since_at, attempt = excluded.attempt,
                accountable_side = excluded.accountable_side, upstream_owner = excluded.upstream_owner,
                downstream_owner = excluded.downstream_owner, deliver_by = excluded.deliver_by,
                template_version = excluded.template_version, content_hash = excluded.content_hash,
                submission = excluded.submission, links = excluded.links, attachments = excluded.attachments,
                hold = excluded.hold, hold_until = excluded.hold_until, claim = excluded.claim,
                waivers = excluded.waivers, archived = excluded.archived, comments = excluded.comments,
                rejections = excluded.rejections, returns = excluded.returns, waiting_on = excluded.waiting_on,
                waits_on_upstream = excluded.waits_on_upstream, waits_on_downstream = excluded.waits_on_downstream,
                upstream_actions = excluded.upstream_actions, downstream_actions = excluded.downstream_actions,
                upstream_answers = excluded.upstream_answers, downstream_answers = excluded.downstream_answers,
                updated_at = excluded.updated_at, submitted_at = excluded.submitted_at, accepted_at = excluded.accepted_at,
                begun_at = excluded.begun_at, completed_at = excluded.completed_at, cancelled_at = excluded.cancelled_at,
                revision = excluded.revision, head_hash = excluded.head_hash, head_at = excluded.head_at
        ), attempt AS (
            INSERT INTO handoff.attempt (handoff_id, number, submitted_by, submitted_at, snapshot, content_hash, results,
                                         first_time_pair, review_required, review_why, decision, decided_by,
                                         decided_at, reasons, read_back, confirmation)
            SELECT handoff_id, number, submitted_by, submitted_at, snapshot, content_hash, results,
                   first_time_pair, review_required, review_why, decision, decided_by,
                   decided_at, reasons, read_back, confirmation
            FROM jsonb_populate_recordset(NULL::handoff.attempt, $2)
            ON CONFLICT (handoff_id, number) DO UPDATE SET
                decision = excluded.decision, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
                reasons = excluded.reasons, read_back = excluded.read_back, confirmation = excluded.confirmation
        ), question AS (
            INSERT INTO handoff.question (id, handoff_id, place, side, blocking, about, rounds, closed)
            SELECT id, handoff_id, place, side, blocking, about, rounds, closed
            FROM jsonb_populate_recordset(NULL::handoff.question, $4)
            ON CONFLICT (id) DO UPDATE SET rounds = excluded.rounds, closed = excluded.closed
        ), review AS (
            INSERT INTO handoff.review (id, handoff_id, place, attempt, side, scheduled, meeting, sequence, status)
            SELECT id, handoff_id, place, attempt, side, scheduled, meeting, sequence, status
            FROM jsonb_populate_recordset(NULL::handoff.review, $5)
            ON CONFLICT (id) DO UPDATE SET
                scheduled = excluded.scheduled, meeting = excluded.meeting, sequence = excluded.sequence,
                status = excluded.status
        ), proposal AS (
            INSERT INTO handoff.proposal (id, handoff_id, place, side, change, reason, proposed, state, decided,
                                          decline_reason)
            SELECT id, handoff_id, place, side, change, reason, proposed, state, decided, decline_reason
            FROM jsonb_populate_recordset(NULL::handoff.proposal, $6)
            ON CONFLICT (id) DO UPDATE SET
                state = excluded.state, decided = excluded.decided, decline_reason = excluded.decline_reason
        )
        INSERT INTO handoff.action (id, handoff_id, place, text, side, owner, due_at, unconfirmed, added_by, review_id,
                                    done_at, done_by)
        SELECT id, handoff_id, place, text, side, owner, due_at, unconfirmed, added_by, review_id, done_at, done_by
        FROM jsonb_populate_recordset(NULL::handoff.action, $3)
        ON CONFLICT (id) DO UPDATE SET
            unconfirmed = excluded.unconfirmed, done_at = excluded.done_at, done_by = excluded.done_by
        "#,
        Json(handoffs) as _,
        Json(attempts) as _,
        Json(actions) as _,
        Json(questions) as _,
        Json(reviews) as _,
        Json(proposals) as _,
    )
    .execute(tx.connection())
    .await
    .map_err(|error| match constraint(&error) {
        // Another transaction made the handoff of this origin: run again, it is found.
        Some("handoff_origin") => Error::Busy(error.into()),
        _ => Error::from(error),
    })?;
    Ok(())
}

fn read<T: DeserializeOwned>(json: serde_json::Value) -> Result<T> {
    serde_json::from_value(json).map_err(Error::fault)
}
