//! Meetings of both sides, and what came of them.

use kernel::{Timestamp, Violation};

use super::{Fact, Handoff, asking::must_hold_one_more};
use crate::domain::{
    Acting, Command, Happened, NewAction, Refused, Review, ReviewId, Side, Signed, State,
    acting::Mandate,
    limits::{ACTIONS_MAX, REVIEW_SECONDS, REVIEWS_MAX},
    refused::{Part, violation},
    review::{Attendee, Held, Meeting, Status},
    side,
};

/// A review, new or changed.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// When and where.
    pub meeting: Meeting,
}

/// A review is called off.
#[derive(Clone, Debug)]
pub struct CancelReview {
    /// The review.
    pub id: ReviewId,
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// Why.
    pub reason: String,
}

/// A review took place.
#[derive(Clone, Debug)]
pub struct RecordHeld {
    /// The review.
    pub id: ReviewId,
    /// What came of it.
    pub held: Held,
    /// What is to be done.
    pub actions: Vec<NewAction>,
}

/// A review did not take place.
#[derive(Clone, Debug)]
pub struct RecordMissed {
    /// The review.
    pub id: ReviewId,
    /// For which side the caller acts.
    pub side: Option<Side>,
    /// Who did not come: one side or both.
    pub absent: Vec<Side>,
}

/// Downstream does without the review of an attempt.
#[derive(Clone, Debug)]
pub struct WaiveReview {
    /// The attempt that the caller has read.
    pub attempt: i32,
    /// Why.
    pub reason: String,
}

impl Handoff {
    /// Either side schedules a review in any open state, about the current attempt.
    pub fn schedule_review(
        &mut self,
        by: Acting<'_>,
        id: ReviewId,
        new: Schedule,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate_of_either(new.side, by)?;
        self.must_be_in(State::OPEN, Command::ScheduleReview)?;
        must_hold_one_more("reviews", self.reviews.len(), REVIEWS_MAX)?;
        let at = self.head.date(now);
        Refused::unless_valid(flaws(&new.meeting, at))?;
        let review = Review {
            id,
            attempt: self.attempt(),
            side: mandate.side,
            scheduled: Signed::new(&mandate.by, at),
            meeting: Some(new.meeting),
            sequence: 0,
            status: Status::Scheduled,
        };
        self.happen(vec![Fact::ReviewScheduled(review)], mandate, now)
    }

    /// Either side changes a scheduled review; the invitation's sequence rises. The same again changes nothing.
    pub fn reschedule_review(
        &mut self,
        by: Acting<'_>,
        id: ReviewId,
        new: Schedule,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mut review = self.review(by, id)?.clone();
        let mandate = self.mandate_of_either(new.side, by)?;
        self.must_be_in(State::OPEN, Command::RescheduleReview)?;
        must_be_scheduled(&review, Command::RescheduleReview)?;
        if review.meeting.as_ref() == Some(&new.meeting) {
            return Ok(Happened::nothing());
        }
        let at = self.head.date(now);
        Refused::unless_valid(flaws(&new.meeting, at))?;
        review.meeting = Some(new.meeting);
        // Whoever invited stays who invites: calendars know an invitation by it.
        review.scheduled.at = at;
        review.sequence += 1;
        self.happen(vec![Fact::ReviewScheduled(review)], mandate, now)
    }

    /// Either side calls a scheduled review off. Again by the same actor changes nothing.
    pub fn cancel_review(&mut self, by: Acting<'_>, cancel: CancelReview, now: Timestamp) -> Result<Happened, Refused> {
        let review = self.review(by, cancel.id)?;
        let mandate = self.mandate_of_either(cancel.side, by)?;
        if matches!(&review.status, Status::Cancelled { settled, .. } if settled.by == mandate.by) {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::NOT_CANCELLED, Command::CancelReview)?;
        must_be_scheduled(review, Command::CancelReview)?;
        self.happen(vec![Fact::ReviewCancelled { id: cancel.id, reason: cancel.reason }], mandate, now)
    }

