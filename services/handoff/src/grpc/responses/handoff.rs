//! Handoffs on the wire: whole, as a line of a list, as an entry of a timeline.

use std::cell::LazyCell;

use api::{
    criteria as write,
    handoff::v1 as pb,
    sla::v1::{Clock, SlaEvent},
};
use chassis::log::Told;
use criteria::Submission;
use kernel::{Error, Result};
use prost::Message;

use super::{
    parts::{action, link, origin, pin, reason, side, summary},
    talk::{proposal, question, review},
};
use crate::{
    domain::{
        Action, Attempt, Handoff, State, Summary,
        clock::SlaFact,
        handoff::{Claim, Hold, Migrated, Waiver},
    },
    grpc::twins::Twin,
    store::list::Line,
};

pub(in crate::grpc) fn into_handoff(handoff: &Handoff) -> pb::Handoff {
    let agenda = LazyCell::new(|| handoff.agenda());
    pb::Handoff {
        id: handoff.id.to_string(),
        route_id: handoff.route_id.to_string(),
        terms_version: handoff.terms.version,
        from_team: handoff.from_team.to_string(),
        to_team: handoff.to_team.to_string(),
        title: handoff.title.clone(),
        summary: (handoff.summary != Summary::default()).then(|| summary(&handoff.summary)),
        priority: handoff.priority.write(),
        confidential: handoff.confidential,
        state: handoff.state.write(),
        attempt: handoff.attempt(),
        revision: handoff.head.revision,
        upstream_owner: handoff.upstream_owner.clone().unwrap_or_default(),
        downstream_owner: handoff.downstream_owner.clone().unwrap_or_default(),
        accountable_side: side(Some(handoff.accountable_side)),
        waiting_on: side(handoff.waiting_on()),
        triggered_at: Some(api::timestamp(handoff.triggered_at)),
        deliver_by: handoff.deliver_by.map(api::timestamp),
        template: Some(pin(&handoff.template)),
        submission: Some(write::submission(handoff.submission.clone())),
        origin: handoff.origin.as_ref().map(origin),
        follows: handoff.follows.map(|id| id.to_string()).unwrap_or_default(),
        links: handoff.links.iter().map(link).collect(),
        attachments: handoff.attachments.iter().cloned().map(write::attachment).collect(),
        attempts: handoff.attempts.iter().map(|it| attempt(it, it.number == handoff.attempt())).collect(),
        actions: handoff.actions.iter().map(|it| closed_with(handoff, it)).collect(),
        questions: handoff.questions.iter().map(question).collect(),
        reviews: handoff.reviews.iter().map(|it| review(it, || agenda.clone())).collect(),
        proposals: handoff.proposals.iter().map(proposal).collect(),
        waivers: handoff.waivers.iter().map(waiver).collect(),
        claim: handoff.claim.as_ref().map(claim),
        archived: (handoff.archived != Submission::default()).then(|| write::submission(handoff.archived.clone())),
        comments: handoff.comments,
        hold: handoff.hold.as_ref().map(hold),
        rejections: handoff.rejections,
        returns: handoff.returns,
        times: Some(times(handoff)),
    }
}

pub(in crate::grpc) fn into_line(line: Line) -> pb::HandoffLine {
    pb::HandoffLine {
        id: line.id.to_string(),
        route_id: line.route_id.to_string(),
        from_team: line.from_team.to_string(),
        to_team: line.to_team.to_string(),
        title: line.title,
        priority: line.priority.write(),
        state: line.state.write(),
        attempt: line.attempt,
        revision: line.revision,
        upstream_owner: line.upstream_owner.unwrap_or_default(),
        downstream_owner: line.downstream_owner.unwrap_or_default(),
        accountable_side: side(Some(line.accountable_side)),
        waiting_on: side(line.waiting_on),
        upstream_actions: line.upstream_actions,
        downstream_actions: line.downstream_actions,
        upstream_answers: line.upstream_answers,
        downstream_answers: line.downstream_answers,
        rejections: line.rejections,
        returns: line.returns,
        on_hold: line.on_hold,
        confidential: line.confidential,
        created_at: Some(api::timestamp(line.created_at)),
        updated_at: Some(api::timestamp(line.updated_at)),
        state_since: Some(api::timestamp(line.state_since)),
        deliver_by: line.deliver_by.map(api::timestamp),
        origin: line.origin.as_ref().map(origin),
        upstream_due_at: line.upstream_due_at.map(api::timestamp),
        downstream_due_at: line.downstream_due_at.map(api::timestamp),
        upstream_breaches: line.upstream_breaches,
        downstream_breaches: line.downstream_breaches,
    }
}

