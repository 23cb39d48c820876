//! Surveys and their answers.

use std::collections::BTreeMap;

use chassis::{Seal, Tx, page::Page};
use kernel::{Head, Result, Timestamp};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::broken;
use crate::domain::{
    HandoffId, RouteId, Side, TeamId,
    survey::{Answer, Cell, Cells, Occasion, Quarter, Questions, Survey, SurveyId},
};

/// What the tokens of links are sealed for.
pub(crate) const LINK: &str = "survey link";

/// Where a page of invitations goes on: when the last one was given, and its id.
pub(crate) type Cursor = (Timestamp, Uuid);

struct Row {
    id: SurveyId,
    handoff_id: HandoffId,
    route_id: RouteId,
    from_team: TeamId,
    to_team: TeamId,
    side: String,
    person: String,
    occasion: String,
    questions_version: i32,
    question_score: String,
    question_worked: String,
    question_missing: String,
    invited_at: Timestamp,
    open_until: Timestamp,
    answered_at: Option<Timestamp>,
    score: Option<i32>,
    worked: Option<String>,
    missing: Option<String>,
    revision: i64,
    head_hash: Vec<u8>,
    head_at: Timestamp,
}

impl Row {
    fn survey(self, seal: &Seal) -> Result<Survey> {
        let answered = match (self.score, self.worked, self.missing, self.answered_at) {
            (Some(score), Some(worked), Some(missing), Some(at)) => Some((Answer { score, worked, missing }, at)),
            _ => None,
        };
        Ok(Survey {
            head: Head::from_row(self.revision, &self.head_hash, self.head_at).ok_or_else(|| broken("head_hash"))?,
            link_token: seal.seal(self.id.as_uuid()),
            id: self.id,
            handoff_id: self.handoff_id,
            route_id: self.route_id,
            from_team: self.from_team,
            to_team: self.to_team,
            side: Side::from_name(&self.side).ok_or_else(|| broken("side"))?,
            person: self.person,
            occasion: Occasion::from_name(&self.occasion).ok_or_else(|| broken("occasion"))?,
            questions: Questions {
                version: self.questions_version,
                score: self.question_score,
                worked: self.question_worked,
                missing: self.question_missing,
            },
            invited_at: self.invited_at,
            open_until: self.open_until,
            answered,
        })
    }
}

/// The names that have acted as services.
pub(crate) async fn services(tx: &mut Tx) -> Result<std::collections::BTreeSet<String>> {
    let names = sqlx::query_scalar!("SELECT name FROM metrics.service_name");
    Ok(names.fetch_all(tx.connection()).await?.into_iter().collect())
}

/// Whether a person was asked after an instant.
pub(crate) async fn is_asked_since(tx: &mut Tx, person: &str, since: Timestamp) -> Result<bool> {
    let asked = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM metrics.survey WHERE person = $1 AND invited_at > $2) AS "asked!""#,
        person,
        since as Timestamp,
    );
    Ok(asked.fetch_one(tx.connection()).await?)
}

