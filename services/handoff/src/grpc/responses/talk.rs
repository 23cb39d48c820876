//! Questions, reviews and proposals on the wire, as answers and events show them.

use api::handoff::v1::{self as pb, proposed_change::Kind};

use super::side;
use crate::{
    domain::{
        Proposal, Question, Review, Signed,
        proposal::Change,
        question::Round,
        review::{AgendaItem, Attendee, Status},
    },
    grpc::twins::Twin,
};

pub(crate) fn question(question: &Question) -> pb::Question {
    let (closed_by, closed_at) = signed(question.closed.as_ref());
    pb::Question {
        id: question.id.to_string(),
        side: side(Some(question.side)),
        blocking: question.blocking,
        about: question.about.clone().unwrap_or_default(),
        state: question.state().write(),
        rounds: (1..).zip(&question.rounds).map(round).collect(),
        closed_by,
        closed_at,
    }
}

fn round((number, round): (i32, &Round)) -> pb::QuestionRound {
    let answer = round.answer.as_ref();
    let (answered_by, answered_at) = signed(answer.map(|answer| &answer.given));
    pb::QuestionRound {
        number,
        text: round.text.clone(),
        asked_by: round.asked.by.clone(),
        asked_at: Some(api::timestamp(round.asked.at)),
        answer: answer.map(|answer| answer.text.clone()).unwrap_or_default(),
        answered_by,
        answered_at,
    }
}

/// A review; `agenda` is what the handoff says now, and the agenda of a review that is to come.
pub(crate) fn review(review: &Review, agenda: impl FnOnce() -> Vec<AgendaItem>) -> pb::Review {
    let (settled_by, settled_at) = signed(review.status.settled());
    let meeting = review.meeting.as_ref();
    let mut shown = pb::Review {
        id: review.id.to_string(),
        attempt: review.attempt,
        state: match review.status {
            Status::Scheduled => pb::ReviewState::Scheduled,
            Status::Held { .. } => pb::ReviewState::Held,
            Status::Missed { .. } => pb::ReviewState::Missed,
            Status::Cancelled { .. } => pb::ReviewState::Cancelled,
            Status::Waived { .. } => pb::ReviewState::Waived,
        }
        .into(),
        scheduled_by: review.scheduled.by.clone(),
        side: side(Some(review.side)),
        starts_at: meeting.map(|meeting| api::timestamp(meeting.starts_at)),
        ends_at: meeting.map(|meeting| api::timestamp(meeting.ends_at)),
        place: meeting.and_then(|meeting| meeting.place.clone()).unwrap_or_default(),
        url: meeting.and_then(|meeting| meeting.url.clone()).unwrap_or_default(),
        attendees: meeting.map(|meeting| meeting.attendees.iter().map(attendee).collect()).unwrap_or_default(),
        sequence: review.sequence,
        settled_by,
        settled_at,
        ..Default::default()
    };
    match &review.status {
        Status::Scheduled => shown.agenda = items(&agenda()),
        Status::Held { agenda, held, .. } => {
            shown.agenda = items(agenda);
            shown.outcome = held.outcome.write();
            shown.attended = held.attended.iter().map(attendee).collect();
            shown.notes.clone_from(&held.notes);
            shown.decisions.clone_from(&held.decisions);
        }
        Status::Missed { agenda, absent, .. } => {
            shown.agenda = items(agenda);
            shown.absent = absent.iter().map(|absent| side(Some(*absent))).collect();
        }
        Status::Cancelled { reason, .. } | Status::Waived { reason, .. } => shown.reason.clone_from(reason),
    }
    shown
}

fn items(agenda: &[AgendaItem]) -> Vec<pb::AgendaItem> {
    let item = |item: &AgendaItem| pb::AgendaItem { topic: item.topic.clone(), lines: item.lines.clone() };
    agenda.iter().map(item).collect()
}

fn attendee(attendee: &Attendee) -> pb::ReviewAttendee {
    pb::ReviewAttendee {
        name: attendee.name.clone(),
        side: side(Some(attendee.side)),
        email: attendee.email.clone().unwrap_or_default(),
    }
}

pub(crate) fn proposal(proposal: &Proposal) -> pb::Proposal {
    let (decided_by, decided_at) = signed(proposal.decided.as_ref());
    pb::Proposal {
        id: proposal.id.to_string(),
        side: side(Some(proposal.side)),
        change: Some(pb::ProposedChange { kind: Some(change(&proposal.change)) }),
        reason: proposal.reason.clone(),
        state: proposal.state.write(),
        proposed_by: proposal.proposed.by.clone(),
        proposed_at: Some(api::timestamp(proposal.proposed.at)),
        decided_by,
        decided_at,
        decline_reason: proposal.decline_reason.clone(),
    }
}

fn change(change: &Change) -> Kind {
    match change {
        Change::Hold { until } => Kind::Hold(pb::ProposedHold { until: Some(api::timestamp(*until)) }),
        Change::Deadline { deliver_by } => {
            Kind::Deadline(pb::ProposedDeadline { deliver_by: Some(api::timestamp(*deliver_by)) })
        }
        Change::Priority { priority } => Kind::Priority(pb::ProposedPriority { priority: priority.write() }),
        Change::Waiver { criteria } => Kind::Waiver(pb::ProposedWaiver { criteria: criteria.clone() }),
        Change::Cancel => Kind::Cancel(pb::ProposedCancel {}),
    }
}

/// By whom and when; empty and absent for what nobody has done.
fn signed(signed: Option<&Signed>) -> (String, Option<prost_types::Timestamp>) {
    (signed.map(|it| it.by.clone()).unwrap_or_default(), signed.map(|it| api::timestamp(it.at)))
}
