//! Meetings of both sides.

use chassis::Tx;
use kernel::{Actor, Result};

use super::{
    Target,
    handoff::{Duty, change},
};
use crate::domain::{
    Handoff, ReviewId,
    handoff::{CancelReview, RecordHeld, RecordMissed, Schedule, WaiveReview},
    review::Held,
};

/// A review took place.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) id: ReviewId,
    pub(crate) held: Held,
    pub(crate) actions: Vec<Duty>,
}

/// A side schedules a review.
pub(crate) async fn schedule(tx: &mut Tx, by: &Actor, target: &Target, new: Schedule) -> Result<Handoff> {
    let id = ReviewId::from(tx.new_id());
    change(tx, by, target, |handoff, acting, now| handoff.schedule_review(acting, id, new, now)).await
}

/// A side changes a scheduled review.
pub(crate) async fn reschedule(
    tx: &mut Tx,
    by: &Actor,
    target: &Target,
    id: ReviewId,
    new: Schedule,
) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.reschedule_review(acting, id, new, now)).await
}

/// A side calls a review off.
pub(crate) async fn cancel(tx: &mut Tx, by: &Actor, target: &Target, cancel: CancelReview) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.cancel_review(acting, cancel, now)).await
}

/// Downstream records a review that took place.
pub(crate) async fn record_held(tx: &mut Tx, by: &Actor, target: &Target, recording: Recording) -> Result<Handoff> {
    let Recording { id, held, actions } = recording;
    let actions = actions.into_iter().map(|duty| duty.named(tx)).collect();
    let record = RecordHeld { id, held, actions };
    change(tx, by, target, |handoff, acting, now| handoff.record_review_held(acting, record, now)).await
}

/// A side records a review that did not take place.
pub(crate) async fn record_missed(tx: &mut Tx, by: &Actor, target: &Target, record: RecordMissed) -> Result<Handoff> {
    change(tx, by, target, |handoff, acting, now| handoff.record_review_missed(acting, record, now)).await
}

/// A lead of downstream does without.
pub(crate) async fn waive(tx: &mut Tx, by: &Actor, target: &Target, waive: WaiveReview) -> Result<Handoff> {
    let id = ReviewId::from(tx.new_id());
    change(tx, by, target, |handoff, acting, now| handoff.waive_review(acting, id, waive, now)).await
}
