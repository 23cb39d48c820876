//! Requests about reviews.

use api::{criteria as read, handoff::v1 as pb};
use chassis::{Fields, Parse};
use kernel::Timestamp;

use super::{
    On,
    command::attempt,
    parts,
    reading::{each, name, optional_name, texts},
};
use crate::{
    domain::{
        HandoffId, ReviewId,
        handoff::{CancelReview, RecordMissed, Schedule, WaiveReview},
        limits::{ATTENDEES_MAX, DECISIONS_MAX, REVIEW_SECONDS, TEXT_MAX_BYTES},
        review::{Attendee, Held, Meeting, Outcome},
        side,
    },
    grpc::twins::Twin,
    ops::review::Recording,
};

/// Other words for a scheduled review.
pub(in crate::grpc) struct Reschedule {
    pub(in crate::grpc) id: ReviewId,
    pub(in crate::grpc) new: Schedule,
}

/// Which invitation is asked for.
pub(in crate::grpc) struct GetReviewInvite {
    pub(in crate::grpc) handoff: HandoffId,
    pub(in crate::grpc) id: ReviewId,
}

impl Parse for On<Schedule> {
    type Request = pb::ScheduleReviewRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let side = parts::optional_side(fields, "side", request.side);
        let pb::ScheduleReviewRequest { starts_at, duration, place, url, attendees, .. } = request;
        let meeting = meeting(fields, starts_at, duration, &place, &url, attendees);
        Some(Self { target: target?, command: Schedule { side: side?, meeting: meeting? } })
    }
}

impl Parse for On<Reschedule> {
    type Request = pb::RescheduleReviewRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("review_id", &request.review_id);
        let side = parts::optional_side(fields, "side", request.side);
        let pb::RescheduleReviewRequest { starts_at, duration, place, url, attendees, .. } = request;
        let meeting = meeting(fields, starts_at, duration, &place, &url, attendees);
        let new = Schedule { side: side?, meeting: meeting? };
        Some(Self { target: target?, command: Reschedule { id: id?.into(), new } })
    }
}

impl Parse for On<CancelReview> {
    type Request = pb::CancelReviewRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("review_id", &request.review_id);
        let side = parts::optional_side(fields, "side", request.side);
        let reason = fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
        let command = CancelReview { id: id?.into(), side: side?, reason: reason? };
        Some(Self { target: target?, command })
    }
}

impl Parse for On<Recording> {
    type Request = pb::RecordReviewHeldRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("review_id", &request.review_id);
        let attended = each(fields, "attended", request.attended, ATTENDEES_MAX, attendee);
        let notes = fields.text("notes", &request.notes, TEXT_MAX_BYTES);
        let decisions = texts(fields, "decisions", request.decisions, DECISIONS_MAX);
        let actions = each(fields, "actions", request.actions, DECISIONS_MAX, parts::duty);
        let outcome = Outcome::read(fields, "outcome", request.outcome);
        let held = Held { attended: attended?, notes: notes?, decisions: decisions?, outcome: outcome? };
        Some(Self { target: target?, command: Recording { id: id?.into(), held, actions: actions? } })
    }
}

impl Parse for On<RecordMissed> {
    type Request = pb::RecordReviewMissedRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let id = fields.uuid("review_id", &request.review_id);
        let side = parts::optional_side(fields, "side", request.side);
        let read_side = |fields: &mut Fields, path: &str, side: i32| read::read_side(path, side, fields.violations());
        let absent = each(fields, "absent", request.absent, side::BOTH.len(), read_side);
        let command = RecordMissed { id: id?.into(), side: side?, absent: absent? };
        Some(Self { target: target?, command })
    }
}

impl Parse for On<WaiveReview> {
    type Request = pb::WaiveReviewRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let target = target!(fields, request);
        let attempt = attempt(fields, request.attempt);
        let reason = fields.required_text("reason", &request.reason, TEXT_MAX_BYTES);
        Some(Self { target: target?, command: WaiveReview { attempt: attempt?, reason: reason? } })
    }
}

impl Parse for GetReviewInvite {
    type Request = pb::GetReviewInviteRequest;

    fn parse(request: Self::Request, fields: &mut Fields) -> Option<Self> {
        let handoff = fields.uuid("handoff_id", &request.handoff_id);
        let id = fields.uuid("review_id", &request.review_id);
        Some(Self { handoff: handoff?.into(), id: id?.into() })
    }
}

/// When and where. What a meeting must be is for the domain to say; only a time that cannot be written down is refused here.
fn meeting(
    fields: &mut Fields,
    starts_at: Option<prost_types::Timestamp>,
    duration: Option<prost_types::Duration>,
    place: &str,
    url: &str,
    attendees: Vec<pb::ReviewAttendee>,
) -> Option<Meeting> {
    let starts_at = fields.time("starts_at", starts_at);
    let seconds = match duration {
        None => fields.refuse("duration", "is required: 1 minute to 24 hours"),
        Some(duration) if duration.nanos != 0 => fields.refuse("duration", "whole seconds only"),
        Some(duration) if REVIEW_SECONDS.contains(&duration.seconds) => Some(duration.seconds),
        Some(_) => fields.refuse("duration", "from 1 minute to 24 hours"),
    };
    let place = optional_name(fields, "place", place);
    let url = parts::address(fields, "url", url).map(|url| (!url.is_empty()).then_some(url));
    let attendees = each(fields, "attendees", attendees, ATTENDEES_MAX, attendee);
    let (starts_at, seconds): (Timestamp, i64) = (starts_at?, seconds?);
    let ends_at = starts_at.plus_seconds(seconds);
    if Timestamp::from_seconds_and_nanos(ends_at.as_micros().div_euclid(1_000_000), 0).is_none() {
        return fields.refuse("starts_at", "it would end after the year 9999");
    }
    Some(Meeting { starts_at, ends_at, place: place?, url: url?, attendees: attendees? })
}

fn attendee(fields: &mut Fields, path: &str, attendee: pb::ReviewAttendee) -> Option<Attendee> {
    let name = name(fields, &format!("{path}.name"), &attendee.name);
    let side = read::read_side(&format!("{path}.side"), attendee.side, fields.violations());
    let at = format!("{path}.email");
    let email = optional_name(fields, &at, &attendee.email).and_then(|email| match email {
        Some(email) if !is_address(&email) => fields.refuse(at, "is no email address"),
        email => Some(email),
    });
    Some(Attendee { name: name?, side: side?, email: email? })
}

/// Enough for a calendar's `mailto:`: one `@` with something on both sides, and nothing that ends it.
fn is_address(email: &str) -> bool {
    let is_plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"<>\"',;:@".contains(c));
    email.split_once('@').is_some_and(|(user, host)| is_plain(user) && is_plain(host))
}
