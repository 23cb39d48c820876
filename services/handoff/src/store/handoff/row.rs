//! The rows of a handoff, and the handoff that they make.

use std::sync::Arc;

use criteria::{Attachment, Criteria, CriterionResult, ReviewDecision, Submission};
use kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Action, ActionId, Attempt, Command, Decision, Handoff, HandoffId, Link, Origin, Pin, Priority, Proposal,
        Question, Reason, Review, ReviewId, RouteId, Side, Signed, State, Summary, TeamId, TemplateId,
        attempt::Confirmation,
        handoff::{Claim, Hold, Times, Waiver},
        route::{KeptTerms, PolicyId, ReadBack},
        state::Since,
    },
    store::{broken, head},
};

/// A row of `handoff.handoff`, with what its terms say.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
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
    pub(super) content_hash: String,
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
pub(super) struct AttemptRow {
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
pub(super) struct ActionRow {
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

/// What belongs to a handoff's row.
pub(super) struct Parts {
    pub(super) attempts: Vec<AttemptRow>,
    pub(super) actions: Vec<ActionRow>,
    pub(super) questions: Vec<Question>,
    pub(super) reviews: Vec<Review>,
    pub(super) proposals: Vec<Proposal>,
}

pub(super) fn into_handoff(row: Row, parts: Parts, criteria: Arc<Criteria>) -> Result<Handoff> {
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

pub(super) fn of_handoff(handoff: &Handoff) -> Row {
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

pub(super) fn of_attempt(handoff_id: HandoffId, attempt: &Attempt) -> AttemptRow {
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

pub(super) fn of_action(handoff_id: HandoffId, place: usize, action: &Action) -> ActionRow {
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