    /// Downstream records a review that took place, once it has begun, with somebody of each side. Its actions are added; one
    /// of upstream counts once upstream confirms it. The same again by the same actor changes nothing.
    pub fn record_review_held(
        &mut self,
        by: Acting<'_>,
        record: RecordHeld,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        let review = self.review(by, record.id)?;
        if matches!(&review.status, Status::Held { settled, held, .. } if settled.by == mandate.by && *held == record.held)
            && self.has_added(&record)
        {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::NOT_CANCELLED, Command::RecordReviewHeld)?;
        must_be_scheduled(review, Command::RecordReviewHeld)?;
        let at = self.head.date(now);
        must_have_begun(review, at)?;
        let missing = side::BOTH.into_iter().filter_map(|side| nobody_of(side, &record.held.attended));
        let mut flaws: Vec<_> = missing.collect();
        flaws.extend(overdue("actions", &record.actions, at));
        Refused::unless_valid(flaws)?;
        must_hold_one_more("actions", self.actions.len() + record.actions.len(), ACTIONS_MAX + 1)?;
        let agenda = self.agenda();
        let added = |action: NewAction| Fact::ActionAdded(action.asked_by(mandate.side, &mandate.by, Some(record.id)));
        let mut facts = vec![Fact::ReviewHeld { id: record.id, held: record.held, agenda }];
        facts.extend(record.actions.into_iter().map(added));
        self.happen(facts, mandate, now)
    }

    /// Either side records a review that did not take place, once it should have begun, and says which sides did not come. The
    /// same again by the same actor changes nothing.
    pub fn record_review_missed(
        &mut self,
        by: Acting<'_>,
        record: RecordMissed,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let review = self.review(by, record.id)?;
        let mandate = self.mandate_of_either(record.side, by)?;
        let mut absent_sides = record.absent;
        absent_sides.sort_by_key(|side| side::name(*side) != side::name(Side::Upstream));
        absent_sides.dedup();
        if matches!(&review.status, Status::Missed { settled, absent, .. }
            if settled.by == mandate.by && *absent == absent_sides)
        {
            return Ok(Happened::nothing());
        }
        self.must_be_in(State::NOT_CANCELLED, Command::RecordReviewMissed)?;
        must_be_scheduled(review, Command::RecordReviewMissed)?;
        must_have_begun(review, self.head.date(now))?;
        if absent_sides.is_empty() {
            let flaw = violation("absent", "name the sides that did not come: one or both");
            return Err(Refused::Invalid(vec![flaw]));
        }
        let fact = Fact::ReviewMissed { id: record.id, absent: absent_sides, agenda: self.agenda() };
        self.happen(vec![fact], mandate, now)
    }

    /// A lead of downstream does without the review that the current attempt requires, scheduled or not; nobody what they
    /// themselves submitted or scheduled. `id` names the review that is made where none is scheduled. Waiving again changes
    /// nothing.
    pub fn waive_review(
        &mut self,
        by: Acting<'_>,
        id: ReviewId,
        waive: WaiveReview,
        now: Timestamp,
    ) -> Result<Happened, Refused> {
        let mandate = self.mandate(Side::Downstream, by)?;
        let last = self.last_review_of(waive.attempt).filter(|_| waive.attempt == self.attempt());
        if last.is_some_and(|last| matches!(&last.status, Status::Waived { settled, .. } if settled.by == mandate.by)) {
            return Ok(Happened::nothing());
        }
        self.must_be_led(&mandate, "waive a review")?;
        self.must_be_in(&[State::Submitted], Command::WaiveReview)?;
        let attempt = self.must_be_at(waive.attempt)?;
        if attempt.submitted_by == mandate.by {
            let team = self.to_team.clone();
            return Err(Refused::OwnDoing { did: "submitted", must: "waive the review of", team });
        }
        if !attempt.review.required {
            return Err(Refused::ReviewNotRequired { attempt: attempt.number });
        }
        let scheduled = self.reviews.iter().rfind(|review| review.attempt == waive.attempt && review.is_scheduled());
        let review = match scheduled {
            Some(review) if review.scheduled.by == mandate.by => {
                return Err(Refused::OwnDoing { did: "scheduled", must: "waive", team: self.to_team.clone() });
            }
            // A change of what was invited to: a calendar takes the later sequence.
            Some(review) => Review { sequence: review.sequence + 1, ..review.clone() },
            None => {
                must_hold_one_more("reviews", self.reviews.len(), REVIEWS_MAX)?;
                self.unscheduled(id, &mandate, now)
            }
        };
        self.happen(vec![Fact::ReviewWaived { review, reason: waive.reason }], mandate, now)
    }

