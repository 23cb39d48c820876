//! Handoffs' rows, with their attempts and actions.
//!
//! A handoff has many columns and three tables; rows travel both ways as JSON records whose columns and types the statements
//! list, so that one statement saves one handoff or a hundred, new or changed, with what belongs to them.

use std::sync::Arc;

use chassis::Tx;
use criteria::{Attachment, Criteria, CriterionResult, ReviewDecision, Submission};
use kernel::{Actor, Error, Result, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{PgConnection, PgExecutor, PgPool, types::Json};

use super::{Viewer, broken, constraint, head, template};
use crate::domain::{
    Action, ActionId, Attempt, Command, CommentId, Decision, Fact, Handoff, HandoffId, Link, Origin, Pin, Priority,
    Proposal, Question, Reason, Review, ReviewId, RouteId, Side, Signed, State, Summary, TeamId, TemplateId,
    attempt::Confirmation,
    handoff::{Claim, Hold, Times, Waiver},
    route::{KeptTerms, PolicyId, ReadBack},
    state::Since,
};

/// A row of `handoff.handoff`, with what its terms say.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    id: HandoffId,
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    terms_version: i32,
    #[serde(skip_serializing)]
    read_back: Option<ReadBack>,
    #[serde(skip_serializing)]
    return_window_seconds: Option<i64>,
    #[serde(skip_serializing)]
    sla_policy_id: Option<PolicyId>,
    #[serde(skip_serializing)]
    review_rule: Option<String>,
    template_id: Option<TemplateId>,
    template_version: i32,
    content_hash: String,
    title: String,
    summary: Summary,
    priority: Priority,
    confidential: bool,
    state: State,
    since_command: Command,
    since_by: String,
    since_at: Timestamp,
    attempt: i32,
    accountable_side: Side,
    upstream_owner: Option<String>,
    downstream_owner: Option<String>,
    triggered_at: Timestamp,
    deliver_by: Option<Timestamp>,
    submission: Submission,
    origin_system: Option<String>,
    origin_key: Option<String>,
    follows: Option<HandoffId>,
    links: Vec<Link>,
    attachments: Vec<Attachment>,
    hold: Option<Hold>,
    hold_until: Option<Timestamp>,
    claim: Option<Claim>,
    waivers: Vec<Waiver>,
    archived: Submission,
    comments: i32,
    rejections: i32,
    returns: i32,
    waiting_on: Option<Side>,
    waits_on_upstream: bool,
    waits_on_downstream: bool,
    upstream_actions: usize,
    downstream_actions: usize,
    upstream_answers: usize,
    downstream_answers: usize,
    created_at: Timestamp,
    updated_at: Timestamp,
    submitted_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
    begun_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    revision: i64,
    /// As Postgres writes bytes: `\x` and hex digits.
    head_hash: String,
    head_at: Timestamp,
}

/// A row of `handoff.attempt`.
#[derive(Debug, Serialize, Deserialize)]
struct AttemptRow {
    handoff_id: HandoffId,
    number: i32,
    submitted_by: String,
    submitted_at: Timestamp,
    snapshot: Submission,
    content_hash: String,
    results: Vec<CriterionResult>,
    first_time_pair: bool,
    review_required: bool,
    review_why: String,
    decision: Decision,
    decided_by: Option<String>,
    decided_at: Option<Timestamp>,
    reasons: Vec<Reason>,
    read_back: Option<String>,
    confirmation: Option<Confirmation>,
}

/// A row of `handoff.action`.
#[derive(Debug, Serialize, Deserialize)]
struct ActionRow {
    id: ActionId,
    handoff_id: HandoffId,
    place: usize,
    text: String,
    side: Side,
    owner: Option<String>,
    due_at: Timestamp,
    unconfirmed: bool,
    added_by: String,
    review_id: Option<ReviewId>,
    done_at: Option<Timestamp>,
    done_by: Option<String>,
}

/// A row of a part whose columns are named as its fields.
#[derive(Debug, Serialize)]
struct PartRow<'a, T> {
    handoff_id: HandoffId,
    place: usize,
    #[serde(flatten)]
    part: &'a T,
}

/// A row of `handoff.comment`.
#[derive(Debug, Serialize)]
struct CommentRow<'a> {
    id: CommentId,
    handoff_id: HandoffId,
    text: &'a str,
}

