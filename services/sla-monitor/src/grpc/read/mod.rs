//! Requests as commands and queries, every violation noted.

mod calendar;
mod clock;
mod policy;

use api::{sla::v1 as pb, r#type::v1 as common};
use chassis::Fields;
use kernel::Timestamp;

pub(super) use self::{
    calendar::{
        ComputeDue, CreateCalendar, GetCalendar, ListCalendars, MeasureWorkingTime, UpdateCalendar, optional_calendar,
    },
    clock::{
        AcknowledgeBreach, ExcuseBreach, ExplainClock, GetAttainment, GetClock, ListClocks, MigrateClocks, WatchClocks,
    },
    policy::{CreatePolicy, ExplainMatch, GetPolicy, ListPolicies, UpdatePolicy},
};
use crate::domain::{
    Priority,
    policy::{Kind, PauseReason},
};

const NAME_BYTES: usize = 200;

/// A version that was asked for; 0 is the latest.
#[expect(clippy::option_option, reason = "the outer None is a violation noted, the inner one the latest")]
fn version(fields: &mut Fields, field: &str, version: i32) -> Option<Option<i32>> {
    if version < 0 {
        return fields.refuse(field, "must not be negative; 0 is the latest");
    }
    Some((version > 0).then_some(version))
}

/// Whole seconds, none of them negative.
fn seconds(fields: &mut Fields, field: &str, duration: Option<prost_types::Duration>) -> Option<i64> {
    let Some(duration) = duration else { return fields.refuse(field, "is required: a duration") };
    if duration.nanos != 0 {
        return fields.refuse(field, "must be whole seconds");
    }
    if duration.seconds < 0 {
        return fields.refuse(field, format!("must not be negative: {} seconds", duration.seconds));
    }
    // More is refused where it is looked at; so much can be computed with.
    Some(duration.seconds.min(i64::from(u32::MAX)))
}

fn kind(fields: &mut Fields, field: &str, value: i32) -> Option<Kind> {
    Some(match fields.choice(field, value)? {
        pb::ClockKind::Delivery => Kind::Delivery,
        pb::ClockKind::Acceptance => Kind::Acceptance,
        pb::ClockKind::Begin => Kind::Begin,
        pb::ClockKind::Completion => Kind::Completion,
        pb::ClockKind::Redelivery => Kind::Redelivery,
        pb::ClockKind::Answer => Kind::Answer,
        pb::ClockKind::Action => Kind::Action,
        pb::ClockKind::Unspecified => return None,
    })
}

fn kinds(fields: &mut Fields, field: &str, values: &[i32]) -> Option<Vec<Kind>> {
    each(fields, field, values, |fields, field, value| kind(fields, field, *value))
}

fn priority(fields: &mut Fields, field: &str, value: i32) -> Option<Priority> {
    Some(match fields.choice(field, value)? {
        common::Priority::Low => Priority::Low,
        common::Priority::Normal => Priority::Normal,
        common::Priority::High => Priority::High,
        common::Priority::Urgent => Priority::Urgent,
        common::Priority::Unspecified => return None,
    })
}

fn pause_reason(fields: &mut Fields, field: &str, value: i32) -> Option<PauseReason> {
    Some(match fields.choice(field, value)? {
        pb::PauseReason::BlockingQuestion => PauseReason::BlockingQuestion,
        pb::PauseReason::AgreedHold => PauseReason::AgreedHold,
        pb::PauseReason::LoneHold => PauseReason::LoneHold,
        pb::PauseReason::Submitted => PauseReason::Submitted,
        pb::PauseReason::Unspecified => return None,
    })
}

/// Each of a list, at its place; all violations are noted.
fn each<T, R>(
    fields: &mut Fields,
    field: &str,
    values: &[T],
    mut read: impl FnMut(&mut Fields, &str, &T) -> Option<R>,
) -> Option<Vec<R>> {
    let places = values.iter().enumerate();
    let read: Vec<Option<R>> = places.map(|(n, value)| read(fields, &format!("{field}[{n}]"), value)).collect();
    read.into_iter().collect()
}

/// An instant that the arithmetic reaches.
fn instant(fields: &mut Fields, field: &str, time: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    const YEAR_1900: i64 = -2_208_988_800;
    const YEAR_2300: i64 = 10_413_792_000;
    let instant = fields.time(field, time)?;
    if !(YEAR_1900..YEAR_2300).contains(&instant.to_seconds_and_nanos().0) {
        return fields.refuse(field, "must lie between the years 1900 and 2300");
    }
    Some(instant)
}