    fn unscheduled(&self, id: ReviewId, mandate: &Mandate, now: Timestamp) -> Review {
        Review {
            id,
            attempt: self.attempt(),
            side: mandate.side,
            scheduled: Signed::new(&mandate.by, self.head.date(now)),
            meeting: None,
            sequence: 0,
            status: Status::Scheduled,
        }
    }

    /// Refuses Accept while the attempt requires a review that nobody has held with READY or waived: the last word counts.
    pub(super) fn must_be_reviewed(&self) -> Result<(), Refused> {
        let Some(attempt) = self.attempts.last().filter(|attempt| attempt.review.required) else { return Ok(()) };
        if self.last_review_of(attempt.number).and_then(Review::clears) == Some(true) {
            return Ok(());
        }
        Err(Refused::ReviewRequired { attempt: attempt.number, why: attempt.review.why.clone() })
    }

    /// The last review that says whether an attempt is ready.
    fn last_review_of(&self, attempt: i32) -> Option<&Review> {
        let telling = self.reviews.iter().filter(|review| review.attempt == attempt && review.clears().is_some());
        telling.max_by_key(|review| review.status.settled().map(|settled| settled.at))
    }

    /// Whether the actions of a record are those that its review has brought.
    fn has_added(&self, record: &RecordHeld) -> bool {
        let added = self.actions.iter().filter(|action| action.review_id == Some(record.id));
        let added = added.map(|it| (&it.text, it.side, &it.owner, it.due_at));
        added.eq(record.actions.iter().map(|it| (&it.text, it.side, &it.owner, it.due_at)))
    }

    fn review(&self, by: Acting<'_>, id: ReviewId) -> Result<&Review, Refused> {
        self.must_be_visible_to(by.actor)?;
        let unknown = || Refused::NotFound { kind: "review", id: id.to_string() };
        self.reviews.iter().find(|review| review.id == id).ok_or_else(unknown)
    }
}

/// A time that is still to come, a length that a meeting may have, a place.
fn flaws(meeting: &Meeting, now: Timestamp) -> Vec<Violation> {
    let mut flaws = vec![];
    if meeting.starts_at <= now {
        flaws.push(violation("starts_at", "give a time that is still to come"));
    }
    let seconds = (meeting.ends_at.as_micros() - meeting.starts_at.as_micros()) / 1_000_000;
    if !REVIEW_SECONDS.contains(&seconds) {
        flaws.push(violation("duration", "from 1 minute to 24 hours"));
    }
    if meeting.place.is_none() && meeting.url.is_none() {
        flaws.push(violation("place", "give a place or a url"));
    }
    if meeting.attendees.is_empty() {
        flaws.push(violation("attendees", "invite somebody"));
    }
    flaws
}

/// What is to be done by when must still be possible.
pub(super) fn overdue(path: &str, actions: &[NewAction], now: Timestamp) -> Vec<Violation> {
    let overdue = actions.iter().enumerate().filter(|(_, action)| action.due_at <= now);
    overdue
        .map(|(index, _)| violation(format!("{path}[{index}].due_at"), "give a time that is still to come"))
        .collect()
}

fn must_have_begun(review: &Review, now: Timestamp) -> Result<(), Refused> {
    match &review.meeting {
        Some(meeting) if meeting.starts_at > now => Err(Refused::ReviewNotBegun { starts_at: meeting.starts_at }),
        _ => Ok(()),
    }
}

fn nobody_of(side: Side, attended: &[Attendee]) -> Option<Violation> {
    let description = format!("name at least one of {}; if nobody came, it was missed", side::name(side));
    (!attended.iter().any(|attendee| attendee.side == side)).then(|| violation("attended", description))
}

fn must_be_scheduled(review: &Review, command: Command) -> Result<(), Refused> {
    if review.is_scheduled() {
        return Ok(());
    }
    let (id, state) = (review.id.to_string(), review.status.name());
    Err(Refused::PartInWrongState { command, part: Part::Review, id, state, needed: Status::Scheduled.name() })
}