/// What of a handoff is to be saved beside its own row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changed<'a> {
    handoff: &'a Handoff,
    facts: &'a [Fact],
}

impl<'a> Changed<'a> {
    /// What these facts, just applied, have touched.
    pub(crate) const fn by(handoff: &'a Handoff, facts: &'a [Fact]) -> Self {
        Self { handoff, facts }
    }

    /// The attempts that the facts made or decided: each of them is about the last one, or made it.
    fn attempts(self) -> impl Iterator<Item = AttemptRow> {
        let is_about_attempt = |fact: &&Fact| {
            matches!(
                fact,
                Fact::Submitted { .. }
                    | Fact::Accepted { .. }
                    | Fact::Rejected { .. }
                    | Fact::Cancelled { .. }
                    | Fact::Recalled { .. }
                    | Fact::ReadBackConfirmed { .. }
            )
        };
        let touched = self.facts.iter().filter(is_about_attempt).count();
        let from = self.handoff.attempts.len().saturating_sub(touched);
        self.handoff.attempts[from..].iter().map(move |attempt| of_attempt(self.handoff.id, attempt))
    }

    fn actions(self) -> impl Iterator<Item = ActionRow> {
        let id = self.handoff.id;
        self.touched(Table::Action, &self.handoff.actions).map(move |(place, action)| of_action(id, place, action))
    }

    fn parts<T>(self, table: Table, parts: &'a [T]) -> impl Iterator<Item = PartRow<'a, T>> {
        let handoff_id = self.handoff.id;
        self.touched(table, parts).map(move |(place, part)| PartRow { handoff_id, place, part })
    }

    /// All rows of a table of parts, where a fact has touched one of them.
    fn touched<T>(self, table: Table, parts: &'a [T]) -> impl Iterator<Item = (usize, &'a T)> {
        let is_touched = self.facts.iter().any(|fact| Table::of(fact) == Some(table));
        parts.iter().enumerate().filter(move |_| is_touched)
    }

    fn comments(self) -> impl Iterator<Item = CommentRow<'a>> {
        self.facts.iter().filter_map(move |fact| match fact {
            Fact::CommentAdded { id, text, .. } => Some(CommentRow { id: *id, handoff_id: self.handoff.id, text }),
            _ => None,
        })
    }
}

/// The tables of parts that change after they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Action,
    Question,
    Review,
    Proposal,
}

impl Table {
    /// The one that a fact touches.
    const fn of(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::ActionAdded(_) | Fact::ActionConfirmed(_) | Fact::ActionDone(_) => Some(Self::Action),
            Fact::QuestionAsked(_)
            | Fact::QuestionAnswered { .. }
            | Fact::QuestionInsufficient { .. }
            | Fact::QuestionClosed { .. } => Some(Self::Question),
            Fact::ReviewScheduled(_)
            | Fact::ReviewHeld { .. }
            | Fact::ReviewMissed { .. }
            | Fact::ReviewWaived { .. }
            | Fact::ReviewCancelled { .. } => Some(Self::Review),
            Fact::ProposalMade(_)
            | Fact::ProposalAgreed(_)
            | Fact::ProposalDeclined { .. }
            | Fact::ProposalLapsed(_) => Some(Self::Proposal),
            _ => None,
        }
    }
}

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

/// The handoffs whose hold ends at an instant or before, the longest past first, their rows locked until the transaction ends;
/// those that another transaction holds are left out.
pub(crate) async fn lock_held_until(tx: &mut Tx, until: Timestamp, limit: i64) -> Result<Vec<Handoff>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT id AS "id: HandoffId" FROM handoff.handoff WHERE hold_until <= $1
           ORDER BY hold_until LIMIT $2 FOR UPDATE SKIP LOCKED"#,
        until as Timestamp,
        limit,
    )
    .fetch_all(tx.connection())
    .await?;
    if ids.is_empty() { Ok(vec![]) } else { load(tx.connection(), &Actor::System, &ids).await }
}

/// When the next hold ends by itself.
pub(crate) async fn next_hold_until(pool: &PgPool) -> Result<Option<Timestamp>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT min(hold_until) AS "until: Timestamp" FROM handoff.handoff WHERE hold_until IS NOT NULL"#
    )
    .fetch_one(pool)
    .await?)
}