/// Notes that a side was not asked.
pub(crate) async fn cap(tx: &mut Tx, survey: &Survey) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.survey_capped (handoff_id, side, at, route_id, from_team, to_team)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        survey.handoff_id as HandoffId,
        survey.side.name(),
        survey.invited_at as Timestamp,
        survey.route_id.as_str(),
        survey.from_team.as_str(),
        survey.to_team.as_str(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps a new invitation.
pub(crate) async fn insert(tx: &mut Tx, survey: &Survey) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.survey (id, handoff_id, route_id, from_team, to_team, side, person, occasion, questions_version,
                                     invited_at, open_until, revision, head_hash, head_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        survey.id as SurveyId,
        survey.handoff_id as HandoffId,
        survey.route_id.as_str(),
        survey.from_team.as_str(),
        survey.to_team.as_str(),
        survey.side.name(),
        survey.person,
        survey.occasion.name(),
        survey.questions.version,
        survey.invited_at as Timestamp,
        survey.open_until as Timestamp,
        survey.head.revision,
        &survey.head.hash[..],
        survey.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Keeps an answer.
pub(crate) async fn update(tx: &mut Tx, survey: &Survey) -> Result<()> {
    let (answer, at) = survey.answered.as_ref().map_or((None, None), |(answer, at)| (Some(answer), Some(*at)));
    sqlx::query!(
        "UPDATE metrics.survey SET answered_at = $2, score = $3, worked = $4, missing = $5, revision = $6, head_hash = $7,
                                   head_at = $8
         WHERE id = $1",
        survey.id as SurveyId,
        at as Option<Timestamp>,
        answer.map(|it| it.score),
        answer.map(|it| it.worked.as_str()),
        answer.map(|it| it.missing.as_str()),
        survey.head.revision,
        &survey.head.hash[..],
        survey.head.at as Timestamp,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// An invitation, locked.
pub(crate) async fn lock(tx: &mut Tx, seal: &Seal, id: SurveyId) -> Result<Option<Survey>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SurveyId", handoff_id AS "handoff_id: HandoffId", route_id AS "route_id: RouteId",
               from_team AS "from_team: TeamId", to_team AS "to_team: TeamId", side, person, occasion, questions_version,
               q.score AS question_score, q.worked AS question_worked, q.missing AS question_missing,
               invited_at AS "invited_at: Timestamp", open_until AS "open_until: Timestamp",
               answered_at AS "answered_at: Timestamp", s.score, s.worked, s.missing, revision, head_hash,
               head_at AS "head_at: Timestamp"
        FROM metrics.survey s JOIN metrics.survey_questions q ON q.version = s.questions_version
        WHERE id = $1 FOR UPDATE OF s
        "#,
        id as SurveyId,
    );
    row.fetch_optional(tx.connection()).await?.map(|row| row.survey(seal)).transpose()
}

/// Which invitations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Of this person; of anybody, where none is given.
    pub(crate) person: Option<String>,
    pub(crate) handoff_id: Option<HandoffId>,
    /// Only those that can still be answered then.
    pub(crate) open_at: Option<Timestamp>,
}

/// A page of invitations, the latest first.
pub(crate) async fn list(pool: &PgPool, seal: &Seal, filter: &Filter, page: &Page<Cursor>) -> Result<Vec<Survey>> {
    let (after_at, after_id) = page.after().copied().unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SurveyId", handoff_id AS "handoff_id: HandoffId", route_id AS "route_id: RouteId",
               from_team AS "from_team: TeamId", to_team AS "to_team: TeamId", side, person, occasion, questions_version,
               q.score AS question_score, q.worked AS question_worked, q.missing AS question_missing,
               invited_at AS "invited_at: Timestamp", open_until AS "open_until: Timestamp",
               answered_at AS "answered_at: Timestamp", s.score, s.worked, s.missing, revision, head_hash,
               head_at AS "head_at: Timestamp"
        FROM metrics.survey s JOIN metrics.survey_questions q ON q.version = s.questions_version
        WHERE ($1::text IS NULL OR person = $1) AND ($2::uuid IS NULL OR handoff_id = $2)
          AND ($3::timestamptz IS NULL OR answered_at IS NULL AND open_until >= $3)
          AND ($4::timestamptz IS NULL OR (invited_at, id) < ($4, $5))
        ORDER BY invited_at DESC, id DESC LIMIT $6
        "#,
        filter.person,
        filter.handoff_id as Option<HandoffId>,
        filter.open_at as Option<Timestamp>,
        after_at as Option<Timestamp>,
        after_id,
        page.limit(),
    );
    rows.fetch_all(pool).await?.into_iter().map(|row| row.survey(seal)).collect()
}

/// A page of answered surveys, in the order of their answers.
pub(crate) async fn answered(
    pool: &PgPool,
    seal: &Seal,
    (from, until): (Timestamp, Timestamp),
    after: Cursor,
) -> Result<Vec<Survey>> {
    const PAGE: i64 = 500;
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id AS "id: SurveyId", handoff_id AS "handoff_id: HandoffId", route_id AS "route_id: RouteId",
               from_team AS "from_team: TeamId", to_team AS "to_team: TeamId", side, person, occasion, questions_version,
               q.score AS question_score, q.worked AS question_worked, q.missing AS question_missing,
               invited_at AS "invited_at: Timestamp", open_until AS "open_until: Timestamp",
               answered_at AS "answered_at: Timestamp", s.score, s.worked, s.missing, revision, head_hash,
               head_at AS "head_at: Timestamp"
        FROM metrics.survey s JOIN metrics.survey_questions q ON q.version = s.questions_version
        WHERE answered_at >= $1 AND answered_at < $2 AND (answered_at, id) > ($3, $4)
        ORDER BY answered_at, id LIMIT $5
        "#,
        from as Timestamp,
        until as Timestamp,
        after.0 as Timestamp,
        after.1,
        PAGE,
    );
    rows.fetch_all(pool).await?.into_iter().map(|row| row.survey(seal)).collect()
}