/// A logged fact as the timeline shows it. One that cannot be read is a defect.
pub(in crate::grpc) fn into_entry(told: Told) -> Result<pb::TimelineEntry> {
    let (_, name) = told.r#type.rsplit_once('.').unwrap_or_default();
    Ok(pb::TimelineEntry {
        sequence: told.aggregate_seq,
        r#type: name.to_owned(),
        actor: told.actor,
        occurred_at: Some(api::timestamp(told.occurred_at)),
        recorded_at: Some(api::timestamp(told.recorded_at)),
        historic: told.historic,
        event: Some(pb::HandoffEvent::decode(told.payload.as_slice()).map_err(Error::fault)?),
        sla_event: None,
    })
}

/// What the SLA monitor said, as the timeline shows it. One that cannot be read is a defect.
pub(in crate::grpc) fn into_sla_entry(fact: SlaFact) -> Result<pb::TimelineEntry> {
    Ok(pb::TimelineEntry {
        sequence: fact.after_revision,
        r#type: fact.name,
        actor: fact.actor,
        occurred_at: Some(api::timestamp(fact.occurred_at)),
        recorded_at: Some(api::timestamp(fact.recorded_at)),
        historic: fact.historic,
        event: None,
        sla_event: Some(SlaEvent::decode(fact.whole.as_slice()).map_err(Error::fault)?),
    })
}

/// Clocks, as the SLA monitor told of them.
pub(in crate::grpc) fn into_clocks(clocks: &[Vec<u8>]) -> Result<Vec<Clock>> {
    clocks.iter().map(|clock| Clock::decode(clock.as_slice()).map_err(Error::fault)).collect()
}

/// An attempt; what the criteria said of one before the last stands in the timeline.
fn attempt(attempt: &Attempt, is_last: bool) -> pb::Attempt {
    pb::Attempt {
        number: attempt.number,
        submitted_by: attempt.submitted_by.clone(),
        submitted_at: Some(api::timestamp(attempt.submitted_at)),
        content_hash: attempt.content_hash.to_string(),
        results: attempt.results.iter().filter(|_| is_last).cloned().map(write::criterion_result).collect(),
        decision: attempt.decision.write(),
        decided_by: attempt.decided_by.clone().unwrap_or_default(),
        decided_at: attempt.decided_at.map(api::timestamp),
        reasons: attempt.reasons.iter().map(reason).collect(),
        read_back: attempt.read_back.clone().unwrap_or_default(),
        review_required: attempt.review.required,
        review_reason: attempt.review.why.clone(),
        read_back_confirmation: attempt.confirmation.as_ref().map(|confirmation| pb::ReadBackConfirmation {
            confirmed_by: confirmation.given.by.clone(),
            confirmed_at: Some(api::timestamp(confirmation.given.at)),
            corrections: confirmation.corrections.clone(),
        }),
    }
}

/// What is not done when the handoff is cancelled need not be done.
fn closed_with(handoff: &Handoff, of_it: &Action) -> pb::Action {
    pb::Action { closed: handoff.state == State::Cancelled && of_it.done.is_none(), ..action(of_it) }
}

fn waiver(waiver: &Waiver) -> pb::CriterionWaiver {
    pb::CriterionWaiver {
        criterion: waiver.criterion.clone(),
        reason: waiver.reason.clone(),
        proposal_id: waiver.proposal_id.to_string(),
        waived_by: waiver.waived.by.clone(),
        waived_at: Some(api::timestamp(waiver.waived.at)),
    }
}

fn claim(Claim(claim): &Claim) -> pb::Claim {
    pb::Claim { claimed_by: claim.by.clone(), claimed_at: Some(api::timestamp(claim.at)) }
}

/// What a move to another version does, or would do.
pub(in crate::grpc) fn into_migration(migrated: &Migrated) -> pb::Migration {
    let archived = &migrated.migration.archived;
    pb::Migration {
        from: Some(pin(&migrated.from)),
        to: Some(pin(&migrated.to)),
        kept: migrated.migration.kept.clone(),
        flagged: migrated
            .migration
            .flagged
            .iter()
            .map(|flag| pb::MigrationFlag { key: flag.key.clone(), problem: flag.problem.clone() })
            .collect(),
        archived: archived.fields.keys().chain(archived.items.keys()).cloned().collect(),
    }
}

fn hold(hold: &Hold) -> pb::Hold {
    pb::Hold {
        reason: hold.reason.clone(),
        since: Some(api::timestamp(hold.since)),
        agreed: hold.agreed,
        side: side(Some(hold.side)),
        until: hold.until.map(api::timestamp),
    }
}

fn times(handoff: &Handoff) -> pb::HandoffTimes {
    let times = &handoff.times;
    pb::HandoffTimes {
        created_at: Some(api::timestamp(times.created_at)),
        updated_at: Some(api::timestamp(times.updated_at)),
        state_since: Some(api::timestamp(handoff.since.at)),
        submitted_at: times.submitted_at.map(api::timestamp),
        accepted_at: times.accepted_at.map(api::timestamp),
        begun_at: times.begun_at.map(api::timestamp),
        completed_at: times.completed_at.map(api::timestamp),
        cancelled_at: times.cancelled_at.map(api::timestamp),
    }
}