/// The texts of comments, by their ids.
pub(crate) async fn comments(pool: &PgPool, ids: &[CommentId]) -> Result<Vec<(CommentId, String)>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: CommentId", text FROM handoff.comment WHERE id = ANY ($1)"#,
        ids as &[CommentId]
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.text)).collect())
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
    sqlx::query!("SELECT id FROM handoff.handoff WHERE id = ANY ($1) ORDER BY id FOR UPDATE", ids as &[HandoffId])
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
    let comments: Vec<_> = each().flat_map(Changed::comments).collect();
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
        ), comment AS (
            INSERT INTO handoff.comment (id, handoff_id, text)
            SELECT id, handoff_id, text FROM jsonb_populate_recordset(NULL::handoff.comment, $7)
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
        Json(comments) as _,
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

/// What belongs to a handoff's row.
struct Parts {
    attempts: Vec<AttemptRow>,
    actions: Vec<ActionRow>,
    questions: Vec<Question>,
    reviews: Vec<Review>,
    proposals: Vec<Proposal>,
}

fn into_handoff(row: Row, parts: Parts, criteria: Arc<Criteria>) -> Result<Handoff> {
    let terms = match (row.read_back, row.return_window_seconds, row.review_rule) {
        (Some(read_back), Some(return_window_seconds), Some(review_rule)) => KeptTerms {
            version: row.terms_version,
            sla_policy_id: row.sla_policy_id,
            review_rule,
            read_back,
            return_window_seconds,
        },
        _ => KeptTerms::none(),
    };
    let hash = row
        .head_hash
        .strip_prefix("\\x")
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| broken("head_hash"))?;
    Ok(Handoff {
        head: head(row.revision, &hash, row.head_at)?,
        id: row.id,
        route_id: row.route_id,
        from_team: row.from_team,
        to_team: row.to_team,
        terms,
        template: Pin {
            template_id: row.template_id,
            version: row.template_version,
            content_hash: row.content_hash.parse().map_err(Error::fault)?,
        },
        criteria,
        title: row.title,
        summary: row.summary,
        priority: row.priority,
        confidential: row.confidential,
        state: row.state,
        since: Since { command: row.since_command, by: row.since_by, at: row.since_at },
        accountable_side: row.accountable_side,
        upstream_owner: row.upstream_owner,
        downstream_owner: row.downstream_owner,
        triggered_at: row.triggered_at,
        deliver_by: row.deliver_by,
        submission: row.submission,
        origin: row.origin_system.zip(row.origin_key).map(|(system, key)| Origin { system, key }),
        follows: row.follows,
        links: row.links,
        attachments: row.attachments,
        attempts: parts.attempts.into_iter().map(into_attempt).collect::<Result<_>>()?,
        actions: parts.actions.into_iter().map(into_action).collect(),
        questions: parts.questions,
        reviews: parts.reviews,
        proposals: parts.proposals,
        waivers: row.waivers,
        claim: row.claim,
        archived: row.archived,
        comments: row.comments,
        hold: row.hold,
        rejections: row.rejections,
        returns: row.returns,
        times: Times {
            created_at: row.created_at,
            updated_at: row.updated_at,
            submitted_at: row.submitted_at,
            accepted_at: row.accepted_at,
            begun_at: row.begun_at,
            completed_at: row.completed_at,
            cancelled_at: row.cancelled_at,
        },
    })
}

fn into_attempt(row: AttemptRow) -> Result<Attempt> {
    Ok(Attempt {
        number: row.number,
        submitted_by: row.submitted_by,
        submitted_at: row.submitted_at,
        snapshot: row.snapshot,
        content_hash: row.content_hash.parse().map_err(Error::fault)?,
        results: row.results,
        first_time_pair: row.first_time_pair,
        review: ReviewDecision { required: row.review_required, why: row.review_why },
        decision: row.decision,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
        reasons: row.reasons,
        read_back: row.read_back,
        confirmation: row.confirmation,
    })
}

fn into_action(row: ActionRow) -> Action {
    Action {
        id: row.id,
        text: row.text,
        side: row.side,
        owner: row.owner,
        due_at: row.due_at,
        unconfirmed: row.unconfirmed,
        added_by: row.added_by,
        review_id: row.review_id,
        done: row.done_at.zip(row.done_by).map(|(at, by)| Signed { by, at }),
    }
}