/// What is asked.
pub(crate) async fn questions(store: impl PgExecutor<'_>) -> Result<Questions> {
    Ok(sqlx::query_as!(
        Questions,
        "SELECT version, score, worked, missing FROM metrics.survey_questions ORDER BY version DESC LIMIT 1"
    )
    .fetch_one(store)
    .await?)
}

/// The next version of what is asked; false where another one has it already.
pub(crate) async fn insert_questions(tx: &mut Tx, questions: &Questions, by: &str) -> Result<bool> {
    let now = tx.now();
    let done = sqlx::query!(
        "INSERT INTO metrics.survey_questions (version, score, worked, missing, set_by, set_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        questions.version,
        questions.score,
        questions.worked,
        questions.missing,
        by,
        now as Timestamp,
    );
    Ok(done.execute(tx.connection()).await?.rows_affected() > 0)
}

/// Both sides of a handoff are to be asked again.
pub(crate) async fn insert_follow_up(tx: &mut Tx, handoff: HandoffId, due_at: Timestamp) -> Result<()> {
    sqlx::query!(
        "INSERT INTO metrics.survey_follow_up (due_at, handoff_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        due_at as Timestamp,
        handoff as HandoffId,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Takes handoffs whose sides are to be asked again by now, with when that was due, the earliest first.
pub(crate) async fn take_follow_ups(tx: &mut Tx) -> Result<Vec<(Timestamp, HandoffId)>> {
    let now = tx.now();
    let due = sqlx::query!(
        r#"
        DELETE FROM metrics.survey_follow_up WHERE (due_at, handoff_id) IN (
            SELECT due_at, handoff_id FROM metrics.survey_follow_up WHERE due_at <= $1
            ORDER BY due_at LIMIT 100 FOR UPDATE SKIP LOCKED
        )
        RETURNING due_at AS "due_at: Timestamp", handoff_id AS "id: HandoffId"
        "#,
        now as Timestamp,
    );
    let rows = due.fetch_all(tx.connection()).await?;
    let mut due: Vec<_> = rows.into_iter().map(|row| (row.due_at, row.id)).collect();
    due.sort();
    Ok(due)
}

/// What was answered in a quarter, by route and side; of one route, or of all that a team is on.
pub(crate) async fn cells(
    pool: &PgPool,
    quarter: Quarter,
    route: Option<&RouteId>,
    team: Option<&TeamId>,
) -> Result<Cells> {
    let rows = sqlx::query!(
        r#"
        SELECT route_id AS "route_id: RouteId", side,
               count(*) FILTER (WHERE invited_at >= $1 AND invited_at < $2) AS "invitations!",
               count(*) FILTER (WHERE answered_at >= $1 AND answered_at < $2) AS "answers!",
               coalesce(sum(score) FILTER (WHERE answered_at >= $1 AND answered_at < $2), 0) AS "score_sum!",
               count(*) FILTER (WHERE answered_at >= $1 AND answered_at < $2 AND score >= 4) AS "top_two!"
        FROM metrics.survey
        WHERE (invited_at >= $1 AND invited_at < $2 OR answered_at >= $1 AND answered_at < $2)
          AND ($3::text IS NULL OR route_id = $3)
          AND ($4::text IS NULL OR side = 'UPSTREAM' AND from_team = $4 OR side = 'DOWNSTREAM' AND to_team = $4)
        GROUP BY route_id, side
        "#,
        quarter.from.start() as Timestamp,
        quarter.until.start() as Timestamp,
        route.map(RouteId::as_str),
        team.map(TeamId::as_str),
    );
    let mut cells = BTreeMap::new();
    for row in rows.fetch_all(pool).await? {
        let side = Side::from_name(&row.side).ok_or_else(|| broken("side"))?;
        let cell =
            Cell { invitations: row.invitations, answers: row.answers, score_sum: row.score_sum, top_two: row.top_two };
        cells.insert((row.route_id, side), cell);
    }
    Ok(cells)
}

/// How many were not asked in a quarter.
pub(crate) async fn capped(
    pool: &PgPool,
    quarter: Quarter,
    route: Option<&RouteId>,
    team: Option<&TeamId>,
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!" FROM metrics.survey_capped
        WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR route_id = $3)
          AND ($4::text IS NULL OR side = 'UPSTREAM' AND from_team = $4 OR side = 'DOWNSTREAM' AND to_team = $4)
        "#,
        quarter.from.start() as Timestamp,
        quarter.until.start() as Timestamp,
        route.map(RouteId::as_str),
        team.map(TeamId::as_str),
    );
    Ok(count.fetch_one(pool).await?)
}