fn of_handoff(handoff: &Handoff) -> Row {
    let origin = handoff.origin.clone().map(|origin| (origin.system, origin.key)).unzip();
    Row {
        id: handoff.id,
        route_id: handoff.route_id.clone(),
        from_team: handoff.from_team.clone(),
        to_team: handoff.to_team.clone(),
        terms_version: handoff.terms.version,
        read_back: None,
        return_window_seconds: None,
        sla_policy_id: None,
        review_rule: None,
        template_id: handoff.template.template_id.clone(),
        template_version: handoff.template.version,
        content_hash: handoff.template.content_hash.to_string(),
        title: handoff.title.clone(),
        summary: handoff.summary.clone(),
        priority: handoff.priority,
        confidential: handoff.confidential,
        state: handoff.state,
        since_command: handoff.since.command,
        since_by: handoff.since.by.clone(),
        since_at: handoff.since.at,
        attempt: handoff.attempt(),
        accountable_side: handoff.accountable_side,
        upstream_owner: handoff.upstream_owner.clone(),
        downstream_owner: handoff.downstream_owner.clone(),
        triggered_at: handoff.triggered_at,
        deliver_by: handoff.deliver_by,
        submission: handoff.submission.clone(),
        origin_system: origin.0,
        origin_key: origin.1,
        follows: handoff.follows,
        links: handoff.links.clone(),
        attachments: handoff.attachments.clone(),
        hold: handoff.hold.clone(),
        hold_until: handoff.hold.as_ref().and_then(|hold| hold.until),
        claim: handoff.claim.clone(),
        waivers: handoff.waivers.clone(),
        archived: handoff.archived.clone(),
        comments: handoff.comments,
        rejections: handoff.rejections,
        returns: handoff.returns,
        waiting_on: handoff.waiting_on(),
        waits_on_upstream: handoff.waits_on(Side::Upstream),
        waits_on_downstream: handoff.waits_on(Side::Downstream),
        upstream_actions: handoff.open_actions(Side::Upstream).count(),
        downstream_actions: handoff.open_actions(Side::Downstream).count(),
        upstream_answers: handoff.answers_due(Side::Upstream),
        downstream_answers: handoff.answers_due(Side::Downstream),
        created_at: handoff.times.created_at,
        updated_at: handoff.times.updated_at,
        submitted_at: handoff.times.submitted_at,
        accepted_at: handoff.times.accepted_at,
        begun_at: handoff.times.begun_at,
        completed_at: handoff.times.completed_at,
        cancelled_at: handoff.times.cancelled_at,
        revision: handoff.head.revision,
        head_hash: format!("\\x{}", hex::encode(handoff.head.hash)),
        head_at: handoff.head.at,
    }
}

fn of_attempt(handoff_id: HandoffId, attempt: &Attempt) -> AttemptRow {
    AttemptRow {
        handoff_id,
        number: attempt.number,
        submitted_by: attempt.submitted_by.clone(),
        submitted_at: attempt.submitted_at,
        snapshot: attempt.snapshot.clone(),
        content_hash: attempt.content_hash.to_string(),
        results: attempt.results.clone(),
        first_time_pair: attempt.first_time_pair,
        review_required: attempt.review.required,
        review_why: attempt.review.why.clone(),
        decision: attempt.decision,
        decided_by: attempt.decided_by.clone(),
        decided_at: attempt.decided_at,
        reasons: attempt.reasons.clone(),
        read_back: attempt.read_back.clone(),
        confirmation: attempt.confirmation.clone(),
    }
}

fn of_action(handoff_id: HandoffId, place: usize, action: &Action) -> ActionRow {
    let done = action.done.clone().map(|done| (done.at, done.by)).unzip();
    ActionRow {
        id: action.id,
        handoff_id,
        place,
        text: action.text.clone(),
        side: action.side,
        owner: action.owner.clone(),
        due_at: action.due_at,
        unconfirmed: action.unconfirmed,
        added_by: action.added_by.clone(),
        review_id: action.review_id,
        done_at: done.0,
        done_by: done.1,
    }
}
